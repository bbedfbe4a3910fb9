//! Every way in which a file, a record, a key or a proof can be wrong has its own verdict.

use crate::log::{
    ORIGINAL, RECORD_AT, Scene, TestKey, TestLog, digest, finish, scene, scene_in, sealed,
    stranger, with_bad_line_by, with_note, without_lines_by, witness,
};
use evidence::{EvidenceFile, FileDigest, LoggedNotice, Opener, OriginHash, Role, UnsignedEntry};
use notarylog_client::{Argument, CheckName, Exhibit, Reason, Verdict, Word, verify};
use tlog::{Hash, LeafIndex, Policy, PureRust, Receipt};
use words::{Code, Exit, Lang};

impl Scene {
    fn judged(&self) -> Verdict {
        self.judged_by(Some(&self.log.policy()))
    }

    fn judged_by(&self, policy: Option<&Policy>) -> Verdict {
        judge(Some(&self.digest), &self.evidence, &self.receipt, policy)
    }
}

fn judge(
    file: Option<&FileDigest>,
    evidence: &EvidenceFile,
    receipt: &Receipt,
    policy: Option<&Policy>,
) -> Verdict {
    let (evidence, receipt) = (evidence.to_bytes(), receipt.to_string());
    let exhibit = Exhibit {
        file,
        evidence: Some(&evidence),
        receipt: Some(receipt.as_bytes()),
    };
    verify(&exhibit, policy, &PureRust)
}

#[track_caller]
fn assert_verdict(verdict: &Verdict, code: Code, exit: Exit) {
    assert_eq!((verdict.code(), verdict.exit), (code, exit), "{verdict:?}");
    assert_eq!(
        exit == Exit::Verified,
        verdict.checks.iter().all(|check| check.passed) && verdict.index.is_some()
    );
}

/// What `{reason}` is in the sentence.
#[track_caller]
fn reason(verdict: &Verdict) -> Reason {
    match &verdict.word.arguments[..] {
        [("reason", Argument::Reason(reason))] => reason.clone(),
        other => panic!("no reason in {other:?}"),
    }
}

#[test]
fn an_untouched_file_is_verified_and_the_verdict_says_what_it_does_not_prove() {
    let verdict = scene().judged();
    assert_verdict(&verdict, Code::FileMatch, Exit::Verified);
    assert_eq!(verdict.index, Some(LeafIndex::new(RECORD_AT)));
    assert_eq!(
        verdict.not_proved,
        [Code::RevocationNotKnown, Code::Meaning]
    );
    assert_eq!(
        verdict.word.say(Lang::En),
        "This file matches. It is bit for bit the file recorded as item 4 on 2026-06-11 01:32 UTC. \
         2 of 2 witnesses confirmed the record."
    );
}

#[test]
fn all_three_kinds_of_log_signature_are_listed() {
    let verdict = scene().judged();
    let kinds = verdict
        .checks
        .iter()
        .find(|check| check.name == CheckName::LogSignatures)
        .unwrap();
    let sentence = kinds.word.as_ref().unwrap().say(Lang::En);
    for kind in ["0x01", "0x05", "0x06"] {
        assert!(sentence.contains(kind), "{sentence}");
    }
}

#[test]
fn a_changed_file_differs_whatever_policy_there_is() {
    let mut scene = scene();
    let mut changed = ORIGINAL.to_vec();
    changed[0] ^= 1;
    scene.digest = digest(&changed);
    assert_verdict(&scene.judged(), Code::FileDiffers, Exit::ProvenWrong);
    assert_verdict(&scene.judged_by(None), Code::FileDiffers, Exit::ProvenWrong);
}

#[test]
fn a_changed_fingerprint_of_any_kind_differs() {
    let mut scene = scene();
    scene.digest.bytes += 1;
    assert_verdict(&scene.judged(), Code::FileDiffers, Exit::ProvenWrong);
    scene.digest = digest(ORIGINAL);
    scene.digest.chunk_root = Hash::EMPTY_ROOT;
    assert_verdict(&scene.judged(), Code::FileDiffers, Exit::ProvenWrong);
}

