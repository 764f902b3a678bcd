//! Scopes: what a client may do with which resources (SMART App Launch 2.2 §Scopes), in the form of version 2
//! (`system/Task.cruds?status=requested`) and of version 1 (`system/Task.read`).

use std::fmt::{self, Write as _};
use std::str::FromStr;

/// The scope of those who run the gateway.
pub const ADMINISTRATOR: &str = "gateway/admin";

/// What can be done with resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// `c`: create.
    Create,
    /// `r`: read, vread, a resource's history.
    Read,
    /// `u`: update and patch, also of what is not there yet.
    Update,
    /// `d`: delete.
    Delete,
    /// `s`: search, a type's history.
    Search,
}

const LETTERS: [(char, Right); 5] = [
    ('c', Right::Create),
    ('r', Right::Read),
    ('u', Right::Update),
    ('d', Right::Delete),
    ('s', Right::Search),
];

/// A set of [`Right`]s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rights(u8);

impl Rights {
    const READING: Rights = Rights(0b1_0010);
    const WRITING: Rights = Rights(0b0_1101);
    const ALL: Rights = Rights(0b1_1111);

    /// Whether the right is among them.
    pub fn have(self, right: Right) -> bool {
        self.0 & (1 << right as u8) != 0
    }

    fn and(self, other: Rights) -> Rights {
        Rights(self.0 & other.0)
    }

    fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Letters of version 2, which keep their order.
    fn parse(text: &str) -> Option<Rights> {
        let mut rest = text;
        let mut rights = Rights::default();
        for (letter, right) in LETTERS {
            if let Some(more) = rest.strip_prefix(letter) {
                (rest, rights) = (more, Rights(rights.0 | 1 << right as u8));
            }
        }
        (rest.is_empty() && !rights.is_empty()).then_some(rights)
    }

    /// What version 1 calls them, where it has a word.
    fn word(self) -> Option<&'static str> {
        match self {
            Rights::READING => Some("read"),
            Rights::WRITING => Some("write"),
            Rights::ALL => Some("*"),
            _ => None,
        }
    }
}

/// For whom a client acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    System,
    User,
    Patient,
}

const LEVELS: [(&str, Level); 3] =
    [("system", Level::System), ("user", Level::User), ("patient", Level::Patient)];

/// Which version's form a scope was written in; it is told back in the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Version1,
    Version2,
}

/// One scope on resources.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Scope {
    level: Level,
    /// `None` for `*`.
    type_name: Option<String>,
    rights: Rights,
    /// `category=x&status=y`: only what a search with this finds.
    restriction: Option<String>,
    form: Form,
}

/// A text is no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no scope: write system/TYPE.cruds or system/TYPE.read (* for all types), or gateway/admin")]
pub struct ScopeError(String);

/// Several scopes. As text they stand beside each other with blanks between.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scopes {
    scopes: Vec<Scope>,
    is_administrator: bool,
}

/// Whether scopes permit something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Permit {
    /// They do not.
    No,
    /// They do.
    Yes,
    /// For what a search by this finds: names and values of search parameters, all of which have to be met.
    Where(Vec<(String, String)>),
}

impl Scopes {
    /// Those of the text that are scopes of the gateway; what else a client may ask for (`openid`, `launch` …) is
    /// passed over.
    pub fn known_in(text: &str) -> Scopes {
        let mut scopes = Scopes::default();
        for word in text.split_ascii_whitespace() {
            // What is none is not granted.
            let _ = scopes.add(word);
        }
        scopes
    }

    fn add(&mut self, word: &str) -> Result<(), ScopeError> {
        match word == ADMINISTRATOR {
            true => self.is_administrator = true,
            false => self.scopes.push(word.parse()?),
        }
        Ok(())
    }

    /// Whether they permit nothing.
    pub fn is_empty(&self) -> bool {
        self.scopes.is_empty() && !self.is_administrator
    }

    /// Whether they are those of an administrator.
    pub fn is_administrator(&self) -> bool {
        self.is_administrator
    }

