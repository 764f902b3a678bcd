//! Search entries in their tables.

use sqlx::AnyConnection;

use crate::fhir::time::Instant;
use crate::search::{Entry, ParameterKey};

use super::sql::{self, Sql, Value};
use super::write::NewVersion;
use super::{SpaceId, StoreError};

/// The tables entries are in.
pub(super) const TABLES: [&str; 5] =
    ["token_entry", "reference_entry", "date_entry", "string_entry", "number_entry"];

/// Longest text of an entry in bytes. PostgreSQL takes no index row over 2,704.
const LONGEST: usize = 400;

/// A text as it stands in an entry: one too long keeps its beginning and gets a mark made of the whole.
pub(super) fn shorten(text: &str) -> std::borrow::Cow<'_, str> {
    if text.len() <= LONGEST {
        return text.into();
    }
    let mark = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    format!("{}…{mark:016x}", start_of(text)).into()
}

/// The beginning of a text that an entry keeps.
pub(super) fn start_of(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST)]
}

/// Removes the entries of versions that are no longer current.
pub(super) async fn remove(connection: &mut AnyConnection, seqs: &[Instant]) -> Result<(), StoreError> {
    for seqs in seqs.chunks(256) {
        for table in TABLES {
            let mut sql = Sql::new("DELETE FROM ");
            sql.push(table).push(" WHERE seq IN ").bind_list(seqs);
            sql.execute(connection).await?;
        }
    }
    Ok(())
}

/// Inserts the entries of these versions.
pub(super) async fn insert(
    connection: &mut AnyConnection,
    number: impl Fn(ParameterKey) -> i64,
    versions: &[&NewVersion],
) -> Result<(), StoreError> {
    insert_table(
        connection,
        "token_entry (space, parameter, seq, part, code, system)",
        &number,
        versions,
        |e| &e.tokens,
        |t| [shorten(&t.code).into(), shorten(&t.system).into()],
    )
    .await?;
    insert_table(
        connection,
        "reference_entry (space, parameter, seq, part, target, type, base, version)",
        &number,
        versions,
        |e| &e.references,
        |t| {
            [
                shorten(&t.id).into(),
                t.type_name.as_str().into(),
                shorten(&t.base).into(),
                shorten(&t.version).into(),
            ]
        },
    )
    .await?;
    insert_table(
        connection,
        "date_entry (space, parameter, seq, part, low, high)",
        &number,
        versions,
        |e| &e.dates,
        |p| [Column::Integer(p.low.0), Column::Integer(p.high.0)],
    )
    .await?;
    insert_table(
        connection,
        "string_entry (space, parameter, seq, part, folded, exact)",
        &number,
        versions,
        |e| &e.strings,
        |t| [start_of(&t.folded).into(), shorten(&t.exact).into()],
    )
    .await?;
    insert_table(
        connection,
        "number_entry (space, parameter, seq, part, low, high, system, unit)",
        &number,
        versions,
        |e| &e.numbers,
        |q| [Column::Real(q.low), Column::Real(q.high), shorten(&q.system).into(), shorten(&q.unit).into()],
    )
    .await
}

/// A value of an entry, ready for its column.
enum Column<'v> {
    Integer(i64),
    Real(f64),
    Text(std::borrow::Cow<'v, str>),
}

impl<'v> From<std::borrow::Cow<'v, str>> for Column<'v> {
    fn from(text: std::borrow::Cow<'v, str>) -> Self {
        Column::Text(text)
    }
}

impl<'v> From<&'v str> for Column<'v> {
    fn from(text: &'v str) -> Self {
        Column::Text(text.into())
    }
}

struct Row<'v, const N: usize> {
    space: SpaceId,
    parameter: i64,
    seq: Instant,
    part: u32,
    columns: [Column<'v>; N],
}

async fn insert_table<T, const N: usize>(
    connection: &mut AnyConnection,
    table: &str,
    number: &impl Fn(ParameterKey) -> i64,
    versions: &[&NewVersion],
    entries: impl for<'e> Fn(&'e crate::search::Entries) -> &'e [Entry<T>],
    columns: impl for<'e> Fn(&'e T) -> [Column<'e>; N],
) -> Result<(), StoreError> {
    let rows: Vec<Row<'_, N>> = versions
        .iter()
        .flat_map(|version| {
            let (number, columns) = (&number, &columns);
            entries(&version.entries).iter().map(move |entry| Row {
                space: version.key.space,
                parameter: number(entry.parameter),
                seq: version.seq,
                part: entry.part,
                columns: columns(&entry.value),
            })
        })
        .collect();
    // Two long texts may share a beginning.
    sql::insert_rows(connection, &format!("INSERT INTO {table}"), " ON CONFLICT DO NOTHING", &rows, |row| {
        let key = [
            row.space.into(),
            Value::Integer(row.parameter),
            row.seq.into(),
            Value::Integer(row.part.into()),
        ];
        key.into_iter().chain(row.columns.iter().map(|column| match column {
            Column::Integer(value) => Value::Integer(*value),
            Column::Real(value) => Value::Real(*value),
            Column::Text(value) => Value::Text(value),
        }))
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_stay_apart() {
        let (one, two) = ("a".repeat(500), "a".repeat(501));
        assert_eq!(shorten("short"), "short");
        assert_ne!(shorten(&one), shorten(&two));
        assert!(shorten(&"é".repeat(400)).len() < 500);
        assert_eq!(start_of(&one).len(), LONGEST);
    }
}
