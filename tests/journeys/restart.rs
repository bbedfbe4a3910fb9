//! Restarts and growth: heads only move forward, and everything that the log serves follows from its entries.

use crate::reader::{Reader, hash, hashes, number};
use crate::submitter::{Submitter, bytes, post};
use demo::town::Town;
use libtest_mimic::{Failed, Trial};
use tlog::{Hash, LeafIndex, TreeSize, verify_consistency, verify_inclusion};

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test(
            "size_and_time_of_the_served_head_never_go_back_over_restarts",
            monotone,
        ),
        Trial::test(
            "tiles_and_proofs_of_a_log_over_several_tiles_lead_to_its_checkpoint",
            everything_follows,
        ),
    ]
}

/// Size and time of the newest head, which `/checkpoint` and get-sth must agree on.
fn head(town: &Town) -> Result<(u64, u64, Hash), Failed> {
    let sth = town.get("/ct/v1/get-sth")?.json();
    Ok((
        number(&sth, "tree_size")?,
        number(&sth, "timestamp")?,
        hash(&sth, "sha256_root_hash")?,
    ))
}

fn monotone() -> Result<(), Failed> {
    let mut town = Town::found(None)?;
    town.open_log()?;
    let bureau = Submitter::of(&town.enrol("bureau", "Bureau")?)?;
    let mut last = head(&town)?;
    for round in 0..6 {
        let answer = post(
            town.url(),
            &bureau.entry(bytes("tag", round), bytes("commitment", round)),
        )?;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let grown = head(&town)?;
        assert_eq!(grown.0, last.0 + 1);
        assert!(
            grown.1 > last.1,
            "each head is later than the one before (RFC 6962 §3.5)"
        );
        let is_killed = round % 2 == 0;
        if is_killed {
            town.kill_log();
        } else {
            town.close_log()?;
        }
        town.open_log()?;
        let reopened = head(&town)?;
        let reader = Reader::read(&town)?;
        // At a stop the log writes an entry into its own diary.
        assert_eq!(reopened.0, grown.0 + u64::from(!is_killed));
        assert_eq!(
            reader.root(TreeSize::new(grown.0)?),
            Some(&grown.2),
            "the same tree after a restart"
        );
        assert!(reopened.1 >= grown.1, "the time of the head went back");
        last = reopened;
    }
    Ok(())
}

fn everything_follows() -> Result<(), Failed> {
    let mut town = Town::found(None)?;
    town.open_log()?;
    let bureau = Submitter::of(&town.enrol("bureau", "Bureau")?)?;
    let entry = |n| bureau.entry(bytes("tag", n), bytes("commitment", n));
    // Two full tiles and a part of a third, in batches of all sizes up to the largest that crosses a tile's end.
    let mut next = 0;
    for batch in [1, 7, 250, 1, 300, 60] {
        let body: Vec<u8> = (next..next + batch).flat_map(entry).collect();
        let answer = post(town.url(), &body)?;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let reader = Reader::read(&town)?;
        let document = answer.json();
        for result in document["results"].as_array().ok_or("no results")? {
            crate::receipt::check(&reader, &document, result)?;
        }
        next += batch;
    }
    everything_leads_to_the_checkpoint(&town)?;
    // What was rendered from rows and what is read from stored tiles are the same bytes.
    town.close_log()?;
    town.open_log()?;
    everything_leads_to_the_checkpoint(&town)
}

fn everything_leads_to_the_checkpoint(town: &Town) -> Result<(), Failed> {
    let reader = Reader::read(town)?;
    let size = reader.size.get();
    assert!(size > 512);
    assert!(
        reader.check_tiles(town)? >= 4,
        "two full tiles, a partial one and one above"
    );
    for index in (0..size).step_by(37).chain([255, 256, 511, 512, size - 1]) {
        for covered in [index + 1, size] {
            let proof = town
                .get(&format!(
                    "/v1/proofs/inclusion?index={index}&size={covered}"
                ))?
                .json();
            let covered = TreeSize::new(covered)?;
            let index = LeafIndex::new(index);
            let leaf = Hash::of_leaf(reader.entry(index).ok_or("no such entry")?);
            let root = reader.root(covered).ok_or("no such size")?;
            assert_eq!(&hash(&proof, "root")?, root);
            verify_inclusion(&leaf, index, covered, root, &hashes(&proof, "proof")?)?;
        }
    }
    for old in (1..size).step_by(61).chain([256, 512, size]) {
        let proof = town
            .get(&format!("/v1/proofs/consistency?old={old}&new={size}"))?
            .json();
        let old = TreeSize::new(old)?;
        let (old_root, root) = (
            reader.root(old).ok_or("no such size")?,
            reader.root(reader.size).ok_or("no such size")?,
        );
        verify_consistency(old, reader.size, old_root, root, &hashes(&proof, "proof")?)?;
    }
    for index in [0, 255, 256, size - 1] {
        let receipt =
            tlog::Receipt::parse(&town.get(&format!("/v1/receipts/{index}?newest=1"))?.body)?;
        let signed = reader.accept(receipt.note().to_string().as_bytes())?;
        let leaf = Hash::of_leaf(reader.entry(LeafIndex::new(index)).ok_or("no such entry")?);
        let (covered, root) = (signed.checkpoint().size(), signed.checkpoint().root());
        verify_inclusion(
            &leaf,
            LeafIndex::new(index),
            covered,
            &root,
            receipt.proof(),
        )?;
    }
    Ok(())
}
