//! The JSON Schema of notices: one envelope, and for each type its body.

use crate::admin_signature::{ADMINS_NEEDED, WireSignature};
use crate::notice_body::{
    Calendar, Catalogue, KeyEnrol, KeyRevoke, KeyRotate, NoticeType, Operator, PolicyText,
    WireGenesis,
};
use crate::{Commitment, JSON_INTEGER_MAX, UtcDate};
use schemars::{Schema, SchemaGenerator};
use serde_json::{Value, json};

pub(crate) fn notice_schema(mut generator: SchemaGenerator) -> Value {
    let alternatives: Vec<Value> = NoticeType::ALL
        .iter()
        .map(|&notice_type| alternative(notice_type, &mut generator))
        .collect();
    let signature = generator.subschema_for::<WireSignature>();
    let commitment = generator.subschema_for::<Commitment>();
    let date = generator.subschema_for::<UtcDate>();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A notice: how the log governs itself in the open. Canonical JSON (RFC 8785)",
        "type": "object",
        "additionalProperties": false,
        "required": ["admins", "body", "effective", "prev", "seq", "type", "v"],
        "properties": {
            "admins": {
                "description": "Two of three, ascending by key; none under an operator notice.",
                "type": "array",
                "items": signature
            },
            "body": { "type": "object" },
            "effective": {
                "description": "null for keys, which count from the next index on.",
                "anyOf": [date, { "type": "null" }]
            },
            "prev": {
                "description": "SHA-256 of the whole document before; null in a genesis.",
                "anyOf": [commitment, { "type": "null" }]
            },
            "seq": {
                "description": "Dense over all notices of a log, from 0.",
                "type": "integer",
                "minimum": 0,
                "maximum": JSON_INTEGER_MAX
            },
            "type": { "enum": NoticeType::ALL },
            "v": { "const": 1 }
        },
        "oneOf": alternatives,
        "$defs": generator.take_definitions(true)
    })
}

fn alternative(notice_type: NoticeType, generator: &mut SchemaGenerator) -> Value {
    let genesis = notice_type == NoticeType::Genesis;
    let signatures = if notice_type.is_signed_by_admins() {
        ADMINS_NEEDED
    } else {
        0
    };
    let effective = if notice_type.counts_by_position() {
        "null"
    } else {
        "string"
    };
    json!({
        "properties": {
            "admins": { "minItems": signatures, "maxItems": signatures },
            "body": body(notice_type, generator),
            "effective": { "type": effective },
            "prev": { "type": if genesis { "null" } else { "string" } },
            "seq": if genesis { json!({ "const": 0 }) } else { json!({ "minimum": 1 }) },
            "type": { "const": notice_type }
        }
    })
}

fn body(notice_type: NoticeType, generator: &mut SchemaGenerator) -> Schema {
    match notice_type {
        NoticeType::Genesis => generator.subschema_for::<WireGenesis>(),
        NoticeType::KeyEnrol => generator.subschema_for::<KeyEnrol>(),
        NoticeType::KeyRotate => generator.subschema_for::<KeyRotate>(),
        NoticeType::KeyRevoke => generator.subschema_for::<KeyRevoke>(),
        NoticeType::Policy => generator.subschema_for::<PolicyText>(),
        NoticeType::Catalogue => generator.subschema_for::<Catalogue>(),
        NoticeType::Calendar => generator.subschema_for::<Calendar>(),
        NoticeType::Operator => generator.subschema_for::<Operator>(),
    }
}
