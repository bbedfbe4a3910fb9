//! The story that the demo tells, part by part. Each part checks what it says.

mod witnesses;

use crate::media;
use crate::original::Original;
use crate::part::Part;
use crate::process::Said;
use crate::town::{Home, ORIGIN, PATIENCE, Town, TownError};
use crate::voice::{Line, Voice};
use crate::witness_row::OPERATORS;
use serde_json::{Value, json};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tlog::Receipt;

/// Why the story ended early.
#[derive(Debug)]
pub enum Failure {
    /// The town could not do it.
    Town(TownError),
    /// A check found something else than it must: the sentence says what.
    Check(String),
}

/// The story while it is told.
#[derive(Debug)]
pub struct Story {
    town: Town,
    voice: Voice,
    files: Vec<Original>,
    cast: Option<Cast>,
}

/// Those who act once the log is open.
#[derive(Debug)]
struct Cast {
    bureau: Home,
    citizen: Home,
}

/// The newest head that the log shows: its size and root, in the words of the checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Head {
    size: u64,
    root: String,
}

const BUREAU: &str = "Bureau of Market Supervision (demo)";
const CASE_NUMBER: &str = "Demo 2026-0417";

impl Story {
    /// The story of this town: with the footage that is built in, and the files `with` beside it.
    pub fn new(town: Town, voice: Voice, with: Vec<PathBuf>) -> Self {
        Self {
            town,
            voice,
            files: Original::all(with),
            cast: None,
        }
    }

    /// Tells one part.
    pub fn tell(&mut self, part: Part) -> Result<(), Failure> {
        match part {
            Part::Log => self.log_opens(),
            Part::Bureau => self.bureau_is_enrolled(),
            Part::Submit => self.files_are_submitted(),
            Part::Verify => self.copies_are_verified(),
            Part::Change => self.a_change_is_refused(),
            Part::Restart => self.log_restarts(),
            Part::Witness => self.witnesses_come_and_go(),
        }
    }

    /// Leaves the log open for visitors and says where.
    pub fn leave_open(&mut self) -> Result<(), Failure> {
        if self.town.log_process().is_none() {
            self.open_log()?;
        }
        let url = self.town.url();
        let line = |what: &str| Line::Plain(format!("{url}{what}"));
        self.voice.close(
            "open",
            json!({"url": url, "admin": self.town.admin_url(), "folder": self.town.folder()}),
            &[
                Line::Text(format!(
                    "The log and its witnesses stay open, the log at {url}, until you press Ctrl-C. Look at it in a browser or with curl:"
                )),
                line("/docs        what it can be asked"),
                line("/checkpoint  its newest signed and cosigned head"),
                line("/v1/log      what each witness did last"),
                line("/v1/keys     who may submit"),
                Line::Text("Or let a script check it that shares no code with us:".to_owned()),
                Line::Plain(format!("python3 tests/stranger.py {url}")),
            ],
        );
        Ok(())
    }

    /// Closes the log and says that all parts were checked.
    pub fn end(&mut self, parts: &[Part]) -> Result<(), Failure> {
        self.town.close_log()?;
        self.town.close_witnesses()?;
        let names: Vec<&str> = parts.iter().map(|part| part.name()).collect();
        let text = "Every step was checked. The log and its witnesses have stopped.".to_owned();
        self.voice
            .close("done", json!({"checked": names}), &[Line::Text(text)]);
        Ok(())
    }

    /// Closes the log at the visitor's wish.
    pub fn stop(&mut self) -> Result<(), Failure> {
        self.town.close_log()?;
        self.town.close_witnesses()?;
        let text = "The log and its witnesses have stopped.".to_owned();
        self.voice.close("stopped", json!({}), &[Line::Text(text)]);
        Ok(())
    }

    /// Says what went wrong in a part.
    pub fn fail(&self, part: &str, failure: &Failure) {
        self.voice.fail(part, &failure.to_string());
    }

    /// Opens the log and waits until its witnesses have looked at it.
    fn open_log(&mut self) -> Result<(), Failure> {
        self.town.open_log()?;
        Ok(self.town.log_serves()?)
    }

