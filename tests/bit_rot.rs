//! Bits that flip in the files of a log that is at rest: each is found by the check or by the start, or does no harm. None is
//! ever served as good.
//!
//! Where and which come from a seed, which is printed and can be given as `FLIP_SEED`. A flip that the check does not find
//! must not be found by anybody: the log is started on it, and read whole as a stranger reads it. `FLIPS` says how many there
//! are; with `NOTARYLOG_LONG=1` there are many more.

use crate::backup::copy;
use crate::crashes::Chance;
use crate::journeys::stored;
use crate::reader::{Reader, number};
use crate::submitter::{Submitter, bytes, post};
use demo::town::Town;
use libtest_mimic::{Failed, Trial};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use tlog::{LeafIndex, Receipt, verify_inclusion};

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![Trial::test(
        "a_bit_that_flips_at_rest_is_found_or_harmless_in_every_kind_of_file",
        flips,
    )]
}

/// Flips of the short form, and of the long one.
const FLIPS: usize = 55;
const FLIPS_LONG: usize = 1_200;

/// Entries of the log: two full tiles, and a part of a third.
const ENTRIES: u64 = 600;

/// What is asked again after a flip: the ends of tiles, and some between.
const SAMPLE: [u64; 5] = [1, 200, 255, 256, 590];

/// The kinds of files, the database thrice, since most of a log's state is in it.
const KINDS: [&str; 11] = [
    "tile",
    "bundle",
    "journal",
    "database",
    "journal behind its end",
    "key",
    "database",
    "configuration",
    "journal",
    "database",
    "lock and other files",
];

/// Who found a flip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    Check,
    Start,
    Harmless,
}

/// A log at rest, and what it must answer.
struct Rest {
    town: Town,
    /// A copy of everything but the journal's empty end.
    kept: PathBuf,
    journal: PathBuf,
    /// What of the journal is in use.
    journal_used: Vec<u8>,
    entries: Vec<Vec<u8>>,
    vkeys: Vec<String>,
    notices: String,
    /// Some of the submitted entries with their indices.
    answered: Vec<(Vec<u8>, u64)>,
}

fn flips() -> Result<(), Failed> {
    let mut chance = Chance::from("FLIP_SEED")?;
    let flips = match (std::env::var("FLIPS"), std::env::var("NOTARYLOG_LONG")) {
        (Ok(flips), _) => flips.parse()?,
        (_, Ok(_)) => FLIPS_LONG,
        _ => FLIPS,
    };
    let mut rest = Rest::found()?;
    let mut fates: BTreeMap<(&str, Fate), u32> = BTreeMap::new();
    for kind in KINDS.iter().cycle().take(flips) {
        let Some((file, place, bit)) = rest.choose(kind, &mut chance)? else {
            continue;
        };
        flip(&file, place, bit)?;
        let what = format!("{kind}: bit {bit} of byte {place} of {}", file.display());
        let fate = rest
            .judge()
            .map_err(|why| format!("{what}: {}", why.message().unwrap_or_default()))?;
        if fate == Fate::Check {
            flip(&file, place, bit)?;
        } else {
            rest.put_back()?;
        }
        *fates.entry((kind, fate)).or_default() += 1;
    }
    let sum = |fate| {
        fates
            .iter()
            .filter(|((_, is), _)| *is == fate)
            .map(|(_, n)| n)
            .sum::<u32>()
    };
    println!(
        "bit flips at rest: {} found by the check, {} by the start, {} harmless, 0 served as good; {fates:?}",
        sum(Fate::Check),
        sum(Fate::Start),
        sum(Fate::Harmless)
    );
    // The unharmed log is clean, or all this says nothing.
    assert_eq!(rest.judge()?, Fate::Harmless);
    assert!(sum(Fate::Check) as usize > flips / 3, "{fates:?}");
    Ok(())
}

impl Rest {
    fn found() -> Result<Self, Failed> {
        let mut town = Town::found(None)?;
        town.open_log()?;
        let bureau = Submitter::of(&town.enrol("bureau", "Bureau")?)?;
        let entry = |n| bureau.entry(bytes("tag", n), bytes("content", n));
        let body: Vec<u8> = (0..ENTRIES).flat_map(entry).collect();
        let answer = post(town.url(), &body)?;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let answer = answer.json();
        let answered = SAMPLE.map(|n| {
            let place = usize::try_from(n).unwrap_or_default();
            number(&answer["results"][place], "index").map(|index| (entry(n), index))
        });
        let answered = answered.into_iter().collect::<Result<_, _>>()?;
        stored(&town, 512)?;
        town.close_log()?;
        // The stop is an entry, too.
        town.open_log()?;
        let reader = Reader::read(&town)?;
        let (vkeys, notices) = (vkeys(&town)?, town.get("/v1/notices")?.text());
        town.kill_log();
        let journal = one_file(&town.folder().join("anchor"))?;
        let whole = fs::read(&journal)?;
        let used = whole
            .iter()
            .rposition(|byte| *byte != 0)
            .map_or(0, |last| last + 1);
        let kept = town.folder().join("kept");
        copy(&town.log_folder(), &kept)?;
        Ok(Self {
            town,
            kept,
            journal,
            journal_used: whole[..used].to_vec(),
            entries: reader.entries,
            vkeys,
            notices,
            answered,
        })
    }