    /// The part of these that is within the others: what is granted of what is asked for.
    ///
    /// What could not be kept to is left out: a patient's own scopes, a restriction on all types or on writing, and of
    /// several restrictions on one type those that are not by the same search parameter as the first.
    #[must_use]
    pub fn within(&self, allowed: &Scopes) -> Scopes {
        let mut granted = Scopes {
            scopes: Vec::new(),
            is_administrator: self.is_administrator && allowed.is_administrator,
        };
        for asked in &self.scopes {
            for allowed in &allowed.scopes {
                if let Some(scope) = asked.and(allowed).and_then(Scope::enforceable) {
                    granted.grant(scope);
                }
            }
        }
        granted
    }

    fn grant(&mut self, scope: Scope) {
        let same_type = |known: &&Scope| known.type_name == scope.type_name && known.restriction.is_some();
        let is_kept = match (scope.restriction.as_deref(), self.scopes.iter().find(same_type)) {
            (Some(new), Some(Scope { restriction: Some(known), .. })) => {
                is_part(new, known) || parameter(new).is_some() && parameter(new) == parameter(known)
            }
            _ => true,
        };
        if is_kept && !self.scopes.iter().any(|known| known.covers(&scope)) {
            self.scopes.retain(|known| !scope.covers(known));
            self.scopes.push(scope);
        }
    }

    /// Whether a right on a type is among them.
    pub fn permit(&self, type_name: &str, right: Right) -> Permit {
        let mut restrictions: Vec<&str> = Vec::new();
        for scope in &self.scopes {
            let is_about = scope.type_name.as_deref().is_none_or(|own| own == type_name);
            match scope.restriction.as_deref() {
                _ if !is_about || !scope.rights.have(right) => {}
                None => return Permit::Yes,
                Some(restriction) => restrictions.push(restriction),
            }
        }
        let mut restrictions: Vec<Vec<(String, String)>> =
            restrictions.into_iter().map(|restriction| pairs(restriction).collect()).collect();
        // The shortest first: what asks for more besides permits nothing more.
        restrictions.sort_by(|one, two| one.len().cmp(&two.len()).then_with(|| one.cmp(two)));
        let mut restrictions = restrictions.into_iter();
        let Some(mut pairs) = restrictions.next() else { return Permit::No };
        // Those by one parameter alone are alternatives. Of others the first has to do: it permits less.
        if let [(name, values)] = pairs.as_mut_slice() {
            for restriction in restrictions {
                let [(other, value)] = restriction.as_slice() else { continue };
                if other == name && !values.split(',').any(|known| known == value) {
                    let _ = write!(values, ",{value}");
                }
            }
        }
        Permit::Where(pairs)
    }

    /// Whether a right on all types is among them.
    pub fn permit_all(&self, right: Right) -> bool {
        let is_such = |s: &Scope| s.type_name.is_none() && s.restriction.is_none() && s.rights.have(right);
        self.scopes.iter().any(is_such)
    }

    /// Whether every resource of a type may be shown that the client may see: read, searched for, included, chained
    /// through.
    pub fn may_read(&self, type_name: &str) -> bool {
        self.permit(type_name, Right::Read) == Permit::Yes
            || self.permit(type_name, Right::Search) == Permit::Yes
    }
}

impl Scope {
    /// What is in both.
    fn and(&self, other: &Scope) -> Option<Scope> {
        let type_name = match (&self.type_name, &other.type_name) {
            (Some(one), Some(two)) if one != two => return None,
            (Some(name), _) | (None, Some(name)) => Some(name.clone()),
            (None, None) => None,
        };
        let restriction = match (&self.restriction, &other.restriction) {
            (Some(one), Some(two)) => Some(both(one, two)),
            (Some(one), None) | (None, Some(one)) => Some(one.clone()),
            (None, None) => None,
        };
        let rights = self.rights.and(other.rights);
        let both = Scope { level: self.level, type_name, rights, restriction, form: self.form };
        (self.level == other.level && !rights.is_empty()).then_some(both)
    }

    /// Whether all that the other permits is permitted by this one.
    fn covers(&self, other: &Scope) -> bool {
        self.level == other.level
            && (self.type_name.is_none() || self.type_name == other.type_name)
            && self.restriction.as_deref().is_none_or(|own| {
                other.restriction.as_deref().is_some_and(|restriction| is_part(own, restriction))
            })
            && self.rights.and(other.rights) == other.rights
    }

