//! Digests in documents.

use crate::hex32::hex32;

/// 32 bytes of a hash in a document: 64 lower-case hexadecimal characters, without a prefix. The member's name says
/// which hash and of what.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

hex32!(Digest);
