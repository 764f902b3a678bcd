//! TLS 1.2 and 1.3, with a certificate that may be changed while the gateway serves.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio_rustls::TlsAcceptor;
use tracing::{info, warn};

use crate::config::Tls;

/// How often the files are looked at, at most.
const LOOK: Duration = Duration::from_secs(1);

/// Why TLS cannot be spoken. Names the setting and the file.
#[derive(Debug, thiserror::Error)]
#[error("{key}: {path}: {message}")]
pub struct TlsError {
    key: &'static str,
    path: PathBuf,
    message: String,
}

/// What connections are accepted with.
pub(super) struct Acceptor {
    tls: Tls,
    state: Mutex<State>,
}

struct State {
    acceptor: TlsAcceptor,
    /// When the files were last changed, as far as that is known.
    changed: Vec<Option<SystemTime>>,
    looked: Instant,
}

impl Acceptor {
    /// Reads the files. `None` where there is to be no TLS.
    pub(super) fn open(tls: &Tls) -> Result<Option<Acceptor>, TlsError> {
        let (Some(certificate), Some(key)) = (&tls.certificate, &tls.key) else { return Ok(None) };
        // First, so that a change between the two is seen.
        let changed = changes(tls);
        let acceptor = read(certificate, key, tls.client_ca.as_deref())?;
        let state = Mutex::new(State { acceptor, changed, looked: Instant::now() });
        Ok(Some(Acceptor { tls: tls.clone(), state }))
    }

    /// What the next connection is accepted with. When the files have changed, they are read; where they make no sense,
    /// what was there before is kept.
    pub(super) fn current(&self) -> TlsAcceptor {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.looked.elapsed() >= LOOK {
            state.looked = Instant::now();
            let changed = changes(&self.tls);
            if changed != state.changed {
                state.changed = changed;
                self.reread(&mut state);
            }
        }
        state.acceptor.clone()
    }

    fn reread(&self, state: &mut State) {
        let (Some(certificate), Some(key)) = (&self.tls.certificate, &self.tls.key) else { return };
        match read(certificate, key, self.tls.client_ca.as_deref()) {
            Ok(acceptor) => {
                state.acceptor = acceptor;
                info!("the certificate has been read anew");
            }
            Err(error) => warn!("{error}: the certificate that was read before is kept"),
        }
    }
}

fn changes(tls: &Tls) -> Vec<Option<SystemTime>> {
    let paths = [&tls.certificate, &tls.key, &tls.client_ca];
    let changed = |path: &PathBuf| fs::metadata(path).and_then(|data| data.modified()).ok();
    paths.into_iter().flatten().map(changed).collect()
}

fn read(certificate: &Path, key: &Path, client_ca: Option<&Path>) -> Result<TlsAcceptor, TlsError> {
    let failed = |key: &'static str, path: &Path| {
        let path = path.to_owned();
        move |error: &dyn std::fmt::Display| TlsError { key, path, message: error.to_string() }
    };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let versions = [&rustls::version::TLS13, &rustls::version::TLS12];
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&versions)
        .map_err(|error| failed("tls", certificate)(&error))?;
    let builder = match client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for authority in certificates("tls.client-ca", path)? {
                roots.add(authority).map_err(|error| failed("tls.client-ca", path)(&error))?;
            }
            // Who shows none may still log in with a token.
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                .allow_unauthenticated()
                .build()
                .map_err(|error| failed("tls.client-ca", path)(&error))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let chain = certificates("tls.certificate", certificate)?;
    // The library's own words may quote the file.
    let private = PrivateKeyDer::from_pem_file(key)
        .map_err(|_| failed("tls.key", key)(&"holds no private key in PEM, or cannot be read"))?;
    let mut config = builder
        .with_single_cert(chain, private)
        .map_err(|error| failed("tls.certificate", certificate)(&error))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn certificates(key: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let failed = |message: String| TlsError { key, path: path.to_owned(), message };
    let read = CertificateDer::pem_file_iter(path).map_err(|error| failed(error.to_string()))?;
    let certificates: Result<Vec<_>, _> = read.collect();
    let certificates = certificates.map_err(|error| failed(error.to_string()))?;
    match certificates.is_empty() {
        true => Err(failed("holds no certificate in PEM".to_owned())),
        false => Ok(certificates),
    }
}
