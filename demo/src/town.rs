//! A town in a folder: a log, bureaus and citizens, each as processes of their own.
//!
//! ```text
//! DIR/log/        the log's folder, as `notarylog init` makes it; the three admin keys lie in DIR/log/admin
//! DIR/anchor/     the log's journal, which in life lies on another volume
//! DIR/NAME/       one folder a bureau or citizen: keys, cases, files and proofs
//! DIR/log.stderr  the log's diary
//! ```

use crate::http::{self, Answer};
use crate::person::Person;
use crate::process::{self, Process, ProcessError, Said};
use crate::witness_row::{OPERATORS, TownWitness, texts};
use serde_json::Value;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The town. Dropping it kills its log and, unless it was founded in a given folder, removes everything.
#[derive(Debug)]
pub struct Town {
    folder: PathBuf,
    log: Option<Process>,
    log_vkeys: Vec<String>,
    url: String,
    admin_url: String,
    witnesses: Vec<TownWitness>,
    // Dropped last: the log writes into it.
    _fresh: Option<tempfile::TempDir>,
}

/// A bureau or a citizen: a folder, in which its programs run.
#[derive(Clone, Debug)]
pub struct Home {
    folder: PathBuf,
}

/// Why the town could not do what it was told.
#[derive(Debug)]
pub enum TownError {
    /// A file or folder could not be made or read.
    File(PathBuf, io::Error),
    /// The folder is there and not empty.
    NotEmpty(PathBuf),
    /// A process failed.
    Process(ProcessError),
    /// A person answered with another exit code than 0: its words.
    Refused(Person, Vec<OsString>, Said),
    /// The log's first line is not what it ought to be.
    FirstLine(String),
    /// The log could not be asked.
    Http(io::Error),
}

/// The name under which the town's log signs.
pub const ORIGIN: &str = "log.town.example/demo";

/// How long the log may take to say its address, and to stop: CI machines are slow.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

impl Town {
    /// Founds a town with a log that has not opened yet: in `dir`, which must be empty or not there, or in a fresh
    /// folder of the system's.
    pub fn found(dir: Option<&Path>) -> Result<Self, TownError> {
        let (folder, fresh) = if let Some(dir) = dir {
            (empty(dir)?, None)
        } else {
            let fresh = tempfile::Builder::new()
                .prefix("notarylog-town-")
                .tempdir()
                .map_err(|error| TownError::File(std::env::temp_dir(), error))?;
            (fresh.path().to_owned(), Some(fresh))
        };
        let mut town = Self {
            folder,
            log: None,
            log_vkeys: Vec::new(),
            url: String::new(),
            admin_url: String::new(),
            witnesses: Vec::new(),
            _fresh: fresh,
        };
        let anywhere = "127.0.0.1:0";
        let doors = ["--listen", anywhere, "--admin-listen", anywhere];
        let init = [
            "init", "log", "--origin", ORIGIN, "--anchor", "anchor", "--json",
        ];
        let said = town.notarylog(init.into_iter().chain(doors))?.done()?;
        let made: Value = serde_json::from_str(&said.stdout).unwrap_or_default();
        town.log_vkeys = texts(&made["vkeys"]);
        Ok(town)
    }

    /// The same, with five witnesses that run, of whom any four must cosign every head.
    pub fn found_with_witnesses(dir: Option<&Path>) -> Result<Self, TownError> {
        let mut town = Self::found(dir)?;
        for name in OPERATORS {
            let witness = TownWitness::found(&town.folder, name, &town.log_vkeys)?;
            town.witnesses.push(witness);
        }
        let mut args = ["witness", "policy", "log", "--out", "log/policy.txt"]
            .map(str::to_owned)
            .to_vec();
        for witness in &town.witnesses {
            args.extend(["--witness".to_owned(), witness.in_policy()]);
        }
        town.notarylog(args)?.done()?;
        let config = town.log_folder().join("notarylog.toml");
        let at = |error| TownError::File(config.clone(), error);
        let text = std::fs::read_to_string(&config).map_err(at)?;
        std::fs::write(&config, format!("{text}policy = \"policy.txt\"\n")).map_err(at)?;
        Ok(town)
    }

    /// The witnesses; none in a town that was founded without.
    pub fn witnesses(&self) -> &[TownWitness] {
        &self.witnesses
    }

    /// The witness of this name.
    pub fn witness(&mut self, name: &str) -> Option<&mut TownWitness> {
        self.witnesses
            .iter_mut()
            .find(|witness| witness.name() == name)
    }

    /// Closes all witnesses as their operators do.
    pub fn close_witnesses(&mut self) -> Result<(), TownError> {
        self.witnesses.iter_mut().try_for_each(TownWitness::close)
    }

