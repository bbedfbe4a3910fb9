//! The members of a JSON object, taken by name until none is left.

use crate::MalformedNotice;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// What is not taken when all is read is unknown, and refused.
pub(crate) struct Members(Map<String, Value>);

impl Members {
    pub(crate) fn of(value: Value) -> Option<Self> {
        match value {
            Value::Object(members) => Some(Self(members)),
            _ => None,
        }
    }

    /// Takes this member, which must be there (`null` where there may be none).
    pub(crate) fn take<T: DeserializeOwned>(
        &mut self,
        name: &'static str,
    ) -> Result<T, MalformedNotice> {
        let value = self.0.remove(name).ok_or(MalformedNotice::Member(name))?;
        serde_json::from_value(value).map_err(|_| MalformedNotice::Member(name))
    }

    /// Takes this member, a text that the parser accepts.
    pub(crate) fn take_text<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(String) -> Option<T>,
    ) -> Result<T, MalformedNotice> {
        parse(self.take(name)?).ok_or(MalformedNotice::Member(name))
    }

    /// Refuses what was not taken.
    pub(crate) fn end(self) -> Result<(), MalformedNotice> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(MalformedNotice::UnknownMember)
        }
    }
}
