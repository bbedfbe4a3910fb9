//! Everybody's memory: the log's and the peers', asked at once.

use super::seen_by_peers::SeenByPeers;
use super::served_head::ServedHeads;
use super::{Memory, Recall};
use crate::known_log::Enrolled;
use async_trait::async_trait;
use futures_util::future::join;

/// Asks the log and all peers.
#[derive(Debug)]
pub struct Everybody {
    /// The logs.
    pub logs: ServedHeads,
    /// The peers.
    pub peers: SeenByPeers,
}

#[async_trait]
impl Memory for Everybody {
    async fn recall(&self, log: &Enrolled) -> Vec<Recall> {
        let (of_log, mut recalled) = join(self.logs.recall(log), self.peers.recall(log)).await;
        recalled.insert(0, of_log);
        recalled
    }
}
