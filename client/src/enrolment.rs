//! Whether a key was enrolled before an entry: two notices with their receipts, and nothing but a policy is believed.
//!
//! 1. The genesis notice is entry 0 under a head of the policy, signed by the entry key and two of the admins that it
//!    names itself; its origin and its vkeys are those of the policy's log.
//! 2. The enrolment (`key.enrol`, or `key.rotate` to this key) is an entry by the genesis' entry key, under a head of
//!    the policy, signed by two of the genesis' admins, at an earlier position than the record.
//!
//! What this does not show is that no notice between the two positions revoked the key: for that all notices must be
//! read. The verdict says so.

use crate::bench::{Bench, Failed};
use crate::reason::Reason;
use crate::verdict::{CheckName, Word};
use evidence::{
    Entry, EvidenceFile, KeyHash, LoggedNotice, Notice, NoticeBody, Registry, Role, Spki,
};
use tlog::{LeafIndex, Policy, Receipt, SignatureChecks, Vkey};
use words::Code;

/// A key's enrolment, proved.
#[derive(Debug)]
pub(crate) struct Enrolment {
    registry: Registry,
    index: LeafIndex,
    bureau: String,
}

impl Enrolment {
    /// All keys of the log, from its genesis.
    pub(crate) fn log_vkeys(&self) -> &[Vkey] {
        self.registry.log_vkeys()
    }

    pub(crate) fn word(&self, entry: &Entry) -> Word {
        Word::plain(Code::KeyEnrolledBefore)
            .with("key", &entry.key_id())
            .with("bureau", &&self.bureau)
            .with("p", &self.index)
    }
}

/// Proves the enrolment of the key of `entry`, whose own receipt is `receipt`.
pub(crate) fn check(
    bench: &mut Bench<'_>,
    evidence: &EvidenceFile,
    entry: &Entry,
    receipt: &Receipt,
    policy: &Policy,
) -> Result<Enrolment, Failed> {
    // The genesis stands first; of the rest, which are in the order of the log, the one about this key counts.
    let Some((genesis, others)) = evidence.notices.split_first() else {
        return Err(Reason::NoNotices.into());
    };
    let enrolment = others
        .iter()
        .find(|logged| enrolled(&logged.notice).is_some_and(|(key, ..)| key == *entry.key_id()));
    let Some(enrolment) = enrolment else {
        return Err(Reason::NoNotices.into());
    };
    let registry = genesis_of(bench, evidence, genesis, policy)?;
    bench.passed(CheckName::Genesis, None);

    let fail = |bench: &mut Bench<'_>, reason| {
        bench.failed(
            CheckName::KeyEnrolment,
            Word::because(Code::FailKey, reason),
        )
    };
    let logged = LoggedEntry::parse(enrolment)?;
    if registry
        .check_entry(&logged.entry, logged.notice, bench.checks)
        .is_err()
    {
        return Err(fail(bench, Reason::NotThisNotice));
    }
    logged.stands_under(bench, policy, registry.log_vkeys())?;
    if !is_signed_by_admins(&registry, logged.notice, bench.checks) {
        return Err(fail(bench, Reason::NotSignedByAdmins));
    }
    let Some((_, roles, bureau)) = enrolled(logged.notice) else {
        return Err(Reason::NoNotices.into());
    };
    if !roles.contains(&Role::Submit) {
        return Err(fail(bench, Reason::MayNotSubmit));
    }
    let index = logged.receipt.index();
    if index >= receipt.index() {
        return Err(fail(bench, Reason::EnrolledLater));
    }
    Ok(Enrolment {
        registry,
        index,
        bureau,
    })
}

/// The key that a notice lets in, what the key may do, and for whom.
fn enrolled(notice: &Notice) -> Option<(KeyHash, &[Role], String)> {
    match notice.body() {
        NoticeBody::KeyEnrol(body) => Some((body.spki.key_hash(), &body.roles, body.name.clone())),
        // A rotation names the old key; the bureau's name stands in an earlier notice.
        NoticeBody::KeyRotate(body) => {
            Some((body.spki.key_hash(), &body.roles, body.key.to_string()))
        }
        _ => None,
    }
}

fn genesis_of(
    bench: &mut Bench<'_>,
    evidence: &EvidenceFile,
    genesis: &LoggedNotice,
    policy: &Policy,
) -> Result<Registry, Failed> {
    let fail = |bench: &mut Bench<'_>| {
        bench.failed(
            CheckName::Genesis,
            Word::because(Code::FailKey, Reason::NotThisGenesis),
        )
    };
    let logged = LoggedEntry::parse(genesis)?;
    // Checked against the keys that it names itself; that it is entry 0 of the policy's log ties these to the policy.
    let Ok(registry) = Registry::genesis(logged.receipt.index(), logged.notice, bench.checks)
    else {
        return Err(fail(bench));
    };
    if registry
        .check_entry(&logged.entry, logged.notice, bench.checks)
        .is_err()
        || registry.origin() != &evidence.origin
        || !names_keys_of(&registry, policy)
    {
        return Err(fail(bench));
    }
    logged.stands_under(bench, policy, registry.log_vkeys())?;
    Ok(registry)
}

/// Every log line of the policy under this origin is a vkey of the genesis: a policy for another log of that name is
/// no policy for this one.
fn names_keys_of(registry: &Registry, policy: &Policy) -> bool {
    let mut of_origin = policy
        .logs()
        .iter()
        .map(tlog::LogKey::vkey)
        .filter(|vkey| vkey.name().as_str() == registry.origin().as_str())
        .peekable();
    of_origin.peek().is_some() && of_origin.all(|vkey| registry.log_vkeys().contains(vkey))
}

/// Two different admins of the genesis signed (that they are two and differ, the notice's form says already).
fn is_signed_by_admins(registry: &Registry, notice: &Notice, checks: &dyn SignatureChecks) -> bool {
    let message = notice.unsigned_message(registry.origin_hash());
    let admin = |key: &KeyHash| -> Option<&Spki> {
        let admins = &registry.genesis_body().admins;
        admins.iter().find(|spki| spki.key_hash() == *key)
    };
    !notice.admins().is_empty()
        && notice.admins().iter().all(|signature| {
            admin(signature.key())
                .is_some_and(|spki| checks.p256(spki.as_der(), &message, signature.signature()))
        })
}

/// A notice, its receipt, and the entry that the receipt carries; not believed yet.
struct LoggedEntry<'a> {
    notice: &'a Notice,
    receipt: &'a Receipt,
    entry: Entry,
}

impl<'a> LoggedEntry<'a> {
    fn parse(logged: &'a LoggedNotice) -> Result<Self, Failed> {
        let entry = logged
            .receipt
            .extra()
            .and_then(|extra| Entry::parse(extra).ok())
            .ok_or(Reason::EvidenceMalformed)?;
        Ok(Self {
            notice: &logged.notice,
            receipt: &logged.receipt,
            entry,
        })
    }

    fn stands_under(
        &self,
        bench: &mut Bench<'_>,
        policy: &Policy,
        also: &[Vkey],
    ) -> Result<(), Failed> {
        bench.head(self.receipt.note(), policy, also, false)?;
        bench.inclusion(self.receipt, &self.entry, false)
    }
}
