//! Entries: what is logged. 162 bytes, in which nothing names a person, a case, a device, a stage or an hour.
//!
//! ```text
//! struct {
//!     uint8  version = 1;
//!     uint8  kind;            // 1 record, 2 notice, 3 index (reserved)
//!     opaque key_id[32];      // SHA-256 of the submitter's SPKI DER
//!     opaque tag[32];         // from a secret handle; set once per bureau
//!     opaque commitment[32];  // to the sealed record; of a notice, SHA-256 of the public document
//!     opaque signature[64];   // ECDSA P-256 with SHA-256, r || s, s in the lower half, over
//! } Entry;                    //   "notarylog/entry/v1\0" || SHA-256(origin) || all fields above
//! ```
//!
//! TLS presentation (RFC 8446 §3), big-endian. The leaf hash is SHA-256(0x00 || Entry) (RFC 6962 §2.1).

use crate::{Commitment, KeyHash, OriginHash, Tag};
use core::fmt;
use tlog::{Hash, SignatureChecks};

/// The length of an entry in bytes.
pub const ENTRY_LEN: usize = 162;

/// The length of an entry without its signature.
pub const CONTENT_LEN: usize = 98;

/// The length of what an entry's signature is over.
pub const ENTRY_MESSAGE_LEN: usize = ENTRY_LABEL.len() + 32 + CONTENT_LEN;

const ENTRY_LABEL: &[u8; 19] = b"notarylog/entry/v1\0";

const VERSION: u8 = 1;

/// An entry in its stored form: the version and the kind are known and the signature is in range, with a low S. Whether
/// the signature verifies, [`Entry::verify`] says.
///
/// ```
/// use evidence::{Commitment, Entry, Kind, KeyHash, MalformedEntry, Tag, UnsignedEntry, ENTRY_LEN};
///
/// let mut bytes = Vec::new();
/// bytes.push(1); // version
/// bytes.push(1); // kind: record
/// bytes.extend([0xa0; 32]); // key_id
/// bytes.extend([0xb0; 32]); // tag
/// bytes.extend([0xc0; 32]); // commitment
/// bytes.extend([0x11; 64]); // signature, r || s
/// assert_eq!(bytes.len(), ENTRY_LEN);
///
/// let entry = Entry::parse(&bytes)?;
/// assert_eq!(entry.kind(), Kind::Record);
/// assert_eq!(entry.key_id(), &KeyHash::new([0xa0; 32]));
/// assert_eq!(entry.tag(), &Tag::new([0xb0; 32]));
/// assert_eq!(entry.commitment(), &Commitment::new([0xc0; 32]));
/// assert_eq!(entry.to_bytes()[..], bytes[..]);
///
/// bytes[1] = 4;
/// assert_eq!(Entry::parse(&bytes), Err(MalformedEntry::Kind(4)));
/// # Ok::<(), MalformedEntry>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Entry {
    unsigned: UnsignedEntry,
    signature: [u8; 64],
}

impl Entry {
    /// Reads an entry in its stored form. A high S is refused: of the two signatures that verify, one is stored.
    pub fn parse(bytes: &[u8]) -> Result<Self, MalformedEntry> {
        let (unsigned, signature) = split(bytes)?;
        match tlog::p256_is_low_s(&signature) {
            None => Err(MalformedEntry::SignatureRange),
            Some(false) => Err(MalformedEntry::HighS),
            Some(true) => Ok(Self {
                unsigned,
                signature,
            }),
        }
    }

    /// Reads an entry as it is submitted. A high S becomes the low one that verifies as well: half of what openssl,
    /// Java and HSMs sign is high.
    pub fn parse_submitted(bytes: &[u8]) -> Result<Self, MalformedEntry> {
        let (unsigned, signature) = split(bytes)?;
        unsigned.with_signature(signature)
    }

    /// The 162 bytes that are stored and hashed.
    pub fn to_bytes(&self) -> [u8; ENTRY_LEN] {
        let mut bytes = [0; ENTRY_LEN];
        bytes[..CONTENT_LEN].copy_from_slice(&self.content());
        bytes[CONTENT_LEN..].copy_from_slice(&self.signature);
        bytes
    }

    /// All fields but the signature. Two entries with the same content are the same: the slot that one holds answers
    /// for the other.
    pub fn content(&self) -> [u8; CONTENT_LEN] {
        self.unsigned.content()
    }

    /// What the signature is over.
    pub fn signed_message(&self, origin: &OriginHash) -> [u8; ENTRY_MESSAGE_LEN] {
        self.unsigned.signed_message(origin)
    }

    /// SHA-256(0x00 || Entry): the leaf in the tree (RFC 6962 §2.1).
    pub fn leaf_hash(&self) -> Hash {
        Hash::of_leaf(&self.to_bytes())
    }

    /// Checks that this key signed this entry for this log.
    pub fn verify(
        &self,
        origin: &OriginHash,
        spki_der: &[u8],
        checks: &dyn SignatureChecks,
    ) -> Result<(), BadEntry> {
        if KeyHash::of_spki(spki_der) != *self.key_id() {
            return Err(BadEntry::OtherKey);
        }
        if checks.p256(spki_der, &self.signed_message(origin), &self.signature) {
            Ok(())
        } else {
            Err(BadEntry::Signature)
        }
    }

