//! The header of a record: facts for the rules, and no names.
//!
//! Every text of a header is a word of a closed vocabulary, a slug, a number or a digest, and no other member is let in,
//! so that nothing personal slips into what the rules read.

use crate::word::words;
use crate::{Digest, ItemCode, Pseudonym, Slug, UtcDate, UtcTime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

words! {
    /// The version of the schema.
    pub enum RecordSchema {
        /// Version 1.
        V1 = "notarylog/evidence-record/1",
    }
}

/// The header of a record of one finished file.
///
/// Every member is always there; `null` says that there is nothing to say. So each fact, and each absence of one, can be
/// shown alone, and the number of leaves tells nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordHeader {
    /// The version of the schema.
    pub schema: RecordSchema,
    /// What kind of file it is.
    pub kind: FileKind,
    /// The stage of the procedure.
    pub stage: Stage,
    /// The act, in the catalogue's word.
    pub action: Option<Slug>,
    /// The interests that the act touches: sorted, each once; `none` stands alone.
    #[schemars(length(min = 1, max = 3))]
    pub interest: Vec<Interest>,
    /// The item of the catalogue that this file is to fulfil.
    pub item: Option<CatalogueItem>,
    /// The commitment of the plan's record.
    pub plan: Option<Digest>,
    /// When the act began.
    pub t_start: Option<UtcTime>,
    /// When the act ended.
    pub t_end: Option<UtcTime>,
    /// When the file came to the machine that sealed it.
    pub t_recv: UtcTime,
    /// The clock that these times are from.
    pub clock: Clock,
    /// The newest head that the device knew: the record is not older.
    pub not_before: Option<NotBefore>,
    /// What the rules may know of the place.
    pub place: PlaceFacts,
    /// What the rules may know of the device.
    pub device: Option<DeviceFacts>,
    /// How many officers took part.
    pub officer_count: Option<u8>,
    /// The officers showed who they are.
    pub id_shown: Option<bool>,
    /// The party was there.
    pub party_present: Option<bool>,
    /// A witness was there in the party's place.
    pub onsite_witness: Option<bool>,
    /// The recording was announced.
    pub recording_notice: Option<bool>,
    /// The party was told its rights.
    pub rights_told: Option<bool>,
    /// The party's defence was heard.
    pub defence_heard: Option<bool>,
    /// What the rules may know of a recording.
    pub media: Option<MediaFacts>,
    /// What a rule must compare between cases.
    pub pseudonyms: Pseudonyms,
    /// Why the record is late; `null`: it is not, says who sealed it.
    pub late: Option<LateReason>,
    /// How long the file is kept.
    pub retention: Retention,
    /// Made in a training, and no evidence.
    pub training: bool,
}

impl RecordHeader {
    /// A header that states what every record states, and of all else nothing. Kept permanently until somebody decides
    /// otherwise.
    pub fn new(kind: FileKind, stage: Stage, t_recv: UtcTime, clock: Clock) -> Self {
        Self {
            schema: RecordSchema::V1,
            kind,
            stage,
            action: None,
            interest: vec![Interest::None],
            item: None,
            plan: None,
            t_start: None,
            t_end: None,
            t_recv,
            clock,
            not_before: None,
            place: PlaceFacts::absent(PlaceAbsence::NotApplicable),
            device: None,
            officer_count: None,
            id_shown: None,
            party_present: None,
            onsite_witness: None,
            recording_notice: None,
            rights_told: None,
            defence_heard: None,
            media: None,
            pseudonyms: Pseudonyms::default(),
            late: None,
            retention: Retention {
                class: RetentionClass::Permanent,
                not_before_delete: None,
            },
            training: false,
        }
    }
}

words! {
    /// The kinds of record that are one finished file.
    pub enum FileKind {
        /// A document.
        Doc = "doc",
        /// A photograph.
        Photo = "photo",
        /// A sound recording that was finished before it was sealed.
        Audio = "audio",
        /// A recording that has ended.
        MediaFinal = "media.final",
        /// Any other file.
        Data = "data",
    }
}

