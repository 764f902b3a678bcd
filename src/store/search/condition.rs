//! Conditions as SQL: as the one that leads, or as a check on a candidate.

use crate::definitions::SearchKind;
use crate::fhir::time::{Instant, Period};
use crate::search::{
    Condition, NumberTest, ParameterKey, Prefix, ReferenceTest, TextTest, TokenTest, Values, fold,
};

use super::super::entries::{shorten, start_of};
use super::super::sql::Sql;
use super::super::{SpaceId, Store};

/// Writes conditions of one search.
pub(super) struct Writer<'s> {
    pub(super) store: &'s Store,
    pub(super) space: SpaceId,
    /// Makes the names of inner tables differ.
    pub(super) depth: usize,
}

/// Whether a condition can lead: it is positive, and its entries stand together.
pub(super) fn can_lead(condition: &Condition) -> bool {
    match condition {
        Condition::Id(_) | Condition::Chain { .. } => true,
        Condition::Value { negated, values, .. } => !negated && entries_stand_together(values),
        Condition::Composite(alternatives) => match alternatives.as_slice() {
            [parts] => parts.first().is_some_and(|(_, values)| entries_stand_together(values)),
            _ => false,
        },
        Condition::LastUpdated(_) | Condition::Missing { .. } | Condition::Nothing => false,
    }
}

fn entries_stand_together(values: &Values) -> bool {
    match values {
        Values::Text(tests) => tests.iter().all(|test| !matches!(test, TextTest::Contains(_))),
        Values::Date(tests) => tests.iter().all(|(prefix, _)| *prefix != Prefix::Ne),
        Values::Number(tests) => tests.iter().all(|test| test.prefix != Prefix::Ne),
        Values::Token(_) | Values::Uri(_) | Values::Reference(_) => true,
    }
}