    /// What is logged: a record, a notice or an index.
    pub const fn kind(&self) -> Kind {
        self.unsigned.kind
    }

    /// The key that signed.
    pub const fn key_id(&self) -> &KeyHash {
        &self.unsigned.key_id
    }

    /// The tag.
    pub const fn tag(&self) -> &Tag {
        &self.unsigned.tag
    }

    /// The commitment.
    pub const fn commitment(&self) -> &Commitment {
        &self.unsigned.commitment
    }

    /// The signature, r || s, with a low S.
    pub const fn signature(&self) -> &[u8; 64] {
        &self.signature
    }

    /// The entry without its signature.
    pub const fn unsigned(&self) -> &UnsignedEntry {
        &self.unsigned
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither a tag nor a commitment belongs in a diary.
        write!(f, "Entry({:?}, leaf {:?})", self.kind(), self.leaf_hash())
    }
}

/// An entry to be signed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct UnsignedEntry {
    /// What is logged.
    pub kind: Kind,
    /// The key that will sign.
    pub key_id: KeyHash,
    /// The tag.
    pub tag: Tag,
    /// The commitment.
    pub commitment: Commitment,
}

impl UnsignedEntry {
    /// All fields of the entry but its signature: version, kind, key, tag, commitment.
    pub fn content(&self) -> [u8; CONTENT_LEN] {
        let mut bytes = [0; CONTENT_LEN];
        bytes[0] = VERSION;
        bytes[1] = self.kind.byte();
        bytes[2..34].copy_from_slice(self.key_id.as_bytes());
        bytes[34..66].copy_from_slice(self.tag.as_bytes());
        bytes[66..].copy_from_slice(self.commitment.as_bytes());
        bytes
    }

    /// What is to be signed: "notarylog/entry/v1\0" || SHA-256(origin) || content.
    pub fn signed_message(&self, origin: &OriginHash) -> [u8; ENTRY_MESSAGE_LEN] {
        let mut message = [0; ENTRY_MESSAGE_LEN];
        message[..19].copy_from_slice(ENTRY_LABEL);
        message[19..51].copy_from_slice(origin.as_bytes());
        message[51..].copy_from_slice(&self.content());
        message
    }

    /// The entry with this signature (r || s); a high S becomes the low one. It is not verified here.
    pub fn with_signature(self, signature: [u8; 64]) -> Result<Entry, MalformedEntry> {
        let signature = tlog::p256_to_low_s(&signature).ok_or(MalformedEntry::SignatureRange)?;
        Ok(Entry {
            unsigned: self,
            signature,
        })
    }
}

impl fmt::Debug for UnsignedEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnsignedEntry({:?})", self.kind)
    }
}

/// What an entry logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A sealed record.
    Record = 1,
    /// A public notice. Accepted from the log's own entry key alone.
    Notice = 2,
    /// Reserved for an index. Accepted from the log's own entry key alone.
    Index = 3,
}

impl Kind {
    /// The byte of the entry.
    pub const fn byte(self) -> u8 {
        self as u8
    }

    /// The kind of this byte, if there is one.
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Record),
            2 => Some(Self::Notice),
            3 => Some(Self::Index),
            _ => None,
        }
    }
}

/// Why bytes are no entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedEntry {
    /// Not 162 bytes, but so many.
    #[error("an entry is {ENTRY_LEN} bytes, not {0}")]
    Length(usize),
    /// Not version 1, but this.
    #[error("version {0} of an entry is unknown: this log knows version 1")]
    Version(u8),
    /// Not a record, a notice or an index, but this byte.
    #[error("kind {0} of an entry is unknown: 1 is a record, 2 a notice, 3 an index")]
    Kind(u8),
    /// r or s is 0, or not below the order of the group.
    #[error("the signature is out of range: r and s lie between 1 and the order of P-256")]
    SignatureRange,
    /// s is in the upper half: the stored form has order − s.
    #[error("the signature has a high S: a stored entry has the low one")]
    HighS,
}

/// Why an entry is not this key's for this log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadEntry {
    /// The entry names another key.
    #[error("the entry names another key than the one it was checked with")]
    OtherKey,
    /// The signature is not by this key over this entry and origin.
    #[error("the signature does not verify: another key, another log's origin, or a changed entry")]
    Signature,
}

fn split(bytes: &[u8]) -> Result<(UnsignedEntry, [u8; 64]), MalformedEntry> {
    let length = MalformedEntry::Length(bytes.len());
    let bytes: &[u8; ENTRY_LEN] = bytes.try_into().map_err(|_| length)?;
    let [version, kind, rest @ ..] = bytes;
    if *version != VERSION {
        return Err(MalformedEntry::Version(*version));
    }
    let kind = Kind::from_byte(*kind).ok_or(MalformedEntry::Kind(*kind))?;
    let (key_id, rest) = rest.split_first_chunk::<32>().ok_or(length)?;
    let (tag, rest) = rest.split_first_chunk::<32>().ok_or(length)?;
    let (commitment, signature) = rest.split_first_chunk::<32>().ok_or(length)?;
    let unsigned = UnsignedEntry {
        kind,
        key_id: KeyHash::new(*key_id),
        tag: Tag::new(*tag),
        commitment: Commitment::new(*commitment),
    };
    Ok((unsigned, signature.try_into().map_err(|_| length)?))
}
