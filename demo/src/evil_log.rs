//! A log that lies: it shows one history to some and another to the rest. A program of the drills, and no option of the
//! real log.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
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
                std::thread::spawn(move || drop(log.answer(&stream, history)));
            }
        });
        Ok(url)
    }

    fn history(&self, history: usize) -> io::Result<&History> {
        let history = self.histories.get(history);
        history.ok_or_else(|| io::Error::other("there are two histories"))
    }

    fn answer(&self, mut stream: &TcpStream, history: usize) -> io::Result<()> {
        let mut lines = BufReader::new(stream).lines();
        let first = lines.next().transpose()?.unwrap_or_default();
        while lines
            .next()
            .transpose()?
            .is_some_and(|line| !line.is_empty())
        {}
        let path = first.split(' ').nth(1).unwrap_or_default();
        let tile = Tile::parse_path(path.trim_start_matches('/')).ok();
        let tile = tile.filter(|tile| size(ENTRIES).is_ok_and(|size| tile.exists_in(size)));
        let body: Option<Vec<u8>> = tile.and_then(|tile| {
            let nodes: Vec<NodeId> = tile.nodes().collect();
            let hashes = self.history(history).ok()?.read_hashes(&nodes).ok()?;
            Some(hashes.iter().flat_map(|hash| *hash.as_bytes()).collect())
        });
        let status = if body.is_some() { 200 } else { 404 };
        let body = body.unwrap_or_default();
        let length = body.len();
        write!(
            stream,
            "HTTP/1.1 {status} -\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
        )?;
        stream.write_all(&body)
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
