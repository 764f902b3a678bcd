//! Reading FHIR packages: npm `.tgz` files, or folders unpacked from one.
//!
//! Only the JSON files directly in `package/` are read; examples and other folders below it are passed over. Nothing
//! is written to disk, so paths inside an archive can do no harm; the limits below stop archives that would unpack
//! without end.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::Value;

use super::strip::{self, Definition};
use super::{DefinitionsError, PackageId};

/// The most files a package may have. The largest official one has 11,000.
pub const MAX_FILES: usize = 50_000;
/// The most bytes one file of a package may have. The largest official one has 11 million.
pub const MAX_FILE_BYTES: u64 = 64 << 20;
/// The most bytes a package may unpack to. The largest official one unpacks to 160 million.
pub const MAX_PACKAGE_BYTES: u64 = 1 << 30;

/// A package: what it is called and what it defines, without prose.
#[derive(Debug)]
pub struct Package {
    /// Name and version, from its `package.json`.
    pub id: PackageId,
    /// The packages it says it depends on.
    pub dependencies: Vec<PackageId>,
    /// The definitions the gateway has a use for, in the order of their file names.
    pub definitions: Vec<Definition>,
}

/// Which snapshots of a package are taken as they are; of other profiles that have a differential, it is the
/// differential that counts, and [`super::snapshot`] generates the snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carried {
    /// Those of a package that HL7's publisher made, which says so in its `package.json` (`tools-version`). Tools that
    /// come before it, such as SUSHI, write provisional ones.
    Published,
    /// None.
    Nothing,
}

/// `package.json`.
#[derive(Debug, Deserialize)]
pub(super) struct Manifest {
    #[serde(flatten)]
    id: PackageId,
    #[serde(default)]
    dependencies: BTreeMap<String, String>,
    #[serde(default, rename = "tools-version")]
    tools_version: Option<Value>,
}

impl Manifest {
    /// The package, and those it depends on.
    pub(super) fn into_parts(self) -> (PackageId, Vec<PackageId>) {
        (self.id, listed(self.dependencies))
    }
}

fn listed(dependencies: BTreeMap<String, String>) -> Vec<PackageId> {
    dependencies.into_iter().map(|(name, version)| PackageId { name, version }).collect()
}

impl Package {
    /// Reads a `.tgz` file or a folder: either the one with `package.json` in it or the one above, called `package`.
    /// Its differentials are left as they are; [`super::snapshot::complete`] makes snapshots of them.
    ///
    /// Errors name the file inside the package and the reason.
    pub fn read(path: &Path) -> Result<Package, DefinitionsError> {
        Package::read_with(path, Carried::Published)
    }

    /// Like [`Package::read`], with a say in which snapshots are taken as they are.
    pub fn read_with(path: &Path, carried: Carried) -> Result<Package, DefinitionsError> {
        let mut reading =
            Reading { path, carried, manifest: None, definitions: Vec::new(), files: 0, bytes: 0 };
        if path.is_dir() {
            reading.folder()?;
        } else {
            reading.archive()?;
        }
        reading.finish()
    }
}

struct Reading<'p> {
    path: &'p Path,
    carried: Carried,
    manifest: Option<Manifest>,
    /// By file name, since archives keep no order.
    definitions: Vec<(String, Definition)>,
    files: usize,
    bytes: u64,
}

