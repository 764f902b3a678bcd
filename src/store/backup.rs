//! Backup and restore, the same for both databases: a gzip file of JSON lines, so that a backup of one can be restored
//! into the other. It holds what cannot be made anew: spaces, versions, clients, the audit record and the outbox. What resources and
//! pages of the record are found by is made on restore.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::Path;

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use sqlx::{AnyConnection, Row as _};

use crate::audit::{Page, events_of, subjects_of};
use crate::fhir::time::Instant;
use crate::search::{Entries, Registry};

use super::outbox::NewMessage;
use super::referral::{NewLinks, NewParties};
use super::sql::Sql;
use super::write::{NewVersion, WriteBatch};
use super::{ClientRow, Key, Kind, SpaceId, Store, StoreError, audit, client, read};

/// The form of the file. A reader refuses one it does not know.
const FORMAT: u32 = 1;

/// Rows read or written at once.
const STEP: i64 = 500;

/// A line of the file.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Line {
    Backup {
        format: u32,
    },
    Space {
        id: i64,
        name: String,
    },
    Version {
        seq: i64,
        space: i64,
        r#type: String,
        id: String,
        version: u64,
        method: String,
        author: Option<String>,
        creator: Option<String>,
        body: Option<String>,
        issues: Option<String>,
    },
    Client {
        id: String,
        registration: Option<String>,
        disabled: bool,
    },
    Chain {
        id: i64,
        named: i64,
    },
    Page {
        seq: i64,
        chain: u64,
        number: u64,
        hash: String,
        signature: String,
        events: String,
    },
    Message {
        space: i64,
        r#type: String,
        id: String,
        seq: i64,
        event: String,
    },
    Parties {
        space: i64,
        task: String,
        parties: BTreeMap<String, i64>,
    },
    Link {
        space: i64,
        r#type: String,
        id: String,
        source_type: String,
        source: String,
        pending: Option<String>,
    },
    End {
        versions: u64,
    },
}

/// Writes all there is at one moment to a file, while others read and write. Gives the number of versions.
pub async fn backup(store: &Store, path: &Path, mut progress: impl FnMut(usize)) -> Result<u64, StoreError> {
    let failed = |error| StoreError::File { path: path.display().to_string(), error };
    // First beside the file, then in its place: a backup is whole or not there.
    let unfinished = path.with_extension("unfinished");
    let mut out =
        GzEncoder::new(BufWriter::new(File::create(&unfinished).map_err(failed)?), Compression::fast());
    let mut write = |line: &Line| -> Result<(), StoreError> {
        let text = serde_json::to_string(line).map_err(|error| failed(error.into()))?;
        writeln!(out, "{text}").map_err(failed)
    };
    let mut snapshot = match store.kind {
        Kind::Sqlite => store.pool.begin().await?,
        Kind::Postgres => store.pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?,
    };
    write(&Line::Backup { format: FORMAT })?;
    for row in Sql::new("SELECT id, name FROM space ORDER BY id").fetch_all(&mut snapshot).await? {
        write(&Line::Space { id: row.try_get(0)?, name: row.try_get(1)? })?;
    }
    let (mut after, mut versions) = (i64::MIN, 0);
    loop {
        let mut sql = Sql::new("SELECT ");
        sql.push(read::VERSION_COLUMNS);
        sql.add(" FROM version v WHERE v.seq > ? ORDER BY v.seq LIMIT ?", [after.into(), STEP.into()]);
        let rows = sql.fetch_all(&mut snapshot).await?;
        for row in &rows {
            let v = read::version(row)?;
            after = v.seq.0;
            write(&Line::Version {
                seq: v.seq.0,
                space: v.key.space.0,
                r#type: v.key.type_name.to_string(),
                id: v.key.id.to_string(),
                version: v.version,
                method: v.method,
                author: v.author,
                creator: v.creator,
                body: v.body,
                issues: v.issues,
            })?;
        }
        versions += rows.len() as u64;
        progress(rows.len());
        if (rows.len() as i64) < STEP {
            break;
        }
    }
    for ClientRow { id, registration, is_disabled } in client::all(&mut snapshot).await? {
        write(&Line::Client { id, registration, disabled: is_disabled })?;
    }
    for row in Sql::new("SELECT id, named FROM audit_chain ORDER BY id").fetch_all(&mut snapshot).await? {
        write(&Line::Chain { id: row.try_get(0)?, named: row.try_get(1)? })?;
    }
    let mut after = i64::MIN;
    loop {
        let mut sql = Sql::new("SELECT ");
        sql.push(audit::PAGE_COLUMNS);
        sql.add(" FROM audit_page p WHERE p.seq > ? ORDER BY p.seq LIMIT ?", [after.into(), STEP.into()]);
        let rows = sql.fetch_all(&mut snapshot).await?;
        for row in &rows {
            let Page { seq, chain, number, hash, signature, events } = audit::page(row)?;
            after = seq.0;
            write(&Line::Page { seq: seq.0, chain, number, hash, signature, events })?;
        }
        if (rows.len() as i64) < STEP {
            break;
        }
    }
    let sql = Sql::new("SELECT space, type, resource, seq, event FROM outbox ORDER BY id");
    for row in sql.fetch_all(&mut snapshot).await? {
        write(&Line::Message {
            space: row.try_get(0)?,
            r#type: row.try_get(1)?,
            id: row.try_get(2)?,
            seq: row.try_get(3)?,
            event: row.try_get(4)?,
        })?;
    }
    for line in referral_lines(&mut snapshot).await? {
        write(&line)?;
    }
    write(&Line::End { versions })?;
    let file = out.finish().map_err(failed)?.into_inner().map_err(|error| failed(error.into_error()))?;
    file.sync_all().map_err(failed)?;
    std::fs::rename(&unfinished, path).map_err(failed)?;
    Ok(versions)
}

