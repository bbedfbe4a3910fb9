//! Another witness, honest or not, that a test holds in its hand.

use super::test_log::{TestLog, text};
use crate::peer::Peer;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use tlog::{Hash, KeyKind, KeyName, Note, Vkey, cosignature_line, cosignature_message};

pub struct TestPeer {
    pub peer: Peer,
    key: Ed25519KeyPair,
}

impl TestPeer {
    pub fn new(name: &str, url: &str) -> Self {
        let key = Ed25519KeyPair::generate().unwrap();
        let vkey = Vkey::new(
            KeyName::new(name).unwrap(),
            KeyKind::Cosignature,
            key.public_key().as_ref(),
        );
        let peer = Peer::parse(&format!("{} {url}", vkey.unwrap())).unwrap();
        Self { peer, key }
    }

    /// The note that it shows: a head by a log, with its own line.
    pub fn shows(&self, log: &TestLog, at: u64, root: &Hash, time_s: u64) -> String {
        let text = text(&log.origin, at, root);
        let signature = self.key.sign(&cosignature_message(time_s, &text));
        let lines = vec![
            log.ed25519_line(&text),
            log.ml_dsa_line(&text, time_s),
            cosignature_line(&self.peer.vkey, time_s, signature.as_ref()),
        ];
        Note::new(text, lines).unwrap().to_string()
    }
}
