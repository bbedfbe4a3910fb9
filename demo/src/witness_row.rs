//! The witnesses of the town: five operators, each a process of its own, of whom any four are a quorum.
//!
//! ```text
//! DIR/witness-NAME/         a witness's folder, as `notarylog-witness init` makes it
//! DIR/witness-NAME.stderr   its diary
//! DIR/log/policy.txt        the policy that counts each of them once
//! ```

use crate::person::Person;
use crate::process::{self, Process};
use crate::town::{ORIGIN, PATIENCE, TownError, first_line};
use serde_json::Value;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Who watches the town's log.
pub const OPERATORS: [&str; 5] = ["justice", "notary", "court", "bar", "university"];

/// One witness.
#[derive(Debug)]
pub struct TownWitness {
    name: &'static str,
    /// The town's folder, in which the witness's lies.
    town: PathBuf,
    vkeys: Vec<String>,
    /// Where it listens: the same place after each opening, since the policy names it.
    url: Option<String>,
    process: Option<Process>,
}

impl TownWitness {
    /// Makes a witness that knows the town's log by these keys, and opens it once so that it has an address.
    pub(crate) fn found(
        town: &Path,
        name: &'static str,
        log_vkeys: &[String],
    ) -> Result<Self, TownError> {
        let mut witness = Self {
            name,
            town: town.to_owned(),
            vkeys: Vec::new(),
            url: None,
            process: None,
        };
        let (folder, own_name) = (witness.folder(), format!("witness.town.example/{name}"));
        let doors = ["--listen", ANYWHERE, "--admin-listen", ANYWHERE, "--json"];
        let init = ["init", &folder, "--name", &own_name];
        let said = witness.asked(init.into_iter().chain(doors))?;
        let made: Value = serde_json::from_str(&said).unwrap_or_default();
        witness.vkeys = texts(&made["vkeys"]);
        let mut add = vec!["log", "add", &folder, "--origin", ORIGIN];
        add.extend(log_vkeys.iter().flat_map(|vkey| ["--vkey", vkey]));
        witness.asked(add)?;
        // It has signed nothing yet, and no log runs that could tell it so.
        witness.open(&["--first-run"])?;
        Ok(witness)
    }

    /// What the policy calls it.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The folder's name beside the log's.
    pub fn folder(&self) -> String {
        format!("witness-{}", self.name)
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        self.url.as_deref().unwrap_or_default()
    }

    /// The number of its process, while it runs.
    pub fn process(&self) -> Option<u32> {
        self.process.as_ref().map(Process::id)
    }

    /// `NAME=URL=VKEY,VKEY`, as `notarylog witness policy` reads it.
    pub(crate) fn in_policy(&self) -> String {
        format!("{}={}={}", self.name, self.url(), self.vkeys.join(","))
    }

    /// Tells it where the log shows its checkpoints now.
    pub(crate) fn hears_of(&self, log_vkeys: &[String], url: &str) -> Result<(), TownError> {
        let folder = self.folder();
        let mut add = vec!["log", "add", &folder, "--origin", ORIGIN, "--url", url];
        add.extend(log_vkeys.iter().flat_map(|vkey| ["--vkey", vkey]));
        self.asked(add).map(drop)
    }

    /// Starts it where it listened before.
    pub fn open(&mut self, options: &[&str]) -> Result<(), TownError> {
        let folder = self.folder();
        let listen = self
            .url
            .as_deref()
            .map(|url| url.trim_start_matches("http://").to_owned());
        let mut args = vec!["run", &folder, "--json"];
        if let Some(listen) = &listen {
            args.extend(["--listen", listen]);
        }
        args.extend(options);
        let diary = self.town.join(format!("{folder}.stderr"));
        let mut process = Process::start_in(Person::Witness, args, &self.town, &diary)?;
        let (url, _admin) = first_line(&process.line(PATIENCE)?)?;
        (self.url, self.process) = (Some(url), Some(process));
        Ok(())
    }

    /// Kills it as a power cut does.
    pub fn kill(&mut self) {
        self.process = None; // Process kills on drop
    }

    /// Closes it as its operator does: SIGTERM, and it ends by itself.
    pub fn close(&mut self) -> Result<(), TownError> {
        match self.process.take() {
            Some(process) => Ok(process.stop(PATIENCE).map(drop)?),
            None => Ok(()),
        }
    }

    fn asked<S: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = S>,
    ) -> Result<String, TownError> {
        let args: Vec<_> = args
            .into_iter()
            .map(|arg| arg.as_ref().to_owned())
            .collect();
        let said = process::ask(Person::Witness, &args, &self.town)?;
        if said.code == 0 {
            Ok(said.stdout)
        } else {
            Err(TownError::Refused(Person::Witness, args, said))
        }
    }
}

/// Any free port.
const ANYWHERE: &str = "127.0.0.1:0";

/// The strings of a JSON array.
pub(crate) fn texts(array: &Value) -> Vec<String> {
    let texts = array.as_array().into_iter().flatten();
    texts
        .filter_map(|text| text.as_str().map(str::to_owned))
        .collect()
}
