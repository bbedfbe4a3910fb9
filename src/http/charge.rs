//! What a request's entries cost their bureaus, until it is known what became of them.

use super::account::Account;
use super::quotas::Share;
use crate::log::pool::{Outcome, Sequenced};
use axum::response::Response;
use evidence::BureauId;
use service::{Exceeded, Standing};
use std::collections::HashMap;
use std::num::NonZeroU32;
use tlog::LeafIndex;

/// What was taken for a request.
#[derive(Debug)]
pub struct Charge {
    account: Account,
    /// Who signed each entry, in their order.
    bureaus: Vec<BureauId>,
    /// How the bureau stands that has the least left.
    standing: Option<Standing>,
    share: Share,
}

impl Charge {
    /// The bureaus pay for their entries, one of `bureaus` for each, all or nothing.
    ///
    /// # Errors
    /// Which quota was exceeded; then nothing was taken.
    pub fn take(account: Account, bureaus: Vec<BureauId>) -> Result<Self, Exceeded> {
        let mut charge = Self {
            account,
            bureaus: Vec::new(),
            standing: None,
            share: Share::Unlimited,
        };
        for (bureau, count) in counted(&bureaus) {
            let Some(quota) = &charge.account.quotas().of_bureau else {
                break;
            };
            match quota.take(&bureau, count) {
                Ok(standing) => {
                    let least = charge.standing.get_or_insert(standing);
                    if standing.remaining() < least.remaining() {
                        *least = standing;
                    }
                    let count = usize::try_from(count.get()).unwrap_or_default();
                    charge.bureaus.extend(std::iter::repeat_n(bureau, count));
                }
                Err(exceeded) => {
                    charge.give_back();
                    return Err(exceeded);
                }
            }
        }
        if let Some(all) = number(bureaus.len()) {
            let quotas = charge.account.quotas();
            match quotas.take_share(all, charge.standing) {
                Ok(share) => charge.share = share,
                Err(exceeded) => {
                    charge.give_back();
                    return Err(exceeded);
                }
            }
        }
        charge.bureaus = bureaus;
        Ok(charge)
    }

    /// What was in the log already is paid by the address and not by the bureau: anybody can read an entry and send it
    /// again.
    pub(super) fn settle(&mut self, sequenced: &Sequenced) {
        let since = sequenced.growth.as_ref().map(|growth| growth.before());
        let is_old = |index: LeafIndex| since.is_none_or(|since| index.get() < since.get());
        let is_repeated =
            |outcome: &Outcome| matches!(outcome, Outcome::Logged { index, .. } if is_old(*index));
        let (repeated, new): (Vec<_>, Vec<_>) = std::mem::take(&mut self.bureaus)
            .into_iter()
            .zip(&sequenced.outcomes)
            .partition(|(_, outcome)| is_repeated(outcome));
        let bureaus = |entries: Vec<(BureauId, &Outcome)>| {
            entries.into_iter().map(|(bureau, _)| bureau).collect()
        };
        self.bureaus = bureaus(repeated);
        if let Some(count) = number(self.bureaus.len()) {
            self.give_back();
            self.account.repeated(count);
        }
        self.bureaus = bureaus(new);
    }

    /// Gives all of it back: the request failed through our own fault.
    pub(super) fn give_back(&mut self) {
        let quotas = self.account.quotas();
        if let Some(quota) = &quotas.of_bureau {
            for (bureau, count) in counted(&self.bureaus) {
                quota.give_back(&bureau, count);
            }
        }
        if let Some(all) = number(self.bureaus.len()) {
            quotas.give_back_share(self.share, all);
        }
        self.bureaus.clear();
    }

    /// Says on the answer how the bureau and the address stand. Answers to reads do not say it: they are kept by caches.
    pub(super) fn label(&self, answer: &mut Response) {
        for standing in self.standing.into_iter().chain(self.account.standing()) {
            for (name, value) in standing.headers() {
                answer.headers_mut().append(name, value);
            }
        }
    }
}

fn counted(bureaus: &[BureauId]) -> HashMap<BureauId, NonZeroU32> {
    let mut counted = HashMap::new();
    for bureau in bureaus {
        counted
            .entry(*bureau)
            .and_modify(|count: &mut NonZeroU32| *count = count.saturating_add(1))
            .or_insert(NonZeroU32::MIN);
    }
    counted
}

fn number(entries: usize) -> Option<NonZeroU32> {
    u32::try_from(entries).ok().and_then(NonZeroU32::new)
}
