//! Conditions as SQL: as the one that leads, or as a check on a candidate.

use crate::access::Viewer;
use crate::definitions::SearchKind;
use crate::search::{Condition, ParameterKey, Prefix, TextTest, Values};

use super::super::sql::{Sql, Value};
use super::super::visible::and_candidate_visible;
use super::super::{SpaceId, Store};
use super::values::{any, moment, tests};

/// Writes conditions of one search.
pub(super) struct Writer<'s> {
    pub(super) store: &'s Store,
    /// Who looks: what a chain goes through has to be seen too.
    pub(super) viewer: &'s Viewer,
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
        Condition::LastUpdated(_) | Condition::Missing { .. } | Condition::Any(_) | Condition::Nothing => {
            false
        }
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
    fn number(&self, parameter: ParameterKey) -> Value<'static> {
        Value::Integer(self.store.parameter(parameter))
    }

    /// A name for an inner table.
    fn inner(&mut self, letter: &str) -> String {
        self.depth += 1;
        format!("{letter}{}", self.depth)
    }

    /// ` FROM table d WHERE …`: the entries of the condition that leads; `d.seq` is the candidate.
    pub(super) fn lead(&mut self, sql: &mut Sql, type_name: &str, condition: Option<&Condition>) {
        match condition {
            Some(Condition::Id(ids)) => {
                // The plus keeps databases off the index by time, which they would walk through for the order's sake.
                let of_type =
                    " FROM resource d WHERE +d.deleted = 0 AND d.space = ? AND d.type = ? AND d.id IN ";
                let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
                sql.add(of_type, [self.space.into(), type_name.into()]).bind_list(&ids);
            }
            Some(Condition::Value { parameter, values, .. }) => self.entries(sql, *parameter, values),
            Some(Condition::Composite(alternatives)) => {
                let Some([(parameter, values), rest @ ..]) = alternatives.first().map(Vec::as_slice) else {
                    return self.current(sql, type_name);
                };
                self.entries(sql, *parameter, values);
                for (parameter, values) in rest {
                    sql.push(" AND ");
                    self.entry(sql, "d.seq", Some("d"), *parameter, values);
                }
            }
            Some(Condition::Chain { parameter, targets }) => self.lead_chain(sql, *parameter, targets),
            Some(
                Condition::LastUpdated(_)
                | Condition::Missing { .. }
                | Condition::Any(_)
                | Condition::Nothing,
            )
            | None => self.current(sql, type_name),
        }
    }

    /// The targets first, then what points at them: CROSS tells SQLite to keep to that, and PostgreSQL, which would read
    /// all references before it makes sense of an OR over types, gets one join.
    fn lead_chain(&mut self, sql: &mut Sql, parameter: ParameterKey, targets: &[(String, Condition)]) {
        sql.push(" FROM (");
        for (index, (target, condition)) in targets.iter().enumerate() {
            sql.push(if index == 0 { "" } else { " UNION ALL " });
            let of_type = "SELECT ? AS type, v.id AS id FROM version v WHERE v.seq IN (SELECT d.seq";
            sql.add(of_type, [target.as_str().into()]);
            let leads = can_lead(condition);
            self.lead(sql, target, leads.then_some(condition));
            if !leads {
                sql.push(" AND ");
                self.check(sql, "d.seq", condition);
            }
            and_candidate_visible(sql, self.viewer, self.space, "d.seq", target);
            sql.push(")");
        }
        sql.add(
            ") t CROSS JOIN reference_entry d WHERE d.space = ? AND d.parameter = ? \
             AND d.target = t.id AND d.type = t.type AND d.base = ''",
            [self.space.into(), self.number(parameter)],
        );
    }

    /// All current resources of a type.
    fn current(&self, sql: &mut Sql, type_name: &str) {
        let of_type = " FROM resource d WHERE d.deleted = 0 AND d.space = ? AND d.type = ?";
        sql.add(of_type, [self.space.into(), type_name.into()]);
    }

    fn entries(&self, sql: &mut Sql, parameter: ParameterKey, values: &Values) {
        let of_parameter = format!(" FROM {} d WHERE d.space = ? AND d.parameter = ? AND ", table(values));
        sql.add(&of_parameter, [self.space.into(), self.number(parameter)]);
        tests(sql, "d", values);
    }

    /// A check that the candidate whose number is `seq` meets the condition.
    pub(super) fn check(&mut self, sql: &mut Sql, seq: &str, condition: &Condition) {
        match condition {
            Condition::Nothing => {
                sql.push("1 = 0");
            }
            Condition::Any(conditions) => {
                any(sql, conditions, |sql, condition| self.check(sql, seq, condition));
            }
            Condition::Id(ids) => {
                let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
                let e = self.inner("i");
                sql.push(&format!("EXISTS (SELECT 1 FROM version {e} WHERE {e}.seq = {seq} AND {e}.id IN "));
                sql.bind_list(&ids).push(")");
            }
            Condition::LastUpdated(dates) => {
                any(sql, dates, |sql, (prefix, period)| moment(sql, seq, *prefix, *period));
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
                self.entry(sql, seq, None, *parameter, values);
            }
            Condition::Composite(alternatives) => {
                any(sql, alternatives, |sql, parts| self.check_parts(sql, seq, parts));
            }
            Condition::Chain { parameter, targets } => self.check_chain(sql, seq, *parameter, targets),
        }
    }

    /// The parts of a composite, met by one repetition of its element.
    fn check_parts(&mut self, sql: &mut Sql, seq: &str, parts: &[(ParameterKey, Values)]) {
        let [(parameter, values), rest @ ..] = parts else {
            sql.push("1 = 0");
            return;
        };
        let (table, e) = (table(values), self.inner("c"));
        let of_parameter =
            format!("EXISTS (SELECT 1 FROM {table} {e} WHERE {e}.seq = {seq} AND {e}.parameter = ? AND ");
        sql.add(&of_parameter, [self.number(*parameter)]);
        tests(sql, &e, values);
        for (parameter, values) in rest {
            sql.push(" AND ");
            self.entry(sql, seq, Some(&e), *parameter, values);
        }
        sql.push(")");
    }

    fn check_chain(
        &mut self,
        sql: &mut Sql,
        seq: &str,
        parameter: ParameterKey,
        targets: &[(String, Condition)],
    ) {
        let (e, t) = (self.inner("r"), self.inner("t"));
        sql.add(
            &format!(
                "EXISTS (SELECT 1 FROM reference_entry {e} JOIN resource {t} \
                 ON {t}.space = ? AND {t}.type = {e}.type AND {t}.id = {e}.target AND {t}.deleted = 0 \
                 WHERE {e}.seq = {seq} AND {e}.parameter = ? AND {e}.base = '' AND "
            ),
            [self.space.into(), self.number(parameter)],
        );
        any(sql, targets, |sql, (target, condition)| {
            sql.add(&format!("({e}.type = ? AND "), [target.as_str().into()]);
            let seq = format!("{t}.seq");
            self.check(sql, &seq, condition);
            and_candidate_visible(sql, self.viewer, self.space, &seq, target);
            sql.push(")");
        });
        sql.push(")");
    }

    /// The candidate has a value of the parameter.
    fn present(&mut self, sql: &mut Sql, seq: &str, parameter: ParameterKey, kind: SearchKind) {
        let (table, e) = (table_of(kind), self.inner("m"));
        let of_parameter =
            format!("EXISTS (SELECT 1 FROM {table} {e} WHERE {e}.seq = {seq} AND {e}.parameter = ?)");
        sql.add(&of_parameter, [self.number(parameter)]);
    }

    /// The candidate has such a value of the parameter; in the same repetition as the entry `beside`, where one is named.
    fn entry(
        &mut self,
        sql: &mut Sql,
        seq: &str,
        beside: Option<&str>,
        parameter: ParameterKey,
        values: &Values,
    ) {
        let (table, e) = (table(values), self.inner("e"));
        let of_parameter =
            format!("EXISTS (SELECT 1 FROM {table} {e} WHERE {e}.seq = {seq} AND {e}.parameter = ? AND ");
        sql.add(&of_parameter, [self.number(parameter)]);
        if let Some(beside) = beside {
            sql.push(&format!("{e}.part = {beside}.part AND "));
        }
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
