//! What can go wrong with definitions.

use std::io;
use std::path::PathBuf;

/// Why definitions could not be had.
#[derive(Debug, thiserror::Error)]
pub enum DefinitionsError {
    /// A file or folder could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Not a FHIR package, or one beyond the limits of [`super::package`].
    #[error("{}: {reason}", path.display())]
    Package {
        /// The package's file or folder.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A resource in a package is not what FHIR says it is.
    #[error("{}: {file}: {reason}", path.display())]
    Resource {
        /// The package's file or folder.
        path: PathBuf,
        /// The file in it.
        file: String,
        /// Why.
        reason: String,
    },
    /// The definitions inside the binary are damaged: a fault of the build.
    #[error("embedded definitions: {file}: {reason}")]
    Embedded {
        /// The compiled file.
        file: String,
        /// Why.
        reason: String,
    },
}

impl DefinitionsError {
    pub(super) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> DefinitionsError {
        let path = path.into();
        |source| DefinitionsError::File { path, source }
    }
}
