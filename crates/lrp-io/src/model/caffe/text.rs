//! Protocol buffers as text: what descriptions of Caffe networks are written in.

use std::iter::Peekable;
use std::str::CharIndices;

use crate::error::{Error, Result, quoted};
use crate::limits::Limits;

/// Fields of one file. The largest networks published have some ten thousand.
const FIELDS: usize = 1 << 18;

/// Letters of a field's name, a number or a word. A list repeats the name of its field for each of its values.
const LETTERS: usize = 256;

/// Fields in the order of the file; a name may come again.
#[derive(Clone, Debug, Default)]
pub(super) struct Message {
    pub(super) fields: Vec<Field>,
}

/// A name and what stands behind it.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) value: Content,
}

/// What a field holds.
#[derive(Clone, Debug)]
pub(super) enum Content {
    /// A number, a word, or a text without its quotes.
    Scalar(String),
    /// More fields.
    Message(Message),
}

/// The smallest parts of the text.
#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Symbol(char),
}

/// Reads a whole text.
///
/// ```text
/// layer { name: "conv1"  convolution_param { kernel_size: 3 } }   # and so on
/// ```
pub(super) fn parse(text: &str, limits: &Limits) -> Result<Message> {
    let mut parser =
        Parser { letters: text.char_indices().peekable(), text, line: 1, next: None, fields: 0, limits };
    parser.message(None, 0)
}

/// Whether a text begins with a field that descriptions of networks have.
pub(super) fn begins_with(bytes: &[u8], names: &[&str]) -> bool {
    const LOOKED_AT: usize = 1 << 16;
    let start = bytes.get(..LOOKED_AT).unwrap_or(bytes);
    let text = match std::str::from_utf8(start) {
        Ok(text) => text,
        Err(error) => match std::str::from_utf8(start.get(..error.valid_up_to()).unwrap_or_default()) {
            Ok(text) if error.error_len().is_none() => text,
            _ => return false,
        },
    };
    let text = text.trim_start_matches('\u{feff}');
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    let Some(line) = lines.into_iter().find(|line| !line.is_empty()) else { return false };
    let name = line.split(|letter: char| !is_word(letter)).next().unwrap_or_default();
    let behind = line.get(name.len()..).unwrap_or_default().trim_start();
    names.contains(&name) && (behind.is_empty() || behind.starts_with([':', '{', '<']))
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '_' | '.' | '+' | '-')
}

struct Parser<'t> {
    letters: Peekable<CharIndices<'t>>,
    text: &'t str,
    line: usize,
    /// A token that was looked at and not taken.
    next: Option<Option<Token>>,
    fields: usize,
    limits: &'t Limits,
}

