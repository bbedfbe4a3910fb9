//! The examiner: is a head that somebody was shown one with ours? First by what we remember, then by the log's own
//! tiles; and what contradicts goes to the docket before anybody is answered.

use crate::comparison::{self, Comparison};
use crate::conviction::Conviction;
use crate::docket::{Docket, Kept, NotKept};
use crate::known_log::KnownLog;
use crate::ledger::{Ledger, LedgerError};
use crate::log_tiles::{self, NoTiles};
use crate::outside::Outside;
use crate::sighting::{SIGHTING_BYTES_MAX, Sighting};
use service::{Quota, Rate};
use std::num::NonZeroU32;
use std::sync::Arc;
use tlog::{Hash, MisbehaviorProof, Note, TreeSize};

/// How often a second the kept heads of one log are read for requests that are refused: each takes some milliseconds, and
/// anybody can repeat an old head of a log. Beyond it only memory is asked; gossip looks again.
const LOOKUP_RATE: Rate = Rate {
    per_second: NonZeroU32::new(5).expect("not zero"),
    burst: NonZeroU32::new(20).expect("not zero"),
};

/// Compares heads.
pub struct Examiner {
    ledger: Arc<dyn Ledger>,
    outside: Arc<dyn Outside>,
    docket: Arc<Docket>,
    lookups: Quota<crate::known_log::LogId>,
}

/// What became of a head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// We signed it.
    Known,
    /// We never signed any head of this log: there is nothing to compare it with.
    Uncompared,
    /// One of the two continues the other.
    Follows,
    /// They contradict each other, and the proof is on disk.
    Proven(Box<Conviction>),
    /// Nothing is shown either way.
    Apart(Apart),
}

/// Two heads that nobody has joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Apart {
    /// The one that we signed.
    pub ours: Sighting,
    /// Why.
    pub why: Why,
}

/// Why two heads are not joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// We know no address of the log, so nothing can be withheld from us: this is never a dispute.
    NoAddress,
    /// The log was not asked for its tiles yet.
    NotAsked,
    /// The log cannot be reached.
    Unreachable,
    /// The log answers, and not with its tiles.
    Withheld,
    /// The log's tiles lead to neither head.
    OtherTree,
    /// They contradict each other, and a proof of it cannot be kept (the docket is full, or the disk).
    NotKept,
}

impl Why {
    /// All, in the order of the documentation.
    pub const ALL: [Self; 6] = [
        Self::NoAddress,
        Self::NotAsked,
        Self::Unreachable,
        Self::Withheld,
        Self::OtherTree,
        Self::NotKept,
    ];

    const fn of_address(log: &KnownLog) -> Self {
        if log.enrolled.url.is_some() {
            Self::NotAsked
        } else {
            Self::NoAddress
        }
    }

    /// The word in JSON and metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NoAddress => "no-address",
            Self::NotAsked => "not-asked",
            Self::Unreachable => "unreachable",
            Self::Withheld => "withheld",
            Self::OtherTree => "other-tree",
            Self::NotKept => "not-kept",
        }
    }
}

impl Examiner {
    /// Reads kept heads from the ledger and tiles from outside.
    pub fn new(ledger: Arc<dyn Ledger>, outside: Arc<dyn Outside>, docket: Arc<Docket>) -> Self {
        Self {
            ledger,
            outside,
            docket,
            lookups: Quota::new("lookup", LOOKUP_RATE),
        }
    }

    /// Examines a head, by the log's tiles if need be.
    pub async fn examine(&self, log: &KnownLog, seen: &Sighting) -> Finding {
        let Some(ours) = newest(log) else {
            return self.examine_alone(log, seen).await;
        };
        if let Some(finding) = self.remembered(log, seen, &ours, true).await {
            return finding;
        }
        let apart = |why| {
            Finding::Apart(Apart {
                ours: ours.clone(),
                why,
            })
        };
        let Some(url) = &log.enrolled.url else {
            return apart(Why::NoAddress);
        };
        let first = self.join(log, url, &ours, seen).await;
        match first {
            Ok(Comparison::Apart) | Err(NoTiles::Withheld) => {}
            Ok(comparison) => {
                let settled = self.settle(log, comparison, &ours).await;
                return settled.unwrap_or_else(|| apart(Why::NotKept));
            }
            Err(NoTiles::Unreachable) => return apart(Why::Unreachable),
        }
        // The tiles may be those of a third head, which the log shows to all: it contradicts one of the two.
        if let Some(finding) = self.by_served_head(log, url, &ours, seen).await {
            return finding;
        }
        apart(if first.is_ok() {
            Why::OtherTree
        } else {
            Why::Withheld
        })
    }

    /// Looks at a head that we refuse to sign, before its sender is answered. `old` and `proof` came with it.
    pub async fn refuse(
        &self,
        log: &KnownLog,
        seen: &Sighting,
        old: TreeSize,
        proof: &[Hash],
    ) -> Finding {
        let Some(ours) = newest(log) else {
            return self.examine_alone(log, seen).await;
        };
        let may_look_up = self.lookups.take(&log.enrolled.id, NonZeroU32::MIN).is_ok();
        if let Some(finding) = self.remembered(log, seen, &ours, may_look_up).await {
            return finding;
        }
        if let Some(finding) = self.by_proof(log, &ours, seen, proof).await {
            return finding;
        }
        if may_look_up
            && old != ours.size()
            && let Ok(Some(kept)) = self.kept(log, old).await
            && let Some(finding) = self.by_proof(log, &kept, seen, proof).await
        {
            return finding;
        }
        // Gossip looks again, by the log's own tiles.
        let why = Why::of_address(log);
        Finding::Apart(Apart { ours, why })
    }

