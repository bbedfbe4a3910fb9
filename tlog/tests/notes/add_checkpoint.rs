//! Requests to a witness: each fault of form by name, and what is no fault of form.

use crate::keys::{TOWN, checkpoint, log};
use tlog::{
    ADD_CHECKPOINT_BYTES_MAX, AddCheckpoint, Hash, MalformedAddCheckpoint, MalformedCheckpoint,
    MalformedLine, MalformedNote, Note, PROOF_LINES_MAX, SignatureLine, TreeSize,
};

fn note() -> Note {
    log(TOWN).note(&checkpoint(), &[])
}

fn request(hashes: usize) -> AddCheckpoint {
    let old = TreeSize::new(5).unwrap();
    AddCheckpoint::new(old, vec![Hash::EMPTY_ROOT; hashes], note()).unwrap()
}

fn parse(text: &str) -> Result<AddCheckpoint, MalformedAddCheckpoint> {
    AddCheckpoint::parse(text.as_bytes())
}

#[test]
fn a_request_is_read_as_it_is_written() {
    for hashes in [0, 1, PROOF_LINES_MAX] {
        let request = request(hashes);
        assert_eq!(parse(&request.to_string()), Ok(request));
    }
}

#[test]
fn the_old_size_has_one_spelling() {
    let good = request(0).to_string();
    for line in [
        "old 05",
        "old +5",
        "old -5",
        "old 5 x",
        "old 5 ",
        "old  5",
        " old 5",
        "old\t5",
        "Old 5",
        "old 5\r",
        "old",
        "old ",
        "5",
        "",
        "old 0x5",
        "old 5.0",
        "old 9223372036854775808",
        "old 18446744073709551616",
    ] {
        let spoilt = good.replacen("old 5", line, 1);
        assert_eq!(
            parse(&spoilt),
            Err(MalformedAddCheckpoint::OldSize),
            "{line:?}"
        );
    }
    let largest = good.replacen("old 5", "old 9223372036854775807", 1);
    assert_eq!(parse(&largest).unwrap().old(), TreeSize::MAX);
}

#[test]
fn what_only_a_witness_can_judge_is_no_fault_of_form() {
    // An old size above the checkpoint's, and a proof from size 0.
    let old = TreeSize::new(checkpoint().size().get() + 1).unwrap();
    for (old, hashes) in [(old, 0), (TreeSize::ZERO, 2)] {
        let request = AddCheckpoint::new(old, vec![Hash::EMPTY_ROOT; hashes], note()).unwrap();
        assert_eq!(parse(&request.to_string()), Ok(request));
    }
}

#[test]
fn sixty_three_hashes_are_read_and_one_more_is_refused() {
    let over = vec![Hash::EMPTY_ROOT; PROOF_LINES_MAX + 1];
    assert_eq!(
        AddCheckpoint::new(TreeSize::ZERO, over, note()),
        Err(MalformedAddCheckpoint::TooManyHashes)
    );
    let full = request(PROOF_LINES_MAX).to_string();
    let over = full.replacen('\n', &format!("\n{}\n", Hash::EMPTY_ROOT), 1);
    assert_eq!(parse(&over), Err(MalformedAddCheckpoint::TooManyHashes));
}

#[test]
fn a_hash_has_one_spelling() {
    let good = request(1).to_string();
    let hash = Hash::EMPTY_ROOT.to_base64();
    for line in [
        &hash[..43],
        &hash[..40],
        &format!("{hash} "),
        &format!(" {hash}"),
        &format!("{hash}\r"),
        &format!("{hash}AAAA"),
        &hash.replace('+', "-").replace('/', "_"),
        // The same bytes with other unused bits.
        &format!("{}V=", &hash[..42]),
    ] {
        assert_ne!(line, hash);
        let spoilt = good.replacen(&hash, line, 1);
        assert_eq!(
            parse(&spoilt),
            Err(MalformedAddCheckpoint::Hash),
            "{line:?}"
        );
    }
}

#[test]
fn a_request_cut_anywhere_is_refused() {
    let good = request(2).to_string();
    let note = good.len() - note().to_string().len();
    for cut in (0..good.len()).filter(|&cut| good.is_char_boundary(cut)) {
        // A cut between two signature lines leaves a whole note.
        let whole = cut > note && good[..cut].ends_with('\n') && !good[..cut].ends_with("\n\n");
        assert_eq!(
            parse(&good[..cut]).is_ok(),
            whole && good[note..cut].contains("\n\n"),
            "{cut}"
        );
    }
}

#[test]
fn each_fault_has_its_name() {
    let good = request(1).to_string();
    let tail = |text: &str| format!("{good}{text}");
    let note_fault = |fault| Err(MalformedAddCheckpoint::Note(fault));
    assert_eq!(
        AddCheckpoint::parse(b"old 5\n\n\xff"),
        Err(MalformedAddCheckpoint::NotUtf8)
    );
    assert_eq!(parse("old 5\n"), Err(MalformedAddCheckpoint::NoEmptyLine));
    assert_eq!(parse("old 5\n\n"), note_fault(MalformedNote::NoBlankLine));
    assert_eq!(
        parse(&good.replacen("\n\n", "\n\n\n", 1)),
        Err(MalformedAddCheckpoint::Checkpoint(
            MalformedCheckpoint::EmptyLine
        ))
    );
    assert_eq!(parse(&tail("x")), note_fault(MalformedNote::NoFinalNewline));
    assert_eq!(
        parse(&tail("x\n")),
        note_fault(MalformedNote::SignatureLine(MalformedLine::Dash))
    );
    assert_eq!(
        parse(&good.replace('\n', "\r\n")),
        Err(MalformedAddCheckpoint::NoEmptyLine)
    );
    let size = format!("\n{}\n", checkpoint().size());
    let spoilt = good.replacen(&size, &size.replacen('\n', "\n0", 1), 1);
    assert_eq!(
        parse(&spoilt),
        Err(MalformedAddCheckpoint::Checkpoint(
            MalformedCheckpoint::Size
        ))
    );
}

#[test]
fn a_request_larger_than_its_limit_is_refused_before_it_is_read() {
    let line = |len| {
        let name = log(TOWN).ed25519.vkey.name().clone();
        SignatureLine::new(name, log(TOWN).ed25519.vkey.id(), vec![7; len]).unwrap()
    };
    let sized = |len| {
        let note = note().with_line(line(len)).unwrap();
        AddCheckpoint::new(TreeSize::ZERO, Vec::new(), note)
            .unwrap()
            .to_string()
    };
    let spare = ADD_CHECKPOINT_BYTES_MAX - sized(1).len();
    let (fits, over) = (sized(spare / 4 * 3), sized(spare / 4 * 3 + 12));
    assert!(fits.len() <= ADD_CHECKPOINT_BYTES_MAX && over.len() > ADD_CHECKPOINT_BYTES_MAX);
    assert!(parse(&fits).is_ok());
    assert_eq!(parse(&over), Err(MalformedAddCheckpoint::TooLarge));
}
