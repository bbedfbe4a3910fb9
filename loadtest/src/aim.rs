//! What a log should reach on two cores, and whether it does.

use std::fmt;

/// A figure that is aimed at: the floor must be met, the goal is for a profile to say why not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Aim {
    /// What is measured.
    pub what: &'static str,
    /// Its unit, with a space before it, or nothing.
    pub unit: &'static str,
    /// What must be met.
    pub floor: f64,
    /// What is hoped for.
    pub goal: f64,
}

impl Aim {
    /// How a figure stands to it. Whether more or less is better shows in which of floor and goal is larger.
    pub fn judge(&self, figure: f64) -> Standing {
        let reaches = |mark: f64| {
            if self.goal > self.floor {
                figure >= mark
            } else {
                figure <= mark
            }
        };
        if reaches(self.goal) {
            Standing::Goal
        } else if reaches(self.floor) {
            Standing::Floor
        } else {
            Standing::Below
        }
    }
}

/// How a figure stands to its aim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The goal is reached.
    Goal,
    /// The floor is reached.
    Floor,
    /// Neither is.
    Below,
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Goal => "goal",
            Self::Floor => "floor",
            Self::Below => "**no**",
        })
    }
}

/// A figure with its aim: a row of the table.
#[derive(Clone, Debug)]
pub struct Row {
    /// What is aimed at.
    pub aim: Aim,
    /// What came out; why there is no figure, if there is none.
    pub figure: Result<f64, String>,
}

/// The heads of the columns of rows.
pub const HEAD: &str = "| what | figure | floor | goal | reached |\n|---|---|---|---|---|";

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Aim {
            what,
            unit,
            floor,
            goal,
        } = self.aim;
        let (figure, reached) = match &self.figure {
            Ok(figure) => (number(*figure), self.aim.judge(*figure).to_string()),
            Err(why) => ("–".to_owned(), format!("not reported: {why}")),
        };
        let (floor, goal) = (number(floor), number(goal));
        write!(
            f,
            "| {what} | {figure}{unit} | {floor}{unit} | {goal}{unit} | {reached} |"
        )
    }
}

/// Three digits at least, and none that mean nothing: `12345`, `36.2`, `0.31`.
fn number(figure: f64) -> String {
    match figure.abs() {
        1_000.0.. => format!("{figure:.0}"),
        10.0.. => format!("{figure:.1}").trim_end_matches(".0").to_owned(),
        _ => {
            let digits = format!("{figure:.2}");
            digits
                .trim_end_matches('0')
                .trim_end_matches('.')
                .to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Aim = Aim {
        what: "single",
        unit: "/s",
        floor: 13_000.0,
        goal: 18_000.0,
    };
    const LATENCY: Aim = Aim {
        what: "p99",
        unit: " ms",
        floor: 60.0,
        goal: 28.0,
    };

    #[test]
    fn of_a_rate_more_is_better_and_of_a_latency_less() {
        assert_eq!(RATE.judge(18_000.0), Standing::Goal);
        assert_eq!(RATE.judge(17_999.0), Standing::Floor);
        assert_eq!(RATE.judge(12_999.0), Standing::Below);
        assert_eq!(LATENCY.judge(28.0), Standing::Goal);
        assert_eq!(LATENCY.judge(60.0), Standing::Floor);
        assert_eq!(LATENCY.judge(60.1), Standing::Below);
    }

    #[test]
    fn a_row_reads_like_this() {
        let row = |aim, figure| Row { aim, figure }.to_string();
        assert_eq!(
            row(RATE, Ok(14_321.4)),
            "| single | 14321/s | 13000/s | 18000/s | floor |"
        );
        assert_eq!(
            row(LATENCY, Ok(61.25)),
            "| p99 | 61.2 ms | 60 ms | 28 ms | **no** |"
        );
        let refused = row(RATE, Err("0.4 % errors".to_owned()));
        assert!(
            refused.ends_with("| not reported: 0.4 % errors |"),
            "{refused}"
        );
        assert_eq!(number(0.307), "0.31");
        assert_eq!(number(1.0), "1");
    }
}
