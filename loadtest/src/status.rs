//! What the log says of itself before and after a run.
//!
//! ```text
//! GET /v1/log  → {"origin":"log.example/training","state":"serving","vkeys":["…","…","…"],
//!                 "logged":{"size":1000000,"root":"…","time_ms":…},"unwitnessed":true,…}
//! GET /v1/keys → {"keys":[{"key_id":"<hex>","roles":["submit"],"revoked_at":null,…}],…}
//! ```

use crate::connection::{Connection, Lost};
use crate::target::Target;
use evidence::{KeyHash, OriginHash};
use serde::Deserialize;
use std::sync::Arc;
use tlog::{MalformedPolicy, MalformedVkey, Policy, Vkey};

/// The log as it stands.
#[derive(Clone, Debug)]
pub struct LogStatus {
    /// The log's name, under every signature.
    pub origin: String,
    /// The log's keys, as it states them.
    pub vkeys: Vec<Vkey>,
    /// How many entries are logged.
    pub size: u64,
    /// Whether no quorum of witnesses is configured.
    pub unwitnessed: bool,
    /// The policy that every answer must satisfy; none without witnesses.
    pub policy: Option<Policy>,
}

impl LogStatus {
    /// Asks a log that takes entries.
    pub async fn fetch(target: &Arc<Target>) -> Result<Self, NoStatus> {
        let mut connection = Connection::open(target.clone()).await?;
        let status: StatusDocument = read(&mut connection, "/v1/log").await?;
        if status.state != "serving" {
            let why = status.why.unwrap_or(status.state);
            return Err(NoStatus::NotServing(why));
        }
        let vkeys = status.vkeys.iter().map(|vkey| Vkey::parse(vkey));
        Ok(Self {
            vkeys: vkeys.collect::<Result<_, _>>()?,
            origin: status.origin,
            size: status.logged.size,
            unwitnessed: status.unwitnessed,
            policy: match status.policy.filter(|_| !status.unwitnessed) {
                Some(policy) => Some(Policy::parse(policy.as_bytes())?),
                None => None,
            },
        })
    }

    /// The hash of the origin, under every entry's signature.
    pub fn origin_hash(&self) -> OriginHash {
        OriginHash::of(&self.origin)
    }
}

/// Asks whether the log takes entries by this key, before a million of them are signed.
pub async fn check_enrolled(target: &Arc<Target>, key_id: &KeyHash) -> Result<(), NoStatus> {
    let mut connection = Connection::open(target.clone()).await?;
    let registry: KeysDocument = read(&mut connection, "/v1/keys").await?;
    let hex = key_id.to_string();
    let submits = |key: &KeyDocument| {
        key.key_id == hex
            && key.revoked_at.is_none()
            && key.roles.iter().any(|role| role == "submit")
    };
    if registry.keys.iter().any(submits) {
        Ok(())
    } else {
        Err(NoStatus::NotEnrolled(*key_id))
    }
}

/// Why a run cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum NoStatus {
    /// No answer.
    #[error(transparent)]
    Lost(#[from] Lost),
    /// The answer is not what a log says.
    #[error(
        "{route} answers with status {status} or with another form: is --log the address of a log?"
    )]
    NotALog {
        /// The route that was read.
        route: &'static str,
        /// The HTTP status.
        status: u16,
    },
    /// A key of the log cannot be read.
    #[error("a key that the log states in /v1/log cannot be read: {0}")]
    Vkey(#[from] MalformedVkey),
    /// The policy of the log cannot be read.
    #[error("the policy that the log states in /v1/log cannot be read: {0}")]
    Policy(#[from] MalformedPolicy),
    /// The log takes no entries now.
    #[error("the log takes no entries now: {0}")]
    NotServing(String),
    /// The key is unknown, revoked, or lacks the role.
    #[error(
        "the key {0} is not enrolled with the role submit: enrol it first with `notarylog bureau enrol` \
         (loadtest/README.md shows how)"
    )]
    NotEnrolled(KeyHash),
}

#[derive(Deserialize)]
struct StatusDocument {
    origin: String,
    state: String,
    vkeys: Vec<String>,
    logged: LoggedDocument,
    unwitnessed: bool,
    policy: Option<String>,
    why: Option<String>,
}

#[derive(Deserialize)]
struct LoggedDocument {
    size: u64,
}

#[derive(Deserialize)]
struct KeysDocument {
    keys: Vec<KeyDocument>,
}

#[derive(Deserialize)]
struct KeyDocument {
    key_id: String,
    roles: Vec<String>,
    revoked_at: Option<u64>,
}

async fn read<T: serde::de::DeserializeOwned>(
    connection: &mut Connection,
    route: &'static str,
) -> Result<T, NoStatus> {
    let answer = connection.get(route).await?;
    let status = answer.status;
    match serde_json::from_slice(answer.body) {
        Ok(document) if status == 200 => Ok(document),
        _ => Err(NoStatus::NotALog { route, status }),
    }
}
