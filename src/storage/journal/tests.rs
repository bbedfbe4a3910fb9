use super::*;
use crate::storage::anchor_contract::{Store, anchor_contract};
use evidence::ENTRY_LEN;
use std::ops::Range;
use tempfile::TempDir;
use tlog::Hash;

const ORIGIN_HASH: [u8; 32] = [0x0f; 32];

/// Short segments, so that a few records fill one.
const SHORT: u64 = 4096;

#[test]
fn what_was_appended_is_replayed_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let records = history(40);
    fill(&mut opened(&folder), &records);
    for journal in [opened(&folder), viewed(&folder)] {
        assert_eq!(journal.last(), Some(records[39].head));
        assert_eq!(journal.torn_tail(), None);
        for after in 0..=records[39].head.size.get() {
            let expected = records.iter().filter(|r| r.head.size.get() > after);
            assert!(
                replayed(&journal, after).unwrap().iter().eq(expected),
                "{after}"
            );
        }
    }
    assert!(segments(folder.path()).unwrap().len() > 2);
}

#[test]
fn replay_stops_when_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = opened(&folder);
    fill(&mut journal, &history(40));
    let mut visited = 0;
    let mut visit = |_| {
        visited += 1;
        visited < 7
    };
    journal.replay(TreeSize::ZERO, &mut visit).unwrap();
    assert_eq!(visited, 7);
}

#[test]
fn an_empty_journal_takes_any_first_step() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = opened(&folder);
    assert_eq!(journal.last(), None);
    assert_eq!(replayed(&journal, 0).unwrap(), []);
    let late = record(1000, 3, 9);
    journal.append(&late).unwrap();
    assert_eq!(
        replayed(&opened_after(journal, &folder), 0).unwrap(),
        [late]
    );
}

#[test]
fn a_record_that_does_not_extend_the_last_is_refused_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = opened(&folder);
    let records = history(3);
    fill(&mut journal, &records);
    let last = records[2].head;
    let (size, time_ms) = (last.size.get(), last.time_ms);
    drop(journal);
    for (first, later) in [(size + 1, 1), (size - 1, 1), (size, 0)] {
        let answer = journal_answer(&folder, &record(first, 2, time_ms + later));
        assert!(matches!(answer, Err(AnchorError::DoesNotExtend { .. })));
    }
    let mut forked = record(size, 0, time_ms + 1);
    forked.head.root = Hash::of(b"another");
    let answer = journal_answer(&folder, &forked);
    assert!(matches!(answer, Err(AnchorError::Forked { .. })));
    let mut short = record(size, 3, time_ms + 1);
    short.entries.truncate(2 * ENTRY_LEN);
    assert!(matches!(
        journal_answer(&folder, &short),
        Err(AnchorError::NotAStep)
    ));
    assert_eq!(replayed(&opened(&folder), 0).unwrap(), records);
    journal_answer(&folder, &record(size, 0, time_ms + 1)).unwrap();
}

#[test]
fn segments_of_idle_heads_do_not_collide() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = opened(&folder);
    let mut records = vec![record(0, 1, 1)];
    records.extend((2..100).map(|time_ms| record(1, 0, time_ms)));
    fill(&mut journal, &records);
    let journal = opened_after(journal, &folder);
    assert!(
        journal
            .segments
            .iter()
            .filter(|s| s.first.get() == 1)
            .count()
            > 1
    );
    assert_eq!(replayed(&journal, 0).unwrap(), records);
    assert_eq!(replayed(&journal, 1).unwrap(), []);
}

#[test]
fn a_record_longer_than_a_segment_gets_a_segment_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = opened(&folder);
    let records = [record(0, 1, 1), record(1, 100, 2), record(101, 1, 3)];
    fill(&mut journal, &records);
    assert_eq!(
        replayed(&opened_after(journal, &folder), 0).unwrap(),
        records
    );
}

#[test]
fn a_last_record_that_was_cut_off_anywhere_is_dropped_and_the_journal_goes_on() {
    // What a write that was cut off leaves: nothing behind a place, or what was there before it.
    for garbage in [None, Some(0x00), Some(0xa5)] {
        let (folder, records) = filled();
        let (path, last) = last_record(&folder, &records);
        let whole = fs::read(&path).unwrap();
        for cut in last.clone() {
            let mut torn = whole[..cut].to_vec();
            if let Some(byte) = garbage {
                torn.resize(last.end, byte);
                torn.extend(&whole[last.end..]);
            }
            fs::write(&path, torn).unwrap();
            let view = viewed(&folder);
            let mut journal = opened(&folder);
            let before = records.len() - 1;
            for journal in [&view, &journal] {
                assert_eq!(journal.last(), Some(records[before - 1].head), "{cut}");
                assert_eq!(replayed(journal, 0).unwrap(), records[..before]);
                // Zeros from the record's first byte on look like a journal that ends here.
                let is_reported = journal.torn_tail().is_some();
                assert_eq!(
                    is_reported,
                    cut > last.start || garbage == Some(0xa5),
                    "{cut}"
                );
            }
            journal.append(&records[before]).unwrap();
            assert_eq!(fs::read(&path).unwrap(), whole);
            let journal = opened_after(journal, &folder);
            assert_eq!(journal.torn_tail(), None);
            assert_eq!(replayed(&journal, 0).unwrap(), records);
        }
    }
}

