//! The part in which witnesses are lost and come back: what is *logged* becomes *witnessed*, and never by less than a
//! quorum.

use super::{Failure, Home, Line, Story, TownError, cast, check, words};
use crate::process::Said;
use crate::town::PATIENCE;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How often to look whether the log hears from all.
const GLANCE: Duration = Duration::from_millis(50);

/// The two that are lost, in this order.
const LOST: [&str; 2] = ["university", "bar"];

impl Story {
    pub(super) fn witnesses_come_and_go(&mut self) -> Result<(), Failure> {
        if self.town.log_process().is_none() {
            self.open_log()?;
        }
        self.all_confirm()?;
        self.one_is_lost()?;
        let logged = self.another_is_lost()?;
        self.one_returns(&logged)
    }

    fn all_confirm(&mut self) -> Result<(), Failure> {
        self.voice.begin("An entry is witnessed");
        let bureau = &cast(self.cast.as_ref())?.bureau;
        let item = Submission::send(bureau, self.town.url(), 1, "60")?;
        item.must_be("witnessed", 0)?;
        self.voice.done(
            "witness",
            item.facts("witnessed"),
            &[
                Line::Text(
                    "The bureau sends a statement. The log asks all five witnesses, and answers when four have \
                     confirmed:"
                        .to_owned(),
                ),
                Line::Passed(item.sentence()),
            ],
        );
        Ok(())
    }

    fn one_is_lost(&mut self) -> Result<(), Failure> {
        self.voice.begin("One witness is lost, and work goes on");
        self.kill(LOST[0])?;
        let bureau = &cast(self.cast.as_ref())?.bureau;
        let item = Submission::send(bureau, self.town.url(), 2, "60")?;
        item.must_be("witnessed", 0)?;
        check(!item.is_confirmed_by(LOST[0]), || {
            format!("the witness {} is dead and confirmed something", LOST[0])
        })?;
        self.voice.done(
            "witness",
            item.facts("one_lost"),
            &[
                Line::Text(format!(
                    "The process of the witness {} is killed. Four are left, and four are enough:",
                    LOST[0]
                )),
                Line::Passed(item.sentence()),
            ],
        );
        Ok(())
    }

    fn another_is_lost(&mut self) -> Result<Submission, Failure> {
        self.voice
            .begin("A second witness is lost, and nothing is glossed over");
        self.kill(LOST[1])?;
        let before = self.head()?;
        let bureau = &cast(self.cast.as_ref())?.bureau;
        let item = Submission::send(bureau, self.town.url(), 3, "1")?;
        item.must_be("logged", 3)?;
        let awaits = item.result["awaits"].as_str().unwrap_or_default();
        check(LOST.iter().all(|name| awaits.contains(name)), || {
            format!(
                "the log should say that it awaits {}: {awaits}",
                LOST.join(" and ")
            )
        })?;
        let proof = bureau.path(&format!("{}.tlog-proof", item.name));
        check(!proof.exists(), || {
            format!("{} is no proof and must not be there", proof.display())
        })?;
        let after = self.head()?;
        check(before == after, || {
            format!("three witnesses are too few, and the log shows a new head: {after:?}")
        })?;
        self.voice.done(
            "witness",
            item.facts("two_lost"),
            &[
                Line::Text(format!(
                    "The process of {} is killed too. Three are fewer than four:",
                    LOST[1]
                )),
                Line::Waits(item.sentence()),
                Line::Text(
                    "It ended with exit code 3: not yet. No proof was written, and the log shows nobody the head \
                     over this entry."
                        .to_owned(),
                ),
            ],
        );
        Ok(item)
    }

