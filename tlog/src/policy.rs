//! Trust policies: which logs, which witnesses, and how many of them. <https://c2sp.org/tlog-policy>

mod operator;
mod parser;
mod strength;

pub use operator::{Operator, Operators};
pub use parser::{MalformedPolicy, POLICY_BYTES_MAX, POLICY_LINES_MAX, PolicyFault};
pub use strength::{Grip, NotSearched, OPERATORS_MAX, QuorumSearch, QuorumStrength};

use crate::signed_checkpoint::verify_known;
use crate::{
    Checkpoint, CosignedCheckpoint, Hash, Note, Refusal, SignatureChecks, VerifiedLine, Vkey,
};
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

/// A policy file: the logs that are known, the witnesses that are known, and the quorum that makes a checkpoint valid.
///
/// ```
/// # use tlog::{Policy, Quorum};
/// let file = b"\
/// ## Two of three witnesses.
/// log\texample.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k https://log.example.com/
///
/// witness A witness.example/a+67f0ad1b+BIBZfqduNqBXVPPpUAcCOMBEThv3OAMBpP+PRG1lrK6U
/// witness B witness.example/b+0c83ad7f+BG2xR8fIQ7i+iI5yI0QAc3dGI2mOpBVK7Y+eSsUEmj2y
/// witness C witness.example/c+4e69a24b+BBxbkrgYEZIHZq1SwT+pzK4vmCVvPzjEvDt2/hBf2/+r
/// group two-of-three 2 A B C
/// quorum two-of-three
/// ";
/// let policy = Policy::parse(file)?;
/// assert_eq!(policy.logs()[0].vkey().name().as_str(), "example.com/foo");
/// assert_eq!(policy.logs()[0].url().unwrap().to_string(), "https://log.example.com/");
/// assert_eq!(policy.witnesses().len(), 3);
/// assert_eq!(policy.groups()[0].threshold(), 2);
/// assert!(policy.is_met_by(&[true, false, true]));
/// assert!(!policy.is_met_by(&[true, false, false]));
/// assert_eq!(policy.text(), file);
/// # Ok::<(), tlog::MalformedPolicy>(())
/// ```
///
/// The policy counts verifier keys, not people: an operator who has two keys is a group of both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    text: Vec<u8>,
    logs: Vec<LogKey>,
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    quorum: Quorum,
}

impl Policy {
    /// Reads a policy file to the octet: see [`PolicyFault`] for all that is refused. At most [`POLICY_BYTES_MAX`]
    /// bytes in [`POLICY_LINES_MAX`] lines, each ended by a newline.
    pub fn parse(bytes: &[u8]) -> Result<Self, MalformedPolicy> {
        parser::parse(bytes)
    }

    /// The policy that trusts this log key and asks for no witness: a `log` line and `quorum none`.
    ///
    /// Refuses what the file could not say: a cosigner's key (0x04), a URL with white space or control characters.
    pub fn unwitnessed(log: &Vkey, url: Option<&str>) -> Result<Self, MalformedPolicy> {
        let mut text = alloc::format!("log {log}");
        if let Some(url) = url {
            text.push(' ');
            text.push_str(url);
        }
        text.push_str("\nquorum none\n");
        Self::parse(text.as_bytes())
    }

    /// The logs, in the order of the file. Any one of them may have signed.
    pub fn logs(&self) -> &[LogKey] {
        &self.logs
    }

    /// The witnesses, in the order of the file.
    pub fn witnesses(&self) -> &[Witness] {
        &self.witnesses
    }

    /// The groups, in the order of the file; each has members defined before it only.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Whose cosignatures are needed.
    pub const fn quorum(&self) -> Quorum {
        self.quorum
    }

    /// Whether the policy asks for no witness (`quorum none`): then the log alone is believed, and a restored backup of
    /// it could contradict what it said.
    pub fn is_unwitnessed(&self) -> bool {
        self.quorum == Quorum::None
    }

    /// The bytes of the file.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// SHA-256 of the bytes of the file: what two people compare to know that they trust alike.
    pub fn fingerprint(&self) -> Hash {
        Hash::of(&self.text)
    }

    /// Judges a note: it is a checkpoint, signed by a listed log whose key name is the origin, cosigned by a quorum, and
    /// no line that a listed key is said to have signed is invalid.
    pub fn judge(
        &self,
        note: &Note,
        checks: &dyn SignatureChecks,
    ) -> Result<CosignedCheckpoint, Refusal> {
        self.judge_with(note, &[], checks)
    }

    /// As [`judge`](Self::judge), and knows more keys of the same log: their lines must be valid too and are listed in
    /// the verdict, so that a caller may require one (see [`CosignedCheckpoint::require_log_kind`]). They never stand
    /// in for a log that the policy lists.
    pub fn judge_with(
        &self,
        note: &Note,
        also: &[Vkey],
        checks: &dyn SignatureChecks,
    ) -> Result<CosignedCheckpoint, Refusal> {
        let checkpoint = Checkpoint::parse(note.text())?;
        let is_its_log = |vkey: &Vkey| vkey.name().as_str() == checkpoint.origin();
        let logs = || self.logs.iter().map(LogKey::vkey);
        if !logs().any(is_its_log) {
            return Err(Refusal::UnknownLog);
        }
        let listed = verify_known(note, &checkpoint, logs(), checks)?;
        let mut log_lines: Vec<VerifiedLine> = logs()
            .zip(listed)
            .filter(|(vkey, _)| is_its_log(vkey))
            .filter_map(|(_, line)| line)
            .collect();
        if log_lines.is_empty() {
            return Err(Refusal::NoLogSignature);
        }
        let more = verify_known(note, &checkpoint, also.iter(), checks)?;
        for (vkey, line) in also.iter().zip(more) {
            let line = line.filter(|line| is_its_log(vkey) && !log_lines.contains(line));
            log_lines.extend(line);
        }
        let keys = self.witnesses.iter().map(Witness::vkey);
        let cosignatures = verify_known(note, &checkpoint, keys, checks)?;
        let cosigned: Vec<bool> = cosignatures.iter().map(Option::is_some).collect();
        self.require_quorum(&cosigned)?;
        Ok(CosignedCheckpoint::judged(
            note.clone(),
            checkpoint,
            log_lines,
            cosignatures.into_iter().flatten().collect(),
        ))
    }

