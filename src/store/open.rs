//! Opening a database: durability, schema, the numbers of spaces and search parameters.

use std::str::FromStr as _;
use std::sync::{Arc, Once};
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyConnection, ConnectOptions as _, Executor as _, Row as _};

use crate::search::Registry;

use super::sql::{self, Sql, Value};
use super::{DEFAULT_SPACE, Kind, SpaceId, Store, StoreError, schema};

/// How much a crash may take with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// Nothing that was answered is lost, even when the power goes.
    #[default]
    PowerCut,
    /// Nothing that was answered is lost when the process dies; a power cut may take the last moments.
    ProcessCrash,
}

/// How to open a store.
#[derive(Debug, Clone)]
pub struct Options {
    /// `sqlite://FILE` or `postgres://…`.
    pub url: String,
    /// What an answer promises.
    pub durability: Durability,
    /// How many connections read at once.
    pub readers: u32,
}

impl Options {
    /// The defaults for a database: durable, four readers.
    pub fn new(url: &str) -> Options {
        Options { url: url.to_owned(), durability: Durability::PowerCut, readers: 4 }
    }
}

impl Store {
    /// Opens the database, brings its schema up to date, and learns the numbers of the registry's search parameters.
    ///
    /// Errors: an unknown URL, a database that does not answer, a PostgreSQL that would lose what it acknowledged.
    pub async fn open(options: &Options, registry: &Registry) -> Result<Store, StoreError> {
        let (kind, readers, writers) = connect(options).await?;
        schema::migrate(kind, &writers).await?;
        let mut store = Store { kind, pool: readers, writers, parameters: Arc::new([]) };
        store.parameters = store.register(registry).await?;
        Ok(store)
    }

    /// Opens the database as it is, for what needs no search parameters: nothing is made, migrated or registered.
    pub async fn look(options: &Options) -> Result<Store, StoreError> {
        let mut options = options.clone();
        if options.url.starts_with("sqlite:") && !options.url.contains('?') {
            options.url.push_str("?mode=rw");
        }
        let (kind, readers, writers) = connect(&options).await?;
        Ok(Store { kind, pool: readers, writers, parameters: Arc::new([]) })
    }

    /// The number of a space, made on first use of its name. The default space has no name.
    pub async fn space(&self, name: &str) -> Result<SpaceId, StoreError> {
        let mut transaction = self.begin().await?;
        let id = transaction.space(name).await?;
        transaction.commit().await?;
        Ok(id)
    }

    /// Gives every parameter of the registry its number in this database.
    async fn register(&self, registry: &Registry) -> Result<Arc<[i64]>, StoreError> {
        let mut transaction = self.begin_raw().await?;
        let mut known = std::collections::HashMap::new();
        let mut next = 1;
        for row in Sql::new("SELECT type, code, id FROM search_parameter").fetch_all(&mut transaction).await?
        {
            let id: i64 = row.try_get(2)?;
            next = next.max(id + 1);
            known.insert((row.try_get::<String, _>(0)?, row.try_get::<String, _>(1)?), id);
        }
        let mut numbers = Vec::with_capacity(registry.parameters().len());
        let mut new = Vec::new();
        for parameter in registry.parameters() {
            let key = (parameter.type_name.to_string(), parameter.code.to_string());
            numbers.push(*known.entry(key).or_insert_with(|| {
                new.push((next, parameter));
                next += 1;
                next - 1
            }));
        }
        // An empty fingerprint: there are no entries yet. `reindex` writes the true one; a new database needs none.
        let empty =
            Sql::new("SELECT 1 FROM version LIMIT 1").fetch_optional(&mut transaction).await?.is_none();
        sql::insert_rows(
            &mut transaction,
            "INSERT INTO search_parameter (id, type, code, fingerprint)",
            "",
            &new,
            |(id, parameter)| {
                let fingerprint = if empty { parameter.fingerprint.as_str() } else { "" };
                [
                    Value::Integer(*id),
                    parameter.type_name.as_ref().into(),
                    parameter.code.as_ref().into(),
                    fingerprint.into(),
                ]
            },
        )
        .await?;
        let mut space = Sql::new("INSERT INTO space (id, name)");
        space.add(" VALUES (?, '') ON CONFLICT (id) DO NOTHING", [DEFAULT_SPACE.into()]);
        space.execute(&mut transaction).await?;
        transaction.commit().await?;
        Ok(numbers.into())
    }
}

