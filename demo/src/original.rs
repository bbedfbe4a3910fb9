//! A file that goes into the case.

use crate::media::{self, Media};
use crate::town::{Home, TownError};
use std::path::{Path, PathBuf};

/// A file that goes into the case.
#[derive(Debug)]
pub struct Original {
    name: String,
    words: String,
    from: Source,
}

#[derive(Debug)]
enum Source {
    BuiltIn(&'static [u8]),
    File(PathBuf),
}

/// Names that other files in a bureau's or a citizen's folder bear.
const TAKEN: [&str; 6] = [
    "bureau.pem",
    "case.json",
    "policy",
    "statement-1.txt",
    "statement-2.txt",
    "statement-3.txt",
];

impl Original {
    /// The footage that is built in, and the files `with` beside it, each under a name of its own.
    pub fn all(with: Vec<PathBuf>) -> Vec<Self> {
        let mut all: Vec<Self> = media::ALL.iter().map(Self::built_in).collect();
        for path in with {
            let name = free_name(&all, &path);
            all.push(Self {
                name,
                words: "your own file".to_owned(),
                from: Source::File(path),
            });
        }
        all
    }

    /// Its name in the story.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is, in words.
    pub fn words(&self) -> &str {
        &self.words
    }

    /// Puts a copy into somebody's folder.
    pub fn put_into(&self, home: &Home) -> Result<(), TownError> {
        match &self.from {
            Source::BuiltIn(bytes) => home.write(&self.name, bytes).map(drop),
            Source::File(path) => std::fs::copy(path, home.path(&self.name))
                .map(drop)
                .map_err(|error| TownError::File(path.clone(), error)),
        }
    }

    fn built_in(media: &Media) -> Self {
        Self {
            name: media.name.to_owned(),
            words: media.words.to_owned(),
            from: Source::BuiltIn(media.bytes),
        }
    }
}

/// The file name of `path`, numbered if another file bears it already.
fn free_name(others: &[Original], path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let free = |name: &str| !TAKEN.contains(&name) && others.iter().all(|other| other.name != name);
    let mut free_name = name.clone().into_owned();
    let mut number = 1;
    while !free(&free_name) {
        number += 1;
        free_name = format!("{number}-{name}");
    }
    free_name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_files_of_one_name_get_two_names() {
        let with = ["/a/photo.jpg", "/b/photo.jpg", "/b/other.jpg", "/b/policy"];
        let all = Original::all(with.map(PathBuf::from).to_vec());
        let names: Vec<&str> = all[media::ALL.len()..].iter().map(Original::name).collect();
        assert_eq!(
            names,
            ["2-photo.jpg", "3-photo.jpg", "other.jpg", "2-policy"]
        );
    }
}
