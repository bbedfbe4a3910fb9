//! The place that an entry takes, and that can be set once.

use crate::{BureauId, Tag, hex32::hex32};
use sha2::{Digest as _, Sha256};

/// SHA-256("notarylog/slot/v1\0" || `bureau_id` || tag).
///
/// A slot can be set once: the same content gets the same index for ever, other content is refused. It is made per
/// bureau, since otherwise anybody with an enrolled key could take another bureau's next tag, and not per key, since
/// otherwise a bureau could set it twice after a rotation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot([u8; 32]);

hex32!(Slot);

impl Slot {
    /// The slot of this tag in this bureau.
    pub fn of(bureau: &BureauId, tag: &Tag) -> Self {
        let slot = Sha256::new()
            .chain_update(b"notarylog/slot/v1\0")
            .chain_update(bureau.as_bytes())
            .chain_update(tag.as_bytes());
        Self(slot.finalize().into())
    }
}
