//! `notarylog notice`: drawing up a notice, signing it with two admin keys, publishing it.

use super::Failure;
use crate::clock::{Clock as _, SystemClock};
use crate::signer::bound_key;
use clap::{Args, Subcommand, ValueEnum};
use evidence::{
    AdminSignature, Calendar, Catalogue, Commitment, DraftNotice, KeyHash, Notice, NoticeBody,
    OriginHash, PolicyText, UtcDate,
};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::{DecodePrivateKey as _, SecretDocument};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tlog::Origin;

/// How often a notice is drawn up again when another one came first.
const TRIES: usize = 3;
/// How long the log may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(70);
/// The largest document that is read from a file.
const DOCUMENT_BYTES_MAX: u64 = 256 * 1024;

/// Publishes notices.
#[derive(Subcommand)]
pub(crate) enum NoticeVerb {
    /// Publishes a policy, a catalogue or a calendar
    #[command(
        after_help = "Example:\n  notarylog notice publish --log http://127.0.0.1:8080 --type policy --file policy.txt \\\n    --admin 1.pem --admin 2.pem"
    )]
    Publish(Publish),
}

/// What stands in the document.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum DocumentType {
    /// A c2sp tlog-policy file
    Policy,
    /// A catalogue of what must be recorded (a JSON object)
    Catalogue,
    /// A calendar of working days (a JSON object)
    Calendar,
}

/// Publishes one document.
#[derive(Args)]
pub(crate) struct Publish {
    #[command(flatten)]
    to: To,
    /// What the file is
    #[arg(long = "type", value_enum)]
    document_type: DocumentType,
    /// The file
    #[arg(long)]
    file: PathBuf,
    /// The day from which it counts (UTC, YYYY-MM-DD); today when left out
    #[arg(long, value_name = "DATE")]
    effective: Option<String>,
}

/// Which log, and by whose authority.
#[derive(Args)]
pub(crate) struct To {
    /// The running log
    #[arg(long, value_name = "URL")]
    pub(super) log: String,
    /// The private key of an admin; give two different ones
    #[arg(long, value_name = "FILE", required = true)]
    pub(super) admin: Vec<PathBuf>,
    /// One JSON object instead of a sentence
    #[arg(long)]
    pub(super) json: bool,
}

impl NoticeVerb {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let Self::Publish(publish) = self;
        let text = read(&publish.file)?;
        let object = |text: &str| {
            serde_json::from_str(text).map_err(|error| {
                Failure::usage(format!(
                    "{} is no JSON object: {error}",
                    publish.file.display()
                ))
            })
        };
        let body = match publish.document_type {
            DocumentType::Policy => {
                tlog::Policy::parse(text.as_bytes()).map_err(Failure::usage)?;
                NoticeBody::Policy(PolicyText { policy: text })
            }
            DocumentType::Catalogue => NoticeBody::Catalogue(Catalogue {
                catalogue: object(&text)?,
            }),
            DocumentType::Calendar => NoticeBody::Calendar(Calendar {
                calendar: object(&text)?,
            }),
        };
        let effective = match &publish.effective {
            Some(date) => UtcDate::parse(date).map_err(Failure::usage)?,
            None => today()?,
        };
        let published = super::runtime()?.block_on(publish.to.publish(&body, Some(effective)))?;
        published.report(publish.to.json, "The notice");
        Ok(())
    }
}

/// A notice that is in the log.
pub(crate) struct Published {
    sha256: Commitment,
    index: u64,
}

impl Published {
    /// Says where it is.
    pub(crate) fn report(&self, json: bool, what: &str) {
        if json {
            let event = serde_json::json!({"event": "published", "index": self.index, "notice": self.sha256.to_string()});
            println!("{event}");
        } else {
            println!(
                "{what} is entry {} of the log, and counts from the next entry on or from its date.",
                self.index
            );
        }
    }
}

/// What the next notice must say.
#[derive(Deserialize)]
struct Next {
    next_seq: u64,
    last: String,
}

#[derive(Deserialize)]
struct LogName {
    origin: String,
}

