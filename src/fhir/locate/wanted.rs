//! Elements whose places are looked for: all at once, so that one reading of the text finds them.

use std::collections::BTreeMap;

/// An element that is looked for, or stands around one that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ElementId(usize);

/// The elements that simple FHIRPaths name, as a tree.
#[derive(Debug)]
pub struct Wanted {
    elements: Vec<Element>,
    /// The element of each path.
    ends: Vec<usize>,
}

#[derive(Debug, Default)]
struct Element {
    around: Option<usize>,
    properties: Vec<(String, usize)>,
    items: BTreeMap<usize, usize>,
    /// Where it begins, in bytes.
    found: Option<usize>,
}

/// A step down.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// To the property of that name: a choice is named with its type.
    Property(String),
    /// To an item.
    Item(usize),
}

impl Wanted {
    /// Looks for these paths. Where `within` is not empty, it is the path of what the paths begin at.
    pub fn new<'e>(within: &str, paths: impl Iterator<Item = &'e str>) -> Wanted {
        let mut wanted = Wanted { elements: vec![Element::default()], ends: Vec::new() };
        let start = wanted.path(0, within);
        for path in paths {
            let end = wanted.path(start, path);
            wanted.ends.push(end);
        }
        wanted
    }

    fn path(&mut self, from: usize, path: &str) -> usize {
        steps(path).into_iter().fold(from, |at, step| self.step(at, step))
    }

    fn step(&mut self, at: usize, step: Step) -> usize {
        let id = ElementId(at);
        let known = match &step {
            Step::Property(name) => self.property(id, name),
            Step::Item(index) => self.item(id, *index),
        };
        if let Some(known) = known {
            return known.0;
        }
        let new = self.elements.len();
        self.elements.push(Element { around: Some(at), ..Element::default() });
        if let Some(element) = self.elements.get_mut(at) {
            match step {
                Step::Property(name) => element.properties.push((name, new)),
                Step::Item(index) => drop(element.items.insert(index, new)),
            }
        }
        new
    }

    /// The resource the text holds.
    pub fn root(&self) -> ElementId {
        ElementId(0)
    }

    /// A property of an element, if it is looked for or stands around what is.
    pub fn property(&self, of: ElementId, name: &str) -> Option<ElementId> {
        let mut properties = self.elements.get(of.0)?.properties.iter();
        properties.find(|(known, _)| known == name).map(|(_, id)| ElementId(*id))
    }

    /// A repetition of an element, from 0.
    pub fn item(&self, of: ElementId, index: usize) -> Option<ElementId> {
        self.elements.get(of.0)?.items.get(&index).copied().map(ElementId)
    }

    /// Whether nothing inside the element is looked for.
    pub fn is_end(&self, id: ElementId) -> bool {
        self.elements.get(id.0).is_none_or(|it| it.properties.is_empty() && it.items.is_empty())
    }

    /// Says that the element begins at a byte of the text. The first place counts.
    pub fn found(&mut self, id: ElementId, at: usize) {
        if let Some(element) = self.elements.get_mut(id.0) {
            element.found.get_or_insert(at);
        }
    }

    /// Line and column, from 1, of each path's element, or of the nearest around it that was found.
    pub fn positions(&self, text: &[u8]) -> Vec<Option<(usize, usize)>> {
        let bytes: Vec<Option<usize>> = self.ends.iter().map(|end| self.nearest(*end)).collect();
        let mut sorted: Vec<usize> = bytes.iter().flatten().copied().collect();
        sorted.sort_unstable();
        sorted.dedup();
        let mut places = BTreeMap::new();
        let (mut line, mut column, mut from) = (1, 1, 0);
        for at in sorted {
            for byte in text.get(from..at).unwrap_or_default() {
                match byte {
                    b'\n' => (line, column) = (line + 1, 1),
                    // The bytes that continue a character of UTF-8.
                    0x80..=0xbf => {}
                    _ => column += 1,
                }
            }
            from = at;
            places.insert(at, (line, column));
        }
        bytes.into_iter().map(|at| places.get(&at?).copied()).collect()
    }

    fn nearest(&self, end: usize) -> Option<usize> {
        let mut at = self.elements.get(end);
        while let Some(element) = at {
            if element.found.is_some() {
                return element.found;
            }
            at = self.elements.get(element.around?);
        }
        None
    }
}

/// The steps of a path, without the type it begins with.
fn steps(path: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for part in path.split('.').skip(1) {
        let (name, index) = match part.split_once('[') {
            Some((name, rest)) => (name, rest.trim_end_matches(']').parse().ok()),
            None => (part, None),
        };
        match name.strip_prefix("ofType(").and_then(|rest| rest.strip_suffix(')')) {
            // A choice: its property is called by both.
            Some(type_name) => {
                if let Some(Step::Property(stem)) = steps.last_mut() {
                    let mut chars = type_name.chars();
                    stem.extend(chars.next().map(|first| first.to_ascii_uppercase()));
                    stem.push_str(chars.as_str());
                }
            }
            None => steps.push(Step::Property(name.to_owned())),
        }
        steps.extend(index.map(Step::Item));
    }
    steps
}