#[test]
fn a_changed_field_of_the_record_breaks_the_commitment() {
    let scene = scene();
    let text = String::from_utf8(scene.evidence.to_bytes().to_vec()).unwrap();
    let policy = scene.log.policy();
    for (old, new) in [("investigate", "decision"), ("photo.jpg", "photo.png")] {
        let changed = text.replace(old, new);
        assert_ne!(text, changed);
        let receipt = scene.receipt.to_string();
        let exhibit = Exhibit {
            file: Some(&scene.digest),
            evidence: Some(changed.as_bytes()),
            receipt: Some(receipt.as_bytes()),
        };
        let verdict = verify(&exhibit, Some(&policy), &PureRust);
        assert_verdict(&verdict, Code::CommitmentDiffers, Exit::ProvenWrong);
    }
}

#[test]
fn a_changed_opener_breaks_the_commitment() {
    for half in 0..2 {
        let mut scene = scene();
        let opener = match half {
            0 => &mut scene.evidence.openers.hdr,
            _ => &mut scene.evidence.openers.body,
        };
        *opener = Opener::new([9; 32]);
        assert_verdict(&scene.judged(), Code::CommitmentDiffers, Exit::ProvenWrong);
    }
}

#[test]
fn an_entry_that_is_signed_for_another_log_is_refused() {
    let mut scene = scene();
    let key = TestKey::new("bureau").pair();
    let unsigned: UnsignedEntry = *scene.evidence.entry.unsigned();
    let elsewhere = OriginHash::of("training.example.org");
    scene.evidence.entry = key.sign(&unsigned, &elsewhere).unwrap();
    assert_verdict(&scene.judged(), Code::FailEntrySignature, Exit::ProvenWrong);
}

#[test]
fn another_key_beside_the_record_is_refused() {
    let mut scene = scene();
    scene.evidence.spki = TestKey::new("stranger").spki();
    let verdict = scene.judged();
    assert_verdict(&verdict, Code::FailKey, Exit::ProvenWrong);
    assert_eq!(reason(&verdict), Reason::KeyOfAnotherEntry);
}

#[test]
fn a_changed_hash_of_the_proof_fails_with_and_without_a_policy() {
    let mut scene = scene();
    let mut proof = scene.receipt.proof().to_vec();
    proof[1] = Hash::EMPTY_ROOT;
    scene.receipt = Receipt::new(
        scene.receipt.extra().map(<[u8]>::to_vec),
        scene.receipt.index(),
        proof,
        scene.receipt.note().clone(),
    )
    .unwrap();
    assert_verdict(&scene.judged(), Code::FailProof, Exit::ProvenWrong);
    assert_verdict(&scene.judged_by(None), Code::FailProof, Exit::ProvenWrong);
}

#[test]
fn another_position_fails() {
    let mut scene = scene();
    scene.receipt = Receipt::new(
        None,
        LeafIndex::new(RECORD_AT - 1),
        scene.receipt.proof().to_vec(),
        scene.receipt.note().clone(),
    )
    .unwrap();
    assert_verdict(&scene.judged(), Code::FailProof, Exit::ProvenWrong);
}

#[test]
fn a_bad_signature_of_any_known_key_fails() {
    let good = scene();
    let mut keys = good.log.vkeys().to_vec();
    keys.extend([witness(1).0, witness(2).0]);
    for vkey in keys {
        let mut scene = scene();
        let note = with_bad_line_by(scene.receipt.note(), &vkey);
        scene.receipt = with_note(&scene.receipt, note);
        assert_verdict(&scene.judged(), Code::FailSignature, Exit::ProvenWrong);
    }
}

#[test]
fn a_head_with_another_root_fails_by_its_signatures() {
    let mut scene = scene();
    let text = scene.receipt.note().text().replace("\n6\n", "\n7\n");
    assert_ne!(text, scene.receipt.note().text());
    let note = tlog::Note::new(text, scene.receipt.note().lines().to_vec()).unwrap();
    scene.receipt = with_note(&scene.receipt, note);
    assert_verdict(&scene.judged(), Code::FailSignature, Exit::ProvenWrong);
}

#[test]
fn a_head_without_the_log_key_of_the_policy_fails() {
    let mut scene = scene();
    let [.., ml_dsa] = scene.log.vkeys();
    let note = without_lines_by(scene.receipt.note(), &ml_dsa);
    scene.receipt = with_note(&scene.receipt, note);
    assert_verdict(&scene.judged(), Code::FailSignature, Exit::ProvenWrong);
}

#[test]
fn too_few_witnesses_are_not_yet_enough_and_prove_nothing_wrong() {
    let scene = scene_in(TestLog::new().cosigned_by(&[2]));
    let verdict = scene.judged();
    assert_verdict(&verdict, Code::FailQuorum, Exit::NotYet);
    assert!(verdict.confirmations.all().is_empty());
    assert!(
        verdict
            .word
            .say(Lang::En)
            .ends_with("1 confirmed, 2 are required.")
    );
}

