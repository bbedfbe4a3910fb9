//! The footage that the demo seals. It is built in, so that the demo needs no file but itself; demo/media/README.md
//! names where it is from and its licences.

/// A file of `demo/media`.
#[derive(Clone, Copy, Debug)]
pub struct Media {
    /// Its file name.
    pub name: &'static str,
    /// What it is, in words.
    pub words: &'static str,
    /// Its bytes.
    pub bytes: &'static [u8],
}

/// One minute of video with sound.
pub const RECORDING: Media = Media {
    name: "recording.mp4",
    words: "a minute of video with sound",
    bytes: include_bytes!("../media/recording.mp4"),
};

/// A photograph.
pub const PHOTO: Media = Media {
    name: "photo.jpg",
    words: "a photograph",
    bytes: include_bytes!("../media/photo.jpg"),
};

/// An official notice.
pub const NOTICE: Media = Media {
    name: "notice.pdf",
    words: "an official notice of ten pages",
    bytes: include_bytes!("../media/notice.pdf"),
};

/// All of it.
pub const ALL: [Media; 3] = [RECORDING, PHOTO, NOTICE];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_media_is_real_and_small_enough_to_carry() {
        let starts = |media: Media, at: usize, magic: &[u8]| {
            media.bytes.get(at..at + magic.len()) == Some(magic)
        };
        assert!(starts(RECORDING, 4, b"ftyp"));
        assert!(starts(PHOTO, 0, b"\xff\xd8\xff"));
        assert!(starts(NOTICE, 0, b"%PDF-"));
        let all: usize = ALL.iter().map(|media| media.bytes.len()).sum();
        assert!(all <= 3_000_000);
    }
}
