//! What goes with the resources found: `_include` and `_revinclude` (R4 §3.1.1.4.4).

use std::collections::BTreeMap;

use crate::search::ParameterKey;

use super::super::entries::shorten;
use super::super::sql::Sql;
use super::super::visible::and_visible;
use super::super::{Key, Snapshot, SpaceId, StoreError, Version, read};

impl Snapshot<'_> {
    /// The current resources that these versions point at. `parameters` are the references to follow; `None` follows
    /// all. `type_name` limits to targets of one type.
    pub async fn targets(
        &mut self,
        space: SpaceId,
        from: &[&Version],
        parameters: Option<&[ParameterKey]>,
        type_name: Option<&str>,
    ) -> Result<Vec<Version>, StoreError> {
        let mut found = Vec::new();
        let seqs: Vec<_> = from.iter().map(|version| version.seq).collect();
        for seqs in seqs.chunks(256) {
            let mut sql = Sql::new("SELECT ");
            sql.push(read::VERSION_COLUMNS);
            sql.push(
                " FROM version v WHERE v.seq IN (SELECT r.seq FROM reference_entry e JOIN resource r \
                 ON r.space = e.space AND r.type = e.type AND r.id = e.target AND r.deleted = 0 \
                 WHERE e.base = '' AND e.seq IN ",
            );
            sql.bind_list(seqs);
            if let Some(parameters) = parameters {
                let numbers: Vec<i64> = parameters.iter().map(|key| self.store.parameter(*key)).collect();
                sql.push(" AND e.parameter IN ").bind_list(&numbers);
            }
            if let Some(type_name) = type_name {
                sql.add(" AND e.type = ?", [type_name.into()]);
            }
            sql.push(")");
            and_visible(&mut sql, self.viewer, space, "v", type_name);
            sql.push(" ORDER BY v.seq");
            for row in sql.fetch_all(self.connection()).await? {
                found.push(read::version(&row)?);
            }
        }
        Ok(found)
    }

    /// The current resources that point at these by one of the parameters.
    pub async fn sources(
        &mut self,
        space: SpaceId,
        to: &[&Version],
        parameters: &[ParameterKey],
    ) -> Result<Vec<Version>, StoreError> {
        let mut by_type: BTreeMap<&str, Vec<&Key>> = BTreeMap::new();
        for version in to {
            by_type.entry(&version.key.type_name).or_default().push(&version.key);
        }
        let numbers: Vec<i64> = parameters.iter().map(|key| self.store.parameter(*key)).collect();
        let mut found = Vec::new();
        for (type_name, keys) in by_type {
            for keys in keys.chunks(256) {
                let ids: Vec<_> = keys.iter().map(|key| shorten(&key.id)).collect();
                let ids: Vec<&str> = ids.iter().map(|id| &**id).collect();
                let mut sql = Sql::new("SELECT ");
                sql.push(read::VERSION_COLUMNS);
                sql.add(
                    " FROM version v WHERE v.seq IN (SELECT e.seq FROM reference_entry e \
                     WHERE e.space = ? AND e.type = ? AND e.base = '' AND e.parameter IN ",
                    [space.into(), type_name.into()],
                );
                sql.bind_list(&numbers).push(" AND e.target IN ").bind_list(&ids).push(")");
                and_visible(&mut sql, self.viewer, space, "v", None);
                sql.push(" ORDER BY v.seq");
                for row in sql.fetch_all(self.connection()).await? {
                    found.push(read::version(&row)?);
                }
            }
        }
        Ok(found)
    }
}
