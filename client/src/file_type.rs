//! What a file is: told from its first bytes, else from its extension.

use evidence::FileKind;
use std::path::Path;

/// The kind of record that fits a file, and its media type (RFC 6838).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileType {
    /// The kind of record.
    pub kind: FileKind,
    /// The media type, without parameters.
    pub media_type: &'static str,
}

impl FileType {
    /// The type of a file with this name and these first bytes.
    ///
    /// The first bytes win over the name, since names are typed by people. A container that may hold many things (Ogg,
    /// ZIP) is told by its extension.
    pub fn of(path: &Path, head: &[u8]) -> Self {
        let extension = path
            .extension()
            .map(|extension| extension.to_string_lossy().to_ascii_lowercase())
            .unwrap_or_default();
        by_first_bytes(head)
            .or_else(|| by_extension(&extension))
            .unwrap_or(Self::UNKNOWN)
    }

    const UNKNOWN: Self = Self {
        kind: FileKind::Data,
        media_type: "application/octet-stream",
    };
}

/// At this offset, these bytes.
type Magic = (usize, &'static [u8]);

const MAGICS: &[(&[Magic], FileKind, &str)] = &[
    (&[(0, b"\xff\xd8\xff")], FileKind::Photo, "image/jpeg"),
    (&[(0, b"\x89PNG\r\n\x1a\n")], FileKind::Photo, "image/png"),
    (&[(0, b"GIF8")], FileKind::Photo, "image/gif"),
    (&[(0, b"II*\0")], FileKind::Photo, "image/tiff"),
    (&[(0, b"MM\0*")], FileKind::Photo, "image/tiff"),
    (&[(0, b"RIFF"), (8, b"WEBP")], FileKind::Photo, "image/webp"),
    (&[(4, b"ftyphei")], FileKind::Photo, "image/heic"),
    (&[(4, b"ftypmif1")], FileKind::Photo, "image/heif"),
    (&[(4, b"ftypavif")], FileKind::Photo, "image/avif"),
    (&[(0, b"RIFF"), (8, b"WAVE")], FileKind::Audio, "audio/wav"),
    (&[(0, b"fLaC")], FileKind::Audio, "audio/flac"),
    (&[(0, b"ID3")], FileKind::Audio, "audio/mpeg"),
    (&[(0, b"#!AMR")], FileKind::Audio, "audio/amr"),
    (&[(4, b"ftypM4A")], FileKind::Audio, "audio/mp4"),
    (&[(4, b"ftypqt")], FileKind::MediaFinal, "video/quicktime"),
    (&[(4, b"ftyp")], FileKind::MediaFinal, "video/mp4"),
    (
        &[(0, b"\x1a\x45\xdf\xa3")],
        FileKind::MediaFinal,
        "video/x-matroska",
    ),
    (
        &[(0, b"RIFF"), (8, b"AVI ")],
        FileKind::MediaFinal,
        "video/x-msvideo",
    ),
    (&[(0, b"%PDF-")], FileKind::Doc, "application/pdf"),
];

const EXTENSIONS: &[(&str, FileKind, &str)] = &[
    ("jpg", FileKind::Photo, "image/jpeg"),
    ("jpeg", FileKind::Photo, "image/jpeg"),
    ("png", FileKind::Photo, "image/png"),
    ("bmp", FileKind::Photo, "image/bmp"),
    ("dng", FileKind::Photo, "image/x-adobe-dng"),
    ("mp3", FileKind::Audio, "audio/mpeg"),
    ("aac", FileKind::Audio, "audio/aac"),
    ("ogg", FileKind::Audio, "audio/ogg"),
    ("opus", FileKind::Audio, "audio/ogg"),
    ("ogv", FileKind::MediaFinal, "video/ogg"),
    ("ts", FileKind::MediaFinal, "video/mp2t"),
    ("m2ts", FileKind::MediaFinal, "video/mp2t"),
    ("mpg", FileKind::MediaFinal, "video/mpeg"),
    ("mpeg", FileKind::MediaFinal, "video/mpeg"),
    ("pdf", FileKind::Doc, "application/pdf"),
    ("ofd", FileKind::Doc, "application/ofd"),
    ("txt", FileKind::Doc, "text/plain"),
    ("md", FileKind::Doc, "text/markdown"),
    ("html", FileKind::Doc, "text/html"),
    ("rtf", FileKind::Doc, "application/rtf"),
    ("eml", FileKind::Doc, "message/rfc822"),
    ("doc", FileKind::Doc, "application/msword"),
    ("wps", FileKind::Doc, "application/vnd.ms-works"),
    (
        "docx",
        FileKind::Doc,
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    (
        "odt",
        FileKind::Doc,
        "application/vnd.oasis.opendocument.text",
    ),
    ("csv", FileKind::Data, "text/csv"),
    ("json", FileKind::Data, "application/json"),
    ("xml", FileKind::Data, "application/xml"),
    ("zip", FileKind::Data, "application/zip"),
];

fn by_first_bytes(head: &[u8]) -> Option<FileType> {
    let has = |&(start, bytes): &Magic| {
        head.get(start..)
            .is_some_and(|rest| rest.starts_with(bytes))
    };
    let (_, kind, media_type) = MAGICS.iter().find(|(magics, ..)| magics.iter().all(has))?;
    Some(FileType {
        kind: *kind,
        media_type,
    })
}

fn by_extension(extension: &str) -> Option<FileType> {
    let (_, kind, media_type) = EXTENSIONS.iter().find(|(known, ..)| *known == extension)?;
    Some(FileType {
        kind: *kind,
        media_type,
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may fail loudly")]
mod tests {
    use super::*;
    use evidence::MediaType;

    fn kind(name: &str, head: &[u8]) -> FileKind {
        FileType::of(Path::new(name), head).kind
    }

    #[test]
    fn the_first_bytes_win_over_the_name() {
        assert_eq!(kind("scan.pdf", b"\xff\xd8\xff\xe0JFIF"), FileKind::Photo);
        assert_eq!(kind("IMG_1", b"%PDF-1.7"), FileKind::Doc);
    }

    #[test]
    fn containers_are_told_by_brand_or_extension() {
        assert_eq!(kind("a", b"\0\0\0\x20ftypisom"), FileKind::MediaFinal);
        assert_eq!(kind("a.mp4", b"\0\0\0\x20ftypM4A "), FileKind::Audio);
        assert_eq!(kind("a", b"\0\0\0\x20ftypheic"), FileKind::Photo);
        assert_eq!(kind("a.ogv", b"OggS"), FileKind::MediaFinal);
        assert_eq!(kind("a.opus", b"OggS"), FileKind::Audio);
        assert_eq!(kind("a.DOCX", b"PK\x03\x04"), FileKind::Doc);
    }

    #[test]
    fn what_nobody_knows_is_data() {
        assert_eq!(kind("a.xyz", b"abc"), FileKind::Data);
        assert_eq!(kind("noextension", b""), FileKind::Data);
    }

    #[test]
    fn every_media_type_is_one() {
        let magics = MAGICS.iter().map(|(.., media_type)| media_type);
        let extensions = EXTENSIONS.iter().map(|(.., media_type)| media_type);
        for media_type in magics.chain(extensions) {
            MediaType::new(*media_type).unwrap();
        }
        // The longest magic number ends within what is kept of a file.
        let longest = MAGICS.iter().flat_map(|(magics, ..)| *magics);
        let longest = longest.map(|(start, bytes)| start + bytes.len()).max();
        assert!(longest.unwrap() <= crate::HEAD_LEN);
    }
}
