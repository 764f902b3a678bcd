//! Narrative XHTML: well formed, only what R4 §2.4.0 allows, and not empty (invariants txt-1 and txt-2).

/// How deeply elements may nest.
const MAX_DEPTH: usize = 256;

/// Elements of HTML 4.0 chapters 7 to 11 (without 9.4) and 15.
#[rustfmt::skip]
const ELEMENTS: &[&str] = &[
    "a", "abbr", "acronym", "address", "area", "b", "bdo", "big", "blockquote", "br", "caption", "cite", "code", "col",
    "colgroup", "dd", "dfn", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "kbd", "li",
    "map", "ol", "p", "pre", "q", "samp", "small", "span", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th",
    "thead", "tr", "tt", "ul", "var",
];

/// Attributes any element may have.
#[rustfmt::skip]
const ATTRIBUTES: &[&str] = &[
    "abbr", "accesskey", "align", "axis", "char", "charoff", "class", "colspan", "dir", "headers", "id", "lang",
    "rowspan", "scope", "span", "style", "tabindex", "title", "valign", "width", "xml:lang", "xml:id", "xmlns",
];

/// Attributes of one element.
#[rustfmt::skip]
const OWN_ATTRIBUTES: &[(&str, &[&str])] = &[
    ("a", &["charset", "coords", "href", "hreflang", "name", "rel", "rev", "shape", "type"]),
    ("area", &["alt", "coords", "href", "nohref", "shape"]),
    ("blockquote", &["cite"]),
    ("img", &["alt", "border", "height", "ismap", "longdesc", "src", "usemap"]),
    ("li", &["value"]),
    ("map", &["name"]),
    ("ol", &["start", "type"]),
    ("pre", &["space", "xml:space"]),
    ("q", &["cite"]),
    ("table", &["border", "cellpadding", "cellspacing", "frame", "rules", "summary"]),
    ("td", &["nowrap"]),
    ("th", &["nowrap"]),
];

/// What is wrong with a narrative. Holds names of elements and attributes, no content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HtmlError {
    /// Not well-formed XML, or nested too deeply.
    #[error("the narrative is not well-formed XHTML")]
    Malformed,
    /// The outermost element is not `div`.
    #[error("the narrative is one <div> element")]
    NotADiv,
    /// An element narratives may not have.
    #[error("element <{0}> is not allowed in a narrative")]
    Element(String),
    /// An attribute narratives may not have.
    #[error("attribute '{1}' of <{0}> is not allowed in a narrative")]
    Attribute(String, String),
    /// A link that runs a script.
    #[error("a link of <{0}> is not allowed in a narrative")]
    Link(String),
    /// Neither text nor an image.
    #[error("the narrative has no content")]
    Empty,
}

/// What a narrative refers to within the resource, and what it offers to be referred to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Links<'t> {
    /// Targets of links that begin with `#`, without that.
    pub targets: Vec<&'t str>,
    /// Ids and names of its elements.
    pub anchors: Vec<&'t str>,
}

/// Checks `Narrative.div`.
pub fn check(text: &str) -> Result<(), HtmlError> {
    links(text).map(drop)
}

/// Checks `Narrative.div`; its links.
pub fn links(text: &str) -> Result<Links<'_>, HtmlError> {
    let mut reader =
        Reader { rest: text.trim(), open: Vec::new(), has_content: false, links: Links::default() };
    loop {
        reader.text()?;
        if reader.rest.is_empty() {
            return Err(HtmlError::Malformed);
        }
        reader.tag()?;
        if reader.open.is_empty() {
            // Nothing may follow the outermost element.
            return match (reader.rest.is_empty(), reader.has_content) {
                (false, _) => Err(HtmlError::Malformed),
                (true, false) => Err(HtmlError::Empty),
                (true, true) => Ok(reader.links),
            };
        }
    }
}

struct Reader<'t> {
    rest: &'t str,
    open: Vec<&'t str>,
    has_content: bool,
    links: Links<'t>,
}

impl<'t> Reader<'t> {
    fn skip(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn until(&mut self, end: &str) -> Result<&'t str, HtmlError> {
        let (before, after) = self.rest.split_once(end).ok_or(HtmlError::Malformed)?;
        self.rest = after;
        Ok(before)
    }

