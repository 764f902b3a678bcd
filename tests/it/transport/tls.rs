//! TLS 1.2 and 1.3, and nothing else (priv-8; §8.2 row 1; §8.3, TLS).

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{Authority, Folder, run, serve};
use crate::harness::{Client, Server};

const TLS_1_0: u16 = 0x0301;
const TLS_1_1: u16 = 0x0302;
const TLS_1_2: u16 = 0x0303;

/// ECDHE with AES-GCM or ChaCha20, for either kind of certificate.
const MODERN: &[u16] = &[0xc02b, 0xc02c, 0xc02f, 0xc030, 0xcca8, 0xcca9];
/// AES-CBC, plain RSA, Diffie-Hellman, 3DES, RC4, without encryption, without anybody's name, for export.
const OLD: &[u16] = &[
    0xc009, 0xc00a, 0xc013, 0xc014, 0xc023, 0xc024, 0xc027, 0xc028, 0x002f, 0x0035, 0x003c, 0x003d, 0x009c,
    0x009d, 0x009e, 0x009f, 0x0033, 0x0039, 0x000a, 0xc008, 0xc012, 0x0005, 0xc007, 0xc011, 0x0001, 0x003b,
    0xc006, 0xc010, 0x0018, 0x0034, 0xc018, 0x0003, 0x0008, 0x0014,
];

/// A ClientHello as clients of that version and no later one send it (RFC 5246 §7.4.1.2).
fn client_hello(version: u16, suites: &[u16]) -> Vec<u8> {
    let bytes = |values: &[u16]| values.iter().flat_map(|value| value.to_be_bytes()).collect::<Vec<u8>>();
    let extension = |number: u16, body: Vec<u8>| [bytes(&[number, body.len() as u16]), body].concat();
    let list = |values: &[u16]| [bytes(&[2 * values.len() as u16]), bytes(values)].concat();
    let extensions = [
        // Groups: P-256, P-384, X25519. Points: uncompressed. Signatures: ECDSA and RSA, with SHA-256, SHA-384 and SHA-1.
        extension(10, list(&[23, 24, 29])),
        extension(11, vec![1, 0]),
        extension(13, list(&[0x0403, 0x0503, 0x0401, 0x0501, 0x0804, 0x0203, 0x0201])),
    ]
    .concat();
    let body = [
        bytes(&[version]),
        vec![7; 32],
        vec![0],
        list(suites),
        vec![1, 0],
        bytes(&[extensions.len() as u16]),
        extensions,
    ]
    .concat();
    let handshake = [vec![1, 0], bytes(&[body.len() as u16]), body].concat();
    [vec![22], bytes(&[TLS_1_0, handshake.len() as u16]), handshake].concat()
}

/// What is said to a ClientHello: `hello`, or the number of the alert.
async fn answer(server: &Server, hello: &[u8]) -> Result<(), u8> {
    let mut stream = TcpStream::connect(server.origin.trim_start_matches("https://")).await.unwrap();
    stream.write_all(hello).await.unwrap();
    let mut record = [0; 7];
    stream.read_exact(&mut record).await.unwrap();
    match record {
        [22, ..] => Ok(()),
        [21, _, _, _, _, 2, alert] => Err(alert),
        other => panic!("{other:?}"),
    }
}

fn config(root: &Authority, version: &'static SupportedProtocolVersion) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(root.pem.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
    builder.with_root_certificates(roots).with_no_client_auth()
}

