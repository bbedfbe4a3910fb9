//! Signed notes: a text and the signature lines below it. <https://c2sp.org/signed-note>
//!
//! A text may be believed only after a signature by a known key was verified: see
//! [`SignedCheckpoint::open`](crate::SignedCheckpoint::open) and [`Policy::judge`](crate::Policy::judge).

use crate::{KeyId, KeyName, MalformedName};
use alloc::string::String;
use alloc::vec::Vec;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use core::fmt;

/// The largest note that is read, in bytes: a hundred ML-DSA-44 lines are 330 KB, and nothing larger is a checkpoint.
pub const NOTE_BYTES_MAX: usize = 1 << 20;

/// The most signature lines of a note. The specification asks for at least 16; a log with many cosigners that add two
/// lines each stays below this, and a hundred ML-DSA-44 checks take a fraction of
/// a second.
pub const SIGNATURES_MAX: usize = 100;

/// A text and one to a hundred signature lines, none of them verified yet.
///
/// The text is all up to the last empty line, with its final newline. `Display` writes the very bytes that were read.
///
/// ```
/// # use tlog::Note;
/// let bytes = "\
/// This is an example message.
///
/// — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
/// ";
/// let note = Note::parse(bytes.as_bytes())?;
/// assert_eq!(note.text(), "This is an example message.\n");
/// assert_eq!(note.lines()[0].name().as_str(), "example.com/foo");
/// assert_eq!(note.lines()[0].id().to_string(), "530d903a");
/// assert_eq!(note.to_string(), bytes);
/// # Ok::<(), tlog::MalformedNote>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    lines: Vec<SignatureLine>,
}

impl Note {
    /// Reads a note: at most [`NOTE_BYTES_MAX`] bytes, UTF-8, no control character but newline, and at most
    /// [`SIGNATURES_MAX`] signature lines, each in canonical base64.
    pub fn parse(bytes: &[u8]) -> Result<Self, MalformedNote> {
        let whole = utf8_without_controls(bytes)?;
        let split = whole.rfind("\n\n").ok_or(MalformedNote::NoBlankLine)?;
        let (text, signatures) = whole.split_at(split + 1);
        let signatures = signatures.get(1..).unwrap_or_default();
        Ok(Self {
            text: String::from(text),
            lines: parse_lines(signatures)?,
        })
    }

    /// A note of this text, which must end in a newline, and these lines.
    pub fn new(text: impl Into<String>, lines: Vec<SignatureLine>) -> Result<Self, MalformedNote> {
        let text = text.into();
        check_text(&text)?;
        if lines.is_empty() {
            return Err(MalformedNote::NoSignature);
        }
        if lines.len() > SIGNATURES_MAX {
            return Err(MalformedNote::TooManySignatures);
        }
        let note = Self { text, lines };
        if note.written_len() > NOTE_BYTES_MAX {
            return Err(MalformedNote::TooLarge);
        }
        Ok(note)
    }

    /// The same note with one more line at its end.
    pub fn with_line(mut self, line: SignatureLine) -> Result<Self, MalformedNote> {
        self.lines.push(line);
        Self::new(self.text, self.lines)
    }

    /// The text, with its final newline and without the empty line below it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines in their order; none of them is verified.
    pub fn lines(&self) -> &[SignatureLine] {
        &self.lines
    }

    fn written_len(&self) -> usize {
        let lines: usize = self.lines.iter().map(SignatureLine::written_len).sum();
        self.text.len() + 1 + lines
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.lines.iter().try_for_each(|line| line.fmt(f))
    }
}

/// One signature line: `— <key name> <base64 of key id and signature>`, with its newline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureLine {
    name: KeyName,
    id: KeyId,
    body: Vec<u8>,
}

impl SignatureLine {
    /// A line of this key; the body is what follows the key id and is not empty.
    pub fn new(name: KeyName, id: KeyId, body: Vec<u8>) -> Result<Self, MalformedNote> {
        if body.is_empty() {
            return Err(MalformedNote::SignatureLine(MalformedLine::Short));
        }
        Ok(Self { name, id, body })
    }

    /// A line that a key's own signer makes: its body begins with a time or a signature and is not empty.
    pub(crate) const fn signed(name: KeyName, id: KeyId, body: Vec<u8>) -> Self {
        Self { name, id, body }
    }

    /// Reads signature lines without a note around them, as a witness answers
    /// (c2sp.org/tlog-witness, add-checkpoint): one to a hundred, each with its newline.
    pub fn parse_all(bytes: &[u8]) -> Result<Vec<Self>, MalformedNote> {
        parse_lines(utf8_without_controls(bytes)?)
    }

    /// The name of the key that is said to have signed.
    pub const fn name(&self) -> &KeyName {
        &self.name
    }

