//! The twin of the tile store.

use super::{Disk, Fault, Object, Process, atomic, divisible, read};
use crate::storage::objects::{ObjectError, Objects};
use async_trait::async_trait;
use bytes::Bytes;
use std::sync::Arc;

/// Tiles and bundles on a simulated disk.
pub(crate) struct SimulatedObjects(pub(crate) Process);

#[async_trait]
impl Objects for SimulatedObjects {
    async fn put(&self, path: &str, bytes: Bytes) -> Result<(), ObjectError> {
        // A name that was given before its bytes were synced may be there after a crash, or not: never half of it.
        let half = |is_synced, bytes: Bytes| Object { bytes, is_synced };
        let later = bytes.clone();
        self.0
            .operate(
                divisible("put"),
                |fault| failed(path, fault),
                |disk| match disk.objects.get(path) {
                    Some(there) if there.bytes != bytes => Err(ObjectError::Conflict {
                        path: path.to_owned(),
                    }),
                    _ => {
                        Arc::make_mut(&mut disk.objects).insert(path.to_owned(), half(true, bytes));
                        Ok(())
                    }
                },
                |disk| {
                    let objects = Arc::make_mut(&mut disk.objects);
                    objects
                        .entry(path.to_owned())
                        .or_insert_with(|| half(false, later));
                },
            )
            .await
    }

    async fn replace(&self, path: &str, bytes: Bytes) -> Result<(), ObjectError> {
        let is_synced = true;
        let insert = |disk: &mut Disk| {
            let objects = Arc::make_mut(&mut disk.objects);
            objects.insert(path.to_owned(), Object { bytes, is_synced });
            Ok(())
        };
        let failure = |fault| failed(path, fault);
        self.0
            .operate(atomic("replace"), failure, insert, |_| {})
            .await
    }

    async fn get(&self, path: &str) -> Result<Option<Bytes>, ObjectError> {
        self.0
            .operate(
                read("get"),
                |fault| failed(path, fault),
                |disk| Ok(disk.objects.get(path).map(|object| object.bytes.clone())),
                |_| {},
            )
            .await
    }
}

fn failed(path: &str, fault: Fault) -> ObjectError {
    if fault == Fault::Full {
        return ObjectError::DiskFull;
    }
    ObjectError::Unavailable {
        path: path.to_owned(),
        cause: format!("simulated: {fault:?}"),
    }
}
