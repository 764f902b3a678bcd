//! From text to tokens (FHIRPath §2.4, §3.1, and the grammar in appendix B).

use std::borrow::Cow;

use super::decimal::Decimal;
use super::node::System;
use super::temporal::{Date, DateTime, Time};

/// Why a text is no expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} at position {position}")]
pub struct ParseError {
    /// What is wrong.
    pub message: String,
    /// Where: bytes from the start of the text.
    pub position: usize,
}

/// A token.
#[derive(Debug, Clone, PartialEq)]
pub enum Token<'t> {
    /// A name, or a word such as `and`.
    Word(&'t str),
    /// A name between backticks.
    Quoted(Cow<'t, str>),
    /// A literal string, number, date or time.
    Literal(System<'static>),
    /// `$this`, `$index`, `$total`, without the sign.
    Special(&'t str),
    /// `%name`, without the sign.
    Variable(Cow<'t, str>),
    /// An operator or a bracket.
    Symbol(&'static str),
    /// The end of the text.
    End,
}

/// Longest first.
const SYMBOLS: &[&str] = &[
    "!=", "!~", "<=", ">=", "(", ")", "[", "]", "{", "}", ".", ",", "+", "-", "*", "/", "|", "&", "=", "~",
    "<", ">",
];

/// Tokens one by one.
#[derive(Debug, Clone)]
pub struct Lexer<'t> {
    text: &'t str,
    position: usize,
}

impl<'t> Lexer<'t> {
    /// From the start of a text.
    pub fn new(text: &'t str) -> Lexer<'t> {
        Lexer { text, position: 0 }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.position..).unwrap_or_default()
    }

    fn error<T>(&self, message: impl Into<String>) -> Result<T, ParseError> {
        Err(ParseError { message: message.into(), position: self.position })
    }

    /// The next token and where it begins.
    pub fn next(&mut self) -> Result<(Token<'t>, usize), ParseError> {
        self.skip_blanks()?;
        let start = self.position;
        Ok((self.token()?, start))
    }

    fn skip_blanks(&mut self) -> Result<(), ParseError> {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
            self.position += rest.len() - trimmed.len();
            if trimmed.starts_with("//") {
                self.position += trimmed.find(['\n', '\r']).unwrap_or(trimmed.len());
            } else if trimmed.starts_with("/*") {
                match trimmed.find("*/") {
                    Some(end) => self.position += end + 2,
                    None => return self.error("comment without end"),
                }
            } else {
                return Ok(());
            }
        }
    }

    fn token(&mut self) -> Result<Token<'t>, ParseError> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok(Token::End) };
        match first {
            'A'..='Z' | 'a'..='z' | '_' => Ok(Token::Word(self.word())),
            '0'..='9' => self.number(),
            '\'' => Ok(Token::Literal(System::string(self.quoted('\'')?.into_owned()))),
            '`' => Ok(Token::Quoted(self.quoted('`')?)),
            '@' => self.moment(),
            '$' => {
                self.position += 1;
                Ok(Token::Special(self.word()))
            }
            '%' => {
                self.position += 1;
                match self.rest().chars().next() {
                    Some(quote @ ('`' | '\'' | '"')) => Ok(Token::Variable(self.quoted(quote)?)),
                    _ => match self.variable() {
                        "" => self.error("a name is expected after '%'"),
                        name => Ok(Token::Variable(Cow::Borrowed(name))),
                    },
                }
            }
            _ => match SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
                Some(symbol) => {
                    self.position += symbol.len();
                    Ok(Token::Symbol(symbol))
                }
                None => self.error("unexpected character"),
            },
        }
    }

    fn take_while(&mut self, keep: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let taken = &rest[..rest.find(|c| !keep(c)).unwrap_or(rest.len())];
        self.position += taken.len();
        taken
    }

    fn word(&mut self) -> &'t str {
        self.take_while(|c| c.is_ascii_alphanumeric() || c == '_')
    }

    /// `%vs-name` is written without quotes in older definitions.
    fn variable(&mut self) -> &'t str {
        let name = self.word();
        if matches!(name, "vs" | "ext") && self.rest().starts_with('-') {
            let start = self.position - name.len();
            self.take_while(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
            return self.text.get(start..self.position).unwrap_or_default();
        }
        name
    }

    fn number(&mut self) -> Result<Token<'t>, ParseError> {
        let start = self.position;
        self.take_while(|c| c.is_ascii_digit());
        let mut rest = self.rest().chars();
        // `1.is(Integer)`: the point belongs to the number only before a digit.
        let is_decimal = rest.next() == Some('.') && rest.next().is_some_and(|c| c.is_ascii_digit());
        if is_decimal {
            self.position += 1;
            self.take_while(|c| c.is_ascii_digit());
        }
        let text = self.text.get(start..self.position).unwrap_or_default();
        let value = if is_decimal {
            Decimal::parse(text).map(System::Decimal)
        } else {
            text.parse().ok().map(System::Integer)
        };
        match value {
            Some(value) => Ok(Token::Literal(value)),
            None => self.error("number with too many digits"),
        }
    }

    /// `@2015`, `@2015-02-04T14:34:28+10:00`, `@T14:34`.
    fn moment(&mut self) -> Result<Token<'t>, ParseError> {
        let text = self.rest().get(1..).unwrap_or_default();
        let read = match text.strip_prefix('T') {
            Some(time) => Time::parse_front(time).map(|(time, rest)| (System::Time(time), rest)),
            None => Date::parse_front(text).and_then(|(date, rest)| match rest.strip_prefix('T') {
                None => Some((System::Date(date), rest)),
                Some(after) => {
                    let (moment, rest) = DateTime::parse_front(text)?;
                    // `@2015T` is a DateTime without time.
                    let rest = if moment.time().is_none() { after } else { rest };
                    Some((System::DateTime(moment), rest))
                }
            }),
        };
        match read {
            Some((value, rest)) => {
                self.position = self.text.len() - rest.len();
                Ok(Token::Literal(value))
            }
            None => self.error("not a date or time"),
        }
    }

    /// What is between two quotes, escapes resolved.
    fn quoted(&mut self, quote: char) -> Result<Cow<'t, str>, ParseError> {
        let start = self.position + 1;
        let body = self.text.get(start..).unwrap_or_default();
        match body.find([quote, '\\']) {
            None => return self.error("quote without end"),
            Some(end) if body[end..].starts_with(quote) => {
                self.position = start + end + 1;
                return Ok(Cow::Borrowed(&body[..end]));
            }
            Some(_) => {}
        }
        let mut text = String::new();
        let mut chars = body.char_indices();
        while let Some((at, c)) = chars.next() {
            if c == quote {
                self.position = start + at + 1;
                return Ok(Cow::Owned(text));
            }
            if c != '\\' {
                text.push(c);
                continue;
            }
            let escaped = match chars.next().map(|(_, c)| c) {
                Some('n') => '\n',
                Some('r') => '\r',
                Some('t') => '\t',
                Some('f') => '\u{c}',
                Some(c @ ('\\' | '/' | '\'' | '"' | '`')) => c,
                Some('u') => {
                    let hex =
                        body.get(at + 2..at + 6).filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
                    let code = hex.and_then(|hex| u32::from_str_radix(hex, 16).ok());
                    let Some(c) = code.and_then(char::from_u32) else {
                        return self.error("'\\u' is followed by four hexadecimal digits of a character");
                    };
                    chars.by_ref().take(4).for_each(drop);
                    c
                }
                Some(_) => return self.error("unknown escape in a text"),
                None => return self.error("quote without end"),
            };
            text.push(escaped);
        }
        self.error("quote without end")
    }
}
