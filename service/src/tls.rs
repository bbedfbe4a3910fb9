//! TLS for a door: a certificate that is renewed on disk is in use a few seconds later, without a restart.
//!
//! ```text
//! tls-certificate = "tls/chain.pem"   the certificate, then those between it and its authority, in PEM
//! tls-key = "tls/key.pem"             its private key in PEM (PKCS#8, SEC1 or PKCS#1), mode 0600
//! ```
//! TLS 1.2 and 1.3 (RFC 8446) by rustls over aws-lc-rs; HTTP/2 and HTTP/1.1 by ALPN (RFC 7301). Clients are asked for no
//! certificate. A pair that cannot be used never takes the place of one that can.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;
use zeroize::Zeroizing;

use crate::certificate_file;
use crate::{Config, KeyFile, Opt, TlsError};

/// What a client may ask for, the better one first.
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// The certificate and key of a door, and what keeps them fresh. Copies share one certificate.
#[derive(Clone, Debug)]
pub struct Tls {
    pair: Arc<Pair>,
    acceptor: Arc<ServerConfig>,
}

impl Tls {
    /// The option that names the certificate's file. A daemon lists it and [`Tls::KEY`] among its options.
    pub const CERTIFICATE: Opt = Opt::value(
        "tls-certificate",
        "FILE",
        "Certificate chain in PEM: with tls-key the public listener speaks TLS; a renewed file is taken up by itself",
    );

    /// The option that names the key's file.
    pub const KEY: Opt = Opt::value(
        "tls-key",
        "FILE",
        "Private key of tls-certificate in PEM, mode 0600",
    );

    /// Reads the files that the two options name; none when neither is set.
    ///
    /// # Errors
    /// [`TlsError`]: one option without the other, or a pair that cannot be used.
    pub fn from_config(config: &Config) -> Result<Option<Tls>, TlsError> {
        let (certificate, key) = (Self::CERTIFICATE.name(), Self::KEY.name());
        match (config.path_if_set(certificate), config.path_if_set(key)) {
            (None, None) => Ok(None),
            (Some(certificate), Some(key)) => Tls::load(&certificate, &key).map(Some),
            (Some(_), None) => Err(TlsError::Half {
                given: certificate,
                missing: key,
            }),
            (None, Some(_)) => Err(TlsError::Half {
                given: key,
                missing: certificate,
            }),
        }
    }

    /// Reads a certificate chain and its key.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn load(certificate: &Path, key: &Path) -> Result<Tls, TlsError> {
        let provider = Arc::new(default_provider());
        let files = Files {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
        };
        let content = files.read()?;
        let pair = Arc::new(Pair {
            seen: Mutex::new(content.seen()),
            current: RwLock::new(Arc::new(content.parse(&files, &provider)?)),
            files,
            provider: Arc::clone(&provider),
        });
        let mut acceptor = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider has suites for TLS 1.2 and 1.3")
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&pair) as Arc<dyn ResolvesServerCert>);
        acceptor.alpn_protocols = ALPN.map(<[u8]>::to_vec).to_vec();
        Ok(Tls {
            pair,
            acceptor: Arc::new(acceptor),
        })
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.acceptor))
    }

    /// Looks at the files now and then, for ever.
    pub(crate) async fn keep_fresh(self, every: Duration) {
        loop {
            sleep(every).await;
            let pair = Arc::clone(&self.pair);
            match spawn_blocking(move || pair.refresh()).await {
                Ok(Ok(false)) => {}
                Ok(Ok(true)) => tracing::info!("The renewed TLS certificate is in use."),
                Ok(Err(error)) => tracing::error!(
                    %error,
                    "The renewed TLS certificate cannot be used; the one before stays in use."
                ),
                Err(error) => {
                    tracing::error!(%error, "The TLS certificate could not be looked at.");
                }
            }
        }
    }
}