impl Writer<'_> {
    /// ` FROM table d WHERE …`: the entries of the condition that leads; `d.seq` is the candidate.
    pub(super) fn lead(&mut self, sql: &mut Sql, type_name: &str, condition: Option<&Condition>) {
        match condition {
            Some(Condition::Id(ids)) => {
                // The plus keeps databases off the index by time, which they would walk through for the order's sake.
                sql.push(" FROM resource d WHERE +d.deleted = 0 AND d.space = ").bind(self.space);
                let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
                sql.push(" AND d.type = ").bind(type_name).push(" AND d.id IN ").bind_list(&ids);
            }
            Some(Condition::Value { parameter, values, .. }) => self.entries(sql, *parameter, values),
            Some(Condition::Composite(alternatives)) => {
                let Some([(parameter, values), rest @ ..]) = alternatives.first().map(Vec::as_slice) else {
                    return self.current(sql, type_name);
                };
                self.entries(sql, *parameter, values);
                for (parameter, values) in rest {
                    sql.push(" AND ");
                    self.same_part(sql, "d", *parameter, values);
                }
            }
            Some(Condition::Chain { parameter, targets }) => {
                // The targets first, then what points at them: CROSS tells SQLite to keep to that, and PostgreSQL, which
                // would read all references before it makes sense of an OR over types, gets one join.
                sql.push(" FROM (");
                for (index, (target, condition)) in targets.iter().enumerate() {
                    sql.push(if index == 0 { "SELECT " } else { " UNION ALL SELECT " }).bind(target.as_str());
                    sql.push(" AS type, v.id AS id FROM version v WHERE v.seq IN (SELECT d.seq");
                    let leads = can_lead(condition);
                    self.lead(sql, target, leads.then_some(condition));
                    if !leads {
                        sql.push(" AND ");
                        self.check(sql, "d.seq", condition);
                    }
                    sql.push(")");
                }
                sql.push(") t CROSS JOIN reference_entry d WHERE d.space = ").bind(self.space);
                sql.push(" AND d.parameter = ").bind(self.store.parameter(*parameter));
                sql.push(" AND d.target = t.id AND d.type = t.type AND d.base = ''");
            }
            Some(Condition::LastUpdated(_) | Condition::Missing { .. } | Condition::Nothing) | None => {
                self.current(sql, type_name);
            }
        }
    }

    /// All current resources of a type.
    fn current(&self, sql: &mut Sql, type_name: &str) {
        sql.push(" FROM resource d WHERE d.deleted = 0 AND d.space = ").bind(self.space);
        sql.push(" AND d.type = ").bind(type_name);
    }

    fn entries(&self, sql: &mut Sql, parameter: ParameterKey, values: &Values) {
        sql.push(" FROM ").push(table(values)).push(" d WHERE d.space = ").bind(self.space);
        sql.push(" AND d.parameter = ").bind(self.store.parameter(parameter)).push(" AND ");
        tests(sql, "d", values);
    }

    fn same_part(&mut self, sql: &mut Sql, outer: &str, parameter: ParameterKey, values: &Values) {
        let e = self.inner("p");
        sql.push("EXISTS (SELECT 1 FROM ")
            .push(table(values))
            .push(" ")
            .push(&e)
            .push(" WHERE ")
            .push(&e)
            .push(".seq = ");
        sql.push(outer)
            .push(".seq AND ")
            .push(&e)
            .push(".parameter = ")
            .bind(self.store.parameter(parameter));
        sql.push(" AND ").push(&e).push(".part = ").push(outer).push(".part AND ");
        tests(sql, &e, values);
        sql.push(")");
    }

    fn inner(&mut self, letter: &str) -> String {
        self.depth += 1;
        format!("{letter}{}", self.depth)
    }

    /// A check that the candidate whose number is `seq` meets the condition.
    pub(super) fn check(&mut self, sql: &mut Sql, seq: &str, condition: &Condition) {
        match condition {
            Condition::Nothing => {
                sql.push("1 = 0");
            }
            Condition::Id(ids) => {
                let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
                let e = self.inner("i");
                sql.push("EXISTS (SELECT 1 FROM version ")
                    .push(&e)
                    .push(" WHERE ")
                    .push(&e)
                    .push(".seq = ")
                    .push(seq);
                sql.push(" AND ").push(&e).push(".id IN ").bind_list(&ids).push(")");
            }
            Condition::LastUpdated(dates) => {
                any(sql, dates, |sql, (prefix, period)| moment(sql, seq, *prefix, *period))
            }
            Condition::Missing { parameter, kind, identifier, missing } => {
                sql.push(if *missing { "NOT (" } else { "(" });
                self.present(sql, seq, *parameter, *kind);
                if let Some(identifier) = identifier {
                    sql.push(" OR ");
                    self.present(sql, seq, *identifier, SearchKind::Token);
                }
                sql.push(")");
            }
            Condition::Value { parameter, negated, values } => {
                sql.push(if *negated { "NOT " } else { "" });
                self.entry(sql, seq, *parameter, values);
            }
            Condition::Composite(alternatives) => {
                if alternatives.is_empty() {
                    sql.push("1 = 0");
                    return;
                }
                sql.push("(");
                for (index, parts) in alternatives.iter().enumerate() {
                    let Some([(parameter, values), rest @ ..]) = Some(parts.as_slice()) else { continue };
                    let e = self.inner("c");
                    sql.push(if index == 0 { "" } else { " OR " })
                        .push("EXISTS (SELECT 1 FROM ")
                        .push(table(values))
                        .push(" ");
                    sql.push(&e)
                        .push(" WHERE ")
                        .push(&e)
                        .push(".seq = ")
                        .push(seq)
                        .push(" AND ")
                        .push(&e)
                        .push(".parameter = ");
                    sql.bind(self.store.parameter(*parameter)).push(" AND ");
                    tests(sql, &e, values);
                    for (parameter, values) in rest {
                        sql.push(" AND ");
                        self.same_part(sql, &e, *parameter, values);
                    }
                    sql.push(")");
                }
                sql.push(")");
            }
            Condition::Chain { parameter, targets } => {
                let (e, t) = (self.inner("r"), self.inner("t"));
                sql.push("EXISTS (SELECT 1 FROM reference_entry ")
                    .push(&e)
                    .push(" JOIN resource ")
                    .push(&t)
                    .push(" ON ");
                sql.push(&t)
                    .push(".space = ")
                    .bind(self.space)
                    .push(" AND ")
                    .push(&t)
                    .push(".type = ")
                    .push(&e);
                sql.push(".type AND ")
                    .push(&t)
                    .push(".id = ")
                    .push(&e)
                    .push(".target AND ")
                    .push(&t)
                    .push(".deleted = 0 WHERE ");
                sql.push(&e).push(".seq = ").push(seq).push(" AND ").push(&e).push(".parameter = ");
                sql.bind(self.store.parameter(*parameter)).push(" AND ").push(&e).push(".base = '' AND (");
                for (index, (target, condition)) in targets.iter().enumerate() {
                    sql.push(if index == 0 { "(" } else { " OR (" })
                        .push(&e)
                        .push(".type = ")
                        .bind(target.as_str())
                        .push(" AND ");
                    self.check(sql, &format!("{t}.seq"), condition);
                    sql.push(")");
                }
                sql.push("))");
            }
        }
    }

    /// The candidate has a value of the parameter.
    fn present(&mut self, sql: &mut Sql, seq: &str, parameter: ParameterKey, kind: SearchKind) {
        let e = self.inner("m");
        let (table, number) = (table_of(kind), self.store.parameter(parameter));
        sql.push(&format!("EXISTS (SELECT 1 FROM {table} {e} WHERE {e}.seq = {seq} AND {e}.parameter = "));
        sql.bind(number).push(")");
    }

    fn entry(&mut self, sql: &mut Sql, seq: &str, parameter: ParameterKey, values: &Values) {
        let e = self.inner("e");
        sql.push("EXISTS (SELECT 1 FROM ")
            .push(table(values))
            .push(" ")
            .push(&e)
            .push(" WHERE ")
            .push(&e)
            .push(".seq = ");
        sql.push(seq)
            .push(" AND ")
            .push(&e)
            .push(".parameter = ")
            .bind(self.store.parameter(parameter))
            .push(" AND ");
        tests(sql, &e, values);
        sql.push(")");
    }
}