    fn log_opens(&mut self) -> Result<(), Failure> {
        self.voice.begin("A log opens, and five witnesses watch it");
        self.open_log()?;
        let head = self.head()?;
        check(head.size == 1, || {
            format!(
                "a new log holds one entry, its genesis notice; this one holds {}",
                head.size
            )
        })?;
        let open = self.town.witnesses().iter();
        let witnesses: Vec<Value> = open
            .map(|one| json!({"name": one.name(), "url": one.url(), "process": one.process()}))
            .collect();
        check(witnesses.iter().all(|one| one["process"].is_u64()), || {
            format!("five witnesses should run as processes of their own; these do: {witnesses:?}")
        })?;
        let (url, folder) = (self.town.url(), self.town.folder().display());
        let process = self.town.log_process().unwrap_or_default();
        self.voice.done(
            "log",
            json!({"url": url, "process": process, "folder": self.town.folder(), "origin": ORIGIN,
                "witnesses": witnesses}),
            &[
                Line::Text(format!(
                    "It answers at {url}, runs as a process of its own (number {process}) and keeps everything in \
                     {folder}."
                )),
                Line::Text(format!(
                    "Its witnesses are five more processes: {}. Each checks that the log only ever grows, remembers \
                     what it saw, and cosigns. Four of the five must confirm a head before the log shows it to anybody.",
                    OPERATORS.join(", ")
                )),
                Line::Text(
                    "Its first entry says who it is: its name, its keys, and the three administrators of whom any two \
                     may enrol a bureau."
                        .to_owned(),
                ),
            ],
        );
        Ok(())
    }

    fn bureau_is_enrolled(&mut self) -> Result<(), Failure> {
        self.voice.begin("A bureau is enrolled");
        let bureau = self.town.enrol("bureau", BUREAU)?;
        let citizen = self.town.home("citizen")?;
        let keys = self.town.get("/v1/keys")?.json();
        let enrolled = keys.pointer("/keys/0/bureau").and_then(Value::as_str);
        check(enrolled == Some(BUREAU), || {
            format!("the public list of keys should name {BUREAU:?}; it says {keys}")
        })?;
        self.cast = Some(Cast { bureau, citizen });
        self.voice.done(
            "bureau",
            json!({"bureau": BUREAU, "key_id": keys.pointer("/keys/0/key_id")}),
            &[Line::Text(format!(
                "The {BUREAU} made a key, and two administrators signed a public notice that lets this key submit. \
                 The notice is an entry of the log itself: anyone can see who may submit, and since when."
            ))],
        );
        Ok(())
    }

    fn files_are_submitted(&mut self) -> Result<(), Failure> {
        self.voice.begin("Evidence is sealed and logged");
        let Cast { bureau, citizen } = cast(self.cast.as_ref())?;
        bureau.open_case(CASE_NUMBER)?;
        for file in &self.files {
            file.put_into(bureau)?;
        }
        let url = self.town.url();
        for home in [bureau, citizen] {
            home.notary(["policy", "fetch", url, "--out", "policy"])?
                .done()?;
        }
        bureau.submit(url, self.files.iter().map(Original::name))?;

        let mut lines = Vec::new();
        let mut logged = Vec::new();
        for file in &self.files {
            bureau.hand(file.name(), citizen)?;
            let (entry, index) = receipt(citizen, file.name())?;
            let size = bytes(bureau.read(file.name())?.len());
            lines.push(Line::Passed(format!(
                "{}, {}, {size}: entry {index} of the log",
                file.name(),
                file.words()
            )));
            logged.push(json!({"file": file.name(), "index": index, "entry_bytes": entry.len()}));
        }
        lines.push(Line::Text(
            "Of each file, 162 bytes went to the log: a sealed fingerprint that tells a stranger nothing, not even \
             which case it belongs to. The log answered with a proof that the entry is in it, once four of the five \
             witnesses had confirmed that."
                .to_owned(),
        ));
        lines.push(Line::Text(
            "A citizen now receives copies of the files and their proofs, and has fetched the policy: the short text \
             that says whose signatures count."
                .to_owned(),
        ));
        self.voice.done("submit", json!({"files": logged}), &lines);
        Ok(())
    }

    fn copies_are_verified(&mut self) -> Result<(), Failure> {
        self.voice
            .begin("The log is switched off, and the citizen checks");
        self.town.close_log()?;
        let host = self.town.url().trim_start_matches("http://");
        check(TcpStream::connect(host).is_err(), || {
            format!("the log was stopped, and something still answers at {host}")
        })?;
        let citizen = &cast(self.cast.as_ref())?.citizen;
        let mut lines = vec![Line::Text(
            "No process of the log runs, nothing answers at its address, and no witness is asked. What the citizen \
             holds is enough:"
                .to_owned(),
        )];
        let mut verdicts = Vec::new();
        let mut last = None;
        for file in &self.files {
            let said = verify(citizen, file.name())?;
            check(said.code == 0, || {
                format!(
                    "{} should be verified; notary verify said (exit code {}): {}",
                    file.name(),
                    said.code,
                    words(&said)
                )
            })?;
            lines.push(Line::Passed(format!("{}: {}", file.name(), verdict(&said))));
            let confirmed = confirmed_by(&said);
            check(confirmed.is_some(), || {
                format!(
                    "the verdict on {} should name the witnesses: {}",
                    file.name(),
                    words(&said)
                )
            })?;
            verdicts.push(
                json!({"file": file.name(), "exit": said.code, "verdict": verdict(&said),
                "confirmed": confirmed}),
            );
            last = confirmed;
        }
        lines.extend(last.map(Line::Text));
        self.voice.done(
            "verify",
            json!({"log_running": false, "files": verdicts}),
            &lines,
        );
        Ok(())
    }