#[test]
fn a_proof_that_leads_nowhere_is_wrong_though_witnesses_are_missing_too() {
    let mut scene = scene_in(TestLog::new().cosigned_by(&[2]));
    let mut proof = scene.receipt.proof().to_vec();
    proof[1] = Hash::EMPTY_ROOT;
    scene.receipt = Receipt::new(
        scene.receipt.extra().map(<[u8]>::to_vec),
        scene.receipt.index(),
        proof,
        scene.receipt.note().clone(),
    )
    .unwrap();
    let verdict = scene.judged();
    assert_verdict(&verdict, Code::FailProof, Exit::ProvenWrong);
    let failed = verdict.checks.iter().filter(|check| !check.passed);
    assert_eq!(failed.count(), 1);
}

#[test]
fn a_verdict_names_the_operators_that_confirmed_and_when() {
    let scene = scene_in(TestLog::new().cosigned_by(&[2]));
    let policy = scene
        .log
        .policy_with("group one-of-two 1 one two\nquorum one-of-two\n");
    let verdict = judge(None, &scene.evidence, &scene.receipt, Some(&policy));
    assert_verdict(&verdict, Code::RecordWitnessed, Exit::Verified);
    assert_eq!(
        verdict.word.say(Lang::En),
        "This record is in the public log and has not changed since it was written. 1 of 2 witnesses have confirmed it."
    );
    assert_eq!(
        verdict.word.say(Lang::Zh),
        "这条登记在公开日志中，写入后没有改动。2 家见证机构中已有 1 家确认。"
    );
    let given: Vec<_> = verdict
        .confirmations
        .all()
        .iter()
        .map(|one| (one.operator.as_str(), one.is_given, one.time))
        .collect();
    let time = crate::log::TIME_S + 1;
    assert_eq!(given, [("one", false, None), ("two", true, Some(time))]);
    let word = verdict.confirmations.fill(Word::plain(Code::WitnessedBy));
    assert_eq!(
        word.say(Lang::En),
        "Confirmed by two (2026-06-11 01:32 UTC)."
    );
    let both = scene_in(TestLog::new()).judged().confirmations;
    let word = both.fill(Word::plain(Code::WitnessedBy));
    assert_eq!(
        [Lang::En, Lang::Zh].map(|lang| word.say(lang)),
        [
            "Confirmed by one, two, all at 2026-06-11 01:32 UTC.",
            "确认方：one、two，时间均为 2026-06-11 01:32 UTC。"
        ]
    );
}

#[test]
fn a_policy_of_another_log_refuses() {
    let scene = scene();
    let other = TestLog::with_seed(2).policy();
    assert_verdict(
        &scene.judged_by(Some(&other)),
        Code::FailSignature,
        Exit::ProvenWrong,
    );
    let text = other
        .to_string()
        .replace("log.example.org", "other.example.org");
    assert!(
        Policy::parse(text.as_bytes()).is_err(),
        "the key id covers the name"
    );
}

#[test]
fn without_a_policy_nothing_is_verified() {
    let verdict = scene().judged_by(None);
    assert_verdict(&verdict, Code::CannotCheck, Exit::CouldNotCheck);
    assert!(matches!(reason(&verdict), Reason::NoPolicy(origin) if origin == crate::log::ORIGIN));
    assert!(verdict.checks.iter().all(|check| check.passed));
}

#[test]
fn without_witnesses_the_verdict_says_so() {
    let scene = scene_in(TestLog::new().cosigned_by(&[]));
    let policy = scene.log.policy_with("quorum none\n");
    let verdict = scene.judged_by(Some(&policy));
    assert_verdict(&verdict, Code::FileMatchUnwitnessed, Exit::Verified);
    assert!(verdict.not_proved.contains(&Code::Unwitnessed));
}

#[test]
fn evidence_and_proof_without_the_file_show_the_record() {
    let scene = scene();
    let verdict = judge(
        None,
        &scene.evidence,
        &scene.receipt,
        Some(&scene.log.policy()),
    );
    assert_verdict(&verdict, Code::RecordWitnessed, Exit::Verified);
}

