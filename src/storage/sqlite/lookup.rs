//! The lookup tables from end to end, in the order of their keys.

use super::{SqliteCoord, recent_slots};
use crate::storage::coord::CoordError;
use crate::storage::lookup::{Lookup, LookupPage, Lookups};
use async_trait::async_trait;
use evidence::Slot;
use sqlx::Row as _;
use tlog::LeafIndex;

/// Rows of one page: read in some milliseconds, so that no write-ahead log waits for its reader.
const PAGE_ROWS: i64 = 16_384;

/// A page, as two JSON arrays: a row of its own would cost three times as much.
const SLOT_PAGE: &str = "SELECT json_group_array(prefix), json_group_array(idx) \
    FROM (SELECT prefix, idx FROM slot WHERE prefix >= ?1 ORDER BY prefix LIMIT ?2)";
const LEAF_PAGE: &str = "SELECT json_group_array(prefix), json_group_array(idx) \
    FROM (SELECT prefix, idx FROM leaf WHERE prefix >= ?1 ORDER BY prefix LIMIT ?2)";

#[async_trait]
impl Lookups for SqliteCoord {
    async fn waiting_slots(&self) -> Result<Vec<(LeafIndex, Vec<Slot>)>, CoordError> {
        let waiting = recent_slots::read(&mut *self.reader().await?, -1, i64::MAX).await?;
        waiting
            .into_iter()
            .map(|(first, slots)| Ok((index(first)?, slots.into_iter().map(Slot::new).collect())))
            .collect()
    }

    async fn page(&self, lookup: Lookup, page: Option<u64>) -> Result<LookupPage, CoordError> {
        let query = match lookup {
            Lookup::Slots => SLOT_PAGE,
            Lookup::Leaves => LEAF_PAGE,
        };
        let row = sqlx::query(query)
            .bind(page.map_or(i64::MIN, u64::cast_signed))
            .bind(PAGE_ROWS)
            .fetch_one(&mut *self.reader().await?)
            .await?;
        let numbers = |column: usize| -> Result<Vec<i64>, CoordError> {
            let json: &str = row.try_get(column)?;
            serde_json::from_str(json)
                .map_err(|_| CoordError::Damaged("a lookup row is no number".into()))
        };
        let (keys, indices) = (numbers(0)?, numbers(1)?);
        let is_full = keys.len() as u64 == PAGE_ROWS.unsigned_abs();
        let last = keys.last().filter(|_| is_full);
        Ok(LookupPage {
            next: last
                .and_then(|last| last.checked_add(1))
                .map(i64::cast_unsigned),
            rows: keys
                .into_iter()
                .zip(indices)
                .map(|(key, found)| Ok((key.cast_unsigned(), index(found)?)))
                .collect::<Result<_, CoordError>>()?,
        })
    }

    async fn overflow(&self, lookup: Lookup) -> Result<Vec<([u8; 32], LeafIndex)>, CoordError> {
        let query = match lookup {
            Lookup::Slots => "SELECT slot, idx FROM slot_overflow",
            Lookup::Leaves => "SELECT leaf, idx FROM leaf_overflow",
        };
        let rows: Vec<(Vec<u8>, i64)> = sqlx::query_as(query)
            .fetch_all(&mut *self.reader().await?)
            .await?;
        rows.into_iter()
            .map(|(hash, found)| {
                let hash = hash
                    .try_into()
                    .map_err(|_| CoordError::Damaged("half a hash in a lookup".into()))?;
                Ok((hash, index(found)?))
            })
            .collect()
    }
}

fn index(number: i64) -> Result<LeafIndex, CoordError> {
    u64::try_from(number)
        .map(LeafIndex::new)
        .map_err(|_| CoordError::Damaged("an index below 0".into()))
}
