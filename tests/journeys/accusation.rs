//! A stranger is handed a file that accuses a log or a witness: `notary` says what it proves, offline.

use demo::person::Person;
use demo::process::{Said, ask};
use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use std::path::Path;

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test(
            "notary_convicts_by_each_proof_of_misbehaviour_and_by_no_other_file",
            vectors,
        ),
        Trial::test(
            "notary_explains_an_accusation_in_two_sentences_of_either_language",
            explained,
        ),
    ]
}

/// A vector: its name, its bytes, and whether it is good.
struct Case {
    file: String,
    good: bool,
}

fn cases(vectors: &str) -> Result<Vec<Case>, Failed> {
    let path = format!(
        "{}/tests/vectors/misbehavior/{vectors}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let all: Value = serde_json::from_slice(&std::fs::read(path)?)?;
    let cases = all["cases"].as_array().ok_or("no cases")?.iter();
    let cases = cases.filter_map(|case| {
        let file = case["file"].as_str()?.to_owned();
        let good = case["expect"] == "ok";
        Some(Case { file, good })
    });
    Ok(cases.collect())
}

fn write(home: &Path, cases: &[Case]) -> Result<Vec<String>, Failed> {
    let mut names = Vec::new();
    for (n, case) in cases.iter().enumerate() {
        let name = format!("{n}.misbehavior");
        std::fs::write(home.join(&name), &case.file)?;
        names.push(name);
    }
    Ok(names)
}

fn notary(home: &Path, args: &[&str]) -> Result<Said, Failed> {
    let args = args.iter().chain(&["--lang", "en"]);
    Ok(ask(Person::Notary, args, home)?)
}

/// The verdicts of one run over files, and its exit code.
fn verdicts(
    home: &Path,
    options: &[&str],
    files: &[String],
) -> Result<(i32, Vec<(u64, Value)>), Failed> {
    let mut args = vec!["verify", "--json"];
    args.extend(options);
    args.extend(files.iter().map(String::as_str));
    let said = notary(home, &args)?;
    let json: Value = serde_json::from_str(&said.stdout)?;
    let verdicts = json["verdicts"].as_array().ok_or("no verdicts")?.iter();
    let verdicts = verdicts.map(|one| (one["exit"].as_u64().unwrap_or(99), one.clone()));
    Ok((said.code, verdicts.collect()))
}

fn vectors() -> Result<(), Failed> {
    let home = tempfile::tempdir()?;
    let cases_of_verdict = cases("verdict")?;
    let files = write(home.path(), &cases_of_verdict)?;
    let (code, judged) = verdicts(home.path(), &[], &files)?;
    assert_eq!((code, judged.len()), (6, files.len()));
    for (case, (exit, verdict)) in cases_of_verdict.iter().zip(&judged) {
        assert_eq!(*exit, if case.good { 6 } else { 1 }, "{verdict}");
        assert_eq!(verdict["misbehavior"]["caution"].is_string(), case.good);
    }

    let accused = |case: &Case| {
        let mut lines = case.file.lines();
        lines.find_map(|line| line.strip_prefix("accused ").map(str::to_owned))
    };
    let [first, second] = &cases_of_verdict[..2] else {
        return Err("too few vectors".into());
    };
    let (first, second) = (accused(first), accused(second));
    let (first, second) = first.zip(second).ok_or("nobody is accused")?;
    let (_, judged) = verdicts(home.path(), &["--accused", &second], &files[..1])?;
    assert_eq!(judged[0].1["code"], "ACCUSED_OTHER");
    assert_eq!(judged[0].0, 1);
    let (code, judged) = verdicts(home.path(), &["--accused", &first], &files[..1])?;
    assert_eq!((code, judged[0].0), (6, 6));
    assert!(judged[0].1["misbehavior"]["caution"].is_null());

    // Of those that are malformed some do not even begin as such a file: whoever names an accused says what they are.
    let malformed = cases("text")?;
    let files = write(home.path(), &malformed)?;
    let stranger = "log.example/other+356595e8+AexTf7op7brl0AJ10W6aSLHCix3O5f4qqWsszDcYuTHB";
    let said = notary(home.path(), &["verify", "--accused", stranger, &files[0]])?;
    assert_eq!(said.code, 2, "a key with another key's id: {said:?}");
    let (_, judged) = verdicts(home.path(), &["--accused", &first], &files)?;
    for (case, (exit, verdict)) in malformed.iter().zip(&judged) {
        assert_eq!(*exit == 5, !case.good, "{verdict}");
    }
    Ok(())
}

fn explained() -> Result<(), Failed> {
    let home = tempfile::tempdir()?;
    let all = cases("verdict")?;
    let files = write(home.path(), &all)?;
    let mut kinds = std::collections::BTreeSet::new();
    for (case, file) in all.iter().zip(&files).filter(|(case, _)| case.good) {
        let line = |word: &str| {
            let mut lines = case.file.lines();
            lines
                .find_map(|line| line.strip_prefix(word))
                .unwrap_or_default()
        };
        let (kind, accused) = (line("kind "), line("accused "));
        if !kinds.insert(kind) {
            continue;
        }
        let key: Vec<&str> = accused.splitn(3, '+').take(2).collect();
        for (lang, stop) in [("en", ". "), ("zh", "。")] {
            let args = ["misbehavior", "explain", file, "--lang", lang];
            let said = ask(Person::Notary, args, home.path())?;
            assert_eq!(said.code, 6, "{said:?}");
            assert!(said.stdout.contains(&key.join("+")), "{said:?}");
            assert!(said.stderr.contains(accused), "it must be known: {said:?}");
            let sentences = said.stdout.trim_end().split(stop);
            let sentences = sentences.filter(|sentence| !sentence.is_empty());
            assert_eq!(sentences.count(), 2, "{said:?}");
            let known = args.into_iter().chain(["--accused", accused]);
            let said = ask(Person::Notary, known, home.path())?;
            assert_eq!((said.code, said.stderr.as_str()), (6, ""));
        }
        let said = notary(home.path(), &["verify", file])?;
        assert!(
            said.code == 6 && said.stdout.contains("--accused"),
            "{said:?}"
        );
    }
    assert_eq!(kinds.len(), 5, "{kinds:?}");
    let other = all
        .iter()
        .position(|case| !case.good)
        .ok_or("all convict")?;
    let said = notary(
        home.path(),
        &["misbehavior", "explain", &files[other], "--json"],
    )?;
    let json: Value = serde_json::from_str(&said.stdout)?;
    assert_eq!(
        (said.code, &json["code"]),
        (1, &Value::from("NO_CONTRADICTION"))
    );
    Ok(())
}
