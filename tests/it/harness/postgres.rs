//! A PostgreSQL of our own: started once a process, and gone with it however it ends.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{Connection as _, Executor as _, PgConnection};

use super::skipped;

const USER: &str = "gateway";

/// Ends the server and removes its folder when its standard input ends, which it does when we are gone.
const WATCH: &str = r#"trap '' INT TERM HUP; cat > "$1/watched"; "$2/pg_ctl" -D "$1/data" -m immediate -w stop; cd /; rm -rf "$1""#;

/// A running server.
pub struct Postgres {
    port: u16,
    /// Holds the pipe whose end ends the server.
    _watch: Child,
}

impl Postgres {
    /// The server of this process; `None`, said once, where PostgreSQL is not installed.
    pub fn shared() -> Option<&'static Postgres> {
        static SERVER: OnceLock<Option<Postgres>> = OnceLock::new();
        SERVER
            .get_or_init(|| {
                let server = Postgres::start("");
                if server.is_none() {
                    skipped("PostgreSQL: no initdb on the PATH or in /usr/lib/postgresql; SQLite only");
                }
                server
            })
            .as_ref()
    }

    /// Starts a server with these settings beside the usual ones.
    #[expect(clippy::zombie_processes, reason = "the watch is to outlive us")]
    pub fn start(settings: &str) -> Option<Postgres> {
        let programs = programs()?;
        let folder = tempfile::Builder::new().prefix("sdoh-gateway-postgres-").tempdir().unwrap().keep();
        let user = unprivileged(&folder);
        if let Some((user, group)) = user {
            std::os::unix::fs::chown(&folder, Some(user), Some(group)).unwrap();
        }
        let command = |program: &Path| {
            let mut command = Command::new(program);
            command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null());
            if let Some((user, group)) = user {
                command.uid(user).gid(group);
            }
            command
        };
        let data = folder.join("data");
        let mut initdb = command(&programs.join("initdb"));
        initdb.arg("-D").arg(&data).args([
            "-U",
            USER,
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        ]);
        assert!(initdb.status().unwrap().success(), "initdb failed");
        let mut watch = command(Path::new("sh"));
        watch.args(["-c", WATCH, "watch"]).arg(&folder).arg(&programs).stderr(Stdio::null());
        // A group of its own: Ctrl-C is for the tests.
        let watch = watch.stdin(Stdio::piped()).process_group(0).spawn().unwrap();
        for _ in 0..5 {
            // Somebody may take the port before the server does.
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let folder_text = folder.display();
            let options = format!(
                "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder_text} \
                 -c max_connections=300 -c shared_buffers=64MB -c log_min_messages=warning {settings}"
            );
            let mut start = command(&programs.join("pg_ctl"));
            start.arg("-D").arg(&data).args(["-w", "-t", "60", "-o", &options, "-l"]).arg(folder.join("log"));
            if start.arg("start").status().unwrap().success() {
                return Some(Postgres { port, _watch: watch });
            }
        }
        panic!("PostgreSQL does not start:\n{}", fs::read_to_string(folder.join("log")).unwrap_or_default());
    }

    /// URL of one of its databases.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.port)
    }

    /// Makes an empty database and gives its name.
    pub async fn create(&self) -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        self.execute(&format!("CREATE DATABASE {name} TEMPLATE template0")).await;
        name
    }

    /// Removes a database.
    pub async fn remove(&self, name: &str) {
        self.execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await;
    }

    async fn execute(&self, statement: &str) {
        let mut connection = PgConnection::connect(&self.url("postgres")).await.unwrap();
        connection.execute(sqlx::AssertSqlSafe(statement.to_owned())).await.unwrap();
        connection.close().await.unwrap();
    }
}

/// The folder with `initdb` and `pg_ctl`, the newest where there are several.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|versions| versions.flatten().map(|version| version.path().join("bin")).collect())
        .unwrap_or_default();
    versions.sort();
    folders.extend(versions.into_iter().rev());
    folders.into_iter().find(|folder| folder.join("initdb").exists() && folder.join("pg_ctl").exists())
}

/// PostgreSQL does not run as root: user and group to run it as where we are.
fn unprivileged(own: &Path) -> Option<(u32, u32)> {
    if fs::metadata(own).unwrap().uid() != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let find = |name: &str| {
        let fields: Vec<&str> =
            users.lines().map(|line| line.split(':').collect()).find(|f: &Vec<&str>| f[0] == name)?;
        Some((fields[2].parse().ok()?, fields[3].parse().ok()?))
    };
    Some(find("postgres").or_else(|| find("nobody")).expect("root needs a user 'postgres' or 'nobody'"))
}