#[test]
fn a_proof_alone_shows_that_its_entry_is_logged() {
    let scene = scene();
    let receipt = scene.receipt.to_string();
    let exhibit = |receipt: &str| {
        let exhibit = Exhibit {
            receipt: Some(receipt.as_bytes()),
            ..Exhibit::default()
        };
        verify(&exhibit, Some(&scene.log.policy()), &PureRust)
    };
    assert_verdict(&exhibit(&receipt), Code::RecordWitnessed, Exit::Verified);
    let other = scene.log.receipt(2).to_string();
    let mine = receipt.lines().nth(1).unwrap();
    let swapped = receipt.replace(mine, other.lines().nth(1).unwrap());
    assert_verdict(&exhibit(&swapped), Code::FailProof, Exit::ProvenWrong);
}

#[test]
fn a_proof_of_another_entry_is_refused() {
    let mut scene = scene();
    scene.receipt = scene.log.receipt(2);
    assert_verdict(
        &scene.judged(),
        Code::ReceiptOfOtherEntry,
        Exit::ProvenWrong,
    );
}

#[test]
fn what_is_not_there_cannot_be_checked() {
    let scene = scene();
    let policy = scene.log.policy();
    let evidence = scene.evidence.to_bytes();
    let judge = |exhibit: Exhibit<'_>| verify(&exhibit, Some(&policy), &PureRust);
    let receipt = scene.receipt.to_string();

    let no_record = judge(Exhibit {
        file: Some(&scene.digest),
        evidence: None,
        receipt: Some(receipt.as_bytes()),
    });
    assert_verdict(&no_record, Code::CannotCheck, Exit::NoMatch);
    assert_eq!(reason(&no_record), Reason::NoRecord);

    let no_proof = judge(Exhibit {
        file: Some(&scene.digest),
        evidence: Some(&evidence),
        receipt: None,
    });
    assert_verdict(&no_proof, Code::CannotCheck, Exit::CouldNotCheck);
    assert_eq!(reason(&no_proof), Reason::NoProof);
}

#[test]
fn what_is_malformed_cannot_be_checked() {
    let scene = scene();
    let policy = scene.log.policy();
    let evidence = scene.evidence.to_bytes();
    let receipt = scene.receipt.to_string();
    let judge = |evidence: &[u8], receipt: &[u8]| {
        let exhibit = Exhibit {
            file: None,
            evidence: Some(evidence),
            receipt: Some(receipt),
        };
        verify(&exhibit, Some(&policy), &PureRust)
    };
    let cut = judge(&evidence[..evidence.len() - 5], receipt.as_bytes());
    assert_verdict(&cut, Code::CannotCheck, Exit::CouldNotCheck);
    assert_eq!(reason(&cut), Reason::EvidenceMalformed);
    let cut = judge(&evidence, &receipt.as_bytes()[..60]);
    assert_verdict(&cut, Code::CannotCheck, Exit::CouldNotCheck);
    assert_eq!(reason(&cut), Reason::ReceiptMalformed);
}

#[test]
fn without_the_notices_the_key_is_not_believed() {
    for kept in 0..2 {
        let mut scene = scene();
        scene.evidence.notices.truncate(kept);
        let verdict = scene.judged();
        assert_verdict(&verdict, Code::CannotCheck, Exit::CouldNotCheck);
        assert_eq!(reason(&verdict), Reason::NoNotices);
    }
}

/// A scene whose notices and order are made to be wrong.
fn scene_with(
    roles: &[Role],
    admins: [&str; 2],
    order: impl FnOnce(&mut TestLog, Vec<evidence::Entry>),
) -> Scene {
    let bureau = TestKey::new("bureau").pair();
    let mut log = TestLog::new();
    let genesis = log.genesis();
    let enrolment = log.enrolment(&bureau, roles, admins);
    log.append_notice(&genesis);
    log.append_notice(&enrolment);
    let mut entries = std::mem::take(&mut log.entries);
    let evidence = sealed(ORIGINAL, &bureau, 0);
    entries.extend([
        stranger(1),
        stranger(2),
        evidence.entry.clone(),
        stranger(3),
    ]);
    order(&mut log, entries);
    finish(log, evidence, genesis, enrolment)
}

#[test]
fn a_key_that_was_enrolled_after_the_entry_is_refused() {
    let scene = scene_with(&[Role::Submit], ["a", "c"], |log, mut entries| {
        // Genesis and strangers first, the record at its place, the enrolment last.
        let enrolment = entries.remove(1);
        entries.insert(1, stranger(9));
        entries.push(enrolment);
        log.entries = entries;
    });
    let verdict = scene.judged();
    assert_verdict(&verdict, Code::FailKey, Exit::ProvenWrong);
    assert_eq!(reason(&verdict), Reason::EnrolledLater);
}

