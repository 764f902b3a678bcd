//! What one commit writes of the record.

use std::fmt;

use crate::fhir::time::Instant;

use super::{End, Event};

/// The events of one commit, with their place in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The moment of the commit: unique among all pages, and in the order of commits.
    pub seq: Instant,
    /// Which chain it belongs to.
    pub chain: u64,
    /// Its number in the chain, from 1.
    pub number: u64,
    /// See [`super::hash_of`].
    pub hash: String,
    /// Signature over the page as an [`End`], in base64.
    pub signature: String,
    /// The events, as [`lines_of`] writes them.
    pub events: String,
}

impl Page {
    /// The page as the end of its chain.
    pub fn end(&self) -> End {
        End { chain: self.chain, number: self.number, hash: self.hash.clone() }
    }

    /// What the next page is linked to: hash and signature, with a space between them.
    pub fn link(&self) -> String {
        format!("{} {}", self.hash, self.signature)
    }
}

/// Events as they are stored: a line of JSON each, a line feed between them.
pub fn lines_of<'e>(events: impl IntoIterator<Item = &'e Event>) -> String {
    let mut lines = Vec::with_capacity(4096);
    for (index, event) in events.into_iter().enumerate() {
        if index > 0 {
            lines.push(b'\n');
        }
        // Only maps with keys that are no text, and writers that fail, can make this fail.
        let _ = serde_json::to_writer(&mut lines, event);
    }
    String::from_utf8(lines).unwrap_or_default()
}

/// The events of a page, with the numbers of their lines. A line that is none, as a later version may write it, is left
/// out.
pub fn events_of(lines: &str) -> impl DoubleEndedIterator<Item = (usize, Event)> {
    let numbered = lines.lines().enumerate().collect::<Vec<_>>().into_iter();
    numbered.filter_map(|(number, line)| Some((number, serde_json::from_str(line).ok()?)))
}

/// Id of an AuditEvent that is made of an event: page, line, and which of those the event comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventId {
    /// The page.
    pub seq: Instant,
    /// The line in it, from 0.
    pub line: usize,
    /// The number among the AuditEvents of the event, from 0.
    pub part: usize,
}

impl EventId {
    /// Reads an id; `None` for one that other systems gave.
    pub fn parse(id: &str) -> Option<EventId> {
        let mut parts = id.split('-');
        let mut digits = || parts.next().filter(|part| part.bytes().all(|b| b.is_ascii_digit()));
        // Microseconds since 1970, in this century.
        let seq = digits().filter(|part| part.len() == 16)?;
        let (line, part) = (digits()?, digits()?);
        let id =
            EventId { seq: Instant(seq.parse().ok()?), line: line.parse().ok()?, part: part.parse().ok()? };
        parts.next().is_none().then_some(id)
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016}-{}-{}", self.seq.0, self.line, self.part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Actor, Kind, Origin};

    #[test]
    fn ids() {
        let id = EventId { seq: Instant(1_795_369_620_500_000), line: 3, part: 0 };
        assert_eq!(id.to_string(), "1795369620500000-3-0");
        assert_eq!(EventId::parse("1795369620500000-3-0"), Some(id));
        for text in
            ["", "example", "1-2-3", "1795369620500000-3", "1795369620500000-3-0-1", "1795369620500000-3-x"]
        {
            assert_eq!(EventId::parse(text), None, "{text}");
        }
    }

    #[test]
    fn lines() {
        let event = |at| Event {
            query: "a\nb".into(),
            ..Event::new(Instant(at), Kind::Search, Actor::Anyone, Origin::default())
        };
        let text = lines_of(&[event(1), event(2)]);
        assert_eq!(text.lines().count(), 2);
        assert_eq!(events_of(&text).collect::<Vec<_>>(), [(0, event(1)), (1, event(2))]);
        let later = text.replacen("search", "unheard-of", 1);
        assert_eq!(events_of(&later).collect::<Vec<_>>(), [(1, event(2))]);
        assert_eq!(lines_of(&[]), "");
    }
}
