//! `Narrative.div`: in JSON a string that holds an XHTML `<div>`, in XML that `<div>` itself (R4 §2.4, §2.6.2).
//!
//! It is copied as it is written, comments and references to characters included. What differs afterwards says the
//! same: a `<div>` of its own names its namespace and needs no prefix; `<![CDATA[` is text; processing instructions
//! are dropped; names that only HTML has for characters (`&nbsp;`), which JSON may hold, become those characters.

use super::characters::is_blank;
use super::error::XmlError;
use super::namespaces::XHTML;
use super::reader::{Event, Reader, Start};
use super::references;

/// How deeply elements of a narrative may nest.
const MAX_DEPTH: usize = 256;

/// Copies the `<div>` that a JSON string holds.
pub(super) fn copy_string(text: &str, out: &mut String) -> Result<(), XmlError> {
    let text = text.trim_matches(|c: char| u8::try_from(c).is_ok_and(is_blank));
    let mut copy = || {
        let mut reader = Reader::xhtml(text)?;
        let root = reader.root()?;
        copy(&mut reader, &root, out)?;
        reader.finish()
    };
    copy().map_err(|error: XmlError| XmlError::in_value(format!("not one well-formed XHTML <div>: {error}")))
}

/// Copies the `<div>` that the reader has just come into, up to its end.
pub(super) fn copy(reader: &mut Reader<'_>, root: &Start<'_>, out: &mut String) -> Result<(), XmlError> {
    if root.name != "div" || reader.namespaces().find(root.prefix) != Some(XHTML) {
        return Err(reader.error(root.at, format!("the narrative is one <div> of the namespace {XHTML}")));
    }
    let outside = reader.depth() - 1;
    let mut is_bare = vec![start(reader, root, root, out)?];
    while reader.depth() > outside {
        let at = reader.at();
        match reader.next()? {
            Event::Start(inner) => {
                if is_bare.len() >= MAX_DEPTH {
                    let message = format!("a narrative nested more than {MAX_DEPTH} levels deep");
                    return Err(reader.error(inner.at, message));
                }
                is_bare.push(start(reader, &inner, root, out)?);
            }
            Event::End(raw) => {
                let has_lost_prefix = is_bare.pop().unwrap_or_default();
                match (raw, raw.and_then(|raw| raw.split_once(':'))) {
                    (Some(_), Some((_, name))) if has_lost_prefix => {
                        out.push_str("</");
                        out.push_str(name);
                    }
                    (raw, _) => out.push_str(raw.unwrap_or_default()),
                }
            }
            Event::Text(raw) => {
                references::without_html_names(raw, out).map_err(|bad| reader.bad_reference(at, bad))?;
            }
            Event::CharacterData(text) => escape(text, out),
            Event::Comment(raw) => out.push_str(raw),
            Event::Instruction => {}
        }
    }
    Ok(())
}

/// Copies a start tag so that it means the same without what is declared outside the narrative. Whether it lost its
/// prefix.
fn start(
    reader: &Reader<'_>,
    start: &Start<'_>,
    root: &Start<'_>,
    out: &mut String,
) -> Result<bool, XmlError> {
    let inside = |prefix: &str| reader.namespaces().find_after(root.outer, prefix);
    let is_xhtml = reader.namespaces().find(start.prefix) == Some(XHTML);
    let is_bare = is_xhtml && !start.prefix.is_empty();
    // Whatever has no prefix in the copy belongs to the default namespace, which must be the right one.
    let is_lost = is_bare && inside("").is_some_and(|uri| uri != XHTML);
    if is_lost || !(is_xhtml || inside(start.prefix).is_some()) {
        return Err(reader.error(start.at, "an element of the narrative is not XHTML"));
    }
    let is_foreign = |prefix: &str| !matches!(prefix, "" | "xml" | "xmlns") && inside(prefix).is_none();
    if let Some(attribute) = reader.attributes().iter().find(|attribute| is_foreign(attribute.prefix)) {
        return Err(reader.error(attribute.at, "an attribute of the narrative is not XHTML"));
    }
    out.push('<');
    out.push_str(if is_bare { start.name } else { start.qualified_name() });
    if start.at == root.at && inside("").is_none() {
        out.push_str(" xmlns=\"");
        out.push_str(XHTML);
        out.push('"');
    }
    let tail = start.after_name();
    let from = start.at + start.raw.len() - tail.len();
    references::without_html_names(tail, out).map_err(|bad| reader.bad_reference(from, bad))?;
    Ok(is_bare)
}

/// Writes what `<![CDATA[` held as text.
fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_json() {
        const X: &str = "xmlns=\"http://www.w3.org/1999/xhtml\"";
        for (text, expected) in [
            (format!("<div {X}>a</div>"), format!("<div {X}>a</div>")),
            (format!(" \n<div {X} />\r\n"), format!("<div {X} />")),
            (
                format!("<div title='x' {X}><br/>\r\n<!-- c -->&#160;&lt;</div >"),
                format!("<div title='x' {X}><br/>\r\n<!-- c -->&#160;&lt;</div >"),
            ),
            ("<div>a</div>".into(), format!("<div {X}>a</div>")),
            ("<div title='&eacute;'>&nbsp;</div>".into(), format!("<div {X} title='é'>\u{a0}</div>")),
            ("<div><![CDATA[<b>&]]></div>".into(), format!("<div {X}>&lt;b&gt;&amp;</div>")),
            ("<div>a<?b c?></div>".into(), format!("<div {X}>a</div>")),
            (
                format!("<div {X} xmlns:o='urn:o'><o:p o:q=''>a</o:p></div>"),
                format!("<div {X} xmlns:o='urn:o'><o:p o:q=''>a</o:p></div>"),
            ),
            (
                format!("<h:div xmlns:h='{XHTML}'><h:p>a</h:p></h:div>"),
                format!("<div {X} xmlns:h='{XHTML}'><p>a</p></div>"),
            ),
        ] {
            let mut out = String::new();
            copy_string(&text, &mut out).unwrap();
            assert_eq!(out, expected);
        }
    }

    #[test]
    fn refuses() {
        let deep = format!("<div>{}{}</div>", "<b>".repeat(256), "</b>".repeat(256));
        for (text, expected) in [
            ("", "no element at line 1, column 1"),
            ("plain", "text before the first element at line 1, column 1"),
            (
                "<p>a</p>",
                "the narrative is one <div> of the namespace http://www.w3.org/1999/xhtml at line 1, column 1",
            ),
            (
                "<div xmlns='urn:x'/>",
                "the narrative is one <div> of the namespace http://www.w3.org/1999/xhtml at line 1, column 1",
            ),
            ("<div/><div/>", "something follows the end of the first element at line 1, column 7"),
            ("<div><p>a</div>", "</div> where <p> is open at line 1, column 10"),
            ("<div>&bogus;</div>", "an unknown entity at line 1, column 6"),
            (
                "<!DOCTYPE div><div/>",
                "document types (DTDs) and entities are not allowed at line 1, column 1",
            ),
            (&deep, "a narrative nested more than 256 levels deep at line 1, column 771"),
        ] {
            let error = copy_string(text, &mut String::new()).unwrap_err();
            assert_eq!(error.message, format!("not one well-formed XHTML <div>: {expected}"));
        }
    }
}
