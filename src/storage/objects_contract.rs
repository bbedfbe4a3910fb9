//! The contract of [`Objects`], as tests that every store passes: each function here is one promise.

use super::objects::{ObjectError, Objects};
use bytes::Bytes;

/// A store to be tested: a place, and handles on it.
pub(crate) trait Store {
    /// A new handle on the same place, as another process would get.
    fn handle(&self) -> Box<dyn Objects>;
}

/// Makes one test of each promise, for a store that this expression makes.
macro_rules! objects_contract {
    ($store:expr) => {
        objects_contract! { $store;
            what_was_put_is_there_after_opening_again
            the_same_bytes_may_be_put_again_and_others_may_not
            of_many_that_put_at_once_one_content_wins
            what_is_replaced_holds_the_new_bytes_alone
        }
    };
    ($store:expr; $($promise:ident)*) => {
        $(
            #[tokio::test]
            async fn $promise() {
                crate::storage::objects_contract::$promise(&$store).await;
            }
        )*
    };
}
pub(crate) use objects_contract;

const TILE: Bytes = Bytes::from_static(b"tile");

pub(crate) async fn what_was_put_is_there_after_opening_again(store: &impl Store) {
    let tiles = store.handle();
    tiles.put("tile/0/x001/234", TILE).await.unwrap();
    let got = tiles.get("tile/0/x001/234").await.unwrap();
    assert_eq!(got, Some(TILE));
    let again = store.handle();
    let got = again.get("tile/0/x001/234").await.unwrap();
    assert_eq!(got, Some(TILE));
    assert_eq!(again.get("tile/0/x001/235").await.unwrap(), None);
    assert_eq!(again.get("tile/0/x001").await.ok().flatten(), None);
}

pub(crate) async fn the_same_bytes_may_be_put_again_and_others_may_not(store: &impl Store) {
    let tiles = store.handle();
    tiles.put("tile/entries/000", TILE).await.unwrap();
    tiles.put("tile/entries/000", TILE).await.unwrap();
    for other in [&b"other"[..], b"", b"til", b"tile and more"] {
        let answer = tiles.put("tile/entries/000", other.into()).await;
        assert!(matches!(answer, Err(ObjectError::Conflict { .. })));
    }
    assert_eq!(tiles.get("tile/entries/000").await.unwrap(), Some(TILE));
}

pub(crate) async fn what_is_replaced_holds_the_new_bytes_alone(store: &impl Store) {
    let tiles = store.handle();
    tiles
        .put("tile/0/000", "damaged, and longer".into())
        .await
        .unwrap();
    tiles.replace("tile/0/000", TILE).await.unwrap();
    tiles.replace("tile/0/001", TILE).await.unwrap();
    for path in ["tile/0/000", "tile/0/001"] {
        assert_eq!(store.handle().get(path).await.unwrap(), Some(TILE));
        tiles.put(path, TILE).await.unwrap();
    }
}

pub(crate) async fn of_many_that_put_at_once_one_content_wins(store: &impl Store) {
    let tiles = store.handle();
    let puts = (0..16_u8).map(|n| tiles.put("tile/1/000", vec![n % 2; 9].into()));
    let answers = futures_util::future::join_all(puts).await;
    let winner = tiles.get("tile/1/000").await.unwrap().unwrap()[0];
    for (n, answer) in answers.iter().enumerate() {
        assert_eq!(answer.is_ok(), n % 2 == usize::from(winner));
    }
}
