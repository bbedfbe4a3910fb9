//! The log from the outside: what bureaus, integrators and citizens do.
//!
//! - **Seal and submit**: [`CaseStore`] gives an item its number, [`seal`] makes record, openers and signed entry and
//!   brings them to the disk, [`Courier`] sends them until they are proved, [`fetch_notices`] completes them.
//! - **Verify**: [`verify`] is pure: bytes in, a [`Verdict`] out, and it believes a policy and nothing else.
//! - **Accuse**: [`Accusation::judge`] is as pure: what a proof of misbehaviour convicts whom of.
//! - **Ask**: [`LogClient`] is the log's HTTP API, one question a call.
//!
//! # What is in scope
//! One item at a time or many of one case; a receipt, an evidence file, or an original with both beside it.
//!
//! # What is out of scope
//! Gateways and beats, encryption, bundles, audits of a whole log. Administration (enrolling keys) is the server
//! program's.
//!
//! The library never prints and never panics on what a stranger sends; [`program`] is the thin layer that does the
//! printing.

pub mod program;

mod accusation;
mod bench;
mod case_store;
mod confirmation;
mod durable_file;
mod enrolment;
mod evidence_store;
mod file_digest;
mod file_type;
mod keypair;
mod log_answer;
mod log_client;
mod log_problem;
mod notice_collection;
mod patience;
mod policy_fingerprint;
mod reason;
mod receipt_check;
mod record_draft;
mod sealing;
mod submission;
mod verdict;
mod verification;
mod witness_client;

pub use accusation::Accusation;
pub use case_store::{CaseError, CaseStore, OPEN_MAX, OpenItem};
pub use confirmation::{Confirmation, Confirmations};
pub use evidence_store::{EvidenceStoreError, FileRole, ItemFiles};
pub use file_digest::{HEAD_LEN, ReadFile, read_file};
pub use file_type::FileType;
pub use keypair::{KeyError, Keypair};
pub use log_answer::{
    KeyLine, LogInfo, MalformedAnswer, NoticeLine, Placed, ReceiptAnswer, Submitted,
};
pub use log_client::{CallError, ENTRIES_MAX, LogClient, NoClient, ReceiptOf, Until};
pub use log_problem::LogProblem;
pub use notice_collection::{FetchNoticesError, fetch_notices};
pub use patience::{Passing, Patience, patiently};
pub use policy_fingerprint::PolicyFingerprint;
pub use reason::Reason;
pub use receipt_check::{Doubt, check_receipt};
pub use record_draft::{DEFAULTS_BYTES_MAX, FileToRecord, RecordDraft, RecordDraftError};
pub use sealing::{SealError, Sealed, seal};
pub use submission::{Claim, Courier, Outcome, Proof, Sent};
pub use verdict::{Argument, Check, CheckName, Verdict, Word};
pub use verification::{Exhibit, verify};
pub use witness_client::{Observed, WitnessClient, WitnessError};
