//! The key registry: who may do what at which position of the log, derived from notices alone.
//!
//! Anyone can replay it from the log, and whoever does so comes to the same answers: a verifier trusts a policy file and
//! nothing else. Keys count by position: a key that was enrolled at index 7 and revoked at index 12 is valid for the
//! entries 8 to 12.

use crate::refusal::{RefusedAuthor, RefusedNotice, RefusedNoticeEntry};
use crate::{
    AdminSignature, AuditSpan, BadEntry, BureauId, Commitment, ENDED_EVENT, Entry, Genesis,
    KeyHash, Kind, Notice, NoticeBody, OriginHash, PublishedPolicy, Role, Spki, Tag, UtcDate,
};
use std::collections::HashMap;
use std::sync::Arc;
use tlog::{Hash, LeafIndex, Origin, SignatureChecks, Vkey};

/// The registry after a number of notices. A clone costs a pointer a key, a lookup is one hash.
#[derive(Clone, Debug)]
pub struct Registry {
    genesis: Arc<Genesis>,
    origin_hash: OriginHash,
    log_key: KeyHash,
    next_seq: u64,
    last: Commitment,
    last_index: LeafIndex,
    keys: HashMap<KeyHash, Arc<EnrolledKey>>,
    // In the order of enrolment, so that every reader lists the same.
    order: Vec<KeyHash>,
    bureaus: HashMap<BureauId, Arc<str>>,
    policies: Vec<PublishedPolicy>,
    audit: Option<AuditSpan>,
    ended_at: Option<LeafIndex>,
}

impl Registry {
    /// The registry after the genesis notice, which is entry 0 and is checked against the keys that it names itself.
    pub fn genesis(
        index: LeafIndex,
        notice: &Notice,
        checks: &dyn SignatureChecks,
    ) -> Result<Self, RefusedNotice> {
        let NoticeBody::Genesis(genesis) = notice.body() else {
            return Err(RefusedNotice::NoGenesis);
        };
        if index != LeafIndex::new(0) {
            return Err(RefusedNotice::GenesisNotFirst);
        }
        let registry = Self {
            origin_hash: OriginHash::of(genesis.origin.as_str()),
            log_key: genesis.entry_key.key_hash(),
            genesis: Arc::new(Genesis::clone(genesis)),
            next_seq: 1,
            last: notice.commitment(),
            last_index: index,
            keys: HashMap::new(),
            order: Vec::new(),
            bureaus: HashMap::new(),
            policies: Vec::new(),
            audit: None,
            ended_at: None,
        };
        registry.verify_admins(notice, checks)?;
        Ok(registry)
    }

    /// Lets this notice count, at this position. On a refusal nothing has changed.
    pub fn apply(
        &mut self,
        index: LeafIndex,
        notice: &Notice,
        checks: &dyn SignatureChecks,
    ) -> Result<(), RefusedNotice> {
        if index <= self.last_index {
            return Err(RefusedNotice::NotAfterLast);
        }
        let change = self.judge(notice, checks)?;
        self.next_seq += 1;
        self.last = notice.commitment();
        self.last_index = index;
        if let (NoticeBody::Policy(text), Some(effective)) = (notice.body(), notice.effective()) {
            self.policies.push(PublishedPolicy {
                index,
                notice: notice.commitment(),
                effective,
                fingerprint: Hash::of(text.policy.as_bytes()),
            });
        }
        if let Ok(Some(span)) = AuditSpan::of(notice) {
            self.audit = Some(span);
            if matches!(notice.body(), NoticeBody::Operator(said) if said.event == ENDED_EVENT) {
                self.ended_at = Some(index);
            }
        }
        if let Some(key) = change.ends.and_then(|key| self.keys.get_mut(&key)) {
            Arc::make_mut(key).revoked_at = Some(index);
        }
        if let Some(key) = change.begins {
            self.bureaus
                .insert(key.bureau, Arc::from(key.bureau_name.as_str()));
            self.order.push(key.key_id);
            let key = EnrolledKey {
                enrolled_at: index,
                ..key
            };
            self.keys.insert(key.key_id, Arc::new(key));
        }
        Ok(())
    }

