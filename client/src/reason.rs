//! Why something could not be checked, or why a key does not count: the `{reason}` of a sentence, in both languages.

use tlog::{MalformedMisbehavior, NotProven};
use words::Lang;

/// A reason within a sentence of the words catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// A file cannot be opened or read; what the system said.
    Unreadable(String),
    /// No policy was given; the origin of the log whose policy is asked for.
    NoPolicy(String),
    /// There is an original, and no record beside it.
    NoRecord,
    /// There is a record, and no proof beside it.
    NoProof,
    /// The evidence file has no notices yet.
    NoNotices,
    /// Not in the form of an evidence file.
    EvidenceMalformed,
    /// Not in the form of a tlog-proof.
    ReceiptMalformed,
    /// A proof alone, without the entry that it proves.
    ReceiptWithoutEntry,
    /// The evidence file names another key than the entry.
    KeyOfAnotherEntry,
    /// Entry 0 under the policy is not the genesis notice beside the record, or that does not name the policy's keys.
    NotThisGenesis,
    /// The notice is not what the log logged.
    NotThisNotice,
    /// Fewer than two admins of the genesis signed the enrolment.
    NotSignedByAdmins,
    /// The key is enrolled for something else.
    MayNotSubmit,
    /// The enrolment stands at the entry's position or after it.
    EnrolledLater,
    /// A witness could not be asked: its address, and what came of it.
    Witness(String, String),
    /// Not in the form of a proof of misbehaviour.
    MisbehaviorMalformed(MalformedMisbehavior),
    /// What a proof of misbehaviour fails by.
    NotProven(NotProven),
}

impl Reason {
    /// The words to put into a sentence, without a full stop.
    pub fn phrase(&self, lang: Lang) -> String {
        let (en, zh) = match self {
            Self::Unreadable(why) => {
                return match lang {
                    Lang::En => format!("a file cannot be read ({why})"),
                    Lang::Zh => format!("文件无法读取（{why}）"),
                };
            }
            Self::NoPolicy(origin) => {
                return match lang {
                    Lang::En => format!(
                        "no policy was given: the file brings its own keys, which prove nothing alone. Get the \
                         policy of the log {origin}, compare its fingerprint with the published one, and give it \
                         with --policy"
                    ),
                    Lang::Zh => format!(
                        "没有指定规则：文件自带的密钥单凭自身不能证明什么。请取得日志 {origin} 的规则，\
                         核对其指纹与公布的一致，再用 --policy 指定"
                    ),
                };
            }
            Self::Witness(url, why) => {
                return match lang {
                    Lang::En => format!("the witness {url} could not be asked ({why})"),
                    Lang::Zh => format!("无法询问见证方 {url}（{why}）"),
                };
            }
            Self::MisbehaviorMalformed(why) => {
                return match lang {
                    Lang::En => format!("the proof of misbehaviour is malformed: {why}"),
                    Lang::Zh => format!("不当行为证明的格式不正确（{why}）"),
                };
            }
            Self::NotProven(why) => not_proven(*why),
            Self::NoRecord => (
                "no record stands beside the file (FILE.evidence)",
                "文件旁没有登记内容（FILE.evidence）",
            ),
            Self::NoProof => (
                "no proof stands beside the record yet (FILE.tlog-proof): run `notary submit` again",
                "登记内容旁还没有证明（FILE.tlog-proof），请再次运行 notary submit",
            ),
            Self::NoNotices => (
                "the evidence does not hold the notices that enrol the key yet: run `notary submit` again",
                "登记内容中还没有启用密钥的公告，请再次运行 notary submit",
            ),
            Self::EvidenceMalformed => (
                "the evidence file is damaged or was edited",
                "登记内容文件已损坏或被编辑过",
            ),
            Self::ReceiptMalformed => ("the proof file is damaged", "证明文件已损坏"),
            Self::ReceiptWithoutEntry => (
                "the proof does not hold the entry that it proves",
                "证明文件中没有它所证明的条目",
            ),
            Self::KeyOfAnotherEntry => (
                "The key beside the record is not the one that the entry names",
                "登记内容旁的密钥不是条目所写的密钥",
            ),
            Self::NotThisGenesis => (
                "The first notice of the log is not the one beside the record, or does not name the keys of the policy",
                "日志的首份公告与登记内容旁的不符，或未写明规则中的密钥",
            ),
            Self::NotThisNotice => (
                "The enrolment beside the record is not a notice of this log",
                "登记内容旁的密钥公告不是本日志的公告",
            ),
            Self::NotSignedByAdmins => (
                "The enrolment is not signed by two administrators of the log",
                "密钥公告没有两名日志管理员的签名",
            ),
            Self::MayNotSubmit => (
                "The key is enrolled, but not for submitting",
                "该密钥已启用，但不能用于登记",
            ),
            Self::EnrolledLater => (
                "The key was enrolled after this entry",
                "该密钥的启用晚于这条登记",
            ),
        };
        match lang {
            Lang::En => en,
            Lang::Zh => zh,
        }
        .to_owned()
    }
}

const fn not_proven(why: NotProven) -> (&'static str, &'static str) {
    match why {
        NotProven::Signature(_) => (
            "The accused key did not sign one of the notes",
            "其中一份内容不是由被指控的密钥签署的",
        ),
        NotProven::Origins => (
            "The two notes are of two different logs",
            "两份内容属于两个不同的日志",
        ),
        NotProven::NotItsLog => (
            "The accused key is not a key of this log",
            "被指控的密钥不是这个日志的密钥",
        ),
        NotProven::Order => (
            "The two notes stand in the wrong order",
            "两份内容的先后顺序不对",
        ),
        NotProven::Sizes => (
            "The sizes of the two trees do not contradict each other in this way",
            "两个日志头的大小不构成这种矛盾",
        ),
        NotProven::SameRoot => ("Both notes have the same root", "两份内容的根值相同"),
        NotProven::EmptyRoot => (
            "The root is the one that an empty log has",
            "根值正是空日志的根值",
        ),
        NotProven::SameLeaf => (
            "Both trees hold the same entry there",
            "两个日志头在该位置的登记相同",
        ),
        NotProven::NoTime => (
            "One of the signatures states no time",
            "其中一个签名没有写明时间",
        ),
        NotProven::Forward => (
            "The later head is not smaller than the earlier one",
            "较晚的日志头并不小于较早的日志头",
        ),
        NotProven::Proof(_) => ("The hashes in it prove nothing", "其中的哈希不能证明什么"),
    }
}
