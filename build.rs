//! Packs `profiles/` into one compressed file for `include_bytes!`: a line `path<TAB>length` for each file, an empty
//! line, then the files' bytes in that order.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::ZlibEncoder;

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=profiles");
    println!("cargo::rerun-if-changed=build.rs");
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("profiles");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default()).join("profiles.z");
    let mut files = Vec::new();
    collect(&root, &mut files)?;
    files.sort();
    let (mut index, mut content) = (String::new(), Vec::new());
    for file in &files {
        let text = fs::read(file)?;
        let parts = file.strip_prefix(&root).unwrap_or(file).iter();
        let path: Vec<_> = parts.map(|part| part.to_string_lossy()).collect();
        index.push_str(&format!("{}\t{}\n", path.join("/"), text.len()));
        content.extend_from_slice(&text);
    }
    index.push('\n');
    let mut packed = ZlibEncoder::new(fs::File::create(out)?, Compression::default());
    packed.write_all(index.as_bytes())?;
    packed.write_all(&content)?;
    packed.finish()?;
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
    Ok(())
}
