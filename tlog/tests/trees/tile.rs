//! Tiles: which there are, what is in them, and how their addresses are read.

use crate::stored::{Stored, at, leaves, size};
use proptest::prelude::*;
use std::collections::BTreeSet;
use tlog::{Bundle, Hash, MalformedTile, NodeId, Tile, TreeSize};

/// Sizes around every edge that three levels of tiles have.
const SIZES: [u64; 16] = [
    0, 1, 2, 255, 256, 257, 511, 512, 513, 1_000, 65_535, 65_536, 65_537, 65_792, 70_000, 131_072,
];

#[test]
fn the_tiles_of_a_tree_are_those_of_the_specification() {
    for n in SIZES {
        let tiles: Vec<Tile> = Tile::all_for(size(n)).collect();
        let mut expected = Vec::new();
        for level in 0..8 {
            // floor(s / 256^l) hashes, the last (mod 256) of them in a partial tile, and no empty tile.
            let hashes = n >> (8 * level);
            expected.extend((0..hashes / 256).map(|i| Tile::new(level, i, 256).unwrap()));
            if let width @ 1.. = u16::try_from(hashes % 256).unwrap() {
                expected.push(Tile::new(level, hashes / 256, width).unwrap());
            }
        }
        assert_eq!(tiles, expected, "size {n}");
        assert!(tiles.iter().all(|tile| tile.exists_in(size(n))));
        let bundles: Vec<Bundle> = Bundle::all_for(size(n)).collect();
        let level_0: Vec<Bundle> = tiles.iter().filter_map(|tile| tile.bundle()).collect();
        assert_eq!(bundles, level_0, "size {n}");
        assert!(bundles.iter().all(|bundle| bundle.exists_in(size(n))));
    }
}

#[test]
fn a_batch_completes_the_full_tiles_that_were_not_there() {
    let full = |n: u64| -> BTreeSet<Tile> {
        Tile::all_for(size(n))
            .filter(|tile| tile.is_full())
            .collect()
    };
    for (i, before) in SIZES.into_iter().enumerate() {
        for after in SIZES.into_iter().skip(i) {
            let completed: Vec<Tile> = Tile::completed(size(before), size(after)).collect();
            let expected: Vec<Tile> = full(after).difference(&full(before)).copied().collect();
            assert_eq!(completed, expected, "{before} to {after}");
        }
    }
}

#[test]
fn a_tile_exists_once_the_tree_has_all_its_hashes() {
    for n in SIZES {
        for level in 0..=63 {
            let hashes = n.checked_shr(u32::from(level) * 8).unwrap_or(0);
            for index in [0, 1, 2, 255, 256, 273, (1 << 55) - 1] {
                for width in [1, 2, 17, 112, 255, 256] {
                    let tile = Tile::new(level, index, width).unwrap();
                    let exists = index * 256 + u64::from(width) <= hashes;
                    assert_eq!(tile.exists_in(size(n)), exists, "{tile} in {n}");
                    if let Some(bundle) = tile.bundle() {
                        assert_eq!(bundle.exists_in(size(n)), exists);
                    }
                }
            }
        }
    }
}

#[test]
fn every_node_is_found_in_its_tile() {
    for n in [1, 5, 255, 256, 600, 1024] {
        let stored = Stored::of_size(n);
        let mut found = 0;
        for tile in Tile::all_for(size(n)) {
            let hashes: Vec<Hash> = tile
                .nodes()
                .map(|node| stored.node(node).unwrap())
                .collect();
            assert_eq!(hashes.len(), usize::from(tile.width()));
            for level in 0..12 {
                for index in 0..=n >> level {
                    let node = NodeId::new(level, index);
                    let here = Tile::holding(node, size(n)) == Some(tile);
                    let expected = if here { stored.node(node) } else { None };
                    assert_eq!(tile.node_from(&hashes, node), expected, "{node:?} of {n}");
                    found += u64::from(here);
                    assert_eq!(tile.node_from(&hashes[1..], node), None, "a short tile");
                }
            }
            if tile.is_full() {
                let above = NodeId::new((tile.level() + 1) * 8, tile.index());
                assert_eq!(Tile::root_of_full(&hashes), stored.node(above));
            }
            assert_eq!(Tile::root_of_full(&hashes[1..]), None);
        }
        let complete: u64 = (0..12).map(|level| n >> level).sum();
        assert_eq!(found, complete, "each complete node of {n} is in one tile");
    }
}

#[test]
fn a_node_that_no_tree_has_is_in_no_tile() {
    let hashes = leaves(256);
    let tile = Tile::new(0, 0, 256).unwrap();
    for level in [8, 63, 64, 200, 255] {
        for index in [0, 1, u64::MAX] {
            let node = NodeId::new(level, index);
            assert_eq!(tile.node_from(&hashes, node), None);
            if level > 62 || index == u64::MAX {
                assert_eq!(Tile::holding(node, TreeSize::MAX), None);
            }
        }
    }
    assert_eq!(Bundle::of_leaf(at(u64::MAX)), None);
    let last = TreeSize::MAX.get() - 1;
    let (bundle, place) = Bundle::of_leaf(at(last)).unwrap();
    assert_eq!((bundle.index(), place), ((1 << 55) - 1, 254));
    assert_eq!(bundle.leaves().start + u64::from(place), last);
}

#[test]
fn a_tile_is_no_higher_longer_or_wider_than_the_specification_allows() {
    assert_eq!(Tile::new(64, 0, 1), Err(MalformedTile::Level));
    assert_eq!(Tile::new(0, 1 << 55, 1), Err(MalformedTile::Index));
    for width in [0, 257, u16::MAX] {
        assert_eq!(Tile::new(0, 0, width), Err(MalformedTile::Width));
        assert_eq!(Bundle::new(0, width), Err(MalformedTile::Width));
    }
    assert_eq!(Bundle::new(1 << 55, 1), Err(MalformedTile::Index));
}

#[test]
fn every_width_and_level_is_written_and_read_alike() {
    for level in 0..=63 {
        for width in 1..=256 {
            for index in [0, 999, 1_000, 1_234_067, (1 << 55) - 1] {
                let tile = Tile::new(level, index, width).unwrap();
                assert_eq!(Tile::parse_path(&tile.path()), Ok(tile), "{tile}");
            }
        }
    }
}

proptest! {
    #[test]
    fn an_address_is_read_only_as_it_is_written(
        path in "(tile/)?(entries|0|1|63|64|01|[0-9]{1,3})/(x?[0-9]{2,4}/){0,3}x?[0-9]{2,4}(\\.p(/[0-9]{1,4})?)?"
    ) {
        if let Ok(tile) = Tile::parse_path(&path) {
            prop_assert_eq!(tile.path(), &*path);
        }
        if let Ok(bundle) = Bundle::parse_path(&path) {
            prop_assert_eq!(bundle.path(), &*path);
        }
    }

    #[test]
    fn every_index_is_written_and_read_alike(level in 0..=63_u8, index in 0..1_u64 << 55, width in 1..=256_u16) {
        let tile = Tile::new(level, index, width).unwrap();
        prop_assert_eq!(Tile::parse_path(&tile.path()), Ok(tile));
        let bundle = Bundle::new(index, width).unwrap();
        prop_assert_eq!(Bundle::parse_path(&bundle.path()), Ok(bundle));
    }
}
