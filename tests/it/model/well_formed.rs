//! Whether a text is well-formed XML as the gateway writes it, told without the gateway's own reader: tags that close,
//! quoted attributes, references that are none but XML's own.

/// Errors say what is wrong.
pub fn well_formed(text: &str) -> Result<(), String> {
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Some(declared) = rest.strip_prefix("<?xml ") {
        rest = declared.split_once("?>").ok_or("an XML declaration does not end")?.1;
    }
    let mut open: Vec<&str> = Vec::new();
    let mut roots = 0;
    while !rest.is_empty() {
        let (before, tag) = rest.split_once('<').unwrap_or((rest, ""));
        characters(before)?;
        if open.is_empty() && !before.trim().is_empty() {
            return Err(format!("text outside of the root: {before}"));
        }
        if tag.is_empty() {
            break;
        }
        if let Some(comment) = tag.strip_prefix("!--") {
            rest = comment.split_once("-->").ok_or("a comment does not end")?.1;
        } else if let Some(closing) = tag.strip_prefix('/') {
            let (name, after) = closing.split_once('>').ok_or("a tag does not end")?;
            if open.pop() != Some(name.trim_end()) {
                return Err(format!("</{name}> closes something else"));
            }
            rest = after;
        } else {
            roots += usize::from(open.is_empty());
            let (name, is_closed, after) = opening(tag)?;
            if !is_closed {
                open.push(name);
            }
            rest = after;
        }
    }
    match (open.last(), roots) {
        (None, 1) => Ok(()),
        (Some(name), _) => Err(format!("<{name}> is not closed")),
        (None, roots) => Err(format!("{roots} roots")),
    }
}

/// Name of an opening tag, whether it closes itself, and what follows it.
fn opening(tag: &str) -> Result<(&str, bool, &str), String> {
    let end = tag.find(|c: char| c.is_whitespace() || "/>".contains(c)).ok_or("a tag does not end")?;
    let (name, mut rest) = tag.split_at(end);
    if !name.starts_with(|c: char| c.is_alphabetic() || c == '_') {
        return Err(format!("<{name}> is no name"));
    }
    let mut attributes = Vec::new();
    loop {
        let inside = rest.trim_start();
        if let Some(after) = inside.strip_prefix("/>") {
            return Ok((name, true, after));
        }
        if let Some(after) = inside.strip_prefix('>') {
            return Ok((name, false, after));
        }
        if inside.len() == rest.len() {
            return Err(format!("no space before an attribute of <{name}>"));
        }
        let (attribute, quoted) = inside.split_once('=').ok_or("an attribute has no value")?;
        let quote = quoted.chars().next().filter(|c| "\"'".contains(*c)).ok_or("a value is not quoted")?;
        let (value, after) = quoted[1..].split_once(quote).ok_or("a value does not end")?;
        characters(value)?;
        if value.contains('<') || attributes.contains(&attribute) {
            return Err(format!("attribute {attribute} of <{name}>"));
        }
        attributes.push(attribute);
        rest = after;
    }
}

/// Character data: no reference but XML's own, no character XML has not.
fn characters(text: &str) -> Result<(), String> {
    if let Some(odd) =
        text.chars().find(|c| *c < ' ' && !"\t\r\n".contains(*c) || "\u{fffe}\u{ffff}".contains(*c))
    {
        return Err(format!("{odd:?} is no character of XML"));
    }
    text.split('&').skip(1).try_for_each(|after| {
        let name = after.split_once(';').map_or("", |(name, _)| name);
        let number = name.strip_prefix('#').map(|number| match number.strip_prefix('x') {
            Some(hex) => u32::from_str_radix(hex, 16).is_ok(),
            None => number.parse::<u32>().is_ok(),
        });
        match number.unwrap_or(["amp", "lt", "gt", "quot", "apos"].contains(&name)) {
            true => Ok(()),
            false => {
                Err(format!("a reference that is none: &{}", after.chars().take(12).collect::<String>()))
            }
        }
    })
}

#[test]
fn is_told() {
    for (text, is_well_formed) in [
        ("<a/>", true),
        ("<?xml version=\"1.0\"?><a b='1' c=\"&lt;&#10;\"><!-- & --><b>&amp;</b ></a>", true),
        ("<a>", false),
        ("<a></b>", false),
        ("<a/><b/>", false),
        ("<a/>x", false),
        ("<a b=1/>", false),
        ("<a b='<'/>", false),
        ("<a b=''b=''/>", false),
        ("<a b='' b=''/>", false),
        ("<a>&nbsp;</a>", false),
        ("<a>& b</a>", false),
        ("<a>\u{1}</a>", false),
        ("<a", false),
        ("", false),
    ] {
        assert_eq!(well_formed(text).is_ok(), is_well_formed, "{text}");
    }
}