    fn one_returns(&mut self, logged: &Submission) -> Result<(), Failure> {
        self.voice
            .begin("The second witness returns, and the same entry is witnessed");
        self.open(LOST[1])?;
        let bureau = &cast(self.cast.as_ref())?.bureau;
        let item = Submission::send(bureau, self.town.url(), 3, "60")?;
        item.must_be("witnessed", 0)?;
        check(item.index() == logged.index(), || {
            format!(
                "the entry stood at {:?} and stands at {:?} now",
                logged.index(),
                item.index()
            )
        })?;
        let head = self.head()?;
        check(
            item.index().map(|index| index + 1) == Some(head.size),
            || {
                format!(
                    "something was logged twice: the log holds {} entries",
                    head.size
                )
            },
        )?;
        // The newest head does not show what this one signed last; the log remembers it.
        self.open(LOST[0])?;
        self.all_are_heard()?;
        self.voice.done(
            "witness",
            item.facts("returned"),
            &[
                Line::Text(format!(
                    "The process of {} starts again, and the bureau runs the same command again:",
                    LOST[1]
                )),
                Line::Passed(item.sentence()),
                Line::Text(
                    "It is the same entry, with the same number. Nothing was logged twice. The \
                     university returns too, and the log hears from all five."
                        .to_owned(),
                ),
            ],
        );
        Ok(())
    }

    fn kill(&mut self, name: &str) -> Result<(), Failure> {
        let witness = self.town.witness(name).ok_or_else(|| nobody(name))?;
        witness.kill();
        Ok(())
    }

    fn open(&mut self, name: &str) -> Result<(), Failure> {
        let witness = self.town.witness(name).ok_or_else(|| nobody(name))?;
        Ok(witness.open(&[])?)
    }

    /// Waits until the log hears from all five again.
    fn all_are_heard(&self) -> Result<(), Failure> {
        let start = Instant::now();
        loop {
            let about = self.town.get("/v1/log")?.json();
            let witnesses = about["witnesses"].as_array();
            if witnesses.is_some_and(|all| all.iter().all(|one| one["silent"].is_null())) {
                return Ok(());
            }
            check(start.elapsed() < PATIENCE, || {
                format!("all five witnesses run, and the log does not hear from all: {about}")
            })?;
            std::thread::sleep(GLANCE);
        }
    }
}

/// One statement, and what `notary submit` said of it.
struct Submission {
    name: String,
    said: Said,
    result: Value,
}

impl Submission {
    /// Sends statement `number`, and waits `wait` seconds for witnesses.
    fn send(bureau: &Home, url: &str, number: u32, wait: &str) -> Result<Self, TownError> {
        let name = format!("statement-{number}.txt");
        bureau.write(
            &name,
            format!("Statement {number} in the case.\n").as_bytes(),
        )?;
        let options = ["--wait", wait, "--json", name.as_str()];
        let said = bureau.notary(submission(url).chain(options))?.said;
        let answer: Value = serde_json::from_str(&said.stdout).unwrap_or_default();
        let result = answer["results"][0].clone();
        Ok(Self { name, said, result })
    }

    fn must_be(&self, state: &str, exit: i32) -> Result<(), Failure> {
        check(
            self.result["state"] == state && self.said.code == exit,
            || {
                format!(
                    "{} should be {state}; notary submit said (exit code {}): {}",
                    self.name,
                    self.said.code,
                    words(&self.said)
                )
            },
        )
    }

    fn index(&self) -> Option<u64> {
        self.result["index"].as_u64()
    }

    fn is_confirmed_by(&self, witness: &str) -> bool {
        let witnesses = self.result["witnesses"].as_array();
        witnesses
            .into_iter()
            .flatten()
            .any(|one| one["name"] == witness && one["confirmed"] == true)
    }

    fn sentence(&self) -> String {
        let sentence = self.result["sentence"].as_str().unwrap_or_default();
        format!("{}: {sentence}", self.name)
    }

    fn facts(&self, step: &str) -> Value {
        json!({
            "step": step,
            "file": self.name,
            "index": self.result["index"],
            "state": self.result["state"],
            "awaits": self.result["awaits"],
            "witnesses": self.result["witnesses"],
            "exit": self.said.code,
        })
    }
}

fn nobody(name: &str) -> Failure {
    Failure::Check(format!("the town has no witness {name}"))
}

/// `notary submit`, but for the files.
fn submission(url: &str) -> impl Iterator<Item = &str> {
    let keys = ["--key", "bureau.pem", "--case", "case.json"];
    ["--lang", "en", "submit", "--log", url]
        .into_iter()
        .chain(keys)
        .chain(["--policy", "policy"])
}
