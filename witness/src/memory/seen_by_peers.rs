//! The peers' memory: what each saw of us, at `<url>/v1/seen/<our key hash>/<origin hash>`.

use super::Recall;
use super::served_head::{body, client, in_full, recall_from};
use crate::known_log::{Enrolled, origin_hash, text_hash};
use crate::peer::Peer;
use crate::sighting::SIGHTING_BYTES_MAX;
use futures_util::future::join_all;
use reqwest::StatusCode;
use std::sync::Arc;
use tlog::Vkey;

/// Asks the peers.
#[derive(Debug)]
pub struct SeenByPeers {
    client: reqwest::Client,
    peers: Arc<[Peer]>,
    own: [Vkey; 2],
    key_hash: String,
}

impl SeenByPeers {
    /// Looks for signatures by these keys of ours.
    pub fn new(peers: Arc<[Peer]>, own: &[Vkey; 2]) -> Result<Self, reqwest::Error> {
        Ok(Self {
            client: client()?,
            peers,
            key_hash: text_hash(&own[0].to_string()),
            own: own.clone(),
        })
    }

    /// What each peer saw of us in this log.
    pub async fn recall(&self, log: &Enrolled) -> Vec<Recall> {
        let asked = self.peers.iter().map(async |peer| {
            let answer = self.ask(peer, &log.origin).await;
            answer.unwrap_or_else(|why| Recall::Silent(format!("{}: {why}", peer.vkey.name())))
        });
        join_all(asked).await
    }

    async fn ask(&self, peer: &Peer, origin: &str) -> Result<Recall, String> {
        let (url, key) = (&peer.url, &self.key_hash);
        let address = format!("{url}/v1/seen/{key}/{}", origin_hash(origin));
        let answer = self.client.get(address).send().await;
        let answer = answer.map_err(|error| in_full(&error))?;
        match answer.status() {
            // It may be new itself: that it has not seen us says nothing about what we signed.
            StatusCode::NOT_FOUND => return Err("it has seen nothing of us".to_owned()),
            status if !status.is_success() => return Err(format!("it answered {status}")),
            _ => {}
        }
        let bytes = body(answer, SIGHTING_BYTES_MAX).await?;
        recall_from(&bytes, origin, &self.own)
    }
}
