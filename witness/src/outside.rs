//! The port `Outside`: the addresses of others, over the network. Nothing that comes from there is believed.

pub mod http_outside;

use async_trait::async_trait;
use std::fmt;

/// Asks and tells others.
#[async_trait]
pub trait Outside: Send + Sync {
    /// What lies at an address, of at most so many bytes; `None` where nothing does (404).
    async fn get(&self, address: &str, bytes_max: usize) -> Result<Option<Vec<u8>>, Unanswered>;

    /// Sends bytes to an address: the status of the answer.
    async fn post(&self, address: &str, body: Vec<u8>) -> Result<u16, Unanswered>;
}

/// Why there is no answer that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// Nobody answers: an outage.
    Silent(String),
    /// Somebody answers, and not what was asked for.
    Otherwise(String),
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silent(why) | Self::Otherwise(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Unanswered {}
