//! Copying full tiles and bundles from one folder to another: each is written once and never changes.

use super::Failure;
use crate::storage::objects::Objects;
use crate::storage::tile_store::TileStore;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use indicatif::ProgressBar;
use tlog::{Bundle, TILE_WIDTH, Tile, TreeSize};

/// Objects copied at the same time: each waits for its sync.
const COPIES_AT_ONCE: usize = 16;

/// Copies all tiles and bundles of the entries below `stored`; answers how many. One that is there must be the same.
pub(crate) async fn copy(
    from: &TileStore,
    to: &TileStore,
    stored: TreeSize,
    bar: &ProgressBar,
) -> Result<u64, Failure> {
    let bundles = (0..stored.get() / TILE_WIDTH).filter_map(|index| Bundle::new(index, 256).ok());
    let paths = bundles
        .map(Bundle::path)
        .chain(Tile::completed(TreeSize::ZERO, stored).map(Tile::path));
    // 256 entries are a bundle and a tile; those above are few.
    bar.set_length(stored.get() / TILE_WIDTH * 2);
    stream::iter(paths)
        .map(|path| async move {
            let bytes = from.get(&path).await.map_err(Failure::could_not)?;
            let bytes = bytes.ok_or_else(|| {
                Failure::wrong(format!(
                    "{path} is missing: run `notarylog check`, which says what else is"
                ))
            })?;
            to.put(&path, bytes).await.map_err(Failure::could_not)?;
            bar.inc(1);
            Ok::<u64, Failure>(1)
        })
        .buffer_unordered(COPIES_AT_ONCE)
        .try_fold(0, async |copied, one| Ok(copied + one))
        .await
}
