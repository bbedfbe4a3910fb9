//! An outside in memory: what lies at which address, who does not answer, and what was sent.

use super::Tree;
use crate::outside::{Outside, Unanswered};
use async_trait::async_trait;
use std::collections::HashMap;
use std::sync::Mutex;
use tlog::{HashReader as _, Tile, TreeSize};

#[derive(Default)]
pub struct ToldOutside {
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    pages: HashMap<String, Vec<u8>>,
    silent: Vec<String>,
    sent: Vec<(String, Vec<u8>)>,
}

impl ToldOutside {
    /// Lays bytes at an address.
    pub fn lay(&self, address: &str, bytes: impl Into<Vec<u8>>) {
        let mut told = self.told.lock().unwrap();
        told.pages.insert(address.to_owned(), bytes.into());
    }

    /// Lays all tiles of a tree of this size.
    pub fn lay_tiles(&self, url: &str, tree: &Tree, size: TreeSize) {
        for tile in Tile::all_for(size) {
            let nodes: Vec<_> = tile.nodes().collect();
            let hashes = tree.read_hashes(&nodes).unwrap();
            let bytes: Vec<u8> = hashes.iter().flat_map(|hash| *hash.as_bytes()).collect();
            self.lay(&format!("{url}/{}", tile.path()), bytes);
        }
    }

    /// Nobody answers under this prefix any more, or again.
    pub fn silence(&self, prefix: &str, silent: bool) {
        let mut told = self.told.lock().unwrap();
        told.silent.retain(|one| one != prefix);
        if silent {
            told.silent.push(prefix.to_owned());
        }
    }

    /// What was sent where.
    pub fn sent(&self) -> Vec<(String, Vec<u8>)> {
        self.told.lock().unwrap().sent.clone()
    }

    fn is_silent(told: &Told, address: &str) -> bool {
        told.silent.iter().any(|one| address.starts_with(one))
    }
}

#[async_trait]
impl Outside for ToldOutside {
    async fn get(&self, address: &str, bytes_max: usize) -> Result<Option<Vec<u8>>, Unanswered> {
        let told = self.told.lock().unwrap();
        if Self::is_silent(&told, address) {
            return Err(Unanswered::Silent("it is down".to_owned()));
        }
        match told.pages.get(address) {
            Some(bytes) if bytes.len() > bytes_max => {
                Err(Unanswered::Otherwise("too long".to_owned()))
            }
            page => Ok(page.cloned()),
        }
    }

    async fn post(&self, address: &str, body: Vec<u8>) -> Result<u16, Unanswered> {
        let mut told = self.told.lock().unwrap();
        if Self::is_silent(&told, address) {
            return Err(Unanswered::Silent("it is down".to_owned()));
        }
        told.sent.push((address.to_owned(), body));
        Ok(200)
    }
}
