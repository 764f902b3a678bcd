//! Where in an XML text an element stands.

use super::reader::{Event, Reader};
use crate::fhir::Issue;
use crate::fhir::locate::{ElementId, Wanted, place_by};

/// Gives issues their places in the XML text they are about, which has been read before. What is not found gets the
/// place of the nearest element around it.
pub fn place_issues(text: &[u8], issues: &mut [Issue]) {
    place_issues_within(text, "", issues);
}

/// Like [`place_issues`], where what the issues are about is an element of the text: `Parameters.parameter[0].resource`.
pub fn place_issues_within(text: &[u8], element: &str, issues: &mut [Issue]) {
    place_by(text, element, issues, |text, wanted| {
        let text = std::str::from_utf8(text).unwrap_or_default();
        if let Ok(reader) = Reader::document(text) {
            find(reader, wanted);
        }
    });
}

/// An element that is open.
#[derive(Default)]
struct Open {
    /// What it is among what is looked for: itself, and the list it is the first of.
    ids: Vec<ElementId>,
    /// How often each child that is looked for was met.
    counts: Vec<(ElementId, usize)>,
}

fn find(mut reader: Reader<'_>, wanted: &mut Wanted) {
    let mut open: Vec<Open> = Vec::new();
    // What is not well formed has been refused before.
    while let Ok(event) = reader.next() {
        match event {
            Event::Start(start) => {
                let ids = match open.last_mut() {
                    None => {
                        wanted.found(wanted.root(), start.at);
                        vec![wanted.root()]
                    }
                    // A resource inside an element: one step in FHIR, two in XML.
                    Some(around) if start.name.starts_with(|c: char| c.is_ascii_uppercase()) => {
                        around.ids.clone()
                    }
                    Some(around) => child(around, start.name, start.at, wanted),
                };
                for id in &ids {
                    for attribute in reader.attributes().iter().filter(|a| !a.is_declaration()) {
                        if let Some(property) = wanted.property(*id, attribute.name) {
                            wanted.found(property, attribute.at);
                        }
                    }
                }
                open.push(Open { ids, ..Open::default() });
            }
            Event::End(_) => {
                open.pop();
                if open.is_empty() {
                    return;
                }
            }
            _ => {}
        }
    }
}

/// What a child is among what is looked for.
fn child(around: &mut Open, name: &str, at: usize, wanted: &mut Wanted) -> Vec<ElementId> {
    let mut ids = Vec::new();
    for id in &around.ids {
        let Some(property) = wanted.property(*id, name) else { continue };
        let index = match around.counts.iter_mut().find(|(known, _)| *known == property) {
            Some((_, count)) => {
                *count += 1;
                *count
            }
            None => {
                around.counts.push((property, 0));
                0
            }
        };
        wanted.found(property, at);
        if index == 0 {
            ids.push(property);
        }
        if let Some(item) = wanted.item(property, index) {
            wanted.found(item, at);
            ids.push(item);
        }
    }
    ids
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fhir::IssueCode;

    const TEXT: &str = r#"<?xml version="1.0"?>
<Bundle xmlns="http://hl7.org/fhir">
  <entry><resource><Basic><code/></Basic></resource></entry>
  <entry>
    <resource>
      <Patient>
        <text><div xmlns="http://www.w3.org/1999/xhtml"><p>é</p></div><status value="x"/></text>
        <extension url="u"><valueQuantity><value value="1"/></valueQuantity></extension>
        <name id="n"><given value="é"/><given value="b"><extension url="u"/></given></name>
      </Patient>
    </resource>
  </entry>
</Bundle>"#;

    #[test]
    fn places() {
        for (expression, place) in [
            ("Bundle", (2, 1)),
            ("Bundle.entry[0].resource", (3, 10)),
            ("Bundle.entry[0].resource.code", (3, 27)),
            ("Bundle.entry[1]", (4, 3)),
            ("Bundle.entry[1].resource.text.div", (7, 15)),
            ("Bundle.entry[1].resource.text.status", (7, 71)),
            ("Bundle.entry[1].resource.extension[0].url", (8, 20)),
            ("Bundle.entry[1].resource.extension[0].value.ofType(Quantity).value", (8, 43)),
            ("Bundle.entry[1].resource.name[0].id", (9, 15)),
            ("Bundle.entry[1].resource.name[0].given[1]", (9, 40)),
            ("Bundle.entry[1].resource.name[0].given[1].extension[0].url", (9, 68)),
            // Nearest.
            ("Bundle.entry[1].resource.name[0].family", (9, 9)),
            ("Bundle.entry[1].resource.name[4].family", (9, 9)),
            ("Bundle.entry[1].resource.birthDate", (5, 5)),
            ("Bundle.total", (2, 1)),
        ] {
            let mut issues = [Issue::error(IssueCode::Value, "x").at(expression)];
            place_issues(TEXT.as_bytes(), &mut issues);
            assert_eq!(issues[0].position, Some(place), "{expression}");
        }
    }

    #[test]
    fn never_panics() {
        for end in 0..TEXT.len() {
            let mut issues =
                [Issue::error(IssueCode::Value, "x").at("Bundle.entry[1].resource.name[0].given[1]")];
            place_issues(&TEXT.as_bytes()[..end], &mut issues);
        }
    }
}
