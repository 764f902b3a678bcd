//! SQL text with its values, built piece by piece.
//!
//! Values stand as `?`. PostgreSQL wants them numbered, which is done when a statement is run; SQLite is quicker without.

use sqlx::any::{AnyArguments, AnyRow};
use sqlx::{Any, AnyConnection, Arguments as _, AssertSqlSafe};

use crate::fhir::time::Instant;

use super::{SpaceId, StoreError};

/// Most values of a statement. SQLite takes 32,766, PostgreSQL 65,535.
const MOST_VALUES: usize = 30_000;

/// A statement in the making.
#[derive(Default)]
pub(super) struct Sql {
    text: String,
    arguments: AnyArguments,
}

/// A value for a statement.
pub(super) enum Value<'v> {
    Integer(i64),
    Real(f64),
    Text(&'v str),
    OptionalText(Option<&'v str>),
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Value::Integer(value)
    }
}

impl From<f64> for Value<'_> {
    fn from(value: f64) -> Self {
        Value::Real(value)
    }
}

impl From<Instant> for Value<'_> {
    fn from(value: Instant) -> Self {
        Value::Integer(value.0)
    }
}

impl From<SpaceId> for Value<'_> {
    fn from(value: SpaceId) -> Self {
        Value::Integer(value.0)
    }
}

impl<'v> From<&'v str> for Value<'v> {
    fn from(value: &'v str) -> Self {
        Value::Text(value)
    }
}

impl<'v> From<Option<&'v str>> for Value<'v> {
    fn from(value: Option<&'v str>) -> Self {
        Value::OptionalText(value)
    }
}

impl Sql {
    pub(super) fn new(text: &str) -> Sql {
        Sql { text: text.to_owned(), ..Sql::default() }
    }

    /// Adds SQL text. Never made of anything a client sent.
    pub(super) fn push(&mut self, text: &str) -> &mut Sql {
        self.text.push_str(text);
        self
    }

    /// Adds SQL text with a `?` for each of the values.
    pub(super) fn add<'v, const N: usize>(&mut self, text: &str, values: [Value<'v>; N]) -> &mut Sql {
        debug_assert_eq!(text.matches('?').count(), N, "{text}");
        self.text.push_str(text);
        values.into_iter().for_each(|value| self.argument(value));
        self
    }

    fn argument(&mut self, value: Value<'_>) {
        // Encoding a plain value cannot fail.
        let _ = match value {
            Value::Integer(value) => self.arguments.add(value),
            Value::Real(value) => self.arguments.add(value),
            // PostgreSQL's texts hold no NUL, and nothing that is stored has one: see the search entries.
            Value::Text(value) | Value::OptionalText(Some(value)) if value.contains('\0') => {
                self.arguments.add(value.replace('\0', ""))
            }
            Value::Text(value) => self.arguments.add(value),
            Value::OptionalText(value) => self.arguments.add(value),
        };
    }

    /// Adds values in brackets, for `IN`. The list is filled up to a power of two with its last value, so that few
    /// different statements have to be prepared.
    pub(super) fn bind_list<'v, V: Copy + Into<Value<'v>>>(&mut self, values: &[V]) -> &mut Sql {
        self.push("(");
        for (index, value) in values.iter().enumerate() {
            self.push(if index == 0 { "?" } else { ",?" }).argument((*value).into());
        }
        if let Some(last) = values.last() {
            for _ in values.len()..values.len().next_power_of_two() {
                self.push(",?").argument((*last).into());
            }
        }
        self.push(")")
    }

    /// Adds one row of values in brackets, for `VALUES`.
    pub(super) fn bind_row<'v>(&mut self, values: impl IntoIterator<Item = Value<'v>>) -> &mut Sql {
        self.push("(");
        for (index, value) in values.into_iter().enumerate() {
            self.push(if index == 0 { "?" } else { ",?" }).argument(value);
        }
        self.push(")")
    }

    /// Adds rows of values, each in brackets, for `IN (VALUES …)`. Filled up like [`Sql::bind_list`].
    pub(super) fn bind_rows<'r, R, I>(&mut self, rows: &'r [R], values: impl Fn(&'r R) -> I) -> &mut Sql
    where
        I: IntoIterator<Item = Value<'r>>,
    {
        let filled = rows
            .iter()
            .chain(std::iter::repeat_n(rows.last(), rows.len().next_power_of_two() - rows.len()).flatten());
        for (index, row) in filled.enumerate() {
            self.push(if index == 0 { "" } else { "," }).bind_row(values(row));
        }
        self
    }

    /// The same statement with something before it; say, `EXPLAIN`.
    pub(super) fn after(mut self, head: &str) -> Sql {
        self.text.insert_str(0, head);
        self
    }

    /// The statement in the words of the connection's database.
    fn query(
        self,
        connection: &AnyConnection,
    ) -> Result<sqlx::query::Query<'static, Any, AnyArguments>, StoreError> {
        if self.arguments.len() > MOST_VALUES {
            return Err(StoreError::TooManyValues);
        }
        let text = match connection.backend_name() {
            "PostgreSQL" => numbered(&self.text),
            _ => self.text,
        };
        Ok(sqlx::query_with(AssertSqlSafe(text), self.arguments))
    }

    pub(super) async fn fetch_all(self, connection: &mut AnyConnection) -> Result<Vec<AnyRow>, StoreError> {
        Ok(self.query(connection)?.fetch_all(connection).await?)
    }

    pub(super) async fn fetch_optional(
        self,
        connection: &mut AnyConnection,
    ) -> Result<Option<AnyRow>, StoreError> {
        Ok(self.query(connection)?.fetch_optional(connection).await?)
    }

    pub(super) async fn execute(self, connection: &mut AnyConnection) -> Result<u64, StoreError> {
        Ok(self.query(connection)?.execute(connection).await?.rows_affected())
    }
}

/// `$1`, `$2` … for each `?`. No statement has a question mark for anything else.
fn numbered(text: &str) -> String {
    let mut numbered = String::with_capacity(text.len() + text.len() / 8);
    for (index, piece) in text.split('?').enumerate() {
        if index > 0 {
            numbered.push('$');
            numbered.push_str(&index.to_string());
        }
        numbered.push_str(piece);
    }
    numbered
}

/// Inserts rows many at a time. Statements come in few sizes, so that the database has them prepared.
pub(super) async fn insert_rows<'r, R, I>(
    connection: &mut AnyConnection,
    head: &str,
    tail: &str,
    rows: &'r [R],
    values: impl Fn(&'r R) -> I,
) -> Result<(), StoreError>
where
    I: IntoIterator<Item = Value<'r>>,
{
    let mut rest = rows;
    for size in [256, 64, 16, 4, 1] {
        while rest.len() >= size {
            let (now, later) = rest.split_at(size);
            let mut sql = Sql::new(head);
            for (index, row) in now.iter().enumerate() {
                sql.push(if index == 0 { " VALUES " } else { "," }).bind_row(values(row));
            }
            sql.push(tail);
            sql.execute(connection).await?;
            rest = later;
        }
    }
    Ok(())
}
