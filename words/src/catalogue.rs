//! The catalogue: each reason code with its sentence in both languages and the exit code that it ends a command with.
//!
//! A sentence has a lead, the words that people read first and pages set in bold, and the rest. `{n}` is a
//! placeholder; both languages have the same ones, which a test keeps.

use core::fmt;
use core::str::FromStr;

use crate::sentence::{Piece, fill, pieces};
use crate::{Exit, Lang};

/// Makes the enum and its tables from one list, so that a code without both languages cannot exist.
macro_rules! catalogue {
    ($($(#[$doc:meta])* $variant:ident $code:literal $exit:ident
        [$en_lead:literal, $en_rest:literal] [$zh_lead:literal, $zh_rest:literal];)+) => {
        /// A reason code: stable in JSON, and one sentence in each language.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = concat!("`", $code, "`: ", $en_lead, $en_rest)] $variant,)+
        }

        impl Code {
            /// Every code, in the order of the catalogue.
            pub const ALL: &[Code] = &[$(Code::$variant,)+];

            /// The code as it stands in JSON, `FILE_MATCH`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $code,)+ }
            }

            /// The whole sentence, with its placeholders.
            pub const fn sentence(self, lang: Lang) -> &'static str {
                match (self, lang) {
                    $((Code::$variant, Lang::En) => concat!($en_lead, $en_rest),
                      (Code::$variant, Lang::Zh) => concat!($zh_lead, $zh_rest),)+
                }
            }

            /// The beginning of the sentence that pages set in bold; empty where nothing stands out.
            pub const fn lead(self, lang: Lang) -> &'static str {
                match (self, lang) {
                    $((Code::$variant, Lang::En) => $en_lead, (Code::$variant, Lang::Zh) => $zh_lead,)+
                }
            }

            /// What a command whose verdict is this code exits with. A code that only explains gives
            /// [`Exit::Verified`], the neutral element of [`Exit::and`].
            pub const fn exit(self) -> Exit {
                match self { $(Code::$variant => Exit::$exit,)+ }
            }
        }
    };
}

impl Code {
    /// The sentence with its placeholders filled. A placeholder without an argument stays visible as `{name}`; an
    /// argument is put in as it is and never searched for placeholders.
    pub fn say(self, lang: Lang, arguments: &[(&str, &str)]) -> String {
        fill(self.sentence(lang), arguments)
    }

    /// The placeholders of the sentence, in the order of the language, repeated where it repeats them.
    pub fn placeholders(self, lang: Lang) -> impl Iterator<Item = &'static str> {
        pieces(self.sentence(lang)).filter_map(|piece| match piece {
            Piece::Placeholder(name) => Some(name),
            Piece::Text(_) => None,
        })
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is no reason code of this catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownCode;

impl fmt::Display for UnknownCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no such reason code")
    }
}

impl core::error::Error for UnknownCode {}

impl FromStr for Code {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Code, UnknownCode> {
        Code::ALL
            .iter()
            .copied()
            .find(|code| code.as_str() == text)
            .ok_or(UnknownCode)
    }
}