impl Parser<'_> {
    /// Fields up to the symbol that closes them, or to the end of the text.
    fn message(&mut self, close: Option<char>, depth: usize) -> Result<Message> {
        if depth > self.limits.nesting {
            let allowed = self.limits.nesting;
            return Err(self
                .refused(Error::limit(format!("messages nest deeper than {allowed}, no more is allowed"))));
        }
        let mut fields = Vec::new();
        loop {
            let name = match (self.take()?, close) {
                (None, None) => return Ok(Message { fields }),
                (Some(Token::Symbol(symbol)), Some(close)) if symbol == close => {
                    return Ok(Message { fields });
                }
                (Some(Token::Symbol(',' | ';')), _) => continue,
                (Some(Token::Word(name)), _) => name,
                (None, Some(close)) => return Err(self.wrong(&format!("ends where '{close}' is expected"))),
                (Some(token), _) => {
                    return Err(self.wrong(&format!("has {token} where a field's name is expected")));
                }
            };
            let line = self.line;
            for value in self.values(&name, depth)? {
                self.fields += 1;
                if self.fields > FIELDS {
                    return Err(self.refused(Error::limit(format!(
                        "has more than {FIELDS} fields, no more are allowed"
                    ))));
                }
                fields.push(Field { name: name.clone(), line, value });
            }
        }
    }

    /// What stands behind a field's name: one value, or a list of them in brackets.
    fn values(&mut self, name: &str, depth: usize) -> Result<Vec<Content>> {
        let colon = self.peek()? == Some(&Token::Symbol(':'));
        if colon {
            self.take()?;
        }
        if self.peek()? != Some(&Token::Symbol('[')) {
            return Ok(vec![self.value(name, colon, depth)?]);
        }
        self.take()?;
        let mut values = Vec::new();
        while self.peek()? != Some(&Token::Symbol(']')) {
            values.push(self.value(name, true, depth)?);
            if values.len() > FIELDS {
                return Err(self.refused(Error::limit(format!(
                    "has a list of more than {FIELDS} values, no more are allowed"
                ))));
            }
            if self.peek()? == Some(&Token::Symbol(',')) {
                self.take()?;
            }
        }
        self.take()?;
        Ok(values)
    }

    fn value(&mut self, name: &str, scalar: bool, depth: usize) -> Result<Content> {
        let name = quoted(name);
        match self.take()? {
            Some(Token::Symbol('{')) => self.message(Some('}'), depth + 1).map(Content::Message),
            Some(Token::Symbol('<')) => self.message(Some('>'), depth + 1).map(Content::Message),
            Some(Token::Word(word)) if scalar => Ok(Content::Scalar(word)),
            Some(Token::Text(mut text)) if scalar => {
                // Neighbouring texts are one, as in C.
                while let Some(Token::Text(_)) = self.peek()? {
                    if let Some(Token::Text(more)) = self.take()? {
                        text.push_str(&more);
                    }
                }
                Ok(Content::Scalar(text))
            }
            Some(token) if scalar => {
                Err(self.wrong(&format!("has {token} where the value of {name} is expected")))
            }
            Some(token) => {
                Err(self.wrong(&format!("has {token} where ':' or '{{' is expected behind {name}")))
            }
            None => Err(self.wrong(&format!("ends where the value of {name} is expected"))),
        }
    }

    fn peek(&mut self) -> Result<Option<&Token>> {
        if self.next.is_none() {
            self.next = Some(self.read()?);
        }
        Ok(self.next.as_ref().and_then(Option::as_ref))
    }

    fn take(&mut self) -> Result<Option<Token>> {
        match self.next.take() {
            Some(token) => Ok(token),
            None => self.read(),
        }
    }

    fn read(&mut self) -> Result<Option<Token>> {
        while let Some((start, letter)) = self.letters.next() {
            match letter {
                '\n' => self.line += 1,
                '#' => while self.letters.next_if(|&(_, letter)| letter != '\n').is_some() {},
                '"' | '\'' => return self.quoted(letter).map(Some),
                letter if letter.is_whitespace() || letter == '\u{feff}' => {}
                letter if is_word(letter) => return self.word(start).map(Some),
                '{' | '}' | '<' | '>' | '[' | ']' | ':' | ',' | ';' => {
                    return Ok(Some(Token::Symbol(letter)));
                }
                other => return Err(self.wrong(&format!("has {} in it", quoted(&other.to_string())))),
            }
        }
        Ok(None)
    }

    /// A name, a number or a word of which the first letter is taken already.
    fn word(&mut self, start: usize) -> Result<Token> {
        while self.letters.next_if(|&(_, letter)| is_word(letter)).is_some() {}
        let end = self.letters.peek().map_or(self.text.len(), |&(at, _)| at);
        let word = self.text.get(start..end).unwrap_or_default();
        if word.len() > LETTERS {
            let message = format!("has the word {}, at most {LETTERS} letters are allowed", quoted(word));
            return Err(self.refused(Error::limit(message)));
        }
        Ok(Token::Word(word.to_owned()))
    }

    /// A text up to the quote that ends it.
    fn quoted(&mut self, quote: char) -> Result<Token> {
        let mut text = String::new();
        loop {
            match self.letters.next().map(|(_, letter)| letter) {
                Some(letter) if letter == quote => return Ok(Token::Text(text)),
                Some('\\') => match self.letters.next().map(|(_, letter)| letter) {
                    Some('n') => text.push('\n'),
                    Some('t') => text.push('\t'),
                    Some('r') => text.push('\r'),
                    Some(letter @ ('"' | '\'' | '\\' | '?')) => text.push(letter),
                    _ => {
                        return Err(self
                            .wrong("has a text with an escape other than n, t, r, a quote or a backslash"));
                    }
                },
                Some('\n') | None => return Err(self.wrong("has a text that does not end in its line")),
                Some(letter) => text.push(letter),
            }
        }
    }

    fn wrong(&self, message: &str) -> Error {
        self.refused(Error::format(message))
    }

    fn refused(&self, error: Error) -> Error {
        error.at_line(self.line)
    }
}

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Word(text) | Self::Text(text) => f.write_str(&quoted(text)),
            Self::Symbol(symbol) => write!(f, "'{symbol}'"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(message: &Message) -> String {
        let field = |field: &Field| match &field.value {
            Content::Scalar(text) => format!("{}@{}={text}", field.name, field.line),
            Content::Message(inner) => format!("{}@{}({})", field.name, field.line, spelled(inner)),
        };
        message.fields.iter().map(field).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn every_way_to_write_a_field_is_read() {
        let text = "name: \"a\" 'b' # c\nlayer { pad: -1, dim: [1, 2]; ok: true }\nlayer: < x: 1e-4 >\nq { }";
        let message = parse(text, &Limits::default()).expect("a message");
        assert_eq!(
            spelled(&message),
            "name@1=ab layer@2(pad@2=-1 dim@2=1 dim@2=2 ok@2=true) layer@3(x@3=1e-4) q@4()"
        );
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let cases = [
            ("a: 1\n}", ":2: has '}' where a field's name is expected"),
            ("a {\n b: 1\n", ":3: ends where '}' is expected"),
            ("a 1", ":1: has '1' where ':' or '{' is expected behind 'a'"),
            ("a:", ":1: ends where the value of 'a' is expected"),
            ("a: \"x", ":1: has a text that does not end in its line"),
            ("a: @", ":1: has '@' in it"),
        ];
        for (text, expected) in cases {
            let error = parse(text, &Limits::default()).expect_err(text);
            assert_eq!(error.to_string(), expected, "{text}");
        }
    }

    #[test]
    fn nesting_and_fields_are_bounded() {
        let deep = "a {".repeat(100);
        let error = parse(&deep, &Limits::default()).expect_err("too deep");
        assert_eq!(error.to_string(), ":1: messages nest deeper than 64, no more is allowed");
        let error = parse(&"a:1 ".repeat(FIELDS + 1), &Limits::default()).expect_err("too many");
        assert_eq!(error.to_string(), ":1: has more than 262144 fields, no more are allowed");
        let list = format!("a: [{}]", "1,".repeat(FIELDS + 1));
        let error = parse(&list, &Limits::default()).expect_err("too many in a list");
        assert_eq!(error.to_string(), ":1: has a list of more than 262144 values, no more are allowed");
        let error = parse(&format!("{}: 1", "a".repeat(257)), &Limits::default()).expect_err("too long");
        let shown = "a".repeat(40);
        assert_eq!(
            error.to_string(),
            format!(":1: has the word '{shown}…', at most 256 letters are allowed")
        );
    }

    #[test]
    fn descriptions_are_told_from_other_texts() {
        assert!(begins_with(b"# net\n\nname: 'x'", &["name"]));
        assert!(begins_with(b"layer {", &["name", "layer"]));
        assert!(!begins_with(b"Linear 2 3\n", &["name", "layer"]));
        assert!(!begins_with(b"names: 1", &["name"]));
        assert!(!begins_with(b"\xff\xfe", &["name"]));
    }
}
