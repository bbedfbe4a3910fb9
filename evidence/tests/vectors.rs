//! The vectors of `tests/vectors/{entry,tag,commitment,notice,audit}`: written and judged by code that shares nothing with
//! this crate.
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[expect(dead_code, reason = "what trees alone need is not asked here")]
#[path = "../../tlog/tests/support/vectors.rs"]
mod vectors;

#[expect(dead_code, reason = "only the keys are asked for")]
#[path = "documents/log.rs"]
mod log;

use evidence::{
    AUDIT_EVENT, AuditChain, AuditRow, AuditSpan, BureauId, CaseNumber, Commitment, Digest,
    Disclosure, ENDED_EVENT, Entry, Half, HalfCommit, Handle, KeyHash, Notice, Opener, OriginHash,
    Registry, Slot, Tag, commit_half,
};
use log::TestKey;
use tlog::{LeafIndex, PureRust};
use vectors::{Case, Refused};

#[test]
fn an_entry_has_one_stored_form() {
    vectors::check("entry/stored", |case| {
        let bytes = case.bytes("entry");
        let entry = Entry::parse(&bytes)?;
        assert_eq!(entry.to_bytes()[..], bytes[..]);
        let fields = [
            entry.kind().byte().to_string(),
            entry.key_id().to_string(),
            entry.tag().to_string(),
            entry.commitment().to_string(),
            hex::encode(entry.signature()),
            hex::encode(entry.leaf_hash().as_bytes()),
        ];
        let names = ["kind", "key_id", "tag", "commitment", "signature", "leaf"];
        Refused::unless_equal(&fields, &names.map(|name| case.text(name).to_owned()))
    });
}

#[test]
fn a_submitted_entry_becomes_a_stored_one() {
    vectors::check("entry/submitted", |case| {
        let entry = Entry::parse_submitted(&case.bytes("submitted"))?;
        assert_eq!(Entry::parse(&entry.to_bytes()).as_ref(), Ok(&entry));
        Refused::unless_equal(&entry.to_bytes().to_vec(), &case.bytes("stored"))
    });
}

#[test]
fn an_entry_is_signed_by_one_key_for_one_log() {
    vectors::check("entry/signed", |case| {
        let entry = Entry::parse(&case.bytes("entry"))?;
        let origin = OriginHash::of(case.text("origin"));
        entry.verify(&origin, &case.bytes("spki"), &PureRust)?;
        // RFC 6979 has one answer, whoever computes it.
        let signature = TestKey::new(case.number("test_key")).sign(&entry.signed_message(&origin));
        let again = entry.unsigned().with_signature(signature)?;
        Refused::unless_equal(&again, &entry)
    });
}

#[test]
fn an_items_tag_is_of_handle_and_number() {
    vectors::check("tag/item", |case| {
        let tag = Handle::from_hex(case.text("handle"))?.tag(case.number("number"));
        Refused::unless_equal(&tag, &Tag::from_hex(case.text("tag"))?)
    });
}

#[test]
fn a_cases_handle_is_of_the_vrfs_output() {
    vectors::check("tag/case", |case| {
        let handle = Handle::from_beta(&case.bytes("beta"));
        Refused::unless_equal(&handle.to_hex().as_str(), &case.text("handle"))
    });
}

#[test]
fn a_derived_handle_is_of_its_name() {
    vectors::check("tag/derived", |case| {
        let handle = Handle::from_hex(case.text("handle"))?.derived(case.text("derived"));
        Refused::unless_equal(&handle.to_hex().as_str(), &case.text("result"))
    });
}

#[test]
fn a_notices_tag_is_of_its_commitment() {
    vectors::check("tag/notice", |case| {
        let tag = Tag::of_notice(&Commitment::from_hex(case.text("commitment"))?);
        Refused::unless_equal(&tag, &Tag::from_hex(case.text("tag"))?)
    });
}

#[test]
fn a_slot_is_of_bureau_and_tag() {
    vectors::check("tag/slot", |case| {
        let tag = Tag::from_hex(case.text("tag"))?;
        let slot = Slot::of(&BureauId::from_hex(case.text("bureau"))?, &tag);
        Refused::unless_equal(&slot, &Slot::from_hex(case.text("slot"))?)
    });
}

#[test]
fn a_case_number_has_one_form() {
    vectors::check("tag/alpha", |case| {
        let bureau = BureauId::from_hex(case.text("bureau"))?;
        let number = CaseNumber::new(case.text("case_number"))?;
        let alpha = number.alpha(&bureau, case.number("year")).unwrap();
        Refused::unless_equal(&alpha, &case.bytes("alpha"))
    });
}

#[test]
fn a_salt_is_of_opener_and_path() {
    vectors::check("commitment/salt", |case| {
        let salt = Opener::from_hex(case.text("opener"))?.salt(case.text("path"));
        Refused::unless_equal(&salt.to_string().as_str(), &case.text("salt"))
    });
}

#[test]
fn a_half_has_one_commitment() {
    vectors::check("commitment/half", |case| {
        let half = Half::from_word(case.text("half")).unwrap();
        let value = serde_json::from_str(case.text("value")).unwrap();
        let tree = commit_half(half, &value, &Opener::from_hex(case.text("opener"))?)?;
        let computed = [
            tree.leaf_count().to_string(),
            hex::encode(tree.root().as_bytes()),
            tree.commit().to_string(),
        ];
        let names = ["count", "root", "commit"];
        Refused::unless_equal(&computed, &names.map(|name| case.text(name).to_owned()))
    });
}

