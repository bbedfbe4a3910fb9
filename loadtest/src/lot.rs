//! Drawing lots: which answers are kept, and which entry is asked for. The log cannot foresee it: the seed is random.

/// One answer of so many is kept and verified.
pub const SAMPLED_OF: u64 = 100;

/// A drawer of lots.
#[derive(Debug)]
pub struct Lot {
    state: u64,
    /// The next one is kept whatever is drawn, so that a short run verifies something.
    surely: bool,
}

impl Lot {
    /// One whose first draw is kept, if `surely`.
    pub fn new(surely: bool) -> Self {
        let mut seed = [0; 8];
        getrandom::fill(&mut seed).expect("the system gives random bytes");
        Self {
            state: u64::from_ne_bytes(seed) | 1,
            surely,
        }
    }

    /// Whether this answer is kept: one of [`SAMPLED_OF`].
    pub fn draw(&mut self) -> bool {
        let drawn = self.next().is_multiple_of(SAMPLED_OF);
        std::mem::take(&mut self.surely) || drawn
    }

    /// A number below `end`, which is at least 1.
    pub fn below(&mut self, end: u64) -> u64 {
        // The high half of the product: as even as a remainder, and no division.
        let product = u128::from(self.next()) * u128::from(end);
        u64::try_from(product >> 64).expect("a number of 64 bits times another has 128")
    }

    fn next(&mut self) -> u64 {
        // xorshift64: a lot for each request must cost nothing.
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn about_one_answer_in_a_hundred_is_drawn() {
        let mut lot = Lot::new(false);
        let drawn = (0..100_000).filter(|_| lot.draw()).count();
        assert!((700..1_300).contains(&drawn), "{drawn}");
    }

    #[test]
    fn the_first_answer_of_a_run_is_drawn() {
        assert!(Lot::new(true).draw());
    }

    #[test]
    fn every_number_below_the_end_is_drawn_and_none_beyond() {
        let mut lot = Lot::new(false);
        let mut drawn = [0; 7];
        for _ in 0..7_000 {
            let number = usize::try_from(lot.below(7)).expect("it is below 7");
            drawn[number] += 1;
        }
        assert!(
            drawn.iter().all(|times| (700..1_300).contains(times)),
            "{drawn:?}"
        );
    }
}