    /// Whether these witnesses together are a quorum: one answer a witness, in the order of
    /// [`witnesses`](Self::witnesses); missing ones have not cosigned.
    pub fn is_met_by(&self, cosigned: &[bool]) -> bool {
        self.require_quorum(cosigned).is_ok()
    }

    /// What is allowed and yet unwise.
    pub fn warnings(&self) -> Vec<PolicyWarning> {
        let mut warnings = Vec::new();
        for (log, log_key) in self.logs.iter().enumerate() {
            for (witness, witness_key) in self.witnesses.iter().enumerate() {
                if log_key.vkey.has_key_of(&witness_key.vkey) {
                    warnings.push(PolicyWarning::LogIsWitness { log, witness });
                }
            }
        }
        warnings
    }

    /// For each group how many of its members have cosigned.
    fn met(&self, cosigned: &[bool]) -> Vec<usize> {
        // Members stand before their group, so one pass in order knows all it needs, however deep the groups nest.
        let mut met: Vec<usize> = vec![0; self.groups.len()];
        let has = |met: &[usize], member: &Member| match *member {
            Member::Witness(index) => cosigned.get(index).copied().unwrap_or(false),
            Member::Group(index) => self
                .groups
                .get(index)
                .zip(met.get(index))
                .is_some_and(|(group, &met)| met >= group.threshold),
        };
        for (index, group) in self.groups.iter().enumerate() {
            met[index] = group.members.iter().filter(|m| has(&met, m)).count();
        }
        met
    }

    fn require_quorum(&self, cosigned: &[bool]) -> Result<(), Refusal> {
        let (have, need, of) = match self.quorum {
            Quorum::None => return Ok(()),
            Quorum::Of(Member::Group(index)) => {
                let group = &self.groups[index];
                let met = self.met(cosigned)[index];
                (met, group.threshold, group.members.len())
            }
            Quorum::Of(Member::Witness(index)) => {
                let has = cosigned.get(index).copied().unwrap_or(false);
                (usize::from(has), 1, 1)
            }
        };
        if have >= need {
            Ok(())
        } else {
            Err(Refusal::Quorum { have, need, of })
        }
    }
}

impl fmt::Display for Policy {
    /// The file as text; octets that are not UTF-8 are replaced. [`Policy::text`] has the very bytes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.text))
    }
}

/// A `log` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogKey {
    vkey: Vkey,
    url: Option<Octets>,
}

impl LogKey {
    /// The log's key: 0x01, 0x05 or 0x06. Its name is the log's origin.
    pub const fn vkey(&self) -> &Vkey {
        &self.vkey
    }

    /// Where the log answers, if the file says it.
    pub const fn url(&self) -> Option<&Octets> {
        self.url.as_ref()
    }
}

/// A `witness` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    name: Octets,
    vkey: Vkey,
    url: Option<Octets>,
}

impl Witness {
    /// The name that groups and the quorum call it by; it means nothing outside of the file.
    pub const fn name(&self) -> &Octets {
        &self.name
    }

    /// The witness' key: 0x04 or 0x06.
    pub const fn vkey(&self) -> &Vkey {
        &self.vkey
    }

    /// Where the witness answers, if the file says it.
    pub const fn url(&self) -> Option<&Octets> {
        self.url.as_ref()
    }
}

/// A `group` line: it has cosigned when at least `threshold` of its members have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    name: Octets,
    threshold: usize,
    members: Vec<Member>,
}

impl Group {
    /// The name that other groups and the quorum call it by.
    pub const fn name(&self) -> &Octets {
        &self.name
    }

    /// How many members must have cosigned: 1 to the number of members.
    pub const fn threshold(&self) -> usize {
        self.threshold
    }

    /// The members, in the order of the line.
    pub fn members(&self) -> &[Member] {
        &self.members
    }
}

/// A member of a group, by its place in [`Policy::witnesses`] or [`Policy::groups`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Member {
    /// The witness at this place.
    Witness(usize),
    /// The group at this place.
    Group(usize),
}

/// The `quorum` line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quorum {
    /// `quorum none`: no cosignature is needed.
    None,
    /// This witness or group must have cosigned.
    Of(Member),
}

/// A name or a URL in a policy file: opaque octets, compared as they are. `Display` replaces what is not UTF-8.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Octets(Vec<u8>);

impl Octets {
    /// The octets.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The octets as text, if they are UTF-8.
    pub fn as_str(&self) -> Option<&str> {
        core::str::from_utf8(&self.0).ok()
    }
}

impl fmt::Display for Octets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

impl fmt::Debug for Octets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", String::from_utf8_lossy(&self.0))
    }
}

/// What a policy file may say and should not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyWarning {
    /// A log is also a witness, with the same public key: it watches itself.
    LogIsWitness {
        /// The place in [`Policy::logs`].
        log: usize,
        /// The place in [`Policy::witnesses`].
        witness: usize,
    },
}

impl fmt::Display for PolicyWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::LogIsWitness { log, witness } = self;
        write!(
            f,
            "witness {} of the file has the key of log {}: a log does not watch itself",
            witness + 1,
            log + 1
        )
    }
}
