//! One record of the journal: what a step forward leaves, framed and chained.

use crate::storage::anchor::AnchorRecord;
use crate::storage::coord::Head;
use evidence::ENTRY_LEN;
use sha2::{Digest as _, Sha256};
use tlog::{Hash, TreeSize};

/// How every record begins.
pub(super) const MAGIC: [u8; 4] = *b"NLJ1";

/// What stands before a body: the magic and the length of the body.
pub(super) const PREFIX_LEN: usize = 8;

/// SHA-256 over the checksum before and the body: it chains the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Checksum(pub(super) [u8; Checksum::LEN]);

impl Checksum {
    pub(super) const LEN: usize = 32;

    /// What stands before the first record of a journal.
    pub(super) const START: Self = Self([0; Self::LEN]);

    pub(super) fn after(self, body: &[u8]) -> Self {
        Self(
            Sha256::new()
                .chain_update(self.0)
                .chain_update(body)
                .finalize()
                .into(),
        )
    }
}

/// Appends the framed record to `into` and tells its checksum. `None` when the record is no step: its entries are
/// not as many as the head grew by, or it is too long for its frame.
pub(super) fn encode(
    record: &AnchorRecord,
    previous: Checksum,
    into: &mut Vec<u8>,
) -> Option<Checksum> {
    let count = entry_count(record.first, record.head.size, record.entries.len())?;
    let start = into.len();
    into.extend(MAGIC);
    into.extend([0; 4]);
    into.extend(record.first.get().to_be_bytes());
    into.extend(count.to_be_bytes());
    into.extend(&record.entries);
    into.extend(u32::try_from(record.notices.len()).ok()?.to_be_bytes());
    for document in &record.notices {
        into.extend(u32::try_from(document.len()).ok()?.to_be_bytes());
        into.extend(document);
    }
    into.extend(record.head.size.get().to_be_bytes());
    into.extend(record.head.root.as_bytes());
    into.extend(record.head.time_ms.to_be_bytes());
    let body = start + PREFIX_LEN;
    let length = u32::try_from(into.len() - body).ok()?;
    into[start + MAGIC.len()..body].copy_from_slice(&length.to_be_bytes());
    let checksum = previous.after(&into[body..]);
    into.extend(checksum.0);
    Some(checksum)
}

/// The length of the body that this prefix announces; `None` when no record begins here.
pub(super) fn body_len(prefix: &[u8]) -> Option<u32> {
    let (magic, rest) = prefix.split_first_chunk()?;
    let (length, _) = rest.split_first_chunk()?;
    (*magic == MAGIC).then(|| u32::from_be_bytes(*length))
}

/// Reads a body; `None` when it is not exactly one step.
pub(super) fn decode(body: &[u8]) -> Option<AnchorRecord> {
    let mut rest = body;
    let first = TreeSize::new(u64::from_be_bytes(*take(&mut rest)?)).ok()?;
    let count = u32::from_be_bytes(*take(&mut rest)?);
    let entries = take_slice(
        &mut rest,
        usize::try_from(count).ok()?.checked_mul(ENTRY_LEN)?,
    )?;
    let mut notices = Vec::new();
    for _ in 0..u32::from_be_bytes(*take(&mut rest)?) {
        let length = usize::try_from(u32::from_be_bytes(*take(&mut rest)?)).ok()?;
        notices.push(take_slice(&mut rest, length)?.to_vec());
    }
    let head = Head {
        size: TreeSize::new(u64::from_be_bytes(*take(&mut rest)?)).ok()?,
        root: Hash::new(*take(&mut rest)?),
        time_ms: u64::from_be_bytes(*take(&mut rest)?),
    };
    let is_a_step = entry_count(first, head.size, entries.len()) == Some(count) && rest.is_empty();
    is_a_step.then(|| AnchorRecord {
        first,
        entries: entries.to_vec(),
        notices,
        head,
    })
}

fn entry_count(first: TreeSize, size: TreeSize, entries_len: usize) -> Option<u32> {
    let count = u32::try_from(size.get().checked_sub(first.get())?).ok()?;
    let expected = usize::try_from(count).ok()?.checked_mul(ENTRY_LEN)?;
    (expected == entries_len).then_some(count)
}

fn take<'a, const N: usize>(rest: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (head, tail) = rest.split_first_chunk()?;
    *rest = tail;
    Some(head)
}

fn take_slice<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (head, tail) = rest.split_at_checked(length)?;
    *rest = tail;
    Some(head)
}