    /// The town's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The log's folder.
    pub fn log_folder(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// Where the log writes its diary.
    pub fn diary(&self) -> PathBuf {
        self.folder.join("log.stderr")
    }

    /// The log's address, `http://HOST:PORT`. Another one after each opening.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address of the log's admin listener.
    pub fn admin_url(&self) -> &str {
        &self.admin_url
    }

    /// The number of the log's process, while it runs.
    pub fn log_process(&self) -> Option<u32> {
        self.log.as_ref().map(Process::id)
    }

    /// Opens the log: starts `notarylog serve` and waits for its address.
    pub fn open_log(&mut self) -> Result<(), TownError> {
        self.open_log_under(&[])
    }

    /// The same under a tracer: a program and its arguments, which start the log and watch it.
    pub fn open_log_under(&mut self, tracer: &[OsString]) -> Result<(), TownError> {
        let folder = self.log_folder();
        let args = [
            OsStr::new("serve"),
            folder.as_os_str(),
            OsStr::new("--json"),
        ];
        let mut log = Process::start_under(tracer, Person::Log, args, &self.diary())?;
        let (url, admin_url) = first_line(&log.line(PATIENCE)?)?;
        (self.url, self.admin_url, self.log) = (url, admin_url, Some(log));
        for witness in &self.witnesses {
            witness.hears_of(&self.log_vkeys, &self.url)?;
        }
        Ok(())
    }

    /// Waits until the log takes entries: with witnesses, until enough of them have looked at what it holds.
    pub fn log_serves(&self) -> Result<(), TownError> {
        let begun = Instant::now();
        loop {
            let info = self.get("/v1/log")?.json();
            if info["state"] == "serving"
                && (self.witnesses.is_empty() || !info["witnessed"].is_null())
            {
                return Ok(());
            }
            if begun.elapsed() > PATIENCE {
                return Err(TownError::FirstLine(info.to_string()));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Closes the log as an operator does: SIGTERM, and it ends by itself with exit code 0.
    pub fn close_log(&mut self) -> Result<(), TownError> {
        if let Some(log) = self.log.take() {
            let status = log.stop(PATIENCE)?;
            if !status.success() {
                let said = Said {
                    code: status.code().unwrap_or(-1),
                    stdout: String::new(),
                    stderr: std::fs::read_to_string(self.diary()).unwrap_or_default(),
                };
                return Err(TownError::Refused(Person::Log, vec!["serve".into()], said));
            }
        }
        Ok(())
    }

    /// Kills the log as `kill -9` and a power cut do.
    pub fn kill_log(&mut self) {
        self.log = None; // Process kills on drop
    }

    /// Runs a verb of `notarylog` in the town's folder, as the operator.
    pub fn notarylog<S: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = S>,
    ) -> Result<Asked, TownError> {
        asked(Person::Log, args, &self.folder)
    }

    /// Runs `loadtest` in the town's folder.
    pub fn loadtest<S: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = S>,
    ) -> Result<Asked, TownError> {
        asked(Person::Loadtest, args, &self.folder)
    }

    /// The folder of a bureau or citizen, made if need be.
    pub fn home(&self, name: &str) -> Result<Home, TownError> {
        let folder = self.folder.join(name);
        std::fs::create_dir_all(&folder).map_err(|error| TownError::File(folder.clone(), error))?;
        Ok(Home { folder })
    }

    /// A bureau moves in: it makes its key `bureau.pem`, and two of the three administrators enrol it under `name`.
    pub fn enrol(&self, folder: &str, name: &str) -> Result<Home, TownError> {
        let home = self.home(folder)?;
        home.notary(["key", "new", "bureau.pem"])?.done()?;
        let key = home.path("bureau.pem");
        self.admin(
            [
                "bureau", "enrol", "--name", name, "--role", "submit", "--key",
            ],
            &key,
        )?
        .done()?;
        Ok(home)
    }

    /// Runs a verb of `notarylog` that two administrators sign; `file` is its last argument.
    pub fn admin<'a>(
        &self,
        args: impl IntoIterator<Item = &'a str>,
        file: &Path,
    ) -> Result<Asked, TownError> {
        let mut all: Vec<OsString> = args.into_iter().map(OsString::from).collect();
        all.push(file.into());
        for admin in ["log/admin/1.pem", "log/admin/2.pem"] {
            all.extend(["--admin".into(), admin.into()]);
        }
        all.extend(["--log".into(), self.url().into()]);
        self.notarylog(all)
    }

    /// Asks the log for `path`.
    pub fn get(&self, path: &str) -> Result<Answer, TownError> {
        http::get(&self.url, path).map_err(TownError::Http)
    }
}

/// What was asked of whom, and what was said.
#[derive(Debug)]
pub struct Asked {
    person: Person,
    args: Vec<OsString>,
    /// The answer.
    pub said: Said,
}

impl Asked {
    /// The answer if the exit code is 0; else everything that was said, as an error.
    pub fn done(self) -> Result<Said, TownError> {
        if self.said.code == 0 {
            Ok(self.said)
        } else {
            Err(TownError::Refused(self.person, self.args, self.said))
        }
    }
}

impl Home {
    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A file in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Runs a verb of `notary` in this folder.
    pub fn notary<S: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = S>,
    ) -> Result<Asked, TownError> {
        asked(Person::Notary, args, &self.folder)
    }