words! {
    /// The stages of a procedure.
    pub enum Stage {
        /// A lead came in.
        Lead = "lead",
        /// An inspection.
        Inspect = "inspect",
        /// A case is opened.
        CaseOpen = "case.open",
        /// Investigation.
        Investigate = "investigate",
        /// Evidence is registered and preserved.
        EvidencePreserve = "evidence.preserve",
        /// The party is told beforehand.
        PriorNotice = "prior.notice",
        /// The party states its case.
        Statement = "statement",
        /// A hearing.
        Hearing = "hearing",
        /// Legal review.
        LegalReview = "legal.review",
        /// The panel deliberates.
        Panel = "panel",
        /// The decision.
        Decision = "decision",
        /// The decision is served.
        Service = "service",
        /// The decision is published.
        Publish = "publish",
        /// A coercive measure is planned.
        CoercivePlan = "coercive.plan",
        /// A coercive measure is executed.
        CoerciveExecute = "coercive.execute",
        /// A coercive measure is extended.
        CoerciveExtend = "coercive.extend",
        /// A coercive measure is lifted.
        CoerciveRelease = "coercive.release",
        /// The party is urged to comply.
        EnforceUrge = "enforce.urge",
        /// The decision is enforced.
        EnforceExecute = "enforce.execute",
        /// A court is asked to enforce.
        CourtApply = "court.apply",
        /// Reconsideration or litigation.
        Remedy = "remedy",
        /// The case is closed.
        Close = "close",
        /// The case is archived.
        Archive = "archive",
    }
}

words! {
    /// The interests that an act may touch.
    pub enum Interest {
        /// Personal liberty.
        Liberty = "liberty",
        /// Life or health.
        LifeHealth = "life_health",
        /// None of these.
        None = "none",
        /// Significant property.
        Property = "property",
    }
}

/// An item of the catalogue of what must be recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CatalogueItem {
    /// SHA-256 of the catalogue's notice.
    pub catalogue: Digest,
    /// The code of the item.
    pub code: ItemCode,
    /// The medium that the catalogue asks for.
    pub modality: Slug,
}

/// The clock of the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    /// What set it.
    pub source: ClockSource,
    /// How far it was off when last compared, in milliseconds; positive: fast.
    #[schemars(range(min = -9_007_199_254_740_991_i64, max = 9_007_199_254_740_991_i64))]
    pub offset_ms: Option<i64>,
    /// How sure that is, in milliseconds.
    #[schemars(range(max = 9_007_199_254_740_991_u64))]
    pub uncertainty_ms: Option<u64>,
    /// How long ago that was, in milliseconds.
    #[schemars(range(max = 9_007_199_254_740_991_u64))]
    pub last_sync_age_ms: Option<u64>,
}

words! {
    /// What set a clock.
    pub enum ClockSource {
        /// A satellite receiver.
        Gnss = "gnss",
        /// A time server.
        Ntp = "ntp",
        /// The docking station.
        Dock = "dock",
        /// Nothing lately: the device's own clock ran on.
        Rtc = "rtc",
        /// A person.
        Manual = "manual",
    }
}

/// A head of a log: what was logged before it is older than the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotBefore {
    /// The log's origin.
    #[schemars(length(min = 1, max = 255))]
    pub origin: String,
    /// The root, in standard base64 as in a checkpoint.
    #[schemars(regex(pattern = r"^[A-Za-z0-9+/]{43}=$"))]
    pub root: String,
    /// The size.
    #[schemars(range(max = 9_007_199_254_740_991_u64))]
    pub size: u64,
}

/// What the rules may know of the place. The place itself stands in the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceFacts {
    /// The body has a place.
    pub present: bool,
    /// Why it has none. Exactly one of the two.
    pub absence: Option<PlaceAbsence>,
    /// The place lies in the bureau's area.
    pub in_area: Option<bool>,
    /// What found the place.
    pub source: Option<PlaceSource>,
    /// How exact it is, in millimetres.
    #[schemars(range(max = 9_007_199_254_740_991_u64))]
    pub acc_mm: Option<u64>,
    /// How often it was found during the act.
    pub fix_count: Option<u32>,
}

impl PlaceFacts {
    /// No place, for this reason.
    pub const fn absent(reason: PlaceAbsence) -> Self {
        Self {
            present: false,
            absence: Some(reason),
            in_area: None,
            source: None,
            acc_mm: None,
            fix_count: None,
        }
    }
}

