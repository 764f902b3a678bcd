//! What the gateway needs to know of Bundles (R4 §2.36).

/// The kinds of Bundle, as far as the gateway treats them differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BundleType {
    /// Entries are done one by one.
    Batch,
    /// Entries are done all together or not at all.
    Transaction,
}

impl BundleType {
    /// Reads `Bundle.type` of something posted to the server's base.
    pub fn parse(code: &str) -> Option<BundleType> {
        match code {
            "batch" => Some(BundleType::Batch),
            "transaction" => Some(BundleType::Transaction),
            _ => None,
        }
    }

    /// The type of the Bundle that answers.
    pub fn response(self) -> &'static str {
        match self {
            BundleType::Batch => "batch-response",
            BundleType::Transaction => "transaction-response",
        }
    }
}
