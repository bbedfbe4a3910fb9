//! The hook: a program of the operator's that is told of each proof of misbehaviour, once it is on disk.

use crate::docket::News;
use crate::metrics::{self, Metrics};
use crate::shelf::folder_shelf::FolderShelf;
use service::Stop;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// How long a run may take; longer ones are ended. It calls somebody or writes a letter.
const PATIENCE: Duration = Duration::from_mins(1);

/// How often it is looked whether it has ended.
const GLANCE: Duration = Duration::from_millis(50);

/// Runs the program for each proof, one after the other, with the proof's file as its only argument. Without a program
/// the news are only taken.
pub async fn run(
    program: Option<PathBuf>,
    shelf: Arc<FolderShelf>,
    mut news: mpsc::Receiver<News>,
    metrics: Arc<Metrics>,
    stop: Stop,
) {
    loop {
        let told = tokio::select! {
            () = stop.stopped() => return,
            told = news.recv() => told,
        };
        let Some(told) = told else {
            return;
        };
        let Some(program) = program.clone() else {
            continue;
        };
        let file = shelf.path(&told.origin_hash, &told.conviction.sha256);
        let ended = tokio::task::spawn_blocking(move || one_run(&program, &file)).await;
        let outcome = ended.unwrap_or(metrics::HOOK_FAILED);
        metrics.hook_runs.with_label_values(&[outcome]).inc();
        if outcome != metrics::HOOK_DONE {
            tracing::error!(
                outcome,
                "The hook was not told of a proof; the proof lies in the folder."
            );
        }
    }
}

fn one_run(program: &Path, file: &Path) -> &'static str {
    let started = Command::new(program)
        .arg(file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn();
    let Ok(mut child) = started else {
        return metrics::HOOK_FAILED;
    };
    let begun = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return metrics::HOOK_DONE,
            Ok(None) if begun.elapsed() < PATIENCE => std::thread::sleep(GLANCE),
            Ok(None) => {
                // It is ended and taken off the system's list; nobody is left to tell if that fails.
                let _ended = child.kill().and_then(|()| child.wait());
                return metrics::HOOK_TIMED_OUT;
            }
            Ok(Some(_)) | Err(_) => return metrics::HOOK_FAILED,
        }
    }
}