#[test]
fn where_a_record_was_cut_off_there_are_zeros_on_disk() {
    let (folder, records) = filled();
    let (path, last) = last_record(&folder, &records);
    let mut torn = fs::read(&path).unwrap();
    torn[last.start + 20..].fill(0xa5);
    fs::write(&path, &torn).unwrap();
    opened(&folder);
    torn[last.start..].fill(0);
    assert_eq!(fs::read(&path).unwrap(), torn);
}

#[test]
fn the_only_record_of_the_newest_segment_may_be_torn_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = opened(&folder);
    let mut records = vec![];
    while journal.segments.len() < 3 {
        let next = follow(records.last());
        journal.append(&next).unwrap();
        records.push(next);
    }
    drop(journal);
    let (path, last) = last_record(&folder, &records);
    let mut torn = fs::read(&path).unwrap();
    torn[last.start + 20] ^= 1;
    fs::write(&path, torn).unwrap();
    let mut journal = opened(&folder);
    let gone = records.pop().unwrap();
    assert_eq!(journal.last(), records.last().map(|record| record.head));
    assert!(journal.torn_tail().is_some());
    journal.append(&gone).unwrap();
    records.push(gone);
    assert_eq!(
        replayed(&opened_after(journal, &folder), 0).unwrap(),
        records
    );
}

#[test]
fn a_flipped_byte_before_a_whole_record_is_damage() {
    let (folder, records) = filled();
    let (path, last) = last_record(&folder, &records);
    let whole = fs::read(&path).unwrap();
    for flipped in 0..last.start {
        let mut damaged = whole.clone();
        damaged[flipped] ^= 0x10;
        fs::write(&path, damaged).unwrap();
        let [append, view] = [Access::Append, Access::ReadOnly]
            .map(|access| Journal::open_for(folder.path(), &ORIGIN_HASH, access, SHORT).err());
        for error in [append, view] {
            let is_origin = (21..53).contains(&flipped);
            assert!(
                matches!(
                    (&error, is_origin),
                    (Some(AnchorError::Damaged { .. }), false)
                        | (Some(AnchorError::ForeignOrigin), true)
                ),
                "{flipped}: {error:?}"
            );
        }
    }
}

#[test]
fn a_flipped_byte_in_an_older_segment_is_damage_when_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let records = history(40);
    fill(&mut opened(&folder), &records);
    let path = folder
        .path()
        .join(segments(folder.path()).unwrap()[1].name());
    let whole = fs::read(&path).unwrap();
    for flipped in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[flipped] ^= 0x01;
        fs::write(&path, damaged).unwrap();
        let journal = viewed(&folder);
        assert_eq!(journal.last(), Some(records[39].head));
        assert!(replayed(&journal, 0).is_err(), "{flipped}");
    }
}

#[test]
fn an_older_segment_that_lost_its_last_record_or_is_missing_is_damage() {
    let folder = tempfile::tempdir().unwrap();
    fill(&mut opened(&folder), &history(40));
    let path = folder
        .path()
        .join(segments(folder.path()).unwrap()[1].name());
    let whole = fs::read(&path).unwrap();
    let mut reader = reader(&folder, 1);
    let mut starts = vec![];
    while let (start, Next::Record(_)) = (reader.offset, reader.next().unwrap()) {
        starts.push(usize::try_from(start).unwrap());
    }
    let mut shorter = whole.clone();
    shorter[*starts.last().unwrap()..].fill(0);
    fs::write(&path, shorter).unwrap();
    let lost = replayed(&viewed(&folder), 0);
    assert!(matches!(lost, Err(AnchorError::Damaged { .. })));
    fs::remove_file(&path).unwrap();
    let missing = replayed(&viewed(&folder), 0);
    assert!(matches!(missing, Err(AnchorError::Damaged { .. })));
}

#[test]
fn a_journal_of_another_log_is_refused() {
    let (folder, _) = filled();
    let answer = Journal::open(folder.path(), &[0xf0; 32]);
    assert!(matches!(answer, Err(AnchorError::ForeignOrigin)));
}

