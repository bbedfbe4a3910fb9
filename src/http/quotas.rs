//! Quotas: what one address, one bureau and all bureaus together may have, so that a flood of one leaves the others served.
//!
//! | quota | counts | who pays |
//! |---|---|---|
//! | `address` | requests; entries that no enrolled key signed, and entries that were in the log already | whoever sends |
//! | `bureau` | new entries | the bureau whose key signed them |
//! | `all` | new entries | nobody: beyond it a bureau is told 503, and its own quota is given back |
//!
//! A bureau pays only for what its own key signed and what nobody could have read in the log before: else a stranger could
//! use up its quota by sending its old entries again. A share of `all` is reserved for bureaus that sent little lately. An
//! answer of ours above 499 costs nothing, unless the door cut it off: then nobody knows what was done.

use axum::http::HeaderMap;
use evidence::BureauId;
use service::{Exceeded, Network, PeerAddress, Quota, Rate, Standing};
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;

/// What a proxy adds the address to from which its own request came.
const FORWARDED: &str = "x-forwarded-for";

/// A bureau is quiet while it holds this part of its burst: so many hundredths.
const QUIET_PERCENT: u64 = 75;

/// What the operator set. A rate that is absent sets no limit.
#[derive(Clone, Debug, Default)]
pub struct QuotaRates {
    /// Of each address, in requests.
    pub address: Option<Rate>,
    /// Of each bureau, in entries. A burst holds at least one request of [`ENTRIES_MAX`](super::submit::ENTRIES_MAX).
    pub bureau: Option<Rate>,
    /// Of all bureaus together, beyond what is reserved.
    pub all: Option<Rate>,
    /// Beside it, for bureaus that sent little lately.
    pub reserved: Option<Rate>,
    /// Proxies whose word about their clients' addresses is taken.
    pub trusted_proxies: Vec<IpAddr>,
}

/// The quotas of the log's doors.
#[derive(Debug)]
pub struct Quotas {
    rates: QuotaRates,
    /// By address.
    pub(super) of_address: Option<Quota<Network>>,
    /// By bureau.
    pub(super) of_bureau: Option<Quota<BureauId>>,
    common: Option<Quota<()>>,
    reserved: Option<Quota<()>>,
}

impl Quotas {
    /// Quotas of these rates. Each keeps at most [`QUOTA_KEYS_MAX`](service::QUOTA_KEYS_MAX) states.
    pub fn new(rates: QuotaRates) -> Self {
        Self {
            of_address: rates.address.map(|rate| Quota::new("address", rate)),
            of_bureau: rates.bureau.map(|rate| Quota::new("bureau", rate)),
            common: rates.all.map(|rate| Quota::new("all", rate)),
            reserved: rates.reserved.map(|rate| Quota::new("all", rate)),
            rates,
        }
    }

    /// Takes `count` of what all share, from the reserve if the bureau is quiet and nothing else is left.
    pub(super) fn take_share(
        &self,
        count: NonZeroU32,
        bureau: Option<Standing>,
    ) -> Result<Share, Exceeded> {
        let Some(common) = &self.common else {
            return Ok(Share::Unlimited);
        };
        let Err(exceeded) = common.take(&(), count) else {
            return Ok(Share::Common);
        };
        match &self.reserved {
            Some(reserved) if self.is_quiet(bureau) && reserved.take(&(), count).is_ok() => {
                Ok(Share::Reserved)
            }
            _ => Err(exceeded),
        }
    }

    /// Gives back what was taken of a share.
    pub(super) fn give_back_share(&self, share: Share, count: NonZeroU32) {
        let quota = match share {
            Share::Unlimited => return,
            Share::Common => &self.common,
            Share::Reserved => &self.reserved,
        };
        if let Some(quota) = quota {
            quota.give_back(&(), count);
        }
    }

    fn is_quiet(&self, bureau: Option<Standing>) -> bool {
        let (Some(rate), Some(standing)) = (self.rates.bureau, bureau) else {
            return false;
        };
        u64::from(standing.remaining()) * 100 >= u64::from(rate.burst.get()) * QUIET_PERCENT
    }

    /// Whose address pays. What a proxy says counts if the operator trusts it: the last address in its header that is
    /// no trusted proxy's own. Nobody pays for a connection over loopback that names no other address: it is the
    /// operator's own, or that of a proxy on this machine, whose clients are not to be one address.
    pub(super) fn network(&self, peer: PeerAddress, headers: &HeaderMap) -> Option<Network> {
        let of_peer = || {
            let is_loopback = peer.get().ip().to_canonical().is_loopback();
            (!is_loopback).then(|| peer.network())
        };
        let is_trusted = |address: IpAddr| {
            let trusted = self.rates.trusted_proxies.iter();
            trusted
                .map(IpAddr::to_canonical)
                .any(|proxy| proxy == address.to_canonical())
        };
        if !is_trusted(peer.get().ip()) {
            return of_peer();
        }
        let fields = headers.get_all(FORWARDED).iter().rev();
        let named = fields.flat_map(|field| field.to_str().unwrap_or_default().rsplit(','));
        for text in named {
            match text.trim().parse::<IpAddr>() {
                Ok(address) if is_trusted(address) => {}
                Ok(address) => {
                    return Some(PeerAddress::new(SocketAddr::new(address, 0)).network());
                }
                // What stands before a word that is no address was written by anybody.
                Err(_) => break,
            }
        }
        of_peer()
    }
}

/// Of which part of what all share was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Share {
    Unlimited,
    Common,
    Reserved,
}

#[cfg(test)]
mod tests;
