//! What is found where something was changed.

use crate::fhir::time::Instant;

/// Where the record is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Break {
    /// Hash and contents do not go together.
    #[error("page {number} of chain {chain}, of {}, is not as it was written: it was changed", .at.to_fhir())]
    Changed {
        /// Which chain.
        chain: u64,
        /// Which page.
        number: u64,
        /// Its moment, as it is now.
        at: Instant,
    },
    /// Pages are not there.
    #[error("chain {chain} has no page {number}, but has later ones: it was removed or put elsewhere")]
    Missing {
        /// Which chain.
        chain: u64,
        /// The first that is not there.
        number: u64,
    },
    /// A page that nobody with the key has signed.
    #[error("page {number} of chain {chain}, of {}, has a signature that is not its key's: it was written anew", .at.to_fhir())]
    Forged {
        /// Which chain.
        chain: u64,
        /// Which page.
        number: u64,
        /// Its moment, as it is now.
        at: Instant,
    },
    /// The end of a chain is not there.
    #[error("chain {chain} ends with page {last}, but {witness} has seen page {number}: its end was removed")]
    CutOff {
        /// Which chain.
        chain: u64,
        /// The last page there is; 0 for none.
        last: u64,
        /// The page that was seen.
        number: u64,
        /// By whom: the start of a later chain, or a checkpoint.
        witness: String,
    },
    /// A page is another than the one that was seen.
    #[error(
        "page {number} of chain {chain} is not the one that {witness} has seen: the chain was written anew"
    )]
    Rewritten {
        /// Which chain.
        chain: u64,
        /// Which page.
        number: u64,
        /// Who has seen another.
        witness: String,
    },
    /// Searches would pass a page over.
    #[error(
        "page {number} of chain {chain}, of {}, is not found by all it speaks of: entries of the index were removed \
         ('reindex' makes them anew)", .at.to_fhir()
    )]
    Hidden {
        /// Which chain.
        chain: u64,
        /// Which page.
        number: u64,
        /// Its moment.
        at: Instant,
    },
    /// A chain that does not begin by telling who writes it.
    #[error("chain {chain} does not begin with a start")]
    NoStart {
        /// Which chain.
        chain: u64,
    },
}
