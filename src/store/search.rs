//! Searches as SQL.
//!
//! One condition leads: its entries are read in order from the table made for it, and each candidate is checked against
//! the other conditions by its `seq`. Which one leads is found by counting, up to a bound, how many entries each has. So the
//! cost of a page follows from what the most selective condition finds, not from how much is stored.

mod condition;
mod include;
mod page;
mod values;

pub use page::{Cursor, Found, Page, SortKey};