#[test]
fn row_8_2_1_versions_before_1_2_and_old_suites_are_refused() {
    run(async {
        let (root, folder) = (Authority::new("root"), Folder::new());
        folder.put_server(&root.server("gateway"));
        let (server, _database) = serve(|config| folder.configure(config)).await;
        const PROTOCOL_VERSION: u8 = 70;
        const HANDSHAKE_FAILURE: u8 = 40;
        let everything = [MODERN, OLD].concat();
        for (version, suites, expected) in [
            (0x0300, &*everything, Err(PROTOCOL_VERSION)),
            (TLS_1_0, &everything, Err(PROTOCOL_VERSION)),
            (TLS_1_1, &everything, Err(PROTOCOL_VERSION)),
            (TLS_1_2, OLD, Err(HANDSHAKE_FAILURE)),
            (TLS_1_2, MODERN, Ok(())),
            (TLS_1_2, &everything, Ok(())),
        ] {
            assert_eq!(
                answer(&server, &client_hello(version, suites)).await,
                expected,
                "{version:x} {suites:x?}"
            );
        }
        for suite in OLD {
            assert_eq!(
                answer(&server, &client_hello(TLS_1_2, &[*suite])).await,
                Err(HANDSHAKE_FAILURE),
                "{suite:x}"
            );
        }
        // Without TLS nothing is said at all.
        let mut stream = TcpStream::connect(server.origin.trim_start_matches("https://")).await.unwrap();
        stream.write_all(b"GET /fhir/metadata HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut said = Vec::new();
        let _ = stream.read_to_end(&mut said).await;
        assert!(!String::from_utf8_lossy(&said).contains("HTTP/1.1 200"), "{said:?}");
        server.stop().await;
    });
}

#[test]
fn s_8_3_11_tls_1_2_and_1_3_are_spoken() {
    run(async {
        let (root, folder) = (Authority::new("root"), Folder::new());
        folder.put_server(&root.server("gateway"));
        let (server, _database) = serve(|config| folder.configure(config)).await;
        for (version, number) in [
            (&rustls::version::TLS12, ProtocolVersion::TLSv1_2),
            (&rustls::version::TLS13, ProtocolVersion::TLSv1_3),
        ] {
            let stream = TcpStream::connect(server.origin.trim_start_matches("https://")).await.unwrap();
            let connector = TlsConnector::from(Arc::new(config(&root, version)));
            let mut stream =
                connector.connect(ServerName::try_from("127.0.0.1").unwrap(), stream).await.unwrap();
            assert_eq!(stream.get_ref().1.protocol_version(), Some(number));
            let suite = format!("{:?}", stream.get_ref().1.negotiated_cipher_suite().unwrap().suite());
            assert!(suite.contains("GCM") || suite.contains("CHACHA20"), "{suite}");
            stream
                .write_all(b"GET /fhir/metadata HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                .await
                .unwrap();
            let mut said = vec![0; 15];
            stream.read_exact(&mut said).await.unwrap();
            assert_eq!(said, b"HTTP/1.1 200 OK");
        }
        // Links are to where it is.
        let client = Client::over(root.trusted_by(None), &format!("{}/fhir", server.origin));
        let statement = client.read("metadata").await;
        assert_eq!(statement["implementation"]["url"], format!("{}/fhir", server.origin));
        server.stop().await;
    });
}

#[test]
fn a_certificate_is_changed_while_it_serves() {
    run(async {
        let (old, new, folder) = (Authority::new("old"), Authority::new("new"), Folder::new());
        folder.put_server(&old.server("gateway"));
        let (server, _database) = serve(|config| folder.configure(config)).await;
        let url = format!("{}/health/live", server.origin);
        let lives = async |root: &Authority| root.trusted_by(None).get(&url).send().await.is_ok();
        assert!(lives(&old).await && !lives(&new).await);
        // One that makes no sense changes nothing.
        folder.put("certificate.pem", "nonsense");
        tokio::time::sleep(Duration::from_millis(1200)).await;
        assert!(lives(&old).await);
        // Half of a change neither: the key is still the old one's.
        let next = new.server("gateway");
        folder.put("certificate.pem", &next.certificate);
        tokio::time::sleep(Duration::from_millis(1200)).await;
        assert!(lives(&old).await);
        folder.put_server(&next);
        for round in 0.. {
            tokio::time::sleep(Duration::from_millis(200)).await;
            if lives(&new).await {
                break;
            }
            assert!(round < 50, "the new certificate is not taken");
        }
        assert!(!lives(&old).await);
        server.stop().await;
    });
}
