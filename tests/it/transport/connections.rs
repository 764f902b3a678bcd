//! Connections that are slow, idle or many.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Authority, Folder, run, serve};

async fn connect(origin: &str) -> TcpStream {
    TcpStream::connect(origin.split_once("://").unwrap().1).await.unwrap()
}

/// Whether the other side closes within some seconds.
async fn closes(stream: &mut TcpStream) -> bool {
    let mut rest = Vec::new();
    tokio::time::timeout(Duration::from_secs(8), stream.read_to_end(&mut rest)).await.is_ok()
}

#[test]
fn who_says_nothing_is_let_go() {
    run(async {
        let (server, _database) = serve(|config| config.limits.idle_seconds = 1).await;
        for head in ["", "GET /fhir/metadata HTTP/1.1\r\n", "GET /fhir/metadata HTTP/1.1\r\nHost: x\r\nX: "] {
            let mut stream = connect(&server.origin).await;
            stream.write_all(head.as_bytes()).await.unwrap();
            assert!(closes(&mut stream).await, "{head}");
        }
        // Also who says a little now and then.
        let mut stream = connect(&server.origin).await;
        stream.write_all(b"GET /fhir/metadata HTTP/1.1\r\n").await.unwrap();
        let started = Instant::now();
        while stream.write_all(b"X-Slow: x\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(100)).await;
            assert!(started.elapsed() < Duration::from_secs(8), "it goes on for ever");
        }
        server.get("metadata").await.expect(200);
        server.stop().await;
    });
}

#[test]
fn who_does_not_shake_hands_is_let_go() {
    run(async {
        let (root, folder) = (Authority::new("root"), Folder::new());
        folder.put_server(&root.server("gateway"));
        let (server, _database) = serve(|config| {
            folder.configure(config);
            config.limits.idle_seconds = 1;
        })
        .await;
        for bytes in [&b""[..], &[22, 3, 1], &[22, 3, 1, 0x3f, 0xff, 1, 0, 0x3f]] {
            let mut stream = connect(&server.origin).await;
            stream.write_all(bytes).await.unwrap();
            assert!(closes(&mut stream).await, "{bytes:?}");
        }
        server.stop().await;
    });
}

#[test]
fn there_are_no_more_connections_than_allowed() {
    run(async {
        let (server, _database) = serve(|config| config.limits.connections = 3).await;
        let request = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n";
        let mut open = Vec::new();
        for _ in 0..3 {
            let mut stream = connect(&server.origin).await;
            stream.write_all(request).await.unwrap();
            assert!(stream.read(&mut [0; 1024]).await.unwrap() > 0);
            open.push(stream);
        }
        // The next one waits until another has gone.
        let mut waiting = connect(&server.origin).await;
        waiting.write_all(request).await.unwrap();
        let mut answer = [0; 1024];
        let soon = tokio::time::timeout(Duration::from_millis(500), waiting.read(&mut answer)).await;
        assert!(soon.is_err(), "a fourth connection is served");
        open.pop();
        let length =
            tokio::time::timeout(Duration::from_secs(5), waiting.read(&mut answer)).await.unwrap().unwrap();
        assert!(answer[..length].starts_with(b"HTTP/1.1 200"));
        drop((open, waiting));
        server.stop().await;
    });
}
