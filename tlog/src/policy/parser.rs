//! The parser of policy files. <https://c2sp.org/tlog-policy#policy-file-syntax-and-structure>

use super::{Group, LogKey, Member, Octets, Policy, Quorum, Witness};
use crate::{KeyId, KeyKind, KeyName, MalformedVkey, Vkey};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

/// The largest policy file in bytes: 1,024 lines with an ML-DSA-44 key (1.8 KB) each are 1.9 MB.
pub const POLICY_BYTES_MAX: usize = 4 << 20;

/// The most lines of a policy file, empty ones and comments included. The specification asks for at least 32 logs, 32
/// witnesses and 32 groups; ten times as many fit, with comments.
pub const POLICY_LINES_MAX: usize = 1024;

/// Why a file is not a policy, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MalformedPolicy {
    /// The line, from 1; for what concerns the whole file, its last line.
    pub line: usize,
    /// What is wrong there.
    pub what: PolicyFault,
}

impl fmt::Display for MalformedPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} of the policy: {}", self.line, self.what)
    }
}

impl core::error::Error for MalformedPolicy {}

/// What can be wrong in a policy file. Lines are counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyFault {
    /// More than [`POLICY_BYTES_MAX`] bytes.
    TooLarge,
    /// More than [`POLICY_LINES_MAX`] lines.
    TooManyLines,
    /// An octet that is neither tab, newline, 0x20–0x7E nor 0x80–0xFF.
    ControlCharacter,
    /// The last line is not ended by a newline: a file cut short could say less than it meant.
    NoFinalNewline,
    /// The first item is none of `log`, `witness`, `group` and `quorum`.
    Keyword,
    /// Too few or too many items for this keyword.
    Items,
    /// A key is not a vkey.
    Vkey(MalformedVkey),
    /// A key of this kind does not sign as a log does: 0x01, 0x05 or 0x06.
    LogKind(KeyKind),
    /// A key of this kind does not cosign: 0x04 or 0x06.
    WitnessKind(KeyKind),
    /// The public key is the log's on that line.
    DuplicateLog(usize),
    /// The public key is the witness' on that line.
    DuplicateWitness(usize),
    /// Another public key has this name and this key id: nobody could tell their signature lines apart.
    AmbiguousKey(usize),
    /// The name is defined on that line.
    DuplicateName(usize),
    /// `none` is predefined.
    DefinesNone,
    /// `none` is no member of a group.
    NoneAsMember,
    /// No line above defines this name.
    UnknownName,
    /// The name is a member of the group on that line; it can be one of one group only, and once.
    MemberTwice(usize),
    /// The threshold is neither `all`, `any` nor a decimal from 1 to the number of members.
    Threshold,
    /// A quorum stands on that line.
    SecondQuorum(usize),
    /// No `quorum` line.
    NoQuorum,
}

impl fmt::Display for PolicyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => f.write_str("the file is larger than 4 MiB"),
            Self::TooManyLines => f.write_str("the file has more than 1,024 lines"),
            Self::ControlCharacter => f.write_str(
                "a control character other than tab and newline: save the file with plain newlines",
            ),
            Self::NoFinalNewline => f.write_str(
                "the last line does not end in a newline: check that nothing is missing and add it",
            ),
            Self::Keyword => f.write_str("a line begins with log, witness, group or quorum"),
            Self::Items => f.write_str(
                "a line is one of: log <vkey> [<url>], witness <name> <vkey> [<url>], \
                 group <name> <all, any or number> <name>…, quorum <name>",
            ),
            Self::Vkey(vkey) => vkey.fmt(f),
            Self::LogKind(kind) => write!(f, "a log does not sign by {kind}"),
            Self::WitnessKind(kind) => write!(f, "a witness does not cosign by {kind}"),
            Self::DuplicateLog(line) => write!(f, "the log on line {line} has this public key"),
            Self::DuplicateWitness(line) => {
                write!(f, "the witness on line {line} has this public key")
            }
            Self::AmbiguousKey(line) => write!(
                f,
                "the key on line {line} is another one with the same name and key id: rename one"
            ),
            Self::DuplicateName(line) => write!(f, "the name is defined on line {line}"),
            Self::DefinesNone => f.write_str("the name none is predefined: choose another"),
            Self::NoneAsMember => f.write_str("none cannot be a member of a group"),
            Self::UnknownName => f.write_str("no line above defines this name"),
            Self::MemberTwice(line) => write!(
                f,
                "the name is a member of the group on line {line}, and can be one only once"
            ),
            Self::Threshold => f.write_str(
                "the threshold is all, any, or a number from 1 to the number of members",
            ),
            Self::SecondQuorum(line) => write!(f, "the quorum stands on line {line}"),
            Self::NoQuorum => f.write_str("no quorum line; without witnesses write: quorum none"),
        }
    }
}

