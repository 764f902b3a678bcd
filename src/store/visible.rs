//! What a viewer may see, as a condition: so that what is not to be seen is not counted, sorted or paged either.

use crate::access::shared::SHARED;
use crate::access::{Party, Viewer};

use super::SpaceId;
use super::sql::{Sql, Value};

/// Adds ` AND …`: that the viewer may see the resource of the version `v`, all of type `type_name` where one is named.
pub(super) fn and_visible(sql: &mut Sql, viewer: &Viewer, space: SpaceId, v: &str, type_name: Option<&str>) {
    let Viewer::Party(party) = viewer else { return };
    match type_name {
        Some(type_name) if viewer.sees_all(type_name) => return,
        Some(type_name) => {
            sql.push(" AND (");
            own(sql, party, space, v, type_name);
        }
        None => {
            sql.push(&format!(" AND ({v}.type IN ")).bind_list(SHARED);
            sql.push(&format!(" OR ({v}.type = 'Task' AND ("));
            own(sql, party, space, v, "Task");
            sql.push(")) OR ");
            own(sql, party, space, v, "");
        }
    }
    sql.push(")");
}

/// Adds ` AND …`: that the viewer may see the current resource whose version has the number `seq`.
pub(super) fn and_candidate_visible(
    sql: &mut Sql,
    viewer: &Viewer,
    space: SpaceId,
    seq: &str,
    type_name: &str,
) {
    if viewer.sees_all(type_name) {
        return;
    }
    // A query for one value: as a condition that something exists it may be made a join and read in another order.
    sql.push(&format!(" AND (SELECT 1 FROM version seen WHERE seen.seq = {seq}"));
    and_visible(sql, viewer, space, "seen", Some(type_name));
    sql.push(") = 1");
}

/// The party has created it, takes part in it, or is let see it by a referral. An empty type is any but Task.
fn own(sql: &mut Sql, party: &Party, space: SpaceId, v: &str, type_name: &str) {
    let names: Vec<&str> = party.names.iter().map(String::as_str).collect();
    sql.add(&format!("{v}.creator = ? OR "), [party.creator.as_str().into()]);
    if party.needs_disclosure {
        sql.push("EXISTS (SELECT 1 FROM disclosure d WHERE ");
        sql.add(
            &format!("d.space = ? AND d.type = {v}.type AND d.id = {v}.id AND d.name IN "),
            [space.into()],
        );
        sql.bind_list(&names).add(" AND d.until > ?)", [party.now.into()]);
        return;
    }
    if type_name == "Task" {
        sql.push("EXISTS (SELECT 1 FROM party p WHERE ");
        sql.add(&format!("p.space = ? AND p.task = {v}.id AND p.name IN "), [space.into()]);
        sql.bind_list(&names).push(")");
        return;
    }
    // By a Task itself, or by the order of one.
    sql.push("EXISTS (SELECT 1 FROM link l LEFT JOIN link f ON l.source_type = 'ServiceRequest' AND f.space = l.space ");
    sql.push(
        "AND f.type = l.source_type AND f.id = l.source AND f.source_type = 'Task' AND f.pending IS NULL ",
    );
    sql.push("JOIN party p ON p.space = l.space AND p.task = CASE l.source_type WHEN 'Task' THEN l.source ELSE f.source END ");
    sql.add(
        &format!(
            "WHERE l.space = ? AND l.type = {v}.type AND l.id = {v}.id AND l.pending IS NULL AND p.name IN "
        ),
        [space.into()],
    );
    sql.bind_list(&names).add(" AND p.until > ?)", [Value::from(party.now)]);
}
