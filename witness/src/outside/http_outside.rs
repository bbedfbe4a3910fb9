//! The adapter of [`Outside`] over HTTP, with an end to every wait.

use super::{Outside, Unanswered};
use crate::memory::served_head::{body, in_full};
use async_trait::async_trait;
use reqwest::StatusCode;
use std::time::Duration;

/// How long one answer may take: a round of gossip is ten seconds, and no one holds it up for more than half.
const PATIENCE: Duration = Duration::from_secs(5);

/// Speaks HTTP.
#[derive(Debug)]
pub struct HttpOutside {
    client: reqwest::Client,
}

impl HttpOutside {
    /// With a client of its own. Redirects are not followed: an address in the configuration is the one meant.
    pub fn new() -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self { client })
    }
}

#[async_trait]
impl Outside for HttpOutside {
    async fn get(&self, address: &str, bytes_max: usize) -> Result<Option<Vec<u8>>, Unanswered> {
        let answer = self.client.get(address).send().await;
        let answer = answer.map_err(|error| Unanswered::Silent(in_full(&error)))?;
        match answer.status() {
            StatusCode::NOT_FOUND => Ok(None),
            status if !status.is_success() => {
                Err(Unanswered::Otherwise(format!("it answered {status}")))
            }
            _ => body(answer, bytes_max)
                .await
                .map(Some)
                .map_err(Unanswered::Otherwise),
        }
    }

    async fn post(&self, address: &str, body: Vec<u8>) -> Result<u16, Unanswered> {
        let answer = self.client.post(address).body(body).send().await;
        let answer = answer.map_err(|error| Unanswered::Silent(in_full(&error)))?;
        Ok(answer.status().as_u16())
    }
}
