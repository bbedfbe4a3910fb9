//! The runtime of a verb.

use tokio::runtime::{Builder, Runtime};

use crate::Failure;

/// A runtime for one verb of a program: a thread a processor, timers and sockets.
///
/// # Errors
/// The system gives no threads or no file descriptors.
pub fn runtime() -> Result<Runtime, Failure> {
    Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::could_not)
}
