//! What is sent: entries, signed before the measured part, so that signing costs the run nothing.

use crate::lot::Lot;
use crate::submitter::Submitter;
use evidence::{Commitment, ENTRY_LEN, Kind, OriginHash, Tag, UnsignedEntry};
use std::num::NonZero;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// The most entries of one workload: 4 GiB of them. A longer run is several.
pub const ENTRIES_MAX: usize = (4 << 30) / ENTRY_LEN;

/// An entry that is sent again lies so many before: more than are ever in flight.
const EARLIER: usize = 16_384;

/// Signed entries with random tags and commitments, each handed out once.
#[derive(Debug)]
pub struct Workload {
    /// The entries as they are sent, one after the other: 162 bytes each and nothing else in memory.
    bytes: Vec<u8>,
    next: AtomicUsize,
}

impl Workload {
    /// Signs so many entries on all cores. `signed` is told of each handful that is done.
    ///
    /// # Errors
    /// More than [`ENTRIES_MAX`] are refused.
    pub fn sign(
        submitter: &Submitter,
        origin: &OriginHash,
        entries: usize,
        signed: impl Fn(usize) + Sync,
    ) -> Result<Self, TooLarge> {
        if entries > ENTRIES_MAX {
            return Err(TooLarge(entries));
        }
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let share = entries.div_ceil(cores).max(1) * ENTRY_LEN;
        let mut bytes = vec![0; entries * ENTRY_LEN];
        thread::scope(|scope| {
            for part in bytes.chunks_mut(share) {
                scope.spawn(|| sign_part(submitter, origin, part, &signed));
            }
        });
        Ok(Self {
            bytes,
            next: AtomicUsize::new(0),
        })
    }

    /// Puts in place of one entry in so many an earlier one, drawn from all that lie far enough before it to be logged
    /// when it is sent; of a short workload, a quarter of it before.
    pub fn repeat_one_in(&mut self, every: usize) {
        let mut lot = Lot::new(false);
        let earlier = EARLIER.min(self.len() / 4);
        for again in (earlier..self.len()).step_by(every.max(1)) {
            let before =
                u64::try_from(again + 1 - earlier).expect("a workload has fewer than 2^64");
            let from = usize::try_from(lot.below(before)).expect("it lies in the workload");
            let from = from * ENTRY_LEN;
            self.bytes
                .copy_within(from..from + ENTRY_LEN, again * ENTRY_LEN);
        }
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.bytes.len() / ENTRY_LEN
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// How many were handed out.
    pub fn taken(&self) -> usize {
        self.next.load(Ordering::Relaxed).min(self.len())
    }

    /// Hands out the next entries, so many or the last few below `end`; `None` when there are none.
    pub fn take(&self, entries: usize, end: usize) -> Option<Range<usize>> {
        let end = end.min(self.len());
        let begin = self
            .next
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |next| {
                (next < end).then(|| end.min(next + entries))
            })
            .ok()?;
        Some(begin..end.min(begin + entries))
    }

    /// The bytes of these entries.
    pub fn bytes(&self, entries: Range<usize>) -> &[u8] {
        &self.bytes[entries.start * ENTRY_LEN..entries.end * ENTRY_LEN]
    }
}

/// More entries than one workload may hold: so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0} entries are too many to sign beforehand: one run takes at most {ENTRIES_MAX} (4 GiB of them); shorten it, or \
     lower --ceiling"
)]
pub struct TooLarge(pub usize);

/// How many entries are signed between two words about it.
const HANDFUL: usize = 256;

fn sign_part(
    submitter: &Submitter,
    origin: &OriginHash,
    part: &mut [u8],
    signed: &(impl Fn(usize) + Sync),
) {
    for handful in part.chunks_mut(HANDFUL * ENTRY_LEN) {
        let mut random = [0; HANDFUL * 64];
        getrandom::fill(&mut random).expect("the system gives random bytes");
        let (pairs, _) = random.as_chunks::<64>();
        let (entries, _) = handful.as_chunks_mut::<ENTRY_LEN>();
        for (entry, pair) in entries.iter_mut().zip(pairs) {
            *entry = sign_entry(submitter, origin, pair);
        }
        signed(entries.len());
    }
}

