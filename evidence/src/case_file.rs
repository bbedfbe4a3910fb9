//! case.json: what a bureau's gateway keeps of a case. Secret: the handle links all its entries.
//!
//! ```json
//! {"bureau":null,"handle":"<64 hex>","next":0,"number":"苏市监案〔2026〕00417号","v":1}
//! ```

use crate::canonical_json;
use crate::{BureauId, Handle, Line, MalformedJson};
use core::fmt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The longest case.json in bytes: a case number and three hashes, with room.
pub const CASE_FILE_LEN_MAX: usize = 16 * 1024;

const VERSION: u8 = 1;

/// A case: its number, its secret handle, and the number of its next item.
///
/// ```
/// use evidence::CaseFile;
/// let text = br#"{"bureau":null,"handle":"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff","next":3,"number":"2026-417","v":1}"#;
/// let case = CaseFile::parse(text)?;
/// assert_eq!(case.next, 3);
/// assert_eq!(format!("{case:?}"), "CaseFile(next 3)");
/// # Ok::<(), evidence::MalformedCaseFile>(())
/// ```
#[derive(Clone)]
pub struct CaseFile {
    /// The number of the case, as people write it.
    pub number: Line,
    /// The bureau, once it is known.
    pub bureau: Option<BureauId>,
    /// The secret that makes the case's tags.
    pub handle: Handle,
    /// The number of the next item: all before it are sealed.
    pub next: u64,
}

impl CaseFile {
    /// Reads case.json.
    pub fn parse(bytes: &[u8]) -> Result<Self, MalformedCaseFile> {
        let document = canonical_json::parse(bytes, CASE_FILE_LEN_MAX)?;
        let wire: WireCase =
            serde_json::from_value(document).map_err(|_| MalformedCaseFile::Shape)?;
        if wire.v != VERSION {
            return Err(MalformedCaseFile::Version);
        }
        let handle = Zeroizing::new(wire.handle);
        Ok(Self {
            number: wire.number,
            bureau: wire.bureau,
            handle: Handle::from_hex(&handle).map_err(|_| MalformedCaseFile::Shape)?,
            next: wire.next,
        })
    }

    /// Writes case.json, for a person to read.
    ///
    /// # Panics
    /// Never: the document has string keys and no failing parts.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut wire = WireCase {
            bureau: self.bureau,
            handle: self.handle.to_hex().to_string(),
            next: self.next,
            number: self.number.clone(),
            v: VERSION,
        };
        let mut text = serde_json::to_vec_pretty(&wire).expect("a case file is JSON");
        text.push(b'\n');
        drop(Zeroizing::new(core::mem::take(&mut wire.handle)));
        Zeroizing::new(text)
    }
}

impl fmt::Debug for CaseFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CaseFile(next {})", self.next)
    }
}

/// The document.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CaseFile")]
pub(crate) struct WireCase {
    /// The bureau, once it is known.
    bureau: Option<BureauId>,
    /// The secret that makes the case's tags.
    #[schemars(regex(pattern = "^[0-9a-f]{64}$"))]
    handle: String,
    /// The number of the next item.
    #[schemars(range(max = 9_007_199_254_740_991_u64))]
    next: u64,
    /// The number of the case, as people write it.
    number: Line,
    /// The version.
    #[schemars(range(min = 1, max = 1))]
    v: u8,
}

/// Why bytes are no case.json.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedCaseFile {
    /// No JSON of ours.
    #[error(transparent)]
    Json(#[from] MalformedJson),
    /// A member is missing, unknown or malformed.
    #[error("a case file has exactly the members bureau, handle, next, number and v")]
    Shape,
    /// Not version 1.
    #[error("the version of the case file is unknown: this program knows version 1")]
    Version,
}