    fn a_change_is_refused(&mut self) -> Result<(), Failure> {
        self.voice.begin("Somebody changes one byte");
        let citizen = &cast(self.cast.as_ref())?.citizen;
        let name = media::RECORDING.name;
        let altered = self.town.home("altered")?;
        citizen.hand(name, &altered)?;
        altered.write("policy", &citizen.read("policy")?)?;
        let mut copy = altered.read(name)?;
        let at = copy.len() / 2;
        let byte = copy
            .get_mut(at)
            .ok_or_else(|| Failure::Check(format!("{name} is empty")))?;
        *byte ^= 1;
        let count = bytes(copy.len());
        altered.write(name, &copy)?;
        let said = verify(&altered, name)?;
        check(said.code == 1, || {
            format!(
                "a copy of {name} with one changed byte must be refused with exit code 1; notary verify said (exit \
                 code {}): {}",
                said.code,
                words(&said)
            )
        })?;
        self.voice.done(
            "change",
            json!({"file": name, "byte": at, "exit": said.code, "verdict": verdict(&said)}),
            &[
                Line::Text(format!(
                    "In a copy of {name} the byte in the middle is changed by one bit; the other {count} are as they \
                     were. No player shows a difference. The check does:"
                )),
                Line::Refused(verdict(&said)),
                Line::Text("It ended with exit code 1: proven wrong.".to_owned()),
            ],
        );
        Ok(())
    }

    fn log_restarts(&mut self) -> Result<(), Failure> {
        self.voice.begin("The log starts again");
        if self.town.log_process().is_some() {
            self.town.close_log()?;
        }
        let before = self.entries_promised()?;
        self.open_log()?;
        let head = self.head_of_restart(before)?;
        let folder = self.town.log_folder();
        self.town
            .notarylog(["check".as_ref(), folder.as_os_str()])?
            .done()?;
        self.town.notarylog(["check", self.town.url()])?.done()?;
        let Cast { bureau, citizen } = cast(self.cast.as_ref())?;
        let name = media::PHOTO.name;
        let (entry, index) = receipt(citizen, name)?;
        let again = self.town.get(&format!("/v1/receipts/{index}?newest=1"))?;
        let again = Receipt::parse(&again.body).map_err(|error| {
            Failure::Check(format!(
                "the log's receipt for entry {index} cannot be read: {error}"
            ))
        })?;
        check(again.extra() == Some(entry.as_slice()), || {
            format!("entry {index} is not the one that was logged before")
        })?;
        self.resubmit(bureau)?;
        let url = self.town.url();
        self.voice.done(
            "restart",
            json!({"url": url, "size": head.size, "root": head.root, "checked": ["folder", "url"]}),
            &[
                Line::Text(format!(
                    "It answers at {url} and has forgotten nothing: the same {before} entries under the signed head, and \
                     one of its own, in which it names what its operator did."
                )),
                Line::Passed("every entry hashed anew, from the log's folder and as a stranger does, from its address".to_owned()),
                Line::Passed(format!("the proof of {name} given once more, for the same entry {index}")),
                Line::Passed("the bureau sends its files again by mistake: nothing is logged twice".to_owned()),
            ],
        );
        Ok(())
    }

    /// Sends the files again, as somebody does who lost the answer, and sees that the log did not grow.
    fn resubmit(&self, bureau: &Home) -> Result<(), Failure> {
        let before = self.head()?;
        let url = self.town.url();
        for file in &self.files {
            let proof = bureau.path(&format!("{}.tlog-proof", file.name()));
            std::fs::remove_file(&proof).map_err(|error| TownError::File(proof, error))?;
        }
        bureau.submit(url, self.files.iter().map(Original::name))?;
        let after = self.head()?;
        check(
            after.size == before.size && after.root == before.root,
            || {
                format!(
                    "the same files sent again let the log grow from {} to {}",
                    before.size, after.size
                )
            },
        )?;
        let citizen = &cast(self.cast.as_ref())?.citizen;
        for file in &self.files {
            let (now, then) = (
                receipt(bureau, file.name())?,
                receipt(citizen, file.name())?,
            );
            check(now == then, || {
                format!(
                    "{} was entry {} and is now entry {}",
                    file.name(),
                    then.1,
                    now.1
                )
            })?;
        }
        Ok(())
    }