impl Reading<'_> {
    fn folder(&mut self) -> Result<(), DefinitionsError> {
        let inner = self.path.join("package");
        let folder = if inner.is_dir() { inner } else { self.path.to_owned() };
        let entries = fs::read_dir(&folder).map_err(DefinitionsError::file(&folder))?;
        for entry in entries {
            let file = entry.map_err(DefinitionsError::file(&folder))?.path();
            let Some(name) = file.file_name().and_then(|name| name.to_str()) else { continue };
            self.count(name)?;
            if is_json(name) && file.is_file() {
                let content = File::open(&file).map_err(DefinitionsError::file(&file))?;
                self.entry(name, content)?;
            }
        }
        Ok(())
    }

    fn archive(&mut self) -> Result<(), DefinitionsError> {
        let file = File::open(self.path).map_err(DefinitionsError::file(self.path))?;
        // What comes out of the decompressor is bounded whatever the archive's headers promise.
        let unpacked = GzDecoder::new(BufReader::new(file)).take(MAX_PACKAGE_BYTES + 1);
        let mut archive = tar::Archive::new(unpacked);
        let path = self.path;
        let broken =
            |e: io::Error| DefinitionsError::Package { path: path.to_owned(), reason: e.to_string() };
        for entry in archive.entries().map_err(broken)? {
            let entry = entry.map_err(broken)?;
            let inner = entry.path().map_err(broken)?.to_str().unwrap_or_default().to_owned();
            self.count(&inner)?;
            let is_file = entry.header().entry_type().is_file();
            match inner.strip_prefix("./").unwrap_or(&inner).strip_prefix("package/") {
                Some(name) if is_file && is_json(name) && !name.contains('/') => self.entry(name, entry)?,
                _ => self.bytes = self.bytes.saturating_add(entry.size()),
            }
        }
        Ok(())
    }

    fn count(&mut self, file: &str) -> Result<(), DefinitionsError> {
        self.files += 1;
        if self.files > MAX_FILES {
            return Err(self.bad_package(format!("more than {MAX_FILES} files, at {file}")));
        }
        if self.bytes > MAX_PACKAGE_BYTES {
            return Err(
                self.bad_package(format!("unpacks to more than {MAX_PACKAGE_BYTES} bytes, at {file}"))
            );
        }
        Ok(())
    }

    fn entry(&mut self, name: &str, content: impl Read) -> Result<(), DefinitionsError> {
        let mut text = Vec::new();
        content
            .take(MAX_FILE_BYTES + 1)
            .read_to_end(&mut text)
            .map_err(|e| self.bad_resource(name, e.to_string()))?;
        self.bytes += text.len() as u64;
        if text.len() as u64 > MAX_FILE_BYTES {
            return Err(self.bad_resource(name, format!("more than {MAX_FILE_BYTES} bytes")));
        }
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
        if name == "package.json" {
            let manifest = serde_json::from_slice(text);
            let manifest: Manifest = manifest.map_err(|e| self.bad_resource(name, e.to_string()))?;
            // Both become part of a folder's name.
            if !is_plain(&manifest.id.name) || !is_plain(&manifest.id.version) {
                return Err(
                    self.bad_resource(name, "name or version is not one a package can have".to_owned())
                );
            }
            self.manifest = Some(manifest);
            return Ok(());
        }
        let resource: Value =
            serde_json::from_slice(text).map_err(|e| self.bad_resource(name, e.to_string()))?;
        if let Some(definition) =
            strip::strip(&resource).map_err(|e| self.bad_resource(name, e.to_string()))?
        {
            self.definitions.push((name.to_owned(), definition));
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Package, DefinitionsError> {
        let Some(Manifest { id, dependencies, tools_version }) = self.manifest.take() else {
            return Err(self.bad_package("no package.json: not a FHIR package".to_owned()));
        };
        let is_settled = self.carried == Carried::Published && tools_version.is_some();
        self.definitions.sort_by(|a, b| a.0.cmp(&b.0));
        let mut definitions: Vec<Definition> =
            self.definitions.into_iter().map(|(_, definition)| definition).collect();
        for definition in &mut definitions {
            definition.default_version(&id.version);
            if is_settled {
                definition.settle();
            }
        }
        Ok(Package { id, dependencies: listed(dependencies), definitions })
    }

    fn bad_package(&self, reason: String) -> DefinitionsError {
        DefinitionsError::Package { path: PathBuf::from(self.path), reason }
    }

    fn bad_resource(&self, file: &str, reason: String) -> DefinitionsError {
        DefinitionsError::Resource { path: PathBuf::from(self.path), file: file.to_owned(), reason }
    }
}

fn is_plain(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._+".contains(&b))
}

fn is_json(name: &str) -> bool {
    name.ends_with(".json") && !name.starts_with('.')
}
