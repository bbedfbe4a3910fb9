//! A peer: another witness that we ask what it was shown. <https://c2sp.org/tlog-witness#monitor-retrieval-mechanism>

use crate::known_log::text_hash;
use crate::log_list::log_url;
use tlog::{KeyKind, Vkey};

/// The most peers. Each is asked for every log in every round, and each can be convicted.
pub const PEERS_MAX: usize = 32;

/// Another witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its Ed25519 key (0x04).
    pub vkey: Vkey,
    /// Its address, without a slash at its end.
    pub url: String,
    /// Where it is known by: SHA-256 of its verifier key in lower-case hex.
    pub key_hash: String,
}

impl Peer {
    /// Reads `<vkey> <url>`, as it stands in the configuration.
    pub fn parse(entry: &str) -> Result<Self, String> {
        let (vkey, url) = entry
            .split_once(' ')
            .ok_or("a peer is its verifier key, a space and its address")?;
        let vkey = Vkey::parse(vkey).map_err(|error| error.to_string())?;
        if vkey.kind() != KeyKind::Cosignature {
            return Err(
                "a peer's key is its Ed25519 verifier key (04), the first that it prints"
                    .to_owned(),
            );
        }
        Ok(Self {
            url: log_url(url)?,
            key_hash: text_hash(&vkey.to_string()),
            vkey,
        })
    }
}

/// Reads all peers; none may stand twice, and none may be ourselves.
pub fn parse_all<'a>(
    entries: impl IntoIterator<Item = &'a str>,
    own: &[Vkey; 2],
) -> Result<Vec<Peer>, String> {
    let mut peers: Vec<Peer> = Vec::new();
    for entry in entries {
        let peer = Peer::parse(entry)?;
        if own.iter().any(|own| own.has_key_of(&peer.vkey)) {
            return Err("this is our own key: a witness is no peer of itself".to_owned());
        }
        if peers.iter().any(|known| known.vkey.has_key_of(&peer.vkey)) {
            return Err(format!("the peer {} stands twice", peer.vkey.name()));
        }
        peers.push(peer);
    }
    if peers.len() > PEERS_MAX {
        return Err(format!("at most {PEERS_MAX} peers"));
    }
    Ok(peers)
}

#[cfg(test)]
mod tests {
    use super::{Peer, parse_all};
    use crate::testimony::test_log::TestLog;
    use tlog::{KeyKind, KeyName, Vkey};

    fn key(name: &str) -> (Vkey, TestLog) {
        let log = TestLog::new(name);
        let name = KeyName::new(name).unwrap();
        let vkey = Vkey::new(name, KeyKind::Cosignature, log.ed25519.material()).unwrap();
        (vkey, log)
    }

    #[test]
    fn a_peer_is_another_witness_with_its_own_key_and_address() {
        let ((a, of_a), (us, of_us)) = (key("witness.example/a"), key("witness.example/us"));
        let own = [us.clone(), of_us.ml_dsa];
        let entry = format!("{a} https://a.example/");
        let peers = parse_all([entry.as_str()], &own).unwrap();
        assert_eq!(peers[0].url, "https://a.example");
        assert_eq!(peers[0].key_hash.len(), 64);
        for bad in [
            a.to_string(),
            format!("{a} ftp://a"),
            format!("{} https://a.example", of_a.ed25519),
            format!("{} https://a.example", of_a.ml_dsa),
        ] {
            assert!(Peer::parse(&bad).is_err(), "{bad}");
        }
        assert!(parse_all([entry.as_str(), entry.as_str()], &own).is_err());
        let ours = format!("{us} https://us.example");
        assert!(parse_all([ours.as_str()], &own).is_err());
    }
}
