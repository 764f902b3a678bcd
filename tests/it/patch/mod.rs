//! PATCH: the three formats by themselves, and over HTTP.

mod bundles;
mod http;
mod official;
mod random;

use sdoh_gateway::definitions::TypeGraph;

use crate::harness::embedded;

fn types() -> &'static TypeGraph {
    embedded().types()
}
