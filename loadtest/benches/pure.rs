//! The pure parts of an entry's and a proof's way, one by one: `cargo bench -p notarylog-loadtest`.

use criterion::{BatchSize, Criterion, Throughput};
use evidence::{Commitment, Entry, Kind, OriginHash, Slot, Tag, UnsignedEntry};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::EncodePublicKey as _;
use service::{AwsLc, P256Verifier};
use std::hint::black_box;
use tlog::{
    Checkpoint, Frontier, Growth, Hash, LeafIndex, Note, Origin, PureRust, TreeSize,
    verify_inclusion,
};

/// Entries of a batch, as the log has them under load.
const BATCH: u64 = 256;

/// A tree that most of the figures are about: 2^20 entries.
const LARGE: u64 = 1 << 20;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    entries(&mut criterion);
    trees(&mut criterion);
    notes(&mut criterion);
    criterion.final_summary();
}

fn entries(criterion: &mut Criterion) {
    let key = SigningKey::from_slice(&[7; 32]).expect("a scalar below n");
    let public = p256::PublicKey::from(key.verifying_key());
    let spki = public
        .to_public_key_der()
        .expect("a public key has a DER form");
    let origin = OriginHash::of("log.example/bench");
    let unsigned = UnsignedEntry {
        kind: Kind::Record,
        key_id: evidence::KeyHash::of_spki(spki.as_bytes()),
        tag: Tag::new([1; 32]),
        commitment: Commitment::new([2; 32]),
    };
    let message = unsigned.signed_message(&origin);
    let signature: Signature = key.sign(&message);
    let entry = unsigned
        .with_signature(signature.to_bytes().into())
        .expect("a signature");
    let bytes = entry.to_bytes();
    let bureau = evidence::BureauId::new(*entry.key_id());

    let mut group = criterion.benchmark_group("entry");
    group.bench_function("parse", |b| {
        b.iter(|| Entry::parse_submitted(black_box(&bytes)));
    });
    group.bench_function("leaf hash", |b| b.iter(|| Hash::of_leaf(black_box(&bytes))));
    group.bench_function("slot", |b| {
        b.iter(|| Slot::of(&bureau, black_box(entry.tag())));
    });
    let verifier = P256Verifier::from_spki(spki.as_bytes()).expect("the key parses");
    group.bench_function("verify by aws-lc-rs", |b| {
        b.iter(|| verifier.verify(black_box(&message), entry.signature()));
    });
    group.bench_function("verify in pure Rust", |b| {
        b.iter(|| entry.verify(&origin, spki.as_bytes(), &PureRust));
    });
    group.bench_function("verify by aws-lc-rs, key parsed anew", |b| {
        b.iter(|| entry.verify(&origin, spki.as_bytes(), &AwsLc));
    });
    group.finish();
}

fn trees(criterion: &mut Criterion) {
    let mut frontier = Frontier::empty();
    (0..LARGE).for_each(|number| frontier.append(leaf(number)));
    let leaves: Vec<Hash> = (LARGE..LARGE + BATCH).map(leaf).collect();
    let mut group = criterion.benchmark_group("tree of 2^20");
    group.throughput(Throughput::Elements(BATCH));
    group.bench_function("grow by 256 leaves", |b| {
        b.iter_batched(
            || leaves.clone(),
            |leaves| Growth::new(black_box(&frontier), leaves),
            BatchSize::SmallInput,
        );
    });
    let growth = Growth::new(&frontier, leaves);
    group.bench_function("256 inclusion proofs from a batch", |b| {
        b.iter(|| {
            (LARGE..LARGE + BATCH).for_each(|index| {
                let _proof = black_box(growth.inclusion_proof(LeafIndex::new(index)));
            });
        });
    });
    group.throughput(Throughput::Elements(1));
    let index = LeafIndex::new(LARGE + 77);
    let proof = growth.inclusion_proof(index).expect("it lies in the batch");
    let (size, root) = (growth.after(), growth.root());
    group.bench_function("verify an inclusion proof", |b| {
        b.iter(|| verify_inclusion(&leaf(LARGE + 77), index, size, &root, black_box(&proof)));
    });
    group.finish();
}

fn notes(criterion: &mut Criterion) {
    let origin = Origin::new("log.example/bench").expect("an origin");
    let size = TreeSize::new(LARGE).expect("a size");
    let text = Checkpoint::new(&origin, size, leaf(0)).text();
    let line = "\u{2014} log.example/bench ".to_owned() + &"A".repeat(92) + "\n";
    let note = format!("{text}\n{line}");
    criterion.bench_function("note of one line, parsed", |b| {
        b.iter(|| Note::parse(black_box(note.as_bytes())));
    });
}

fn leaf(number: u64) -> Hash {
    Hash::of_leaf(&number.to_be_bytes())
}
