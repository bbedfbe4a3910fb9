//! What can be typed: the verbs of `notary` and their options, each with an example.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use evidence::{FileKind, Stage};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// `notary`: evidence into a public log, and proofs out of it.
#[derive(Debug, Parser)]
#[command(
    name = "notary",
    version,
    about = "Log evidence so that anyone can check it, and check it yourself, offline",
    after_help = "Examples:\n  \
        notary key new bureau.pem\n  \
        notary case new --number '苏市监罚〔2026〕17号' --out case.json\n  \
        notary submit --log http://127.0.0.1:8080 --key bureau.pem --case case.json photo.jpg\n  \
        notary verify photo.jpg --policy policy\n\n\
        Exit codes: 0 verified or done, 1 proven wrong, 2 usage, 3 not yet, 4 no record at hand, 5 could not check, \
        6 a contradiction is proven."
)]
pub struct Command {
    /// Options that every verb takes.
    #[command(flatten)]
    pub voice: VoiceArgs,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// In which form and language to answer.
#[derive(Args, Clone, Copy, Debug)]
pub struct VoiceArgs {
    /// Answer with one JSON document on stdout, with stable reason codes
    #[arg(long, global = true)]
    pub json: bool,
    /// Language of the sentences; by default the locale's
    #[arg(long, global = true, value_enum, env = "NOTARY_LANG")]
    pub lang: Option<Language>,
    /// Say more: each check, keys and times
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

/// A language of the words catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// English
    En,
    /// 简体中文
    Zh,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Make or show a signing key
    #[command(subcommand)]
    Key(KeyVerb),
    /// Open a case: its number and its secret handle
    #[command(subcommand)]
    Case(CaseVerb),
    /// Print the two fingerprints of files: SHA-256 and chunk root
    #[command(after_help = "Example:\n  notary hash video.mp4 --json")]
    Hash(HashArgs),
    /// Log files of a case and keep the proofs beside them
    #[command(
        after_help = "Writes FILE.evidence (private: it opens the record) and FILE.tlog-proof (public) beside \
        each file.\nRun it again after a break: the same bytes are sent, and what is proved already is not sent.\n\
        What is logged and not yet witnessed ends with exit code 3: run it again to fetch the proof.\n\n\
        Examples:\n  \
        notary submit --log https://log.example --key bureau.pem --case case.json photo.jpg\n  \
        notary submit --log https://log.example --key bureau.pem --case case.json --policy policy \
        --kind doc --stage decision decision.pdf"
    )]
    Submit(SubmitArgs),
    /// Check files, evidence or proofs, offline
    #[command(
        after_help = "FILE is the original (FILE.evidence and FILE.tlog-proof stand beside it), or one of these \
        two itself, or a proof of misbehaviour: exit 6 proven, 1 not proven, 5 malformed.\nNothing is sent \
        anywhere.\n\n\
        Examples:\n  \
        notary verify photo.jpg --policy policy\n  \
        notary verify photo.jpg.tlog-proof --policy policy --json\n  \
        notary verify fork.misbehavior --accused log.example/suzhou+8b3b1a26+AZ…"
    )]
    Verify(VerifyArgs),
    /// Show witnesses a head that you were shown: they compare it with what they signed
    #[command(
        after_help = "FILE is a checkpoint as it was served, or a FILE.tlog-proof. Nothing of your records is sent: a \
        head names no case.\nIf a witness can prove that the log lied, its proof is judged here and kept as \
        FILE.misbehavior.\n\n\
        Example:\n  \
        notary observe photo.jpg.tlog-proof https://witness.example.court https://witness.example.bar"
    )]
    Observe {
        /// A checkpoint, or a proof that holds one
        file: PathBuf,
        /// Addresses of witnesses
        #[arg(value_name = "URL", required = true)]
        urls: Vec<String>,
    },
    /// Understand a file that convicts a log or a witness by its own signatures
    #[command(subcommand)]
    Misbehavior(MisbehaviorVerb),
    /// Fetch or show the policy file that says whom to believe
    #[command(subcommand)]
    Policy(PolicyVerb),
    /// Print a completion script for a shell
    #[command(after_help = "Example:\n  notary completions bash > /etc/bash_completion.d/notary")]
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

