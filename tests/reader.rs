//! A reader of a whole log over HTTP, by tiles and bundles: what any stranger can fetch.

use demo::town::Town;
use libtest_mimic::Failed;
use serde_json::Value;
use tlog::{
    Bundle, Frontier, Hash, LeafIndex, Note, PureRust, SignedCheckpoint, Tile, TreeSize, Vkey,
};

/// The log as it stands under its newest checkpoint; opened only if its signatures verify and its entries give its root.
pub struct Reader {
    /// The log's own keys, as `/v1/log` names them.
    pub vkeys: Vec<Vkey>,
    /// The newest size.
    pub size: TreeSize,
    /// Every entry.
    pub entries: Vec<Vec<u8>>,
    /// The root of the tree of each size, from 0.
    pub roots: Vec<Hash>,
}

impl Reader {
    /// Fetches and re-hashes everything.
    pub fn read(town: &Town) -> Result<Self, Failed> {
        let vkeys = vkeys(town)?;
        let signed = open(&town.get("/checkpoint")?.body, &vkeys)?;
        let size = signed.checkpoint().size();
        let mut entries = Vec::new();
        for bundle in Bundle::all_for(size) {
            entries.extend(split(&fetch(town, &bundle.path())?)?);
        }
        let mut frontier = Frontier::empty();
        let mut roots = vec![frontier.root()];
        for entry in &entries {
            frontier.append(Hash::of_leaf(entry));
            roots.push(frontier.root());
        }
        if roots.last() != Some(&signed.checkpoint().root()) {
            return Err(format!("the {size} entries do not give the checkpoint's root").into());
        }
        Ok(Self {
            vkeys,
            size,
            entries,
            roots,
        })
    }

    /// The entry at an index.
    pub fn entry(&self, index: LeafIndex) -> Option<&[u8]> {
        let index = usize::try_from(index.get()).ok()?;
        self.entries.get(index).map(Vec::as_slice)
    }

    /// The root of the tree of a size.
    pub fn root(&self, size: TreeSize) -> Option<&Hash> {
        self.roots.get(usize::try_from(size.get()).ok()?)
    }

    /// Opens a signed note, all three signatures, and finds its head in this history.
    pub fn accept(&self, note: &[u8]) -> Result<SignedCheckpoint, Failed> {
        let signed = open(note, &self.vkeys)?;
        let checkpoint = signed.checkpoint();
        if self.root(checkpoint.size()) == Some(&checkpoint.root()) {
            Ok(signed)
        } else {
            Err(format!(
                "the head of size {} is of another history",
                checkpoint.size()
            )
            .into())
        }
    }

    /// Fetches every tile and compares it with the entries' hashes.
    pub fn check_tiles(&self, town: &Town) -> Result<usize, Failed> {
        let mut levels = vec![
            self.entries
                .iter()
                .map(|entry| Hash::of_leaf(entry))
                .collect::<Vec<_>>(),
        ];
        let mut count = 0;
        for tile in Tile::all_for(self.size) {
            while levels.len() <= usize::from(tile.level()) {
                let below = levels.last().ok_or("no level")?;
                let above = below
                    .chunks_exact(256)
                    .map(|row| Tile::root_of_full(row).ok_or("no full tile"));
                levels.push(above.collect::<Result<_, _>>()?);
            }
            let from = usize::try_from(tile.index())? * 256;
            let hashes = levels
                .get(usize::from(tile.level()))
                .and_then(|level| level.get(from..from + usize::from(tile.width())))
                .ok_or_else(|| format!("{} lies beyond the tree", tile.path()))?;
            let mine: Vec<u8> = hashes.iter().flat_map(|hash| *hash.as_bytes()).collect();
            if fetch(town, &tile.path())? != mine {
                return Err(
                    format!("{} holds other hashes than the entries give", tile.path()).into(),
                );
            }
            count += 1;
        }
        Ok(count)
    }
}

/// The log's keys.
pub fn vkeys(town: &Town) -> Result<Vec<Vkey>, Failed> {
    let about = town.get("/v1/log")?.json();
    let texts = about
        .get("vkeys")
        .and_then(Value::as_array)
        .ok_or("/v1/log names no vkeys")?;
    let vkeys: Result<Vec<Vkey>, _> = texts
        .iter()
        .map(|text| Vkey::parse(text.as_str().unwrap_or_default()))
        .collect();
    let vkeys = vkeys?;
    if vkeys.len() == 3 {
        Ok(vkeys)
    } else {
        Err(format!("the log names {} keys, not 3", vkeys.len()).into())
    }
}

/// Opens a note of which all three kinds of log signature must verify.
pub fn open(note: &[u8], vkeys: &[Vkey]) -> Result<SignedCheckpoint, Failed> {
    let signed = SignedCheckpoint::open(&Note::parse(note)?, vkeys, &PureRust)?;
    if signed.verified().len() == 3 {
        Ok(signed)
    } else {
        Err(format!("{} of 3 log signatures verified", signed.verified().len()).into())
    }
}

/// The hash that a JSON member holds.
pub fn hash(document: &Value, member: &str) -> Result<Hash, Failed> {
    let text = document
        .get(member)
        .and_then(Value::as_str)
        .unwrap_or_default();
    Ok(Hash::from_base64(text)?)
}

/// The hashes that a JSON member holds.
pub fn hashes(document: &Value, member: &str) -> Result<Vec<Hash>, Failed> {
    let texts = document
        .get(member)
        .and_then(Value::as_array)
        .ok_or_else(|| format!("no {member}"))?;
    let hashes: Result<Vec<Hash>, _> = texts
        .iter()
        .map(|text| Hash::from_base64(text.as_str().unwrap_or_default()))
        .collect();
    Ok(hashes?)
}

/// The number that a JSON member holds.
pub fn number(document: &Value, member: &str) -> Result<u64, Failed> {
    let number = document.get(member).and_then(Value::as_u64);
    number.ok_or_else(|| format!("no number {member} in {document}").into())
}

fn fetch(town: &Town, path: &str) -> Result<Vec<u8>, Failed> {
    let answer = town.get(&format!("/{path}"))?;
    if answer.status == 200 {
        Ok(answer.body)
    } else {
        Err(format!("{path}: {} {}", answer.status, answer.text()).into())
    }
}

/// Entries, each behind its length as a big-endian u16.
fn split(bundle: &[u8]) -> Result<Vec<Vec<u8>>, Failed> {
    let mut rest = bundle;
    let mut entries = Vec::new();
    while let Some((length, behind)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length));
        entries.push(
            behind
                .get(..length)
                .ok_or("a bundle is cut short")?
                .to_vec(),
        );
        rest = &behind[length..];
    }
    if rest.is_empty() {
        Ok(entries)
    } else {
        Err("a bundle ends inside a length".into())
    }
}
