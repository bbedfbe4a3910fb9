//! The account of one request: who pays for it, and how much.

use super::quotas::Quotas;
use service::{Exceeded, Network, Standing};
use std::num::NonZeroU32;
use std::sync::Arc;

const ONE: NonZeroU32 = NonZeroU32::MIN;

/// Who pays for a request. A handler finds it among the request's extensions.
#[derive(Clone, Debug)]
pub struct Account {
    quotas: Arc<Quotas>,
    network: Option<Network>,
    standing: Option<Standing>,
}

impl Account {
    /// Takes one request from the address.
    pub(super) fn open(quotas: Arc<Quotas>, network: Option<Network>) -> Result<Self, Exceeded> {
        let standing = match (&quotas.of_address, &network) {
            (Some(quota), Some(network)) => Some(quota.take(network, ONE)?),
            _ => None,
        };
        Ok(Self {
            quotas,
            network,
            standing,
        })
    }

    /// Gives the request back.
    pub(super) fn give_back_request(&self) {
        if let (Some(quota), Some(network)) = (&self.quotas.of_address, &self.network) {
            quota.give_back(network, ONE);
        }
    }

    /// The address pays for an entry that no enrolled key signed; `of` are in the request.
    ///
    /// # Errors
    /// The address has nothing left: the rest of its request is not looked at. Retry-After is the time until all `of`
    /// could be paid, as bad as they may be.
    pub fn refused(&self, of: usize) -> Result<(), Exceeded> {
        let (Some(quota), Some(network)) = (&self.quotas.of_address, &self.network) else {
            return Ok(());
        };
        if quota.take(network, ONE).is_ok() {
            return Ok(());
        }
        let all = u32::try_from(of).ok().and_then(NonZeroU32::new);
        quota.take(network, all.unwrap_or(ONE)).map(drop)
    }

    /// The address pays for entries that were in the log already, as far as it can.
    pub(super) fn repeated(&self, entries: NonZeroU32) {
        if let (Some(quota), Some(network)) = (&self.quotas.of_address, &self.network) {
            quota.spend(network, entries);
        }
    }

    /// The quotas.
    pub(super) fn quotas(&self) -> &Quotas {
        &self.quotas
    }

    /// How the address stands.
    pub(super) const fn standing(&self) -> Option<Standing> {
        self.standing
    }
}
