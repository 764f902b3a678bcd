//! FHIRPath against what others wrote.

mod published;
mod suite;

use sdoh_gateway::fhir::time::Instant;

/// 2026-11-22T17:47:00Z.
const NOW: Instant = Instant(1_795_369_620_000_000);
