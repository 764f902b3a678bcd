//! Limits that no sane profile comes near, so that a broken or hostile one ends in an error.

/// The most elements a differential or a snapshot may have. The longest official snapshot has some 260.
pub const ELEMENTS: usize = 20_000;
/// The deepest an element may stand. The deepest official one stands at the seventh level.
pub const DEPTH: usize = 40;
