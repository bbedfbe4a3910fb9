//! `notarylog bureau`: the keys of bureaus, by notices that two admins sign.

use super::Failure;
use super::notice::{To, read};
use clap::{Args, Subcommand, ValueEnum};
use evidence::{
    BureauId, KeyEnrol, KeyHash, KeyRevoke, KeyRotate, NoticeBody, RevocationReason, Role, Spki,
};
use p256::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _, EncodePublicKey as _};
use std::path::{Path, PathBuf};

/// Enrols, rotates and revokes.
#[derive(Subcommand)]
pub(crate) enum Bureau {
    /// Enrols a key: for a new bureau, or for one that is enrolled (--bureau)
    #[command(
        after_help = "Example:\n  notarylog bureau enrol --log http://127.0.0.1:8080 --name 'Example Bureau' --key bureau.pem \\\n    --admin 1.pem --admin 2.pem"
    )]
    Enrol(Enrol),
    /// Replaces a key: the new one joins the bureau, the old one ends
    #[command(
        after_help = "Example:\n  notarylog bureau rotate --log http://127.0.0.1:8080 --old 8f3c… --key new.pem --admin 1.pem --admin 2.pem"
    )]
    Rotate(Rotate),
    /// Ends a key; what it logged before stays valid
    #[command(
        after_help = "Example:\n  notarylog bureau revoke --log http://127.0.0.1:8080 --old 8f3c… --reason lost --admin 1.pem --admin 2.pem"
    )]
    Revoke(Revoke),
}

/// What a key may do.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum KeyRole {
    /// Submit entries
    Submit,
    /// Derive case handles
    Vrf,
    /// Supervise
    Supervise,
}

/// Why a key ends.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Reason {
    /// Somebody else may have it
    Compromised,
    /// Nobody has it any more
    Lost,
    /// It is not needed any more
    Retired,
    /// Another key took its place
    Superseded,
}

/// Enrols a key.
#[derive(Args)]
pub(crate) struct Enrol {
    #[command(flatten)]
    to: To,
    /// The bureau's public name
    #[arg(long)]
    name: String,
    /// The key: a PEM file with the private or the public key, or a file with the SPKI in base64
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// What the key may do
    #[arg(long, value_enum, default_value = "submit")]
    role: Vec<KeyRole>,
    /// The id of a bureau that is enrolled already (64 hex digits)
    #[arg(long, value_name = "ID")]
    bureau: Option<String>,
}

/// Replaces a key.
#[derive(Args)]
pub(crate) struct Rotate {
    #[command(flatten)]
    to: To,
    /// The id of the key that ends (64 hex digits)
    #[arg(long, value_name = "KEY_ID")]
    old: String,
    /// The new key, as for enrol
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// What the new key may do
    #[arg(long, value_enum, default_value = "submit")]
    role: Vec<KeyRole>,
}

/// Ends a key.
#[derive(Args)]
pub(crate) struct Revoke {
    #[command(flatten)]
    to: To,
    /// The id of the key (64 hex digits)
    #[arg(long, value_name = "KEY_ID")]
    old: String,
    /// Why
    #[arg(long, value_enum)]
    reason: Reason,
}

impl Bureau {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let (to, body, what) = match self {
            Self::Enrol(enrol) => {
                let bureau = enrol
                    .bureau
                    .as_deref()
                    .map(|id| key_hash("--bureau", id))
                    .transpose()?;
                let body = NoticeBody::KeyEnrol(KeyEnrol {
                    bureau: bureau.map(BureauId::new),
                    name: enrol.name,
                    roles: roles(&enrol.role),
                    spki: public_key(&enrol.key)?,
                });
                (enrol.to, body, "The enrolment")
            }
            Self::Rotate(rotate) => {
                let body = NoticeBody::KeyRotate(KeyRotate {
                    key: key_hash("--old", &rotate.old)?,
                    roles: roles(&rotate.role),
                    spki: public_key(&rotate.key)?,
                });
                (rotate.to, body, "The rotation")
            }
            Self::Revoke(revoke) => {
                let body = NoticeBody::KeyRevoke(KeyRevoke {
                    key: key_hash("--old", &revoke.old)?,
                    reason: match revoke.reason {
                        Reason::Compromised => RevocationReason::Compromised,
                        Reason::Lost => RevocationReason::Lost,
                        Reason::Retired => RevocationReason::Retired,
                        Reason::Superseded => RevocationReason::Superseded,
                    },
                });
                (revoke.to, body, "The revocation")
            }
        };
        let published = super::runtime()?.block_on(to.publish(&body, None))?;
        published.report(to.json, what);
        Ok(())
    }
}

fn roles(asked: &[KeyRole]) -> Vec<Role> {
    let mut roles: Vec<Role> = asked
        .iter()
        .map(|role| match role {
            KeyRole::Submit => Role::Submit,
            KeyRole::Vrf => Role::Vrf,
            KeyRole::Supervise => Role::Supervise,
        })
        .collect();
    roles.sort();
    roles.dedup();
    roles
}

/// The public key in a file: of a private PEM key, of a public one, or the SPKI in base64.
fn public_key(path: &Path) -> Result<Spki, Failure> {
    let text = read(path)?;
    // What stands before the first PEM line is a note for people.
    let pem = text.find("-----BEGIN").map(|at| &text[at..]);
    let from_pem = pem.and_then(|pem| {
        let key = p256::SecretKey::from_pkcs8_pem(pem)
            .map(|secret| secret.public_key())
            .or_else(|_| p256::PublicKey::from_public_key_pem(pem))
            .ok()?;
        Spki::parse(key.to_public_key_der().ok()?.as_bytes()).ok()
    });
    from_pem
        .or_else(|| Spki::from_base64(text.trim()).ok())
        .ok_or_else(|| {
            Failure::usage(format!(
                "{} holds no P-256 key: PEM (PKCS#8 or SPKI) or base64 SPKI is expected",
                path.display()
            ))
        })
}

fn key_hash(name: &str, text: &str) -> Result<KeyHash, Failure> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes).map_err(|_| {
        Failure::usage(format!(
            "{name} must be 64 hex digits, as `GET /v1/keys` shows them"
        ))
    })?;
    Ok(KeyHash::new(bytes))
}
