//! The forge of policy files and of their quorums.

use crate::forge::{Case, case};
use crate::keys::{TOWN, log, witness, witness_pq};
use tlog::{KeyKind, KeyName, Vkey};

/// Good files: name, text, logs, witnesses, groups, quorum. In a text `\n` is a newline, `\t` a tab, and the words in
/// braces are those of [`Words`]. Lists have a semicolon between their items.
const GOOD: &str = r"
c2sp.org/tlog-policy: the example, with test keys | {example} | log.example/town | {six told} | X-witnesses 2 X1 X2 X3; Y-witnesses 1 Y1 Y2 Y3; X-and-Y 2 X-witnesses Y-witnesses | X-and-Y
quorum none alone | quorum none\n | | | | none
no log, one witness | witness A {a}\nquorum A\n | | A witness.example/a | | A
comments, empty lines, tabs and spaces | # comment\n \t # comment\n\n \t\n\tlog \t {ed}  https://log.example/ \t\nquorum\tnone\t\n | log.example/town https://log.example/ | | | none
a log of each kind | log {ed}\nlog {th}\nlog {pq}\nquorum none\n | log.example/town; log.example/town; log.example/town | | | none
a witness by ML-DSA-44, with a URL | witness A {a pq} https://w.example/a\nquorum A\n | | A witness.example/a https://w.example/a | | A
an operator with two keys is a group of both | witness A.ed {a}\nwitness A.pq {a pq}\ngroup A all A.ed A.pq\nquorum A\n | | A.ed witness.example/a; A.pq witness.example/a | A 2 A.ed A.pq | A
the quorum before a witness and a log | witness A {a}\nquorum A\nwitness B {b}\nlog {ed}\n | log.example/town | A witness.example/a; B witness.example/b | | A
names that are words of the language | witness all {a}\nwitness 2 {b}\ngroup quorum any all 2\nquorum quorum\n | | all witness.example/a; 2 witness.example/b | quorum 1 all 2 | quorum
a name with a number sign | witness #A {a}\nquorum #A\n | | #A witness.example/a | | #A
None is another name than none | witness None {a}\nquorum None\n | | None witness.example/a | | None
K and the Kelvin sign are two names | witness K {a}\nwitness {kelvin} {b}\nquorum {kelvin}\n | | K witness.example/a; {kelvin} witness.example/b | | {kelvin}
a no-break space is part of a name | witness A{nbsp}B {a}\nquorum A{nbsp}B\n | | A{nbsp}B witness.example/a | | A{nbsp}B
a log that is a witness as well: a warning and no fault | log {ed}\nwitness W {ed as cosigner}\nquorum W\n | log.example/town | W witness.example/x | | W
a group of one | {six}group g 1 X1\nquorum g\n | | {six told} | g 1 X1 | g
a threshold that equals the number of members | {six}group g 6 X1 X2 X3 Y1 Y2 Y3\nquorum g\n | | {six told} | g 6 X1 X2 X3 Y1 Y2 Y3 | g
a quorum that is also a member | {six}group g any X1 X2\nquorum X1\n | | {six told} | g 1 X1 X2 | X1
four of six witnesses, and where the log answers | log {pq} https://log.example/\n{six}group g 4 X1 X2 X3 Y1 Y2 Y3\nquorum g\n | log.example/town https://log.example/ | {six told} | g 4 X1 X2 X3 Y1 Y2 Y3 | g
";

