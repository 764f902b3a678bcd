//! FHIRPath against what others wrote.

mod published;
mod suite;

use std::sync::LazyLock;

use sdoh_gateway::definitions::Definitions;
use sdoh_gateway::fhir::time::Instant;

/// 2026-11-22T17:47:00Z.
const NOW: Instant = Instant(1_795_369_620_000_000);

static R4: LazyLock<Definitions> = LazyLock::new(|| Definitions::embedded().unwrap());
