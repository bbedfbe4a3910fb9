//! What a notice says, by its type.

use crate::members::Members;
use crate::word::words;
use crate::{BureauId, KeyHash, MalformedNotice, Spki};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tlog::{Hash, KeyKind, Origin, TreeSize, Vkey};

/// The longest public name of a bureau in bytes: some sixty Chinese characters, one line of a page.
pub const BUREAU_NAME_MAX: usize = 200;

/// The longest name of an operator's event in bytes: a word or three.
pub const EVENT_NAME_MAX: usize = 64;

/// The kinds of signature that a log states in its genesis, in this order: what witnesses verify today, the RFC 6962
/// tree head, and the post-quantum one.
pub const GENESIS_VKEY_KINDS: [KeyKind; 3] =
    [KeyKind::Ed25519, KeyKind::TreeHead, KeyKind::MlDsa44];

/// What a notice says.
#[derive(Clone, Debug, PartialEq)]
pub enum NoticeBody {
    /// Entry 0 of a log: who it is and who rules it.
    Genesis(Box<Genesis>),
    /// A key that counts from the next index on.
    KeyEnrol(KeyEnrol),
    /// A key that takes over from another of the same bureau.
    KeyRotate(KeyRotate),
    /// A key that counts no longer, from the next index on.
    KeyRevoke(KeyRevoke),
    /// A policy file: which witnesses a head should have.
    Policy(PolicyText),
    /// The catalogue of what must be recorded.
    Catalogue(Catalogue),
    /// The calendar of holidays, for periods of working days.
    Calendar(Calendar),
    /// The log's own diary.
    Operator(Operator),
}

impl NoticeBody {
    /// The type that stands in the document beside this body.
    pub const fn notice_type(&self) -> NoticeType {
        match self {
            Self::Genesis(_) => NoticeType::Genesis,
            Self::KeyEnrol(_) => NoticeType::KeyEnrol,
            Self::KeyRotate(_) => NoticeType::KeyRotate,
            Self::KeyRevoke(_) => NoticeType::KeyRevoke,
            Self::Policy(_) => NoticeType::Policy,
            Self::Catalogue(_) => NoticeType::Catalogue,
            Self::Calendar(_) => NoticeType::Calendar,
            Self::Operator(_) => NoticeType::Operator,
        }
    }

    pub(crate) fn parse(notice_type: NoticeType, body: Value) -> Result<Self, MalformedNotice> {
        let mut members = Members::of(body).ok_or(MalformedNotice::Member("body"))?;
        let body = match notice_type {
            NoticeType::Genesis => Self::Genesis(Box::new(Genesis::parse(&mut members)?)),
            NoticeType::KeyEnrol => Self::KeyEnrol(KeyEnrol::parse(&mut members)?),
            NoticeType::KeyRotate => Self::KeyRotate(KeyRotate::parse(&mut members)?),
            NoticeType::KeyRevoke => Self::KeyRevoke(KeyRevoke {
                key: members.take("key")?,
                reason: members.take("reason")?,
            }),
            NoticeType::Policy => Self::Policy(PolicyText {
                policy: members.take("policy")?,
            }),
            NoticeType::Catalogue => Self::Catalogue(Catalogue {
                catalogue: members.take("catalogue")?,
            }),
            NoticeType::Calendar => Self::Calendar(Calendar {
                calendar: members.take("calendar")?,
            }),
            NoticeType::Operator => Self::Operator(Operator::parse(&mut members)?),
        };
        members.end()?;
        Ok(body)
    }

    pub(crate) fn to_value(&self) -> Value {
        let value = match self {
            Self::Genesis(body) => serde_json::to_value(body.to_wire()),
            Self::KeyEnrol(body) => serde_json::to_value(body),
            Self::KeyRotate(body) => serde_json::to_value(body),
            Self::KeyRevoke(body) => serde_json::to_value(body),
            Self::Policy(body) => serde_json::to_value(body),
            Self::Catalogue(body) => serde_json::to_value(body),
            Self::Calendar(body) => serde_json::to_value(body),
            Self::Operator(body) => serde_json::to_value(body),
        };
        value.expect("a notice body has string keys and no failing parts")
    }
}

words! {
    /// The types of notices.
    pub enum NoticeType {
        /// Entry 0 of a log.
        Genesis = "genesis",
        /// A key begins.
        KeyEnrol = "key.enrol",
        /// A key takes over from another.
        KeyRotate = "key.rotate",
        /// A key ends.
        KeyRevoke = "key.revoke",
        /// A policy file.
        Policy = "policy",
        /// The catalogue of what must be recorded.
        Catalogue = "catalogue",
        /// The calendar of holidays.
        Calendar = "calendar",
        /// The log's own diary.
        Operator = "operator",
    }
}

impl NoticeType {
    /// Whether two admins sign it: all but the log's own diary.
    pub const fn is_signed_by_admins(self) -> bool {
        !matches!(self, Self::Operator)
    }