    /// How many entries the log must hold: one more than the highest index for which there is a proof.
    fn entries_promised(&self) -> Result<u64, Failure> {
        let citizen = &cast(self.cast.as_ref())?.citizen;
        let mut promised = 0;
        for file in &self.files {
            promised = promised.max(receipt(citizen, file.name())?.1 + 1);
        }
        Ok(promised)
    }

    /// The head of a log that was stopped with so many entries: at the stop it wrote one more, into its own diary.
    fn head_of_restart(&self, before: u64) -> Result<Head, Failure> {
        let begun = Instant::now();
        loop {
            let head = self.head()?;
            if head.size == before + 1 {
                return Ok(head);
            }
            // With witnesses the head of the stop is shown when they have cosigned it.
            let is_late = begun.elapsed() > PATIENCE;
            check(head.size == before && !is_late, || {
                format!(
                    "the log held {before} entries before it stopped and now shows {}",
                    head.size
                )
            })?;
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The newest signed head, from `/checkpoint`.
    fn head(&self) -> Result<Head, Failure> {
        let text = self.town.get("/checkpoint")?.text();
        read_head(&text)
            .ok_or_else(|| Failure::Check(format!("/checkpoint answered no checkpoint: {text}")))
    }
}

/// Runs `notary verify` in a home that holds the policy.
fn verify(home: &Home, name: &str) -> Result<Said, TownError> {
    Ok(home
        .notary(["--lang", "en", "verify", name, "--policy", "policy"])?
        .said)
}

/// The entry and its index out of the proof that lies beside a file.
fn receipt(home: &Home, name: &str) -> Result<(Vec<u8>, u64), Failure> {
    let proof = home.read(&format!("{name}.tlog-proof"))?;
    let receipt = Receipt::parse(&proof)
        .map_err(|error| Failure::Check(format!("{name}.tlog-proof cannot be read: {error}")))?;
    let entry = receipt.extra().unwrap_or_default().to_vec();
    check(entry.len() == evidence::ENTRY_LEN, || {
        format!(
            "{name}.tlog-proof should hold the entry of 162 bytes; it holds {}",
            entry.len()
        )
    })?;
    Ok((entry, receipt.index().get()))
}

/// The verdict: the first paragraph of what was said.
fn verdict(said: &Said) -> String {
    said.stdout
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or_default()
        .to_owned()
}

/// Which witnesses confirmed, in the verdict's own words.
fn confirmed_by(said: &Said) -> Option<String> {
    let mut lines = said.stdout.lines();
    lines
        .find(|line| line.starts_with("Confirmed by "))
        .map(str::to_owned)
}

fn words(said: &Said) -> String {
    format!("{}{}", said.stdout, said.stderr)
}

/// `origin\nsize\nroot\n…`
fn read_head(checkpoint: &str) -> Option<Head> {
    let mut lines = checkpoint.lines().skip(1);
    Some(Head {
        size: lines.next()?.parse().ok()?,
        root: lines.next()?.to_owned(),
    })
}

/// `2161914` → `2.2 MB`
fn bytes(count: usize) -> String {
    let (unit, name) = match count {
        ..1_000 => return format!("{count} bytes"),
        1_000..999_500 => (1_000, "KB"),
        _ => (1_000_000, "MB"),
    };
    let tenths = (count * 10 + unit / 2) / unit;
    match tenths {
        ..100 => format!("{}.{} {name}", tenths / 10, tenths % 10),
        _ => format!("{} {name}", (count + unit / 2) / unit),
    }
}

fn cast(cast: Option<&Cast>) -> Result<&Cast, Failure> {
    cast.ok_or_else(|| Failure::Check("nobody has been enrolled yet".to_owned()))
}

fn check(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), Failure> {
    if holds {
        Ok(())
    } else {
        Err(Failure::Check(otherwise()))
    }
}

impl From<TownError> for Failure {
    fn from(error: TownError) -> Self {
        Self::Town(error)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Town(error) => error.fmt(f),
            Self::Check(sentence) => f.write_str(sentence),
        }
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_said_as_people_say_them() {
        let said = [
            0, 162, 1_250, 35_393, 999_499, 999_500, 2_161_914, 64_000_000,
        ]
        .map(bytes);
        let words = [
            "0 bytes",
            "162 bytes",
            "1.3 KB",
            "35 KB",
            "999 KB",
            "1.0 MB",
            "2.2 MB",
            "64 MB",
        ];
        assert_eq!(said, words);
    }
}