/// Reads a policy file.
pub(super) fn parse(bytes: &[u8]) -> Result<Policy, MalformedPolicy> {
    if bytes.len() > POLICY_BYTES_MAX {
        let (line, what) = (1, PolicyFault::TooLarge);
        return Err(MalformedPolicy { line, what });
    }
    let mut draft = Draft::default();
    let mut count = 0;
    for (index, line) in bytes.split_inclusive(|&byte| byte == b'\n').enumerate() {
        count = index + 1;
        draft.line = count;
        draft
            .read(line)
            .map_err(|what| MalformedPolicy { line: count, what })?;
    }
    let (quorum, _) = draft.quorum.ok_or(MalformedPolicy {
        line: count.max(1),
        what: PolicyFault::NoQuorum,
    })?;
    Ok(Policy {
        text: bytes.to_vec(),
        logs: draft.logs,
        witnesses: draft.witnesses,
        groups: draft.groups,
        quorum,
    })
}

/// What the lines so far have said, and on which line each thing was said.
#[derive(Default)]
struct Draft<'a> {
    line: usize,
    logs: Vec<LogKey>,
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    quorum: Option<(Quorum, usize)>,
    names: BTreeMap<&'a [u8], Definition>,
    log_keys: BTreeMap<Vec<u8>, usize>,
    witness_keys: BTreeMap<Vec<u8>, usize>,
    tags: BTreeMap<(KeyName, KeyId), (Vkey, usize)>,
}

struct Definition {
    member: Member,
    line: usize,
    member_on: Option<usize>,
}

impl<'a> Draft<'a> {
    fn read(&mut self, line: &'a [u8]) -> Result<(), PolicyFault> {
        if self.line > POLICY_LINES_MAX {
            return Err(PolicyFault::TooManyLines);
        }
        let (text, ended) = match line.split_last() {
            Some((b'\n', text)) => (text, true),
            _ => (line, false),
        };
        if !text
            .iter()
            .all(|byte| matches!(byte, b'\t' | 0x20..=0x7e | 0x80..=0xff))
        {
            return Err(PolicyFault::ControlCharacter);
        }
        if !ended {
            return Err(PolicyFault::NoFinalNewline);
        }
        let items: Vec<&'a [u8]> = text
            .split(|byte| matches!(byte, b' ' | b'\t'))
            .filter(|item| !item.is_empty())
            .collect();
        match items.as_slice() {
            [] => Ok(()),
            [comment, ..] if comment.starts_with(b"#") => Ok(()),
            [b"log", vkey] => self.log(vkey, None),
            [b"log", vkey, url] => self.log(vkey, Some(url)),
            [b"witness", name, vkey] => self.witness(name, vkey, None),
            [b"witness", name, vkey, url] => self.witness(name, vkey, Some(url)),
            [b"group", name, threshold, members @ ..] if !members.is_empty() => {
                self.group(name, threshold, members)
            }
            [b"quorum", name] => self.quorum(name),
            [b"log" | b"witness" | b"group" | b"quorum", ..] => Err(PolicyFault::Items),
            _ => Err(PolicyFault::Keyword),
        }
    }

    fn log(&mut self, vkey: &[u8], url: Option<&[u8]>) -> Result<(), PolicyFault> {
        let vkey = self.vkey(vkey)?;
        if vkey.kind() == KeyKind::Cosignature {
            return Err(PolicyFault::LogKind(vkey.kind()));
        }
        let twin = self.log_keys.insert(vkey.material().to_vec(), self.line);
        if let Some(line) = twin {
            return Err(PolicyFault::DuplicateLog(line));
        }
        let url = url.map(octets);
        self.logs.push(LogKey { vkey, url });
        Ok(())
    }