    /// Whether it counts from the next index on (keys) rather than from a date.
    pub const fn counts_by_position(self) -> bool {
        matches!(self, Self::KeyEnrol | Self::KeyRotate | Self::KeyRevoke)
    }
}

/// Entry 0 of every log.
///
/// ```json
/// {"admins":["<spki base64>","<spki base64>","<spki base64>"],
///  "entry_key":"<spki base64>",
///  "origin":"log.example.org/suzhou-2026",
///  "predecessor":null,
///  "vkeys":["<0x01 vkey>","<0x05 vkey>","<0x06 vkey>"]}
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genesis {
    /// The three admin keys, distinct; any two sign.
    pub admins: [Spki; 3],
    /// The key that signs the entries of notices: never an admin's, never a tree head's.
    pub entry_key: Spki,
    /// The origin of the log's checkpoints.
    pub origin: Origin,
    /// The log that this one continues.
    pub predecessor: Option<Predecessor>,
    /// The log's verifier keys, of the kinds [`GENESIS_VKEY_KINDS`], all under the origin's name.
    pub vkeys: [Vkey; 3],
}

impl Genesis {
    /// The DER `SubjectPublicKeyInfo` of the RFC 6962 tree head key.
    pub fn tree_head_spki(&self) -> &[u8] {
        self.vkeys[1].material()
    }

    fn parse(members: &mut Members) -> Result<Self, MalformedNotice> {
        let genesis = Self {
            admins: members.take("admins")?,
            entry_key: members.take("entry_key")?,
            origin: members.take_text("origin", |text| Origin::new(text).ok())?,
            predecessor: members
                .take::<Option<WirePredecessor>>("predecessor")?
                .map(Predecessor::from_wire)
                .transpose()?,
            vkeys: members
                .take::<[String; 3]>("vkeys")?
                .iter()
                .map(|text| Vkey::parse(text).map_err(|_| MalformedNotice::Vkeys))
                .collect::<Result<Vec<_>, _>>()?
                .try_into()
                .map_err(|_| MalformedNotice::Vkeys)?,
        };
        genesis.check()?;
        Ok(genesis)
    }

    fn check(&self) -> Result<(), MalformedNotice> {
        let of_this_log = self
            .vkeys
            .iter()
            .zip(GENESIS_VKEY_KINDS)
            .all(|(vkey, kind)| {
                vkey.kind() == kind && vkey.name().as_str() == self.origin.as_str()
            });
        if !of_this_log {
            return Err(MalformedNotice::Vkeys);
        }
        // One key for two offices would let the theft of one open the other.
        let [first, second, third] = &self.admins;
        let keys = [
            first.as_der(),
            second.as_der(),
            third.as_der(),
            self.entry_key.as_der(),
            self.tree_head_spki(),
        ];
        let distinct = (1..keys.len()).all(|i| !keys[i..].contains(&keys[i - 1]));
        if distinct {
            Ok(())
        } else {
            Err(MalformedNotice::SameKeyTwice)
        }
    }

    pub(crate) fn to_wire(&self) -> WireGenesis {
        WireGenesis {
            admins: self.admins,
            entry_key: self.entry_key,
            origin: self.origin.as_str().to_owned(),
            predecessor: self.predecessor.as_ref().map(Predecessor::to_wire),
            vkeys: self.vkeys.each_ref().map(ToString::to_string),
        }
    }
}

/// The last head of the log that a new one continues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Predecessor {
    /// Its origin.
    pub origin: Origin,
    /// Its last size.
    pub size: TreeSize,
    /// Its last root.
    pub root: Hash,
}

impl Predecessor {
    fn from_wire(wire: WirePredecessor) -> Result<Self, MalformedNotice> {
        let malformed = MalformedNotice::Member("predecessor");
        Ok(Self {
            origin: Origin::new(wire.origin).map_err(|_| malformed)?,
            size: TreeSize::new(wire.size).map_err(|_| malformed)?,
            root: Hash::from_base64(&wire.root).map_err(|_| malformed)?,
        })
    }

    fn to_wire(&self) -> WirePredecessor {
        WirePredecessor {
            origin: self.origin.as_str().to_owned(),
            root: self.root.to_base64(),
            size: self.size.get(),
        }
    }
}

/// A genesis as it stands in the document.
#[derive(Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Genesis")]
pub(crate) struct WireGenesis {
    admins: [Spki; 3],
    entry_key: Spki,
    #[schemars(length(min = 1, max = 255))]
    origin: String,
    predecessor: Option<WirePredecessor>,
    /// Verifier keys (c2sp.org/signed-note) of the kinds 0x01, 0x05 and 0x06, in this order.
    vkeys: [String; 3],
}

