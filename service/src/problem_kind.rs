//! Kinds of problems: what stays the same at every occurrence, so that a page can list them all.

use std::fmt;

use axum::http::StatusCode;

use crate::Problem;

/// One kind of problem: its stable name, status, sentence and remedy.
pub struct ProblemKind {
    /// The last part of its `type`: `/docs/problems#slug`. It never changes.
    pub slug: &'static str,
    /// The HTTP status.
    pub status: StatusCode,
    /// What is wrong, in one sentence.
    pub title: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

impl ProblemKind {
    /// An occurrence of it.
    pub fn problem(&self) -> Problem {
        Problem::new(self.status, self.slug, self.title).remedy(self.remedy)
    }
}

impl fmt::Debug for ProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.slug)
    }
}

/// Declares kinds of problems as constants, and `ALL` of them in their order. Whoever uses it stands on `axum`.
///
/// ```text
/// service::problem_kinds! {
///     SLOT_TAKEN = "slot-taken", CONFLICT, "The slot is taken.", "Take the next one.";
/// }
/// ```
#[macro_export]
macro_rules! problem_kinds {
    ($($name:ident = $slug:literal, $status:ident, $title:literal, $remedy:literal;)*) => {
        $(#[doc = $title]
        pub const $name: $crate::ProblemKind = $crate::ProblemKind {
            slug: $slug,
            status: ::axum::http::StatusCode::$status,
            title: $title,
            remedy: $remedy,
        };)*
        /// All of them, in the order of their declaration.
        pub const ALL: &[&$crate::ProblemKind] = &[$(&$name),*];
    };
}
