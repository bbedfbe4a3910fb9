//! Sentences with placeholders: `{n}` is a name in lower-case letters between braces; any other brace is text.

/// A stretch of a sentence.
pub(crate) enum Piece<'a> {
    Text(&'a str),
    Placeholder(&'a str),
}

/// Cuts a sentence at its placeholders: `a {n} b` is the text `a `, the placeholder `n`, the text ` b`.
pub(crate) fn pieces(sentence: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = sentence;
    core::iter::from_fn(move || {
        let first = rest.chars().next()?;
        if let Some((name, after)) = placeholder(rest) {
            rest = after;
            return Some(Piece::Placeholder(name));
        }
        // A brace that opens no placeholder is text.
        let from = first.len_utf8();
        let end = rest[from..].find('{').map_or(rest.len(), |at| from + at);
        let (text, after) = rest.split_at(end);
        rest = after;
        Some(Piece::Text(text))
    })
}

/// The sentence with its placeholders filled. What has no argument stays visible as `{name}`; an argument is put in as
/// it is and never searched for placeholders.
pub(crate) fn fill(sentence: &str, arguments: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(sentence.len() + 32);
    for piece in pieces(sentence) {
        match piece {
            Piece::Text(text) => filled.push_str(text),
            Piece::Placeholder(name) => match arguments.iter().find(|(given, _)| *given == name) {
                Some((_, value)) => filled.push_str(value),
                None => filled.extend(["{", name, "}"]),
            },
        }
    }
    filled
}

fn placeholder(text: &str) -> Option<(&str, &str)> {
    let (name, after) = text.strip_prefix('{')?.split_once('}')?;
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase());
    is_name.then_some((name, after))
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn an_argument_is_never_searched_for_placeholders() {
        assert_eq!(
            fill("{a} and {b}", &[("a", "{b}"), ("b", "2")]),
            "{b} and 2"
        );
    }

    #[test]
    fn what_has_no_argument_and_what_is_no_placeholder_stays_visible() {
        assert_eq!(
            fill("{a} stays, { too, {} too, 日{b}{", &[("b", "本")]),
            "{a} stays, { too, {} too, 日本{"
        );
        assert_eq!(fill("", &[]), "");
    }
}