/// `notary key …`
#[derive(Debug, Subcommand)]
pub enum KeyVerb {
    /// Make a P-256 key in FILE (PKCS#8 PEM, mode 0600); never overwrites
    #[command(after_help = "Example:\n  notary key new bureau.pem --json")]
    New {
        /// Where the private key goes
        file: PathBuf,
    },
    /// Show the public side of the key in FILE
    #[command(after_help = "Example:\n  notary key show bureau.pem")]
    Show {
        /// A private key made by `notary key new`
        file: PathBuf,
    },
}

/// `notary case …`
#[derive(Debug, Subcommand)]
pub enum CaseVerb {
    /// Make a case file with a fresh secret handle (mode 0600); never overwrites
    #[command(
        after_help = "Example:\n  notary case new --number '苏市监罚〔2026〕17号' --out case.json"
    )]
    New {
        /// The case number as it is printed on the documents
        #[arg(long, value_name = "NO")]
        number: String,
        /// The bureau's id, 64 hex digits, if known
        #[arg(long, value_name = "HEX")]
        bureau: Option<String>,
        /// Where the case file goes
        #[arg(long, value_name = "FILE", default_value = "case.json")]
        out: PathBuf,
    },
}

/// `notary hash FILE…`
#[derive(Args, Debug)]
pub struct HashArgs {
    /// Files to read
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
}

/// `notary submit …`
#[derive(Args, Debug)]
pub struct SubmitArgs {
    /// Address of the log
    #[arg(long, value_name = "URL", env = "NOTARY_LOG")]
    pub log: String,
    /// The bureau's private key, enrolled at the log
    #[arg(long, value_name = "FILE", env = "NOTARY_KEY")]
    pub key: PathBuf,
    /// The case file
    #[arg(long, value_name = "FILE", env = "NOTARY_CASE")]
    pub case: PathBuf,
    /// Check the log's answers against this policy before believing them
    #[arg(long, value_name = "FILE", env = "NOTARY_POLICY")]
    pub policy: Option<PathBuf>,
    /// Kind of record; by default told from the file's first bytes and its extension
    #[arg(long, value_name = "KIND", value_parser = one_of(FileKind::ALL, FileKind::as_str))]
    pub kind: Option<FileKind>,
    /// Stage of the procedure; by default that of --record-defaults, else `investigate`
    #[arg(long, value_name = "STAGE", value_parser = one_of(Stage::ALL, Stage::as_str))]
    pub stage: Option<Stage>,
    /// A JSON file {"hdr":{…},"body":{…}} whose members every record of this run starts from
    #[arg(long, value_name = "FILE")]
    pub record_defaults: Option<PathBuf>,
    /// How many seconds to keep trying while the log cannot be reached or is busy
    #[arg(long, value_name = "SECONDS", default_value = "120", value_parser = seconds)]
    pub patience: Duration,
    /// How many seconds to wait for witnesses once the entries are logged; with 0 they are sent and not waited for
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    pub wait: Duration,
    /// Originals to log
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
}

/// `notary verify …`
#[derive(Args, Debug)]
pub struct VerifyArgs {
    /// The policy file that says which log and which witnesses to believe
    #[arg(long, value_name = "FILE", env = "NOTARY_POLICY")]
    pub policy: Option<PathBuf>,
    /// Refuse to run without --policy
    #[arg(long)]
    pub require_policy: bool,
    /// The key that the files must accuse: they are proofs of misbehaviour
    #[arg(long, value_name = "VKEY")]
    pub accused: Option<String>,
    /// Originals, FILE.evidence, FILE.tlog-proof or proofs of misbehaviour
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
}

/// `notary misbehavior …`
#[derive(Debug, Subcommand)]
pub enum MisbehaviorVerb {
    /// Say in two sentences what a proof of misbehaviour proves, against whom, and what it does not prove
    #[command(
        after_help = "Exit codes are those of `notary verify`: 6 proven, 1 not proven, 5 malformed.\n\n\
        Examples:\n  \
        notary misbehavior explain fork.misbehavior\n  \
        notary misbehavior explain fork.misbehavior --lang zh --accused log.example/suzhou+8b3b1a26+AZ…"
    )]
    Explain {
        /// The key that the file must accuse; without it the file names one, which you must know from elsewhere
        #[arg(long, value_name = "VKEY")]
        accused: Option<String>,
        /// A proof of misbehaviour
        file: PathBuf,
    },
}

