//! The quorum: whose cosignatures a head needs before it leaves the house.

use service::AwsLc;
use std::collections::BTreeMap;
use tlog::{Checkpoint, Hash, KeyKind, Member, Note, Policy, SignatureLine, Vkey, verify_line};

/// Lines that a checkpoint carries at most, which every verifier must be able to read (c2sp.org/signed-note).
const LINES_MAX: usize = 16;
/// The log's own lines.
const LOG_LINES: usize = 3;

/// A witness operator: one address, one or more keys, one vote.
#[derive(Clone, Debug)]
pub struct Operator {
    /// What the policy calls the group of its keys, or its only key.
    pub name: String,
    /// Where it answers.
    pub url: String,
    /// The places of its keys in [`Policy::witnesses`].
    places: Vec<usize>,
}

/// The policy that this log's heads must satisfy, and whom to ask.
#[derive(Debug)]
pub struct Quorum {
    policy: Policy,
    operators: Vec<Operator>,
}

impl Quorum {
    /// The quorum of a policy file, for the log with these keys.
    pub fn new(policy: Policy, log_keys: &[Vkey]) -> Result<Self, UnfitPolicy> {
        if policy.is_unwitnessed() {
            return Err(UnfitPolicy::NoQuorum);
        }
        if !policy
            .logs()
            .iter()
            .any(|log| log_keys.contains(log.vkey()))
        {
            return Err(UnfitPolicy::NotThisLog);
        }
        if policy.witnesses().len() > LINES_MAX - LOG_LINES {
            return Err(UnfitPolicy::TooManyKeys);
        }
        let mut by_url: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (place, witness) in policy.witnesses().iter().enumerate() {
            if log_keys.iter().any(|key| key.has_key_of(witness.vkey())) {
                return Err(UnfitPolicy::LogIsWitness(witness.name().to_string()));
            }
            let url = witness
                .url()
                .ok_or_else(|| UnfitPolicy::NoUrl(witness.name().to_string()))?;
            by_url.entry(url.to_string()).or_default().push(place);
        }
        let mut operators: Vec<Operator> = by_url
            .into_iter()
            .map(|(url, places)| Operator {
                name: name(&policy, &places),
                url,
                places,
            })
            .collect();
        operators.sort_by_key(|operator| operator.places.first().copied());
        Ok(Self { policy, operators })
    }

    /// The policy.
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Whom to ask, in the order of the policy.
    pub fn operators(&self) -> &[Operator] {
        &self.operators
    }

    /// Of the lines that an operator sent, those that are valid cosignatures of the checkpoint by its own keys, with a
    /// time (c2sp.org/tlog-witness: "MUST NOT omit the timestamp"); each with the place of its key.
    pub fn verified(
        &self,
        operator: usize,
        checkpoint: &Checkpoint,
        text: &str,
        lines: Vec<SignatureLine>,
    ) -> Vec<(usize, SignatureLine)> {
        let places = self
            .operators
            .get(operator)
            .map_or(&[][..], |operator| &operator.places);
        let key_of = |line: &SignatureLine| {
            places.iter().copied().find(|place| {
                let vkey = self.policy.witnesses()[*place].vkey();
                vkey.name() == line.name()
                    && vkey.id() == line.id()
                    && verify_line(vkey, checkpoint, text, line, &AwsLc)
                        .is_ok_and(|line| line.time.seconds().is_some())
            })
        };
        lines
            .into_iter()
            .filter_map(|line| Some((key_of(&line)?, line)))
            .collect()
    }

    /// The latest time in the valid cosignatures by this operator among these lines, in seconds since 1970: just made, it
    /// is what the operator's clock shows.
    pub fn time_of(
        &self,
        operator: usize,
        checkpoint: &Checkpoint,
        text: &str,
        lines: Vec<SignatureLine>,
    ) -> Option<u64> {
        let lines = self.verified(operator, checkpoint, text, lines);
        let time = |(place, line): &(usize, SignatureLine)| {
            let vkey = self.policy.witnesses()[*place].vkey();
            verify_line(vkey, checkpoint, text, line, &AwsLc)
                .ok()?
                .time
                .seconds()
        };
        lines.iter().filter_map(time).max()
    }

    /// Whether these verified lines are by every key that the policy lists of this operator.
    pub fn has_all_keys(&self, operator: usize, lines: &[(usize, SignatureLine)]) -> bool {
        let operator = self.operators.get(operator);
        let signed = |place: &usize| lines.iter().any(|(by, _)| by == place);
        operator.is_some_and(|operator| operator.places.iter().all(signed))
    }

    /// The operator whose Ed25519 key (0x04) has this hash: SHA-256 of the vkey as text.
    pub fn operator_by_key(&self, key_hash: &Hash) -> Option<usize> {
        let has_key = |operator: &Operator| self.key_hashes(operator).any(|hash| hash == *key_hash);
        self.operators.iter().position(has_key)
    }

    /// By what an operator is remembered, whatever the policy calls it: the hash of its first Ed25519 key.
    pub fn key_of_operator(&self, operator: usize) -> Option<Hash> {
        self.key_hashes(self.operators.get(operator)?).next()
    }

    fn key_hashes(&self, operator: &Operator) -> impl Iterator<Item = Hash> {
        let vkeys = operator.places.iter();
        let vkeys = vkeys.map(|place| self.policy.witnesses()[*place].vkey());
        vkeys
            .filter(|vkey| vkey.kind() == KeyKind::Cosignature)
            .map(|vkey| Hash::of(vkey.to_string().as_bytes()))
    }

