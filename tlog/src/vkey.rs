//! Verifier keys: a name, an id and a public key in one line. <https://c2sp.org/signed-note#verifier-keys>

use crate::signature::{ED25519_KEY_LEN, ML_DSA_44_KEY_LEN, ed25519_key_is_sound};
use crate::{Hash, MalformedSpki, P256Spki};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use core::fmt;

/// A verifier key (vkey): who signs, by which algorithm, with which public key.
///
/// The id in the text must be the one that its kind computes, and the key must be sound.
///
/// ```
/// # use tlog::{KeyKind, Vkey};
/// let text = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
/// let vkey = Vkey::parse(text)?;
/// assert_eq!(vkey.name().as_str(), "example.com/foo");
/// assert_eq!(vkey.kind(), KeyKind::Ed25519);
/// assert_eq!(vkey.to_string(), text);
/// # Ok::<(), tlog::MalformedVkey>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Vkey {
    name: KeyName,
    id: KeyId,
    key: PublicKey,
}

impl Vkey {
    /// Reads `<name>+<id, 8 lower-case hex digits>+<base64 of kind byte and public key>`.
    pub fn parse(text: &str) -> Result<Self, MalformedVkey> {
        // The base64 may hold a plus itself, the name may not.
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(MalformedVkey::Parts);
        };
        let name = KeyName::new(name).map_err(MalformedVkey::Name)?;
        let id = KeyId::from_hex(id).ok_or(MalformedVkey::Id)?;
        let key = STANDARD.decode(key).map_err(|_| MalformedVkey::Base64)?;
        let (&kind, material) = key.split_first().ok_or(MalformedVkey::KeyLength)?;
        let kind = KeyKind::from_byte(kind).ok_or(MalformedVkey::Kind(kind))?;
        let vkey = Self::new(name, kind, material)?;
        if vkey.id == id {
            Ok(vkey)
        } else {
            Err(MalformedVkey::WrongId)
        }
    }

    /// A vkey of this public key: 32 bytes for Ed25519, the DER `SubjectPublicKeyInfo` for a tree head key, 1312 bytes
    /// for ML-DSA-44. Refuses a key that is malformed or weak, and a name over 255 bytes for ML-DSA-44.
    pub fn new(name: KeyName, kind: KeyKind, material: &[u8]) -> Result<Self, MalformedVkey> {
        let key = PublicKey::new(kind, material)?;
        if kind == KeyKind::MlDsa44 && name.as_str().len() > ML_DSA_NAME_MAX {
            return Err(MalformedVkey::NameTooLong);
        }
        let id = match &key {
            PublicKey::TreeHead(spki) => KeyId::of_tree_head(&name, spki.as_bytes()),
            _ => KeyId::of(&name, kind, material),
        };
        Ok(Self { name, id, key })
    }

    /// The key's name. A log's key bears the name of the log's origin.
    pub const fn name(&self) -> &KeyName {
        &self.name
    }

    /// The key's id; with the name it says which signature lines are this key's.
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// The kind of signature that this key makes.
    pub const fn kind(&self) -> KeyKind {
        match self.key {
            PublicKey::Ed25519(_) => KeyKind::Ed25519,
            PublicKey::Cosignature(_) => KeyKind::Cosignature,
            PublicKey::TreeHead(_) => KeyKind::TreeHead,
            PublicKey::MlDsa44(_) => KeyKind::MlDsa44,
        }
    }

    /// The public key: 32, 91 or 1312 bytes.
    pub fn material(&self) -> &[u8] {
        match &self.key {
            PublicKey::Ed25519(key) | PublicKey::Cosignature(key) => key,
            PublicKey::TreeHead(spki) => spki.as_bytes(),
            PublicKey::MlDsa44(key) => key.as_slice(),
        }
    }

    /// Whether both wrap one public key, whatever the names, ids and kinds (c2sp.org/tlog-policy, duplicates).
    pub fn has_key_of(&self, other: &Self) -> bool {
        // The lengths of the three algorithms differ, so equal bytes are equal keys.
        self.material() == other.material()
    }

    pub(crate) const fn key(&self) -> &PublicKey {
        &self.key
    }
}

