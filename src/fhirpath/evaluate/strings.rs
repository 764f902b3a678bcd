//! Functions on texts (FHIRPath §5.6). Positions count characters, not bytes.

use std::borrow::Cow;

use regex::Regex;

use super::functions::argument;
use super::{Evaluator, Flow, Scope, Sink};
use crate::fhirpath::environment::EvaluationError;
use crate::fhirpath::expression::{Call, Expr};
use crate::fhirpath::function::Function;
use crate::fhirpath::node::{Node, System};
use crate::fhirpath::{escape, pattern};

/// What compiling a pattern costs, in steps.
const PATTERN_COST: u64 = 10_000;

fn emit<'a>(text: impl Into<Cow<'a, str>>, out: Sink<'_, 'a>) -> Flow {
    out(Node::System(System::string(text)))
}

impl<'a> Evaluator<'_, 'a> {
    pub(super) fn string_function(&self, call: &'a Call, scope: Scope<'_, 'a>, out: Sink<'_, 'a>) -> Flow {
        let name = call.function.name();
        let Some(text) = self.text(&call.on, scope, name)? else { return Ok(()) };
        self.afford(text.len())?;
        match call.function {
            Function::Upper => return emit(text.to_uppercase(), out),
            Function::Lower => return emit(text.to_lowercase(), out),
            Function::Trim => return emit(text.trim().to_owned(), out),
            Function::Length => return out(Node::from(text.chars().count() as i64)),
            Function::ToChars => {
                return text.chars().try_for_each(|c| {
                    self.spend(1)?;
                    emit(c.to_string(), out)
                });
            }
            Function::Substring => return self.substring(&text, call, scope, out),
            _ => {}
        }
        let Some(first) = self.text(argument(call, 0), scope, name)? else { return Ok(()) };
        let boolean = |value: bool| Node::from(value);
        match call.function {
            Function::IndexOf => out(Node::from(position(&text, text.find(first.as_ref())))),
            Function::LastIndexOf => out(Node::from(position(&text, text.rfind(first.as_ref())))),
            Function::StartsWith => out(boolean(text.starts_with(first.as_ref()))),
            Function::EndsWith => out(boolean(text.ends_with(first.as_ref()))),
            Function::Contains => out(boolean(text.contains(first.as_ref()))),
            Function::Matches | Function::MatchesFull => {
                let pattern = self.pattern(&first, call.function == Function::MatchesFull, name)?;
                self.spend(text.len() as u64)?;
                out(boolean(pattern.is_match(&text)))
            }
            Function::Replace => {
                let Some(with) = self.text(argument(call, 1), scope, name)? else { return Ok(()) };
                let count = text.matches(first.as_ref()).count();
                self.afford(text.len().saturating_add(count.saturating_mul(with.len())))?;
                emit(text.replace(first.as_ref(), &with), out)
            }
            Function::ReplaceMatches => {
                let Some(with) = self.text(argument(call, 1), scope, name)? else { return Ok(()) };
                if first.is_empty() {
                    return emit(text, out);
                }
                let pattern = self.pattern(&first, false, name)?;
                self.replaced(&pattern, &text, &with, out)
            }
            Function::Split => {
                if first.is_empty() {
                    return emit(text, out);
                }
                text.split(first.as_ref()).try_for_each(|part| {
                    self.spend(1)?;
                    emit(part.to_owned(), out)
                })
            }
            Function::Encode => escape::encode(&text, &first).map_or(Ok(()), |text| emit(text, out)),
            Function::Decode => escape::decode(&text, &first).map_or(Ok(()), |text| emit(text, out)),
            Function::Escape => escape::escape(&text, &first).map_or(Ok(()), |text| emit(text, out)),
            Function::Unescape => escape::unescape(&text, &first).map_or(Ok(()), |text| emit(text, out)),
            _ => Ok(()),
        }
    }

    fn substring(&self, text: &str, call: &'a Call, scope: Scope<'_, 'a>, out: Sink<'_, 'a>) -> Flow {
        let Some(start) = self.integer(argument(call, 0), scope, "substring")? else { return Ok(()) };
        let length = match call.arguments.get(1) {
            Some(length) => self.integer(length, scope, "substring")?,
            None => None,
        };
        let Ok(start) = usize::try_from(start) else { return Ok(()) };
        let mut rest = text.chars().skip(start).peekable();
        if rest.peek().is_none() {
            return Ok(());
        }
        let length = length.map_or(usize::MAX, |length| usize::try_from(length).unwrap_or(0));
        emit(rest.take(length).collect::<String>(), out)
    }

    /// A pattern that is no literal.
    fn pattern(&self, pattern: &str, is_full: bool, name: &'static str) -> Flow<Regex> {
        self.spend(PATTERN_COST)?;
        let compiled = if is_full { pattern::compile_full(pattern) } else { pattern::compile(pattern) };
        compiled.ok_or_else(|| EvaluationError::Pattern(name).into())
    }

    /// `matches('literal')`.
    pub(super) fn matches_literal(
        &self,
        on: &'a Expr,
        pattern: Option<&Regex>,
        scope: Scope<'_, 'a>,
    ) -> Flow<Option<bool>> {
        let Some(text) = self.text(on, scope, "matches")? else { return Ok(None) };
        let Some(pattern) = pattern else { return Err(EvaluationError::Pattern("matches").into()) };
        self.spend(text.len() as u64)?;
        Ok(Some(pattern.is_match(&text)))
    }

    /// `replaceMatches('literal', substitution)`.
    pub(super) fn replace_matches(
        &self,
        on: &'a Expr,
        pattern: Option<&Regex>,
        substitution: &'a Expr,
        scope: Scope<'_, 'a>,
        out: Sink<'_, 'a>,
    ) -> Flow {
        let name = "replaceMatches";
        let Some(text) = self.text(on, scope, name)? else { return Ok(()) };
        let Some(with) = self.text(substitution, scope, name)? else { return Ok(()) };
        let Some(pattern) = pattern else { return Err(EvaluationError::Pattern(name).into()) };
        self.replaced(pattern, &text, &with, out)
    }

    fn replaced(&self, pattern: &Regex, text: &str, with: &str, out: Sink<'_, 'a>) -> Flow {
        self.spend(2 * text.len() as u64)?;
        // Each match may bring the whole text back in by `$0`.
        let count = pattern.find_iter(text).count();
        let references = with.matches('$').count();
        let longest = references.saturating_mul(text.len()).saturating_add(with.len());
        self.afford(text.len().saturating_add(count.saturating_mul(longest)))?;
        emit(pattern.replace_all(text, with).into_owned(), out)
    }

    /// `join(separator)`.
    pub(super) fn join(&self, call: &'a Call, scope: Scope<'_, 'a>, out: Sink<'_, 'a>) -> Flow {
        let separator = match call.arguments.first() {
            Some(separator) => self.text(separator, scope, "join")?.unwrap_or_default(),
            None => Cow::Borrowed(""),
        };
        let mut joined: Option<String> = None;
        for value in self.values(&call.on, scope, "join")? {
            let System::String(part) = value else {
                return self.wrong_type("join", &Node::System(value));
            };
            match &mut joined {
                None => joined = Some(part.into_owned()),
                Some(joined) => {
                    self.afford(joined.len() + part.len() + separator.len())?;
                    joined.push_str(&separator);
                    joined.push_str(&part);
                }
            }
        }
        joined.map_or(Ok(()), |text| emit(text, out))
    }
}

/// The number of characters before a place in bytes; -1 when there is none.
fn position(text: &str, at: Option<usize>) -> i64 {
    at.and_then(|at| text.get(..at)).map_or(-1, |before| before.chars().count() as i64)
}