catalogue! {
    FileMatch "FILE_MATCH" Verified
        ["This file matches.", " It is bit for bit the file recorded as item {n} on {date}. {k} of {m} witnesses confirmed the record."]
        ["文件一致。", "它与 {date} 登记的第 {n} 项逐字节相同。{m} 家见证机构中已有 {k} 家确认。"];
    FileMatchUnwitnessed "FILE_MATCH_UNWITNESSED" Verified
        ["This file matches.", " It is bit for bit the file recorded as item {n} on {date}. No witness has confirmed the record."]
        ["文件一致。", "它与 {date} 登记的第 {n} 项逐字节相同。尚无见证机构确认。"];
    RecordOk "RECORD_OK" Verified
        ["This record is in the public log", " and has not changed since it was written."]
        ["这条登记在公开日志中", "，写入后没有改动。"];
    RecordWitnessed "RECORD_WITNESSED" Verified
        ["This record is in the public log", " and has not changed since it was written. {k} of {m} witnesses have confirmed it."]
        ["这条登记在公开日志中", "，写入后没有改动。{m} 家见证机构中已有 {k} 家确认。"];
    Meaning "MEANING" Verified
        ["", "This shows the file has not changed since it was recorded. It does not show that what it depicts is true or that the action was lawful."]
        ["", "这只说明文件自登记后没有改动，不说明内容是否属实、执法是否合法。"];
    Logged "LOGGED" NotYet
        ["Logged, waiting for witnesses.", " Logged at {time}; they usually confirm within {x}. Nothing is wrong."]
        ["已登记，等待见证。", "{time} 已登记，见证机构通常在 {x} 内确认。目前没有异常。"];
    LoggedLate "LOGGED_LATE" NotYet
        ["Logged, but confirmation is late.", " The log operator and the Bureau of Justice have been told."]
        ["已登记，但见证确认超时。", "系统已通知日志运行方和司法局。"];
    FileNotInCase "FILE_NOT_IN_CASE" NoMatch
        ["This is not one of the files recorded for this case.", " That alone does not mean anyone changed the evidence. Most often the copy was changed on its way: messaging apps compress videos and photos. Ask the bureau for the original and check again."]
        ["这个文件不是本案登记的文件。", "这本身并不说明证据被改动。最常见的原因是文件在传送中变了：微信等会压缩视频和图片。请向办案单位索取原文件再核对。"];
    PartDiffers "PART_DIFFERS" ProvenWrong
        ["Part of this file is different.", " {a} of {b} parts match; the difference is around {from}–{to}."]
        ["文件有一部分不同。", "{b} 段中 {a} 段一致，差异在 {from}–{to} 附近。"];
    Late "LATE" Verified
        ["", "Recorded {d} after it happened. The rule is {r}."]
        ["", "事后 {d} 才登记，规定是 {r}。"];
    Gap "GAP" Verified
        ["Missing:", " \"{stage}\" is normally recorded before a decision of this kind; none was. You may ask the bureau why."]
        ["缺少：", "作出这类决定前通常应登记“{stage}”，本案没有。您可以询问办案单位。"];
    NoHole "NO_HOLE" Verified
        ["", "Items 1 to {n} are here without a hole. Whether later items exist cannot be proved yet."]
        ["", "第 1 至 {n} 项齐全，中间没有缺口。之后是否还有登记，目前还不能证明。"];
    Complete "COMPLETE" Verified
        ["{n} items, none taken out.", " As of {time} the log holds exactly {n} items under your case number. What was never recorded cannot be seen here."]
        ["共 {n} 项，没有被撤下的。", "截至 {time}，日志中您的案号下恰有 {n} 项。从未登记的内容，这里看不出来。"];
    Withheld "WITHHELD" Verified
        ["", "One item is recorded; its details are not open yet ({basis}, review on {date}). It cannot be removed."]
        ["", "有 1 项已登记，内容暂不公开（{basis}，{date} 复核）。它无法被删除。"];
    Erased "ERASED" Verified
        ["", "One item was erased on {date}. The bureau gives as basis: {basis}; approved by {who}. That it existed, and when, stays provable."]
        ["", "有 1 项已于 {date} 删除。办案单位给出的依据：{basis}；批准单位：{who}。它曾经存在及其时间仍可证明。"];
    FailProof "FAIL_PROOF" ProvenWrong
        ["Check failed.", " The log did not prove that this record is in it. Do not rely on it until this is explained."]
        ["核验未通过。", "日志未能证明这条登记在其中。查明之前请勿依赖这条登记。"];
    FailQuorum "FAIL_QUORUM" NotYet
        ["Not enough witnesses.", " {k} confirmed, {q} are required."]
        ["见证不足。", "需要 {q} 家确认，目前 {k} 家。"];
    FailSignature "FAIL_SIGNATURE" ProvenWrong
        ["A signature is wrong.", " The proof file was damaged or is not from this log."]
        ["签名不正确。", "证明文件可能损坏，或不是本日志出具的。"];
    CannotCheck "CANNOT_CHECK" CouldNotCheck
        ["We could not finish the check", " because {reason}. This says nothing about your file."]
        ["没能完成核验", "，原因：{reason}。这不代表您的文件有问题。"];
    NotFound "NOT_FOUND" NoMatch
        ["", "We found no case with this number and code. Check both against your slip."]
        ["", "没有找到与案号和查询码相符的案件。请对照告知单检查。"];
    Fork "FORK" Contradiction
        ["Warning: this log has shown two contradictory histories.", " Save your proofs now: they stay valid and are evidence of what happened."]
        ["警告：这份日志出现了两个互相矛盾的版本。", "请立即保存您的证明：它们仍然有效，也是查明真相的证据。"];
    NoUpload "NO_UPLOAD" Verified
        ["", "The file stays on this device. Only its fingerprint is compared."]
        ["", "文件不会离开这台设备，只比对它的指纹。"];

    // ---- what a submitter reads ----
    Received "RECEIVED" NotYet
        ["Received, not yet logged.", " The entry waits for its place in the log. Nothing is wrong."]
        ["已收到，尚未登记。", "正在等待写入日志。目前没有异常。"];
    Submitted "SUBMITTED" Verified
        ["Recorded as entry {index}.", " The receipt lies beside the file: {path}"]
        ["已登记为第 {index} 号。", "凭证保存在文件旁边：{path}"];
    Witnessed "WITNESSED" Verified
        ["Confirmed.", " {k} of {m} witnesses confirmed the record, the last at {time}."]
        ["已见证。", "{m} 家见证机构中已有 {k} 家确认，最近一次在 {time}。"];
    SubmittedWitnessed "SUBMITTED_WITNESSED" Verified
        ["Witnessed as entry {index}.", " {k} of {m} witnesses have confirmed it: {names}. The receipt lies beside the file: {path}"]
        ["已登记为第 {index} 号，并已见证。", "{m} 家见证机构中已有 {k} 家确认：{names}。凭证保存在文件旁边：{path}"];
    LoggedAwaits "LOGGED_AWAITS" NotYet
        ["Logged as entry {index}, not yet witnessed.", " Awaited: {awaits}. Until then this is the log's claim and no proof: keep the files and run this again; nothing is logged twice."]
        ["已登记为第 {index} 号，尚未见证。", "正在等待：{awaits}。在此之前只是日志的说法，还不是证明：请保留文件并再次运行；不会重复登记。"];
    Unwitnessed "UNWITNESSED" Verified
        ["The log's own signature is the receipt.", " Unwitnessed; a restored backup could contradict it."]
        ["凭证只有日志自己的签名。", "未经见证；如日志从旧备份恢复，可能出现与它矛盾的记录。"];
    AlreadyProved "ALREADY_PROVED" Verified
        ["Already recorded and proved.", " The receipt beside the file is good; nothing was sent."]
        ["早已登记，并有证明。", "文件旁的凭证有效，没有再次发送。"];
    Sealed "SEALED" Verified
        ["Sealed, not yet sent.", " The record lies beside the file: {path}"]
        ["已封存，尚未发送。", "登记内容保存在文件旁边：{path}"];
    FileChangedSinceSealed "FILE_CHANGED_SINCE_SEALED" ProvenWrong
        ["The file was changed after it was sealed.", " It was not sent. Seal it as a new item, and keep both."]
        ["文件封存后有改动。", "没有发送。请作为新的一项重新封存，并保留两份。"];
    Refused "REFUSED" ProvenWrong
        ["The log refused this entry:", " {reason}."]
        ["日志拒绝了这条登记：", "{reason}。"];
    SlotTaken "SLOT_TAKEN" ProvenWrong
        ["This place in the case is taken.", " Another record stands there as entry {index}; this one was not logged."]
        ["本案的这个序号已被占用。", "那里已有第 {index} 号登记；这一条没有写入日志。"];
    TryAgain "TRY_AGAIN" CouldNotCheck
        ["The log could not answer now:", " {reason}. Send the same again in {x}: nothing is recorded twice."]
        ["日志暂时无法答复：", "{reason}。请在 {x} 后原样重发：不会重复登记。"];

    // ---- what a verifier reads ----
    EntrySignatureOk "ENTRY_SIGNATURE_OK" Verified
        ["", "The entry is signed by key {key}."]
        ["", "登记由密钥 {key} 签名。"];
    KeyEnrolledBefore "KEY_ENROLLED_BEFORE" Verified
        ["", "The key was enrolled for {bureau} at position {p}, before this entry."]
        ["", "该密钥在第 {p} 号为 {bureau} 启用，早于这条登记。"];
    RevocationNotKnown "REVOCATION_NOT_KNOWN" Verified
        ["", "Whether the key was revoked between its enrolment and this entry, only a reader of all notices can say."]
        ["", "该密钥在启用之后、这条登记之前是否被吊销，只有读过全部公告的人才能判断。"];
    CosignedBy "COSIGNED_BY" Verified
        ["", "{name} confirmed the log at {time} by {kind}."]
        ["", "{name} 于 {time} 以 {kind} 确认了日志。"];
    WitnessedBy "WITNESSED_BY" Verified
        ["Confirmed by", " {names}."]
        ["确认方：", "{names}。"];
    SignaturesByLog "SIGNATURES_BY_LOG" Verified
        ["", "The log signed with: {kinds}."]
        ["", "日志的签名种类：{kinds}。"];
    PolicyUsed "POLICY_USED" Verified
        ["", "Checked with the policy whose fingerprint is {fingerprint}."]
        ["", "核验所用规则的指纹：{fingerprint}。"];
    NoPolicy "NO_POLICY" Verified
        ["Checked only with keys that the file itself brings, which proves nothing alone.", " The fingerprint of its policy is {fingerprint}; compare it with the one published by {where}, or give the published policy with --policy."]
        ["只用文件自带的密钥核验，单凭这一点不能证明什么。", "其规则指纹为 {fingerprint}；请与 {where} 公布的指纹对照，或用 --policy 指定公布的规则。"];
    PolicyRequired "POLICY_REQUIRED" Usage
        ["No policy was given.", " A file that brings its own keys proves nothing alone: give the published policy with --policy."]
        ["没有指定规则。", "自带密钥的文件单凭自身不能证明什么：请用 --policy 指定公布的规则。"];
    FileDiffers "FILE_DIFFERS" ProvenWrong
        ["This file differs from the record that stands beside it.", " It is not the file that was recorded."]
        ["文件与旁边的登记不符。", "它不是当初登记的文件。"];
    RecordDiffers "RECORD_DIFFERS" ProvenWrong
        ["The record beside this file is not the one that was logged.", " Its content does not fit the logged entry."]
        ["文件旁的登记内容与日志中的不同。", "内容与已登记的条目不符。"];
    CommitmentDiffers "COMMITMENT_DIFFERS" ProvenWrong
        ["The record and its openers do not give the logged commitment.", " One of them was changed or belongs to another entry."]
        ["登记内容及其开启值算不出日志中的承诺值。", "其中之一有改动，或属于另一条登记。"];
    FailEntrySignature "FAIL_ENTRY_SIGNATURE" ProvenWrong
        ["The bureau's signature on the entry is wrong.", " Do not rely on it until this is explained."]
        ["办案单位在登记上的签名不正确。", "查明之前请勿依赖这条登记。"];
    FailKey "FAIL_KEY" ProvenWrong
        ["The signing key was not enrolled for this entry's position.", " {reason}."]
        ["签名密钥在这条登记的位置上无效。", "{reason}。"];
    ReceiptOfOtherEntry "RECEIPT_OF_OTHER_ENTRY" ProvenWrong
        ["The receipt is for another entry", " than the one beside this file."]
        ["凭证属于另一条登记", "，与文件旁的条目不符。"];
    Stale "STALE" NotYet
        ["The newest head is old:", " {age}. What is newer cannot be seen here."]
        ["最新的日志头已过时：", "{age}。更新的内容这里看不到。"];
    TwoHeads "TWO_HEADS" NoMatch
        ["Two heads that nobody has joined.", " Ask the log for a proof between sizes {a} and {b}."]
        ["两个日志头之间没有衔接证明。", "请向日志索取大小 {a} 与 {b} 之间的证明。"];
    Contradiction "CONTRADICTION" Contradiction
        ["Proven: {name} signed what cannot be true together.", " Its own signatures show it. Give this file to the Bureau of Justice and to every witness."]
        ["已证明：{name} 签署了不可能同时为真的内容。", "它自己的签名就是证据。请将此文件交给司法局和各见证机构。"];
    NoContradiction "NO_CONTRADICTION" ProvenWrong
        ["This file does not prove a contradiction.", " {reason}."]
        ["此文件不能证明存在矛盾。", "{reason}。"];
    AccusedUnknown "ACCUSED_UNKNOWN" Verified
        ["The accused key is known from this file alone.", " The verdict counts against {name} only if you know from elsewhere that this is its key, and then say so with --accused: {vkey}"]
        ["被指控的密钥只由文件自己给出。", "只有您从别处确知这是 {name} 的密钥，结论才对它成立；确认后请用 --accused 指定：{vkey}"];
    AccusedOther "ACCUSED_OTHER" ProvenWrong
        ["This file accuses another key,", " {key}. Against {asked} it proves nothing."]
        ["此文件指控的是另一个密钥", " {key}，对 {asked} 不能证明什么。"];
    ProvesSameSize "PROVES_SAME_SIZE" Verified
        ["", "Whoever holds the key {key} signed two heads of the log {origin} that both have {a} entries and differ: two histories, of which at most one is true."]
        ["", "密钥 {key} 的持有人对日志 {origin} 签署了两个都有 {a} 条登记却互不相同的日志头：两个版本至多一个为真。"];
    ProvesEmpty "PROVES_EMPTY" Verified
        ["", "Whoever holds the key {key} signed a head of the log {origin} that has {a} entries and is not the one head that an empty log can have."]
        ["", "密钥 {key} 的持有人对日志 {origin} 签署了一个有 {a} 条登记的日志头，却不是空日志唯一可能的日志头。"];
    ProvesPrefix "PROVES_PREFIX" Verified
        ["", "Whoever holds the key {key} signed heads of the log {origin} with {a} and with {b} entries, and the larger does not begin with the entries of the smaller: two histories, of which at most one is true."]
        ["", "密钥 {key} 的持有人对日志 {origin} 签署了分别有 {a} 条和 {b} 条登记的日志头，而较大的一个并不以较小一个的登记开头：两个版本至多一个为真。"];
    ProvesLeaf "PROVES_LEAF" Verified
        ["", "Whoever holds the key {key} signed heads of the log {origin} with {a} and with {b} entries that hold different entries at position {index}: two histories, of which at most one is true."]
        ["", "密钥 {key} 的持有人对日志 {origin} 签署了分别有 {a} 条和 {b} 条登记的日志头，二者在第 {index} 号的登记不同：两个版本至多一个为真。"];
    ProvesRollback "PROVES_ROLLBACK" Verified
        ["", "Whoever holds the key {key} signed that the newest head of the log {origin} had {a} entries, and at a later time that it had {b}: it went back on what it had vouched for."]
        ["", "密钥 {key} 的持有人先签署日志 {origin} 的最新日志头有 {a} 条登记，之后又签署为 {b} 条：它推翻了自己确认过的内容。"];
    ProofLimits "PROOF_LIMITS" Verified
        ["", "It does not prove what is true instead, who used the key or why, or anything about another key; receipts that verified before still do."]
        ["", "它不能证明真实情况如何、是谁出于什么原因使用了密钥，也不涉及其他密钥；此前核验通过的凭证仍然有效。"];

    ObservedOne "OBSERVED_ONE" Verified
        ["One history.", " {witness} compared this head with what it signed."]
        ["版本一致。", "{witness} 已将此日志头与它签署的内容比对。"];
    ObservedNothing "OBSERVED_NOTHING" CouldNotCheck
        ["Nothing to compare.", " {witness} has signed nothing of this log."]
        ["无从比对。", "{witness} 尚未签署过这份日志。"];
    ObservedApart "OBSERVED_APART" NoMatch
        ["Two heads that nobody has joined.", " {witness} cannot see yet whether this head and its own are of one log, and goes on asking."]
        ["两个日志头之间没有衔接证明。", "{witness} 还不能判断此日志头与它签署的是否属于同一份日志，会继续查询。"];

    // ---- what a policy bears ----
    QuorumAsks "QUORUM_ASKS" Verified
        ["", "{n} operators are asked, and at least {k} of them must confirm."]
        ["", "共向 {n} 家运行方请求见证，至少需 {k} 家确认。"];
    ForkPrevented "FORK_PREVENTED" Verified
        ["Two histories cannot both be confirmed while no more than {f} of the operators lie.", ""]
        ["说谎的运行方不超过 {f} 家时，两个互相矛盾的版本不可能都得到确认。", ""];
    ForkNotPrevented "FORK_NOT_PREVENTED" Verified
        ["One lying operator is enough to have two histories confirmed.", " A bare majority prevents nothing: ask more than two thirds."]
        ["只要有一家运行方说谎，两个互相矛盾的版本就可能都得到确认。", "简单多数防不住任何一家：请要求三分之二以上。"];
    ForkByLogAlone "FORK_BY_LOG_ALONE" Verified
        ["The log alone can have two histories confirmed, though no operator lies.", " Two quorums need not share anybody: ask more than two thirds."]
        ["即使没有运行方说谎，日志自己也能让两个互相矛盾的版本都得到确认。", "两组足够的见证可以互不相交：请要求三分之二以上。"];
    ForkDetected "FORK_DETECTED" Verified
        ["", "Whoever reads the heads of all operators sees a fork while no more than {f} of them lie."]
        ["", "说谎的不超过 {f} 家时，读取全部运行方日志头的人能发现分叉。"];
    OutagesBorne "OUTAGES_BORNE" Verified
        ["", "{d} of them may be out at the same time, and entries are still witnessed."]
        ["", "同时停机不超过 {d} 家时，登记仍能得到见证。"];
    StrengthUnknown "STRENGTH_UNKNOWN" Verified
        ["What this quorum bears was not searched:", " it asks {n} operators, and at most {max} are searched."]
        ["未推算这一规则的强度：", "它要求 {n} 家运行方，最多推算 {max} 家。"];
    SuperiorBearable "SUPERIOR_BEARABLE" Verified
        ["", "Those who answer to {name} ({members}) cannot together have two histories confirmed."]
        ["", "受 {name} 领导的各家（{members}）合起来也不能让两个版本都得到确认。"];
    SuperiorTooMany "SUPERIOR_TOO_MANY" Verified
        ["Too many answer to {name}:", " {members} could together have two histories confirmed. At most {max} of these operators may answer to one superior."]
        ["受 {name} 领导的运行方过多：", "{members} 合起来就能让两个版本都得到确认。受同一上级领导的最多 {max} 家。"];
    SuperiorCanStop "SUPERIOR_CAN_STOP" Verified
        ["", "Without those who answer to {name} nothing is witnessed."]
        ["", "没有受 {name} 领导的各家，任何登记都得不到见证。"];
    ManyVotes "MANY_VOTES" Verified
        ["{operator} counts {votes} times,", " once for each of its keys: make its keys one group, \"group {operator} all ...\", and let the quorum count that."]
        ["{operator} 被计了 {votes} 次，", "每个密钥一次：请把它的密钥归为一组（group {operator} all ...），由规则按组计数。"];
    AnyIsEnough "ANY_IS_ENOUGH" Verified
        ["Any one member of the group {group} is enough.", " Whoever holds one of its keys speaks for all of them."]
        ["{group} 组中任何一个成员就够了。", "持有其中一个密钥的人就能代表全组。"];
    LogIsWitness "LOG_IS_WITNESS" Verified
        ["The witness {witness} has the key of the log {log}.", " A log does not watch itself: take the witness out."]
        ["见证方 {witness} 用的是日志 {log} 的密钥。", "日志不能监督自己：请去掉这个见证方。"];
    NoSay "NO_SAY" Verified
        ["", "{operator} is listed and has no say: the quorum does not ask it."]
        ["", "{operator} 虽然列出，但规则不要求它确认，不起作用。"];

    // ---- what an auditor and the log's operator read ----
    AuditClean "AUDIT_CLEAN" Verified
        ["The whole log was checked.", " {n} entries, {notices} notices; every hash, signature and key fits the head of size {size}."]
        ["已核查整份日志。", "{n} 条登记，{notices} 份公告；全部哈希、签名和密钥与大小为 {size} 的日志头相符。"];
    AuditFound "AUDIT_FOUND" ProvenWrong
        ["The log does not fit its own head.", " Entry {index}: {reason}."]
        ["日志与其日志头不符。", "第 {index} 号：{reason}。"];
    CheckClean "CHECK_CLEAN" Verified
        ["The store is whole.", " {n} entries re-hashed to the stored head."]
        ["存储完好。", "{n} 条登记重新计算后与存储的日志头一致。"];
    CheckDamaged "CHECK_DAMAGED" ProvenWrong
        ["The store is damaged.", " {place}: {reason}. Do not start the log; restore first."]
        ["存储已损坏。", "{place}：{reason}。请勿启动日志，先行恢复。"];
    ReadOnly "READ_ONLY" CouldNotCheck
        ["The log only answers reads now,", " because {reason}."]
        ["日志目前只读，", "原因：{reason}。"];
    Frozen "FROZEN" Contradiction
        ["The log is frozen.", " Two contradictory heads exist; both are shown at {where}."]
        ["日志已冻结。", "存在两个互相矛盾的日志头，均公布于 {where}。"];
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Code, UnknownCode};
    use crate::{Exit, Lang};

    #[test]
    fn every_code_has_both_languages_with_the_same_placeholders() {
        for &code in Code::ALL {
            let [en, zh] = Lang::ALL.map(|lang| code.placeholders(lang).collect::<BTreeSet<_>>());
            assert_eq!(en, zh, "{code}");
            for lang in Lang::ALL {
                assert!(!code.sentence(lang).is_empty(), "{code} {lang}");
                assert!(
                    code.sentence(lang).starts_with(code.lead(lang)),
                    "{code} {lang}"
                );
                assert!(
                    !code.sentence(lang).contains("**"),
                    "{code} {lang}: marks belong to pages"
                );
                assert!(
                    code.placeholders(lang)
                        .all(|name| name.bytes().all(|b| b.is_ascii_lowercase())),
                    "{code} {lang}"
                );
            }
            assert!(
                code.sentence(Lang::En).is_ascii() || code == Code::PartDiffers,
                "{code}"
            );
            assert!(
                code.sentence(Lang::Zh)
                    .chars()
                    .any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)),
                "{code}"
            );
            assert_eq!(
                code.lead(Lang::En).is_empty(),
                code.lead(Lang::Zh).is_empty(),
                "{code}"
            );
        }
    }

    #[test]
    fn a_code_is_found_by_its_text_and_each_text_stands_once() {
        for &code in Code::ALL {
            assert_eq!(code.as_str().parse(), Ok(code));
        }
        assert_eq!("file_match".parse::<Code>(), Err(UnknownCode));
        assert_eq!(
            Code::ALL
                .iter()
                .map(|code| code.as_str())
                .collect::<BTreeSet<_>>()
                .len(),
            Code::ALL.len()
        );
    }

    #[test]
    fn a_sentence_is_said_with_its_arguments() {
        let said = Code::FileMatch.say(
            Lang::En,
            &[("n", "3"), ("date", "2026-05-02"), ("k", "2"), ("m", "3")],
        );
        assert_eq!(
            said,
            "This file matches. It is bit for bit the file recorded as item 3 on 2026-05-02. 2 of 3 witnesses confirmed the record."
        );
        let said = Code::FailQuorum.say(Lang::Zh, &[("k", "1"), ("q", "2")]);
        assert_eq!(said, "见证不足。需要 2 家确认，目前 1 家。");
    }

    #[test]
    fn verdicts_end_a_command_as_the_manual_says() {
        for (code, exit) in [
            (Code::FileMatch, Exit::Verified),
            (Code::Unwitnessed, Exit::Verified),
            (Code::FailProof, Exit::ProvenWrong),
            (Code::FileDiffers, Exit::ProvenWrong),
            (Code::PolicyRequired, Exit::Usage),
            (Code::Logged, Exit::NotYet),
            (Code::LoggedAwaits, Exit::NotYet),
            (Code::FailQuorum, Exit::NotYet),
            (Code::FileNotInCase, Exit::NoMatch),
            (Code::CannotCheck, Exit::CouldNotCheck),
            (Code::Fork, Exit::Contradiction),
        ] {
            assert_eq!(code.exit(), exit, "{code}");
        }
    }
}
