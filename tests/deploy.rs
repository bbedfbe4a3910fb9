//! What an operator installs: units, alerts and the pages that explain them agree with the programs.

use crate::skip;
use demo::person::Person;
use demo::process;
use libtest_mimic::{Failed, Trial};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The units, and the programs that they start.
const UNITS: [&str; 2] = ["notarylog.service", "notarylog-witness.service"];
/// What `systemd-analyze security` may find at most, in tenths: "OK" ends at 4.9, and a plain service has 9.6.
const EXPOSURE_MAX: &str = "20";
/// Which program a first word on the operator's page names.
const PROGRAMS: [(&str, Person); 2] = [
    ("notarylog", Person::Log),
    ("notarylog-witness", Person::Witness),
];

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test(
            "the_units_are_valid_and_expose_little_of_the_machine",
            units,
        ),
        Trial::test(
            "every_metric_that_an_alert_names_is_documented",
            alerts_name_what_is_there,
        ),
        Trial::test(
            "every_alert_says_what_to_do_and_names_a_chapter_that_is_there",
            alerts_say_what_to_do,
        ),
        Trial::test(
            "every_alert_comes_when_it_should_and_no_other_with_it",
            alerts_come,
        ),
        Trial::test(
            "every_command_on_the_operators_pages_is_one_of_the_programs_with_its_options",
            commands_are_there,
        ),
    ]
}

fn units() -> Result<(), Failed> {
    let name = "the_units_are_valid_and_expose_little_of_the_machine";
    if !skip::found_by_chance(name, "systemd-analyze") {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    for unit in UNITS {
        let text = read(&root().join("deploy").join(unit))?;
        // The program is not installed here, and that is no fault of the unit.
        let lines = text
            .lines()
            .map(|line| match line.strip_prefix("ExecStart=") {
                Some(_) => "ExecStart=/bin/true",
                None => line,
            });
        let copy = folder.path().join(unit);
        std::fs::write(&copy, lines.collect::<Vec<_>>().join("\n") + "\n")?;
        let verified = Command::new("systemd-analyze")
            .arg("verify")
            .arg(&copy)
            .output()?;
        let said = String::from_utf8_lossy(&verified.stderr);
        // It ends with 0 for a key that it does not know.
        let about_it: Vec<&str> = said.lines().filter(|line| line.contains(unit)).collect();
        assert!(
            verified.status.success() && about_it.is_empty(),
            "{unit}: {said}"
        );
        let judged = Command::new("systemd-analyze")
            .args(["security", "--offline=yes", "--threshold", EXPOSURE_MAX])
            .arg(&copy)
            .output()?;
        let said = String::from_utf8_lossy(&judged.stdout);
        assert!(
            judged.status.success(),
            "{unit}: {}",
            said.lines().last().unwrap_or_default()
        );
    }
    Ok(())
}

fn alerts_name_what_is_there() -> Result<(), Failed> {
    let mut documented = BTreeSet::from(["up".to_owned()]);
    for page in ["docs/metrics.md", "docs/witness-metrics.md"] {
        let text = read(&root().join(page))?;
        let rows = text.lines().filter_map(|line| line.strip_prefix("| `"));
        documented.extend(rows.map(|row| name_at_start(row).to_owned()));
    }
    let mut unknown = Vec::new();
    let mut seen = 0;
    for alert in alerts()? {
        for name in metrics(&alert.expr) {
            seen += 1;
            let base = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|end| name.strip_suffix(end))
                .unwrap_or(&name);
            if !documented.contains(&name) && !documented.contains(base) {
                unknown.push(format!("{} names {name}, which no page lists", alert.name));
            }
        }
    }
    assert!(seen > 20, "the alerts were not read: {seen} names");
    assert!(unknown.is_empty(), "{}", unknown.join("\n"));
    Ok(())
}