fn sign_entry(submitter: &Submitter, origin: &OriginHash, random: &[u8; 64]) -> [u8; ENTRY_LEN] {
    let (tag, commitment) = random.split_at(32);
    let fixed = |half: &[u8]| half.try_into().expect("half of 64 bytes is 32");
    let unsigned = UnsignedEntry {
        kind: Kind::Record,
        key_id: *submitter.key_id(),
        tag: Tag::new(fixed(tag)),
        commitment: Commitment::new(fixed(commitment)),
    };
    let signature = submitter.sign(&unsigned.signed_message(origin));
    let mut entry = [0; ENTRY_LEN];
    let (content, tail) = entry.split_at_mut(ENTRY_LEN - 64);
    content.copy_from_slice(&unsigned.content());
    tail.copy_from_slice(&signature);
    entry
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use evidence::Entry;
    use p256::SecretKey;
    use p256::pkcs8::{EncodePrivateKey as _, EncodePublicKey as _};
    use std::collections::HashSet;

    #[test]
    fn every_entry_verifies_and_no_two_are_alike() {
        let secret = SecretKey::from_slice(&[7; 32]).unwrap();
        let pem = secret.to_pkcs8_pem(p256::pkcs8::LineEnding::LF).unwrap();
        let spki = secret.public_key().to_public_key_der().unwrap();
        let submitter = Submitter::from_pem(pem.as_bytes()).unwrap();
        let origin = OriginHash::of("log.example/training");
        let told = AtomicUsize::new(0);
        let count = |n| {
            told.fetch_add(n, Ordering::Relaxed);
        };
        let workload = Workload::sign(&submitter, &origin, 601, count).unwrap();
        assert_eq!((workload.len(), told.into_inner()), (601, 601));

        let mut tags = HashSet::new();
        for i in 0..workload.len() {
            let entry = Entry::parse_submitted(workload.bytes(i..i + 1)).unwrap();
            entry
                .verify(&origin, spki.as_bytes(), &tlog::PureRust)
                .unwrap();
            assert!(tags.insert(*entry.tag()), "tag {i} is another's");
            assert_ne!(entry.tag().as_bytes(), entry.commitment().as_bytes());
        }
    }

    #[test]
    fn each_entry_is_handed_out_once_and_none_past_the_end() {
        let workload = Workload {
            bytes: vec![0; 10 * ENTRY_LEN],
            next: AtomicUsize::new(0),
        };
        assert_eq!(workload.take(3, 4), Some(0..3));
        assert_eq!(workload.take(3, 4), Some(3..4));
        assert_eq!(workload.take(3, 4), None);
        assert_eq!(workload.taken(), 4);
        assert_eq!(workload.take(4, usize::MAX), Some(4..8));
        assert_eq!(workload.take(4, usize::MAX), Some(8..10));
        assert_eq!(workload.take(4, usize::MAX), None);
        assert_eq!(workload.bytes(8..10).len(), 2 * ENTRY_LEN);
    }

    #[test]
    fn one_in_ten_is_sent_again_and_lies_far_before() {
        let bytes = (0..80_000_u32).flat_map(|number| {
            let mut entry = [0; ENTRY_LEN];
            entry[..4].copy_from_slice(&number.to_be_bytes());
            entry
        });
        let mut workload = Workload {
            bytes: bytes.collect(),
            next: AtomicUsize::new(0),
        };
        workload.repeat_one_in(10);
        let number = |place: usize| {
            let entry = workload.bytes(place..place + 1);
            u32::from_be_bytes(entry[..4].try_into().unwrap()) as usize
        };
        let again: Vec<usize> = (0..80_000)
            .filter(|place| number(*place) != *place)
            .collect();
        assert_eq!(again.len(), (80_000 - EARLIER).div_ceil(10));
        assert!(
            again
                .iter()
                .all(|place| number(*place) + EARLIER <= *place + 1)
        );
    }

    #[test]
    fn a_workload_that_would_fill_the_memory_is_refused() {
        let pem = SecretKey::from_slice(&[7; 32])
            .unwrap()
            .to_pkcs8_pem(p256::pkcs8::LineEnding::LF)
            .unwrap();
        let submitter = Submitter::from_pem(pem.as_bytes()).unwrap();
        let origin = OriginHash::of("log.example");
        let refused = Workload::sign(&submitter, &origin, ENTRIES_MAX + 1, |_| ());
        assert_eq!(refused.unwrap_err(), TooLarge(ENTRIES_MAX + 1));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        assert_eq!(
            Submitter::from_pem(b"\xff").err(),
            Some(crate::submitter::NotAKey)
        );
        assert_eq!(
            Submitter::from_pem(b"key").err(),
            Some(crate::submitter::NotAKey)
        );
    }
}
