//! A small log that a test holds in its hand: it signs whatever it is told, honest or not, and serves its checkpoint.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _, ML_DSA_44_SIGNING, PqdsaKeyPair};
use libtest_mimic::Failed;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};
use tlog::{
    AddCheckpoint, Checkpoint, Hash, HashReader, KeyKind, KeyName, NodeId, Note, Origin,
    SignatureLine, TreeSize, Vkey, consistency_proof, cosignature_line, cosigned_message,
    ed25519_line,
};

/// A log with an Ed25519 key (0x01) and an ML-DSA-44 key (0x06).
pub struct SmallLog {
    origin: Origin,
    vkeys: [Vkey; 2],
    ed25519: Ed25519KeyPair,
    ml_dsa: PqdsaKeyPair,
    leaves: Vec<Hash>,
    served: Served,
}

/// What the log serves at `/checkpoint`; 404 when there is nothing.
type Served = Arc<Mutex<Option<String>>>;

impl SmallLog {
    /// A log of a hundred entries, of which it signs as many as it is told.
    pub fn new(origin: &str) -> Result<Self, Failed> {
        let ed25519 = Ed25519KeyPair::generate()?;
        let ml_dsa = PqdsaKeyPair::generate(&ML_DSA_44_SIGNING)?;
        let name = KeyName::new(origin)?;
        let vkeys = [
            Vkey::new(
                name.clone(),
                KeyKind::Ed25519,
                ed25519.public_key().as_ref(),
            )?,
            Vkey::new(name, KeyKind::MlDsa44, ml_dsa.public_key().as_ref())?,
        ];
        Ok(Self {
            origin: Origin::new(origin)?,
            vkeys,
            ed25519,
            ml_dsa,
            leaves: (0..100_u64)
                .map(|n| Hash::of_leaf(&n.to_be_bytes()))
                .collect(),
            served: Arc::default(),
        })
    }

    /// The origin.
    pub fn origin(&self) -> &str {
        self.origin.as_str()
    }

    /// The verifier keys.
    pub fn vkeys(&self) -> &[Vkey; 2] {
        &self.vkeys
    }

    /// The text of the checkpoint at a size.
    pub fn text(&self, size: u64) -> Result<String, Failed> {
        let root = self.root(size)?;
        Ok(Checkpoint::new(&self.origin, TreeSize::new(size)?, root).text())
    }

    /// The root of the tree at a size.
    pub fn root(&self, size: u64) -> Result<Hash, Failed> {
        Ok(tlog::root(self, TreeSize::new(size)?)?)
    }

    /// The hash of a leaf.
    pub fn leaf(&self, index: u64) -> Result<Hash, Failed> {
        Ok(self.node(0, index).ok_or("the log has no such leaf")?)
    }

    /// Puts another leaf there: all trees that hold it are others from now on.
    pub fn set_leaf(&mut self, index: u64, hash: Hash) {
        let index = usize::try_from(index).ok();
        if let Some(leaf) = index.and_then(|index| self.leaves.get_mut(index)) {
            *leaf = hash;
        }
    }

    /// Signs any text of a checkpoint with both keys, now.
    pub fn sign(&self, text: &str) -> Result<Vec<SignatureLine>, Failed> {
        let checkpoint = Checkpoint::parse(text)?;
        let ed25519 = self.sign_text(text)?;
        let now_s = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let (origin, size) = (checkpoint.origin(), checkpoint.size().get());
        let name = self.vkeys[1].name();
        let message = cosigned_message(name, now_s, origin, 0, size, &checkpoint.root())?;
        let mut signature = vec![0; ML_DSA_44_SIGNING.signature_len()];
        self.ml_dsa.sign(&message, &mut signature)?;
        let ml_dsa = cosignature_line(&self.vkeys[1], now_s, &signature);
        Ok(vec![ed25519, ml_dsa])
    }

    /// The Ed25519 line of any text that ends in a newline.
    pub fn sign_text(&self, text: &str) -> Result<SignatureLine, Failed> {
        let signature = self.ed25519.sign(text.as_bytes());
        Ok(ed25519_line(&self.vkeys[0], signature.as_ref().try_into()?))
    }

    /// A request for any text, with these lines after the log's own.
    pub fn ask(
        &self,
        old: u64,
        proof: Vec<Hash>,
        text: &str,
        others: &[SignatureLine],
    ) -> Result<String, Failed> {
        let mut lines = self.sign(text)?;
        lines.extend_from_slice(others);
        let note = Note::new(text, lines)?;
        Ok(AddCheckpoint::new(TreeSize::new(old)?, proof, note)?.to_string())
    }

    /// The honest request for a step.
    pub fn step(&self, from: u64, to: u64) -> Result<String, Failed> {
        self.ask(from, self.proof(from, to)?, &self.text(to)?, &[])
    }

    /// The consistency proof of a step, as a witness wants it.
    pub fn proof(&self, from: u64, to: u64) -> Result<Vec<Hash>, Failed> {
        if from == 0 {
            return Ok(Vec::new());
        }
        let (from, to) = (TreeSize::new(from)?, TreeSize::new(to)?);
        Ok(consistency_proof(self, from, to)?)
    }

    /// Opens the log's door and tells its address: whatever it is asked, it answers its checkpoint.
    pub fn open(&self) -> Result<String, Failed> {
        self.open_at("127.0.0.1:0")
    }

    /// The same at this address.
    pub fn open_at(&self, address: &str) -> Result<String, Failed> {
        let listener = TcpListener::bind(address)?;
        let url = format!("http://{}", listener.local_addr()?);
        let served = Arc::clone(&self.served);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let _asked = stream.read(&mut [0; 4096]);
                let served = served
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .clone();
                let (status, body) = match served {
                    Some(note) => ("200 OK", note),
                    None => ("404 Not Found", String::new()),
                };
                let length = body.len();
                let _gone = write!(
                    stream,
                    "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
                );
            }
        });
        Ok(url)
    }

    /// Serves this note from now on.
    pub fn serve(&self, note: String) {
        *self.served.lock().unwrap_or_else(PoisonError::into_inner) = Some(note);
    }

    fn node(&self, level: u8, index: u64) -> Option<Hash> {
        if level == 0 {
            return self.leaves.get(usize::try_from(index).ok()?).copied();
        }
        let left = self.node(level - 1, index * 2)?;
        Some(Hash::of_node(&left, &self.node(level - 1, index * 2 + 1)?))
    }
}

impl HashReader for SmallLog {
    type Error = &'static str;

    fn read_hashes(&self, nodes: &[NodeId]) -> Result<Vec<Hash>, &'static str> {
        let hash = |node: &NodeId| {
            let hash = self.node(node.level(), node.index());
            hash.ok_or("the log has no such node")
        };
        nodes.iter().map(hash).collect()
    }
}
