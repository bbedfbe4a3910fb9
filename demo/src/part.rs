//! The parts of the story, and what each needs before it.

/// A part of the story.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Part {
    /// A log opens in a fresh folder
    Log,
    /// Two administrators enrol a bureau
    Bureau,
    /// The bureau seals and submits its files; a citizen receives copies and proofs
    Submit,
    /// With the log switched off, the citizen checks the copies
    Verify,
    /// A copy with one changed byte is refused
    Change,
    /// The log starts again and has forgotten nothing
    Restart,
    /// Witnesses are lost and come back
    Witness,
}

impl Part {
    /// All parts, in the order of the story.
    pub const ALL: [Self; 7] = [
        Self::Log,
        Self::Bureau,
        Self::Submit,
        Self::Verify,
        Self::Change,
        Self::Restart,
        Self::Witness,
    ];

    /// The parts to tell: all, or `only` one with what it needs before it.
    pub fn plan(only: Option<Self>) -> Vec<Self> {
        let Some(only) = only else {
            return Self::ALL.to_vec();
        };
        // The others each stand on the submission alone.
        let base = [Self::Log, Self::Bureau, Self::Submit];
        let mut plan: Vec<Self> = base.into_iter().take_while(|part| *part != only).collect();
        plan.push(only);
        plan
    }

    /// The name by which `--only` and the events call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Bureau => "bureau",
            Self::Submit => "submit",
            Self::Verify => "verify",
            Self::Change => "change",
            Self::Restart => "restart",
            Self::Witness => "witness",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_part_brings_what_it_needs_and_no_more() {
        use Part::{Bureau, Change, Log, Submit, Verify, Witness};
        assert_eq!(Part::plan(None), Part::ALL);
        assert_eq!(Part::plan(Some(Log)), [Log]);
        assert_eq!(Part::plan(Some(Submit)), [Log, Bureau, Submit]);
        assert_eq!(Part::plan(Some(Change)), [Log, Bureau, Submit, Change]);
        assert_eq!(Part::plan(Some(Verify)), [Log, Bureau, Submit, Verify]);
        assert_eq!(Part::plan(Some(Witness)), [Log, Bureau, Submit, Witness]);
    }
}