    /// Whether this notice may be the next.
    pub fn check(
        &self,
        notice: &Notice,
        checks: &dyn SignatureChecks,
    ) -> Result<(), RefusedNotice> {
        self.judge(notice, checks).map(|_| ())
    }

    /// Whether admins of this log signed this notice, whatever its place among the others: for a verifier who has the
    /// genesis and one enrolment and not all that lies between. That they are two and differ, the notice's form says.
    pub fn verify_admins(
        &self,
        notice: &Notice,
        checks: &dyn SignatureChecks,
    ) -> Result<(), RefusedNotice> {
        let message = notice.unsigned_message(&self.origin_hash);
        notice.admins().iter().try_for_each(|admin| {
            let spki = self
                .admin(admin)
                .ok_or(RefusedNotice::UnknownAdmin { key: *admin.key() })?;
            if checks.p256(spki.as_der(), &message, admin.signature()) {
                Ok(())
            } else {
                Err(RefusedNotice::BadAdminSignature { key: *admin.key() })
            }
        })
    }

    /// Whether this entry is the log's own for this notice: its kind, key, commitment, tag and signature.
    pub fn check_entry(
        &self,
        entry: &Entry,
        notice: &Notice,
        checks: &dyn SignatureChecks,
    ) -> Result<(), RefusedNoticeEntry> {
        let commitment = notice.commitment();
        if entry.kind() != Kind::Notice {
            return Err(RefusedNoticeEntry::Kind);
        }
        if entry.commitment() != &commitment {
            return Err(RefusedNoticeEntry::OtherDocument);
        }
        if entry.tag() != &Tag::of_notice(&commitment) {
            return Err(RefusedNoticeEntry::OtherTag);
        }
        entry
            .verify(&self.origin_hash, self.genesis.entry_key.as_der(), checks)
            .map_err(|bad| match bad {
                BadEntry::OtherKey => RefusedNoticeEntry::OtherKey,
                BadEntry::Signature => RefusedNoticeEntry::Signature,
            })
    }

