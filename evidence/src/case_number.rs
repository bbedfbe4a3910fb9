//! Case numbers, as the bureau's VRF reads them.

use crate::BureauId;
use unicode_normalization::UnicodeNormalization as _;

/// The longest case number in bytes, as people write it.
pub const CASE_NUMBER_MAX: usize = 200;

/// A case number in the one form that makes handles: NFKC, without white space, all brackets written 〔〕.
///
/// ```
/// use evidence::CaseNumber;
/// let number = CaseNumber::new("苏市监案（2026）００４１７ 号")?;
/// assert_eq!(number.as_str(), "苏市监案〔2026〕00417号");
/// assert_eq!(number, CaseNumber::new("苏市监案【2026】00417号")?);
/// # Ok::<(), evidence::MalformedCaseNumber>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CaseNumber(String);

impl CaseNumber {
    /// Reads a case number as people write it.
    pub fn new(text: &str) -> Result<Self, MalformedCaseNumber> {
        if text.len() > CASE_NUMBER_MAX {
            return Err(MalformedCaseNumber);
        }
        let number: String = text
            .nfkc()
            .filter(|c| !c.is_whitespace())
            .map(|c| match c {
                _ if OPENING.contains(c) => '〔',
                _ if CLOSING.contains(c) => '〕',
                _ => c,
            })
            .collect();
        if number.is_empty() || number.chars().any(char::is_control) {
            Err(MalformedCaseNumber)
        } else {
            Ok(Self(number))
        }
    }

    /// The number in its one form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The input of the bureau's VRF: `bureau_id` || year (four ASCII digits) || number. `None`: a year of other than
    /// four digits.
    pub fn alpha(&self, bureau: &BureauId, year: u16) -> Option<Vec<u8>> {
        (1000..=9999).contains(&year).then(|| {
            let year = year.to_string();
            [
                bureau.as_bytes().as_slice(),
                year.as_bytes(),
                self.0.as_bytes(),
            ]
            .concat()
        })
    }
}

/// No case number: empty, too long, or with a control character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a case number has 1 to {CASE_NUMBER_MAX} bytes and no control characters")]
pub struct MalformedCaseNumber;

// After NFKC, so the full-width forms are ASCII by then.
const OPENING: &str = "([{<〈《「『【〔〖〘〚⟨⟪⟦";
const CLOSING: &str = ")]}>〉》」』】〕〗〙〛⟩⟫⟧";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_a_number_is_written_it_is_one_number() {
        for text in [
            "苏市监案〔2026〕00417号",
            "苏市监案﹝2026﹞00417号",
            "苏市监案(2026)00417号",
            "苏市监案［2026］00417号",
            " 苏市监案 [2026]\u{3000}00417 号\n",
            "苏市监案《２０２６》00417号",
        ] {
            assert_eq!(
                CaseNumber::new(text).unwrap().as_str(),
                "苏市监案〔2026〕00417号",
                "{text}"
            );
        }
        for bad in ["", " \u{3000}", "a\u{0}b", &"1".repeat(201)] {
            assert_eq!(CaseNumber::new(bad), Err(MalformedCaseNumber), "{bad}");
        }
    }

    #[test]
    fn alpha_names_bureau_year_and_number() {
        let bureau = BureauId::new(crate::KeyHash::new([7; 32]));
        let number = CaseNumber::new("1").unwrap();
        let alpha = number.alpha(&bureau, 2026).unwrap();
        assert_eq!(alpha, [&[7; 32][..], b"20261"].concat());
        assert_eq!(number.alpha(&bureau, 999), None);
    }
}
