//! Journeys through the town that read like its manual. Each lives in a town of its own.

mod accusation;
mod audit;
mod awaited;
mod backup;
mod bad_input;
mod conformance;
mod demo_story;
mod end;
mod flood;
mod folder;
mod gossip;
mod hostile;
mod keys;
mod load;
mod lying_witness;
mod operation;
mod operator;
mod policy_notice;
mod problems;
mod refusals;
mod restart;
mod resubmission;
mod secrets;
mod signed_list;
mod stop;
mod stranger;
mod submission;
mod tls;
mod witness;
mod witness_memory;
mod witnessed;

use libtest_mimic::Trial;
pub use witnessed::stored;

/// The trials.
pub fn trials() -> Vec<Trial> {
    [
        accusation::trials(),
        submission::trials(),
        witness::trials(),
        signed_list::trials(),
        witness_memory::trials(),
        gossip::trials(),
        conformance::trials(),
        witnessed::trials(),
        lying_witness::trials(),
        audit::trials(),
        awaited::trials(),
        demo_story::trials(),
        resubmission::trials(),
        backup::trials(),
        bad_input::trials(),
        keys::trials(),
        load::trials(),
        policy_notice::trials(),
        operation::trials(),
        problems::trials(),
        end::trials(),
        flood::trials(),
        folder::trials(),
        hostile::trials(),
        refusals::trials(),
        restart::trials(),
        secrets::trials(),
        stop::trials(),
        stranger::trials(),
        operator::trials(),
        tls::trials(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The trials that judge what all journeys met.
pub fn afterwards() -> Vec<Trial> {
    problems::afterwards()
}
