//! `GET /v1/proofs`: inclusion and consistency proofs up to the newest committed size. They carry no signature.

use super::problems::{MALFORMED_QUERY, OUT_OF_RANGE, Rejection};
use super::{query, receipts};
use crate::log::Log;
use crate::log::history::HistoryError;
use axum::Json;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tlog::{Hash, TreeSize};
use utoipa::{IntoParams, ToSchema};

/// Which leaf, in which tree.
#[derive(Deserialize, IntoParams)]
pub struct Inclusion {
    /// The position, from 0.
    pub index: Option<String>,
    /// Or the leaf hash, hex or base64.
    pub hash: Option<String>,
    /// The tree's size; the newest when left out.
    pub size: Option<String>,
}

/// Which two trees.
#[derive(Deserialize, IntoParams)]
pub struct Consistency {
    /// The smaller size.
    pub old: Option<String>,
    /// The larger size; the newest when left out.
    pub new: Option<String>,
}

/// An inclusion proof.
#[derive(Serialize, ToSchema)]
pub struct InclusionProof {
    index: u64,
    size: u64,
    /// Base64.
    root: String,
    /// Base64.
    leaf_hash: String,
    /// Base64, the leaf's sibling first (RFC 6962 §2.1.1).
    proof: Vec<String>,
}

/// A consistency proof.
#[derive(Serialize, ToSchema)]
pub struct ConsistencyProof {
    old: u64,
    new: u64,
    /// Base64 (RFC 6962 §2.1.2).
    proof: Vec<String>,
}

/// That a leaf stands in a tree.
#[utoipa::path(get, path = "/v1/proofs/inclusion", tag = "proofs", params(Inclusion), responses(
    (status = 200, body = InclusionProof, description = "The proof."),
    (status = 400, body = super::docs::ProblemJson, content_type = "application/problem+json", description = "Malformed, or beyond the tree."),
    (status = 404, body = super::docs::ProblemJson, content_type = "application/problem+json", description = "No such leaf hash."),
    (status = 500, body = super::docs::ProblemJson, content_type = "application/problem+json", description = "Stored data is lost."),
))]
pub async fn inclusion(
    State(log): State<Arc<Log>>,
    Query(asked): Query<Inclusion>,
) -> Result<Json<InclusionProof>, Rejection> {
    let history = Arc::clone(&log.heart().history);
    let size = size_or_newest("size", asked.size.as_deref(), history.size())?;
    let index = match (&asked.index, &asked.hash) {
        (Some(index), None) => {
            let index = query::index("index", index)?;
            if !index.lies_in(size) {
                return Err(out_of_range(history.size()));
            }
            index
        }
        (None, Some(hash)) => {
            let leaf = query::leaf_hash("hash", hash)?;
            receipts::find_leaf(&log, &leaf).await?.0
        }
        _ => {
            return Err(Rejection::from(
                MALFORMED_QUERY
                    .problem()
                    .detail("Give one of index and hash."),
            ));
        }
    };
    let inclusion = history
        .inclusion(index, size)
        .await
        .map_err(|error| ranged(error, history.size()))?;
    Ok(Json(InclusionProof {
        index: index.get(),
        size: size.get(),
        root: inclusion.root.to_base64(),
        leaf_hash: inclusion.leaf.to_base64(),
        proof: base64(&inclusion.proof),
    }))
}

/// That a tree is a prefix of a larger one.
#[utoipa::path(get, path = "/v1/proofs/consistency", tag = "proofs", params(Consistency), responses(
    (status = 200, body = ConsistencyProof, description = "The proof."),
    (status = 400, body = super::docs::ProblemJson, content_type = "application/problem+json", description = "Malformed, in the wrong order, or beyond the tree."),
    (status = 500, body = super::docs::ProblemJson, content_type = "application/problem+json", description = "Stored data is lost."),
))]
pub async fn consistency(
    State(log): State<Arc<Log>>,
    Query(asked): Query<Consistency>,
) -> Result<Json<ConsistencyProof>, Rejection> {
    let history = Arc::clone(&log.heart().history);
    let old = query::size("old", query::required("old", asked.old.as_ref())?)?;
    let new = size_or_newest("new", asked.new.as_deref(), history.size())?;
    let proof = history
        .consistency_proof(old, new)
        .await
        .map_err(|error| ranged(error, history.size()))?;
    Ok(Json(ConsistencyProof {
        old: old.get(),
        new: new.get(),
        proof: base64(&proof),
    }))
}

/// Hashes as JSON has them.
pub fn base64(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(Hash::to_base64).collect()
}

/// A size or index beyond the tree, or two sizes in the wrong order.
pub fn out_of_range(newest: TreeSize) -> Rejection {
    Rejection::from(OUT_OF_RANGE.problem().with("size", newest.get()))
}

/// What a history does not reach is the caller's range.
pub fn ranged(error: HistoryError, newest: TreeSize) -> Rejection {
    match error {
        HistoryError::NotThere => out_of_range(newest),
        error => error.into(),
    }
}

fn size_or_newest(
    name: &str,
    asked: Option<&str>,
    newest: TreeSize,
) -> Result<TreeSize, Rejection> {
    let size = asked.map_or(Ok(newest), |text| query::size(name, text))?;
    if size > newest {
        Err(out_of_range(newest))
    } else {
        Ok(size)
    }
}