#[test]
fn a_key_that_may_not_submit_is_refused() {
    let scene = scene_with(&[Role::Vrf], ["a", "c"], |log, entries| {
        log.entries = entries;
    });
    let verdict = scene.judged();
    assert_verdict(&verdict, Code::FailKey, Exit::ProvenWrong);
    assert_eq!(reason(&verdict), Reason::MayNotSubmit);
}

#[test]
fn an_enrolment_by_somebody_who_is_no_admin_is_refused() {
    let scene = scene_with(&[Role::Submit], ["a", "x"], |log, entries| {
        log.entries = entries;
    });
    let verdict = scene.judged();
    assert_verdict(&verdict, Code::FailKey, Exit::ProvenWrong);
    assert_eq!(reason(&verdict), Reason::NotSignedByAdmins);
}

#[test]
fn an_enrolment_that_another_entry_logged_is_refused() {
    let mut scene = scene();
    scene.evidence.notices[1].receipt = scene.log.receipt(2);
    let verdict = scene.judged();
    assert_verdict(&verdict, Code::FailKey, Exit::ProvenWrong);
    assert_eq!(reason(&verdict), Reason::NotThisNotice);
}

#[test]
fn an_enrolment_whose_own_proof_fails_is_refused() {
    let mut scene = scene();
    let good = &scene.evidence.notices[1].receipt;
    let mut proof = good.proof().to_vec();
    proof[0] = Hash::EMPTY_ROOT;
    let extra = good.extra().map(<[u8]>::to_vec);
    let note = good.note().clone();
    scene.evidence.notices[1].receipt = Receipt::new(extra, good.index(), proof, note).unwrap();
    assert_verdict(&scene.judged(), Code::FailProof, Exit::ProvenWrong);
}

#[test]
fn a_genesis_of_other_keys_is_refused() {
    // A log of the same name whose operator would like its own admins to count.
    let impostor = scene_in(TestLog::with_seed(2));
    let mut scene = scene();
    scene.evidence.notices = impostor.evidence.notices;
    let verdict = scene.judged();
    assert_verdict(&verdict, Code::FailKey, Exit::ProvenWrong);
    assert_eq!(reason(&verdict), Reason::NotThisGenesis);
}

#[test]
fn a_genesis_that_the_log_does_not_hold_is_refused() {
    // The log's vkeys are public: anybody can write a genesis with them and with admins of his own. It is not entry 0.
    let mut scene = scene();
    let ruler = TestLog::with_seed(2);
    let forged = scene.log.genesis_ruled_by(&ruler);
    let good = scene.log.receipt(0);
    let entry = ruler.entry_of(&forged).to_bytes();
    let receipt = Receipt::new(
        Some(entry.to_vec()),
        good.index(),
        good.proof().to_vec(),
        good.note().clone(),
    );
    scene.evidence.notices[0] = LoggedNotice {
        notice: forged,
        receipt: receipt.unwrap(),
    };
    assert_verdict(&scene.judged(), Code::FailProof, Exit::ProvenWrong);
}

#[test]
fn a_genesis_that_is_not_entry_0_is_refused() {
    let scene = scene_with(&[Role::Submit], ["a", "c"], |log, mut entries| {
        entries.swap(0, 2);
        log.entries = entries;
    });
    let verdict = scene.judged();
    assert_verdict(&verdict, Code::FailKey, Exit::ProvenWrong);
    assert_eq!(reason(&verdict), Reason::NotThisGenesis);
}

#[test]
fn every_byte_above_the_signatures_of_a_proof_counts() {
    let scene = scene();
    let policy = scene.log.policy();
    let evidence = scene.evidence.to_bytes();
    let good = scene.receipt.to_string();
    let signatures = good.find("\n\u{2014} ").unwrap();
    for at in (0..signatures).step_by(3) {
        let mut bytes = good.clone().into_bytes();
        bytes[at] ^= 1;
        let exhibit = Exhibit {
            file: Some(&scene.digest),
            evidence: Some(&evidence),
            receipt: Some(&bytes),
        };
        let verdict = verify(&exhibit, Some(&policy), &PureRust);
        assert_ne!(verdict.exit, Exit::Verified, "byte {at}");
    }
}
