//! `notary policy explain`: what a policy bears, and what is unwise in it.

use super::answer::{Answer, Failure};
use super::policy;
use crate::{PolicyFingerprint, Word};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;
use tlog::{
    Grip, NotSearched, OPERATORS_MAX, Operator, Operators, Policy, PolicyWarning, QuorumSearch,
    QuorumStrength,
};
use words::{Code, Lang};

/// Explains a policy file. A superior is `NAME=A,B`: these operators answer to it.
pub fn explain(file: &Path, superiors: &[String], lang: Lang) -> Result<Answer, Failure> {
    let policy = policy::read(file)?;
    let operators = Operators::of(&policy);
    let superiors = superiors
        .iter()
        .map(|text| Superior::parse(text, &policy, &operators))
        .collect::<Result<Vec<_>, _>>()?;
    let search = QuorumSearch::new(&policy, &operators);
    let mut explained = Explained::default();
    explained.of_operators(&policy, &operators);
    match &search {
        Ok(search) => {
            let strength = search.strength();
            explained.of_strength(strength);
            for superior in superiors {
                let grip = search.grip(&superior.operators);
                explained.of_superior(&superior, grip, strength, &operators);
            }
        }
        Err(NotSearched::Unwitnessed) => explained.warnings.push(Word::plain(Code::Unwitnessed)),
        Err(NotSearched::TooMany(count)) => explained.warnings.push(
            Word::plain(Code::StrengthUnknown)
                .with("n", count)
                .with("max", &OPERATORS_MAX),
        ),
    }
    let strength = search.ok().map(|search| search.strength());
    Ok(Answer::done(
        explained.text(&policy, &operators, lang),
        explained.json(&policy, &operators, strength, lang),
    ))
}

/// Somebody whom several operators obey.
struct Superior {
    name: String,
    operators: Vec<usize>,
}

impl Superior {
    fn parse(text: &str, policy: &Policy, operators: &Operators) -> Result<Self, Failure> {
        let form = || Failure::usage(format!("--superior {text}: say NAME=OPERATOR,OPERATOR"));
        let (name, members) = text.split_once('=').ok_or_else(form)?;
        let mut found = Vec::new();
        for member in members.split(',') {
            let place = operators.find(policy, member).ok_or_else(|| {
                let known: Vec<&str> = operators.all().iter().map(Operator::name).collect();
                Failure::usage(format!(
                    "--superior {name}: the policy has no operator {member}; it has {}",
                    known.join(", ")
                ))
            })?;
            if !found.contains(&place) {
                found.push(place);
            }
        }
        Ok(Self {
            name: name.to_owned(),
            operators: found,
        })
    }
}

/// What there is to say.
#[derive(Default)]
struct Explained {
    sentences: Vec<Word>,
    warnings: Vec<Word>,
    superiors: Vec<Value>,
}

impl Explained {
    /// What the file itself shows, whatever the quorum bears.
    fn of_operators(&mut self, policy: &Policy, operators: &Operators) {
        for operator in operators.all() {
            let name = operator.name();
            match operator.votes() {
                0 => self
                    .warnings
                    .push(Word::plain(Code::NoSay).with("operator", name)),
                1 => {}
                votes => self.warnings.push(
                    Word::plain(Code::ManyVotes)
                        .with("operator", name)
                        .with("votes", &votes),
                ),
            }
        }
        for group in policy.groups() {
            if group.threshold() == 1 && group.members().len() > 1 {
                let word = Word::plain(Code::AnyIsEnough).with("group", group.name());
                self.warnings.push(word);
            }
        }
        for PolicyWarning::LogIsWitness { log, witness } in policy.warnings() {
            let word = Word::plain(Code::LogIsWitness)
                .with("witness", policy.witnesses()[witness].name())
                .with("log", policy.logs()[log].vkey().name());
            self.warnings.push(word);
        }
    }

    fn of_strength(&mut self, strength: QuorumStrength) {
        self.sentences.push(policy::asks(strength));
        match strength.prevented() {
            None => self.warnings.push(Word::plain(Code::ForkByLogAlone)),
            Some(0) => self.warnings.push(Word::plain(Code::ForkNotPrevented)),
            Some(f) => self
                .sentences
                .push(Word::plain(Code::ForkPrevented).with("f", &f)),
        }
        let detected = Word::plain(Code::ForkDetected).with("f", &strength.detected());
        let borne = Word::plain(Code::OutagesBorne).with("d", &strength.outages);
        self.sentences.extend([detected, borne]);
    }

    fn of_superior(
        &mut self,
        superior: &Superior,
        grip: Grip,
        strength: QuorumStrength,
        operators: &Operators,
    ) {
        let members = superior.operators.iter();
        let members: Vec<String> = members
            .map(|&place| operators.all()[place].name().to_owned())
            .collect();
        let at_most = strength.prevented().unwrap_or(0);
        let word = |code| Word::plain(code).with("name", &superior.name);
        if grip.can_fork {
            self.warnings.push(
                word(Code::SuperiorTooMany)
                    .with_list("members", members.clone())
                    .with("max", &at_most),
            );
        } else {
            self.sentences
                .push(word(Code::SuperiorBearable).with_list("members", members.clone()));
        }
        if grip.can_stop {
            self.sentences.push(word(Code::SuperiorCanStop));
        }
        self.superiors.push(json!({
            "name": superior.name,
            "operators": members,
            "at_most": at_most,
            "can_fork": grip.can_fork,
            "can_stop": grip.can_stop,
            "is_quorum": grip.is_quorum,
        }));
    }

    fn text(&self, policy: &Policy, operators: &Operators, lang: Lang) -> String {
        let mut text = policy::operator_lines(policy, operators);
        for word in &self.sentences {
            let _ = write!(text, "\n{}", word.say(lang));
        }
        for word in &self.warnings {
            let mark = match lang {
                Lang::En => "Warning: ",
                Lang::Zh => "警告：",
            };
            let _ = write!(text, "\n{mark}{}", word.say(lang));
        }
        text.trim_start().to_owned()
    }

    fn json(
        &self,
        policy: &Policy,
        operators: &Operators,
        strength: Option<QuorumStrength>,
        lang: Lang,
    ) -> Value {
        let in_json = |word: &Word| {
            json!({
                "code": word.code.as_str(),
                "sentence": word.say(lang),
                "arguments": super::verdict_json::arguments(word, lang),
            })
        };
        json!({
            "schema": "notarylog/policy-strength/1",
            "fingerprint": PolicyFingerprint::of(policy).to_string(),
            "operators": policy::operators_in_json(policy, operators),
            "strength": strength.map(|strength| json!({
                "operators": strength.operators,
                "smallest_quorum": strength.smallest,
                "forks_prevented": strength.prevented(),
                "forks_detected": strength.detected(),
                "outages_borne": strength.outages,
            })),
            "superiors": self.superiors,
            "sentences": self.sentences.iter().map(in_json).collect::<Vec<_>>(),
            "warnings": self.warnings.iter().map(in_json).collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests;
