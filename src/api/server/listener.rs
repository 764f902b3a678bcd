//! The listener: connections, as many as there may be, each with its own task.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tower::Service as _;
use tracing::{debug, warn};

use crate::api::Api;
use crate::config::Config;

use super::router;
use super::subject::subject;
use super::tls::{Acceptor, TlsError};

/// How long a TLS handshake may take, at most.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long to wait where no connection can be accepted for want of something.
const PAUSE: Duration = Duration::from_millis(200);

/// Who is at the other end of a connection.
#[derive(Debug, Clone)]
pub(in crate::api) struct Peer {
    /// From where.
    pub(in crate::api) address: SocketAddr,
    /// Subject of the certificate it has shown.
    pub(in crate::api) subject: Option<Arc<str>>,
}

/// Why a server cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The address is not to be had.
    #[error("listen: {address}: {error}")]
    Address {
        /// Which.
        address: SocketAddr,
        /// Why.
        error: io::Error,
    },
    /// There is no TLS to be had.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// A server that listens.
pub struct Server {
    listener: TcpListener,
    /// The address, with the port it got.
    pub address: SocketAddr,
    tls: Option<Acceptor>,
    connections: usize,
    idle: Duration,
}

impl Server {
    /// Takes the address. Requests that come now wait for [`Server::run`].
    ///
    /// Errors: the address is taken; certificate or key are none.
    pub async fn bind(config: &Config) -> Result<Server, ListenError> {
        let failed = |error| ListenError::Address { address: config.listen, error };
        let tls = Acceptor::open(&config.tls)?;
        let listener = TcpListener::bind(config.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let idle = Duration::from_secs(config.limits.idle_seconds);
        Ok(Server { listener, address, tls, connections: config.limits.connections, idle })
    }

    /// The URL it is at.
    pub fn origin(&self) -> String {
        format!("{}://{}", if self.tls.is_some() { "https" } else { "http" }, self.address)
    }

    /// Serves until `stop` resolves, then finishes the requests it has.
    pub async fn run(self, api: Api, stop: impl Future<Output = ()> + Send + 'static) {
        let router = router(api);
        let open = GracefulShutdown::new();
        let slots = Arc::new(Semaphore::new(self.connections.min(Semaphore::MAX_PERMITS)));
        let mut stop = pin!(stop);
        loop {
            let next = async {
                let slot = Arc::clone(&slots).acquire_owned().await;
                (slot, self.listener.accept().await)
            };
            let (slot, accepted) = tokio::select! {
                next = next => next,
                () = &mut stop => break,
            };
            let (stream, address) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // The one who came has gone, or there are no files left to open: either way others may come.
                    if !is_of_one_connection(&error) {
                        warn!(%error, "no connection can be accepted");
                        tokio::time::sleep(PAUSE).await;
                    }
                    continue;
                }
            };
            let tls = self.tls.as_ref().map(Acceptor::current);
            let (router, watcher, idle) = (router.clone(), open.watcher(), self.idle);
            tokio::spawn(async move {
                connection(stream, address, tls, router, watcher, idle).await;
                drop(slot);
            });
        }
        drop(self.listener);
        open.shutdown().await;
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

async fn connection(
    stream: TcpStream,
    address: SocketAddr,
    tls: Option<tokio_rustls::TlsAcceptor>,
    router: Router,
    watcher: Watcher,
    idle: Duration,
) {
    // Answers are written whole: waiting for more only delays them.
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else {
        return serve(stream, Peer { address, subject: None }, router, watcher, idle).await;
    };
    match tokio::time::timeout(HANDSHAKE.min(idle), tls.accept(stream)).await {
        Ok(Ok(stream)) => {
            let certificate = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
            let subject = certificate.and_then(subject).map(Arc::from);
            serve(stream, Peer { address, subject }, router, watcher, idle).await;
        }
        Ok(Err(error)) => debug!(%error, "a TLS handshake failed"),
        Err(_) => debug!("a TLS handshake took too long"),
    }
}

/// Answers the requests of one connection.
async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: Peer,
    router: Router,
    watcher: Watcher,
    idle: Duration,
) {
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer.clone());
        let mut router = router.clone();
        async move {
            Ok::<_, Infallible>(
                router.call(request.map(Body::new)).await.unwrap_or_else(|never| match never {}),
            )
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(idle)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        debug!(%error, "a connection broke off");
    }
}
