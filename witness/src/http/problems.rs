//! Every problem that the witness answers with. docs/witness-problems.md lists the same.

use service::door_problems;
use std::fmt::Write as _;

service::problem_kinds! {
    MALFORMED = "malformed-request", BAD_REQUEST, "The body is no add-checkpoint request.",
        "Send what c2sp.org/tlog-witness describes: an old line, the proof, an empty line, the checkpoint.";
    OLD_ABOVE_SIZE = "old-above-size", BAD_REQUEST, "The old size is above the checkpoint's.",
        "Send a checkpoint at least as large as the old size.";
    NOT_SIGNED = "not-signed", FORBIDDEN, "The checkpoint is not validly signed by a key that is enrolled for its origin.",
        "Send the log's own lines; if its key is new, let the witness's operator enrol it.";
    UNKNOWN_LOG = "unknown-log", NOT_FOUND, "This witness does not know the log.",
        "Ask the witness's operator to enrol it; /v1/logs lists the logs that are.";
    NEVER_COSIGNED = "never-cosigned", NOT_FOUND, "This witness has never cosigned a checkpoint of this log.",
        "Ask again after the log has sent one.";
    NOT_FORWARD = "not-forward", UNPROCESSABLE_ENTITY, "The checkpoint does not provably extend the newest one.",
        "Send the consistency proof from the old size to the checkpoint. A fork is never cosigned.";
    CONVICTED = "log-convicted", FORBIDDEN, "A proof of misbehaviour stands against the log; this witness cosigns it no more.",
        "Fetch the proof at the address in `misbehavior` and verify it with `notary verify`; the witness's operator decides what follows.";
    MALFORMED_CHECKPOINT = "malformed-checkpoint", BAD_REQUEST, "The body is no checkpoint.",
        "Send a checkpoint as the log or a witness serves it, or an add-checkpoint request.";
    CHECKPOINT_TOO_LARGE = "checkpoint-too-large", PAYLOAD_TOO_LARGE, "The checkpoint is larger than 64 KiB.",
        "Leave out signature lines that are not the log's.";
    MALFORMED_PROOF = "malformed-proof", BAD_REQUEST, "The body is no proof of misbehaviour.",
        "Send the file as it is; `notary misbehavior explain` says what is wrong with it.";
    NOT_PROVEN = "not-proven", UNPROCESSABLE_ENTITY, "The file proves nothing.",
        "Nothing to do; `notary misbehavior explain` says why.";
    STRANGER = "unknown-accused", FORBIDDEN, "The accused key is neither the log's nor a peer's of this witness.",
        "Send the proof to those who rely on this key.";
    NO_PROOF = "no-such-proof", NOT_FOUND, "This witness holds no such proof.",
        "Fetch the list at /<origin hash>/misbehavior.";
    NEVER_SEEN = "never-seen", NOT_FOUND, "This peer has shown us no head of this log.",
        "Ask again after a round of gossip.";
    CLOCK = "clock-ahead", SERVICE_UNAVAILABLE, "The witness's clock is ahead of its logs' clocks; nothing was signed.",
        "Nothing to do for a log; the witness's operator must set the clock.";
    UNCONFIRMED = "unconfirmed", SERVICE_UNAVAILABLE, "The witness has not found yet that its state is the newest; nothing was signed.",
        "Send the same again later; keep serving /checkpoint, where the witness looks.";
    BUSY = "busy", SERVICE_UNAVAILABLE, "Too many requests wait already; nothing was signed.",
        "Send the newest checkpoint after the time in Retry-After.";
    STORE = "store", SERVICE_UNAVAILABLE, "The witness's store does not answer; nothing was signed.",
        "Send the same again after the time in Retry-After; a 409 then tells the size that was recorded.";
    DISK_FULL = "disk-full", INSUFFICIENT_STORAGE, "The witness's disk is full; nothing was signed.",
        "Nothing to do for a log; the witness's operator must make room.";
}

/// `GET /docs/problems`: where the type of a problem points.
pub async fn docs() -> String {
    let mut text = String::from("The problems of a witness.\n");
    for kind in ALL.iter().chain(door_problems::ALL) {
        let status = kind.status.as_u16();
        let _ = write!(
            text,
            "\n{} ({status})\n{}\n{}\n",
            kind.slug, kind.title, kind.remedy
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn every_problem_is_documented_with_its_status_and_remedy() {
        let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/witness-problems.md");
        let docs = std::fs::read_to_string(docs).unwrap();
        let rows: Vec<&str> = docs
            .lines()
            .filter(|line| line.starts_with("| `"))
            .collect();
        let expected: Vec<String> = ALL
            .iter()
            .map(|kind| {
                let (slug, status) = (kind.slug, kind.status.as_u16());
                format!("| `{slug}` | {status} | {} | {} |", kind.title, kind.remedy)
            })
            .collect();
        assert_eq!(rows, expected);
    }
}
