//! What a log answers, read strictly: an answer that is not what the API says is no answer.
//!
//! ```json
//! {"state":"witnessed","unwitnessed":false,"size":8,"root":"…","time_ms":1790000000000,"checkpoint":"…",
//!  "results":[{"status":200,"index":7,"entry":"…","leaf_hash":"…","proof":["…"]},
//!             {"status":409,"type":"/docs/problems#slot-taken","title":"…","detail":"…","index":3}]}
//! ```
//! While witnesses are awaited there is no `checkpoint` and an `awaits`, and each result has status 202 and says where
//! its receipt will be: `"receipt":"/v1/receipts?slot=…"`.

use crate::log_problem::{LogProblem, ProblemJson, printable};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use evidence::{Entry, Slot};
use serde::Deserialize;
use serde_json::Value;
use tlog::{Hash, LeafIndex, Note, Receipt, TreeSize};

/// An answer that does not have the form that the API describes: the server is no log of this kind, or something
/// between changed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server's answer is not what a log answers ({what})")]
pub struct MalformedAnswer {
    /// Which part.
    pub what: &'static str,
}

const fn malformed(what: &'static str) -> MalformedAnswer {
    MalformedAnswer { what }
}

/// The answer to one `POST /v1/entries`.
#[derive(Clone, Debug)]
pub struct Submitted {
    /// The head under which the proofs are; `None` while no head that may leave the house covers the entries.
    pub checkpoint: Option<Note>,
    /// True if no witness stands behind the checkpoint.
    pub unwitnessed: bool,
    /// What has to happen before there is a checkpoint, in the log's words, safe to print.
    pub awaits: Option<String>,
    /// For each entry, in the order they were sent.
    pub results: Vec<Result<Placed, LogProblem>>,
}

/// Where one entry stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Its position in the log.
    pub index: LeafIndex,
    /// The entry as the log stored it: the same content, the signature with a low S.
    pub entry: Entry,
    /// The inclusion proof under the answer's checkpoint.
    pub proof: Vec<Hash>,
    /// Where its receipt will be, if that is by slot: an index is no promise before it is witnessed.
    pub slot: Option<Slot>,
}

impl Submitted {
    pub(crate) fn from_body(body: &[u8]) -> Result<Self, MalformedAnswer> {
        let json: SubmittedJson =
            serde_json::from_slice(body).map_err(|_| malformed("no such JSON"))?;
        let results = json
            .results
            .into_iter()
            .map(result)
            .collect::<Result<_, _>>()?;
        Ok(Self {
            checkpoint: json.checkpoint.map(|text| note(&text)).transpose()?,
            unwitnessed: json.unwitnessed,
            awaits: json.awaits.as_deref().map(printable),
            results,
        })
    }

    /// The receipt of one entry, with the entry in its `extra` line; `None` without a checkpoint. Nothing is verified
    /// by this.
    pub fn receipt(&self, placed: &Placed) -> Option<Receipt> {
        let checkpoint = self.checkpoint.clone()?;
        Receipt::new(
            Some(placed.entry.to_bytes().to_vec()),
            placed.index,
            placed.proof.clone(),
            checkpoint,
        )
        .ok()
    }
}

fn result(value: Value) -> Result<Result<Placed, LogProblem>, MalformedAnswer> {
    let status = value
        .get("status")
        .and_then(Value::as_u64)
        .and_then(|status| u16::try_from(status).ok())
        .ok_or(malformed("status"))?;
    if matches!(status, 200 | 202) {
        let json: PlacedJson = serde_json::from_value(value).map_err(|_| malformed("a result"))?;
        return json.read().map(Ok);
    }
    let json: ProblemJson = serde_json::from_value(value).map_err(|_| malformed("a problem"))?;
    Ok(Err(LogProblem::from_json(status, &json)))
}

/// The answer to `GET /v1/receipts/…`.
#[derive(Clone, Debug)]
pub enum ReceiptAnswer {
    /// The proof.
    Kept(Box<Receipt>),
    /// The entry is logged and no kept head covers it yet.
    NotYet {
        /// What is awaited, in the log's words.
        awaits: String,
    },
}

impl ReceiptAnswer {
    pub(crate) fn kept(body: &[u8]) -> Result<Self, MalformedAnswer> {
        Receipt::parse(body)
            .map(|receipt| Self::Kept(Box::new(receipt)))
            .map_err(|_| malformed("receipt"))
    }

    pub(crate) fn not_yet(body: &[u8]) -> Result<Self, MalformedAnswer> {
        let json: NotYetJson =
            serde_json::from_slice(body).map_err(|_| malformed("no such JSON"))?;
        Ok(Self::NotYet {
            awaits: printable(&json.awaits),
        })
    }
}

/// The parts of `GET /v1/log` that a client needs.
#[derive(Clone, Debug)]
pub struct LogInfo {
    /// The log's name: what entries are signed for.
    pub origin: String,
    /// The policy that the log proposes. Whoever believes it unseen believes the log.
    pub policy: String,
    /// `serving` or `read-only`.
    pub state: String,
    /// The newest logged size, which no signature covers.
    pub logged: TreeSize,
    /// Why the log is read-only.
    pub why: Option<String>,
}