/// Who takes part in Tasks, and what these reach: what was seen when it was written cannot be told later.
async fn referral_lines(snapshot: &mut AnyConnection) -> Result<Vec<Line>, StoreError> {
    let mut tasks: BTreeMap<(i64, String), BTreeMap<String, i64>> = BTreeMap::new();
    for row in Sql::new("SELECT space, task, name, until FROM party").fetch_all(snapshot).await? {
        let parties = tasks.entry((row.try_get(0)?, row.try_get(1)?)).or_default();
        parties.insert(row.try_get(2)?, row.try_get(3)?);
    }
    let mut lines: Vec<Line> =
        tasks.into_iter().map(|((space, task), parties)| Line::Parties { space, task, parties }).collect();
    let links = Sql::new("SELECT space, type, id, source_type, source, pending FROM link");
    for row in links.fetch_all(snapshot).await? {
        lines.push(Line::Link {
            space: row.try_get(0)?,
            r#type: row.try_get(1)?,
            id: row.try_get(2)?,
            source_type: row.try_get(3)?,
            source: row.try_get(4)?,
            pending: row.try_get(5)?,
        });
    }
    Ok(lines)
}

/// Fills an empty store from a backup; `entries_of` finds what a body is found by. Gives the number of versions.
///
/// Errors: the store is not empty, or the file is cut short or of another form.
pub async fn restore(
    store: &Store,
    registry: &Registry,
    path: &Path,
    entries_of: impl Fn(SpaceId, &str) -> Entries,
    mut progress: impl FnMut(usize),
) -> Result<u64, StoreError> {
    let failed = |error| StoreError::File { path: path.display().to_string(), error };
    if store.latest().await?.is_some() {
        return Err(StoreError::Unsupported("the store is not empty: restore into a new database"));
    }
    let lines = BufReader::new(MultiGzDecoder::new(File::open(path).map_err(failed)?)).lines();
    let mut transaction = store.begin().await?;
    let (mut batch, mut written, mut whole) = (WriteBatch::default(), 0_u64, false);
    let (mut current, mut spaces) = (HashMap::new(), HashMap::new());
    for (number, line) in lines.enumerate() {
        let line: Line =
            serde_json::from_str(&line.map_err(failed)?).map_err(|error| failed(error.into()))?;
        match line {
            Line::Backup { format } if format != FORMAT => {
                return Err(StoreError::Unsupported("the backup is of a form this version does not read"));
            }
            Line::Backup { .. } => {}
            _ if number == 0 => return Err(StoreError::Unsupported("the file is no backup")),
            // By its name: its number here may be another's there.
            Line::Space { id, name } => drop(spaces.insert(id, transaction.space(&name).await?)),
            Line::Version { seq, space, r#type, id, version, method, author, creator, body, issues } => {
                let space = space_here(&spaces, space)?;
                let key = Key::new(space, &r#type, &id);
                let replaces = current.insert(key.clone(), Instant(seq));
                let entries = body.as_deref().map(|body| entries_of(space, body)).unwrap_or_default();
                let method = ["POST", "PUT", "PATCH", "DELETE"]
                    .into_iter()
                    .find(|known| *known == method)
                    .unwrap_or("PUT");
                batch.versions.push(NewVersion {
                    key,
                    seq: Instant(seq),
                    version,
                    method,
                    author,
                    creator,
                    body: body.map(Into::into),
                    issues,
                    entries,
                    replaces,
                });
                written += 1;
                progress(1);
            }
            Line::Client { id, registration, disabled } => {
                let row = ClientRow { id, registration, is_disabled: disabled };
                client::set(transaction.connection(), &row).await?;
            }
            Line::Chain { id, named } => transaction.write_audit_chain(id, named).await?,
            Line::Page { seq, chain, number, hash, signature, events } => {
                let page = Page { seq: Instant(seq), chain, number, hash, signature, events };
                let told: Vec<_> = events_of(&page.events).map(|(_, event)| event).collect();
                transaction.write_audit_page(&page, &subjects_of(&told)).await?;
            }
            Line::Message { space, r#type, id, seq, event } => {
                batch.messages.push(NewMessage {
                    key: Key::new(space_here(&spaces, space)?, &r#type, &id),
                    seq: Instant(seq),
                    event,
                });
            }
            Line::Parties { space, task, parties } => batch.parties.push(NewParties {
                space: space_here(&spaces, space)?,
                task,
                parties: parties.into_iter().map(|(name, until)| (name, Instant(until))).collect(),
            }),
            Line::Link { space, r#type, id, source_type, source, pending } => batch.links.push(NewLinks {
                source: Key::new(space_here(&spaces, space)?, &source_type, &source),
                removed: Vec::new(),
                added: vec![((r#type, id), pending)],
            }),
            Line::End { versions } => whole = versions == written,
        }
        if batch.len() >= STEP as usize {
            transaction.write(&std::mem::take(&mut batch)).await?;
        }
    }
    if !whole {
        return Err(StoreError::Unsupported("the backup is cut short"));
    }
    transaction.write(&batch).await?;
    transaction.commit().await?;
    for type_name in store.stale_types(registry).await? {
        store.note_fingerprints(registry, &type_name).await?;
    }
    store.analyze().await?;
    Ok(written)
}

/// The number here of a space the backup has spoken of.
fn space_here(spaces: &HashMap<i64, SpaceId>, number: i64) -> Result<SpaceId, StoreError> {
    spaces
        .get(&number)
        .copied()
        .ok_or(StoreError::Unsupported("the backup speaks of a space it does not name"))
}
