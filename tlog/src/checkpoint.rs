//! Checkpoints: a tree head as the text of a signed note. <https://c2sp.org/tlog-checkpoint>

use crate::note::check_text;
use crate::{Hash, KeyName, MalformedName, MalformedNote, TreeSize};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// Which log, how large, which root; and extension lines, opaque, of a foreign log.
///
/// ```
/// # use tlog::Checkpoint;
/// let text = "\
/// example.com/behind-the-sofa
/// 20852163
/// CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
/// ";
/// let checkpoint = Checkpoint::parse(text)?;
/// assert_eq!(checkpoint.origin(), "example.com/behind-the-sofa");
/// assert_eq!(checkpoint.size().get(), 20_852_163);
/// assert_eq!(checkpoint.root().to_base64(), "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=");
/// assert_eq!(checkpoint.text(), text);
/// # Ok::<(), tlog::MalformedCheckpoint>(())
/// ```
///
/// Beware of extension lines: ML-DSA-44 lines (0x06) do not sign them, and an RFC 6962 line (0x05) never verifies beside
/// them. A checkpoint that was verified by 0x06 alone says nothing about its extension lines. Our own checkpoints have
/// none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    size: TreeSize,
    root: Hash,
    extensions: Vec<String>,
}

impl Checkpoint {
    /// Reads the text of a note: three or more lines, none empty, each ended by a newline. The size is a canonical
    /// decimal below 2^63, the root canonical base64 of 32 bytes. The origin is any line that is not empty.
    pub fn parse(text: &str) -> Result<Self, MalformedCheckpoint> {
        check_text(text).map_err(MalformedCheckpoint::Note)?;
        let mut lines = text.strip_suffix('\n').unwrap_or(text).split('\n');
        if lines.clone().any(str::is_empty) {
            return Err(MalformedCheckpoint::EmptyLine);
        }
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next())
        else {
            return Err(MalformedCheckpoint::Lines);
        };
        Ok(Self {
            origin: String::from(origin),
            size: TreeSize::from_decimal(size).map_err(|_| MalformedCheckpoint::Size)?,
            root: Hash::from_base64(root).map_err(|_| MalformedCheckpoint::Root)?,
            extensions: lines.map(String::from).collect(),
        })
    }

    /// A checkpoint of our own, without extension lines.
    pub fn new(origin: &Origin, size: TreeSize, root: Hash) -> Self {
        Self {
            origin: String::from(origin.as_str()),
            size,
            root,
            extensions: Vec::new(),
        }
    }

    /// The identity of the log, as it stands in the first line.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// How many leaves the tree has.
    pub const fn size(&self) -> TreeSize {
        self.size
    }

    /// The root of the tree.
    pub const fn root(&self) -> Hash {
        self.root
    }

    /// The extension lines, without newlines; see the warning at [`Checkpoint`].
    pub fn extensions(&self) -> &[String] {
        &self.extensions
    }

    /// The same checkpoint without extension lines: what an ML-DSA-44 line (0x06) signs of it.
    #[must_use]
    pub fn without_extensions(mut self) -> Self {
        self.extensions.clear();
        self
    }

    /// The text of the note, byte for byte what [`parse`](Self::parse) reads.
    pub fn text(&self) -> String {
        let mut text = alloc::format!("{}\n{}\n{}\n", self.origin, self.size, self.root);
        for line in &self.extensions {
            text.push_str(line);
            text.push('\n');
        }
        text
    }
}

/// The identity of one of our logs: 1 to 255 bytes, no Unicode space, no `+`, no control character. It is also the name
/// of the log's keys.
///
/// A foreign log's origin may be any line that is not empty: [`Checkpoint::origin`] is text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(KeyName);

impl Origin {
    /// The longest origin in bytes: ML-DSA-44 lines sign no longer one (c2sp.org/tlog-cosignature).
    pub const LEN_MAX: usize = crate::vkey::ML_DSA_NAME_MAX;

    /// Takes a text for an origin.
    pub fn new(origin: impl Into<String>) -> Result<Self, MalformedName> {
        let name = KeyName::new(origin)?;
        if name.as_str().len() > Self::LEN_MAX {
            return Err(MalformedName::TooLong);
        }
        Ok(Self(name))
    }

    /// The origin as text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The name that the log's keys bear: the same text.
    pub fn key_name(&self) -> KeyName {
        self.0.clone()
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why a text is not a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MalformedCheckpoint {
    /// Not a note, or not the text of one.
    Note(MalformedNote),
    /// Fewer than three lines.
    Lines,
    /// An empty line.
    EmptyLine,
    /// The tree size is not a canonical decimal below 2^63.
    Size,
    /// The root hash is not 32 bytes in canonical base64.
    Root,
}

impl fmt::Display for MalformedCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note(note) => return fmt::Display::fmt(note, f),
            Self::Lines => "a checkpoint has at least three lines: origin, tree size, root hash",
            Self::EmptyLine => "a checkpoint has no empty line",
            Self::Size => {
                "the tree size is a decimal below 2^63, without sign and without leading zeroes"
            }
            Self::Root => "the root hash is 32 bytes in standard base64",
        })
    }
}

impl core::error::Error for MalformedCheckpoint {}
