//! Vectors of checkpoints, and of the bytes that a tree head signature signs.

use crate::forge::{Case, case, file};
use crate::vectors::{self, Refused};
use tlog::{Checkpoint, Hash, KeyName, MalformedName, Origin, tree_head_message};

/// The checkpoint that c2sp.org/tlog-checkpoint prints; its key is not published.
const EXAMPLE: &str = "\
example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
";

#[test]
fn a_checkpoint_is_origin_size_root_and_extension_lines() {
    let about = "`text` is a checkpoint with this `origin`, `size`, `root` and these `extensions`.";
    let spec = ["https://c2sp.org/tlog-checkpoint#note-text"];
    file("checkpoint/checkpoint", about, &spec, &checkpoint_cases());
    vectors::check("checkpoint/checkpoint", |case| {
        let checkpoint = Checkpoint::parse(case.text("text"))?;
        assert_eq!(checkpoint.text(), case.text("text"));
        Refused::unless_equal(&checkpoint.origin(), &case.text("origin"))?;
        Refused::unless_equal(&checkpoint.size().to_string().as_str(), &case.text("size"))?;
        Refused::unless_equal(&checkpoint.root(), &case.hash("root")?)?;
        let extensions: Vec<&str> = checkpoint.extensions().iter().map(String::as_str).collect();
        Refused::unless_equal(&extensions, &case.texts("extensions"))
    });
}

#[test]
fn a_tree_head_is_signed_as_rfc_6962_writes_it() {
    let about = "`message` is what a tree head signature signs for `time_ms`, `size` and `root`.";
    let spec = ["https://www.rfc-editor.org/rfc/rfc6962#section-3.5"];
    file("checkpoint/tree_head", about, &spec, &tree_head_cases());
    vectors::check("checkpoint/tree_head", |case| {
        let message = tree_head_message(
            case.number("time_ms"),
            case.size("size")?,
            &case.hash("root")?,
        );
        Refused::unless_equal(&message, &case.bytes("message"))
    });
}

#[test]
fn an_origin_of_ours_has_1_to_255_bytes_and_no_space() {
    let origin = Origin::new("log.example/town").unwrap();
    assert_eq!(origin.key_name(), KeyName::new("log.example/town").unwrap());
    assert!(Origin::new("o".repeat(255)).is_ok());
    assert_eq!(Origin::new("o".repeat(256)), Err(MalformedName::TooLong));
    assert_eq!(Origin::new(""), Err(MalformedName::Empty));
    for bad in ["a b", "a+b", "a\nb", "a\u{a0}b"] {
        assert_eq!(Origin::new(bad), Err(MalformedName::Character), "{bad:?}");
    }
}

fn checkpoint_cases() -> Vec<Case> {
    let root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
    let root_hex = hex::encode(Hash::from_base64(root).unwrap().as_bytes());
    let good = |name: &str, origin: &str, size: &str, extensions: &[&str]| {
        let lines = [&[origin, size, root], extensions].concat().join("\n");
        case(name)
            .with("text", format!("{lines}\n"))
            .with("origin", origin)
            .with("size", size)
            .with("root", root_hex.as_str())
            .with("extensions", extensions.to_vec())
            .ok()
    };
    let bad = |name: &str, text: &str, why: &str| case(name).with("text", text).refused(why);
    let size = |name: &str, size: &str| {
        case(name)
            .with("text", format!("log.example\n{size}\n{root}\n"))
            .refused("Size")
    };
    let with_root = |name: &str, root: &str| {
        case(name)
            .with("text", format!("log.example\n7\n{root}\n"))
            .refused("Root")
    };
    vec![
        good(
            "c2sp.org/tlog-checkpoint: the example",
            "example.com/behind-the-sofa",
            "20852163",
            &[],
        ),
        good("the empty tree", "log.example", "0", &[]),
        good(
            "the largest tree",
            "log.example",
            "9223372036854775807",
            &[],
        ),
        good(
            "an origin with spaces, a plus and no ASCII",
            "go.sum database tree + 日本",
            "1",
            &[],
        ),
        good("extension lines", "log.example", "7", &["a line", "—"]),
        good("an origin of 300 bytes", &"o".repeat(300), "7", &[]),
        bad("no text", "", "Note(NoFinalNewline)"),
        bad("two lines", "log.example\n7\n", "Lines"),
        bad(
            "no final newline",
            EXAMPLE.trim_end(),
            "Note(NoFinalNewline)",
        ),
        bad(
            "an empty origin",
            &EXAMPLE.replacen("example.com/behind-the-sofa", "", 1),
            "EmptyLine",
        ),
        bad(
            "an empty line at the end",
            &format!("{EXAMPLE}\n"),
            "EmptyLine",
        ),
        bad(
            "an empty line before an extension line",
            &format!("{EXAMPLE}\nx\n"),
            "EmptyLine",
        ),
        bad(
            "carriage returns",
            &EXAMPLE.replace('\n', "\r\n"),
            "Note(ControlCharacter)",
        ),
        size("a size with a leading zero", "07"),
        size("a size of two zeroes", "00"),
        size("a size with a plus", "+7"),
        size("a negative size", "-7"),
        size("a size with a space before it", " 7"),
        size("a size with a space after it", "7 "),
        size("a size in hexadecimal", "0x7"),
        size("a size with a separator", "1,234"),
        size("a size of 2^63", "9223372036854775808"),
        size("a size of 2^64", "18446744073709551616"),
        size("digits of another script", "٧"),
        with_root(
            "a root of 31 bytes",
            "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxqw==",
        ),
        with_root(
            "a root of 33 bytes",
            "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2IA",
        ),
        with_root(
            "a root with stray final bits",
            "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=",
        ),
        with_root(
            "a root without padding",
            "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I",
        ),
        with_root("a root in hex", &root_hex),
        with_root("a root with a space after it", &format!("{root} ")),
    ]
}

fn tree_head_cases() -> Vec<Case> {
    let vector = |name: &str, time_ms: u64, size: u64, message: &[u8]| {
        case(name)
            .with("time_ms", time_ms.to_string())
            .with("size", size.to_string())
            .with_bytes("root", [7; 32])
            .with_bytes("message", message)
    };
    let time = 0x0001_0203_0405_0607_u64;
    let size = 0x1112_1314_1516_1718_u64;
    let good: Vec<u8> = [
        [0, 1].as_slice(),
        &[0, 1, 2, 3, 4, 5, 6, 7],
        &[0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18],
        &[7; 32],
    ]
    .concat();
    let with = |at: usize, value: u8| {
        let mut bytes = good.clone();
        bytes[at] = value;
        bytes
    };
    let swapped = [&good[..2], &good[10..18], &good[2..10], &good[18..]].concat();
    vec![
        vector("version 0, type 1, time, size, root", time, size, &good).ok(),
        vector(
            "the empty tree at time 0",
            0,
            0,
            &[[0, 1].as_slice(), &[0; 16], &[7; 32]].concat(),
        )
        .ok(),
        vector("version 1", time, size, &with(0, 1)).refused("Differs"),
        vector(
            "the type of a certificate's timestamp",
            time,
            size,
            &with(1, 0),
        )
        .refused("Differs"),
        vector("size before time", time, size, &swapped).refused("Differs"),
        vector("the time in seconds", time * 1000, size, &good).refused("Differs"),
        vector(
            "a byte after the end",
            time,
            size,
            &[good.clone(), vec![0]].concat(),
        )
        .refused("Differs"),
    ]
}
