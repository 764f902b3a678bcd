//! What a viewer may see, as a condition: so that what is not to be seen is not counted, sorted or paged either.

use crate::access::Viewer;
use crate::access::shared::SHARED;

use super::SpaceId;
use super::sql::Sql;

/// Adds ` AND …`: that the viewer may see the resource of the version `v`, all of type `type_name` where one is named.
pub(super) fn and_visible(sql: &mut Sql, viewer: &Viewer, space: SpaceId, v: &str, type_name: Option<&str>) {
    let Viewer::Party(party) = viewer else { return };
    if type_name.is_some_and(|type_name| viewer.sees_all(type_name)) {
        return;
    }
    sql.push(" AND (");
    if type_name.is_none() {
        sql.push(&format!("{v}.type IN ")).bind_list(SHARED).push(" OR ");
    }
    sql.add(&format!("{v}.creator = ? OR "), [party.creator.as_str().into()]);
    sql.push(&format!("EXISTS (SELECT 1 FROM disclosure d WHERE d.type = {v}.type AND d.id = {v}.id"));
    sql.add(
        " AND d.space = ? AND d.name = ? AND d.until > ?))",
        [space.into(), party.creator.as_str().into(), party.now.into()],
    );
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
