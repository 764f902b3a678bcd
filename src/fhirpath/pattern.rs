//! Regular expressions, of limited size. A dot matches a line's end too (FHIRPath §5.6.9, "single line mode").

use regex::{Regex, RegexBuilder};

/// Longest pattern, in bytes.
const MAX_LENGTH: usize = 4 * 1024;
/// Most memory a compiled pattern may take, in bytes.
const MAX_SIZE: usize = 1024 * 1024;

/// A pattern that may match any part of a text; `None` when it is none, or too large.
pub fn compile(pattern: &str) -> Option<Regex> {
    if pattern.len() > MAX_LENGTH {
        return None;
    }
    RegexBuilder::new(pattern)
        .dot_matches_new_line(true)
        .size_limit(MAX_SIZE)
        .dfa_size_limit(MAX_SIZE)
        .nest_limit(50)
        .build()
        .ok()
}

/// A pattern that must match the whole text.
pub fn compile_full(pattern: &str) -> Option<Regex> {
    compile(&format!(r"\A(?:{pattern})\z"))
}
