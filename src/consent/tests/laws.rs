//! What holds of all decisions.
