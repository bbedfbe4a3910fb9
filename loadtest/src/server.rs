//! A log server that a measurement starts itself: `notarylog serve`, as its operator starts it.

use crate::target::{MalformedTarget, Target};
use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

/// A running log. Dropped, it is killed.
#[derive(Debug)]
pub struct Server {
    child: Child,
    log: Target,
    admin: Target,
}

impl Server {
    /// Starts the program on a log's folder, at any free ports, and waits for its first line:
    ///
    /// ```text
    /// {"event":"serving","url":"http://127.0.0.1:41234","admin":"http://127.0.0.1:41235","origin":"log.example"}
    /// ```
    pub fn start(program: &Path, folder: &Path, options: &[&str]) -> Result<Self, NotStarted> {
        let failed = |error| NotStarted::System {
            program: program.to_owned(),
            error,
        };
        let mut child = Command::new(program)
            .arg("serve")
            .arg(folder)
            .args(["--json", "--log-level", "warn"])
            .args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let mut line = String::new();
        let said = match child.stdout.take() {
            Some(stdout) => BufReader::new(stdout).read_line(&mut line),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        };
        let addresses = match said {
            Ok(_) => Addresses::parse(&line),
            Err(error) => Err(failed(error)),
        };
        match addresses {
            Ok((log, admin)) => Ok(Self { child, log, admin }),
            Err(why) => {
                // It said something else, or nothing: nobody will stop it.
                let _ended = child.kill().and_then(|()| child.wait());
                Err(why)
            }
        }
    }

    /// Where it listens.
    pub const fn log(&self) -> &Target {
        &self.log
    }

    /// Where its counters are.
    pub const fn admin(&self) -> &Target {
        &self.admin
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Stops it as its operator does (SIGTERM), and waits until it has ended.
    pub fn stop(mut self) -> io::Result<ExitStatus> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        self.child.wait()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that was stopped has been waited for, and is not there any more.
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
}

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum NotStarted {
    /// The program cannot be started.
    #[error("{} cannot be started: {error}", program.display())]
    System {
        /// Which.
        program: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// It ended, or is another program.
    #[error("the server did not say where it serves; its own words stand above")]
    Silent,
    /// An address that it says cannot be read.
    #[error("the server's address cannot be read: {0}")]
    Address(#[from] MalformedTarget),
}

#[derive(Deserialize)]
struct Addresses {
    url: String,
    admin: String,
}

impl Addresses {
    fn parse(line: &str) -> Result<(Target, Target), NotStarted> {
        let Self { url, admin } = serde_json::from_str(line).map_err(|_| NotStarted::Silent)?;
        let target = |url: String| url.parse::<Target>();
        Ok((target(url)?, target(admin)?))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_tells_both_addresses() {
        let line = r#"{"event":"serving","url":"http://127.0.0.1:1","admin":"http://127.0.0.1:2"}"#;
        let (log, admin) = Addresses::parse(line).unwrap();
        assert_eq!(
            (log.address(), admin.address()),
            ("127.0.0.1:1", "127.0.0.1:2")
        );
    }

    #[test]
    fn a_program_that_says_nothing_is_no_server() {
        let nothing = Server::start(Path::new("true"), Path::new("/"), &[]);
        assert!(matches!(nothing.unwrap_err(), NotStarted::Silent));
        let absent = Server::start(Path::new("/no/such/program"), Path::new("/"), &[]);
        assert!(matches!(absent.unwrap_err(), NotStarted::System { .. }));
    }
}
