//! What an event is found by.

use std::collections::HashSet;

use aws_lc_rs::digest::{SHA256, digest};

use super::Event;

/// A number for a resource of a space, the same at all times. Two may share one, which a reader finds out when it looks at
/// the events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject(pub i64);

/// The number of a resource.
pub fn subject_of(space: &str, type_name: &str, id: &str) -> Subject {
    let hash = digest(&SHA256, format!("{space}/{type_name}/{id}").as_bytes());
    let mut first = [0; 8];
    first.iter_mut().zip(hash.as_ref()).for_each(|(to, from)| *to = *from);
    Subject(i64::from_be_bytes(first))
}

/// What events are found by, sorted, each once: an event's Patients; where it concerns none, its resources.
pub fn subjects_of<'e>(events: impl IntoIterator<Item = &'e Event>) -> Vec<Subject> {
    // Many events speak of few.
    let mut names: HashSet<(&str, &str, &str)> = HashSet::new();
    for event in events {
        let space = &*event.space;
        let mut patients =
            event.patients.iter().chain(event.entities.iter().flat_map(|entity| &entity.patients)).peekable();
        if patients.peek().is_some() {
            names.extend(patients.map(|id| (space, "Patient", id.as_str())));
        } else {
            let resources = event.entities.iter().filter(|entity| !entity.id.is_empty());
            names.extend(resources.map(|entity| (space, &*entity.type_name, &*entity.id)));
        }
    }
    let mut subjects: Vec<Subject> =
        names.into_iter().map(|(space, type_name, id)| subject_of(space, type_name, id)).collect();
    subjects.sort_unstable();
    subjects.dedup();
    subjects
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Actor, Kind, Origin};
    use crate::fhir::time::Instant;

    #[test]
    fn by_patients_or_else_by_resources() {
        let event = |entities: &[&str], patients: &[&str]| Event {
            entities: entities.iter().map(|text| text.parse().unwrap()).collect(),
            patients: patients.iter().map(|id| (*id).to_owned()).collect(),
            ..Event::new(Instant(0), Kind::Read, Actor::Anyone, Origin::default())
        };
        for (events, expected) in [
            (vec![event(&["Task/1/1 p"], &[])], vec!["Patient/p"]),
            (
                vec![event(&["Task/1/1 p,q", "Task/2/1 p"], &["r"])],
                vec!["Patient/p", "Patient/q", "Patient/r"],
            ),
            (vec![event(&["Organization/1/1", "Task"], &[])], vec!["Organization/1"]),
            (vec![event(&["Task/1/1 p"], &[]), event(&["Task/2/1"], &[])], vec!["Patient/p", "Task/2"]),
            (vec![event(&[], &[])], vec![]),
        ] {
            let mut expected: Vec<Subject> = expected
                .iter()
                .map(|name| {
                    name.split_once('/').map(|(type_name, id)| subject_of("", type_name, id)).unwrap()
                })
                .collect();
            expected.sort_unstable();
            assert_eq!(subjects_of(&events), expected);
        }
        assert_ne!(subject_of("", "Patient", "1"), subject_of("a", "Patient", "1"));
        // Written into databases: never to change.
        assert_eq!(subject_of("", "Patient", "1"), Subject(8_659_453_816_930_311_326));
    }
}
