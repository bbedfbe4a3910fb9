//! The vectors of `tests/vectors/merkle` and `tests/vectors/tile`.

use crate::vectors::{self, Refused};
use tlog::{Bundle, Frontier, Hash, NodeId, Tile, verify_consistency, verify_inclusion};

#[test]
fn a_hash_has_one_spelling() {
    vectors::check("merkle/hash", |case| {
        let hash = Hash::from_base64(case.text("base64"))?;
        assert_eq!(hash.to_base64(), case.text("base64"));
        Refused::unless_equal(&hash, &case.hash("hex")?)
    });
}

#[test]
fn a_leaf_hash_is_of_the_entry_with_its_prefix() {
    vectors::check("merkle/leaf", |case| {
        Refused::unless_equal(&Hash::of_leaf(&case.bytes("entry")), &case.hash("leaf")?)
    });
}

#[test]
fn a_root_is_of_all_entries_in_their_order() {
    vectors::check("merkle/root", |case| {
        let mut frontier = Frontier::empty();
        for entry in case.texts("entries") {
            frontier.append(Hash::of_leaf(&hex::decode(entry).unwrap()));
        }
        Refused::unless_equal(&frontier.root(), &case.hash("root")?)
    });
}

#[test]
fn an_inclusion_proof_proves_one_leaf() {
    vectors::check("merkle/inclusion", |case| {
        let (index, size) = (case.index("index")?, case.size("size")?);
        let (leaf, root) = (case.hash("leaf")?, case.hash("root")?);
        Ok(verify_inclusion(
            &leaf,
            index,
            size,
            &root,
            &case.hashes("proof")?,
        )?)
    });
}

#[test]
fn a_consistency_proof_proves_one_extension() {
    vectors::check("merkle/consistency", |case| {
        let (old, new) = (case.size("old_size")?, case.size("new_size")?);
        let (old_root, new_root) = (case.hash("old_root")?, case.hash("new_root")?);
        Ok(verify_consistency(
            old,
            new,
            &old_root,
            &new_root,
            &case.hashes("proof")?,
        )?)
    });
}

#[test]
fn a_tile_has_one_address() {
    vectors::check("tile/tile_path", |case| {
        let tile = Tile::parse_path(case.text("path"))?;
        assert_eq!(tile.path(), case.text("path"));
        let stated = Tile::new(
            case.number("level"),
            case.number("index"),
            case.number("width"),
        );
        Refused::unless_equal(&tile, &stated?)
    });
}

#[test]
fn a_bundle_has_one_address() {
    vectors::check("tile/bundle_path", |case| {
        let bundle = Bundle::parse_path(case.text("path"))?;
        assert_eq!(bundle.path(), case.text("path"));
        let stated = Bundle::new(case.number("index"), case.number("width"));
        Refused::unless_equal(&bundle, &stated?)
    });
}

#[test]
fn a_tree_has_the_tiles_that_its_size_says() {
    vectors::check("tile/tree", |case| {
        let size = case.size("size")?;
        let levels: Vec<String> = (0..8)
            .map(|level| {
                // The largest tree has too many tiles to list: what it has is asked instead.
                let hashes = size.get() >> (8 * level);
                let full = hashes / 256;
                let partial = u16::try_from(hashes % 256).unwrap();
                let has = |index, width| {
                    Tile::new(level, index, width).is_ok_and(|tile| tile.exists_in(size))
                };
                assert!(full == 0 || has(full - 1, 256));
                assert!(partial == 0 || has(full, partial));
                assert!(!has(full, partial + 1), "no more than that");
                if size.get() < 1 << 20 {
                    let tiles = Tile::all_for(size).filter(|tile| tile.level() == level);
                    let (all, wide): (Vec<Tile>, Vec<Tile>) =
                        tiles.partition(|tile| tile.is_full());
                    assert_eq!(u64::try_from(all.len()).unwrap(), full);
                    assert_eq!(wide.first().map_or(0, |tile| tile.width()), partial);
                }
                format!("{full}, {partial}")
            })
            .filter(|counts| counts != "0, 0")
            .collect();
        let stated: Vec<String> = case.texts("levels").into_iter().map(Into::into).collect();
        Refused::unless_equal(&levels, &stated)
    });
}

#[test]
fn a_tile_exists_once_a_tree_has_its_hashes() {
    vectors::check("tile/exists", |case| {
        let tile = Tile::parse_path(case.text("path"))?;
        Refused::unless_equal(&tile.exists_in(case.size("size")?), &true)
    });
}

#[test]
fn a_node_is_computed_from_its_tile() {
    vectors::check("tile/node", |case| {
        let tile = Tile::parse_path(case.text("path"))?;
        let node = NodeId::new(case.number("node_level"), case.number("node_index"));
        let computed = tile.node_from(&case.hashes("hashes")?, node);
        Refused::unless_equal(&computed, &Some(case.hash("node")?))
    });
}

#[test]
fn no_vector_file_is_forgotten() {
    let merkle = ["consistency", "hash", "inclusion", "leaf", "root"];
    let tile = ["bundle_path", "exists", "node", "tile_path", "tree"];
    assert_eq!(
        vectors::files("merkle"),
        merkle.map(|file| format!("merkle/{file}"))
    );
    assert_eq!(
        vectors::files("tile"),
        tile.map(|file| format!("tile/{file}"))
    );
}
