//! One field of a record, shown alone.
//!
//! ```json
//! {"count":3,"half":"hdr","index":1,"path":"/kind","proof":["<64 hex>","<64 hex>"],"salt":"<32 hex>","value":"doc"}
//! ```

use crate::canonical_json;
use crate::half_tree::{LEAVES_MAX, leaf_hash};
use crate::{Half, HalfCommit, MalformedJson, Salt, hex32};
use core::fmt;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tlog::{Hash, LeafIndex, TreeSize};

/// The longest disclosure in bytes: the value of one field and eight hashes.
pub const DISCLOSURE_LEN_MAX: usize = 16 * 1024;

/// A field, its own salt, and the hashes that lead to the root of its half. It opens no other field.
///
/// ```
/// use evidence::{Disclosure, Half, HalfCommit};
///
/// // Printed by whoever has the whole half:
/// let text = br#"{"count":1,"half":"hdr","index":0,"path":"/kind","proof":[],"salt":"000102030405060708090a0b0c0d0e0f","value":"doc"}"#;
/// let disclosure = Disclosure::parse(text)?;
/// assert_eq!(disclosure.path, "/kind");
/// assert_eq!(disclosure.value, "doc");
/// // Checked against the commitment to the half:
/// let commit = HalfCommit::from_hex("f6e6b0c03d92f55e9c20aead9e54a48143c45578717b500b817875799b9cb5ef")?;
/// assert_eq!(disclosure.verify(&commit), Ok(()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Disclosure {
    /// Which half the field stands in.
    pub half: Half,
    /// Where in the half: a JSON pointer (RFC 6901).
    pub path: String,
    /// What stands there: a scalar or an empty container.
    pub value: Value,
    /// The field's own salt.
    pub salt: Salt,
    /// Which leaf it is, from 0.
    pub index: u32,
    /// How many leaves the half has.
    pub count: u32,
    /// The hashes from the leaf to the root: at most eight.
    pub proof: Vec<Hash>,
}

impl Disclosure {
    /// Reads a disclosure. It need not be in canonical form: nothing hashes it.
    pub fn parse(bytes: &[u8]) -> Result<Self, MalformedDisclosure> {
        let document = canonical_json::parse(bytes, DISCLOSURE_LEN_MAX)?;
        let wire: WireDisclosure =
            serde_json::from_value(document).map_err(|_| MalformedDisclosure::Shape)?;
        let is_leaf = match &wire.value {
            Value::Array(values) => values.is_empty(),
            Value::Object(members) => members.is_empty(),
            _ => true,
        };
        if !is_leaf {
            return Err(MalformedDisclosure::Container);
        }
        if usize::try_from(wire.count).map_or(true, |count| count > LEAVES_MAX) {
            return Err(MalformedDisclosure::Count);
        }
        Ok(Self {
            half: wire.half,
            path: wire.path,
            value: wire.value,
            salt: Salt::from_hex(&wire.salt).ok_or(MalformedDisclosure::Shape)?,
            index: wire.index,
            count: wire.count,
            proof: wire
                .proof
                .iter()
                .map(|hash| hex32::parse(hash).map(Hash::new))
                .collect::<Result<_, _>>()
                .map_err(|_| MalformedDisclosure::Shape)?,
        })
    }

    /// The disclosure in canonical JSON.
    pub fn to_bytes(&self) -> Vec<u8> {
        canonical_json::to_canonical(&WireDisclosure {
            count: self.count,
            half: self.half,
            index: self.index,
            path: self.path.clone(),
            proof: self
                .proof
                .iter()
                .map(|hash| hex::encode(hash.as_bytes()))
                .collect(),
            salt: self.salt.to_string(),
            value: self.value.clone(),
        })
    }

    /// Checks that this field stands in the half that was committed to.
    pub fn verify(&self, commit: &HalfCommit) -> Result<(), BadDisclosure> {
        let leaf = leaf_hash(&self.salt, &self.path, &self.value);
        let index = LeafIndex::new(self.index.into());
        let count = TreeSize::new(self.count.into()).map_err(|_| BadDisclosure::Proof)?;
        let root = tlog::fold_inclusion(&leaf, index, count, &self.proof)
            .map_err(|_| BadDisclosure::Proof)?;
        if HalfCommit::of(self.half, self.count, &root) == *commit {
            Ok(())
        } else {
            Err(BadDisclosure::Differs)
        }
    }
}

impl fmt::Debug for Disclosure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The path alone: a value may be confidential.
        write!(f, "Disclosure({} {})", self.half, self.path)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireDisclosure {
    count: u32,
    half: Half,
    index: u32,
    path: String,
    proof: Vec<String>,
    salt: String,
    value: Value,
}

/// Why bytes are no disclosure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedDisclosure {
    /// No JSON of ours.
    #[error(transparent)]
    Json(#[from] MalformedJson),
    /// A member is missing, unknown or malformed.
    #[error("a disclosure has exactly the members count, half, index, path, proof, salt and value")]
    Shape,
    /// The value holds other values.
    #[error("a disclosure shows one field: a container has to be empty")]
    Container,
    /// More leaves than a half may have.
    #[error("a half of a record has at most {LEAVES_MAX} fields")]
    Count,
}

/// Why a field does not stand in the half.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadDisclosure {
    /// The proof is no path from this leaf to a root.
    #[error("the proof of the field has the wrong number of hashes for its place")]
    Proof,
    /// The hashes lead to another commitment.
    #[error("the field, its place or its salt is not what was committed to")]
    Differs,
}
