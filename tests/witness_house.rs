//! A witness in a folder of its own, as a process, and how a journey talks to it.

use crate::small_log::SmallLog;
use demo::http::{self, Answer};
use demo::person::Person;
use demo::process::{Process, Said, ask};
use libtest_mimic::Failed;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tlog::{
    AddCheckpoint, Checkpoint, Note, PureRust, SignatureLine, VerifiedLine, Vkey, verify_line,
};

/// How long the witness may take to say its address, and to stop: CI machines are slow.
const PATIENCE: Duration = Duration::from_mins(1);

/// The witness's name.
pub const NAME: &str = "witness.town.example/w1";

/// A witness. Dropping it kills its process and removes its folder.
pub struct WitnessHouse {
    process: Option<Process>,
    url: String,
    admin: String,
    vkeys: Vec<Vkey>,
    folder: TempDir,
}

impl WitnessHouse {
    /// Makes a witness that does not run yet.
    pub fn found() -> Result<Self, Failed> {
        let folder = tempfile::tempdir()?;
        let house = Self {
            process: None,
            url: String::new(),
            admin: String::new(),
            vkeys: Vec::new(),
            folder,
        };
        let doors = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
        let init = ["init", "w", "--name", NAME, "--json"];
        let said = done(house.run_verb(init.into_iter().chain(doors))?)?;
        let made: Value = serde_json::from_str(&said.stdout)?;
        let vkeys = made["vkeys"].as_array().ok_or("no vkeys")?;
        let vkeys = vkeys.iter().filter_map(Value::as_str).map(Vkey::parse);
        Ok(Self {
            vkeys: vkeys.collect::<Result<_, _>>()?,
            ..house
        })
    }

    /// A witness that runs and knows these logs, none of which has an address.
    pub fn opened(logs: &[&SmallLog]) -> Result<Self, Failed> {
        let mut house = Self::found()?;
        for log in logs {
            house.enrol(log, None)?;
        }
        house.open(&["--first-run"])?;
        Ok(house)
    }

    /// The witness's folder.
    pub fn dir(&self) -> PathBuf {
        self.folder.path().join("w")
    }

    /// A place beside the witness's folder.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The address of the witness. Another one after each opening.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The number of its process, while it runs.
    pub fn process(&self) -> Option<u32> {
        self.process.as_ref().map(Process::id)
    }

    /// What the witness wrote to its diary.
    pub fn diary(&self) -> Result<String, Failed> {
        Ok(std::fs::read_to_string(self.diary_file())?)
    }

    fn diary_file(&self) -> PathBuf {
        self.beside("diary")
    }

    /// The verifier keys that `init` told: 0x04 and 0x06.
    pub fn vkeys(&self) -> &[Vkey] {
        &self.vkeys
    }

    /// Runs a verb of `notarylog-witness` beside the witness's folder, which is called `w`.
    pub fn run_verb<S: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = S>,
    ) -> Result<Said, Failed> {
        Ok(ask(Person::Witness, args, self.folder.path())?)
    }

    /// Enrols a log by command.
    pub fn enrol(&self, log: &SmallLog, url: Option<&str>) -> Result<(), Failed> {
        let vkeys = log.vkeys().each_ref().map(ToString::to_string);
        let mut args = vec!["log", "add", "w", "--origin", log.origin()];
        for vkey in &vkeys {
            args.extend(["--vkey", vkey]);
        }
        if let Some(url) = url {
            args.extend(["--url", url]);
        }
        done(self.run_verb(args)?).map(drop)
    }

    /// Starts `notarylog-witness run` and waits for its address.
    pub fn open(&mut self, options: &[&str]) -> Result<(), Failed> {
        let mut process = self.start(options)?;
        let line = process.line(PATIENCE)?;
        let serving: Value = serde_json::from_str(&line)?;
        let text = |name: &str| serving[name].as_str().unwrap_or_default().to_owned();
        (self.url, self.admin) = (text("url"), text("admin"));
        self.process = Some(process);
        Ok(())
    }

    /// Starts the process and does not wait.
    pub fn start(&self, options: &[&str]) -> Result<Process, Failed> {
        let dir = self.dir();
        let args = [OsStr::new("run"), dir.as_os_str(), OsStr::new("--json")];
        let args = args.into_iter().chain(options.iter().map(OsStr::new));
        Ok(Process::start(Person::Witness, args, &self.diary_file())?)
    }

    /// Stops it as an operator does.
    pub fn close(&mut self) -> Result<(), Failed> {
        if let Some(process) = self.process.take() {
            let status = process.stop(PATIENCE)?;
            if !status.success() {
                return Err(format!("{status}: {}", self.diary()?).into());
            }
        }
        Ok(())
    }

    /// Kills it as `kill -9` and a power cut do.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Sends a request.
    pub fn post(&self, body: &str) -> Result<Answer, Failed> {
        post(&self.url, body)
    }

    /// Sends a request that must be cosigned, and verifies the lines of the answer.
    pub fn cosigned(&self, body: &str) -> Result<Vec<VerifiedLine>, Failed> {
        let answer = self.post(body)?;
        if answer.status != 200 {
            return Err(format!("{}: {}", answer.status, answer.text()).into());
        }
        self.verified(body, &answer)
    }

    /// Verifies the lines of an answer to a request.
    pub fn verified(&self, body: &str, answer: &Answer) -> Result<Vec<VerifiedLine>, Failed> {
        let request = AddCheckpoint::parse(body.as_bytes())?;
        let lines = SignatureLine::parse_all(&answer.body)?;
        self.verify(request.note(), request.checkpoint(), &lines)
    }

    /// Verifies lines of the witness.
    pub fn verify(
        &self,
        note: &Note,
        checkpoint: &Checkpoint,
        lines: &[SignatureLine],
    ) -> Result<Vec<VerifiedLine>, Failed> {
        lines
            .iter()
            .map(|line| {
                let vkey = self.vkeys.iter().find(|vkey| vkey.id() == line.id());
                let vkey = vkey.ok_or("a line by another key")?;
                Ok(verify_line(vkey, checkpoint, note.text(), line, &PureRust)?)
            })
            .collect()
    }

    /// The answer to monitors.
    pub fn monitored(&self, log: &SmallLog) -> Result<Answer, Failed> {
        let hash = hex::encode(Sha256::digest(log.origin().as_bytes()));
        self.get(&format!("/{hash}/checkpoint"))
    }

    /// Asks for a path.
    pub fn get(&self, path: &str) -> Result<Answer, Failed> {
        Ok(http::get(&self.url, path)?)
    }

    /// Asks the admin listener.
    pub fn admin(&self, path: &str) -> Result<Answer, Failed> {
        Ok(http::get(&self.admin, path)?)
    }

    /// Waits until a request is answered with this status.
    pub fn wait_for(&self, status: u16, body: &str) -> Result<(), Failed> {
        let begun = Instant::now();
        loop {
            let answer = self.post(body)?;
            if answer.status == status {
                return Ok(());
            }
            if begun.elapsed() > PATIENCE {
                return Err(format!("still {}: {}", answer.status, answer.text()).into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Sends a request to a witness.
pub fn post(url: &str, body: &str) -> Result<Answer, Failed> {
    let kind = "text/plain; charset=utf-8";
    Ok(http::post(url, "/add-checkpoint", kind, body.as_bytes())?)
}

/// The answer if the exit code is 0.
pub fn done(said: Said) -> Result<Said, Failed> {
    if said.code == 0 {
        Ok(said)
    } else {
        Err(format!("{said:?}").into())
    }
}