/// Bad files: name, text, the line of the fault, the fault.
const BAD: &str = r"
no octets | | 1 | NoQuorum
no quorum | log {ed}\n | 1 | NoQuorum
a quorum in a comment | log {ed}\n#quorum none\n | 2 | NoQuorum
two quorums | quorum none\nquorum none\n | 2 | SecondQuorum(1)
a file that was cut: no final newline | quorum none | 1 | NoFinalNewline
a carriage return | quorum none\r\n | 1 | ControlCharacter
a form feed between items | quorum\fnone\n | 1 | ControlCharacter
a zero octet in a comment | #\0\nquorum none\n | 1 | ControlCharacter
octet 0x7F in a comment | #\d\nquorum none\n | 1 | ControlCharacter
an unknown keyword | logs x\nquorum none\n | 1 | Keyword
a keyword in upper case | LOG {ed}\nquorum none\n | 1 | Keyword
a no-break space after the keyword | log{nbsp}{ed}\nquorum none\n | 1 | Keyword
a log without key | log\nquorum none\n | 1 | Items
a log with four items | log {ed} url more\nquorum none\n | 1 | Items
a comment after an item | log {ed} url # comment\nquorum none\n | 1 | Items
a witness without key | witness A\nquorum none\n | 1 | Items
a witness with five items | witness A {a} url more\nquorum none\n | 1 | Items
a quorum without name | quorum\n | 1 | Items
a quorum of two names | quorum none none\n | 1 | Items
a log's key that is no vkey | log 0123456789abcdef\nquorum none\n | 1 | Vkey(Parts)
a vkey with another key's id | log {wrong id}\nquorum none\n | 1 | Vkey(WrongId)
a witness without its name | witness {a}\nquorum none\n | 1 | Items
name and key of a witness exchanged | witness {a} A\nquorum none\n | 1 | Vkey(Parts)
a log by a cosigner's key (0x04) | log {a}\nquorum none\n | 1 | LogKind(Cosignature)
a witness by an Ed25519 key (0x01) | witness A {ed}\nquorum none\n | 1 | WitnessKind(Ed25519)
a witness by a tree head key (0x05) | witness A {th}\nquorum none\n | 1 | WitnessKind(TreeHead)
two logs with one key | log {ed}\nlog {ed} url\nquorum none\n | 2 | DuplicateLog(1)
two logs with one key and two names | log {pq}\nlog {pq renamed}\nquorum none\n | 2 | DuplicateLog(1)
two witnesses with one key | witness A {a}\nwitness B {a}\nquorum none\n | 2 | DuplicateWitness(1)
two witnesses with one key and two key names | witness A {a}\n\nwitness B {a renamed}\nquorum none\n | 3 | DuplicateWitness(1)
two witnesses with one name | witness A {a}\nwitness A {b}\nquorum none\n | 2 | DuplicateName(1)
a group with a witness' name | {six}group X1 any X2\nquorum X1\n | 7 | DuplicateName(1)
two groups with one name | {six}group g any X1\ngroup g any X2\nquorum g\n | 8 | DuplicateName(7)
a witness called none | witness none {a}\nquorum none\n | 1 | DefinesNone
a group called none | {six}group none any X1\nquorum X1\n | 7 | DefinesNone
none as member | {six}group g any none\nquorum X1\n | 7 | NoneAsMember
none as one of the members | {six}group g 1 X1 none\nquorum X1\n | 7 | NoneAsMember
a group that holds itself | {six}group g any g\nquorum X1\n | 7 | UnknownName
an unknown member | {six}group g any X1 X4\nquorum X1\n | 7 | UnknownName
a member in another case | {six}group g any x1\nquorum X1\n | 7 | UnknownName
a member defined below | group g any A\nwitness A {a}\nquorum g\n | 1 | UnknownName
a quorum defined below | quorum A\nwitness A {a}\n | 1 | UnknownName
an unknown quorum | witness A {a}\nquorum B\n | 2 | UnknownName
a member twice in one group | {six}group g any X1 X2 X1\nquorum X1\n | 7 | MemberTwice(7)
a member of two groups | {six}group g any X1 X2\ngroup h any X3 X2\nquorum g\n | 8 | MemberTwice(7)
a group in two groups | {six}group g any X1\ngroup h any g X2\ngroup i any g X3\nquorum i\n | 9 | MemberTwice(8)
a group without threshold and members | {six}group g\nquorum X1\n | 7 | Items
a group without members | {six}group g any\nquorum X1\n | 7 | Items
a threshold of zero | {six}group g 0 X1 X2\nquorum X1\n | 7 | Threshold
a threshold above the number of members | {six}group g 3 X1 X2\nquorum X1\n | 7 | Threshold
a threshold with a leading zero | {six}group g 02 X1 X2\nquorum X1\n | 7 | Threshold
a threshold with a plus | {six}group g +2 X1 X2\nquorum X1\n | 7 | Threshold
a negative threshold | {six}group g -1 X1 X2\nquorum X1\n | 7 | Threshold
a threshold in hexadecimal | {six}group g 0x2 X1 X2\nquorum X1\n | 7 | Threshold
a threshold of 2^64 + 1 | {six}group g 18446744073709551617 X1 X2\nquorum X1\n | 7 | Threshold
a threshold in upper case | {six}group g ALL X1 X2\nquorum X1\n | 7 | Threshold
a group without threshold | {six}group g X1 X2\nquorum X1\n | 7 | Threshold
";

/// Quorums of the example: who cosigned, and whether that is enough; then of other files.
const QUORUMS: &str = r"
{example} | X1 X2 Y1 | ok
{example} | X2 X3 Y3 | ok
{example} | X1 X2 X3 Y1 Y2 Y3 | ok
{example} | | refused
{example} | X1 X2 X3 | refused
{example} | X1 Y1 Y2 Y3 | refused
{example} | Y1 Y2 Y3 | refused
quorum none\n | | ok
{six}quorum X2\n | X2 | ok
{six}quorum X2\n | X1 X3 Y1 Y2 Y3 | refused
{six}group A all X1 X2\ngroup q 2 A Y1 Y2\nquorum q\n | X1 X2 Y1 | ok
{six}group A all X1 X2\ngroup q 2 A Y1 Y2\nquorum q\n | Y1 Y2 | ok
{six}group A all X1 X2\ngroup q 2 A Y1 Y2\nquorum q\n | X1 Y1 | refused
{six}group A all X1 X2\ngroup q 2 A Y1 Y2\nquorum q\n | X1 X2 | refused
{six}group A all X1 X2\ngroup q 2 A Y1 Y2\nquorum q\n | X3 Y3 | refused
";

