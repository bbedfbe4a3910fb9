//! A log that lies: it shows one history to some and another to the rest. A program of the drills, and no option of the
//! real log.

use crate::http;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use tlog::{
    AddCheckpoint, Checkpoint, Hash, HashReader, KeyKind, NodeId, Note, Origin, Tile, TreeSize,
    Vkey, consistency_proof, ed25519_line,
};

/// Its name.
pub const EVIL_ORIGIN: &str = "log.town.example/evil";

/// Entries of each history.
const ENTRIES: u64 = 300;

/// From this entry on the two histories differ.
const FORK: u64 = 3;

/// A log with one key and two histories.
pub struct EvilLog {
    origin: Origin,
    vkey: Vkey,
    key: Ed25519KeyPair,
    histories: [History; 2],
}

struct History(Vec<Hash>);

impl EvilLog {
    /// A new one.
    pub fn new() -> io::Result<Self> {
        let origin = Origin::new(EVIL_ORIGIN).map_err(io::Error::other)?;
        let key = Ed25519KeyPair::generate().map_err(io::Error::other)?;
        let vkey = Vkey::new(
            origin.key_name(),
            KeyKind::Ed25519,
            key.public_key().as_ref(),
        );
        Ok(Self {
            origin,
            vkey: vkey.map_err(io::Error::other)?,
            key,
            histories: [History::new(0), History::new(1)],
        })
    }

    /// The key by which it is known.
    pub const fn vkey(&self) -> &Vkey {
        &self.vkey
    }

    /// What it sends to a witness to have a head of one of its histories cosigned: from one size to another.
    pub fn step(&self, history: usize, from: u64, to: u64) -> io::Result<String> {
        let tree = self.history(history)?;
        let (old, new) = (size(from)?, size(to)?);
        let root = tlog::root(tree, new).map_err(io::Error::other)?;
        let text = Checkpoint::new(&self.origin, new, root).text();
        let signature = self.key.sign(text.as_bytes());
        let signature = signature.as_ref().try_into().map_err(io::Error::other)?;
        let line = ed25519_line(&self.vkey, signature);
        let note = Note::new(text, vec![line]).map_err(io::Error::other)?;
        let proof = if from == 0 {
            Vec::new()
        } else {
            consistency_proof(tree, old, new).map_err(io::Error::other)?
        };
        let request = AddCheckpoint::new(old, proof, note).map_err(io::Error::other)?;
        Ok(request.to_string())
    }

    /// Opens its public side: the tiles of this history, and no checkpoint. Its address, until the process ends.
    pub fn open(self: &Arc<Self>, history: usize) -> io::Result<String> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", listener.local_addr()?);
        let log = Arc::clone(self);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let log = Arc::clone(&log);
                // Whoever asks sees that there was no answer.
                std::thread::spawn(move || {
                    drop(http::answer(&stream, |path| log.answer(path, history)));
                });
            }
        });
        Ok(url)
    }

    fn history(&self, history: usize) -> io::Result<&History> {
        let history = self.histories.get(history);
        history.ok_or_else(|| io::Error::other("there are two histories"))
    }

    fn answer(&self, path: &str, history: usize) -> io::Result<(u16, Vec<u8>)> {
        let tile = Tile::parse_path(path.trim_start_matches('/')).ok();
        let tile = tile.filter(|tile| size(ENTRIES).is_ok_and(|size| tile.exists_in(size)));
        let Some(tile) = tile else {
            return Ok((404, Vec::new()));
        };
        let nodes: Vec<NodeId> = tile.nodes().collect();
        let hashes = self.history(history)?.read_hashes(&nodes)?;
        let bytes = hashes.iter().flat_map(|hash| *hash.as_bytes());
        Ok((200, bytes.collect()))
    }
}

impl History {
    fn new(which: u64) -> Self {
        let leaf = |n: u64| {
            let told = if n < FORK { 0 } else { which };
            Hash::of_leaf(&[told.to_be_bytes(), n.to_be_bytes()].concat())
        };
        Self((0..ENTRIES).map(leaf).collect())
    }

    fn node(&self, level: u8, index: u64) -> Option<Hash> {
        if level == 0 {
            return self.0.get(usize::try_from(index).ok()?).copied();
        }
        let left = self.node(level - 1, index * 2)?;
        Some(Hash::of_node(&left, &self.node(level - 1, index * 2 + 1)?))
    }
}

impl HashReader for History {
    type Error = io::Error;

    fn read_hashes(&self, nodes: &[NodeId]) -> Result<Vec<Hash>, io::Error> {
        let hash = |node: &NodeId| {
            let hash = self.node(node.level(), node.index());
            hash.ok_or_else(|| io::Error::other("no such node"))
        };
        nodes.iter().map(hash).collect()
    }
}

fn size(n: u64) -> io::Result<TreeSize> {
    TreeSize::new(n).map_err(io::Error::other)
}