    /// A bureau opens the case `case.json`.
    pub fn open_case(&self, number: &str) -> Result<Said, TownError> {
        self.notary(["case", "new", "--number", number, "--out", "case.json"])?
            .done()
    }

    /// A bureau that opened its case submits files with its key `bureau.pem` to the log at `url`, and believes its
    /// answers by the policy that it holds, if it has fetched one.
    pub fn submit<'a>(
        &self,
        url: &'a str,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Said, TownError> {
        let options = ["submit", "--log", url, "--key", "bureau.pem"];
        let case = ["--case", "case.json"];
        let policy = ["--policy", "policy"];
        let policy = self.path("policy").exists().then_some(policy);
        let options = options.into_iter().chain(case);
        self.notary(options.chain(policy.into_iter().flatten()).chain(names))?
            .done()
    }

    /// Writes a file into it.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<PathBuf, TownError> {
        let path = self.path(name);
        std::fs::write(&path, bytes).map_err(|error| TownError::File(path.clone(), error))?;
        Ok(path)
    }

    /// Reads a file in it.
    pub fn read(&self, name: &str) -> Result<Vec<u8>, TownError> {
        let path = self.path(name);
        std::fs::read(&path).map_err(|error| TownError::File(path, error))
    }

    /// Hands copies of the file `name`, its evidence and its proof to somebody else.
    pub fn hand(&self, name: &str, to: &Self) -> Result<(), TownError> {
        for ending in ["", ".evidence", ".tlog-proof"] {
            let name = format!("{name}{ending}");
            let from = self.path(&name);
            std::fs::copy(&from, to.path(&name)).map_err(|error| TownError::File(from, error))?;
        }
        Ok(())
    }
}

/// The public and the admin address in a daemon's first line.
pub(crate) fn first_line(line: &str) -> Result<(String, String), TownError> {
    let serving: Value = serde_json::from_str(line).unwrap_or_default();
    let address = |name: &str| serving.get(name).and_then(Value::as_str).map(str::to_owned);
    address("url")
        .zip(address("admin"))
        .ok_or_else(|| TownError::FirstLine(line.to_owned()))
}

fn asked<S: AsRef<OsStr>>(
    person: Person,
    args: impl IntoIterator<Item = S>,
    home: &Path,
) -> Result<Asked, TownError> {
    let args: Vec<OsString> = args
        .into_iter()
        .map(|arg| arg.as_ref().to_owned())
        .collect();
    let said = process::ask(person, &args, home)?;
    Ok(Asked { person, args, said })
}

/// The absolute path of a folder that is empty, made if it is not there.
fn empty(dir: &Path) -> Result<PathBuf, TownError> {
    let at = |error| TownError::File(dir.to_owned(), error);
    std::fs::create_dir_all(dir).map_err(at)?;
    if std::fs::read_dir(dir).map_err(at)?.next().is_some() {
        return Err(TownError::NotEmpty(dir.to_owned()));
    }
    dir.canonicalize().map_err(at)
}

impl From<ProcessError> for TownError {
    fn from(error: ProcessError) -> Self {
        Self::Process(error)
    }
}

impl std::fmt::Display for TownError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path, error) => write!(f, "{}: {error}", path.display()),
            Self::NotEmpty(path) => write!(
                f,
                "{} is not empty; name a folder that is empty or not there yet",
                path.display()
            ),
            Self::Process(error) => error.fmt(f),
            Self::Refused(person, args, said) => {
                write!(f, "{}", person.name())?;
                for arg in args {
                    write!(f, " {}", arg.to_string_lossy())?;
                }
                write!(
                    f,
                    " ended with exit code {}\n{}{}",
                    said.code, said.stdout, said.stderr
                )
            }
            Self::FirstLine(line) => write!(f, "the log's first line holds no address: {line}"),
            Self::Http(error) => write!(f, "the log did not answer: {error}"),
        }
    }
}

impl std::error::Error for TownError {}