    /// The id of the key that is said to have signed.
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// What follows the key id: a signature, for some kinds with a time before it.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    fn parse(line: &str) -> Result<Self, MalformedLine> {
        let rest = line.strip_prefix(DASH).ok_or(MalformedLine::Dash)?;
        let (name, signature) = rest.split_once(' ').ok_or(MalformedLine::Parts)?;
        let name = KeyName::new(name).map_err(MalformedLine::Name)?;
        let signature = STANDARD
            .decode(signature)
            .map_err(|_| MalformedLine::Base64)?;
        let (id, body) = signature.split_first_chunk().ok_or(MalformedLine::Short)?;
        if body.is_empty() {
            return Err(MalformedLine::Short);
        }
        Ok(Self {
            name,
            id: KeyId::new(*id),
            body: body.to_vec(),
        })
    }

    fn written_len(&self) -> usize {
        DASH.len() + self.name.as_str().len() + 1 + (4 + self.body.len()).div_ceil(3) * 4 + 1
    }
}

impl fmt::Display for SignatureLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut signature = Vec::with_capacity(4 + self.body.len());
        signature.extend_from_slice(self.id.as_bytes());
        signature.extend_from_slice(&self.body);
        writeln!(f, "{DASH}{} {}", self.name, STANDARD.encode(signature))
    }
}

/// Why bytes are not a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MalformedNote {
    /// More than [`NOTE_BYTES_MAX`] bytes.
    TooLarge,
    /// Not UTF-8.
    NotUtf8,
    /// A control character other than newline.
    ControlCharacter,
    /// No empty line between the text and the signatures.
    NoBlankLine,
    /// The last line, or the text, does not end in a newline.
    NoFinalNewline,
    /// No signature line.
    NoSignature,
    /// More than [`SIGNATURES_MAX`] signature lines.
    TooManySignatures,
    /// A line below the empty line is not a signature line.
    SignatureLine(MalformedLine),
}

impl fmt::Display for MalformedNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "the note is larger than 1 MiB",
            Self::NotUtf8 => "the note is not UTF-8",
            Self::ControlCharacter => {
                "the note holds a control character other than newline: was it sent as text with carriage returns?"
            }
            Self::NoBlankLine => "no empty line stands between the note's text and its signatures",
            Self::NoFinalNewline => "the note does not end in a newline: a part may be missing",
            Self::NoSignature => "the note has no signature line",
            Self::TooManySignatures => "the note has more than 100 signature lines",
            Self::SignatureLine(line) => return write!(f, "a signature line is malformed: {line}"),
        })
    }
}

impl core::error::Error for MalformedNote {}

/// Why a line is not a signature line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MalformedLine {
    /// It does not begin with an em dash (U+2014) and a space.
    Dash,
    /// No space between name and signature.
    Parts,
    /// The name.
    Name(MalformedName),
    /// The signature is not canonical standard base64.
    Base64,
    /// Fewer than five bytes: a key id and nothing after it.
    Short,
}

impl fmt::Display for MalformedLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dash => "it does not begin with an em dash and a space",
            Self::Parts => "no space stands between name and signature",
            Self::Name(name) => return fmt::Display::fmt(name, f),
            Self::Base64 => "the signature is not canonical standard base64",
            Self::Short => "nothing follows the key id",
        })
    }
}

impl core::error::Error for MalformedLine {}

/// Em dash and space.
const DASH: &str = "\u{2014} ";

/// Whether this can be the text of a note: it ends in a newline and has no other control character.
pub(crate) fn check_text(text: &str) -> Result<(), MalformedNote> {
    utf8_without_controls(text.as_bytes())?;
    if text.ends_with('\n') {
        Ok(())
    } else {
        Err(MalformedNote::NoFinalNewline)
    }
}

fn utf8_without_controls(bytes: &[u8]) -> Result<&str, MalformedNote> {
    if bytes.len() > NOTE_BYTES_MAX {
        return Err(MalformedNote::TooLarge);
    }
    let text = core::str::from_utf8(bytes).map_err(|_| MalformedNote::NotUtf8)?;
    // "ASCII control characters (those below U+0020)": U+007F is allowed.
    if text.bytes().any(|byte| byte < b' ' && byte != b'\n') {
        return Err(MalformedNote::ControlCharacter);
    }
    Ok(text)
}

fn parse_lines(signatures: &str) -> Result<Vec<SignatureLine>, MalformedNote> {
    if signatures.is_empty() {
        return Err(MalformedNote::NoSignature);
    }
    let signatures = signatures
        .strip_suffix('\n')
        .ok_or(MalformedNote::NoFinalNewline)?;
    // Counted before anything is decoded: refusing must cost less than accepting.
    if signatures.bytes().filter(|&byte| byte == b'\n').count() >= SIGNATURES_MAX {
        return Err(MalformedNote::TooManySignatures);
    }
    signatures
        .split('\n')
        .map(|line| SignatureLine::parse(line).map_err(MalformedNote::SignatureLine))
        .collect()
}