    /// A byte of a file of this kind, and a bit of it.
    fn choose(
        &self,
        kind: &str,
        chance: &mut Chance,
    ) -> Result<Option<(PathBuf, u64, u8)>, Failed> {
        let used = self.journal_used.len() as u64;
        let bit = u8::try_from(chance.below(8))?;
        if kind == "journal" {
            return Ok(Some((self.journal.clone(), chance.below(used), bit)));
        }
        if kind == "journal behind its end" {
            let behind = fs::metadata(&self.journal)?.len() - used;
            return Ok(Some((
                self.journal.clone(),
                used + chance.below(behind),
                bit,
            )));
        }
        let log = self.town.log_folder();
        let mut files = Vec::new();
        all_files(&log, &mut files)?;
        files.retain(|file| kind_of(file.strip_prefix(&log).unwrap_or(file)) == kind);
        files.retain(|file| fs::metadata(file).is_ok_and(|about| about.len() > 0));
        files.sort();
        if files.is_empty() {
            return Ok(None);
        }
        let file = files.swap_remove(usize::try_from(chance.below(files.len() as u64))?);
        let place = chance.below(fs::metadata(&file)?.len());
        Ok(Some((file, place, bit)))
    }

    /// Who finds out, if there is something to find.
    fn judge(&mut self) -> Result<Fate, Failed> {
        let checked = self.town.notarylog(["check", "log"])?.said;
        assert!(!checked.stderr.contains("panicked"), "{checked:?}");
        if checked.code != 0 {
            return Ok(Fate::Check);
        }
        if self.town.open_log().is_err() {
            return Ok(Fate::Start);
        }
        let state = self.town.get("/v1/log")?.json()["state"].clone();
        if state != "serving" {
            self.town.kill_log();
            return Ok(Fate::Start);
        }
        self.answers_as_before()?;
        self.town.kill_log();
        Ok(Fate::Harmless)
    }

    /// Everything that a stranger can read is as it was, and what was sent before has its place.
    fn answers_as_before(&self) -> Result<(), Failed> {
        let reader = Reader::read(&self.town)?;
        assert_eq!(vkeys(&self.town)?, self.vkeys, "another log's keys");
        assert!(reader.entries == self.entries, "other entries");
        assert_eq!(self.town.get("/v1/notices")?.text(), self.notices);
        reader.check_tiles(&self.town)?;
        for index in SAMPLE {
            let receipt = self.town.get(&format!("/v1/receipts/{index}?newest=1"))?;
            assert_eq!(receipt.status, 200, "{}", receipt.text());
            let receipt = Receipt::parse(&receipt.body)?;
            let signed = reader.accept(receipt.note().to_string().as_bytes())?;
            let (size, root) = (signed.checkpoint().size(), signed.checkpoint().root());
            let index = LeafIndex::new(index);
            let leaf = tlog::Hash::of_leaf(reader.entry(index).ok_or("no such entry")?);
            verify_inclusion(&leaf, index, size, &root, receipt.proof())?;
        }
        for (entry, index) in &self.answered {
            let answer = post(self.town.url(), entry)?;
            assert_eq!(answer.status, 200, "{}", answer.text());
            assert_eq!(number(&answer.json()["results"][0], "index")?, *index);
        }
        Ok(())
    }

    /// The log as it was before the flip, and before the start that came of it.
    fn put_back(&self) -> Result<(), Failed> {
        fs::remove_dir_all(self.town.log_folder())?;
        copy(&self.kept, &self.town.log_folder())?;
        let len = fs::metadata(&self.journal)?.len();
        fs::write(&self.journal, &self.journal_used)?;
        fs::OpenOptions::new()
            .write(true)
            .open(&self.journal)?
            .set_len(len)?;
        Ok(())
    }
}

/// The kind of a file in the log's folder.
fn kind_of(file: &Path) -> &'static str {
    let name = file.to_string_lossy();
    match () {
        () if name.starts_with("tiles/tile/entries") => "bundle",
        () if name.starts_with("tiles") => "tile",
        () if name.starts_with("log.sqlite") => "database",
        () if name.starts_with("keys") => "key",
        () if name.ends_with(".toml") => "configuration",
        // The administrators' keys are on no machine that runs a log.
        () if name.starts_with("admin") => "",
        () => "lock and other files",
    }
}

fn all_files(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failed> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            all_files(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn one_file(folder: &Path) -> Result<PathBuf, Failed> {
    let mut files = Vec::new();
    all_files(folder, &mut files)?;
    files.retain(|file| file.extension().is_some_and(|end| end == "journal"));
    files.pop().ok_or_else(|| "no journal".into())
}

fn vkeys(town: &Town) -> Result<Vec<String>, Failed> {
    let vkeys = crate::reader::vkeys(town)?;
    Ok(vkeys.iter().map(ToString::to_string).collect())
}

/// Flips one bit of a file in its place.
fn flip(file: &Path, place: u64, bit: u8) -> Result<(), Failed> {
    use std::os::unix::fs::FileExt as _;
    let file = fs::OpenOptions::new().read(true).write(true).open(file)?;
    let mut byte = [0];
    file.read_exact_at(&mut byte, place)?;
    byte[0] ^= 1 << bit;
    file.write_all_at(&byte, place)?;
    Ok(())
}