    fn name(&mut self) -> Result<&'t str, HtmlError> {
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, ':' | '-' | '_' | '.');
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        if name.starts_with(|c: char| c.is_alphabetic() || c == '_') {
            Ok(name)
        } else {
            Err(HtmlError::Malformed)
        }
    }

    /// Everything up to the next tag, comments included.
    fn text(&mut self) -> Result<(), HtmlError> {
        loop {
            let (text, rest) = self.rest.split_at(self.rest.find('<').unwrap_or(self.rest.len()));
            if !text.is_empty() && self.open.is_empty() {
                return Err(HtmlError::Malformed);
            }
            are_entities(text)?;
            self.has_content |= !text.trim().is_empty();
            self.rest = rest;
            if !self.skip("<!--") {
                return Ok(());
            }
            self.until("-->")?;
        }
    }

    fn tag(&mut self) -> Result<(), HtmlError> {
        if self.skip("</") {
            let name = self.name()?;
            self.blanks();
            let is_match = self.skip(">") && self.open.pop() == Some(name);
            return if is_match { Ok(()) } else { Err(HtmlError::Malformed) };
        }
        self.skip("<");
        let name = self.name()?;
        if self.open.is_empty() && name != "div" {
            return Err(HtmlError::NotADiv);
        }
        if !ELEMENTS.contains(&name) {
            return Err(HtmlError::Element(shortened(name)));
        }
        self.has_content |= name == "img";
        let mut seen = Vec::new();
        loop {
            let before = self.rest.len();
            self.blanks();
            if self.skip("/>") {
                return Ok(());
            }
            if self.skip(">") {
                self.open.push(name);
                return if self.open.len() > MAX_DEPTH { Err(HtmlError::Malformed) } else { Ok(()) };
            }
            if self.rest.len() == before {
                return Err(HtmlError::Malformed);
            }
            let attribute = self.attribute(name)?;
            if seen.contains(&attribute) {
                return Err(HtmlError::Malformed);
            }
            seen.push(attribute);
        }
    }

    fn attribute(&mut self, element: &str) -> Result<&'t str, HtmlError> {
        let name = self.name()?;
        self.blanks();
        if !self.skip("=") {
            return Err(HtmlError::Malformed);
        }
        self.blanks();
        let quote = if self.skip("\"") { "\"" } else { "'" };
        if quote == "'" && !self.skip("'") {
            return Err(HtmlError::Malformed);
        }
        let value = self.until(quote)?;
        if value.contains('<') {
            return Err(HtmlError::Malformed);
        }
        are_entities(value)?;
        let own = OWN_ATTRIBUTES.iter().find(|(of, _)| *of == element);
        let is_own = own.is_some_and(|(_, names)| names.contains(&name));
        if !is_own && !ATTRIBUTES.contains(&name) {
            return Err(HtmlError::Attribute(shortened(element), shortened(name)));
        }
        match (name, value.strip_prefix('#')) {
            ("href", Some(target)) if !target.is_empty() => self.links.targets.push(target),
            ("id" | "xml:id" | "name", _) => self.links.anchors.push(value),
            _ => {}
        }
        let is_link = matches!(name, "href" | "src" | "cite" | "longdesc" | "usemap");
        let target: String = value.chars().filter(|c| !c.is_whitespace()).take(16).collect();
        let target = target.to_ascii_lowercase();
        if is_link && (target.starts_with("javascript:") || target.starts_with("vbscript:")) {
            return Err(HtmlError::Link(shortened(element)));
        }
        Ok(name)
    }
}

/// A name fit for an error text.
fn shortened(name: &str) -> String {
    name.chars().take(40).collect()
}

/// Every `&` begins an entity.
fn are_entities(text: &str) -> Result<(), HtmlError> {
    let mut parts = text.split('&');
    parts.next();
    let is_entity = |part: &str| {
        let Some((name, _)) = part.split_once(';') else { return false };
        let all = |name: &str, test: fn(&u8) -> bool| !name.is_empty() && name.bytes().all(|b| test(&b));
        match name.strip_prefix('#') {
            Some(number) => match number.strip_prefix('x') {
                Some(hex) => all(hex, u8::is_ascii_hexdigit),
                None => all(number, u8::is_ascii_digit),
            },
            None => all(name, u8::is_ascii_alphanumeric),
        }
    };
    if parts.all(is_entity) { Ok(()) } else { Err(HtmlError::Malformed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn narratives() {
        let deep = format!("<div>{}x{}</div>", "<b>".repeat(300), "</b>".repeat(300));
        for (text, expected) in [
            ("<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>Pantry</p></div>", Ok(())),
            ("<div><!-- note --><img src='#a' alt=\"x\"/></div>", Ok(())),
            ("<div><a href=\"Task/1\">a &amp; b&nbsp;&#160;</a><br/></div>", Ok(())),
            ("<p>x</p>", Err(HtmlError::NotADiv)),
            ("<div> </div>", Err(HtmlError::Empty)),
            ("<div/>", Err(HtmlError::Empty)),
            ("<div><script>x</script></div>", Err(HtmlError::Element("script".into()))),
            ("<div onclick=\"x\">x</div>", Err(HtmlError::Attribute("div".into(), "onclick".into()))),
            ("<div><a href=\" java\nscript:x\">x</a></div>", Err(HtmlError::Link("a".into()))),
            ("<div><p>x</div></p>", Err(HtmlError::Malformed)),
            ("<div>x", Err(HtmlError::Malformed)),
            ("<div>x</div>y", Err(HtmlError::Malformed)),
            ("<div>a & b</div>", Err(HtmlError::Malformed)),
            ("<div id=x>x</div>", Err(HtmlError::Malformed)),
            ("<div id='a' id='b'>x</div>", Err(HtmlError::Malformed)),
            ("", Err(HtmlError::Malformed)),
            ("text", Err(HtmlError::Malformed)),
            (&deep, Err(HtmlError::Malformed)),
        ] {
            assert_eq!(check(text), expected, "{text}");
        }
    }
}
