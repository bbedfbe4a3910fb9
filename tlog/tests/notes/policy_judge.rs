//! The forge of what a policy judges.

use crate::forge::{Case, case};
use crate::keys::{TIME, TOWN, TestKey, checkpoint, foreign, log, note, witness, witness_pq};
use std::slice::from_ref;
use tlog::{Hash, Note, SignatureLine};

/// Cases of `policy/judge`.
pub fn cases() -> Vec<Case> {
    let (town, other) = (log(TOWN), log("log.example/other"));
    let head = checkpoint();
    let (ed, th, pq) = (&town.ed25519, &town.tree_head, &town.ml_dsa);
    let (a, b, c) = (witness('a'), witness('b'), witness('c'));
    let (a_pq, now) = (witness_pq('a'), format!("{TIME} s"));
    let vector = |name: &str, policy: &str, also: &[&TestKey], note: &Note| {
        let also: Vec<String> = also.iter().map(|key| key.vkey.to_string()).collect();
        case(name)
            .with("policy", policy)
            .with("also", also)
            .with("note", note.to_string())
    };
    let lines = |verified: &[(&TestKey, &str)]| -> Vec<String> {
        verified
            .iter()
            .map(|(TestKey { vkey, .. }, time)| {
                format!(
                    "{}+{} {:02x} {time}",
                    vkey.name(),
                    vkey.id(),
                    vkey.kind().byte()
                )
            })
            .collect()
    };
    let good = |case: Case, log: &[(&TestKey, &str)], cosigned: &[(&TestKey, &str)]| {
        case.with("log", lines(log))
            .with("cosigned", lines(cosigned))
            .ok()
    };
    let unwitnessed = format!("log {}\nquorum none\n", pq.vkey);
    let two = format!(
        "log {}\nwitness A {}\nwitness B {}\nwitness C {}\ngroup q 2 A B C\nquorum q\n",
        pq.vkey, a.vkey, b.vkey, c.vkey
    );
    let both_logs = two.replacen('\n', &format!("\nlog {}\n", other.ml_dsa.vkey), 1);
    let log_line = pq.line(&head, TIME);
    let cosigned = |keys: &[&TestKey]| {
        let mut lines = vec![log_line.clone()];
        lines.extend(keys.iter().map(|key| key.line(&head, TIME)));
        note(head.text(), &lines)
    };
    let with = |line: SignatureLine| {
        note(
            head.text(),
            &[
                log_line.clone(),
                a.line(&head, TIME),
                b.line(&head, TIME),
                line,
            ],
        )
    };
    let lying = foreign(&format!("{TOWN}\n1234\n{}\n", Hash::of(b"another root")));
    let no_log = format!("witness A {}\nquorum A\n", a.vkey);
    let pq_witness = format!("log {}\nwitness A {}\nquorum A\n", pq.vkey, a_pq.vkey);
    let own_witness = format!("log {0}\nwitness A {0}\nquorum A\n", pq.vkey);
    let all = town.note(&head, &[]);
    let milliseconds = format!("{} ms", TIME * 1000 + 250);
    vec![
        good(
            vector("quorum none: the log alone", &unwitnessed, &[], &all),
            &[(pq, &now)],
            &[],
        ),
        good(
            vector(
                "the log's other keys are known too",
                &unwitnessed,
                &[ed, th],
                &all,
            ),
            &[(pq, &now), (ed, "-"), (th, &milliseconds)],
            &[],
        ),
        good(
            vector(
                "a key that is listed and known too counts once",
                &unwitnessed,
                &[pq, ed, ed],
                &all,
            ),
            &[(pq, &now), (ed, "-")],
            &[],
        ),
        good(
            vector("two of three witnesses", &two, &[], &cosigned(&[&a, &c])),
            &[(pq, &now)],
            &[(&a, &now), (&c, &now)],
        ),
        good(
            vector(
                "all of three witnesses, in the order of the policy",
                &two,
                &[],
                &cosigned(&[&c, &a, &b]),
            ),
            &[(pq, &now)],
            &[(&a, &now), (&b, &now), (&c, &now)],
        ),
        good(
            vector(
                "an unknown cosigner beside them",
                &two,
                &[],
                &with(witness('z').line(&lying, 1)),
            ),
            &[(pq, &now)],
            &[(&a, &now), (&b, &now)],
        ),
        good(
            vector("any of two logs", &both_logs, &[], &cosigned(&[&a, &c])),
            &[(pq, &now)],
            &[(&a, &now), (&c, &now)],
        ),
        good(
            vector(
                "a witness by ML-DSA-44",
                &pq_witness,
                &[],
                &cosigned(&[&a_pq]),
            ),
            &[(pq, &now)],
            &[(&a_pq, &now)],
        ),
        good(
            vector(
                "a witness by ML-DSA-44 that states no time",
                &pq_witness,
                &[],
                &note(head.text(), &[log_line.clone(), a_pq.line(&head, 0)]),
            ),
            &[(pq, &now)],
            &[(&a_pq, "-")],
        ),
        good(
            vector(
                "a log that is its own witness (a warning)",
                &own_witness,
                &[],
                &cosigned(&[]),
            ),
            &[(pq, &now)],
            &[(pq, &now)],
        ),
        vector("one of three witnesses", &two, &[], &cosigned(&[&b]))
            .refused("Quorum(1 of 3, needs 2)"),
        vector("no witness", &two, &[], &cosigned(&[])).refused("Quorum(0 of 3, needs 2)"),
        vector(
            "one witness twice is one witness",
            &two,
            &[],
            &note(
                head.text(),
                &[
                    log_line.clone(),
                    a.line(&head, TIME),
                    a.line(&head, TIME + 1),
                ],
            ),
        )
        .refused("Quorum(1 of 3, needs 2)"),
        vector(
            "a witness' other key is not listed",
            &two,
            &[],
            &cosigned(&[&a, &a_pq]),
        )
        .refused("Quorum(1 of 3, needs 2)"),
        vector(
            "two good witnesses and a bad line by the third",
            &two,
            &[],
            &with(c.line(&lying, TIME)),
        )
        .refused("BadSignature(Signature)"),
        vector(
            "two good witnesses and a bad second line by the first",
            &two,
            &[],
            &with(a.line(&lying, TIME)),
        )
        .refused("BadSignature(Signature)"),
        vector(
            "a witness' line of a wrong length",
            &two,
            &[],
            &with(c.line_of(&[1; 64])),
        )
        .refused("BadSignature(Form)"),
        vector(
            "a bad line by a key of the log that is known too",
            &unwitnessed,
            &[ed],
            &note(head.text(), &[log_line.clone(), ed.line(&lying, 0)]),
        )
        .refused("BadSignature(Signature)"),
        vector(
            "the witnesses without the log",
            &two,
            &[],
            &note(head.text(), &[a.line(&head, TIME), b.line(&head, TIME)]),
        )
        .refused("NoLogSignature"),
        vector(
            "another key of the log does not stand in for the listed one",
            &unwitnessed,
            &[ed, th],
            &note(head.text(), &[ed.line(&head, 0)]),
        )
        .refused("NoLogSignature"),
        vector(
            "another listed log signed this log's checkpoint",
            &both_logs,
            &[],
            &note(
                head.text(),
                &[
                    other.ml_dsa.line(&head, TIME),
                    a.line(&head, TIME),
                    b.line(&head, TIME),
                ],
            ),
        )
        .refused("NoLogSignature"),
        vector("a log that is not listed", &two, &[], &{
            let text = head.text().replacen("town", "city", 1);
            let head = foreign(&text);
            note(
                text,
                &[
                    log("log.example/city").ml_dsa.line(&head, TIME),
                    a.line(&head, TIME),
                    b.line(&head, TIME),
                ],
            )
        })
        .refused("UnknownLog"),
        vector("no log is listed", &no_log, &[pq], &cosigned(&[&a])).refused("UnknownLog"),
        vector(
            "no checkpoint",
            &unwitnessed,
            &[],
            &note("a\nb\nc\n", from_ref(&log_line)),
        )
        .refused("Malformed(Size)"),
    ]
}