impl LogInfo {
    pub(crate) fn from_body(body: &[u8]) -> Result<Self, MalformedAnswer> {
        let json: LogJson = serde_json::from_slice(body).map_err(|_| malformed("no such JSON"))?;
        let origin = tlog::Origin::new(&json.origin).map_err(|_| malformed("origin"))?;
        Ok(Self {
            origin: origin.as_str().to_owned(),
            policy: json.policy,
            state: printable(&json.state),
            logged: TreeSize::new(json.logged.size).map_err(|_| malformed("logged.size"))?,
            why: json.why.as_deref().map(printable),
        })
    }
}

/// One line of `GET /v1/notices`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeLine {
    /// Its number among the notices, from 0 (genesis).
    pub seq: u64,
    /// Its position in the log.
    pub index: LeafIndex,
    /// SHA-256 of the document.
    pub sha256: [u8; 32],
}

pub(crate) fn notice_lines(body: &[u8]) -> Result<Vec<NoticeLine>, MalformedAnswer> {
    let json: NoticesJson = serde_json::from_slice(body).map_err(|_| malformed("no such JSON"))?;
    let line = |line: NoticeLineJson| {
        Ok(NoticeLine {
            seq: line.seq,
            index: LeafIndex::new(line.index),
            sha256: hex32(&line.sha256).ok_or(malformed("sha256"))?,
        })
    };
    json.notices.into_iter().map(line).collect()
}

/// One line of `GET /v1/keys`: what the log says about a key. A verifier believes the notice, not this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyLine {
    /// SHA-256 of the key's SPKI.
    pub key_id: [u8; 32],
    /// SHA-256 of the notice that enrolled it.
    pub notice: [u8; 32],
    /// The position of that notice.
    pub enrolled_at: LeafIndex,
    /// The position of the notice that ended it.
    pub revoked_at: Option<LeafIndex>,
}

pub(crate) fn key_lines(body: &[u8]) -> Result<Vec<KeyLine>, MalformedAnswer> {
    let json: KeysJson = serde_json::from_slice(body).map_err(|_| malformed("no such JSON"))?;
    let line = |line: KeyLineJson| {
        Ok(KeyLine {
            key_id: hex32(&line.key_id).ok_or(malformed("key_id"))?,
            notice: hex32(&line.notice).ok_or(malformed("notice"))?,
            enrolled_at: LeafIndex::new(line.enrolled_at),
            revoked_at: line.revoked_at.map(LeafIndex::new),
        })
    };
    json.keys.into_iter().map(line).collect()
}

pub(crate) fn note(text: &str) -> Result<Note, MalformedAnswer> {
    Note::parse(text.as_bytes()).map_err(|_| malformed("checkpoint"))
}

/// `/v1/receipts?slot=<64 hex digits>`; an address of another form is not followed.
fn slot(address: &str) -> Option<Slot> {
    let slot = address.strip_prefix("/v1/receipts?slot=")?;
    hex32(slot).map(Slot::new)
}

fn hex32(text: &str) -> Option<[u8; 32]> {
    hex::decode(text).ok()?.try_into().ok()
}

#[derive(Deserialize)]
struct SubmittedJson {
    checkpoint: Option<String>,
    #[serde(default)]
    unwitnessed: bool,
    awaits: Option<String>,
    results: Vec<Value>,
}

#[derive(Deserialize)]
struct PlacedJson {
    index: u64,
    entry: String,
    proof: Vec<String>,
    receipt: Option<String>,
}

impl PlacedJson {
    fn read(self) -> Result<Placed, MalformedAnswer> {
        let entry = STANDARD
            .decode(&self.entry)
            .map_err(|_| malformed("entry"))?;
        let proof = self.proof.iter().map(|hash| Hash::from_base64(hash));
        Ok(Placed {
            index: LeafIndex::new(self.index),
            entry: Entry::parse(&entry).map_err(|_| malformed("entry"))?,
            proof: proof
                .collect::<Result<_, _>>()
                .map_err(|_| malformed("proof"))?,
            slot: self.receipt.as_deref().and_then(slot),
        })
    }
}

#[derive(Deserialize)]
struct NotYetJson {
    awaits: String,
}

#[derive(Deserialize)]
struct LogJson {
    origin: String,
    policy: String,
    state: String,
    logged: LoggedJson,
    why: Option<String>,
}

#[derive(Deserialize)]
struct LoggedJson {
    size: u64,
}

#[derive(Deserialize)]
struct NoticesJson {
    notices: Vec<NoticeLineJson>,
}

#[derive(Deserialize)]
struct NoticeLineJson {
    seq: u64,
    index: u64,
    sha256: String,
}

#[derive(Deserialize)]
struct KeysJson {
    keys: Vec<KeyLineJson>,
}

#[derive(Deserialize)]
struct KeyLineJson {
    key_id: String,
    notice: String,
    enrolled_at: u64,
    revoked_at: Option<u64>,
}
