//! Where the key is that pages are signed with.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use tracing::{info, warn};

use crate::audit::{KeyError, PublicKey, SigningKey};
use crate::config::Audit;

/// Why there is no key to sign with.
#[derive(Debug, thiserror::Error)]
pub enum AuditKeyError {
    /// A file cannot be read or made.
    #[error("audit.signing-key-file: {path}: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A file, or the setting, holds something else.
    #[error("{place}: {error}")]
    NoKey {
        /// The file or setting.
        place: String,
        /// Why.
        error: KeyError,
    },
}

/// The key to sign with. Where none is configured, one is made beside the database, with its public half beside it.
pub(in super::super) fn signing_key(
    settings: &Audit,
    database_url: &str,
) -> Result<SigningKey, AuditKeyError> {
    let parse = |place: &str, pem: &str| {
        SigningKey::from_pem(pem).map_err(|error| AuditKeyError::NoKey { place: place.to_owned(), error })
    };
    if !settings.signing_key.is_empty() {
        return parse("audit.signing-key", settings.signing_key.expose());
    }
    let (path, is_ours) = match &settings.signing_key_file {
        Some(path) => (path.clone(), false),
        None => (beside(database_url), true),
    };
    let failed = |error| AuditKeyError::File { path: path.clone(), error };
    if is_ours && !path.exists() {
        make(&path)?;
    }
    let pem = std::fs::read_to_string(&path).map_err(failed)?;
    warn_if_open(&path);
    parse(&path.display().to_string(), &pem)
}

/// The public half of the configured key, for who verifies: of the secret key, else of the file beside it. `None` where
/// neither is there.
pub fn public_key(settings: &Audit, database_url: &str) -> Option<PublicKey> {
    let path = settings.signing_key_file.clone().unwrap_or_else(|| beside(database_url));
    let private = match settings.signing_key.expose() {
        "" => std::fs::read_to_string(&path).ok(),
        pem => Some(pem.to_owned()),
    };
    if let Some(key) = private.and_then(|pem| SigningKey::from_pem(&pem).ok()) {
        return Some(key.public_key());
    }
    PublicKey::from_pem(&std::fs::read_to_string(public_path(&path)).ok()?).ok()
}

/// `gateway.db.audit-key` for `sqlite://gateway.db`; in the working directory for a database that is a server's.
fn beside(database_url: &str) -> PathBuf {
    let file = database_url.strip_prefix("sqlite:").map(|rest| rest.strip_prefix("//").unwrap_or(rest));
    let file = file.map(|file| file.split('?').next().unwrap_or(file)).filter(|file| !file.is_empty());
    PathBuf::from(format!("{}.audit-key", file.unwrap_or("sdoh-gateway")))
}

fn public_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".pub");
    name.into()
}

/// Makes a key, for its owner only. Where another process has just made one, that one stays.
fn make(path: &Path) -> Result<(), AuditKeyError> {
    let no_key = |error| AuditKeyError::NoKey { place: path.display().to_string(), error };
    let pem = SigningKey::generate().map_err(no_key)?;
    let public = SigningKey::from_pem(&pem).map_err(no_key)?.public_key().to_pem();
    let failed = |error| AuditKeyError::File { path: path.to_owned(), error };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Such a file is readable by its owner alone.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(pem.as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    match file.persist_noclobber(path) {
        Ok(_) => {
            std::fs::write(public_path(path), public).map_err(failed)?;
            info!(path = %path.display(), "made a key to sign the audit record with; keep it where the database's keepers cannot read it");
            Ok(())
        }
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(failed(error.error)),
    }
}

#[cfg(unix)]
fn warn_if_open(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path).map(|file| file.permissions().mode()).unwrap_or_default();
    if mode & 0o077 != 0 {
        warn!(path = %path.display(), "others than the owner can use the key that the audit record is signed with");
    }
}

#[cfg(not(unix))]
fn warn_if_open(_: &Path) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beside_the_database() {
        for (url, expected) in [
            ("sqlite://gateway.db", "gateway.db.audit-key"),
            ("sqlite:///var/lib/g.db?mode=rwc", "/var/lib/g.db.audit-key"),
            ("postgres://user:secret@host/database", "sdoh-gateway.audit-key"),
        ] {
            assert_eq!(beside(url), Path::new(expected), "{url}");
        }
    }

    #[test]
    fn made_once_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("g.db").display());
        let settings = Audit::default();
        assert_eq!(public_key(&settings, &url), None);
        let key = signing_key(&settings, &url).unwrap().public_key();
        assert_eq!(signing_key(&settings, &url).unwrap().public_key(), key);
        assert_eq!(public_key(&settings, &url), Some(key.clone()));
        let path = folder.path().join("g.db.audit-key");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        // With the public half alone, one can verify.
        std::fs::remove_file(&path).unwrap();
        assert_eq!(public_key(&settings, &url), Some(key));
        // A key that was asked for by name is never made.
        let settings = Audit { signing_key_file: Some(path), ..Audit::default() };
        assert!(matches!(signing_key(&settings, &url), Err(AuditKeyError::File { .. })));
        let settings = Audit { signing_key: "no key".into(), ..Audit::default() };
        assert!(matches!(signing_key(&settings, &url), Err(AuditKeyError::NoKey { .. })));
    }
}
