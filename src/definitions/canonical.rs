//! Canonical URLs with versions (R4 §2.3.0.2), and which of several versions is the newest.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A FHIR package: `hl7.fhir.us.core` 7.0.0.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PackageId {
    /// Package name.
    pub name: String,
    /// Package version.
    pub version: String,
}

impl PackageId {
    /// Whether it is FHIR itself rather than a guide on top of it.
    pub fn is_core(&self) -> bool {
        self.name.starts_with("hl7.fhir.r") && self.name.ends_with(".core")
    }

    /// Whether it only has FHIR's own value sets again, expanded.
    pub fn is_expansions(&self) -> bool {
        self.name.starts_with("hl7.fhir.r") && self.name.ends_with(".expansions")
    }
}

impl fmt::Display for PackageId {
    /// `name-version`, as package files and folders are called.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.name, self.version)
    }
}

/// Splits `url|version`; a fragment after the version or URL is dropped.
pub fn split(canonical: &str) -> (&str, Option<&str>) {
    let canonical = canonical.split('#').next().unwrap_or_default();
    match canonical.split_once('|') {
        Some((url, version)) if !version.is_empty() => (url, Some(version)),
        Some((url, _)) => (url, None),
        None => (canonical, None),
    }
}

/// Where a definition stands among others of the same URL; the greatest is the newest.
///
/// R4 core also carries snapshots of what is maintained elsewhere (`terminology.hl7.org`), under versions that cannot
/// be compared with those of its keeper: any other package's definition counts as newer than R4 core's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Age {
    is_core: bool,
    version: String,
}

impl Age {
    pub(super) fn of(package: &PackageId, version: &str) -> Age {
        Age { is_core: package.is_core(), version: version.to_owned() }
    }
}

impl Ord for Age {
    fn cmp(&self, other: &Age) -> Ordering {
        other.is_core.cmp(&self.is_core).then_with(|| compare_versions(&self.version, &other.version))
    }
}

impl PartialOrd for Age {
    fn partial_cmp(&self, other: &Age) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Compares versions part by part: numbers as numbers, a release above its pre-releases (`1.0.0` > `1.0.0-ballot`).
pub fn compare_versions(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (parts(a), parts(b));
    loop {
        let ordering = match (left.next(), right.next()) {
            (None, None) => return a.cmp(b),
            (Some(rest), None) => trailing(rest),
            (None, Some(rest)) => trailing(rest).reverse(),
            (Some(x), Some(y)) => match (x.parse::<u64>(), y.parse::<u64>()) {
                (Ok(x), Ok(y)) => x.cmp(&y),
                (Ok(_), Err(_)) => Ordering::Greater,
                (Err(_), Ok(_)) => Ordering::Less,
                (Err(_), Err(_)) => x.cmp(y),
            },
        };
        if ordering != Ordering::Equal {
            return ordering;
        }
    }
}

fn parts(version: &str) -> impl Iterator<Item = &str> {
    version.split(['.', '-', '+'])
}

/// How a version with one part more stands to the one without: `1.0.1` above `1.0`, `1.0-ballot` below it.
fn trailing(part: &str) -> Ordering {
    if part.parse::<u64>().is_ok() { Ordering::Greater } else { Ordering::Less }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits() {
        for (canonical, expected) in [
            ("http://a/b", ("http://a/b", None)),
            ("http://a/b|1.0", ("http://a/b", Some("1.0"))),
            ("http://a/b|", ("http://a/b", None)),
            ("http://a/b|1.0#c", ("http://a/b", Some("1.0"))),
            ("http://a/b#c", ("http://a/b", None)),
        ] {
            assert_eq!(split(canonical), expected, "{canonical}");
        }
    }

    #[test]
    fn orders_versions() {
        for (older, newer) in [
            ("3.1.1", "6.1.0"),
            ("9.0.0", "10.0.0"),
            ("1.0", "1.0.1"),
            ("1.0.0-ballot", "1.0.0"),
            ("1.0.0-ballot", "1.0.0-snapshot"),
            ("2.9", "2018-08-12"),
            ("", "1"),
        ] {
            assert_eq!(compare_versions(older, newer), Ordering::Less, "{older} < {newer}");
            assert_eq!(compare_versions(newer, older), Ordering::Greater, "{newer} > {older}");
        }
        assert_eq!(compare_versions("4.0.1", "4.0.1"), Ordering::Equal);
    }

    #[test]
    fn core_is_older_than_anyone() {
        let package = |name: &str| PackageId { name: name.to_owned(), version: "1".to_owned() };
        let core = Age::of(&package("hl7.fhir.r4.core"), "2018-08-12");
        let terminology = Age::of(&package("hl7.terminology.r4"), "10.0.0");
        assert!(core < terminology);
    }
}
