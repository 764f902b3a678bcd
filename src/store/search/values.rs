//! Values as SQL tests on an entry, whose table is called `e`.

use crate::fhir::time::{Instant, Period};
use crate::search::{NumberTest, Prefix, ReferenceTest, TextTest, Token, TokenTest, Values, fold};

use super::super::entries::{shorten, start_of};
use super::super::sql::Sql;

/// `(a OR b …)`; nothing to choose from is never met.
pub(super) fn any<T>(sql: &mut Sql, tests: &[T], mut write: impl FnMut(&mut Sql, &T)) {
    if tests.is_empty() {
        sql.push("1 = 0");
        return;
    }
    sql.push("(");
    for (index, test) in tests.iter().enumerate() {
        sql.push(if index == 0 { "" } else { " OR " });
        write(sql, test);
    }
    sql.push(")");
}

/// Whether the entry has one of the values.
pub(super) fn tests(sql: &mut Sql, e: &str, values: &Values) {
    match values {
        Values::Token(tests) => tokens(sql, e, tests),
        Values::Uri(uris) => {
            let uris: Vec<_> = uris.iter().map(|uri| shorten(uri)).collect();
            let uris: Vec<&str> = uris.iter().map(|uri| &**uri).collect();
            one_of(sql, e, "code", &uris);
        }
        Values::Reference(tests) => references(sql, e, tests),
        Values::Date(tests) => any(sql, tests, |sql, (prefix, period)| date(sql, e, *prefix, *period)),
        Values::Text(tests) => any(sql, tests, |sql, test| text(sql, e, test)),
        Values::Number(tests) => any(sql, tests, |sql, test| number(sql, e, test)),
    }
}

/// `e.column IN (…)`; said once for all alternatives, so that the table's order serves it.
fn one_of(sql: &mut Sql, e: &str, column: &str, values: &[&str]) {
    match values {
        [] => sql.push("1 = 0"),
        [value] => sql.add(&format!("{e}.{column} = ?"), [(*value).into()]),
        values => sql.push(&format!("{e}.{column} IN ")).bind_list(values),
    };
}

fn tokens(sql: &mut Sql, e: &str, tests: &[TokenTest]) {
    let stored: Vec<String> = tests
        .iter()
        .map(|test| match test {
            TokenTest::Code(code) | TokenTest::Coding { code, .. } => shorten(code).into_owned(),
            TokenTest::System(system) => shorten(&Token::any_of(system).code).into_owned(),
        })
        .collect();
    let codes: Vec<&str> = stored.iter().map(String::as_str).collect();
    one_of(sql, e, "code", &codes);
    if tests.iter().any(|test| matches!(test, TokenTest::Coding { .. })) {
        let pairs: Vec<_> = tests.iter().zip(codes).collect();
        sql.push(" AND ");
        any(sql, &pairs, |sql, (test, code)| {
            sql.add(&format!("({e}.code = ?"), [(*code).into()]);
            if let TokenTest::Coding { system, .. } = test {
                sql.add(&format!(" AND {e}.system = ?"), [(&*shorten(system)).into()]);
            }
            sql.push(")");
        });
    }
}

fn references(sql: &mut Sql, e: &str, tests: &[ReferenceTest]) {
    let stored: Vec<_> = tests.iter().map(|test| shorten(&test.id)).collect();
    let ids: Vec<&str> = stored.iter().map(|id| &**id).collect();
    one_of(sql, e, "target", &ids);
    let pairs: Vec<_> = tests.iter().zip(ids).collect();
    sql.push(" AND ");
    any(sql, &pairs, |sql, (test, id)| {
        sql.add(&format!("({e}.target = ? AND {e}.base = ?"), [(*id).into(), (&*shorten(&test.base)).into()]);
        if let Some(type_name) = &test.type_name {
            sql.add(&format!(" AND {e}.type = ?"), [type_name.as_str().into()]);
        }
        if let Some(version) = &test.version {
            sql.add(&format!(" AND {e}.version = ?"), [(&*shorten(version)).into()]);
        }
        sql.push(")");
    });
}