/// The table the entries for such values are in.
fn table(values: &Values) -> &'static str {
    match values {
        Values::Token(_) | Values::Uri(_) => "token_entry",
        Values::Reference(_) => "reference_entry",
        Values::Date(_) => "date_entry",
        Values::Text(_) => "string_entry",
        Values::Number(_) => "number_entry",
    }
}

/// The table the entries of such a parameter are in.
fn table_of(kind: SearchKind) -> &'static str {
    match kind {
        SearchKind::Reference => "reference_entry",
        SearchKind::Date => "date_entry",
        SearchKind::String => "string_entry",
        SearchKind::Number | SearchKind::Quantity => "number_entry",
        SearchKind::Token | SearchKind::Uri | SearchKind::Composite | SearchKind::Special => "token_entry",
    }
}

/// `(a OR b …)`; nothing to choose from is never met.
fn any<T>(sql: &mut Sql, tests: &[T], mut write: impl FnMut(&mut Sql, &T)) {
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

/// The values as a test on an entry called `e`.
fn tests(sql: &mut Sql, e: &str, values: &Values) {
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
        [] => {
            sql.push("1 = 0");
        }
        [value] => {
            sql.push(e).push(".").push(column).push(" = ").bind(*value);
        }
        values => {
            sql.push(e).push(".").push(column).push(" IN ").bind_list(values);
        }
    }
}

