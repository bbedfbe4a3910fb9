//! How the demo speaks: sentences for people, or one JSON event a step for programs.

use serde_json::{Value, json};
use std::io::{self, IsTerminal as _, Write};

/// Speaks to stdout.
#[derive(Debug)]
pub struct Voice {
    json: bool,
    colour: bool,
    steps: u32,
}

/// One thing to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// A sentence or a few, broken into lines of 78 columns.
    Text(String),
    /// A check that passed, with what was found.
    Passed(String),
    /// Something false that was refused, as it must be.
    Refused(String),
    /// Something that is not finished, and is said so.
    Waits(String),
    /// Something to read or type as it stands.
    Plain(String),
}

/// Columns of a line of text.
const WIDTH: usize = 78;

/// Columns before the text of a step.
const INDENT: usize = 4;

impl Voice {
    /// A voice for people, or one for programs.
    pub fn new(json: bool) -> Self {
        let colour = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self {
            json,
            colour,
            steps: 0,
        }
    }

    /// Whether it is one for programs.
    pub const fn is_json(&self) -> bool {
        self.json
    }

    /// What stands above the first step.
    pub fn open(&self, title: &str, text: &str) {
        if !self.json {
            let text = wrap(text, WIDTH).join("\n");
            print(&format!("\n{}\n{text}\n", self.bold(title)));
        }
    }

    /// A step begins.
    pub fn begin(&mut self, title: &str) {
        self.steps += 1;
        if !self.json {
            print(&format!("\n{:>2}  {}\n", self.steps, self.bold(title)));
        }
    }

    /// A step is done: what a person reads, and the event with its facts.
    pub fn done(&self, event: &str, facts: Value, lines: &[Line]) {
        if self.json {
            print(&format!("{}\n", named(event, facts)));
        } else {
            let text: String = lines.iter().map(|line| self.set(line)).collect();
            print(&text);
        }
    }

    /// What stands below the last step.
    pub fn close(&self, event: &str, facts: Value, lines: &[Line]) {
        if !self.json {
            print("\n");
        }
        self.done(event, facts, lines);
    }

    /// Something went wrong.
    pub fn fail(&self, part: &str, why: &str) {
        if self.json {
            print(&format!(
                "{}\n",
                named("failed", json!({"part": part, "why": why}))
            ));
        } else {
            let _ = writeln!(io::stderr(), "\nThe demo stopped: {why}");
        }
    }

    fn set(&self, line: &Line) -> String {
        let (mark, text) = match line {
            Line::Text(text) => (String::new(), text),
            Line::Passed(text) => (self.paint("32", "✓ "), text),
            Line::Refused(text) => (self.paint("31", "✗ "), text),
            Line::Waits(text) => (self.paint("33", "… "), text),
            Line::Plain(text) => return format!("{:INDENT$}{text}\n", ""),
        };
        let hang = if mark.is_empty() { INDENT } else { INDENT + 2 };
        wrap(text, WIDTH - hang)
            .iter()
            .enumerate()
            .map(|(at, row)| match at {
                0 => format!("{:INDENT$}{mark}{row}\n", ""),
                _ => format!("{:hang$}{row}\n", ""),
            })
            .collect()
    }

    fn bold(&self, text: &str) -> String {
        self.paint("1", text)
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.colour {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

/// `named("done", {"steps": 6})` → `{"event":"done","steps":6}`
fn named(event: &str, facts: Value) -> Value {
    let mut named = json!({"event": event});
    if let (Some(named), Value::Object(facts)) = (named.as_object_mut(), facts) {
        named.extend(facts);
    }
    named
}

// A reader that went away (`demo | head`) is no reason to panic: the checks go on and the exit code says how they ended.
fn print(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Breaks at spaces; a word longer than the line stands alone.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut rows = vec![String::new()];
    let mut used = 0;
    for word in text.split_whitespace() {
        let long = word.chars().count();
        if used > 0 && used + 1 + long > width {
            rows.push(String::new());
            used = 0;
        }
        let row = rows
            .last_mut()
            .expect("rows begins with one and only grows");
        if used > 0 {
            row.push(' ');
            used += 1;
        }
        row.push_str(word);
        used += long;
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_breaks_at_spaces_and_never_inside_a_word() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("unbreakable word", 4), ["unbreakable", "word"]);
        assert_eq!(wrap("", 4), [""]);
    }

    #[test]
    fn marked_lines_hang_under_their_text() {
        let voice = Voice {
            json: false,
            colour: false,
            steps: 0,
        };
        let long = "word ".repeat(20);
        let set = voice.set(&Line::Passed(long));
        let rows: Vec<&str> = set.lines().collect();
        assert!(rows.iter().all(|row| row.chars().count() <= WIDTH));
        assert!(
            set.starts_with("    ✓ word")
                && rows.iter().skip(1).all(|row| row.starts_with("      word"))
        );
    }

    #[test]
    fn an_event_bears_its_name_and_its_facts() {
        let event = named("done", json!({"steps": 6}));
        assert_eq!(event, json!({"event": "done", "steps": 6}));
    }
}