/// A date range compared with the one asked for (R4 §3.1.1.4.5).
fn date(sql: &mut Sql, e: &str, prefix: Prefix, asked: Period) {
    let (from, to) = (asked.low.into(), asked.high.into());
    match prefix {
        Prefix::Eq => {
            let within = format!("({e}.low >= ? AND {e}.low <= ? AND {e}.high <= ?)");
            sql.add(&within, [from, to, asked.high.into()])
        }
        Prefix::Ne => {
            sql.push("NOT ");
            date(sql, e, Prefix::Eq, asked);
            sql
        }
        Prefix::Gt => sql.add(&format!("{e}.high > ?"), [to]),
        Prefix::Lt => sql.add(&format!("{e}.low < ?"), [from]),
        Prefix::Ge => {
            let at_least = format!("({e}.high >= ? AND ({e}.high > ? OR {e}.low >= ?))");
            sql.add(&at_least, [from, to, asked.low.into()])
        }
        Prefix::Le => {
            let at_most = format!("({e}.low <= ? AND ({e}.low < ? OR {e}.high <= ?))");
            sql.add(&at_most, [to, from, asked.high.into()])
        }
        Prefix::Sa => sql.add(&format!("{e}.low > ?"), [to]),
        Prefix::Eb => sql.add(&format!("{e}.high < ?"), [from]),
        Prefix::Ap => sql.add(&format!("({e}.low <= ? AND {e}.high >= ?)"), [to, from]),
    };
}

/// `_lastUpdated`: the candidate's own moment.
pub(super) fn moment(sql: &mut Sql, seq: &str, prefix: Prefix, asked: Period) {
    let compare = |sql: &mut Sql, operator: &str, value: Instant| {
        sql.add(&format!("{seq} {operator} ?"), [value.into()]);
    };
    match prefix {
        Prefix::Gt | Prefix::Sa => compare(sql, ">", asked.high),
        Prefix::Lt | Prefix::Eb => compare(sql, "<", asked.low),
        Prefix::Ge => compare(sql, ">=", asked.low),
        Prefix::Le => compare(sql, "<=", asked.high),
        Prefix::Eq | Prefix::Ap | Prefix::Ne => {
            sql.push(if prefix == Prefix::Ne { "NOT " } else { "" });
            sql.add(&format!("({seq} >= ? AND {seq} <= ?)"), [asked.low.into(), asked.high.into()]);
        }
    }
}

fn text(sql: &mut Sql, e: &str, test: &TextTest) {
    match test {
        TextTest::Starts(start) => {
            let start = start_of(start);
            let end = format!("{start}\u{10FFFF}");
            sql.add(&format!("({e}.folded >= ? AND {e}.folded < ?)"), [start.into(), end.as_str().into()]);
        }
        TextTest::Exact(exact) => {
            let folded = fold(exact);
            let is = format!("({e}.folded = ? AND {e}.exact = ?)");
            sql.add(&is, [start_of(&folded).into(), (&*shorten(exact)).into()]);
        }
        TextTest::Contains(part) => {
            let mut pattern = String::from("%");
            for c in part.chars() {
                if matches!(c, '%' | '_' | '\\') {
                    pattern.push('\\');
                }
                pattern.push(c);
            }
            pattern.push('%');
            sql.add(&format!("{e}.folded LIKE ? ESCAPE '\\'"), [pattern.as_str().into()]);
        }
    }
}

/// A number, point or range, compared with the one asked for.
fn number(sql: &mut Sql, e: &str, test: &NumberTest) {
    let (value, margin) = (test.value, test.margin);
    let one = |sql: &mut Sql, test: &str| {
        sql.add(&format!("({e}.{test} ?"), [value.into()]);
    };
    match test.prefix {
        Prefix::Eq | Prefix::Ne => {
            sql.push(if test.prefix == Prefix::Ne { "(NOT " } else { "(" });
            let within = format!("({e}.low >= ? AND {e}.low < ? AND {e}.high < ?)");
            sql.add(&within, [(value - margin).into(), (value + margin).into(), (value + margin).into()]);
        }
        Prefix::Gt => one(sql, "high >"),
        Prefix::Lt => one(sql, "low <"),
        Prefix::Ge => one(sql, "high >="),
        Prefix::Le => one(sql, "low <="),
        Prefix::Sa => one(sql, "low >"),
        Prefix::Eb => one(sql, "high <"),
        Prefix::Ap => {
            let tenth = value.abs() * 0.1;
            let near = format!("({e}.low <= ? AND {e}.high >= ?");
            sql.add(&near, [(value + tenth).into(), (value - tenth).into()]);
        }
    }
    if let Some(system) = &test.system {
        sql.add(&format!(" AND {e}.system = ?"), [(&*shorten(system)).into()]);
    }
    if let Some(unit) = &test.unit {
        sql.add(&format!(" AND {e}.unit = ?"), [(&*shorten(unit)).into()]);
    }
    sql.push(")");
}
