//! Definitions of one sort under their URLs, several versions side by side, read when first asked for.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::canonical::{self, Age, PackageId};
use super::embedded::CompiledFile;

/// Definitions of one sort.
#[derive(Debug)]
pub(super) struct ByCanonical<T> {
    entries: Vec<Entry<T>>,
    /// Versions of each URL, the newest last.
    urls: HashMap<String, Vec<Version>>,
}

#[derive(Debug)]
struct Entry<T> {
    /// Where to read it from when it is not yet there.
    file: Option<CompiledFile>,
    value: OnceLock<Option<T>>,
    /// Whether a later one of the same URL and version took its place.
    is_replaced: bool,
}

#[derive(Debug)]
struct Version {
    package: PackageId,
    age: Age,
    version: String,
    entry: usize,
}

impl<T> Default for ByCanonical<T> {
    fn default() -> ByCanonical<T> {
        ByCanonical { entries: Vec::new(), urls: HashMap::new() }
    }
}

impl<T> ByCanonical<T> {
    /// Adds a definition that is still to be read; its number.
    pub(super) fn add_file(
        &mut self,
        package: &PackageId,
        url: &str,
        version: &str,
        file: CompiledFile,
    ) -> usize {
        self.add(
            package,
            url,
            version,
            Entry { file: Some(file), value: OnceLock::new(), is_replaced: false },
        )
    }

    /// Adds a definition; its number.
    pub(super) fn add_value(&mut self, package: &PackageId, url: &str, version: &str, value: T) -> usize {
        self.add(
            package,
            url,
            version,
            Entry { file: None, value: OnceLock::from(Some(value)), is_replaced: false },
        )
    }

    fn add(&mut self, package: &PackageId, url: &str, version: &str, entry: Entry<T>) -> usize {
        let number = self.entries.len();
        self.entries.push(entry);
        let versions = self.urls.entry(url.to_owned()).or_default();
        match versions.iter_mut().find(|known| known.version == version) {
            Some(known) => {
                known.package.clone_from(package);
                let replaced = std::mem::replace(&mut known.entry, number);
                if let Some(entry) = self.entries.get_mut(replaced) {
                    entry.is_replaced = true;
                }
            }
            None => {
                versions.push(Version {
                    package: package.clone(),
                    age: Age::of(package, version),
                    version: version.to_owned(),
                    entry: number,
                });
                versions.sort_by(|a, b| a.age.cmp(&b.age));
            }
        }
        number
    }

    /// The number of the definition with that canonical: with its version, or the newest.
    pub(super) fn find(&self, canonical: &str) -> Option<usize> {
        let (url, version) = canonical::split(canonical);
        let versions = self.urls.get(url)?;
        let found = match version {
            Some(version) => versions.iter().find(|known| known.version == version),
            None => versions.last(),
        };
        found.map(|known| known.entry)
    }

    /// Like [`ByCanonical::find`], but without version it is that of the first of these packages that has one.
    pub(super) fn find_near(&self, canonical: &str, packages: &[&PackageId]) -> Option<usize> {
        let (url, version) = canonical::split(canonical);
        if version.is_some() {
            return self.find(canonical);
        }
        let versions = self.urls.get(url)?;
        let found =
            packages.iter().find_map(|package| versions.iter().find(|known| known.package == **package));
        found.map(|known| known.entry)
    }

    /// The package that the definition with that URL and version is from.
    pub(super) fn package(&self, url: &str, version: &str) -> Option<&PackageId> {
        self.urls.get(url)?.iter().find(|known| known.version == version).map(|known| &known.package)
    }

    /// The definition of that number; `read` reads it when this is the first time.
    pub(super) fn get(&self, number: usize, read: impl FnOnce(&CompiledFile) -> Option<T>) -> Option<&T> {
        let entry = self.entries.get(number)?;
        entry.value.get_or_init(|| entry.file.as_ref().and_then(read)).as_ref()
    }

    /// How many numbers there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether that number has not been replaced.
    pub(super) fn is_current(&self, number: usize) -> bool {
        self.entries.get(number).is_some_and(|entry| !entry.is_replaced)
    }

    /// The numbers of all definitions, replaced ones left out.
    pub(super) fn numbers(&self) -> impl Iterator<Item = usize> {
        (0..self.entries.len()).filter(|number| self.is_current(*number))
    }
}
