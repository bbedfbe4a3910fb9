//! The JSON Schemas (draft 2020-12) of the documents, derived from the types that read them.

use crate::AuditSpan;
use crate::case_file::WireCase;
use crate::evidence_file::WireEvidence;
use crate::notice_schema::notice_schema;
use crate::record::WireRecord;
use schemars::JsonSchema;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::Value;

/// Each schema and the name of its file in `schemas/`.
pub fn schemas() -> Vec<(&'static str, Value)> {
    vec![
        (
            "evidence-record.schema.json",
            of::<WireRecord>("A record of one finished file: a private document"),
        ),
        (
            "evidence-file.schema.json",
            of::<WireEvidence>("FILE.evidence: all that a sealed file needs to be verified"),
        ),
        (
            "case.schema.json",
            of::<WireCase>("case.json: what a bureau's gateway keeps of a case"),
        ),
        ("notice.schema.json", notice_schema(generator())),
        (
            "audit-span.schema.json",
            of::<AuditSpan>("The detail of an operator notice with the event audit or ended"),
        ),
    ]
}

fn of<T: JsonSchema>(title: &str) -> Value {
    let mut schema = generator().into_root_schema_for::<T>();
    schema.insert("title".to_owned(), title.into());
    schema.to_value()
}

/// As the documents are written: members that may be null are there nevertheless.
fn generator() -> SchemaGenerator {
    SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator()
}
