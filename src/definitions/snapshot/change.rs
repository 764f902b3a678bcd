//! A differential as a tree, so that what is said of an element, of what is below it and of its slices is together.

use super::differential::ElementChange;
use super::error::{Fault, SnapshotError};
use super::limits;
use super::node::last;

/// What is said of an element and of those below and beside it. Elements in between of which nothing is said are there
/// too, with nothing said.
#[derive(Debug, Clone, Default)]
pub(super) struct Change<'d> {
    pub(super) name: &'d str,
    pub(super) slice_name: Option<&'d str>,
    /// The one type that is meant, where the differential calls `value[x]` `valueQuantity`.
    pub(super) of_type: Option<String>,
    /// Usually one.
    pub(super) stated: Vec<&'d ElementChange>,
    pub(super) children: Vec<Change<'d>>,
    pub(super) slices: Vec<Change<'d>>,
}

/// A part of an id: `input:questionnaire`.
type Segment<'d> = (&'d str, Option<&'d str>);

impl<'d> Change<'d> {
    /// The tree of a differential about the type `root`. Errors name no structure yet.
    pub(super) fn read(changes: &'d [ElementChange], root: &'d str) -> Result<Change<'d>, SnapshotError> {
        let mut tree = Change { name: root, ..Change::default() };
        if changes.len() > limits::ELEMENTS {
            return Err(at(None, Fault::TooManyElements));
        }
        let mut before: Vec<Segment<'d>> = Vec::new();
        for change in changes {
            let segments = segments(change, &before);
            let id = || Some(change.id.clone().unwrap_or_else(|| change.path.clone()));
            if segments.len() > limits::DEPTH {
                return Err(at(id(), Fault::TooDeep));
            }
            let Some(((name, None), below)) = segments.split_first() else {
                return Err(at(id(), Fault::UnknownElement));
            };
            if *name != root {
                return Err(at(id(), Fault::UnknownElement));
            }
            let mut place = &mut tree;
            for (name, slice) in below {
                place = part(&mut place.children, name, None);
                if let Some(slice) = slice {
                    place = part(&mut place.slices, name, Some(slice));
                }
            }
            place.stated.push(change);
            before = segments;
        }
        Ok(tree)
    }

    /// Takes in what is said elsewhere of the same element.
    pub(super) fn absorb(&mut self, other: Change<'d>) {
        self.of_type = other.of_type.or(self.of_type.take());
        self.stated.extend(other.stated);
        for (own, others) in [(&mut self.children, other.children), (&mut self.slices, other.slices)] {
            for other in others {
                part(own, other.name, other.slice_name).absorb(other);
            }
        }
    }
}

fn at(element: Option<String>, fault: Fault) -> SnapshotError {
    SnapshotError { structure: String::new(), element, fault }
}

/// The part of that name, made where it is not yet there.
fn part<'c, 'd>(
    parts: &'c mut Vec<Change<'d>>,
    name: &'d str,
    slice_name: Option<&'d str>,
) -> &'c mut Change<'d> {
    let found = parts.iter().position(|part| part.name == name && part.slice_name == slice_name);
    let index = found.unwrap_or_else(|| {
        parts.push(Change { name, slice_name, ..Change::default() });
        parts.len() - 1
    });
    &mut parts[index]
}

/// Where an element stands: as its id says, where that fits its path; otherwise as those before it say.
fn segments<'d>(change: &'d ElementChange, before: &[Segment<'d>]) -> Vec<Segment<'d>> {
    let slice_name = change.slice_name.as_deref();
    if let Some(id) = &change.id {
        let segments: Vec<Segment<'d>> = id.split('.').map(segment).collect();
        let names = segments.iter().map(|(name, _)| *name);
        if names.eq(change.path.split('.')) && segments.last().is_some_and(|(_, slice)| *slice == slice_name)
        {
            return segments;
        }
    }
    let mut segments: Vec<Segment<'d>> = change.path.split('.').map(|name| (name, None)).collect();
    let own = segments.len().saturating_sub(1);
    for (segment, before) in segments.iter_mut().take(own).zip(before) {
        if segment.0 != before.0 {
            break;
        }
        segment.1 = before.1;
    }
    if let Some(segment) = segments.last_mut() {
        *segment = (last(&change.path), slice_name);
    }
    segments
}

fn segment(segment: &str) -> Segment<'_> {
    match segment.split_once(':') {
        Some((name, slice)) => (name, Some(slice)),
        None => (segment, None),
    }
}