/// Cases of `policy/policy`.
pub fn cases() -> Vec<Case> {
    let words = Words::new();
    let list = |text: &str| -> Vec<String> {
        let items = words.expand(text);
        items.split_terminator("; ").map(String::from).collect()
    };
    let good = rows(GOOD).map(|row| {
        let [name, text, logs, witnesses, groups, quorum] = row.try_into().unwrap();
        case(name)
            .with("policy", words.expand(text))
            .with("logs", list(logs))
            .with("witnesses", list(witnesses))
            .with("groups", list(groups))
            .with("quorum", list(quorum))
            .ok()
    });
    let bad = rows(BAD).map(|row| {
        let [name, text, line, fault] = row.try_into().unwrap();
        case(name)
            .with("policy", words.expand(text))
            .with("line", line)
            .refused(fault)
    });
    let vkey = witness('a').vkey.to_string();
    let octets = [
        b"# \xff\nwitness \xe9 ",
        vkey.as_bytes(),
        b" x\x80\nquorum \xe9\n",
    ];
    let none = Vec::<String>::new();
    let not_utf8 = [
        case("octets that are not UTF-8 in a comment, a name and a URL")
            .with_bytes("policy_hex", octets.concat())
            .with("logs", none.clone())
            .with("witnesses", vec!["\u{fffd} witness.example/a x\u{fffd}"])
            .with("groups", none)
            .with("quorum", vec!["\u{fffd}"])
            .ok(),
        case("a vkey that is not UTF-8")
            .with_bytes("policy_hex", b"log \xff+00000000+AAAA\nquorum none\n")
            .with("line", "1")
            .refused("Vkey(Parts)"),
    ];
    good.chain(bad).chain(not_utf8).collect()
}

/// Cases of `policy/quorum`.
pub fn quorum_cases() -> Vec<Case> {
    let words = Words::new();
    rows(QUORUMS)
        .map(|row| {
            let [text, cosigned, verdict] = row.try_into().unwrap();
            let names: Vec<&str> = cosigned.split_terminator(' ').collect();
            let case = case(&format!(
                "{text}: {}",
                if names.is_empty() { "nobody" } else { cosigned }
            ))
            .with("policy", words.expand(text))
            .with("cosigned", names);
            if verdict == "ok" {
                case.ok()
            } else {
                case.refused("Quorum")
            }
        })
        .collect()
}

/// The rows of a table, each as its columns.
fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    let rows = table.lines().filter(|row| !row.is_empty());
    rows.map(|row| {
        row.split('|')
            .map(|column| column.trim_matches(' '))
            .collect()
    })
}

/// What the words in braces stand for.
struct Words(Vec<(&'static str, String)>);

impl Words {
    fn new() -> Self {
        let town = log(TOWN);
        let (ed, pq) = (&town.ed25519.vkey, &town.ml_dsa.vkey);
        let a = witness('a').vkey;
        let renamed = |vkey: &Vkey, name: &str, kind: KeyKind| {
            let name = KeyName::new(name).unwrap();
            Vkey::new(name, kind, vkey.material()).unwrap().to_string()
        };
        let wrong_id = ed
            .to_string()
            .replace(&ed.id().to_string(), &a.id().to_string());
        let letters = [
            ("X1", 'a'),
            ("X2", 'b'),
            ("X3", 'c'),
            ("Y1", 'd'),
            ("Y2", 'e'),
            ("Y3", 'f'),
        ];
        let told = letters.map(|(name, letter)| format!("{name} witness.example/{letter}"));
        let lines =
            letters.map(|(name, letter)| format!("witness {name} {}\n", witness(letter).vkey));
        let (x, y) = (lines[..3].concat(), lines[3..].concat());
        // The example of c2sp.org/tlog-policy, with test keys for those that it leaves out.
        let example = format!(
            "log {ed}\n\n{x}group X-witnesses 2 X1 X2 X3\n\n{y}group Y-witnesses any Y1 Y2 Y3\n\n\
             group X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n"
        );
        Self(vec![
            ("{example}", example),
            ("{six told}", told.join("; ")),
            ("{six}", lines.concat()),
            (
                "{ed as cosigner}",
                renamed(ed, "witness.example/x", KeyKind::Cosignature),
            ),
            (
                "{pq renamed}",
                renamed(pq, "log.example/x", KeyKind::MlDsa44),
            ),
            (
                "{a renamed}",
                renamed(&a, "witness.example/z", KeyKind::Cosignature),
            ),
            ("{wrong id}", wrong_id),
            ("{ed}", ed.to_string()),
            ("{th}", town.tree_head.vkey.to_string()),
            ("{pq}", pq.to_string()),
            ("{a pq}", witness_pq('a').vkey.to_string()),
            ("{a}", a.to_string()),
            ("{b}", witness('b').vkey.to_string()),
            ("{kelvin}", "\u{212a}".into()),
            ("{nbsp}", "\u{a0}".into()),
            (r"\n", "\n".into()),
            (r"\t", "\t".into()),
            (r"\r", "\r".into()),
            (r"\f", "\u{c}".into()),
            (r"\0", "\0".into()),
            (r"\d", "\u{7f}".into()),
        ])
    }

    fn expand(&self, text: &str) -> String {
        self.0.iter().fold(text.into(), |text, (word, meaning)| {
            text.replace(word, meaning)
        })
    }
}
