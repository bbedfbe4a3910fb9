//! A log that speaks TLS itself, with a certificate of the town's own authority.

use demo::person::Person;
use demo::town::Town;
use libtest_mimic::{Failed, Trial};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test(
            "with_a_certificate_the_log_is_read_over_https_by_whoever_trusts_it",
            over_https,
        ),
        Trial::test(
            "a_tls_key_that_others_can_read_or_without_its_certificate_opens_no_log",
            refused,
        ),
    ]
}

/// A town whose log is configured for TLS, and the certificate's file.
fn certified() -> Result<(Town, PathBuf), Failed> {
    let town = Town::found(None)?;
    let tls = town.log_folder().join("tls");
    std::fs::create_dir(&tls)?;
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["127.0.0.1".to_owned()])?;
    let (certificate, key) = (tls.join("chain.pem"), tls.join("key.pem"));
    std::fs::write(&certificate, cert.pem())?;
    std::fs::write(&key, signing_key.serialize_pem())?;
    std::fs::set_permissions(&key, Permissions::from_mode(0o600))?;
    let options = "tls-certificate = \"tls/chain.pem\"\ntls-key = \"tls/key.pem\"\n";
    let config = town.log_folder().join("notarylog.toml");
    let text = std::fs::read_to_string(&config)?;
    std::fs::write(&config, format!("{options}{text}"))?;
    Ok((town, certificate))
}

fn over_https() -> Result<(), Failed> {
    let (mut town, certificate) = certified()?;
    town.open_log()?;
    assert!(town.url().starts_with("https://"), "{}", town.url());
    let check = |trusted: Option<&PathBuf>| -> Result<_, Failed> {
        let mut command = Person::Log.command()?;
        command.args(["check", town.url()]);
        if let Some(trusted) = trusted {
            command.env("SSL_CERT_FILE", trusted);
        }
        Ok(command.output()?)
    };
    let trusting = check(Some(&certificate))?;
    assert!(trusting.status.success(), "{trusting:?}");
    let stranger = check(None)?;
    assert_eq!(stranger.status.code(), Some(5), "{stranger:?}");
    let plain = town.url().replace("https://", "http://");
    assert!(
        demo::http::get(&plain, "/checkpoint").is_err(),
        "it speaks TLS and nothing else"
    );
    town.close_log()?;
    Ok(())
}

fn refused() -> Result<(), Failed> {
    let (town, certificate) = certified()?;
    let key = certificate.with_file_name("key.pem");
    let serve = || -> Result<_, Failed> {
        let folder = town.log_folder();
        Ok(town.notarylog(["serve".as_ref(), folder.as_os_str()])?.said)
    };
    std::fs::set_permissions(&key, Permissions::from_mode(0o644))?;
    let said = serve()?;
    assert!(
        said.code != 0 && said.stderr.contains("chmod 600"),
        "{said:?}"
    );
    std::fs::remove_file(&certificate)?;
    let said = serve()?;
    assert!(
        said.code != 0 && said.stderr.contains("chain.pem"),
        "{said:?}"
    );
    Ok(())
}