    /// Whose entry this is, if it stands at this position: notices and indexes are the log's, records are a key's with
    /// the role `submit`. The signature is not checked here.
    pub fn author_at(&self, entry: &Entry, at: LeafIndex) -> Result<Author<'_>, RefusedAuthor> {
        if let Some(ended) = self.ended_at.filter(|ended| at > *ended) {
            return Err(RefusedAuthor::Ended { at: ended });
        }
        match entry.kind() {
            Kind::Notice | Kind::Index if entry.key_id() == &self.log_key => {
                Ok(Author::Log(&self.genesis.entry_key))
            }
            Kind::Notice | Kind::Index => Err(RefusedAuthor::NotTheLog),
            Kind::Record => self.submitter_at(entry.key_id(), at).map(Author::Bureau),
        }
    }

    /// The key, if it may submit records at this position.
    pub fn submitter_at(
        &self,
        key: &KeyHash,
        at: LeafIndex,
    ) -> Result<&EnrolledKey, RefusedAuthor> {
        match self.key_at(key, at) {
            KeyState::Unknown => Err(RefusedAuthor::UnknownKey),
            KeyState::NotYet => Err(RefusedAuthor::NotYet),
            KeyState::Revoked { at } => Err(RefusedAuthor::Revoked { at }),
            KeyState::Valid(key) if key.roles.contains(&Role::Submit) => Ok(key),
            KeyState::Valid(_) => Err(RefusedAuthor::MayNotSubmit),
        }
    }

    /// The state of a key for the entry at this position.
    pub fn key_at(&self, key: &KeyHash, at: LeafIndex) -> KeyState<'_> {
        let Some(key) = self.keys.get(key) else {
            return KeyState::Unknown;
        };
        if at <= key.enrolled_at {
            return KeyState::NotYet;
        }
        match key.revoked_at {
            Some(revoked) if at > revoked => KeyState::Revoked { at: revoked },
            _ => KeyState::Valid(key),
        }
    }

    /// The state of a key for the next entry.
    pub fn current(&self, key: &KeyHash) -> KeyState<'_> {
        // Every notice that counts stands before the next entry, so any position past them says the same.
        self.key_at(key, LeafIndex::new(u64::MAX))
    }

    /// A key by its name, whatever its state.
    pub fn key(&self, key: &KeyHash) -> Option<&EnrolledKey> {
        self.keys.get(key).map(AsRef::as_ref)
    }

    /// All keys ever enrolled, in the order of their enrolment.
    pub fn keys(&self) -> impl Iterator<Item = &EnrolledKey> {
        self.order.iter().filter_map(|key| self.key(key))
    }

    /// The public name of a bureau, as its newest enrolment states it.
    pub fn bureau_name(&self, bureau: &BureauId) -> Option<&str> {
        self.bureaus.get(bureau).map(AsRef::as_ref)
    }

    /// All policies that notices put in force, in the order of the log.
    pub fn policies(&self) -> &[PublishedPolicy] {
        &self.policies
    }

    /// The policy that counts on this day: of those whose day has come, the one that was published last.
    pub fn policy_on(&self, day: UtcDate) -> Option<&PublishedPolicy> {
        let mut policies = self.policies.iter();
        policies.rfind(|policy| policy.effective <= day)
    }

    /// What the newest notice on the audit chain says of it.
    pub const fn audit_span(&self) -> Option<&AuditSpan> {
        self.audit.as_ref()
    }

    /// The position of the log's last entry, if it has said that it ended.
    pub const fn ended_at(&self) -> Option<LeafIndex> {
        self.ended_at
    }

    /// The seq of the next notice.
    pub const fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// The commitment of the newest notice: `prev` of the next.
    pub const fn last(&self) -> Commitment {
        self.last
    }

    /// The position of the newest notice.
    pub const fn last_index(&self) -> LeafIndex {
        self.last_index
    }

    /// The log's origin.
    pub fn origin(&self) -> &Origin {
        &self.genesis.origin
    }

    /// SHA-256 of the log's origin, as it stands under every signature.
    pub const fn origin_hash(&self) -> &OriginHash {
        &self.origin_hash
    }

    /// What the log's first entry says.
    pub fn genesis_body(&self) -> &Genesis {
        &self.genesis
    }

    /// The log's verifier keys: Ed25519, RFC 6962 tree head, ML-DSA-44.
    pub fn log_vkeys(&self) -> &[Vkey] {
        &self.genesis.vkeys
    }

    /// The key that signs the entries of notices.
    pub const fn log_key(&self) -> KeyHash {
        self.log_key
    }

    /// Decides, and changes nothing.
    fn judge(
        &self,
        notice: &Notice,
        checks: &dyn SignatureChecks,
    ) -> Result<Change, RefusedNotice> {
        if matches!(notice.body(), NoticeBody::Genesis(_)) {
            return Err(RefusedNotice::SecondGenesis);
        }
        if self.ended_at.is_some() {
            return Err(RefusedNotice::AfterTheEnd);
        }
        if notice.seq() != self.next_seq {
            return Err(RefusedNotice::WrongSeq {
                expected: self.next_seq,
            });
        }
        if notice.prev() != Some(&self.last) {
            return Err(RefusedNotice::WrongPrev);
        }
        // Before the signatures, which cost most: what a body asks for is only looked up.
        let change = self.change(notice.body())?;
        self.verify_admins(notice, checks)?;
        Ok(change)
    }

    fn change(&self, body: &NoticeBody) -> Result<Change, RefusedNotice> {
        let mut change = Change::default();
        match body {
            NoticeBody::KeyEnrol(enrol) => {
                let key_id = self.unused(&enrol.spki)?;
                let bureau = match enrol.bureau {
                    None => BureauId::new(key_id),
                    Some(bureau) if self.bureaus.contains_key(&bureau) => bureau,
                    Some(_) => return Err(RefusedNotice::UnknownBureau),
                };
                change.begins = Some(EnrolledKey {
                    key_id,
                    spki_der: enrol.spki.as_der().to_vec(),
                    bureau,
                    bureau_name: enrol.name.clone(),
                    roles: enrol.roles.clone(),
                    enrolled_at: self.last_index,
                    revoked_at: None,
                });
            }
            NoticeBody::KeyRotate(rotate) => {
                let old = self.unrevoked(&rotate.key)?;
                let bureau_name = self.bureau_name(&old.bureau).unwrap_or_default();
                change.ends = Some(rotate.key);
                change.begins = Some(EnrolledKey {
                    key_id: self.unused(&rotate.spki)?,
                    spki_der: rotate.spki.as_der().to_vec(),
                    bureau: old.bureau,
                    bureau_name: bureau_name.to_owned(),
                    roles: rotate.roles.clone(),
                    enrolled_at: self.last_index,
                    revoked_at: None,
                });
            }
            NoticeBody::KeyRevoke(revoke) => {
                self.unrevoked(&revoke.key)?;
                change.ends = Some(revoke.key);
            }
            NoticeBody::Genesis(_)
            | NoticeBody::Policy(_)
            | NoticeBody::Catalogue(_)
            | NoticeBody::Calendar(_)
            | NoticeBody::Operator(_) => {}
        }
        Ok(change)
    }

    /// A key is enrolled once, ever: a second time it would be another bureau's, or valid again after its revocation.
    fn unused(&self, spki: &Spki) -> Result<KeyHash, RefusedNotice> {
        let key = spki.key_hash();
        let of_the_log = self.genesis.admins.contains(spki)
            || self.genesis.entry_key == *spki
            || self.genesis.tree_head_spki() == spki.as_der();
        if of_the_log {
            Err(RefusedNotice::KeyOfTheLog)
        } else if self.keys.contains_key(&key) {
            Err(RefusedNotice::KeyEnrolledBefore)
        } else {
            Ok(key)
        }
    }

    fn unrevoked(&self, key: &KeyHash) -> Result<&EnrolledKey, RefusedNotice> {
        let key = self.keys.get(key).ok_or(RefusedNotice::UnknownKey)?;
        match key.revoked_at {
            None => Ok(key),
            Some(_) => Err(RefusedNotice::KeyAlreadyRevoked),
        }
    }

    fn admin(&self, signature: &AdminSignature) -> Option<&Spki> {
        self.genesis
            .admins
            .iter()
            .find(|spki| spki.key_hash() == *signature.key())
    }
}