fn tokens(sql: &mut Sql, e: &str, tests: &[TokenTest]) {
    let any_of_system = |system: &str| crate::search::Token::any_of(system).code;
    let codes: Vec<String> = tests
        .iter()
        .map(|test| match test {
            TokenTest::Code(code) | TokenTest::Coding { code, .. } => shorten(code).into_owned(),
            TokenTest::System(system) => shorten(&any_of_system(system)).into_owned(),
        })
        .collect();
    let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
    one_of(sql, e, "code", &codes);
    if tests.iter().any(|test| matches!(test, TokenTest::Coding { .. })) {
        sql.push(" AND ");
        any(sql, tests, |sql, test| match test {
            TokenTest::Coding { system, code } => {
                sql.push("(")
                    .push(e)
                    .push(".code = ")
                    .bind(&*shorten(code))
                    .push(" AND ")
                    .push(e)
                    .push(".system = ");
                sql.bind(&*shorten(system)).push(")");
            }
            TokenTest::Code(code) => {
                sql.push(e).push(".code = ").bind(&*shorten(code));
            }
            TokenTest::System(system) => {
                sql.push(e).push(".code = ").bind(&*shorten(&any_of_system(system)));
            }
        });
    }
}

fn references(sql: &mut Sql, e: &str, tests: &[ReferenceTest]) {
    let ids: Vec<_> = tests.iter().map(|test| shorten(&test.id)).collect();
    let ids: Vec<&str> = ids.iter().map(|id| &**id).collect();
    one_of(sql, e, "target", &ids);
    if ids.is_empty() {
        return;
    }
    sql.push(" AND ");
    any(sql, tests, |sql, test| {
        sql.push("(").push(e).push(".base = ").bind(&*shorten(&test.base));
        if tests.len() > 1 {
            sql.push(" AND ").push(e).push(".target = ").bind(&*shorten(&test.id));
        }
        if let Some(type_name) = &test.type_name {
            sql.push(" AND ").push(e).push(".type = ").bind(type_name.as_str());
        }
        if let Some(version) = &test.version {
            sql.push(" AND ").push(e).push(".version = ").bind(&*shorten(version));
        }
        sql.push(")");
    });
}

/// A date range compared with the one asked for (R4 §3.1.1.4.5).
fn date(sql: &mut Sql, e: &str, prefix: Prefix, asked: Period) {
    let (low, high) = (format!("{e}.low"), format!("{e}.high"));
    let mut range = |pieces: &[(&str, &str, Instant)]| {
        sql.push("(");
        for (index, (column, operator, value)) in pieces.iter().enumerate() {
            sql.push(if index == 0 { "" } else { " AND " }).push(column).push(operator).bind(*value);
        }
        sql.push(")");
    };
    match prefix {
        Prefix::Eq => {
            range(&[(&low, " >= ", asked.low), (&low, " <= ", asked.high), (&high, " <= ", asked.high)])
        }
        Prefix::Gt => range(&[(&high, " > ", asked.high)]),
        Prefix::Lt => range(&[(&low, " < ", asked.low)]),
        Prefix::Sa => range(&[(&low, " > ", asked.high)]),
        Prefix::Eb => range(&[(&high, " < ", asked.low)]),
        Prefix::Ap => range(&[(&low, " <= ", asked.high), (&high, " >= ", asked.low)]),
        Prefix::Ne => {
            sql.push("NOT ");
            date(sql, e, Prefix::Eq, asked);
        }
        Prefix::Ge => {
            sql.push("(")
                .push(&high)
                .push(" >= ")
                .bind(asked.low)
                .push(" AND (")
                .push(&high)
                .push(" > ")
                .bind(asked.high);
            sql.push(" OR ").push(&low).push(" >= ").bind(asked.low).push("))");
        }
        Prefix::Le => {
            sql.push("(")
                .push(&low)
                .push(" <= ")
                .bind(asked.high)
                .push(" AND (")
                .push(&low)
                .push(" < ")
                .bind(asked.low);
            sql.push(" OR ").push(&high).push(" <= ").bind(asked.high).push("))");
        }
    }
}

