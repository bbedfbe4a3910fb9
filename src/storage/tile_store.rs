//! Full tiles and entry bundles in a local folder, behind the `object_store` crate.

use super::folder;
use super::objects::{ObjectError, Objects};
use async_trait::async_trait;
use bytes::Bytes;
use object_store::local::LocalFileSystem;
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore, ObjectStoreExt as _, PutMode, PutPayload};
use std::error::Error;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// A folder of objects, each written once.
#[derive(Debug)]
pub struct TileStore {
    folder: PathBuf,
    store: LocalFileSystem,
}

impl TileStore {
    /// Opens the folder, and makes it if it is not there.
    pub fn open(folder: &Path) -> Result<Self, ObjectError> {
        let open = || {
            folder::make(folder)?;
            let folder = folder.canonicalize()?;
            // Without `with_fsync` an answered put could be lost with the power.
            let store = LocalFileSystem::new_with_prefix(&folder).map_err(io::Error::other)?;
            Ok(Self {
                folder,
                store: store.with_fsync(true),
            })
        };
        open().map_err(|error: io::Error| failed(&folder.display().to_string(), &error))
    }

    /// Makes an object durable that somebody else put: who ended after giving it its name may have synced neither
    /// the name nor the new folders above it.
    async fn sync(&self, path: &str) -> Result<(), ObjectError> {
        let (root, object) = (self.folder.clone(), self.folder.join(path));
        let sync = move || {
            File::open(&object)?.sync_all()?;
            for folder in object.ancestors().skip(1) {
                File::open(folder)?.sync_all()?;
                if folder == root {
                    break;
                }
            }
            Ok::<(), io::Error>(())
        };
        tokio::task::spawn_blocking(sync)
            .await
            .unwrap_or_else(|panic| Err(io::Error::other(panic)))
            .map_err(|error| failed(path, &error))
    }
}

#[async_trait]
impl Objects for TileStore {
    async fn put(&self, path: &str, bytes: Bytes) -> Result<(), ObjectError> {
        let place = place(path)?;
        let payload = PutPayload::from(bytes.clone());
        match self
            .store
            .put_opts(&place, payload, PutMode::Create.into())
            .await
        {
            Ok(_) => Ok(()),
            Err(object_store::Error::AlreadyExists { .. }) => match self.get(path).await? {
                Some(stored) if stored == bytes => self.sync(path).await,
                Some(_) => Err(ObjectError::Conflict { path: path.into() }),
                None => Err(failed(
                    path,
                    &io::Error::other("it was there and then was not"),
                )),
            },
            Err(error) => Err(failed(path, &error)),
        }
    }

    async fn replace(&self, path: &str, bytes: Bytes) -> Result<(), ObjectError> {
        let (place, over) = (place(path)?, PutMode::Overwrite.into());
        let put = self.store.put_opts(&place, bytes.into(), over).await;
        put.map_err(|error| failed(path, &error))?;
        self.sync(path).await
    }

    async fn get(&self, path: &str) -> Result<Option<Bytes>, ObjectError> {
        let place = place(path)?;
        let read = async { self.store.get(&place).await?.bytes().await };
        match read.await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(failed(path, &error)),
        }
    }
}

fn place(path: &str) -> Result<ObjectPath, ObjectError> {
    ObjectPath::parse(path).map_err(|error| failed(path, &error))
}

fn failed(path: &str, error: &(dyn Error + 'static)) -> ObjectError {
    let full = std::iter::successors(Some(error), |error: &&(dyn Error + 'static)| {
        (*error).source()
    })
    .filter_map(|error| error.downcast_ref::<io::Error>())
    .any(|error| error.kind() == ErrorKind::StorageFull);
    if full {
        return ObjectError::DiskFull;
    }
    ObjectError::Unavailable {
        path: path.into(),
        cause: error.to_string(),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::storage::objects_contract::{Store, objects_contract};

    impl Store for tempfile::TempDir {
        fn handle(&self) -> Box<dyn Objects> {
            Box::new(TileStore::open(&self.path().join("a/b/tiles")).unwrap())
        }
    }

    objects_contract!(tempfile::tempdir().unwrap());

    #[tokio::test]
    async fn an_object_is_a_file_of_its_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let tiles = TileStore::open(folder.path()).unwrap();
        tiles.put("tile/0/x001/234", TILE).await.unwrap();
        let file = std::fs::read(folder.path().join("tile/0/x001/234")).unwrap();
        assert_eq!(file, TILE);
    }

    #[tokio::test]
    async fn a_path_never_leaves_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let tiles = TileStore::open(&folder.path().join("tiles")).unwrap();
        for path in ["../outside", "a/../../outside", "a//b", "a/./b", ""] {
            assert!(tiles.put(path, TILE).await.is_err(), "{path}");
        }
        assert!(!folder.path().join("outside").exists());
    }

    const TILE: Bytes = Bytes::from_static(b"tile");
}