    /// A head that there is nothing to compare with; it may convict alone.
    async fn examine_alone(&self, log: &KnownLog, seen: &Sighting) -> Finding {
        match comparison::alone(&log.enrolled.vkeys, seen, seen) {
            proven @ Comparison::Proven(_) => {
                let settled = self.settle(log, proven, seen).await;
                settled.unwrap_or(Finding::Uncompared)
            }
            Comparison::Follows | Comparison::Apart => Finding::Uncompared,
        }
    }

    /// What a consistency proof from anybody shows about two heads.
    pub async fn by_proof(
        &self,
        log: &KnownLog,
        a: &Sighting,
        b: &Sighting,
        proof: &[Hash],
    ) -> Option<Finding> {
        let compared = comparison::by_consistency(&log.enrolled.vkeys, a, b, proof);
        self.settle(log, compared, a).await
    }

    /// What memory and the ledger say alone; `None` if they do not decide.
    async fn remembered(
        &self,
        log: &KnownLog,
        seen: &Sighting,
        ours: &Sighting,
        may_look_up: bool,
    ) -> Option<Finding> {
        if log.standing.root_of_late(seen.size()) == Some(seen.root()) {
            return Some(Finding::Known);
        }
        let alone = comparison::alone(&log.enrolled.vkeys, ours, seen);
        if let Some(finding) = self.settle(log, alone, ours).await {
            return Some(finding);
        }
        if !may_look_up || seen.size() > ours.size() {
            return None;
        }
        let kept = match self.kept(log, seen.size()).await {
            Ok(kept) => kept?,
            Err(error) => {
                tracing::error!(%error, "The kept heads cannot be read.");
                return None;
            }
        };
        let alone = comparison::alone(&log.enrolled.vkeys, &kept, seen);
        self.settle(log, alone, &kept).await
    }

    async fn kept(&self, log: &KnownLog, size: TreeSize) -> Result<Option<Sighting>, LedgerError> {
        let kept = self.ledger.kept(log.enrolled.id).await?;
        let sightings = kept.iter().rev().filter_map(|head| {
            // A cheap look first: verifying four thousand signatures to find one head would be a gift to a flood.
            let size_line = head.note.lines().nth(1)?;
            let of_size = TreeSize::from_decimal(size_line).ok()? == size;
            let note = Note::parse(head.note.as_bytes()).ok().filter(|_| of_size)?;
            Sighting::of(log, &note).ok()
        });
        Ok(sightings.into_iter().next())
    }

    async fn join(
        &self,
        log: &KnownLog,
        url: &str,
        a: &Sighting,
        b: &Sighting,
    ) -> Result<Comparison, NoTiles> {
        let nodes = comparison::nodes(a, b);
        let size = a.size().max(b.size());
        let hashes = log_tiles::read(self.outside.as_ref(), url, size, &nodes).await?;
        Ok(comparison::opened(&log.enrolled.vkeys, a, b, &hashes))
    }

    /// Compares both heads with the one that the log shows to all.
    async fn by_served_head(
        &self,
        log: &KnownLog,
        url: &str,
        ours: &Sighting,
        seen: &Sighting,
    ) -> Option<Finding> {
        let served = self.served(log, url).await?;
        let mut both_follow = true;
        for head in [ours, seen] {
            let compared = match comparison::alone(&log.enrolled.vkeys, head, &served) {
                Comparison::Apart => self.join(log, url, head, &served).await.ok()?,
                compared => compared,
            };
            match compared {
                Comparison::Follows => both_follow &= served.size() >= head.size(),
                Comparison::Apart => both_follow = false,
                proven @ Comparison::Proven(_) => return self.settle(log, proven, head).await,
            }
        }
        both_follow.then_some(Finding::Follows)
    }

    /// The head that the log shows to all, if it shows one that it signed.
    async fn served(&self, log: &KnownLog, url: &str) -> Option<Sighting> {
        let address = format!("{url}/checkpoint");
        let bytes = self.outside.get(&address, SIGHTING_BYTES_MAX).await;
        let note = Note::parse(&bytes.ok()??).ok()?;
        Sighting::of(log, &note).ok()
    }

    /// Takes what was compared to the docket; `None` if nothing is decided.
    async fn settle(
        &self,
        log: &KnownLog,
        compared: Comparison,
        ours: &Sighting,
    ) -> Option<Finding> {
        match compared {
            Comparison::Apart => None,
            Comparison::Follows => Some(Finding::Follows),
            Comparison::Proven(proof) => Some(self.convict(log, &proof, ours).await),
        }
    }

    async fn convict(&self, log: &KnownLog, proof: &MisbehaviorProof, ours: &Sighting) -> Finding {
        match self.docket.keep(log, proof).await {
            Ok(Kept { conviction, .. }) => Finding::Proven(Box::new(conviction)),
            Err(why) => {
                // More proofs than enough change nothing; that the disk is full must not be overlooked.
                if matches!(why, NotKept::Disk(_)) {
                    tracing::error!(%why, log = log.enrolled.origin, "A proof of misbehaviour was found and not kept.");
                }
                let known = self.docket.of_log(&log.origin_hash);
                match known
                    .into_iter()
                    .find(|one| one.accused == *proof.accused())
                {
                    Some(conviction) => Finding::Proven(Box::new(conviction)),
                    None => Finding::Apart(Apart {
                        ours: ours.clone(),
                        why: Why::NotKept,
                    }),
                }
            }
        }
    }
}

/// The newest head that we signed, as it is shown.
fn newest(log: &KnownLog) -> Option<Sighting> {
    let shown = log.standing.shown()?;
    let note = Note::parse(shown.as_bytes()).ok()?;
    Sighting::of(log, &note).ok()
}
