//! The body of a record: what is personal and confidential.

use crate::word::words;
use crate::{Digest, FileDigest, FileName, KeyHash, Line, MediaType, Slug, UuidUrn};
use core::fmt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The body of a record of one finished file. As in the header, every member is always there and `null` says that there
/// is nothing to say.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordBody {
    /// A random name of the record.
    pub record_id: Option<UuidUrn>,
    /// The number of the case.
    pub case_no: Option<Line>,
    /// The name of the bureau.
    pub bureau: Option<Line>,
    /// The file.
    pub file: FileFacts,
    /// Where the act took place.
    pub place: Option<Place>,
    /// What made the file.
    pub device: Option<Device>,
    /// The officers.
    pub officers: Vec<Officer>,
    /// The parties, witnesses and others.
    pub persons: Vec<Person>,
    /// Other documents that this one refers to.
    pub documents: Vec<DocumentRef>,
    /// More of a recording.
    pub media: Option<Media>,
    /// The articles of law that the act stands on.
    pub legal_basis: Vec<Line>,
    /// What in the file is sensitive: `face`, `voice`, `minor`, `location_track`.
    pub sensitive: Vec<Slug>,
}

impl RecordBody {
    /// A body that says nothing but which file it is.
    pub fn new(file: FileFacts) -> Self {
        Self {
            record_id: None,
            case_no: None,
            bureau: None,
            file,
            place: None,
            device: None,
            officers: Vec::new(),
            persons: Vec::new(),
            documents: Vec::new(),
            media: None,
            legal_basis: Vec::new(),
            sensitive: Vec::new(),
        }
    }
}

impl fmt::Debug for RecordBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordBody(confidential)")
    }
}

/// The file. Its name stands here, since file names name people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileFacts {
    /// Its name, without a path.
    pub name: FileName,
    /// Its length in bytes.
    #[schemars(range(max = 9_007_199_254_740_991_u64))]
    pub bytes: u64,
    /// What it is.
    pub media_type: MediaType,
    /// Its fingerprints.
    pub digests: Digests,
}

impl FileFacts {
    /// The facts of a hashed file.
    pub fn new(name: FileName, media_type: MediaType, digest: &FileDigest) -> Self {
        Self {
            name,
            bytes: digest.bytes,
            media_type,
            digests: Digests {
                file_sha256: Digest::new(digest.file_sha256),
                chunk_root: Digest::new(*digest.chunk_root.as_bytes()),
                file_sm3: None,
                frames_sha256: None,
            },
        }
    }

    /// Whether this is the file that was hashed.
    pub fn is(&self, digest: &FileDigest) -> bool {
        self.bytes == digest.bytes
            && self.digests.file_sha256.as_bytes() == &digest.file_sha256
            && self.digests.chunk_root.as_bytes() == digest.chunk_root.as_bytes()
    }
}

/// The fingerprints of a file: 64 lower-case hexadecimal characters each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Digests {
    /// The root over the SHA-256 digests of its chunks of 16 MiB (RFC 6962).
    pub chunk_root: Digest,
    /// SHA-256 of the file.
    pub file_sha256: Digest,
    /// SM3 of the file (GB/T 32905).
    pub file_sm3: Option<Digest>,
    /// SHA-256 of the decoded frames: it survives another container.
    pub frames_sha256: Option<Digest>,
}

/// A place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The system of the coordinates.
    pub crs: Option<Crs>,
    /// The latitude in 10^−7 degrees.
    #[schemars(range(min = -900_000_000, max = 900_000_000))]
    pub lat_e7: Option<i32>,
    /// The longitude in 10^−7 degrees.
    #[schemars(range(min = -1_800_000_000, max = 1_800_000_000))]
    pub lon_e7: Option<i32>,
    /// The address.
    pub address: Option<Line>,
}

words! {
    /// Systems of coordinates.
    pub enum Crs {
        /// The satellites' own.
        Wgs84 = "WGS84",
        /// The shifted one of Chinese maps.
        Gcj02 = "GCJ02",
        /// The Chinese geodetic one.
        Cgcs2000 = "CGCS2000",
    }
}

/// A device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// Its name in the bureau.
    pub device_id: Line,
    /// Who made it and what it is.
    pub make_model: Option<Line>,
    /// The version of its firmware.
    pub firmware: Option<Line>,
    /// The key that signs its seals.
    pub key_id: Option<KeyHash>,
}

/// An officer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Officer {
    /// `lead`, `second`, `recorder`.
    pub role: Slug,
    /// The number of the certificate.
    pub cert_no: Option<Line>,
    /// The name.
    pub name: Option<Line>,
}

/// A person or an organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// `party`, `party_rep`, `witness`, `interpreter`.
    pub role: Slug,
    /// A person or an organisation.
    pub kind: PersonKind,
    /// The name.
    pub name: Option<Line>,
    /// The kind of identity document.
    pub id_type: Option<Slug>,
    /// Its number.
    pub id_no: Option<Line>,
    /// Whether the person signed: `signed`, `refused`, `absent`.
    pub signature: Option<Slug>,
    /// The person is a minor.
    pub minor: Option<bool>,
}

words! {
    /// A person or an organisation.
    pub enum PersonKind {
        /// A natural person.
        Person = "person",
        /// An organisation.
        Organisation = "organisation",
    }
}

/// Another document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DocumentRef {
    /// `approval`, `onsite_record`, `seizure_decision`, `inventory`.
    #[serde(rename = "type")]
    pub document_type: Slug,
    /// Its number.
    pub no: Option<Line>,
    /// How many lines it lists.
    pub lines: Option<u32>,
    /// The commitment of its record.
    pub record: Option<Digest>,
}

/// More of a recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Media {
    /// A random name of the recording.
    pub media_id: Option<UuidUrn>,
    /// Its tracks.
    pub tracks: Vec<Track>,
    /// The root over its segments, if it was sealed while it was made.
    pub tree_root: Option<Digest>,
    /// The hash of its last seal.
    pub last_seal: Option<Digest>,
}

/// A track of a recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Track {
    /// Sound or picture.
    #[serde(rename = "type")]
    pub track_type: TrackType,
    /// The codec (RFC 6381).
    pub codec: Option<Line>,
    /// The width in pixels.
    pub width: Option<u32>,
    /// The height in pixels.
    pub height: Option<u32>,
    /// Frames in a thousand seconds.
    pub fps_milli: Option<u32>,
    /// Samples a second.
    pub rate_hz: Option<u32>,
    /// The number of channels.
    pub channels: Option<u32>,
}

words! {
    /// What a track holds.
    pub enum TrackType {
        /// Sound.
        Audio = "audio",
        /// Picture.
        Video = "video",
        /// Subtitles, positions and the like.
        Data = "data",
    }
}
