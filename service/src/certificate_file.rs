//! Certificate files: public, and bounded like everything that is read whole.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::TlsError;

/// A certificate is about 2 KB in PEM and a chain has two or three; an ML-DSA chain stays below as well.
const CERTIFICATE_LEN_MAX: u64 = 256 * 1024;

/// Reads a certificate file of at most 256 KiB.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let mut content = Vec::new();
    File::open(path)
        .and_then(|file| file.take(CERTIFICATE_LEN_MAX + 1).read_to_end(&mut content))
        .map_err(|error| TlsError::Unreadable {
            path: path.to_owned(),
            error,
        })?;
    if content.len() as u64 > CERTIFICATE_LEN_MAX {
        return Err(TlsError::NoCertificate(path.to_owned()));
    }
    Ok(content)
}