#[test]
fn only_one_process_appends_and_others_may_read() {
    let (folder, records) = filled();
    let journal = opened(&folder);
    let second = Journal::open(folder.path(), &ORIGIN_HASH);
    assert!(matches!(second, Err(AnchorError::InUse)));
    let mut view = viewed(&folder);
    assert_eq!(view.last(), journal.last());
    let next = follow(records.last());
    assert!(matches!(view.append(&next), Err(AnchorError::ReadOnly)));
    assert!(matches!(
        view.trim(TreeSize::MAX, u64::MAX),
        Err(AnchorError::ReadOnly)
    ));
}

#[test]
fn trim_drops_only_segments_that_are_stored_and_old() {
    let folder = tempfile::tempdir().unwrap();
    let records = history(40);
    fill(&mut opened(&folder), &records);
    let (middle, end) = (records[20].head, records[39].head);
    let left_by = |stored: TreeSize, before_ms| {
        let mut journal = opened(&folder);
        journal.trim(stored, before_ms).unwrap();
        replayed(&opened_after(journal, &folder), 0).unwrap()
    };
    assert_eq!(left_by(TreeSize::ZERO, u64::MAX), records);
    assert_eq!(left_by(end.size, 0), records);
    let by_size = left_by(middle.size, u64::MAX);
    assert!(by_size.len() < 40 && by_size.ends_with(&records[20..]));
    let by_time = left_by(end.size, records[30].head.time_ms);
    assert!(by_time.len() < by_size.len() && by_time.ends_with(&records[30..]));
    let newest = left_by(end.size, u64::MAX);
    assert!(!newest.is_empty() && records.ends_with(&newest));
    journal_answer(&folder, &follow(records.last())).unwrap();
}

#[test]
fn a_copy_beside_a_process_that_appends_and_trims_is_the_journal_as_it_was_opened() {
    let (folder, copies) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let records = history(40);
    let mut journal = opened(&folder);
    fill(&mut journal, &records[..30]);
    let view = viewed(&folder);
    // What comes later, in the same segment too, is no part of it.
    fill(&mut journal, &records[30..]);
    let read_copy = |name: &str| {
        let to = copies.path().join(name);
        view.copy_to(&to).unwrap();
        let copy = Journal::open_for(&to, &ORIGIN_HASH, Access::Append, SHORT).unwrap();
        assert_eq!(copy.torn_tail(), None);
        replayed(&copy, 0).unwrap()
    };
    assert_eq!(read_copy("whole"), records[..30]);
    journal.trim(records[15].head.size, u64::MAX).unwrap();
    let suffix = read_copy("trimmed");
    assert!((1..30).contains(&suffix.len()), "{}", suffix.len());
    assert!(records[..30].ends_with(&suffix));
    journal.trim(TreeSize::MAX, u64::MAX).unwrap();
    let gone = view.copy_to(&copies.path().join("gone"));
    assert!(gone.is_err(), "nothing is left of what was opened");
}

#[test]
fn after_a_failed_write_every_call_fails() {
    let (folder, records) = filled();
    let mut journal = opened(&folder);
    // A file that cannot be written stands for a disk that fails.
    let path = last_record(&folder, &records).0;
    journal.newest.as_mut().unwrap().break_for_test(&path);
    let next = follow(records.last());
    for _ in 0..2 {
        assert!(matches!(journal.append(&next), Err(AnchorError::Fatal(_))));
    }
    let trimmed = journal.trim(TreeSize::ZERO, 0);
    assert!(matches!(trimmed, Err(AnchorError::Fatal(_))));
    assert_eq!(journal.last(), records.last().map(|record| record.head));
    assert_eq!(
        replayed(&opened_after(journal, &folder), 0).unwrap(),
        records
    );
}

#[test]
fn a_segment_that_was_never_finished_is_no_part_of_the_journal() {
    let (folder, mut records) = filled();
    fs::write(folder.path().join("unfinished"), b"notarylog/jour").unwrap();
    let mut journal = opened(&folder);
    while journal.segments.len() < 2 {
        records.push(follow(records.last()));
        journal.append(records.last().unwrap()).unwrap();
    }
    assert_eq!(
        replayed(&opened_after(journal, &folder), 0).unwrap(),
        records
    );
}

