//! The way in: TLS, certificates of both sides, and connections that are slow or many.

mod certificates;
mod connections;
mod mutual;
mod tls;

pub use certificates::{Authority, Folder};

use sdoh_gateway::store::Kind;

use crate::harness::{Database, Server, local};
use sdoh_gateway::config::Config;

/// A gateway on SQLite, configured.
async fn serve(configure: impl Fn(&mut Config)) -> (Server, Database) {
    let database = Database::fresh(Kind::Sqlite).await.unwrap();
    let mut config = local(&database.url);
    configure(&mut config);
    (Server::start(&config).await, database)
}

/// Runs a test that needs no database in particular.
fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(test);
}