    fn witness(
        &mut self,
        name: &'a [u8],
        vkey: &[u8],
        url: Option<&[u8]>,
    ) -> Result<(), PolicyFault> {
        let vkey = self.vkey(vkey)?;
        if !matches!(vkey.kind(), KeyKind::Cosignature | KeyKind::MlDsa44) {
            return Err(PolicyFault::WitnessKind(vkey.kind()));
        }
        let twin = self
            .witness_keys
            .insert(vkey.material().to_vec(), self.line);
        if let Some(line) = twin {
            return Err(PolicyFault::DuplicateWitness(line));
        }
        self.define(name, Member::Witness(self.witnesses.len()))?;
        let (name, url) = (octets(name), url.map(octets));
        self.witnesses.push(Witness { name, vkey, url });
        Ok(())
    }

    fn group(
        &mut self,
        name: &'a [u8],
        threshold: &[u8],
        members: &[&'a [u8]],
    ) -> Result<(), PolicyFault> {
        let line = self.line;
        let members: Vec<Member> = members
            .iter()
            .map(|&name| {
                if name == NONE {
                    return Err(PolicyFault::NoneAsMember);
                }
                let named = self.names.get_mut(name).ok_or(PolicyFault::UnknownName)?;
                match named.member_on.replace(line) {
                    Some(line) => Err(PolicyFault::MemberTwice(line)),
                    None => Ok(named.member),
                }
            })
            .collect::<Result<_, _>>()?;
        let threshold = match threshold {
            b"all" => members.len(),
            b"any" => 1,
            number => decimal(number)
                .filter(|k| (1..=members.len()).contains(k))
                .ok_or(PolicyFault::Threshold)?,
        };
        self.define(name, Member::Group(self.groups.len()))?;
        let name = octets(name);
        self.groups.push(Group {
            name,
            threshold,
            members,
        });
        Ok(())
    }

    fn quorum(&mut self, name: &[u8]) -> Result<(), PolicyFault> {
        if let Some((_, line)) = self.quorum {
            return Err(PolicyFault::SecondQuorum(line));
        }
        let quorum = if name == NONE {
            Quorum::None
        } else {
            let named = self.names.get(name).ok_or(PolicyFault::UnknownName)?;
            Quorum::Of(named.member)
        };
        self.quorum = Some((quorum, self.line));
        Ok(())
    }

    fn vkey(&mut self, item: &[u8]) -> Result<Vkey, PolicyFault> {
        let text =
            core::str::from_utf8(item).map_err(|_| PolicyFault::Vkey(MalformedVkey::Parts))?;
        let vkey = Vkey::parse(text).map_err(PolicyFault::Vkey)?;
        let (known, line) = self
            .tags
            .entry((vkey.name().clone(), vkey.id()))
            .or_insert_with(|| (vkey.clone(), self.line));
        if *known == vkey {
            Ok(vkey)
        } else {
            Err(PolicyFault::AmbiguousKey(*line))
        }
    }

    fn define(&mut self, name: &'a [u8], member: Member) -> Result<(), PolicyFault> {
        if name == NONE {
            return Err(PolicyFault::DefinesNone);
        }
        let definition = Definition {
            member,
            line: self.line,
            member_on: None,
        };
        match self.names.insert(name, definition) {
            Some(twin) => Err(PolicyFault::DuplicateName(twin.line)),
            None => Ok(()),
        }
    }
}

const NONE: &[u8] = b"none";

fn octets(bytes: &[u8]) -> Octets {
    Octets(bytes.to_vec())
}

/// A decimal without sign and without leading zero: `010` is ten to some and eight to others.
fn decimal(digits: &[u8]) -> Option<usize> {
    let canonical = digits.iter().all(u8::is_ascii_digit) && digits.first() != Some(&b'0');
    core::str::from_utf8(digits)
        .ok()
        .filter(|_| canonical)?
        .parse()
        .ok()
}