#[test]
fn the_bytes_are_those_that_are_documented() {
    let folder = tempfile::tempdir().unwrap();
    let record = AnchorRecord {
        first: TreeSize::ZERO,
        entries: vec![0xee; ENTRY_LEN],
        notices: vec![b"notice".to_vec()],
        head: Head {
            size: TreeSize::new(1).unwrap(),
            root: Hash::new([0xaa; 32]),
            time_ms: 0x0102,
        },
    };
    opened(&folder).append(&record).unwrap();
    let mut body = vec![0; 8];
    body.extend([0, 0, 0, 1]);
    body.extend([0xee; 162]);
    body.extend([0, 0, 0, 1, 0, 0, 0, 6]);
    body.extend(b"notice");
    body.extend([0, 0, 0, 0, 0, 0, 0, 1]);
    body.extend([0xaa; 32]);
    body.extend([0, 0, 0, 0, 0, 0, 1, 2]);
    let mut bytes = b"notarylog/journal/v1\n".to_vec();
    bytes.extend([0x0f; 32]);
    bytes.extend([0; 8]);
    bytes.extend([0; 32]);
    bytes.extend(b"NLJ1");
    bytes.extend([0, 0, 0, 236]);
    bytes.extend(&body);
    bytes.extend(Hash::of(&[&[0; 32][..], &body].concat()).as_bytes());
    bytes.resize(4096, 0);
    let name = "00000000000000000000-0000000000.journal";
    assert_eq!(fs::read(folder.path().join(name)).unwrap(), bytes);
}

impl Store for TempDir {
    fn handle(&self) -> Box<dyn Anchor> {
        Box::new(opened(self))
    }
}

anchor_contract!(tempfile::tempdir().unwrap());

fn opened(folder: &TempDir) -> Journal {
    Journal::open_for(folder.path(), &ORIGIN_HASH, Access::Append, SHORT).unwrap()
}

fn opened_after(journal: Journal, folder: &TempDir) -> Journal {
    drop(journal);
    opened(folder)
}

fn viewed(folder: &TempDir) -> Journal {
    Journal::open_for(folder.path(), &ORIGIN_HASH, Access::ReadOnly, SHORT).unwrap()
}

fn fill(journal: &mut Journal, records: &[AnchorRecord]) {
    for record in records {
        journal.append(record).unwrap();
    }
}

/// Three records in one segment.
fn filled() -> (TempDir, Vec<AnchorRecord>) {
    let folder = tempfile::tempdir().unwrap();
    let records = history(3);
    fill(&mut opened(&folder), &records);
    (folder, records)
}

fn journal_answer(folder: &TempDir, record: &AnchorRecord) -> Result<(), AnchorError> {
    opened(folder).append(record)
}

fn replayed(journal: &Journal, after: u64) -> Result<Vec<AnchorRecord>, AnchorError> {
    let mut records = Vec::new();
    journal.replay(TreeSize::new(after).unwrap(), &mut |record| {
        records.push(record);
        true
    })?;
    Ok(records)
}

/// The newest segment's file, and where its last record stands in it.
fn last_record(folder: &TempDir, records: &[AnchorRecord]) -> (PathBuf, Range<usize>) {
    let segments = segments(folder.path()).unwrap();
    let mut reader = reader(folder, segments.len() - 1);
    while let Next::Record(_) = reader.next().unwrap() {}
    let end = usize::try_from(reader.offset).unwrap();
    let mut bytes = Vec::new();
    record::encode(records.last().unwrap(), Checksum::START, &mut bytes).unwrap();
    let path = folder.path().join(segments.last().unwrap().name());
    (path, end - bytes.len()..end)
}

fn reader(folder: &TempDir, place: usize) -> Reader {
    let segment = segments(folder.path()).unwrap()[place];
    Reader::open(folder.path(), &segment, &ORIGIN_HASH).unwrap()
}

fn history(length: usize) -> Vec<AnchorRecord> {
    let mut records: Vec<AnchorRecord> = Vec::new();
    for _ in 0..length {
        records.push(follow(records.last()));
    }
    records
}

fn follow(last: Option<&AnchorRecord>) -> AnchorRecord {
    match last.map(|record| record.head) {
        None => record(0, 1, 1),
        Some(head) => record(head.size.get(), head.time_ms % 3 + 1, head.time_ms + 1),
    }
}

fn record(first: u64, count: u64, time_ms: u64) -> AnchorRecord {
    let entries = (first..first + count).flat_map(|index| {
        let mut entry = [0x33; ENTRY_LEN];
        entry[..8].copy_from_slice(&index.to_be_bytes());
        entry
    });
    AnchorRecord {
        first: TreeSize::new(first).unwrap(),
        entries: entries.collect(),
        notices: (0..count / 3)
            .map(|n| format!("notice {n}").into_bytes())
            .collect(),
        head: Head {
            size: TreeSize::new(first + count).unwrap(),
            root: Hash::of(&(first + count).to_be_bytes()),
            time_ms,
        },
    }
}
