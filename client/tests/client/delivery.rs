//! Sending over a bad line to a log that may be busy, deaf or lying, and the whole way from a file to a verdict.

use crate::fake::{AWAITS, FakeLog, Fault};
use crate::log::{ORIGIN, TestKey, TestLog, sealed, stranger};
use evidence::{Entry, Role};
use notarylog_client::{
    CallError, Courier, Doubt, LogClient, Outcome, Sent, fetch_notices, program,
};
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use tlog::{Policy, PureRust};

/// A log with its genesis, the bureau's enrolment and a stranger's entry.
fn log() -> FakeLog {
    let mut log = TestLog::new();
    let genesis = log.genesis();
    let bureau = TestKey::new("bureau").pair();
    let enrolment = log.enrolment(&bureau, &[Role::Submit], ["b", "c"]);
    let notices = [genesis, enrolment]
        .into_iter()
        .map(|notice| (notice.clone(), log.append_notice(&notice)))
        .collect();
    log.append(stranger(1));
    FakeLog::serve(log, notices)
}

fn entries(count: u64) -> Vec<Entry> {
    let key = TestKey::new("bureau").pair();
    (0..count)
        .map(|number| sealed(b"file", &key, number).entry)
        .collect()
}

fn send(log: &FakeLog, entries: &[Entry], patience: Duration) -> Sent {
    let policy = log.with().log.policy();
    send_with(log, entries, patience, Some(&policy))
}

