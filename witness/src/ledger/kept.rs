//! The heads that we signed of late, packed: what makes two roots of one size findable, and is evidence as it lies.
//!
//! ```text
//! length of the rest  4 bytes, big-endian
//! log                 8 bytes   the row of the log
//! time                8 bytes   of our signature, seconds since 1970
//! note                          the checkpoint and one line by its log, as text
//! ```

use crate::known_log::LogId;
use std::sync::Arc;

/// A head that we signed, with one line of the log's that shows the log did too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptHead {
    /// Which log.
    pub log: LogId,
    /// The time of our signature.
    pub time_s: u64,
    /// The checkpoint and one line by its log.
    pub note: Arc<str>,
}

/// Packs heads, one after the other.
pub fn pack<'a>(heads: impl IntoIterator<Item = &'a KeptHead>) -> Vec<u8> {
    let mut packed = Vec::new();
    for head in heads {
        // A note is at most 128 KiB: a request's.
        let len = u32::try_from(HEADER + head.note.len()).expect("a note is at most 128 KiB");
        packed.extend_from_slice(&len.to_be_bytes());
        packed.extend_from_slice(&head.log.0.to_be_bytes());
        packed.extend_from_slice(&head.time_s.to_be_bytes());
        packed.extend_from_slice(head.note.as_bytes());
    }
    packed
}

/// Unpacks heads; `None` if the bytes are not what [`pack`] writes.
pub fn unpack(mut packed: &[u8]) -> Option<Vec<KeptHead>> {
    let mut heads = Vec::new();
    while !packed.is_empty() {
        let (len, rest) = packed.split_first_chunk::<4>()?;
        let (head, rest) =
            rest.split_at_checked(usize::try_from(u32::from_be_bytes(*len)).ok()?)?;
        let (log, head) = head.split_first_chunk()?;
        let (time, note) = head.split_first_chunk()?;
        heads.push(KeptHead {
            log: LogId(i64::from_be_bytes(*log)),
            time_s: u64::from_be_bytes(*time),
            note: std::str::from_utf8(note).ok()?.into(),
        });
        packed = rest;
    }
    Some(heads)
}

const HEADER: usize = 16;

#[cfg(test)]
mod tests {
    use super::{KeptHead, pack, unpack};
    use crate::known_log::LogId;

    #[test]
    fn what_is_packed_is_unpacked_and_a_cut_is_seen() {
        let heads: Vec<KeptHead> = (0..3)
            .map(|n| KeptHead {
                log: LogId(n),
                time_s: 7,
                note: "note".repeat(usize::try_from(n).unwrap()).into(),
            })
            .collect();
        let packed = pack(&heads);
        assert_eq!(unpack(&packed), Some(heads));
        let whole = [0, 20, 44, packed.len()];
        for cut in 0..=packed.len() {
            assert_eq!(
                unpack(&packed[..cut]).is_some(),
                whole.contains(&cut),
                "{cut}"
            );
        }
    }
}