/// `notary policy …`
#[derive(Debug, Subcommand)]
pub enum PolicyVerb {
    /// Fetch a log's policy; compare its fingerprint before you trust it
    #[command(after_help = "Example:\n  notary policy fetch https://log.example --out policy")]
    Fetch {
        /// Address of the log
        url: String,
        /// Where the policy goes; by default stdout
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Say in words whom a policy file believes
    #[command(after_help = "Example:\n  notary policy show policy")]
    Show {
        /// A tlog-policy file
        file: PathBuf,
    },
    /// Find out by search what a policy bears: how many operators may lie or be out, and what is unwise in it
    #[command(
        after_help = "An operator is counted once, however many keys it has; keys with one key name or one address are \
        one operator's.\nAt most as many operators may answer to one superior as may lie.\n\n\
        Examples:\n  \
        notary policy explain policy\n  \
        notary policy explain policy --superior 'bureau of justice=justice,notary' --json"
    )]
    Explain {
        /// A tlog-policy file
        file: PathBuf,
        /// Operators that answer to one superior, and so count as one where it orders them to lie
        #[arg(long = "superior", value_name = "NAME=A,B")]
        superiors: Vec<String>,
    },
    /// Print the fingerprint of a policy file, to compare with the published one
    #[command(after_help = "Example:\n  notary policy fingerprint policy")]
    Fingerprint {
        /// A tlog-policy file
        file: PathBuf,
    },
}

/// Reads the arguments, `argv[0]` first.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command, clap::Error> {
    Command::try_parse_from(args)
}

/// Takes one of the words of a closed vocabulary.
fn one_of<T: Copy + Send + Sync + 'static>(
    all: &'static [T],
    word: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    let words: Vec<&'static str> = all.iter().map(|value| word(*value)).collect();
    PossibleValuesParser::new(words).try_map(move |text| {
        all.iter()
            .copied()
            .find(|value| word(*value) == text)
            .ok_or("no such word")
    })
}

fn seconds(text: &str) -> Result<Duration, std::num::ParseIntError> {
    text.parse().map(Duration::from_secs)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may fail loudly")]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    fn typed(line: &str) -> Result<Command, clap::Error> {
        parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Command::command().debug_assert();
    }

    #[test]
    fn every_verb_shows_an_example() {
        let mut all = vec![Command::command()];
        while let Some(command) = all.pop() {
            let subcommands: Vec<_> = command.get_subcommands().cloned().collect();
            if subcommands.is_empty() {
                let after = command.get_after_help().map(ToString::to_string);
                assert!(
                    after.is_some_and(|text| text.contains("notary ")),
                    "{} shows no example",
                    command.get_name()
                );
            }
            all.extend(subcommands);
        }
    }

    #[test]
    fn json_and_verbose_may_stand_behind_the_verb() {
        let command = typed("notary verify a.jpg --policy p --json -v").unwrap();
        assert!(command.voice.json && command.voice.verbose);
        let Verb::Verify(args) = command.verb else {
            panic!("not verify");
        };
        assert_eq!(args.policy, Some(PathBuf::from("p")));
        assert_eq!(args.files, [PathBuf::from("a.jpg")]);
    }

    #[test]
    fn submit_needs_a_log_a_key_a_case_and_a_file() {
        for line in [
            "notary submit --key k --case c f",
            "notary submit --log http://x --case c f",
            "notary submit --log http://x --key k f",
            "notary submit --log http://x --key k --case c",
        ] {
            assert_eq!(typed(line).unwrap_err().exit_code(), 2, "{line}");
        }
        assert!(typed("notary submit --log http://x --key k --case c f g").is_ok());
    }

    #[test]
    fn an_unknown_kind_is_a_usage_error() {
        let line = "notary submit --log http://x --key k --case c --kind video f";
        assert_eq!(typed(line).unwrap_err().exit_code(), 2);
    }

    #[test]
    fn help_and_version_are_no_errors() {
        assert_eq!(typed("notary --help").unwrap_err().exit_code(), 0);
        assert_eq!(typed("notary --version").unwrap_err().exit_code(), 0);
    }
}
