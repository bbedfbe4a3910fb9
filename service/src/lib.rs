//! What every daemon stands on.
//!
//! An HTTP [`Door`] whose every wait has an end, [`Tls`] for it, the [`Admin`] listener, errors as [`Problem`]s, `SQLite` opened safely
//! ([`Database`]), options with provenance ([`Options`]), one process a folder ([`FolderLock`]), key files
//! ([`KeyFile`], [`BoundKey`]), quotas ([`Quota`]), fast signature checks ([`AwsLc`]), graceful stop ([`Stop`]), the
//! [`diary`], and what a program ends with ([`Failure`]).
//!
//! # A door with TLS
//! ```text
//! const OPTIONS: Options = Options::new("NOTARYLOG", &[…, Tls::CERTIFICATE, Tls::KEY]);
//!
//! let tls = Tls::from_config(&config)?;                       none when neither option is set
//! let scheme = if tls.is_some() { "https" } else { "http" };
//! let door = Door::bind(address, limits).await?.with_tls(tls);
//! door.serve(router, stop).await;                             renewed files are taken up while it serves
//! ```
//!
//! Out of scope: what any daemon is for. This crate knows no entry, no head and no route but those of the admin
//! listener.
#![cfg_attr(
    test,
    expect(clippy::unwrap_used, reason = "a test fails by panicking")
)]

mod admin;
mod bound_key;
mod certificate_file;
mod config;
mod config_error;
mod config_file;
mod connection;
mod database;
mod database_error;
mod diary;
mod door;
mod door_metrics;
pub mod door_problems;
mod failure;
mod folder_lock;
mod gate;
mod key_file;
mod layers;
pub mod limits;
mod measure;
mod option;
mod options;
mod origin;
mod peer_address;
mod pragma;
mod problem;
mod problem_kind;
mod pulse;
mod quota;
mod runtime;
mod seat;
mod signature_checks;
mod stop;
mod tally;
mod timed_body;
mod timed_stream;
mod tls;
mod tls_error;
mod write_error;
mod write_transaction;

pub use admin::{Admin, AdminError, Readiness};
pub use bound_key::{BoundKey, BoundKeyError};
pub use config::{Config, ConfigRow};
pub use config_error::ConfigError;
pub use database::{Checkpoint, Checkpointed, Database, DatabaseView, tables_not_strict};
pub use database_error::DatabaseError;
pub use diary::{DiaryError, diary};
pub use door::{Door, DoorError};
pub use failure::Failure;
pub use folder_lock::{AlreadyHeld, FolderLock};
pub use key_file::{KeyFile, KeyFileError};
pub use limits::Limits;
pub use option::Opt;
pub use options::Options;
pub use origin::Origin;
pub use peer_address::{Network, PeerAddress};
pub use problem::{FixedForm, PROBLEM_JSON, Problem};
pub use problem_kind::ProblemKind;
pub use quota::{Exceeded, QUOTA_KEYS_MAX, Quota, Rate, Standing};
pub use runtime::runtime;
pub use signature_checks::{AwsLc, P256Verifier};
pub use stop::Stop;
pub use tls::Tls;
pub use tls_error::TlsError;
pub use write_error::WriteError;
pub use write_transaction::WriteTransaction;
