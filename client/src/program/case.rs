//! `notary case new`.

use super::answer::{Answer, Failure};
use crate::{CaseError, CaseStore};
use evidence::{BureauId, Handle};
use serde_json::json;
use std::path::Path;
use zeroize::Zeroizing;

/// Makes a case file with a fresh random handle.
pub fn new(number: &str, bureau: Option<&str>, out: &Path) -> Result<Answer, Failure> {
    let bureau = bureau
        .map(BureauId::from_hex)
        .transpose()
        .map_err(|_| Failure::usage("--bureau is 64 hex digits"))?;
    let mut secret = Zeroizing::new([0; 32]);
    getrandom::fill(secret.as_mut())
        .map_err(|_| Failure::could_not("the operating system gave no random numbers"))?;
    CaseStore::create(out, number, bureau, Handle::new(*secret)).map_err(|error| match error {
        CaseError::Number => Failure::usage(error.to_string()),
        _ => Failure::could_not(format!("{}: {error}", out.display())),
    })?;
    let path = out.display().to_string();
    Ok(Answer::done(
        path.clone(),
        json!({ "schema": "notarylog/case-created/1", "case": path, "number": number }),
    )
    .hint("the case file holds the secret handle by which all items of the case are found: keep it private and backed up"))
}