fn send_with(
    log: &FakeLog,
    entries: &[Entry],
    patience: Duration,
    policy: Option<&Policy>,
) -> Sent {
    let client = LogClient::new(&log.url).unwrap();
    let courier = Courier {
        log: &client,
        origin: ORIGIN,
        policy,
        checks: &PureRust,
        patience,
        wait: patience,
        waiting: &|_, _| {},
        awaiting: &|_, _| {},
    };
    runtime().block_on(courier.send(entries))
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

const MINUTE: Duration = Duration::from_mins(1);

#[test]
fn a_batch_is_proved_in_its_order() {
    let log = log();
    let sent = send(&log, &entries(3), MINUTE);
    let indexes: Vec<_> = sent
        .outcomes
        .iter()
        .map(|outcome| match outcome {
            Outcome::Proved(proof) => proof.receipt.index().get(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(indexes, [3, 4, 5]);
}

#[test]
fn a_busy_log_and_a_broken_line_get_the_same_bytes_again() {
    let log = log();
    log.will([Fault::Busy(0), Fault::Deaf]);
    let entries = entries(2);
    let sent = send(&log, &entries, MINUTE);
    assert!(
        sent.outcomes
            .iter()
            .all(|outcome| matches!(outcome, Outcome::Proved(_)))
    );
    let inner = log.with();
    assert_eq!(inner.posted.len(), 3);
    assert!(inner.posted.iter().all(|body| *body == inner.posted[0]));
    // Nothing was recorded twice.
    assert_eq!(inner.log.entries.len(), 5);
}

#[test]
fn a_log_is_not_asked_sooner_than_it_asked_for() {
    let log = log();
    log.will([Fault::Busy(1)]);
    let start = Instant::now();
    send(&log, &entries(1), MINUTE);
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[test]
fn patience_ends_and_says_why() {
    let log = log();
    log.will([Fault::Busy(0); 20]);
    let sent = send(&log, &entries(1), Duration::from_millis(300));
    assert!(matches!(sent.outcomes[..], [Outcome::Unanswered]));
    assert!(matches!(sent.failure, Some(CallError::Busy { .. })));
    assert!(log.with().posted.len() > 1);
}

#[test]
fn a_log_that_is_away_gives_no_answer() {
    let mut log = log();
    log.url = "http://127.0.0.1:1".to_owned();
    let sent = send(&log, &entries(1), Duration::ZERO);
    assert!(matches!(sent.outcomes[..], [Outcome::Unanswered]));
    assert!(matches!(sent.failure, Some(CallError::Unreachable(_))));
}

#[test]
fn an_answer_is_not_believed_before_it_is_verified() {
    for policy in [true, false] {
        let log = log();
        log.will([Fault::WrongProof, Fault::OtherEntry]);
        let policy = policy.then(|| log.with().log.policy());
        let sent = send_with(&log, &entries(1), MINUTE, policy.as_ref());
        assert!(matches!(
            sent.outcomes[..],
            [Outcome::NotProved(Doubt::Inclusion)]
        ));
        let sent = send_with(&log, &entries(1), MINUTE, policy.as_ref());
        assert!(matches!(
            sent.outcomes[..],
            [Outcome::NotProved(Doubt::OtherEntry)]
        ));
    }
}

#[test]
fn a_head_that_the_policy_refuses_proves_nothing() {
    let log = log();
    let other = TestLog::with_seed(2).policy();
    let sent = send_with(&log, &entries(1), MINUTE, Some(&other));
    assert!(matches!(
        sent.outcomes[..],
        [Outcome::NotProved(Doubt::Refused(_))]
    ));
}

#[test]
fn an_entry_without_a_quorum_is_logged_and_no_more() {
    let log = log();
    {
        let mut inner = log.with();
        let cut = std::mem::replace(&mut inner.log, TestLog::new());
        inner.log = cut.cosigned_by(&[1]);
    }
    let sent = send(&log, &entries(1), Duration::from_millis(300));
    assert!(matches!(&sent.outcomes[..], [Outcome::Logged(claim)] if claim.index.get() == 3));
}

#[test]
fn what_is_logged_and_not_witnessed_is_asked_for_until_the_receipt_is_there() {
    let log = log();
    log.will([Fault::Logged]);
    let sent = send(&log, &entries(2), MINUTE);
    assert!(
        sent.outcomes
            .iter()
            .all(|outcome| matches!(outcome, Outcome::Proved(_)))
    );
    assert_eq!(log.with().posted.len(), 1);
}

#[test]
fn witnesses_that_are_out_are_named_and_the_receipt_is_taken_when_they_are_back() {
    let log = log();
    log.with().witnesses_are_out = true;
    let sent = send(&log, &entries(2), Duration::from_millis(300));
    for (outcome, index) in sent.outcomes.iter().zip([3, 4]) {
        let Outcome::Logged(claim) = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(claim.index.get(), index);
        assert_eq!(claim.awaits, AWAITS.trim_end(), "safe to print");
    }
    log.with().witnesses_are_out = false;
    let again = send(&log, &entries(2), MINUTE);
    let confirmed = again.outcomes.iter().map(|outcome| match outcome {
        Outcome::Proved(proof) => (
            proof.receipt.index().get(),
            proof.confirmations.count(),
            proof.confirmations.all().len(),
        ),
        other => panic!("{other:?}"),
    });
    assert_eq!(confirmed.collect::<Vec<_>>(), [(3, 2, 2), (4, 2, 2)]);
    let inner = log.with();
    assert_eq!(inner.posted.len(), 2);
    assert_eq!(inner.posted[0], inner.posted[1], "a claim is sent again");
}

#[test]
fn without_patience_for_witnesses_the_receipt_is_asked_for_once() {
    let log = log();
    log.with().witnesses_are_out = true;
    let start = Instant::now();
    let entries = entries(1);
    let sent = send(&log, &entries, Duration::ZERO);
    assert!(matches!(sent.outcomes[..], [Outcome::Logged(_)]));
    assert!(start.elapsed() < Duration::from_secs(2));
    // Neither the log nor we wait, and the receipt is asked for where the log said, under the newest head.
    let slot = hex::encode(entries[0].tag().as_bytes());
    let queries = ["wait=logged".to_owned(), format!("slot={slot}&newest=1")];
    assert_eq!(log.with().queries, queries);
    log.with().witnesses_are_out = false;
    log.will([Fault::Logged]);
    let sent = send(&log, &entries, Duration::ZERO);
    assert!(matches!(sent.outcomes[..], [Outcome::Proved(_)]));
}

#[test]
fn a_taken_slot_is_final_alone_and_in_a_batch() {
    let log = log();
    log.will([Fault::Taken, Fault::Taken]);
    let alone = send(&log, &entries(1), MINUTE);
    assert!(matches!(&alone.outcomes[..],
        [Outcome::Refused(problem)] if problem.slug() == "slot-taken" && problem.index() == Some(1)));
    let both = send(&log, &entries(2), MINUTE);
    assert!(matches!(&both.outcomes[..],
        [Outcome::Refused(problem), Outcome::Proved(_)] if problem.index() == Some(1)));
}

#[test]
fn the_notices_of_a_key_come_with_their_receipts() {
    let log = log();
    let client = LogClient::new(&log.url).unwrap();
    let key = TestKey::new("bureau").pair();
    let notices = runtime()
        .block_on(fetch_notices(&client, key.key_id()))
        .unwrap();
    let positions: Vec<_> = notices
        .iter()
        .map(|logged| logged.receipt.index().get())
        .collect();
    assert_eq!(positions, [0, 1]);
    let stranger = TestKey::new("stranger").pair();
    assert!(
        runtime()
            .block_on(fetch_notices(&client, stranger.key_id()))
            .is_err()
    );
}

// ---- the program ----------------------------------------------------------------------------------------------

fn notary(folder: &Path, line: &str) -> String {
    let args = line.split(' ').map(|word| match word.strip_prefix('@') {
        Some(name) => folder.join(name).into_os_string(),
        None => OsString::from(word),
    });
    // An ExitCode shows its number in no other way.
    format!(
        "{:?}",
        program::run(std::iter::once("notary".into()).chain(args))
    )
}

fn exit(number: u8) -> String {
    format!("{:?}", ExitCode::from(number))
}

/// A folder with the bureau's key, a case, the policy and an original.
fn desk(log: &FakeLog) -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("key.pem"), TestKey::new("bureau").pem()).unwrap();
    fs::set_permissions(path("key.pem"), fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(path("policy"), log.with().log.policy().text()).unwrap();
    fs::write(path("a.txt"), "an original").unwrap();
    fs::write(path("b.txt"), "another").unwrap();
    assert_eq!(
        notary(folder.path(), "case new --number 17 --out @case.json"),
        exit(0)
    );
    folder
}

#[test]
fn from_a_file_to_a_verdict() {
    let log = log();
    let folder = desk(&log);
    let submit = format!(
        "submit --log {} --key @key.pem --case @case.json --policy @policy @a.txt @b.txt",
        log.url
    );
    assert_eq!(notary(folder.path(), &submit), exit(0));
    let verify = "verify --policy @policy @a.txt @b.txt @a.txt.evidence @a.txt.tlog-proof";
    assert_eq!(notary(folder.path(), verify), exit(0));

    // Run again it sends nothing.
    assert_eq!(notary(folder.path(), &submit), exit(0));
    assert_eq!(log.with().posted.len(), 1);

    // Without a policy nothing is verified; with one, a changed byte is seen.
    assert_eq!(notary(folder.path(), "verify @a.txt"), exit(5));
    assert_eq!(
        notary(folder.path(), "verify @a.txt --require-policy"),
        exit(2)
    );
    fs::write(folder.path().join("a.txt"), "an Original").unwrap();
    assert_eq!(
        notary(folder.path(), "verify --policy @policy @a.txt"),
        exit(1)
    );
    assert_eq!(
        notary(folder.path(), "verify --policy @policy @key.pem"),
        exit(4)
    );
    assert_eq!(
        notary(folder.path(), "verify --policy @policy @missing"),
        exit(5)
    );
}

#[test]
fn an_item_of_a_killed_run_is_sent_before_the_next_file() {
    let log = log();
    let folder = desk(&log);
    log.will([Fault::Busy(0); 30]);
    let submit = |file: &str, patience: u64| {
        let line = format!(
            "submit --log {} --key @key.pem --case @case.json --patience {patience} {file}",
            log.url
        );
        notary(folder.path(), &line)
    };
    assert_eq!(submit("@a.txt", 0), exit(5));
    assert!(folder.path().join("a.txt.evidence").exists());
    assert!(!folder.path().join("a.txt.tlog-proof").exists());
    log.with().faults.clear();
    assert_eq!(submit("@b.txt", 60), exit(0));
    let receipt = |name: &str| {
        let bytes = fs::read(folder.path().join(name)).unwrap();
        tlog::Receipt::parse(&bytes).unwrap().index().get()
    };
    assert_eq!(
        (receipt("a.txt.tlog-proof"), receipt("b.txt.tlog-proof")),
        (3, 4)
    );
}

#[test]
fn items_are_sent_in_the_order_of_their_numbers_and_none_overtakes_one_without_an_answer() {
    let log = log();
    let folder = desk(&log);
    let submit = |patience: u64, files: &str| {
        let line = format!(
            "submit --log {} --key @key.pem --case @case.json --patience {patience} {files}",
            log.url
        );
        notary(folder.path(), &line)
    };
    log.will([Fault::Busy(0); 30]);
    // a.txt is sealed and gets no answer: b.txt is sealed and not even sent.
    assert_eq!(submit(0, "@a.txt"), exit(5));
    assert_eq!(log.with().posted.len(), 1);
    assert_eq!(submit(0, "@b.txt @a.txt"), exit(5));
    {
        let mut inner = log.with();
        assert_eq!(inner.posted.len(), 2);
        assert_eq!(inner.posted[0], inner.posted[1]);
        inner.faults.clear();
    }
    assert_eq!(submit(60, "@b.txt @a.txt"), exit(0));
    let posted = log.with().posted.pop().unwrap();
    let evidence = |name: &str| {
        let bytes = fs::read(folder.path().join(name)).unwrap();
        evidence::EvidenceFile::parse(&bytes).unwrap()
    };
    let (a, b) = (evidence("a.txt.evidence"), evidence("b.txt.evidence"));
    assert_eq!((a.handle_index, b.handle_index), (0, 1));
    assert_eq!(posted, [a.entry.to_bytes(), b.entry.to_bytes()].concat());
}

#[test]
fn a_key_that_is_not_enrolled_uses_no_number() {
    let log = log();
    let folder = desk(&log);
    assert_eq!(notary(folder.path(), "key new @other.pem"), exit(0));
    let submit = format!(
        "submit --log {} --key @other.pem --case @case.json @a.txt",
        log.url
    );
    assert_eq!(notary(folder.path(), &submit), exit(5));
    assert!(!folder.path().join("a.txt.evidence").exists());
    assert!(log.with().posted.is_empty());
}

#[test]
fn a_taken_number_ends_the_run_with_exit_1() {
    let log = log();
    let folder = desk(&log);
    log.will([Fault::Taken]);
    let submit = format!(
        "submit --log {} --key @key.pem --case @case.json @a.txt",
        log.url
    );
    assert_eq!(notary(folder.path(), &submit), exit(1));
}

#[test]
fn what_is_only_logged_ends_with_exit_3_keeps_its_files_and_is_proved_by_the_next_run() {
    let log = log();
    let folder = desk(&log);
    log.with().witnesses_are_out = true;
    let submit = format!(
        "submit --log {} --key @key.pem --case @case.json --policy @policy --wait 0 @a.txt",
        log.url
    );
    for _ in 0..2 {
        assert_eq!(notary(folder.path(), &submit), exit(3));
        assert!(folder.path().join("a.txt.evidence").exists());
        assert!(!folder.path().join("a.txt.tlog-proof").exists());
    }
    log.with().witnesses_are_out = false;
    assert_eq!(notary(folder.path(), &submit), exit(0));
    assert!(folder.path().join("a.txt.tlog-proof").exists());
    assert_eq!(notary(folder.path(), &submit), exit(0));
    let inner = log.with();
    assert_eq!(inner.posted.len(), 3, "what is proved is not sent");
    assert!(inner.posted.iter().all(|body| *body == inner.posted[0]));
}

#[test]
fn a_policy_is_fetched_as_the_log_proposes_it() {
    let log = log();
    let folder = desk(&log);
    let fetch = format!("policy fetch {} --out @fetched", log.url);
    assert_eq!(notary(folder.path(), &fetch), exit(0));
    let fetched = fs::read(folder.path().join("fetched")).unwrap();
    assert_eq!(fetched, log.with().log.policy().text());
}
