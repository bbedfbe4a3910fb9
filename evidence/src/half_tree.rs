//! The salted tree of one half of a record: so that one field can be shown, and nothing else of it.
//!
//! Each scalar or empty container is one leaf, in the byte order of its JSON pointer (RFC 6901) inside the half:
//!
//! ```text
//! {"kind":"doc","place":{"present":true},"interest":[]}
//!
//! /interest       []       leaf hash = SHA-256(0x00 || salt || ["/interest",[]])
//! /kind           "doc"    leaf hash = SHA-256(0x00 || salt || ["/kind","doc"])
//! /place/present  true     leaf hash = SHA-256(0x00 || salt || ["/place/present",true])
//! ```
//!
//! The salt of a leaf is [`Opener::salt`] of its path, path and value stand in canonical JSON (RFC 8785), and the leaves
//! make one RFC 6962 tree. The opener itself enters no hash: hashed in, it would give every salt to whoever is shown one
//! field.

use crate::canonical_json::{JSON_INTEGER_MAX, to_canonical};
use crate::{Disclosure, Half, HalfCommit, Opener, Salt};
use core::fmt;
use serde_json::Value;
use tlog::{Frontier, Growth, Hash, LeafIndex};

/// The most leaves of a half. One field is shown with the hashes of one path up the tree: 256 leaves make that eight.
pub const LEAVES_MAX: usize = 256;

/// The tree of one half: what its opener's holder computes.
#[derive(Clone)]
pub struct HalfTree {
    half: Half,
    leaves: Vec<Leaf>,
    tree: Growth,
}

#[derive(Clone)]
struct Leaf {
    path: String,
    value: Value,
    salt: Salt,
}

/// Commits to one half of a record. Floating-point numbers are refused, and more than [`LEAVES_MAX`] leaves.
pub fn commit_half(half: Half, value: &Value, opener: &Opener) -> Result<HalfTree, Unsealable> {
    let mut leaves = Vec::new();
    gather(String::new(), value, &mut leaves)?;
    leaves.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    let leaves: Vec<Leaf> = leaves
        .into_iter()
        .map(|(path, value)| Leaf {
            salt: opener.salt(&path),
            path,
            value,
        })
        .collect();
    let hashes = leaves
        .iter()
        .map(|leaf| leaf_hash(&leaf.salt, &leaf.path, &leaf.value))
        .collect();
    Ok(HalfTree {
        half,
        leaves,
        tree: Growth::new(&Frontier::empty(), hashes),
    })
}

impl HalfTree {
    /// Which half it is.
    pub const fn half(&self) -> Half {
        self.half
    }

    /// How many leaves it has: 1..=[`LEAVES_MAX`].
    ///
    /// # Panics
    /// Never: the number of leaves is limited.
    pub fn leaf_count(&self) -> u32 {
        u32::try_from(self.leaves.len()).expect("a half has at most 256 leaves")
    }

    /// The root of the tree.
    pub const fn root(&self) -> Hash {
        self.tree.root()
    }

    /// What commits to this half.
    pub fn commit(&self) -> HalfCommit {
        HalfCommit::of(self.half, self.leaf_count(), &self.root())
    }

    /// The paths of all leaves, in order.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.leaves.iter().map(|leaf| leaf.path.as_str())
    }

    /// The value at this path and what proves it, alone. `None`: no leaf has this path.
    pub fn disclose(&self, path: &str) -> Option<Disclosure> {
        let position = self
            .leaves
            .binary_search_by(|leaf| leaf.path.as_str().cmp(path))
            .ok()?;
        let leaf = self.leaves.get(position)?;
        let index = u32::try_from(position).ok()?;
        let proof = self
            .tree
            .inclusion_proof(LeafIndex::new(index.into()))
            .ok()?;
        Some(Disclosure {
            half: self.half,
            path: leaf.path.clone(),
            value: leaf.value.clone(),
            salt: leaf.salt,
            index,
            count: self.leaf_count(),
            proof,
        })
    }
}

impl fmt::Debug for HalfTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HalfTree({}, {} leaves)", self.half, self.leaves.len())
    }
}

/// Why a value cannot be committed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsealable {
    /// More than [`LEAVES_MAX`] leaves.
    #[error(
        "a half of a record has at most {LEAVES_MAX} fields: move lists into a file of their own"
    )]
    TooManyLeaves,
    /// A number with a fraction, or an integer beyond 2^53 − 1.
    #[error("a record has integers up to 2^53 − 1 and no other numbers")]
    Number,
}