    /// As much of it as can be kept to.
    fn enforceable(self) -> Option<Scope> {
        match (&self.restriction, &self.type_name) {
            _ if self.level == Level::Patient => None,
            (None, _) => Some(self),
            (Some(_), None) => None,
            (Some(_), Some(_)) => {
                let rights = self.rights.and(Rights::READING);
                (!rights.is_empty()).then_some(Scope { rights, ..self })
            }
        }
    }
}

/// The restriction that both are met by.
fn both(one: &str, two: &str) -> String {
    let further = two.split('&').filter(|pair| !one.split('&').any(|known| known == *pair));
    further.fold(one.to_owned(), |both, pair| both + "&" + pair)
}

/// Whether what meets the second restriction meets the first: all of its pairs are in it.
fn is_part(one: &str, two: &str) -> bool {
    one.split('&').all(|pair| two.split('&').any(|known| known == pair))
}

/// The pairs of a restriction.
fn pairs(restriction: &str) -> impl Iterator<Item = (String, String)> {
    let pairs = restriction.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned()))
}

/// Whether a pair can only narrow what a search finds, by the resource alone: no chains, no parameters about the answer.
fn restricts(pair: &str) -> bool {
    const OF_ALL: [&str; 5] = ["_id", "_lastUpdated", "_profile", "_security", "_tag"];
    pair.split_once('=').is_some_and(|(name, value)| {
        let code = name.split(':').next().unwrap_or_default();
        let is_code = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let is_known = OF_ALL.contains(&code) || !code.is_empty() && code.bytes().all(is_code);
        is_known && !value.is_empty()
    })
}

/// The one parameter that a restriction is by.
fn parameter(restriction: &str) -> Option<&str> {
    let (name, value) = restriction.split_once('=')?;
    (!value.contains('&')).then_some(name)
}

impl FromStr for Scope {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Scope, ScopeError> {
        let read = || {
            let (level, rest) = text.split_once('/')?;
            let (_, level) = LEVELS.iter().find(|(name, _)| *name == level)?;
            let (rest, restriction) = match rest.split_once('?') {
                Some((rest, restriction)) => (rest, Some(restriction)),
                None => (rest, None),
            };
            let (type_name, rights) = rest.split_once('.')?;
            let is_name = type_name.starts_with(|c: char| c.is_ascii_uppercase())
                && type_name.bytes().all(|byte| byte.is_ascii_alphanumeric());
            if !(type_name == "*" || is_name) {
                return None;
            }
            let (rights, form) = match rights {
                "read" => (Rights::READING, Form::Version1),
                "write" => (Rights::WRITING, Form::Version1),
                "*" => (Rights::ALL, Form::Version1),
                letters => (Rights::parse(letters)?, Form::Version2),
            };
            let is_sound = |text: &str| form == Form::Version2 && text.split('&').all(restricts);
            restriction.is_none_or(is_sound).then(|| Scope {
                level: *level,
                type_name: (type_name != "*").then(|| type_name.to_owned()),
                rights,
                restriction: restriction.map(str::to_owned),
                form,
            })
        };
        read().ok_or_else(|| ScopeError(text.to_owned()))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = LEVELS.iter().find(|(_, level)| *level == self.level).map_or("", |(name, _)| name);
        write!(out, "{level}/{}.", self.type_name.as_deref().unwrap_or("*"))?;
        match self.rights.word().filter(|_| self.form == Form::Version1 && self.restriction.is_none()) {
            Some(word) => out.write_str(word)?,
            None => {
                let letters = LETTERS.iter().filter(|(_, right)| self.rights.have(*right));
                letters.map(|(letter, _)| *letter).try_for_each(|letter| out.write_char(letter))?;
            }
        }
        self.restriction.iter().try_for_each(|restriction| write!(out, "?{restriction}"))
    }
}

impl FromStr for Scopes {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Scopes, ScopeError> {
        let mut scopes = Scopes::default();
        text.split_ascii_whitespace().try_for_each(|word| scopes.add(word))?;
        Ok(scopes)
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.scopes.iter().enumerate() {
            write!(out, "{}{scope}", if index == 0 { "" } else { " " })?;
        }
        match self.is_administrator {
            true => write!(out, "{}{ADMINISTRATOR}", if self.scopes.is_empty() { "" } else { " " }),
            false => Ok(()),
        }
    }
}

impl serde::Serialize for Scopes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Scopes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Scopes, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
