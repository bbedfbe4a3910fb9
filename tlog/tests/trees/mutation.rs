//! Every way to spoil a proof a little.

use tlog::Hash;

/// Each spoilt copy of a proof, with a word for what was done: every hash with a bit flipped, dropped, doubled, every
/// two different ones swapped, and one appended or put in front.
pub fn spoilt(proof: &[Hash]) -> Vec<(&'static str, Vec<Hash>)> {
    let mut all = Vec::new();
    let mut add = |what, change: &dyn Fn(&mut Vec<Hash>)| {
        let mut copy = proof.to_vec();
        change(&mut copy);
        all.push((what, copy));
    };
    let stranger = Hash::of_leaf(b"of no tree");
    for i in 0..proof.len() {
        add("a bit flipped", &|p| p[i] = flip(&p[i], i));
        add("a hash dropped", &|p| {
            p.remove(i);
        });
        add("a hash doubled", &|p| p.insert(i, p[i]));
        add("all but a beginning dropped", &|p| p.truncate(i));
        for j in i + 1..proof.len() {
            if proof[i] != proof[j] {
                add("two hashes swapped", &|p| p.swap(i, j));
            }
        }
    }
    add("a hash appended", &|p| p.push(stranger));
    add("a hash in front", &|p| p.insert(0, stranger));
    add("the empty root appended", &|p| p.push(Hash::EMPTY_ROOT));
    all
}

/// The hash with one bit flipped; which one varies with the place, so that all bytes have their turn.
pub fn flip(hash: &Hash, place: usize) -> Hash {
    let mut bytes = *hash.as_bytes();
    bytes[place * 5 % 32] ^= 1 << (place % 8);
    Hash::new(bytes)
}