/// Connects readers and writers.
pub(super) async fn connect(options: &Options) -> Result<(Kind, sqlx::AnyPool, sqlx::AnyPool), StoreError> {
    static DRIVERS: Once = Once::new();
    DRIVERS.call_once(sqlx::any::install_default_drivers);
    let url = options.url.as_str();
    let kind = match url.split_once(':') {
        Some(("sqlite", _)) => Kind::Sqlite,
        Some(("postgres" | "postgresql", _)) => Kind::Postgres,
        _ => return Err(StoreError::Url(without_password(url))),
    };
    let connect = match kind {
        Kind::Sqlite if url.contains('?') => url.to_owned(),
        Kind::Sqlite => format!("{url}?mode=rwc"),
        Kind::Postgres => url.to_owned(),
    };
    let connect =
        AnyConnectOptions::from_str(&connect).map_err(|_| StoreError::Url(without_password(url)))?;
    // The gateway tells how long requests take; statements are not logged.
    let connect = connect.disable_statement_logging();
    let durability = options.durability;
    let pool = |connections: u32| {
        AnyPoolOptions::new()
            .max_connections(connections)
            .test_before_acquire(kind == Kind::Postgres)
            .acquire_timeout(Duration::from_secs(30))
            .after_connect(move |connection, _| Box::pin(prepare(connection, kind, durability)))
    };
    // The writer first: it makes the file and sets its journal.
    let writers = pool(if kind == Kind::Sqlite { 1 } else { 4 }).connect_with(connect.clone()).await?;
    if kind == Kind::Postgres {
        refuse_undurable(&writers).await?;
    }
    let readers = pool(options.readers.max(1)).connect_with(connect).await?;
    Ok((kind, readers, writers))
}

/// What each new connection is told.
async fn prepare(
    connection: &mut AnyConnection,
    kind: Kind,
    durability: Durability,
) -> Result<(), sqlx::Error> {
    let settings = match (kind, durability) {
        (Kind::Sqlite, Durability::PowerCut) => {
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 30000; \
             PRAGMA wal_autocheckpoint = 8192; PRAGMA cache_size = -65536; PRAGMA mmap_size = 1073741824; PRAGMA temp_store = MEMORY"
        }
        (Kind::Sqlite, Durability::ProcessCrash) => {
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 30000; \
             PRAGMA wal_autocheckpoint = 8192; PRAGMA cache_size = -65536; PRAGMA mmap_size = 1073741824; PRAGMA temp_store = MEMORY"
        }
        // Plans of many small subqueries cost enough, by estimate, to be compiled, which takes longer than carrying them out.
        (Kind::Postgres, Durability::PowerCut) => {
            "SET synchronous_commit = on; SET TIME ZONE 'UTC'; SET jit = off"
        }
        (Kind::Postgres, Durability::ProcessCrash) => {
            "SET synchronous_commit = off; SET TIME ZONE 'UTC'; SET jit = off"
        }
    };
    connection.execute(sqlx::raw_sql(settings)).await?;
    Ok(())
}

/// PostgreSQL without these may lose what it said was committed, or tear pages.
async fn refuse_undurable(pool: &sqlx::AnyPool) -> Result<(), StoreError> {
    for (query, refusal) in
        [("SHOW fsync", "fsync = off"), ("SHOW full_page_writes", "full_page_writes = off")]
    {
        let value: String = sqlx::query_scalar(query).fetch_one(pool).await?;
        if value != "on" {
            return Err(StoreError::NotDurable(refusal));
        }
    }
    Ok(())
}

/// A database URL fit for an error text.
fn without_password(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(start), Some(at)) if start + 3 < at => format!("{}…{}", &url[..start + 3], &url[at..]),
        _ => url.to_owned(),
    }
}
