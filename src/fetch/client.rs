//! The client.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Method, RequestBuilder, Response, Url};

use super::address::Addresses;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a request may take in all, where nothing else is said.
const WHOLE: Duration = Duration::from_secs(10);

/// Why something could not be fetched. Tells nothing of what was sent.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The URL is none, or not of HTTP.
    #[error("not a URL that begins with https://")]
    Url,
    /// The URL leads where the gateway does not go.
    #[error(
        "the address is not of the public internet, and not allowed by the configuration (allow-addresses)"
    )]
    Forbidden,
    /// Without TLS only allowed addresses are connected to.
    #[error("without TLS only addresses that the configuration allows are connected to (allow-addresses)")]
    Plain,
    /// There was no answer.
    #[error("no answer: {0}")]
    Failed(#[source] reqwest::Error),
    /// The answer is not a good one.
    #[error("answered {0}")]
    Status(reqwest::StatusCode),
    /// It has failed a moment ago, and is not tried again yet.
    #[error("it has failed a moment ago")]
    Lately,
    /// The answer is not JSON.
    #[error("the answer is not JSON")]
    NotJson,
    /// The answer is longer than is read.
    #[error("the answer is longer than {0} bytes")]
    TooLong(usize),
}

impl From<reqwest::Error> for FetchError {
    /// Without the URL, which may have a secret in it.
    fn from(error: reqwest::Error) -> FetchError {
        FetchError::Failed(error.without_url())
    }
}

/// What is asked for the addresses of a name.
type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync>;

/// A client for addresses that somebody else names.
#[derive(Clone)]
pub struct Outbound {
    /// To public addresses and allowed ones.
    tls: Client,
    /// To allowed ones only.
    plain: Client,
    allowed: Arc<Addresses>,
}

impl Outbound {
    /// A client that connects to public addresses, and to these.
    pub fn new(allowed: Addresses) -> Result<Outbound, FetchError> {
        Outbound::with_lookup(allowed, Arc::new(|name| Box::pin(look_up(name))))
    }

    fn with_lookup(allowed: Addresses, lookup: Lookup) -> Result<Outbound, FetchError> {
        let allowed = Arc::new(allowed);
        let client = |is_plain: bool| {
            let resolver = Resolver { allowed: Arc::clone(&allowed), is_plain, lookup: Arc::clone(&lookup) };
            build(Some(resolver))
        };
        Ok(Outbound { tls: client(false)?, plain: client(true)?, allowed: Arc::clone(&allowed) })
    }

    /// A request to a URL.
    ///
    /// Errors: a URL that is not of HTTP, or that names an address which may not be connected to. A name that resolves to
    /// such a one fails when the request is sent.
    pub fn request(&self, method: Method, url: &str) -> Result<RequestBuilder, FetchError> {
        let url = Url::parse(url).map_err(|_| FetchError::Url)?;
        let is_plain = match url.scheme() {
            "https" => false,
            "http" => true,
            _ => return Err(FetchError::Url),
        };
        // Addresses are not resolved, so the resolver does not see them.
        let host = url.host_str().ok_or(FetchError::Url)?;
        let address: Option<IpAddr> = host.trim_start_matches('[').trim_end_matches(']').parse().ok();
        match address {
            Some(address) if is_plain && !self.allowed.have(address) => return Err(FetchError::Plain),
            Some(address) if !self.allowed.permit(address) => return Err(FetchError::Forbidden),
            _ => {}
        }
        Ok(if is_plain { &self.plain } else { &self.tls }.request(method, url))
    }
}

/// A client for addresses that whoever runs the gateway has named: they may be anywhere.
pub fn trusting() -> Result<Client, FetchError> {
    build(None)
}

