//! The port `Memory`: what others remember of us. A witness that starts from an old copy of its state would sign a fork
//! and be framed by its own past; what it signed before lies with others.

pub mod everybody;
pub mod seen_by_peers;
pub mod served_head;

use crate::head::Head;
use crate::known_log::Enrolled;
use async_trait::async_trait;
use std::fmt;

/// Sources of memory: the logs, in the heads that they serve, and the peers, in what they saw of us.
#[async_trait]
pub trait Memory: Send + Sync {
    /// For each source the newest head of this log that it can show with our signature.
    async fn recall(&self, log: &Enrolled) -> Vec<Recall>;
}

/// What was recalled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recall {
    /// Nobody answered, for this reason.
    Silent(String),
    /// An answer without any signature of ours.
    NeverSigned,
    /// A head that we signed.
    Signed(Head),
}

/// What a recollection says about our row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// The row is at least as new.
    Consistent,
    /// Nothing.
    Silent(String),
    /// We signed this head, and the row knows nothing of it: the state is older than our signatures.
    Older(Head),
}

/// Compares our row with all that was recalled: one head that we do not know is enough against it, and one that agrees
/// is enough for it.
pub fn compare_all(row: &Head, recalled: Vec<Recall>) -> Agreement {
    let mut silent = Vec::new();
    let mut agrees = false;
    for recall in recalled {
        match compare(row, recall) {
            Agreement::Consistent => agrees = true,
            Agreement::Silent(why) => silent.push(why),
            older @ Agreement::Older(_) => return older,
        }
    }
    if agrees {
        Agreement::Consistent
    } else {
        Agreement::Silent(silent.join(", "))
    }
}

/// Compares our row with what was recalled.
pub fn compare(row: &Head, recall: Recall) -> Agreement {
    match recall {
        Recall::Silent(why) => Agreement::Silent(why),
        Recall::NeverSigned if row.is_signed() => {
            Agreement::Silent("its head bears no cosignature of ours".to_owned())
        }
        Recall::NeverSigned => Agreement::Consistent,
        Recall::Signed(seen) => {
            let other_root = seen.size() == row.size() && seen.root() != row.root();
            if seen.size() > row.size() || seen.time_s > row.time_s || other_root {
                Agreement::Older(seen)
            } else {
                Agreement::Consistent
            }
        }
    }
}

/// The witness must not run: others hold signatures of ours that its state does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OlderState {
    /// The log.
    pub origin: String,
    /// What we have.
    pub row: Head,
    /// What was recalled.
    pub seen: Head,
}

impl fmt::Display for OlderState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { origin, row, seen } = self;
        write!(
            f,
            "the state is older than our own signatures: of the log {origin} we have size {} at time {}, and it or a \
             peer shows size {} with our cosignature of time {}. Was a backup restored, or is a second copy running? Put the \
             newest state back. If it is lost, make a new witness with new keys (`notarylog-witness init`) and tell \
             those who trust this one; these keys must not sign again",
            row.size(),
            row.time_s,
            seen.size(),
            seen.time_s
        )
    }
}

impl std::error::Error for OlderState {}

#[cfg(test)]
mod tests {
    use super::{Agreement, Recall, compare, compare_all};
    use crate::head::Head;
    use crate::testimony::Tree;
    use tlog::{Hash, Latest, TreeSize};

    fn head(size: u64, time_s: u64) -> Head {
        let latest = Tree::grown(9).latest(size);
        Head { latest, time_s }
    }

    #[test]
    fn a_row_that_is_at_least_as_new_is_consistent() {
        for seen in [head(5, 100), head(5, 99), head(4, 100), head(0, 1)] {
            assert_eq!(
                compare(&head(5, 100), Recall::Signed(seen)),
                Agreement::Consistent
            );
        }
        assert_eq!(
            compare(&Head::NEVER, Recall::NeverSigned),
            Agreement::Consistent
        );
    }

    #[test]
    fn a_larger_tree_a_later_time_and_another_root_show_an_older_state() {
        let forked = Head {
            latest: Latest::new(TreeSize::new(5).unwrap(), Hash::of(b"fork")),
            time_s: 50,
        };
        for seen in [head(6, 90), head(5, 101), head(4, 101), forked] {
            assert_eq!(
                compare(&head(5, 100), Recall::Signed(seen)),
                Agreement::Older(seen)
            );
        }
        let seen = head(1, 1);
        assert_eq!(
            compare(&Head::NEVER, Recall::Signed(seen)),
            Agreement::Older(seen)
        );
    }

    #[test]
    fn one_head_that_is_newer_outweighs_all_that_agree() {
        let (row, newer) = (head(5, 100), head(6, 101));
        let all = |seen: &[Recall]| compare_all(&row, seen.to_vec());
        let silent = Recall::Silent("down".into());
        let agrees = Recall::Signed(head(5, 100));
        assert_eq!(
            all(&[agrees.clone(), silent.clone(), Recall::Signed(newer)]),
            Agreement::Older(newer)
        );
        assert_eq!(all(&[silent.clone(), agrees]), Agreement::Consistent);
        assert_eq!(
            all(&[silent.clone(), silent]),
            Agreement::Silent("down, down".into())
        );
        assert_eq!(all(&[]), Agreement::Silent(String::new()));
    }

    #[test]
    fn an_answer_without_our_signature_says_nothing_about_a_row_that_has_one() {
        for recall in [Recall::NeverSigned, Recall::Silent("down".into())] {
            let agreement = compare(&head(5, 100), recall);
            assert!(matches!(agreement, Agreement::Silent(_)), "{agreement:?}");
        }
    }
}
