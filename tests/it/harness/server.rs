//! A gateway that serves.

use std::sync::{Arc, OnceLock};

use sdoh_gateway::api::{Api, Server as Listener};
use sdoh_gateway::auth::Auth;
use sdoh_gateway::config::{Audit, Config};
use sdoh_gateway::definitions::Definitions;
use sdoh_gateway::delivery::{ReferralMetrics, drain};
use sdoh_gateway::fhir::time::Clock;
use sdoh_gateway::gateway::Gateway;
use sdoh_gateway::store::Kind;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Client, Database, Format, TestClock};

/// The definitions inside the binary, read once.
pub fn embedded() -> &'static Arc<Definitions> {
    static DEFINITIONS: OnceLock<Arc<Definitions>> = OnceLock::new();
    DEFINITIONS.get_or_init(|| Arc::new(Definitions::embedded().unwrap()))
}

/// A gateway on a loopback port, with the client of its default space.
pub struct Server {
    pub gateway: Gateway,
    pub clock: Arc<TestClock>,
    pub client: Client,
    /// `http://127.0.0.1:port`
    pub origin: String,
    /// Where the gateway says that it is: the same, unless it is configured.
    pub base_url: String,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

impl std::ops::Deref for Server {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Server {
    /// Opens a gateway as configured and serves it.
    pub async fn start(config: &Config) -> Server {
        let definitions = match config.ig.as_slice() {
            [] => embedded().clone(),
            packages => Arc::new(Definitions::with_packages(packages).unwrap()),
        };
        let listener = Listener::bind(config).await.unwrap();
        let origin = listener.origin();
        let base_url = config.base_url.clone().unwrap_or_else(|| origin.clone());
        let clock = Arc::new(TestClock::at("2026-11-22T09:00:00Z"));
        let now: Arc<dyn Clock> = clock.clone();
        let gateway = Gateway::open(config, &base_url, definitions, now, |_, _| ()).await.unwrap();
        let stop = CancellationToken::new();
        let auth = Auth::open(&gateway, config).await.unwrap();
        let api = Api::new(gateway.clone(), auth, config);
        let serving = tokio::spawn(listener.run(api, stop.clone().cancelled_owned()));
        let client = Client::new(&format!("{origin}/fhir"));
        Server { gateway, clock, client, origin, base_url, stop, serving }
    }

    /// Which database is behind it.
    pub fn kind(&self) -> Kind {
        self.gateway.store().kind()
    }

    /// A client of another space.
    pub fn space(&self, name: &str) -> Client {
        self.client.at(&format!("{}/s/{name}/fhir", self.origin))
    }

    /// Delivers what waits in the outbox, checks that nothing stays, and stops.
    pub async fn stop(self) {
        // All that is due at any time the test spoke of is due now.
        self.clock.advance(86_400);
        drain(&self.gateway, &[Arc::new(ReferralMetrics)]).await.unwrap();
        assert_eq!(self.gateway.store().waiting().await.unwrap(), 0, "messages stay in the outbox");
        self.stop.cancel();
        drop(self.client);
        self.serving.await.unwrap();
        self.gateway.close().await;
    }
}

/// Runs a test on SQLite and on PostgreSQL, each with an empty database.
pub fn on_both(test: impl AsyncFn(&Server)) {
    on_both_with(|_| (), test);
}

/// Runs a test on both databases, by a client of JSON and by one of XML.
pub fn on_both_in_both_formats(test: impl AsyncFn(&Server)) {
    for format in [Format::Json, Format::Xml] {
        on_databases(async |database| {
            let mut server = Server::start(&local(&database.url)).await;
            server.client = server.client.speaking(format);
            test(&server).await;
            server.stop().await;
        });
    }
}

/// Runs a test on both databases, configured.
pub fn on_both_with(configure: impl Fn(&mut Config), test: impl AsyncFn(&Server)) {
    on_kinds(&[Kind::Sqlite, Kind::Postgres], configure, test);
}

/// Runs a test on these databases, configured.
pub fn on_kinds(kinds: &[Kind], configure: impl Fn(&mut Config), test: impl AsyncFn(&Server)) {
    on_databases_of(kinds, async |database| {
        let mut config = local(&database.url);
        configure(&mut config);
        let server = Server::start(&config).await;
        test(&server).await;
        server.stop().await;
    });
}

/// Runs a test on an empty database of each kind, which it opens itself, perhaps more than once.
pub fn on_databases(test: impl AsyncFn(&Database)) {
    on_databases_of(&[Kind::Sqlite, Kind::Postgres], test);
}

fn on_databases_of(kinds: &[Kind], test: impl AsyncFn(&Database)) {
    for kind in kinds {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let Some(database) = Database::fresh(*kind).await else { return };
            eprintln!("on {kind:?}:");
            test(&database).await;
            database.remove().await;
        });
    }
}

/// The key that tests sign the audit record with: that of RFC 8410 §10.3.
pub const AUDIT_KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";

/// The configuration of a test: open, on a free port.
pub fn local(database_url: &str) -> Config {
    Config {
        listen: ([127, 0, 0, 1], 0).into(),
        database_url: database_url.into(),
        open: true,
        audit: Audit { signing_key: AUDIT_KEY.into(), ..Audit::default() },
        ..Config::default()
    }
}