/// The pair in use.
#[derive(Debug)]
struct Pair {
    files: Files,
    provider: Arc<CryptoProvider>,
    current: RwLock<Arc<CertifiedKey>>,
    /// What lay on disk when it was looked at last, usable or not: each change is told once.
    seen: Mutex<Seen>,
}

impl Pair {
    /// Whether other files lie on disk than before, and are in use now.
    fn refresh(&self) -> Result<bool, TlsError> {
        let content = self.files.read();
        let now = match &content {
            Ok(content) => content.seen(),
            Err(error) => Seen::Fault(error.to_string()),
        };
        {
            let mut seen = self.seen.lock().expect("no code panics while it compares");
            if *seen == now {
                return Ok(false);
            }
            *seen = now;
        }
        let renewed = Arc::new(content?.parse(&self.files, &self.provider)?);
        *self.current.write().expect("no code panics while it swaps") = renewed;
        Ok(true)
    }
}

impl ResolvesServerCert for Pair {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let current = self.current.read().expect("no code panics while it swaps");
        Some(Arc::clone(&current))
    }
}

/// What was found on disk.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    /// The SHA-256 of both files.
    Content([Vec<u8>; 2]),
    /// They could not be read, and why.
    Fault(String),
}

#[derive(Debug)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

impl Files {
    fn read(&self) -> Result<Content, TlsError> {
        Ok(Content {
            certificate: certificate_file::read(&self.certificate)?,
            key: KeyFile::read(&self.key).map_err(TlsError::Key)?,
        })
    }
}

/// Both files as they lay on disk.
struct Content {
    certificate: Vec<u8>,
    key: Zeroizing<Vec<u8>>,
}

impl Content {
    fn seen(&self) -> Seen {
        let sha256 = |bytes: &[u8]| digest(&SHA256, bytes).as_ref().to_vec();
        Seen::Content([sha256(&self.certificate), sha256(&self.key)])
    }

    fn parse(&self, files: &Files, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&self.certificate)
            .collect::<Result<_, _>>()
            .map_err(|_| TlsError::NoCertificate(files.certificate.clone()))?;
        if chain.is_empty() {
            return Err(TlsError::NoCertificate(files.certificate.clone()));
        }
        let key = PrivateKeyDer::from_pem_slice(&self.key)
            .map_err(|_| TlsError::NoKey(files.key.clone()))?;
        CertifiedKey::from_der(chain, key, provider).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => TlsError::NotAPair {
                certificate: files.certificate.clone(),
                key: files.key.clone(),
            },
            error => TlsError::Unusable {
                certificate: files.certificate.clone(),
                error,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs::write;

    use rcgen::{CertifiedKey, generate_simple_self_signed};

    use super::Tls;
    use crate::{KeyFile, TlsError};

    #[test]
    fn each_change_on_disk_is_told_once() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (
            folder.path().join("chain.pem"),
            folder.path().join("key.pem"),
        );
        let issue = || {
            let CertifiedKey { cert, signing_key } =
                generate_simple_self_signed(["log.test".to_owned()]).unwrap();
            let _absent = std::fs::remove_file(&key);
            KeyFile::create(&key, signing_key.serialize_pem().as_bytes()).unwrap();
            write(&certificate, cert.pem()).unwrap();
        };
        issue();
        let tls = Tls::load(&certificate, &key).unwrap();
        assert!(!tls.pair.refresh().unwrap(), "nothing has changed");
        issue();
        assert!(tls.pair.refresh().unwrap());
        assert!(!tls.pair.refresh().unwrap());
        write(&certificate, "no certificate").unwrap();
        assert!(matches!(
            tls.pair.refresh(),
            Err(TlsError::NoCertificate(_))
        ));
        assert!(!tls.pair.refresh().unwrap(), "it is as broken as before");
        std::fs::remove_file(&certificate).unwrap();
        assert!(matches!(
            tls.pair.refresh(),
            Err(TlsError::Unreadable { .. })
        ));
        assert!(!tls.pair.refresh().unwrap(), "it is as absent as before");
    }
}