/// The hash of a leaf: SHA-256(0x00 || salt || JCS([path, value])).
pub(crate) fn leaf_hash(salt: &Salt, path: &str, value: &Value) -> Hash {
    let mut input = salt.as_bytes().to_vec();
    input.extend(to_canonical(&(path, value)));
    Hash::of_leaf(&input)
}

fn gather(
    path: String,
    value: &Value,
    leaves: &mut Vec<(String, Value)>,
) -> Result<(), Unsealable> {
    match value {
        Value::Array(values) if !values.is_empty() => {
            for (position, value) in values.iter().enumerate() {
                gather(format!("{path}/{position}"), value, leaves)?;
            }
        }
        Value::Object(members) if !members.is_empty() => {
            for (name, value) in members {
                gather(format!("{path}/{}", escape(name)), value, leaves)?;
            }
        }
        Value::Number(number) if !is_integer(number) => return Err(Unsealable::Number),
        _ if leaves.len() == LEAVES_MAX => return Err(Unsealable::TooManyLeaves),
        _ => leaves.push((path, value.clone())),
    }
    Ok(())
}

fn is_integer(number: &serde_json::Number) -> bool {
    number
        .as_u64()
        .or_else(|| number.as_i64().map(i64::unsigned_abs))
        .is_some_and(|size| size <= JSON_INTEGER_MAX)
}

/// RFC 6901 §3: `~` first, so that the tilde of `~1` is not escaped again.
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn paths(value: &Value) -> Vec<String> {
        let tree = commit_half(Half::Hdr, value, &Opener::new([7; 32])).unwrap();
        tree.paths().map(str::to_owned).collect()
    }

    #[test]
    fn leaves_stand_in_the_byte_order_of_their_paths() {
        let value = json!({
            "b": {"": [], "a/b": 1, "a~b": 2},
            "a": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, {"x": null}],
            "ab": {},
            "é": false,
        });
        assert_eq!(
            paths(&value),
            [
                "/a/0", "/a/1", "/a/10/x", "/a/2", "/a/3", "/a/4", "/a/5", "/a/6", "/a/7", "/a/8",
                "/a/9", "/ab", "/b/", "/b/a~0b", "/b/a~1b", "/é"
            ]
        );
        assert_eq!(paths(&json!({})), [""]);
        assert_eq!(paths(&json!(1)), [""]);
    }

    #[test]
    fn numbers_that_parsers_read_differently_are_refused() {
        let refusal = |value| commit_half(Half::Body, &value, &Opener::new([7; 32])).err();
        assert_eq!(refusal(json!([1.5])), Some(Unsealable::Number));
        assert_eq!(
            refusal(json!([9_007_199_254_740_992_u64])),
            Some(Unsealable::Number)
        );
        assert_eq!(
            refusal(json!([-9_007_199_254_740_992_i64])),
            Some(Unsealable::Number)
        );
        assert_eq!(refusal(json!([-9_007_199_254_740_991_i64])), None);
    }

    #[test]
    fn a_half_ends_at_256_leaves_so_that_a_proof_ends_at_8_hashes() {
        let commit =
            |count: usize| commit_half(Half::Body, &json!(vec![1; count]), &Opener::new([7; 32]));
        let tree = commit(256).unwrap();
        let longest = tree
            .paths()
            .map(|path| tree.disclose(path).unwrap().proof.len())
            .max();
        assert_eq!(longest, Some(8));
        assert_eq!(commit(257).err(), Some(Unsealable::TooManyLeaves));
    }

    #[test]
    fn the_tree_is_that_of_rfc_6962() {
        let opener = Opener::new([7; 32]);
        let tree = commit_half(Half::Hdr, &json!({"a": 1, "b": "x", "c": null}), &opener).unwrap();
        let leaf = |path: &str, text: &str| {
            Hash::of_leaf(&[opener.salt(path).as_bytes(), text.as_bytes()].concat())
        };
        let root = Hash::of_node(
            &Hash::of_node(&leaf("/a", r#"["/a",1]"#), &leaf("/b", r#"["/b","x"]"#)),
            &leaf("/c", r#"["/c",null]"#),
        );
        assert_eq!(tree.root(), root);
        assert_eq!(tree.leaf_count(), 3);
        assert_eq!(tree.commit(), HalfCommit::of(Half::Hdr, 3, &root));
    }

    #[test]
    fn what_is_no_leaf_cannot_be_disclosed() {
        let value = json!({"a": {"b": 1}});
        let tree = commit_half(Half::Hdr, &value, &Opener::new([7; 32])).unwrap();
        for path in ["", "/a", "a/b", "/a/b/", "/c"] {
            assert!(tree.disclose(path).is_none(), "{path}");
        }
    }
}