#[test]
fn a_record_has_one_commitment() {
    vectors::check("commitment/record", |case| {
        let [hdr, body] =
            ["hdr_commit", "body_commit"].map(|half| HalfCommit::from_hex(case.text(half)));
        let commitment = Commitment::of_halves(&hdr?, &body?);
        Refused::unless_equal(&commitment, &Commitment::from_hex(case.text("commitment"))?)
    });
}

#[test]
fn a_field_stands_in_one_half_at_one_place() {
    vectors::check("commitment/disclosure", |case| {
        let disclosure = Disclosure::parse(case.text("disclosure").as_bytes())?;
        disclosure.verify(&HalfCommit::from_hex(case.text("commit"))?)?;
        let text = String::from_utf8(disclosure.to_bytes())?;
        Refused::unless_equal(&text.as_str(), &case.text("disclosure"))
    });
}

#[test]
fn a_notice_has_one_text() {
    vectors::check("notice/document", |case| {
        let notice = Notice::parse(case.text("document").as_bytes())?;
        assert_eq!(notice.as_bytes(), case.text("document").as_bytes());
        let stated = (case.text("type"), case.text("commitment"));
        let commitment = notice.commitment().to_string();
        Refused::unless_equal(
            &(notice.notice_type().as_str(), commitment.as_str()),
            &stated,
        )
    });
}

#[test]
fn a_notice_follows_on_those_before() {
    vectors::check("notice/replay", |case| replay(case).map(|_| ()));
}

#[test]
fn a_key_counts_by_position() {
    vectors::check("notice/submitter", |case| {
        let registry = replay(case)?;
        let key = KeyHash::from_hex(case.text("key"))?;
        let key = registry.submitter_at(&key, case.index("at")?)?;
        Refused::unless_equal(&key.bureau, &BureauId::from_hex(case.text("bureau"))?)
    });
}

#[test]
fn an_audit_row_follows_on_the_one_before() {
    vectors::check("audit/chain", |case| {
        let mut chain = AuditChain::default();
        for row in case.texts("rows") {
            chain.follow(audit_row(row))?;
        }
        let head = chain
            .newest()
            .map_or(Digest::new([0; 32]), |newest| newest.hash);
        Refused::unless_equal(&head, &Digest::from_hex(case.text("head"))?)
    });
}

/// `seq time prev hash action subject`.
fn audit_row(text: &str) -> AuditRow {
    let parts: Vec<&str> = text.splitn(6, ' ').collect();
    let [seq, time_ms, prev, hash, action, subject] = parts[..] else {
        panic!("a row has six parts: {text}");
    };
    AuditRow {
        seq: seq.parse().unwrap(),
        time_ms: time_ms.parse().unwrap(),
        action: action.to_owned(),
        subject: subject.to_owned(),
        prev: Digest::from_hex(prev).unwrap(),
        hash: Digest::from_hex(hash).unwrap(),
    }
}

#[test]
fn an_operator_notice_names_the_audit_chain() {
    vectors::check("audit/span", |case| {
        let notice = Notice::parse(case.text("document").as_bytes())?;
        let span = AuditSpan::of(&notice)?.ok_or(None::<AuditSpan>)?;
        let stated = (case.text("count"), case.text("head"));
        let (count, head) = (span.count.to_string(), span.head.to_string());
        // It is written as it is read.
        let event = if case.text("document").contains(ENDED_EVENT) {
            ENDED_EVENT
        } else {
            AUDIT_EVENT
        };
        assert_eq!(notice.body(), &span.into_body(event));
        Refused::unless_equal(&(count.as_str(), head.as_str()), &stated)
    });
}

/// All notices but the last must be good: what is asked of is the last.
fn replay(case: &Case) -> Result<Registry, Refused> {
    let mut notices = case.texts("notices").into_iter().map(|notice| {
        let (index, document) = notice.split_once(' ').unwrap();
        let notice = Notice::parse(document.as_bytes()).unwrap();
        (LeafIndex::from_decimal(index).unwrap(), notice)
    });
    let (index, genesis) = notices.next().unwrap();
    let mut registry = Registry::genesis(index, &genesis, &PureRust)?;
    let mut last = Ok(());
    for (index, notice) in notices {
        assert_eq!(last, Ok(()), "only the last notice of a case is refused");
        last = registry.apply(index, &notice, &PureRust);
    }
    last?;
    Ok(registry)
}

#[test]
fn no_vector_file_is_forgotten() {
    for (folder, files) in [
        ("entry", &["signed", "stored", "submitted"][..]),
        (
            "tag",
            &["alpha", "case", "derived", "item", "notice", "slot"],
        ),
        ("commitment", &["disclosure", "half", "record", "salt"]),
        ("notice", &["document", "replay", "submitter"]),
        ("audit", &["chain", "span"]),
    ] {
        let files: Vec<String> = files
            .iter()
            .map(|file| format!("{folder}/{file}"))
            .collect();
        assert_eq!(vectors::files(folder), files);
    }
}