fn alerts_say_what_to_do() -> Result<(), Failed> {
    let tests = read(&root().join("deploy/prometheus/notarylog.rules.test.yml"))?;
    let mut faults = Vec::new();
    for alert in alerts()? {
        let mut fault = |what: &str| faults.push(format!("{}: {what}", alert.name));
        if !tests.contains(&format!("alertname=\"{}\"", alert.name)) {
            fault("no test lets it come");
        }
        if alert.summary.is_empty() || alert.remedy.is_empty() {
            fault("it has no summary or no remedy");
        }
        if !["page", "ticket"].contains(&alert.severity.as_str()) {
            fault("its severity is neither page nor ticket");
        }
        let (page, chapter) = alert.runbook.split_once('#').unwrap_or_default();
        let headings = read(&root().join("docs").join(page)).unwrap_or_default();
        let is_there = headings
            .lines()
            .filter_map(|line| line.strip_prefix("## "))
            .any(|heading| anchor(heading) == chapter);
        if !is_there {
            fault("its runbook names no chapter that is there");
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    Ok(())
}

fn alerts_come() -> Result<(), Failed> {
    let name = "every_alert_comes_when_it_should_and_no_other_with_it";
    if !skip::found_by_chance(name, "promtool") {
        return Ok(());
    }
    let folder = root().join("deploy/prometheus");
    for (verb, file) in [
        ("check", "notarylog.rules.yml"),
        ("test", "notarylog.rules.test.yml"),
    ] {
        let done = Command::new("promtool")
            .args([verb, "rules", file])
            .current_dir(&folder)
            .output()?;
        let said = [done.stdout, done.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(done.status.success(), "promtool {verb}: {said}");
    }
    Ok(())
}

fn commands_are_there() -> Result<(), Failed> {
    let mut faults = Vec::new();
    let mut seen = 0;
    for page in [
        "README.md",
        "docs/operations.md",
        "docs/backup.md",
        "docs/witness.md",
    ] {
        for command in commands(&read(&root().join(page))?) {
            let mut words = command.split_whitespace();
            let program = words.next().unwrap_or_default();
            let Some((_, person)) = PROGRAMS.iter().find(|(name, _)| *name == program) else {
                continue;
            };
            let is_verb = |word: &&str| word.chars().all(|c| c.is_ascii_lowercase());
            let verbs: Vec<&str> = words.clone().take_while(is_verb).take(2).collect();
            let Some(help) = help(*person, &verbs)? else {
                faults.push(format!("{page}: there is no `{command}`"));
                continue;
            };
            seen += 1;
            for option in words.filter_map(|word| word.strip_prefix("--")) {
                let name = option.split('=').next().unwrap_or_default();
                if !help.contains(&format!("--{name}")) {
                    faults.push(format!("{page}: `{command}` has no option --{name}"));
                }
            }
        }
    }
    assert!(seen > 20, "the pages were not read: {seen} commands");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    Ok(())
}

/// What the program says of itself by these words, of which only the first must be a verb.
fn help(person: Person, verbs: &[&str]) -> Result<Option<String>, Failed> {
    for count in (1..=verbs.len()).rev() {
        let args = verbs[..count].iter().copied().chain(["--help"]);
        let said = process::ask(person, args, root())?;
        if said.code == 0 {
            return Ok(Some(said.stdout));
        }
    }
    Ok(None)
}

/// The commands on a page: the lines of its console blocks, each with those that continue it, and what stands between
/// back quotes.
fn commands(page: &str) -> BTreeSet<String> {
    let joined = page.replace("\\\n", " ");
    let mut found = BTreeSet::new();
    let mut in_block = false;
    for line in joined.lines() {
        if line.starts_with("```") {
            in_block = !in_block;
        } else if in_block {
            let line = line.trim_start_matches(['$', '#', ' ']);
            let line = line
                .strip_prefix("sudo -u ")
                .map_or(line, |rest| rest.split_once(' ').unwrap_or_default().1);
            // What follows two blanks and a number sign is said to the reader.
            found.insert(
                line.split(" #")
                    .next()
                    .unwrap_or_default()
                    .trim()
                    .to_owned(),
            );
        } else {
            found.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    found.retain(|command| {
        let is_ours = |(name, _): &(&str, Person)| command.starts_with(&format!("{name} "));
        PROGRAMS.iter().any(is_ours)
    });
    found
}

/// One alert of the file.
#[derive(Default)]
struct Alert {
    name: String,
    expr: String,
    severity: String,
    summary: String,
    remedy: String,
    runbook: String,
}

/// The alerts, from the few forms of YAML in which the file is written.
fn alerts() -> Result<Vec<Alert>, Failed> {
    let text = read(&root().join("deploy/prometheus/notarylog.rules.yml"))?;
    let mut alerts: Vec<Alert> = Vec::new();
    let mut folded = false;
    for line in text.lines() {
        let line = line.trim();
        if let Some(name) = line.strip_prefix("- alert: ") {
            let name = name.to_owned();
            alerts.push(Alert {
                name,
                ..Alert::default()
            });
            folded = false;
        }
        let Some(alert) = alerts.last_mut() else {
            continue;
        };
        let (key, value) = line.split_once(": ").unwrap_or((line, ""));
        match key {
            "expr" => {
                folded = value == ">-";
                value.clone_into(&mut alert.expr);
            }
            "severity" => value.clone_into(&mut alert.severity),
            "summary" => value.clone_into(&mut alert.summary),
            "remedy" => value.clone_into(&mut alert.remedy),
            "runbook" => value.clone_into(&mut alert.runbook),
            _ if folded && key != "for" && key != "labels:" => {
                alert.expr.push(' ');
                alert.expr.push_str(line);
            }
            _ => folded = false,
        }
    }
    assert!(alerts.len() > 20, "{} alerts were read", alerts.len());
    Ok(alerts)
}

/// The metrics in an expression: every name that is one of ours, of the listeners' or of Prometheus' own.
fn metrics(expr: &str) -> BTreeSet<String> {
    let ours = ["notarylog_", "http_", "process_"];
    expr.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .filter(|word| *word == "up" || ours.iter().any(|start| word.starts_with(start)))
        .map(str::to_owned)
        .collect()
}

/// The name with which a row of a page's table begins, without its labels.
fn name_at_start(row: &str) -> &str {
    let end = row.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    &row[..end.unwrap_or(row.len())]
}

/// What a heading is called in a link.
fn anchor(heading: &str) -> String {
    heading
        .to_lowercase()
        .chars()
        .filter_map(|c| match c {
            ' ' => Some('-'),
            c if c.is_alphanumeric() || c == '-' => Some(c),
            _ => None,
        })
        .collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &PathBuf) -> Result<String, Failed> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()).into())
}