impl fmt::Display for Vkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = Vec::with_capacity(1 + self.material().len());
        key.push(self.kind().byte());
        key.extend_from_slice(self.material());
        write!(f, "{}+{}+{}", self.name, self.id, STANDARD.encode(key))
    }
}

impl fmt::Debug for Vkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vkey({}+{} {})", self.name, self.id, self.kind())
    }
}

/// A public key, parsed for its kind: what the signature checks ask for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum PublicKey {
    Ed25519([u8; ED25519_KEY_LEN]),
    Cosignature([u8; ED25519_KEY_LEN]),
    TreeHead(P256Spki),
    MlDsa44(Box<[u8; ML_DSA_44_KEY_LEN]>),
}

impl PublicKey {
    fn new(kind: KeyKind, material: &[u8]) -> Result<Self, MalformedVkey> {
        Ok(match kind {
            KeyKind::Ed25519 => Self::Ed25519(ed25519_key(material)?),
            KeyKind::Cosignature => Self::Cosignature(ed25519_key(material)?),
            KeyKind::TreeHead => {
                Self::TreeHead(P256Spki::from_der(material).map_err(MalformedVkey::Spki)?)
            }
            KeyKind::MlDsa44 => {
                let key: [u8; ML_DSA_44_KEY_LEN] =
                    material.try_into().map_err(|_| MalformedVkey::KeyLength)?;
                Self::MlDsa44(Box::new(key))
            }
        })
    }
}

fn ed25519_key(material: &[u8]) -> Result<[u8; ED25519_KEY_LEN], MalformedVkey> {
    let key = material.try_into().map_err(|_| MalformedVkey::KeyLength)?;
    if ed25519_key_is_sound(&key) {
        Ok(key)
    } else {
        Err(MalformedVkey::WeakKey)
    }
}

/// The longest cosigner name and log origin, in bytes, that ML-DSA-44 lines can sign: `opaque<1..2^8-1>`
/// (c2sp.org/tlog-cosignature).
pub const ML_DSA_NAME_MAX: usize = 255;

/// The name of a key: not empty, no Unicode space, no `+`, no control character below U+0020
/// (c2sp.org/signed-note, format).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(String);

impl KeyName {
    /// Takes a text for a name.
    pub fn new(name: impl Into<String>) -> Result<Self, MalformedName> {
        let name = name.into();
        if name.is_empty() {
            Err(MalformedName::Empty)
        } else if name
            .chars()
            .any(|c| c < ' ' || c == '+' || c.is_whitespace())
        {
            Err(MalformedName::Character)
        } else {
            Ok(Self(name))
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The four bytes that, with the name, tell a key's signature lines from others'. A name tag, not a strong hash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 4]);

impl KeyId {
    /// Takes the four bytes as they stand in a signature line.
    pub const fn new(bytes: [u8; 4]) -> Self {
        Self(bytes)
    }

    /// The four bytes.
    pub const fn as_bytes(&self) -> &[u8; 4] {
        &self.0
    }

    /// SHA-256(name || 0x0A || kind || key)[..4] (c2sp.org/signed-note, signatures).
    fn of(name: &KeyName, kind: KeyKind, key: &[u8]) -> Self {
        let mut data = Vec::with_capacity(name.as_str().len() + 2 + key.len());
        data.extend_from_slice(name.as_str().as_bytes());
        data.push(b'\n');
        data.push(kind.byte());
        data.extend_from_slice(key);
        let [a, b, c, d, ..] = *Hash::of(&data).as_bytes();
        Self([a, b, c, d])
    }

    /// As the others, over the 32-byte `LogID` in place of the key (c2sp.org/static-ct-api, checkpoints).
    pub(crate) fn of_tree_head(name: &KeyName, spki_der: &[u8]) -> Self {
        Self::of(name, KeyKind::TreeHead, Hash::of(spki_der).as_bytes())
    }