/// A predecessor as it stands in the document.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Predecessor")]
pub(crate) struct WirePredecessor {
    #[schemars(length(min = 1, max = 255))]
    origin: String,
    /// The last root, in standard base64.
    #[schemars(regex(pattern = r"^[A-Za-z0-9+/]{43}=$"))]
    root: String,
    /// The last size.
    #[schemars(range(max = 9_007_199_254_740_991_u64))]
    size: u64,
}

/// A key that counts from the next index on.
///
/// ```json
/// {"bureau":null,"name":"Market Supervision Bureau of Suzhou","roles":["submit"],"spki":"<base64>"}
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyEnrol {
    /// The bureau that the key joins; `None`: a new bureau, whose id is this key's.
    pub bureau: Option<BureauId>,
    /// The public name of the bureau: 1..=200 bytes of one line.
    #[schemars(length(min = 1, max = 200))]
    pub name: String,
    /// What the key may do: sorted, each once, at least one.
    #[schemars(length(min = 1))]
    pub roles: Vec<Role>,
    /// The key.
    pub spki: Spki,
}

impl KeyEnrol {
    fn parse(members: &mut Members) -> Result<Self, MalformedNotice> {
        Ok(Self {
            bureau: members.take("bureau")?,
            name: members.take_text("name", |name| {
                let plain = !name.is_empty()
                    && name.len() <= BUREAU_NAME_MAX
                    && !name.chars().any(char::is_control);
                plain.then_some(name)
            })?,
            roles: roles(members)?,
            spki: members.take("spki")?,
        })
    }
}

/// A key that takes over from another: it joins the old key's bureau, and the old key ends at the same position.
///
/// ```json
/// {"key":"<64 hex of the old key>","roles":["submit"],"spki":"<base64 of the new key>"}
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyRotate {
    /// The old key.
    pub key: KeyHash,
    /// What the new key may do: sorted, each once, at least one.
    #[schemars(length(min = 1))]
    pub roles: Vec<Role>,
    /// The new key.
    pub spki: Spki,
}

impl KeyRotate {
    fn parse(members: &mut Members) -> Result<Self, MalformedNotice> {
        Ok(Self {
            key: members.take("key")?,
            roles: roles(members)?,
            spki: members.take("spki")?,
        })
    }
}

/// A key that counts no longer, from the next index on. What it signed before stays.
///
/// ```json
/// {"key":"<64 hex>","reason":"retired"}
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyRevoke {
    /// The key.
    pub key: KeyHash,
    /// Why.
    pub reason: RevocationReason,
}

/// A policy in force from the notice's date: the text of a c2sp.org/tlog-policy file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyText {
    /// The file's text.
    pub policy: String,
}

/// The catalogue of what must be recorded: act, medium, start event, end event, retention.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// Any object of integers, strings, lists and objects.
    pub catalogue: Map<String, Value>,
}

/// The calendar of holidays and shifted working days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    /// Any object of integers, strings, lists and objects.
    pub calendar: Map<String, Value>,
}

/// A line of the log's own diary, signed by its entry key alone.
///
/// ```json
/// {"detail":{"size":1024},"event":"restored"}
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Operator {
    /// Facts of the event.
    pub detail: Map<String, Value>,
    /// What happened: lower-case letters, digits, dots and hyphens, from a letter on; 1..=64 bytes.
    #[schemars(length(max = 64), regex(pattern = r"^[a-z][a-z0-9.\-]*$"))]
    pub event: String,
}

impl Operator {
    fn parse(members: &mut Members) -> Result<Self, MalformedNotice> {
        Ok(Self {
            detail: members.take("detail")?,
            event: members.take_text("event", |event| {
                let slug = event.len() <= EVENT_NAME_MAX
                    && event.starts_with(|c: char| c.is_ascii_lowercase())
                    && event.bytes().all(|c| {
                        c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, b'.' | b'-')
                    });
                slug.then_some(event)
            })?,
        })
    }
}

words! {
    /// What an enrolled key may do.
    pub enum Role {
        /// Sign entries.
        Submit = "submit",
        /// Sign findings and give second signatures.
        Supervise = "supervise",
        /// Prove case handles. Version 1 enrols P-256 keys alone; the encoding of a VRF key joins with the VRF.
        Vrf = "vrf",
    }
}

words! {
    /// Why a key was revoked.
    pub enum RevocationReason {
        /// Somebody else may have it.
        Compromised = "compromised",
        /// Nobody has it.
        Lost = "lost",
        /// It is needed no more.
        Retired = "retired",
        /// Another took its place.
        Superseded = "superseded",
    }
}

fn roles(members: &mut Members) -> Result<Vec<Role>, MalformedNotice> {
    let roles: Vec<Role> = members.take("roles")?;
    // The order of the enum is the order of the words, so one set of roles has one text.
    if !roles.is_empty() && roles.is_sorted_by(|a, b| a < b) {
        Ok(roles)
    } else {
        Err(MalformedNotice::Member("roles"))
    }
}