    /// Whether the keys that cosigned are a quorum: one answer for each of [`Policy::witnesses`].
    pub fn is_met_by_keys(&self, cosigned: &[bool]) -> bool {
        self.policy.is_met_by(cosigned)
    }

    /// Whether these operators, with all their keys, are a quorum: one answer for each of [`Quorum::operators`].
    pub fn is_met_by_operators(&self, consistent: &[bool]) -> bool {
        let mut keys = vec![false; self.policy.witnesses().len()];
        for (operator, _) in self.operators.iter().zip(consistent).filter(|(_, is)| **is) {
            operator.places.iter().for_each(|place| keys[*place] = true);
        }
        self.policy.is_met_by(&keys)
    }

    /// The note with the cosignatures that are there, in the order of the policy.
    pub fn cosigned(&self, log_note: &Note, lines: &[Option<SignatureLine>]) -> Option<Note> {
        lines
            .iter()
            .flatten()
            .try_fold(log_note.clone(), |note, line| note.with_line(line.clone()))
            .ok()
    }

    /// The policy with the log's key of this kind: Ed25519 for tools that know no ML-DSA. A policy that lists several keys
    /// is given as it is, since no key may stand in it twice.
    pub fn policy_with(&self, log_keys: &[Vkey], kind: KeyKind) -> String {
        let text = String::from_utf8_lossy(self.policy.text()).into_owned();
        let wanted = log_keys.iter().find(|key| key.kind() == kind);
        match (self.policy.logs(), wanted) {
            ([log], Some(wanted)) => text.replace(&log.vkey().to_string(), &wanted.to_string()),
            _ => text,
        }
    }
}

/// The group whose members are all keys of this operator, else the name of its first key.
fn name(policy: &Policy, places: &[usize]) -> String {
    let is_theirs =
        |member: &Member| matches!(member, Member::Witness(place) if places.contains(place));
    let group = policy
        .groups()
        .iter()
        .find(|group| group.members().iter().all(is_theirs));
    match (group, places.first()) {
        (Some(group), _) => group.name().to_string(),
        (None, Some(place)) => policy.witnesses()[*place].name().to_string(),
        (None, None) => String::new(),
    }
}

/// Why a policy cannot be this log's quorum.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnfitPolicy {
    /// It asks for no witness.
    #[error(
        "the policy says `quorum none`: leave the option policy out for a log without witnesses"
    )]
    NoQuorum,
    /// It trusts other logs.
    #[error(
        "no `log` line of the policy has a key of this log: write the policy with `notarylog witness policy`"
    )]
    NotThisLog,
    /// A witness that cannot be asked.
    #[error("the witness {0} has no URL in the policy, and the log must ask it")]
    NoUrl(String),
    /// The log watches itself.
    #[error("the witness {0} has a key of the log: a log does not watch itself")]
    LogIsWitness(String),
    /// More lines than verifiers must read.
    #[error(
        "the policy has more than 13 witness keys: a checkpoint carries at most 16 lines, three by the log"
    )]
    TooManyKeys,
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on must panic")]
mod tests {
    use super::Quorum;
    use crate::log::house::House;
    use crate::signer::Signer as _;
    use crate::witnesses::simulated::SimulatedWitness;
    use tlog::{KeyKind, Policy, cosignature_line};

    #[tokio::test]
    async fn an_operator_has_cosigned_with_all_its_keys_or_not_at_all() {
        let house = House::new().await;
        let log_keys = house.signer().vkeys().clone();
        let of = |kind| {
            log_keys
                .iter()
                .find(|key| key.kind() == kind)
                .unwrap()
                .clone()
        };
        let (ml_dsa, ed25519) = (of(KeyKind::MlDsa44), of(KeyKind::Ed25519));
        let keys = ["a", "b", "c"].map(|name| {
            let witness = SimulatedWitness::new(&format!("witness.example/{name}"), &log_keys);
            witness.vkey().clone()
        });
        let groups = format!(
            "witness a {} http://one\nwitness b {} http://one\nwitness c {} http://two\n\
             group one all a b\ngroup q all one c\nquorum q\n",
            keys[0], keys[1], keys[2]
        );
        let policy = |logs: &str| Policy::parse(format!("{logs}{groups}").as_bytes()).unwrap();
        let one_log = format!("log {ml_dsa}\n");
        let quorum = Quorum::new(policy(&one_log), &log_keys).unwrap();
        let names: Vec<&str> = quorum
            .operators()
            .iter()
            .map(|one| one.name.as_str())
            .collect();
        assert_eq!(names, ["one", "c"]);
        let line = |place: usize| (place, cosignature_line(&keys[place], 1, &[7; 64]));
        assert!(quorum.has_all_keys(0, &[line(0), line(1)]));
        assert!(quorum.has_all_keys(1, &[line(2)]));
        for some in [vec![], vec![line(0)], vec![line(1)], vec![line(0), line(2)]] {
            assert!(!quorum.has_all_keys(0, &some));
        }

        let for_ed25519 = quorum.policy_with(&log_keys, KeyKind::Ed25519);
        assert_eq!(for_ed25519, format!("log {ed25519}\n{groups}"));
        let both = format!("log {ml_dsa}\nlog {ed25519}\n");
        let quorum = Quorum::new(policy(&both), &log_keys).unwrap();
        for kind in [KeyKind::MlDsa44, KeyKind::Ed25519] {
            let given = quorum.policy_with(&log_keys, kind);
            assert!(
                Policy::parse(given.as_bytes()).is_ok(),
                "no key stands in it twice"
            );
        }
    }
}
