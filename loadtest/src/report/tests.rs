use super::*;
use crate::answer::Outcome;
use crate::summary::Summary;
use std::time::Duration;

#[test]
fn the_json_has_this_form() {
    insta::assert_snapshot!(sample().to_json(), @r#"
    {
      "schema": "notarylog/loadtest/1",
      "verb": "single",
      "commit": "0123456789abcdef0123456789abcdef01234567-dirty",
      "date": "2026-11-24T06:30:00Z",
      "profile": "release",
      "machine": {
        "cpu": "A Core @ 2.1GHz",
        "cores": 2,
        "memory_mib": 24000,
        "kernel": "6.1.0"
      },
      "probes": {
        "disk_sync": {
          "p50_ms": 0.15,
          "p99_ms": 0.9
        },
        "p256_verifies_per_s": 18700.0
      },
      "log": {
        "origin": "log.example/training",
        "unwitnessed": true,
        "size_before": 1000000,
        "size_after": 1001000,
        "fsync_policy": "journal and database, each batch"
      },
      "load": {
        "connections": 256,
        "connections_lost": 0,
        "batch": 1,
        "duplicates": 0.0,
        "arrivals_per_s": null,
        "warmup_s": 2.0,
        "sent": 1002,
        "logged": 1000,
        "seconds": 0.061,
        "ended_by": "entries"
      },
      "rate_per_s": 16393.443,
      "latency_ms": {
        "p50": 500.223,
        "p90": 900.095,
        "p99": 990.207,
        "p99_9": 999.423,
        "max": 1000.447
      },
      "errors": {
        "rate": 0.001996007984031936,
        "by_type": {
          "connection-lost": 2
        }
      },
      "verified": {
        "answers": 10,
        "entries": 10,
        "heads": 7,
        "failed": 0,
        "first_failure": null
      },
      "cpu": {
        "server_s": 0.094,
        "generator_s": 0.011,
        "server_us_per_entry": 94.0,
        "server_threads_us_per_entry": {
          "sequencer": 4.0
        },
        "generator_us_per_entry": 11.0,
        "generator_share": 0.09
      },
      "batches": null,
      "passed": false
    }
    "#);
}

#[test]
fn the_row_has_a_cell_for_each_head() {
    let row = sample().markdown_row();
    insta::assert_snapshot!(row, @r#"
    | single | 256 | 1 | – | 1000 | 16393 | 500.2 | 900.1 | 990.2 | 999.4 | 1000.4 | 2 connection-lost | 1000000 | journal and database, each batch | 94.0 | 11.0 | 9 | 0.15 | 18700 | release | 0123456789-dirty | 2026-11-24T06:30:00Z |
    "#);
    let cells = |line: &str| line.matches('|').count();
    let mut heads = MARKDOWN_HEAD.lines();
    assert_eq!(cells(heads.next().unwrap()), cells(&row));
    assert_eq!(cells(heads.next().unwrap()), cells(&row));
}

#[test]
fn the_row_stays_one_row_whatever_the_caller_states() {
    let mut report = sample();
    report.log.fsync_policy = Some("each | batch\nalways".to_owned());
    report.commit = Some("short".to_owned());
    let row = report.markdown_row();
    assert_eq!(row.lines().count(), 1);
    assert_eq!(
        row.matches('|').count(),
        sample().markdown_row().matches('|').count()
    );
}

#[test]
fn the_summary_reads_like_this() {
    insta::assert_snapshot!(Summary(&sample()), @r#"
    single · 256 connections · 1 entry a request · tree 1000000 → 1001000 · release build · commit 0123456789-dirty
      logged     1000 of 1002 entries in 0.06 s: 16393 a second
      latency    p50 500.2 · p90 900.1 · p99 990.2 · p99.9 999.4 · max 1000.4 ms
      processor  server 94.0 µs an entry (0.1 s) · generator 11.0 µs an entry (0.0 s, 9 % of 2 cores)
      machine    A Core @ 2.1GHz · 24000 MiB · Linux 6.1.0 · 18700 P-256 verifies/s a core · fdatasync p50 0.15, p99 0.90 ms
      error      connection-lost: 2 entries
      verified   10 answers with 10 entries under 7 heads, 0 failed
    FAILED
    "#);
}

#[test]
fn a_run_passes_only_when_something_verified_nothing_failed_and_hardly_an_error_came() {
    let verified = |answers, failed| Verified {
        answers,
        failed,
        ..Verified::default()
    };
    assert!(Report::passes(&verified(1, 0), 0, 0.001));
    assert!(!Report::passes(&verified(1, 0), 0, 0.001_01));
    assert!(!Report::passes(&verified(1, 0), 1, 0.0));
    assert!(!Report::passes(&verified(0, 0), 0, 0.0));
    assert!(!Report::passes(&verified(99, 1), 0, 0.0));
}

#[test]
fn a_run_that_failed_says_why_it_has_no_figure() {
    let mut report = sample();
    assert_eq!(
        report.refusal().unwrap(),
        "0.20 % errors: 2 connection-lost"
    );
    report.verified.failed = 3;
    report.verified.first_failure = Some("false".to_owned());
    assert_eq!(report.refusal().unwrap(), "3 answers do not verify: false");
    report.passed = true;
    assert_eq!(report.refusal(), None);
}

fn sample() -> Report {
    let mut tally = Tally::new();
    for ms in 1..=1000 {
        let outcome = Outcome {
            accepted: 1,
            refused: BTreeMap::new(),
        };
        tally.answered(Duration::from_millis(ms), outcome, 1);
    }
    tally.lost("connection-lost", 2);
    Report {
        schema: SCHEMA,
        verb: "single",
        commit: Some("0123456789abcdef0123456789abcdef01234567-dirty".to_owned()),
        date: "2026-11-24T06:30:00Z".to_owned(),
        profile: "release",
        machine: Machine {
            cpu: "A Core @ 2.1GHz".to_owned(),
            cores: 2,
            memory_mib: 24_000,
            kernel: "6.1.0".to_owned(),
        },
        probes: Probes {
            disk_sync: Some(DiskSync {
                p50_ms: 0.15,
                p99_ms: 0.9,
            }),
            p256_verifies_per_s: 18_700.0,
        },
        log: LogFacts {
            origin: "log.example/training".to_owned(),
            unwitnessed: true,
            size_before: 1_000_000,
            size_after: 1_001_000,
            fsync_policy: Some("journal and database, each batch".to_owned()),
        },
        load: Load {
            connections: 256,
            connections_lost: 0,
            batch: 1,
            duplicates: 0.0,
            arrivals_per_s: None,
            warmup_s: 2.0,
            sent: tally.sent,
            logged: tally.accepted,
            seconds: 0.061,
            ended_by: EndedBy::Entries,
        },
        rate_per_s: rounded(1000.0 / 0.061),
        latency_ms: Latency::of(&tally),
        cpu: Cpu::new(
            Some(0.094),
            &BTreeMap::from([("sequencer".to_owned(), 0.004)]),
            0.011,
            tally.accepted,
            0.061,
            2,
        ),
        batches: None,
        errors: Errors {
            rate: tally.error_rate(),
            by_type: tally.errors.clone(),
        },
        verified: Verified {
            answers: 10,
            entries: 10,
            heads: 7,
            failed: 0,
            first_failure: None,
        },
        passed: false,
    }
}
