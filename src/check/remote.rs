//! `notarylog check URL`: a log's public addresses, every signature and notice included.

use super::walk::Walk;
use super::{Finding, Report};
use crate::log::history::packed;
use crate::storage::coord::Head;
use evidence::{Notice, Registry};
use reqwest::{Client, StatusCode};
use serde::Deserialize;
use service::AwsLc;
use std::time::Duration;
use tlog::{Bundle, Checkpoint, Note, SignedCheckpoint, TILE_WIDTH, Tile};

/// How long one answer may take.
const ANSWER_TIMEOUT: Duration = Duration::from_mins(1);
/// The largest answer that is read: a notice.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// A log that is checked from outside.
pub struct RemoteCheck {
    client: Client,
    url: String,
}

#[derive(Deserialize)]
struct Notices {
    notices: Vec<NoticeLine>,
}

#[derive(Deserialize)]
struct NoticeLine {
    sha256: String,
}

impl RemoteCheck {
    /// A check of the log at this address.
    pub fn new(url: &str) -> Result<Self, CannotCheck> {
        let client = Client::builder().timeout(ANSWER_TIMEOUT).build()?;
        Ok(Self {
            client,
            url: url.trim_end_matches('/').to_owned(),
        })
    }

    /// Reads everything; `progress` is told how many entries were hashed, and how many there are.
    pub async fn run(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<Report, CannotCheck> {
        let text = self.get("checkpoint").await?;
        let note = Note::parse(&text).map_err(|_| CannotCheck::NoCheckpoint)?;
        let checkpoint = Checkpoint::parse(note.text()).map_err(|_| CannotCheck::NoCheckpoint)?;
        let size = checkpoint.size();
        let head = Head {
            size,
            root: checkpoint.root(),
            time_ms: 0,
        };
        let mut walk = Walk::new(self.notices().await?, vec![head], true);
        while walk.size() < size {
            let first = walk.size().get();
            let width = (size.get() - first).min(TILE_WIDTH);
            let bundle = u16::try_from(width)
                .ok()
                .and_then(|width| Bundle::new(first / TILE_WIDTH, width).ok());
            let Some(bundle) = bundle else { break };
            let packed = match self.get_if_there(&bundle.path()).await? {
                Some(framed) => packed(&framed).unwrap_or_default(),
                None => Vec::new(),
            };
            if packed.is_empty() {
                walk.report().find(Finding::Missing(bundle.path()));
                let have = walk.size().get();
                walk.report().find(Finding::Short {
                    have,
                    want: size.get(),
                });
                break;
            }
            walk.entries(&packed);
            for (tile, expected) in walk.completed() {
                let found = self.get_if_there(&tile.path()).await?;
                walk.compare_tile(tile, &expected, found.as_deref());
            }
            progress(walk.size().get(), size.get());
        }
        for tile in Tile::all_for(size).filter(|tile| !tile.is_full()) {
            let expected = walk.partial(tile.level()).to_vec();
            let found = self.get_if_there(&tile.path()).await?;
            walk.compare_tile(tile, &expected, found.as_deref());
        }
        if !walk
            .registry()
            .cloned()
            .is_some_and(|registry| signed_by_the_log(&registry, &note))
        {
            walk.report().find(Finding::HeadSignature(size));
        }
        Ok(walk.finish())
    }

    async fn notices(&self) -> Result<Vec<Notice>, CannotCheck> {
        let listed: Notices = serde_json::from_slice(&self.get("v1/notices").await?)
            .map_err(|_| CannotCheck::NotThisApi)?;
        let mut notices = Vec::with_capacity(listed.notices.len());
        for NoticeLine { sha256 } in listed.notices {
            if sha256.len() != 64 || !sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return Err(CannotCheck::NotThisApi);
            }
            if let Some(document) = self.get_if_there(&format!("v1/notices/{sha256}")).await? {
                // A document that does not parse is missed by the walk, which names its entry.
                notices.extend(Notice::parse(&document));
            }
        }
        Ok(notices)
    }

    async fn get(&self, path: &str) -> Result<Vec<u8>, CannotCheck> {
        self.get_if_there(path)
            .await?
            .ok_or_else(|| CannotCheck::Missing(path.to_owned()))
    }

    async fn get_if_there(&self, path: &str) -> Result<Option<Vec<u8>>, CannotCheck> {
        let mut answer = self
            .client
            .get(format!("{}/{path}", self.url))
            .send()
            .await?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Ok(None),
            other => {
                return Err(CannotCheck::Status {
                    path: path.to_owned(),
                    status: other.as_u16(),
                });
            }
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            if bytes.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(CannotCheck::TooLarge(path.to_owned()));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Some(bytes))
    }
}

/// The checkpoint bears all three signatures of the keys that the genesis names.
fn signed_by_the_log(registry: &Registry, note: &Note) -> bool {
    SignedCheckpoint::open(note, registry.log_vkeys(), &AwsLc)
        .is_ok_and(|signed| signed.log_kinds().count() == registry.log_vkeys().len())
}

/// How far the walk gets is a finding; that it cannot be made at all is this.
#[derive(Debug, thiserror::Error)]
pub enum CannotCheck {
    /// The log could not be reached.
    #[error("the log could not be read: {0}")]
    Unreachable(#[from] reqwest::Error),
    /// An answer that is neither there nor absent.
    #[error("{path} answered with status {status}")]
    Status {
        /// The path.
        path: String,
        /// The status.
        status: u16,
    },
    /// Something that every log has is not there.
    #[error("{0} is not there")]
    Missing(String),
    /// An answer is larger than anything a log serves.
    #[error("the answer of {0} is too large")]
    TooLarge(String),
    /// The checkpoint is none.
    #[error("what /checkpoint answers is no checkpoint")]
    NoCheckpoint,
    /// The notices are not listed as a notarylog lists them.
    #[error("what /v1/notices answers is not the list of a notarylog's notices")]
    NotThisApi,
}
