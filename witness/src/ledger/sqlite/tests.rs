//! The embedded ledger, in a real file.