words! {
    /// Why a record has no place.
    pub enum PlaceAbsence {
        /// A file that was not made at a place: a decision, a letter.
        NotApplicable = "not_applicable",
        /// The device could not find it.
        NoFix = "no_fix",
        /// The device has no receiver.
        NoReceiver = "no_receiver",
        /// Somebody switched it off.
        SwitchedOff = "switched_off",
    }
}

words! {
    /// What found a place.
    pub enum PlaceSource {
        /// A satellite receiver.
        Gnss = "gnss",
        /// Radio networks.
        Network = "network",
        /// A person.
        Manual = "manual",
    }
}

/// What the rules may know of the device. Its name stands in the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceFacts {
    /// Which device, for the supervisor alone.
    pub pseudonym: Pseudonym,
    /// The device's own dense number of this item.
    #[schemars(range(max = 9_007_199_254_740_991_u64))]
    pub device_seq: Option<u64>,
    /// The commitment of the device's item before.
    pub device_prev: Option<Digest>,
    /// The battery at the start and at the end, in percent.
    pub battery_pct: Option<[Percent; 2]>,
    /// Free storage, in 10^6 bytes.
    pub storage_free_mb: Option<u32>,
}

/// Percent: 0 to 100.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "u8")]
pub struct Percent(#[schemars(range(max = 100))] u8);

impl Percent {
    /// The number.
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for Percent {
    type Error = AboveHundred;

    fn try_from(percent: u8) -> Result<Self, AboveHundred> {
        if percent <= 100 {
            Ok(Self(percent))
        } else {
            Err(AboveHundred)
        }
    }
}

/// Percent go from 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("percent go from 0 to 100")]
pub struct AboveHundred;

/// What the rules may know of a recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MediaFacts {
    /// The container: `fmp4`, `mkv`, `wav`.
    pub container: Slug,
    /// The length, in milliseconds of media time.
    #[schemars(range(max = 9_007_199_254_740_991_u64))]
    pub duration_ms: u64,
    /// The length of a segment, if it was sealed while it was made.
    pub segment_ms: Option<u32>,
    /// How many segments there are.
    pub segments: Option<u32>,
    /// How many seals were made.
    pub seals: Option<u32>,
    /// The gaps.
    pub gaps: Vec<Gap>,
    /// Why it ended.
    pub end_reason: Option<Slug>,
    /// How much of it was recorded before the start was pressed, in milliseconds.
    pub pre_event_ms: Option<u32>,
    /// That part has sound.
    pub pre_event_audio: Option<bool>,
}

/// A gap in a recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gap {
    /// Where it starts, in milliseconds of media time.
    #[schemars(range(max = 9_007_199_254_740_991_u64))]
    pub at_ms: u64,
    /// How long it lasts, in milliseconds of the clock.
    #[schemars(range(max = 9_007_199_254_740_991_u64))]
    pub duration_ms: u64,
    /// Why.
    pub reason: Slug,
}

/// What a rule must compare between cases, for the supervisor alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pseudonyms {
    /// Of the file's SHA-256.
    pub file: Option<Pseudonym>,
    /// Of the decoded frames' SHA-256.
    pub frames: Option<Pseudonym>,
    /// Of the number of the decision or the seizure.
    pub number: Option<Pseudonym>,
}

words! {
    /// Why a record is late.
    pub enum LateReason {
        /// The device had no network.
        NoNetwork = "no_network",
        /// The device failed.
        DeviceFault = "device_fault",
        /// The battery was empty.
        NoPower = "no_power",
        /// The act itself left no time.
        Emergency = "emergency",
        /// Another reason, which the body or a later record states.
        Other = "other",
    }
}

/// How long a file is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// How long.
    pub class: RetentionClass,
    /// The day before which it must not be deleted, whatever the class says.
    pub not_before_delete: Option<UtcDate>,
}

words! {
    /// How long a file is kept.
    pub enum RetentionClass {
        /// Six months.
        M6 = "m6",
        /// One year.
        Y1 = "y1",
        /// Two years.
        Y2 = "y2",
        /// Ten years.
        Y10 = "y10",
        /// Thirty years.
        Y30 = "y30",
        /// For ever.
        Permanent = "permanent",
    }
}