#[expect(clippy::disallowed_methods, reason = "the one place where clients are made")]
fn build(resolver: Option<Resolver>) -> Result<Client, FetchError> {
    let builder = Client::builder()
        // An answer from elsewhere is not the one that was asked for.
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("sdoh-gateway/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT)
        .timeout(WHOLE);
    let builder = match resolver {
        Some(resolver) => builder.no_proxy().dns_resolver(Arc::new(resolver)),
        None => builder,
    };
    Ok(builder.build()?)
}

/// The body of an answer, of at most so many bytes.
pub async fn read(mut response: Response, most: usize) -> Result<Vec<u8>, FetchError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if bytes.len() + chunk.len() > most {
            return Err(FetchError::TooLong(most));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// Resolves names to those of their addresses that may be connected to.
struct Resolver {
    allowed: Arc<Addresses>,
    is_plain: bool,
    lookup: Lookup,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (allowed, is_plain) = (Arc::clone(&self.allowed), self.is_plain);
        let found = (self.lookup)(name.as_str().to_owned());
        Box::pin(async move {
            let mut addresses = found.await?;
            addresses.retain(|address| match is_plain {
                true => allowed.have(*address),
                false => allowed.permit(*address),
            });
            if addresses.is_empty() {
                return Err(if is_plain { FetchError::Plain } else { FetchError::Forbidden }.into());
            }
            let addresses: Addrs = Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}

async fn look_up(name: String) -> io::Result<Vec<IpAddr>> {
    Ok(tokio::net::lookup_host((name, 0)).await?.map(|address| address.ip()).collect())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    /// Answers every request in the same way, and counts them.
    async fn somebody(answer: &'static str) -> (u16, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let count = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&count);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::SeqCst);
                let mut request = [0; 1024];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        (port, count)
    }

    const HELLO: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";

    fn outbound(allowed: &[&str], lookup: Lookup) -> Outbound {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let allowed: Vec<String> = allowed.iter().map(|text| (*text).to_owned()).collect();
        Outbound::with_lookup(Addresses::parse(&allowed).unwrap(), lookup).unwrap()
    }

    fn names(addresses: &'static [&'static [&'static str]]) -> Lookup {
        let asked = AtomicUsize::new(0);
        Arc::new(move |_| {
            let turn = asked.fetch_add(1, Ordering::SeqCst).min(addresses.len() - 1);
            let found = addresses[turn].iter().map(|address| address.parse().unwrap()).collect();
            Box::pin(async move { Ok(found) })
        })
    }

    async fn get(outbound: &Outbound, url: &str) -> Result<Vec<u8>, FetchError> {
        let response = outbound.request(Method::GET, url)?.send().await?;
        read(response, 100).await
    }

    #[tokio::test]
    async fn nobody_is_led_inside() {
        let (port, count) = somebody(HELLO).await;
        let none = outbound(&[], names(&[&["127.0.0.1"]]));
        let other = outbound(&["10.0.0.0/8"], names(&[&["127.0.0.1"], &["::1"], &["169.254.169.254"]]));
        for host in [
            "127.0.0.1",
            "127.1",
            "0x7f000001",
            "2130706433",
            "0177.0.0.1",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "0.0.0.0",
            "[::]",
            "localhost",
            "inside.example",
            "169.254.169.254",
            "user:pass@127.0.0.1",
        ] {
            for scheme in ["http", "https"] {
                for outbound in [&none, &other] {
                    let result = get(outbound, &format!("{scheme}://{host}:{port}/")).await;
                    assert!(result.is_err(), "{scheme} {host}");
                }
            }
        }
        for url in ["file:///etc/passwd", "ftp://1.1.1.1/", "gopher://1.1.1.1/", "//1.1.1.1", "x", ""] {
            assert!(matches!(none.request(Method::GET, url), Err(FetchError::Url)), "{url}");
        }
        assert_eq!(count.load(Ordering::SeqCst), 0, "somebody was connected to");
    }

    #[tokio::test]
    async fn what_is_allowed_is_connected_to() {
        let (port, count) = somebody(HELLO).await;
        let outbound = outbound(&["127.0.0.1"], names(&[&["::1", "127.0.0.1"]]));
        for host in ["127.0.0.1", "inside.example"] {
            assert_eq!(get(&outbound, &format!("http://{host}:{port}/")).await.unwrap(), b"hello");
        }
        assert_eq!(count.load(Ordering::SeqCst), 2);
    }

    /// A name that leads outside when it is looked at, and inside when it is connected to.
    #[tokio::test]
    async fn a_name_that_changes_leads_nowhere() {
        let (port, count) = somebody(HELLO).await;
        let outbound = outbound(&["127.0.0.2"], names(&[&["127.0.0.2"], &["127.0.0.1"]]));
        let url = format!("https://rebinding.example:{port}/");
        for _ in 0..2 {
            let request = outbound.request(Method::GET, &url).unwrap().timeout(Duration::from_millis(200));
            assert!(request.send().await.is_err());
        }
        assert_eq!(count.load(Ordering::SeqCst), 0);
    }

    #[tokio::test]
    async fn redirects_are_not_followed_and_answers_are_not_endless() {
        let (inside, count) = somebody(HELLO).await;
        let redirect = format!(
            "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{inside}/\r\nContent-Length: 0\r\n\r\n"
        );
        let (port, _) = somebody(redirect.leak()).await;
        let outbound = outbound(&["127.0.0.1"], names(&[&[]]));
        let request = outbound.request(Method::GET, &format!("http://127.0.0.1:{port}/")).unwrap();
        assert_eq!(request.send().await.unwrap().status(), 302);
        assert_eq!(count.load(Ordering::SeqCst), 0);
        let long =
            format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{}\r\n", "x".repeat(255));
        let (port, _) = somebody(long.leak()).await;
        assert!(matches!(
            get(&outbound, &format!("http://127.0.0.1:{port}/")).await,
            Err(FetchError::TooLong(100))
        ));
    }
}
