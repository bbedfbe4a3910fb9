//! `loadtest plot`: the reports of a folder as pictures.

use crate::plot::{NotDrawn, Point, pictures};
use clap::Args;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Options of `plot`.
#[derive(Args, Clone, Debug)]
pub struct PlotArgs {
    /// The folder of the reports, as `loadtest all --curves --out DIR` writes them
    #[arg(value_name = "DIR")]
    pub reports: PathBuf,
    /// The folder of the pictures
    #[arg(long, value_name = "DIR", default_value = "docs")]
    pub out: PathBuf,
}

/// Why there are no pictures.
#[derive(Debug, thiserror::Error)]
pub enum NotPlotted {
    /// A file or folder.
    #[error("{}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A file is no report.
    #[error("{} is no report of this loadtest", .0.display())]
    Report(PathBuf),
    /// The drawing.
    #[error(transparent)]
    Drawn(#[from] NotDrawn),
}

impl PlotArgs {
    /// Reads all reports and draws what they give.
    pub fn run(&self) -> Result<(), NotPlotted> {
        let mut points: Vec<Point> = Vec::new();
        for entry in fs::read_dir(&self.reports).map_err(at(&self.reports))? {
            let path = entry.map_err(at(&self.reports))?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "json")
            {
                let report = fs::read(&path).map_err(at(&path))?;
                let point = serde_json::from_slice(&report);
                points.push(point.map_err(|_| NotPlotted::Report(path))?);
            }
        }
        for picture in pictures(&points)? {
            let path = self.out.join(picture.name);
            fs::write(&path, picture.svg).map_err(at(&path))?;
            println!("{}", path.display());
        }
        Ok(())
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> NotPlotted {
    let path = path.to_owned();
    move |error| NotPlotted::File { path, error }
}
