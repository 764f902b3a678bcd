//! The compiled definitions inside the binary.

use std::io::Read;
use std::ops::Range;

use flate2::read::ZlibDecoder;

use super::DefinitionsError;

/// `profiles/` as `build.rs` packed it.
static PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/profiles.z"));

/// All compiled files, unpacked into one text.
#[derive(Debug, Default)]
pub(super) struct Texts {
    text: String,
    files: Vec<CompiledFile>,
}

/// One file of `profiles/`.
#[derive(Debug, Clone)]
pub(super) struct CompiledFile {
    /// Path below `profiles/`: `hl7.fhir.r4.core-4.0.1/types/Patient.json`.
    pub(super) path: String,
    place: Range<usize>,
}

impl Texts {
    pub(super) fn unpack() -> Result<Texts, DefinitionsError> {
        let damaged = |reason: &str| DefinitionsError::Embedded {
            file: "profiles.z".to_owned(),
            reason: reason.to_owned(),
        };
        let mut text = String::with_capacity(PACKED.len() * 10);
        ZlibDecoder::new(PACKED).read_to_string(&mut text).map_err(|e| damaged(&e.to_string()))?;
        let end = text.find("\n\n").ok_or_else(|| damaged("it has no index"))?;
        let mut at = end + 2;
        let mut files = Vec::new();
        for line in text.get(..end).unwrap_or_default().lines() {
            let (path, length) = line.split_once('\t').ok_or_else(|| damaged("its index is not one"))?;
            let length: usize = length.parse().map_err(|_| damaged("its index has no lengths"))?;
            files.push(CompiledFile { path: path.to_owned(), place: at..at + length });
            at += length;
        }
        if at != text.len() {
            return Err(damaged("its index does not fit its content"));
        }
        Ok(Texts { text, files })
    }

    pub(super) fn files(&self) -> &[CompiledFile] {
        &self.files
    }

    pub(super) fn read(&self, file: &CompiledFile) -> &str {
        self.text.get(file.place.clone()).unwrap_or_default()
    }
}