    fn from_hex(text: &str) -> Option<Self> {
        let lower_hex = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
        (text.len() == 8 && text.bytes().all(lower_hex))
            .then(|| u32::from_str_radix(text, 16).ok())
            .flatten()
            .map(|id| Self(id.to_be_bytes()))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The kinds of signature that this crate knows, by their signature type byte (c2sp.org/signed-note, signature types).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyKind {
    /// Ed25519 over the note's text.
    Ed25519 = 0x01,
    /// A timestamped Ed25519 cosignature of a checkpoint (c2sp.org/tlog-cosignature).
    Cosignature = 0x04,
    /// RFC 6962 `TreeHeadSignature` by ECDSA on P-256 (c2sp.org/static-ct-api). It signs neither the origin nor
    /// extension lines.
    TreeHead = 0x05,
    /// A timestamped ML-DSA-44 signature of a checkpoint (c2sp.org/tlog-cosignature). It signs no extension lines.
    MlDsa44 = 0x06,
}

impl KeyKind {
    /// The kind of this signature type byte, if this crate knows it.
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0x01 => Some(Self::Ed25519),
            0x04 => Some(Self::Cosignature),
            0x05 => Some(Self::TreeHead),
            0x06 => Some(Self::MlDsa44),
            _ => None,
        }
    }

    /// The signature type byte.
    pub const fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::Cosignature => 0x04,
            Self::TreeHead => 0x05,
            Self::MlDsa44 => 0x06,
        }
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ed25519 => "Ed25519 (0x01)",
            Self::Cosignature => "Ed25519 cosignature (0x04)",
            Self::TreeHead => "RFC 6962 tree head (0x05)",
            Self::MlDsa44 => "ML-DSA-44 (0x06)",
        })
    }
}

/// Why a text is not the name of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MalformedName {
    /// Nothing there.
    Empty,
    /// A Unicode space, a `+` or a control character.
    Character,
    /// More than 255 bytes (an origin only).
    TooLong,
}

impl fmt::Display for MalformedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the name is empty",
            Self::Character => "the name holds a space, a plus or a control character",
            Self::TooLong => "the name is longer than 255 bytes",
        })
    }
}

impl core::error::Error for MalformedName {}

/// Why a text is not a vkey, or a public key is not one to accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MalformedVkey {
    /// Not three parts with a plus between.
    Parts,
    /// The name.
    Name(MalformedName),
    /// The id is not eight lower-case hex digits.
    Id,
    /// The id is not the one of this name and key.
    WrongId,
    /// The last part is not canonical base64.
    Base64,
    /// A signature type byte that this crate does not know.
    Kind(u8),
    /// The key has not the length of its kind.
    KeyLength,
    /// Not a point of Ed25519 in its only encoding, or one of small order.
    WeakKey,
    /// The P-256 key of a tree head key.
    Spki(MalformedSpki),
    /// An ML-DSA-44 key whose name is longer than 255 bytes.
    NameTooLong,
}

impl fmt::Display for MalformedVkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Parts => "a verifier key is <name>+<id>+<base64>",
            Self::Name(name) => return write!(f, "a verifier key's name is wrong: {name}"),
            Self::Id => "the id of a verifier key is eight lower-case hex digits",
            Self::WrongId => {
                "the id does not belong to this name and key: copy the whole verifier key again"
            }
            Self::Base64 => "the key is not canonical standard base64: copy the whole verifier key again",
            Self::Kind(kind) => {
                return write!(
                    f,
                    "signature type 0x{kind:02x} is unknown here; known are 0x01, 0x04, 0x05 and 0x06"
                );
            }
            Self::KeyLength => "the key has not the length of its signature type",
            Self::WeakKey => "not an Ed25519 key that anyone should use: ask its owner for another",
            Self::Spki(spki) => return fmt::Display::fmt(spki, f),
            Self::NameTooLong => "the name of an ML-DSA-44 key has at most 255 bytes",
        })
    }
}

impl core::error::Error for MalformedVkey {}
