//! What a history answers when what it reads is damaged.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must panic")]

use super::HistoryError;
use crate::log::house::House;
use std::time::Duration;
use tlog::{LeafIndex, verify_inclusion};

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_tile_is_never_served_as_a_proof_and_a_healed_one_is() {
    let house = House::new().await;
    house
        .run(async |log| {
            house.log_records(log, 0..300).await.unwrap();
            while log.coord().committed().await.unwrap().stored.get() < 256 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            let history = &log.heart().history;
            let (size, index) = (history.size(), LeafIndex::new(3));
            let tile = house.path("tiles/tile/0/000");
            let right = std::fs::read(&tile).unwrap();
            // A leaf, its sibling, and a hash that is folded into a node further up.
            for hash in [3, 2, 200] {
                let mut wrong = right.clone();
                wrong[hash * 32] ^= 1;
                std::fs::write(&tile, &wrong).unwrap();
                for _ in 0..2 {
                    let served = history.inclusion(index, size).await;
                    assert!(matches!(served, Err(HistoryError::Lost)), "{hash}");
                }
                std::fs::write(&tile, &right).unwrap();
                let served = history.inclusion(index, size).await.unwrap();
                let leaf = history.entry(index).await.unwrap().leaf_hash();
                assert_eq!(served.leaf, leaf);
                verify_inclusion(&leaf, index, size, &served.root, &served.proof).unwrap();
                // Read again by the next turn of the loop.
                history.forget_cached();
            }
        })
        .await;
}