impl To {
    /// Draws up, signs and publishes; again when another notice came first.
    pub(crate) async fn publish(
        &self,
        body: &NoticeBody,
        effective: Option<UtcDate>,
    ) -> Result<Published, Failure> {
        let client = reqwest::Client::builder()
            .timeout(ANSWER_TIMEOUT)
            .build()
            .map_err(Failure::could_not)?;
        let url = |path: &str| format!("{}{path}", self.log.trim_end_matches('/'));
        let LogName { origin } = get(&client, &url("/v1/log")).await?;
        let origin = Origin::new(origin.as_str()).map_err(Failure::could_not)?;
        let admins = self.admins(&origin)?;
        for _ in 0..TRIES {
            let Next { next_seq, last } = get(&client, &url("/v1/notices")).await?;
            let prev = commitment(&last)
                .ok_or_else(|| Failure::could_not("the log's answer names no notice"))?;
            let draft = DraftNotice {
                seq: next_seq,
                prev: Some(prev),
                effective,
                body: body.clone(),
            };
            let notice = sign(draft, &origin, &admins)?;
            let answer = client
                .post(url("/v1/notices"))
                .header("content-type", "application/json")
                .body(notice.to_bytes())
                .send()
                .await
                .map_err(Failure::could_not)?;
            let status = answer.status();
            let json: serde_json::Value = answer.json().await.map_err(Failure::could_not)?;
            if status.is_success() {
                let index = json
                    .pointer("/results/0/index")
                    .and_then(serde_json::Value::as_u64);
                let index =
                    index.ok_or_else(|| Failure::could_not("the log's answer names no index"))?;
                return Ok(Published {
                    sha256: notice.commitment(),
                    index,
                });
            }
            if status != reqwest::StatusCode::CONFLICT {
                return Err(refused(&json));
            }
        }
        Err(Failure::could_not(
            "other notices came first again and again; try once more",
        ))
    }

    fn admins(&self, origin: &Origin) -> Result<Vec<SecretDocument>, Failure> {
        if self.admin.len() != 2 || self.admin[0] == self.admin[1] {
            return Err(Failure::usage(
                "give --admin twice: two different admins sign a notice",
            ));
        }
        self.admin
            .iter()
            .map(|path| bound_key::read(path, origin).map_err(Failure::could_not))
            .collect()
    }
}

/// Signs a draft with these admin keys.
pub(crate) fn sign(
    draft: DraftNotice,
    origin: &Origin,
    admins: &[SecretDocument],
) -> Result<Notice, Failure> {
    let message = draft.message(&OriginHash::of(origin.as_str()));
    let signatures = admins
        .iter()
        .map(|admin| {
            let spki = bound_key::spki(admin)
                .ok_or_else(|| Failure::could_not("an admin key is no P-256 key"))?;
            let key = SigningKey::from_pkcs8_der(admin.as_bytes()).map_err(Failure::could_not)?;
            let signature: Signature = key.sign(&message);
            AdminSignature::new(KeyHash::of_spki(&spki), signature.to_bytes().into())
                .map_err(Failure::could_not)
        })
        .collect::<Result<Vec<_>, _>>()?;
    draft.into_notice(signatures).map_err(Failure::could_not)
}

/// Today's date in UTC.
pub(crate) fn today() -> Result<UtcDate, Failure> {
    let now =
        jiff::Timestamp::from_millisecond(i64::try_from(SystemClock.now_ms()).unwrap_or(i64::MAX))
            .map_err(Failure::could_not)?;
    UtcDate::parse(&now.strftime("%Y-%m-%d").to_string()).map_err(Failure::could_not)
}

/// Reads a document of bounded size.
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    let cannot = |error: &dyn std::fmt::Display| {
        Failure::usage(format!("{} cannot be read: {error}", path.display()))
    };
    let length = std::fs::metadata(path)
        .map_err(|error| cannot(&error))?
        .len();
    if length > DOCUMENT_BYTES_MAX {
        return Err(cannot(&format_args!(
            "it is larger than {DOCUMENT_BYTES_MAX} bytes"
        )));
    }
    std::fs::read_to_string(path).map_err(|error| cannot(&error))
}

async fn get<T: serde::de::DeserializeOwned>(
    client: &reqwest::Client,
    url: &str,
) -> Result<T, Failure> {
    let answer = client.get(url).send().await.map_err(Failure::could_not)?;
    answer
        .error_for_status()
        .map_err(Failure::could_not)?
        .json()
        .await
        .map_err(Failure::could_not)
}

fn commitment(hex_text: &str) -> Option<Commitment> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(hex_text, &mut bytes).ok()?;
    Some(Commitment::new(bytes))
}

/// A problem as a sentence.
fn refused(problem: &serde_json::Value) -> Failure {
    let text = |name: &str| {
        problem
            .get(name)
            .and_then(serde_json::Value::as_str)
            .unwrap_or_default()
    };
    Failure::wrong(format!(
        "the log refused: {} {} {}",
        text("title"),
        text("detail"),
        text("remedy")
    ))
}
