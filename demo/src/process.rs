//! A process of a person: started, heard, stopped or killed, and never left behind.

use crate::person::Person;
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// A person's running process. Dropping it kills it.
#[derive(Debug)]
pub struct Process {
    person: Person,
    child: Child,
    lines: Receiver<String>,
    stderr: PathBuf,
}

/// What a person said that was asked one thing and went away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The exit code; 128 + n after death by signal n, as shells have it.
    pub code: i32,
    /// What it wrote to stdout.
    pub stdout: String,
    /// What it wrote to stderr.
    pub stderr: String,
}

/// What can go wrong with a process.
#[derive(Debug)]
pub enum ProcessError {
    /// The system would not start or signal it.
    System(Person, std::io::Error),
    /// It ended before it said its first line. The last words of its stderr.
    Ended(Person, String),
    /// It said nothing in time. The last words of its stderr.
    Silent(Person, Duration, String),
    /// It was told to stop and did not in time; it was killed.
    Stubborn(Person, Duration),
}

/// How often to look whether a process has ended.
const GLANCE: Duration = Duration::from_millis(10);

/// How much of a process's stderr an error shows, in bytes from its end.
const LAST_WORDS: usize = 2_000;

impl Process {
    /// Starts `person` with `args`. Its stderr is appended to the file `stderr`.
    pub fn start<S: AsRef<OsStr>>(
        person: Person,
        args: impl IntoIterator<Item = S>,
        stderr: &Path,
    ) -> Result<Self, ProcessError> {
        Self::start_in(person, args, Path::new("."), stderr)
    }

    /// The same under a tracer: a program and its arguments, before those of the person.
    pub fn start_under<S: AsRef<OsStr>>(
        tracer: &[OsString],
        person: Person,
        args: impl IntoIterator<Item = S>,
        stderr: &Path,
    ) -> Result<Self, ProcessError> {
        Self::spawn(tracer, person, args, Path::new("."), stderr)
    }

    /// The same, in the folder `home`.
    pub fn start_in<S: AsRef<OsStr>>(
        person: Person,
        args: impl IntoIterator<Item = S>,
        home: &Path,
        stderr: &Path,
    ) -> Result<Self, ProcessError> {
        Self::spawn(&[], person, args, home, stderr)
    }

    fn spawn<S: AsRef<OsStr>>(
        tracer: &[OsString],
        person: Person,
        args: impl IntoIterator<Item = S>,
        home: &Path,
        stderr: &Path,
    ) -> Result<Self, ProcessError> {
        let system = |error| ProcessError::System(person, error);
        let file = append(stderr).map_err(system)?;
        let mut child = person
            .command_under(tracer)
            .map_err(system)?
            .args(args)
            .current_dir(home)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(file)
            .spawn()
            .map_err(system)?;
        let (said, lines) = channel();
        let stdout = child.stdout.take();
        // Reads on to the end even when nobody listens any more: a full pipe would stop the process.
        std::thread::spawn(move || {
            for line in stdout
                .into_iter()
                .flat_map(|out| BufReader::new(out).lines().map_while(Result::ok))
            {
                let _ = said.send(line);
            }
        });
        Ok(Self {
            person,
            child,
            lines,
            stderr: stderr.to_owned(),
        })
    }

    /// The process's number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the next line that it says on stdout.
    pub fn line(&mut self, patience: Duration) -> Result<String, ProcessError> {
        self.lines.recv_timeout(patience).map_err(|error| {
            let words = self.last_words();
            match error {
                RecvTimeoutError::Timeout => ProcessError::Silent(self.person, patience, words),
                RecvTimeoutError::Disconnected => ProcessError::Ended(self.person, words),
            }
        })
    }

    /// Ends it as `kill -9` does: it gets no chance to say or save anything.
    pub fn kill(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks it to stop (SIGTERM) and waits; after `patience` it is killed and that is an error.
    pub fn stop(mut self, patience: Duration) -> Result<ExitStatus, ProcessError> {
        let person = self.person;
        let system = |error| ProcessError::System(person, error);
        if let Some(status) = self.child.try_wait().map_err(system)? {
            return Ok(status);
        }
        kill_process(Pid::from_child(&self.child), Signal::TERM)
            .map_err(|errno| system(errno.into()))?;
        let start = Instant::now();
        while start.elapsed() < patience {
            if let Some(status) = self.child.try_wait().map_err(system)? {
                return Ok(status);
            }
            std::thread::sleep(GLANCE);
        }
        Err(ProcessError::Stubborn(person, patience)) // dropped here: killed
    }

    fn last_words(&self) -> String {
        let bytes = std::fs::read(&self.stderr).unwrap_or_default();
        let from = bytes.len().saturating_sub(LAST_WORDS);
        String::from_utf8_lossy(bytes.get(from..).unwrap_or_default()).into_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Lets `person` do one thing in the folder `home` and hears what it says.
pub fn ask<S: AsRef<OsStr>>(
    person: Person,
    args: impl IntoIterator<Item = S>,
    home: &Path,
) -> Result<Said, ProcessError> {
    let system = |error| ProcessError::System(person, error);
    let output = person
        .command()
        .map_err(system)?
        .args(args)
        .current_dir(home)
        .stdin(Stdio::null())
        .output()
        .map_err(system)?;
    Ok(Said {
        code: code(output.status),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

fn code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;
    status
        .code()
        .unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
}

fn append(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

impl std::fmt::Display for ProcessError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::System(person, error) => {
                write!(
                    f,
                    "{} could not be started or stopped: {error}",
                    person.name()
                )
            }
            Self::Ended(person, words) => {
                write!(
                    f,
                    "{} ended before it was ready. It said:\n{words}",
                    person.name()
                )
            }
            Self::Silent(person, patience, words) => write!(
                f,
                "{} said nothing for {} s. On stderr:\n{words}",
                person.name(),
                patience.as_secs()
            ),
            Self::Stubborn(person, patience) => write!(
                f,
                "{} did not stop within {} s and was killed",
                person.name(),
                patience.as_secs()
            ),
        }
    }
}

impl std::error::Error for ProcessError {}