/// `_lastUpdated`: the candidate's own moment.
fn moment(sql: &mut Sql, seq: &str, prefix: Prefix, asked: Period) {
    let mut compare = |operator: &str, value: Instant| {
        sql.push(seq).push(operator).bind(value);
    };
    match prefix {
        Prefix::Gt | Prefix::Sa => compare(" > ", asked.high),
        Prefix::Lt | Prefix::Eb => compare(" < ", asked.low),
        Prefix::Ge => compare(" >= ", asked.low),
        Prefix::Le => compare(" <= ", asked.high),
        Prefix::Eq | Prefix::Ap => {
            sql.push("(")
                .push(seq)
                .push(" >= ")
                .bind(asked.low)
                .push(" AND ")
                .push(seq)
                .push(" <= ")
                .bind(asked.high)
                .push(")");
        }
        Prefix::Ne => {
            sql.push("(")
                .push(seq)
                .push(" < ")
                .bind(asked.low)
                .push(" OR ")
                .push(seq)
                .push(" > ")
                .bind(asked.high)
                .push(")");
        }
    }
}

fn text(sql: &mut Sql, e: &str, test: &TextTest) {
    match test {
        TextTest::Starts(start) => {
            let start = start_of(start);
            let end = format!("{start}\u{10FFFF}");
            sql.push("(")
                .push(e)
                .push(".folded >= ")
                .bind(start)
                .push(" AND ")
                .push(e)
                .push(".folded < ")
                .bind(end.as_str());
            sql.push(")");
        }
        TextTest::Exact(exact) => {
            let folded = fold(exact);
            sql.push("(")
                .push(e)
                .push(".folded = ")
                .bind(start_of(&folded))
                .push(" AND ")
                .push(e)
                .push(".exact = ");
            sql.bind(&*shorten(exact)).push(")");
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
            sql.push(e).push(".folded LIKE ").bind(pattern.as_str()).push(" ESCAPE '\\'");
        }
    }
}

/// A number, point or range, compared with the one asked for.
fn number(sql: &mut Sql, e: &str, test: &NumberTest) {
    let (low, high) = (format!("{e}.low"), format!("{e}.high"));
    let (value, margin) = (test.value, test.margin);
    sql.push("(");
    match test.prefix {
        Prefix::Eq | Prefix::Ne => {
            sql.push(if test.prefix == Prefix::Ne { "NOT (" } else { "(" })
                .push(&low)
                .push(" >= ")
                .bind(value - margin);
            sql.push(" AND ")
                .push(&low)
                .push(" < ")
                .bind(value + margin)
                .push(" AND ")
                .push(&high)
                .push(" < ");
            sql.bind(value + margin).push(")");
        }
        Prefix::Gt => {
            sql.push(&high).push(" > ").bind(value);
        }
        Prefix::Lt => {
            sql.push(&low).push(" < ").bind(value);
        }
        Prefix::Ge => {
            sql.push(&high).push(" >= ").bind(value);
        }
        Prefix::Le => {
            sql.push(&low).push(" <= ").bind(value);
        }
        Prefix::Sa => {
            sql.push(&low).push(" > ").bind(value);
        }
        Prefix::Eb => {
            sql.push(&high).push(" < ").bind(value);
        }
        Prefix::Ap => {
            let tenth = value.abs() * 0.1;
            sql.push(&low)
                .push(" <= ")
                .bind(value + tenth)
                .push(" AND ")
                .push(&high)
                .push(" >= ")
                .bind(value - tenth);
        }
    }
    if let Some(system) = &test.system {
        sql.push(" AND ").push(e).push(".system = ").bind(&*shorten(system));
    }
    if let Some(unit) = &test.unit {
        sql.push(" AND ").push(e).push(".unit = ").bind(&*shorten(unit));
    }
    sql.push(")");
}
