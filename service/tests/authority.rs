//! A test's own certificate authority, and a folder with what it issued.

use std::fs::{rename, write};
use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use service::{KeyFile, Tls};
use tempfile::TempDir;

/// The name in every certificate.
pub(crate) const NAME: &str = "log.test";

pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    /// An authority that has issued a first pair.
    pub(crate) fn new() -> Authority {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let authority = Authority {
            issuer: CertifiedIssuer::self_signed(params, key).unwrap(),
            folder: tempfile::tempdir().unwrap(),
        };
        authority.issue();
        authority
    }

    /// Issues a new pair in the place of the one before; its certificate in DER.
    pub(crate) fn issue(&self) -> Vec<u8> {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![NAME.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let fresh = self.folder.path().join("fresh.pem");
        KeyFile::create(&fresh, key.serialize_pem().as_bytes()).unwrap();
        rename(&fresh, self.key()).unwrap();
        write(&fresh, certificate.pem()).unwrap();
        rename(&fresh, self.certificate()).unwrap();
        certificate.der().to_vec()
    }

    /// The file with the certificate.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.folder.path().join("chain.pem")
    }

    /// The file with its key.
    pub(crate) fn key(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }

    pub(crate) fn tls(&self) -> Tls {
        Tls::load(&self.certificate(), &self.key()).unwrap()
    }

    /// The authority's own certificate, in PEM.
    pub(crate) fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// The same in DER.
    pub(crate) fn der(&self) -> Vec<u8> {
        self.issuer.der().to_vec()
    }
}
