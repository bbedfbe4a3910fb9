//! The options of the log's quotas.

use super::Failure;
use crate::http::quotas::{QuotaRates, Quotas};
use crate::http::submit::ENTRIES_MAX;
use service::{Config, Opt, Rate};
use std::num::NonZeroU32;

/// About what two cores log (docs/performance.md): a log of one bureau must not refuse what it could take. Where several
/// bureaus share a log, its operator lowers this to the part that one of them may have.
pub(super) const RATE_PER_BUREAU: Opt = Opt::value(
    "rate-per-bureau",
    "NUMBER",
    "New entries of one bureau, a second, for ever; 0 sets no limit",
)
.or("20000");

/// Ten seconds' worth: a day's work that waited for the network.
pub(super) const BURST_PER_BUREAU: Opt = Opt::value(
    "burst-per-bureau",
    "NUMBER",
    "New entries of one bureau at once, after a pause",
)
.or("204800");

/// A mirror that reads everything takes less: a thousand bundles are a quarter of a million entries.
pub(super) const RATE_PER_ADDRESS: Opt = Opt::value(
    "rate-per-address",
    "NUMBER",
    "Requests of one address other than loopback, a second, for ever; entries that are refused or known already count too; 0 sets no limit",
)
.or("1000");

/// Ten seconds' worth: all clients of a province behind one address, when they wake up together.
pub(super) const BURST_PER_ADDRESS: Opt = Opt::value(
    "burst-per-address",
    "NUMBER",
    "Requests of one address at once, after a pause",
)
.or("10000");

/// Twice what one bureau may have by default, so that a second one is served beside it.
pub(super) const RATE_OF_ALL: Opt = Opt::value(
    "rate-of-all",
    "NUMBER",
    "New entries of all bureaus together, a second, for ever; 0 sets no limit",
)
.or("40000");

/// As much beyond a bureau's burst as is reserved for the others.
pub(super) const BURST_OF_ALL: Opt = Opt::value(
    "burst-of-all",
    "NUMBER",
    "New entries of all bureaus together at once, after a pause",
)
.or("409600");

pub(super) const RESERVED_PERCENT: Opt = Opt::value(
    "reserved-percent",
    "NUMBER",
    "The part of what all may send that is kept for bureaus that sent little lately",
)
.or("20");

pub(super) const TRUSTED_PROXY: Opt = Opt::list(
    "trusted-proxy",
    "ADDRESS",
    "A proxy whose X-Forwarded-For names the address that pays; without it, a proxy's clients are one address",
);

/// The quotas that the operator set.
pub(super) fn quotas(config: &Config) -> Result<Quotas, Failure> {
    let (all, reserved) = shares(config)?;
    let rates = QuotaRates {
        address: rate(config, &RATE_PER_ADDRESS, &BURST_PER_ADDRESS, 1)?,
        bureau: rate(config, &RATE_PER_BUREAU, &BURST_PER_BUREAU, ENTRIES_MAX)?,
        all,
        reserved,
        trusted_proxies: config.list(TRUSTED_PROXY.name()).map_err(Failure::usage)?,
    };
    Ok(Quotas::new(rates))
}

/// What all may send, and of it what is kept for the quiet.
fn shares(config: &Config) -> Result<(Option<Rate>, Option<Rate>), Failure> {
    let Some(whole) = rate(config, &RATE_OF_ALL, &BURST_OF_ALL, ENTRIES_MAX)? else {
        return Ok((None, None));
    };
    let percent: u32 = config
        .get(RESERVED_PERCENT.name())
        .map_err(Failure::usage)?;
    let refuse = |why: &str| Failure::usage(config.refuse(RESERVED_PERCENT.name(), why));
    if percent > 90 {
        return Err(refuse("it is a number from 0 to 90"));
    }
    let part = |of: NonZeroU32, percent: u32| {
        let part = u64::from(of.get()) * u64::from(percent) / 100;
        NonZeroU32::new(u32::try_from(part).unwrap_or(u32::MAX)).unwrap_or(NonZeroU32::MIN)
    };
    let share = |percent: u32| Rate {
        per_second: part(whole.per_second, percent),
        burst: part(whole.burst, percent),
    };
    if percent == 0 {
        return Ok((Some(whole), None));
    }
    let (common, reserved) = (share(100 - percent), share(percent));
    if !holds_a_request(common.burst, ENTRIES_MAX) || !holds_a_request(reserved.burst, ENTRIES_MAX)
    {
        return Err(refuse(
            "both parts of burst-of-all must hold a request of 1,024 entries",
        ));
    }
    Ok((Some(common), Some(reserved)))
}

/// A rate and its burst, which holds at least one request of `least`; none if the rate is 0.
fn rate(config: &Config, rate: &Opt, burst: &Opt, least: usize) -> Result<Option<Rate>, Failure> {
    let per_second: u32 = config.get(rate.name()).map_err(Failure::usage)?;
    let Some(per_second) = NonZeroU32::new(per_second) else {
        return Ok(None);
    };
    let at_once: NonZeroU32 = config.get(burst.name()).map_err(Failure::usage)?;
    if !holds_a_request(at_once, least) {
        let why = format!("it must be at least {least}, which is one request");
        return Err(Failure::usage(config.refuse(burst.name(), why)));
    }
    Ok(Some(Rate {
        per_second,
        burst: at_once,
    }))
}

fn holds_a_request(burst: NonZeroU32, least: usize) -> bool {
    usize::try_from(burst.get()).is_ok_and(|burst| burst >= least)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on must panic")]

    use super::{quotas, rate, shares};
    use crate::program::config::OPTIONS;
    use service::Config;

    fn config(set: &[(&str, &str)]) -> Config {
        let flag = |name: &str| {
            let found = set.iter().find(|(option, _)| *option == name)?;
            Some(vec![found.1.to_owned()])
        };
        OPTIONS.put_together(None, |_| None, flag).unwrap()
    }

    #[test]
    fn by_default_a_bureaus_backlog_passes_and_a_flood_does_not_take_what_all_may_send() {
        let config = config(&[]);
        let (common, reserved) = shares(&config).unwrap();
        let (common, reserved) = (common.unwrap(), reserved.unwrap());
        assert_eq!(common.per_second.get() + reserved.per_second.get(), 40_000);
        let bureau = rate(
            &config,
            &super::RATE_PER_BUREAU,
            &super::BURST_PER_BUREAU,
            1_024,
        );
        let bureau = bureau.unwrap().unwrap();
        assert!(bureau.per_second < common.per_second);
        assert!(bureau.burst < common.burst);
        assert!(quotas(&config).is_ok());
    }

    #[test]
    fn a_rate_of_zero_sets_no_limit() {
        let (all, reserved) = shares(&config(&[("rate-of-all", "0")])).unwrap();
        assert!(all.is_none() && reserved.is_none());
        let (all, reserved) = shares(&config(&[("reserved-percent", "0")])).unwrap();
        assert!(all.is_some() && reserved.is_none());
    }

    #[test]
    fn a_quota_that_could_never_let_a_whole_request_pass_is_refused_by_its_name() {
        for (name, value) in [
            ("burst-per-bureau", "1023"),
            ("burst-per-address", "0"),
            ("burst-of-all", "1000"),
            ("burst-of-all", "4000"),
            ("reserved-percent", "91"),
            ("rate-per-bureau", "-1"),
            ("trusted-proxy", "proxy.example"),
        ] {
            let refusal = quotas(&config(&[(name, value)])).unwrap_err();
            let about = if value == "4000" {
                "reserved-percent"
            } else {
                name
            };
            assert!(refusal.to_string().contains(about), "{refusal}");
        }
    }
}