/// A key of a bureau, from its enrolment on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrolledKey {
    /// SHA-256 of the key's DER `SubjectPublicKeyInfo`.
    pub key_id: KeyHash,
    /// The key.
    pub spki_der: Vec<u8>,
    /// The bureau whose key it is.
    pub bureau: BureauId,
    /// The bureau's public name when the key was enrolled.
    pub bureau_name: String,
    /// What it may do: sorted, at least one.
    pub roles: Vec<Role>,
    /// The position of its notice; it is valid after it.
    pub enrolled_at: LeafIndex,
    /// The position of the notice that ended it; it is not valid after it.
    pub revoked_at: Option<LeafIndex>,
}

/// What a key is at a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState<'a> {
    /// Never enrolled.
    Unknown,
    /// Enrolled at this position or later.
    NotYet,
    /// Valid.
    Valid(&'a EnrolledKey),
    /// Revoked, by the notice at this position.
    Revoked {
        /// The position of the notice.
        at: LeafIndex,
    },
}

/// Whose an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author<'a> {
    /// The log itself, by its entry key.
    Log(&'a Spki),
    /// A bureau, by one of its keys.
    Bureau(&'a EnrolledKey),
}

impl Author<'_> {
    /// The bureau under which the entry's slot is made. The log is a bureau of its own.
    pub fn bureau(&self) -> BureauId {
        match self {
            Self::Log(spki) => BureauId::new(spki.key_hash()),
            Self::Bureau(key) => key.bureau,
        }
    }

    /// The key with which the entry's signature must verify.
    pub fn spki_der(&self) -> &[u8] {
        match self {
            Self::Log(spki) => spki.as_der(),
            Self::Bureau(key) => &key.spki_der,
        }
    }
}

/// What a notice does to the keys.
#[derive(Default)]
struct Change {
    ends: Option<KeyHash>,
    // Its position is set when it counts.
    begins: Option<EnrolledKey>,
}
