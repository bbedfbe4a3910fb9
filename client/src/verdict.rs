//! What a check came to: one sentence, one exit code, what was checked, and what was not proved.

use crate::confirmation::Confirmations;
use crate::reason::Reason;
use tlog::LeafIndex;
use words::{Code, Exit, Lang};

/// The outcome of [`verify`](crate::verify).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The sentence that stands first.
    pub word: Word,
    /// The exit code.
    pub exit: Exit,
    /// What was checked, in order. If one failed it is the last: what follows from a false thing is worth nothing.
    pub checks: Vec<Check>,
    /// What this verdict does not say, also when all is well.
    pub not_proved: Vec<Code>,
    /// Where the entry stands in the log; `None` unless that is proved.
    pub index: Option<LeafIndex>,
    /// The policy's witnesses and what each has confirmed; empty unless all is proved.
    pub confirmations: Confirmations,
}

impl Verdict {
    /// A verdict whose exit code is its code's own.
    pub fn new(word: Word) -> Self {
        Self {
            exit: word.code.exit(),
            word,
            checks: Vec::new(),
            not_proved: Vec::new(),
            index: None,
            confirmations: Confirmations::default(),
        }
    }

    /// "We could not finish the check because …".
    pub fn cannot_check(reason: Reason) -> Self {
        Self::new(Word::because(Code::CannotCheck, reason))
    }

    /// The reason code.
    pub const fn code(&self) -> Code {
        self.word.code
    }
}

/// One thing that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What.
    pub name: CheckName,
    /// How it came out.
    pub passed: bool,
    /// More about it, if there is more to say.
    pub word: Option<Word>,
}

/// The things that are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CheckName {
    /// The receipt and the evidence are about one entry.
    SameEntry,
    /// The record is canonical, and with its openers it gives the entry's commitment.
    Commitment,
    /// The entry is signed by the key beside the record, for this log.
    EntrySignature,
    /// The file has the length, SHA-256 and chunk root that the record states.
    File,
    /// The log signed the head, by every key of it that is known.
    LogSignatures,
    /// Enough witnesses cosigned the head.
    Quorum,
    /// The entry stands at its position under the head.
    Inclusion,
    /// Entry 0 is the genesis notice beside the record, and names the policy's keys.
    Genesis,
    /// Two admins enrolled the key, at an earlier position.
    KeyEnrolment,
}

impl CheckName {
    /// The stable name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SameEntry => "same_entry",
            Self::Commitment => "commitment",
            Self::EntrySignature => "entry_signature",
            Self::File => "file",
            Self::LogSignatures => "log_signatures",
            Self::Quorum => "quorum",
            Self::Inclusion => "inclusion",
            Self::Genesis => "genesis",
            Self::KeyEnrolment => "key_enrolment",
        }
    }

    /// What it means that it passed.
    pub const fn meaning(self, lang: Lang) -> &'static str {
        match (self, lang) {
            (Self::SameEntry, Lang::En) => "the proof is for this entry",
            (Self::SameEntry, Lang::Zh) => "证明对应这个条目",
            (Self::Commitment, Lang::En) => "the record gives the logged commitment",
            (Self::Commitment, Lang::Zh) => "登记内容与日志中的承诺值相符",
            (Self::EntrySignature, Lang::En) => "the entry's signature is right",
            (Self::EntrySignature, Lang::Zh) => "条目的签名正确",
            (Self::File, Lang::En) => "the file is bit for bit the recorded one",
            (Self::File, Lang::Zh) => "文件与登记的逐字节相同",
            (Self::LogSignatures, Lang::En) => "the log signed the head",
            (Self::LogSignatures, Lang::Zh) => "日志头有日志的签名",
            (Self::Quorum, Lang::En) => "the policy's quorum is met",
            (Self::Quorum, Lang::Zh) => "满足规则要求的见证数",
            (Self::Inclusion, Lang::En) => "the entry is in the log",
            (Self::Inclusion, Lang::Zh) => "条目在日志中",
            (Self::Genesis, Lang::En) => "the log's first notice fits the policy",
            (Self::Genesis, Lang::Zh) => "日志的首份公告与规则相符",
            (Self::KeyEnrolment, Lang::En) => "the key was enrolled before the entry",
            (Self::KeyEnrolment, Lang::Zh) => "密钥在条目之前已启用",
        }
    }
}

/// A reason code with what its sentence needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The code.
    pub code: Code,
    /// Values for the sentence's placeholders.
    pub arguments: Vec<(&'static str, Argument)>,
}

/// A value for a placeholder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Argument {
    /// The same in every language.
    Text(String),
    /// A phrase of the language.
    Reason(Reason),
    /// Names, with the comma of the language between them.
    List(Vec<String>),
    /// Who has confirmed, and when.
    Confirmations(Confirmations),
}

impl Argument {
    /// The text in this language.
    pub fn say(&self, lang: Lang) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Reason(reason) => reason.phrase(lang),
            Self::List(names) => lang.list(names),
            Self::Confirmations(confirmations) => confirmations.say(lang),
        }
    }
}

impl Word {
    /// A code whose sentence needs nothing.
    pub const fn plain(code: Code) -> Self {
        Self {
            code,
            arguments: Vec::new(),
        }
    }

    /// A code whose sentence has a `{reason}`.
    pub fn because(code: Code, reason: Reason) -> Self {
        Self {
            code,
            arguments: vec![("reason", Argument::Reason(reason))],
        }
    }

    /// With a value for one more placeholder.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &(impl ToString + ?Sized)) -> Self {
        self.arguments
            .push((name, Argument::Text(value.to_string())));
        self
    }

    /// With names for one more placeholder.
    #[must_use]
    pub fn with_list(mut self, name: &'static str, names: Vec<String>) -> Self {
        self.arguments.push((name, Argument::List(names)));
        self
    }

    /// With those who have confirmed for one more placeholder.
    #[must_use]
    pub fn with_confirmations(mut self, name: &'static str, of: Confirmations) -> Self {
        self.arguments.push((name, Argument::Confirmations(of)));
        self
    }

    /// The sentence.
    pub fn say(&self, lang: Lang) -> String {
        let filled: Vec<_> = self
            .arguments
            .iter()
            .map(|(name, argument)| (*name, argument.say(lang)))
            .collect();
        let filled: Vec<_> = filled
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        self.code.say(lang, &filled)
    }
}
