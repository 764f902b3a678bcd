//! What has to become of a write, by R4 §3.1.0.4–8.

use serde_json::Value;

use super::content::{patched, resource};
use super::state::{Found, Place, State};
use super::step::{Action, Content, Guard, Patch, Write};

/// What becomes of a write.
#[derive(Debug)]
pub enum Outcome {
    /// Refused with this status.
    Refused(u16),
    /// A deletion of what is not there, or not any more since this version.
    Nothing(Option<usize>),
    /// A conditional create of what is there.
    Existing(Place),
    Written(Written),
}

/// A version to be written.
#[derive(Debug, Clone)]
pub struct Written {
    pub method: &'static str,
    /// Unknown where the server chooses the id.
    pub place: Option<Place>,
    /// Without what the server writes into it; nothing for a deletion.
    pub content: Option<Value>,
    /// Whether there was nothing before.
    pub is_new: bool,
}

/// A write as it is sent.
pub struct Asked {
    pub method: &'static str,
    pub path: String,
    /// Header and value.
    pub guard: Option<(&'static str, String)>,
    pub none_exist: Option<String>,
    pub body: Body,
}

pub enum Body {
    Nothing,
    Resource(Value),
    Patch(Patch),
}

/// How a write is sent, and what has to become of it. `link` is what its content refers to.
pub fn outcome(state: &State, write: &Write, link: Option<&str>) -> (Asked, Outcome) {
    let of_type = write.of_type;
    let path = |place: &Place| (place.to_string(), Some(place.clone()));
    let (method, (path, target), body) = match &write.action {
        Action::Create(content) | Action::CreateUnless(_, content) => {
            ("POST", (of_type.to_owned(), None), Body::Resource(resource(of_type, content, None, link)))
        }
        Action::Update(which, content) => {
            let place = state.place(of_type, *which);
            ("PUT", path(&place), Body::Resource(resource(of_type, content, Some(&place.id), link)))
        }
        Action::UpdateWhere(criterion, own, content) => {
            let own = own.map(|which| state.place(of_type, which).id);
            let body = resource(of_type, content, own.as_deref(), link);
            ("PUT", searched(state, of_type, criterion), Body::Resource(body))
        }
        Action::Patch(which, patch) => ("PATCH", path(&state.place(of_type, *which)), Body::Patch(*patch)),
        Action::PatchWhere(criterion, patch) => {
            ("PATCH", searched(state, of_type, criterion), Body::Patch(*patch))
        }
        Action::Delete(which) => ("DELETE", path(&state.place(of_type, *which)), Body::Nothing),
        Action::DeleteWhere(criterion) => ("DELETE", searched(state, of_type, criterion), Body::Nothing),
    };
    let none_exist = match &write.action {
        Action::CreateUnless(criterion, _) => Some(state.query(of_type, *criterion)),
        _ => None,
    };
    let guard = state.header(target.as_ref(), write.guard);
    (Asked { method, path, guard, none_exist, body }, expected(state, write, link))
}

/// Path of a search, and what it finds.
fn searched(
    state: &State,
    of_type: &'static str,
    criterion: &super::step::Criterion,
) -> (String, Option<Place>) {
    let found = match state.find(of_type, *criterion) {
        Found::One(place) => Some(place),
        _ => None,
    };
    (format!("{of_type}?{}", state.query(of_type, *criterion)), found)
}

fn expected(state: &State, write: &Write, link: Option<&str>) -> Outcome {
    let (of_type, guard) = (write.of_type, write.guard);
    let created = |content: &Content| {
        let content = resource(of_type, content, None, link);
        Outcome::Written(Written { method: "POST", place: None, content: Some(content), is_new: true })
    };
    match &write.action {
        Action::Create(content) => created(content),
        Action::CreateUnless(criterion, content) => match state.find(of_type, *criterion) {
            Found::Nothing => created(content),
            Found::One(place) => Outcome::Existing(place),
            Found::Many => Outcome::Refused(412),
        },
        Action::Update(which, content) => updated(state, state.place(of_type, *which), content, guard, link),
        Action::UpdateWhere(criterion, own, content) => {
            let own = own.map(|which| state.place(of_type, which));
            match (state.find(of_type, *criterion), own) {
                (Found::Many, _) => Outcome::Refused(412),
                (Found::One(place), Some(own)) if own != place => Outcome::Refused(400),
                (Found::One(place), _) => updated(state, place, content, guard, link),
                (Found::Nothing, _) if !state.allows(None, guard) => Outcome::Refused(412),
                (Found::Nothing, None) => created(content),
                // Under its own id, where nobody is.
                (Found::Nothing, Some(own)) => updated(state, own, content, Guard::Nothing, link),
            }
        }
        Action::Patch(which, patch) => {
            let place = state.place(of_type, *which);
            match state.versions(&place) {
                [] => Outcome::Refused(404),
                [.., last] if last.content.is_none() => Outcome::Refused(410),
                _ => patch_of(state, place, *patch, guard),
            }
        }
        Action::PatchWhere(criterion, patch) => match state.find(of_type, *criterion) {
            Found::Nothing => Outcome::Refused(404),
            Found::One(place) => patch_of(state, place, *patch, guard),
            Found::Many => Outcome::Refused(412),
        },
        Action::Delete(which) => deleted(state, Some(state.place(of_type, *which)), guard),
        Action::DeleteWhere(criterion) => match state.find(of_type, *criterion) {
            Found::Nothing => deleted(state, None, guard),
            Found::One(place) => deleted(state, Some(place), guard),
            Found::Many => Outcome::Refused(412),
        },
    }
}

fn updated(state: &State, place: Place, content: &Content, guard: Guard, link: Option<&str>) -> Outcome {
    if !state.allows(Some(&place), guard) {
        return Outcome::Refused(412);
    }
    let content = Some(resource(place.of_type, content, Some(&place.id), link));
    let is_new = state.current(&place).is_none();
    Outcome::Written(Written { method: "PUT", place: Some(place), content, is_new })
}

fn patch_of(state: &State, place: Place, patch: Patch, guard: Guard) -> Outcome {
    if !state.allows(Some(&place), guard) {
        return Outcome::Refused(412);
    }
    let current = state.current(&place).expect("what is patched is there");
    match patched(place.of_type, patch.change, current) {
        None => Outcome::Refused(422),
        content => Outcome::Written(Written { method: "PATCH", place: Some(place), content, is_new: false }),
    }
}

fn deleted(state: &State, place: Option<Place>, guard: Guard) -> Outcome {
    if !state.allows(place.as_ref(), guard) {
        return Outcome::Refused(412);
    }
    let Some(place) = place else { return Outcome::Nothing(None) };
    match state.current(&place) {
        Some(_) => {
            Outcome::Written(Written { method: "DELETE", place: Some(place), content: None, is_new: false })
        }
        None => Outcome::Nothing(Some(state.versions(&place).len()).filter(|version| *version > 0)),
    }
}
