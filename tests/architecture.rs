//! The shape of the source: rings, sizes, one write path. Reads `src/` as the compiler would, tests left out.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

/// The modules of `src/lib.rs`, each ring below the next; a ring's modules use each other only where the list of
/// `WITHIN` says so.
const RINGS: &[&[&str]] = &[
    &["fhir"],
    &["definitions", "fhirpath", "terminology", "xml"],
    &["access", "audit", "consent", "patch", "referral", "search", "validator"],
    &[],
    &["fetch", "store"],
    &["config", "gateway"],
    &["auth", "telemetry"],
    &["api", "delivery"],
    &["cli", "demo", "main", "serve"],
];

/// Who may use whom within a ring.
const WITHIN: &[(&str, &str)] = &[
    ("fhirpath", "definitions"),
    ("terminology", "definitions"),
    ("terminology", "fhirpath"),
    ("xml", "definitions"),
    ("consent", "access"),
    ("consent", "referral"),
    ("gateway", "config"),
    ("cli", "demo"),
    ("cli", "serve"),
    ("demo", "serve"),
    ("main", "cli"),
];

/// A long file holds more than one idea.
const MOST_LINES: usize = 600;

struct Source {
    /// Below `src`, such as `store/search/page.rs`.
    name: String,
    /// The top module it belongs to.
    module: String,
    lines: usize,
    /// Paths it names, from the crate's root: `["store", "WriteBatch"]`.
    uses: Vec<Vec<String>>,
}

/// What the crate is called by its own binary.
const CRATE: &str = "sdoh_gateway";

fn sources() -> Vec<Source> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    list(&folder, &mut files);
    files.sort();
    let sources: Vec<Source> = files.iter().filter_map(|file| read(&folder, file)).collect();
    assert!(sources.len() > 100, "only {} files read", sources.len());
    sources
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => list(&path, files),
            false if path.extension().is_some_and(|extension| extension == "rs") => files.push(path),
            false => {}
        }
    }
}

/// `None` for a file of tests.
fn read(folder: &Path, file: &Path) -> Option<Source> {
    let name = file.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
    let mut path: Vec<String> = name.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if path.iter().any(|part| part == "tests") {
        return None;
    }
    path.pop_if(|last| last == "mod");
    if path == ["lib"] {
        path.clear();
    }
    let text = fs::read_to_string(file).unwrap();
    let module = path.first().cloned().unwrap_or_default();
    let mut walk = Walk { path, uses: Vec::new() };
    walk.visit_file(&syn::parse_file(&text).unwrap());
    Some(Source { name, module, lines: text.lines().count(), uses: walk.uses })
}

struct Walk {
    /// The module we are in, from the crate's root.
    path: Vec<String>,
    uses: Vec<Vec<String>>,
}

impl Walk {
    /// Notes a path that starts at the crate or above this module.
    fn note(&mut self, segments: &[String]) {
        let Some(first) = segments.first() else { return };
        let above = segments.iter().take_while(|segment| *segment == "super").count();
        let absolute = match first.as_str() {
            "crate" | CRATE => segments[1..].to_vec(),
            "super" if above <= self.path.len() => {
                [&self.path[..self.path.len() - above], &segments[above..]].concat()
            }
            _ => return,
        };
        self.uses.push(absolute);
    }

    fn note_tree(&mut self, tree: &syn::UseTree, before: &mut Vec<String>) {
        match tree {
            syn::UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.note_tree(&path.tree, before);
                before.pop();
            }
            syn::UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.note_tree(tree, before));
            }
            syn::UseTree::Name(syn::UseName { ident })
            | syn::UseTree::Rename(syn::UseRename { ident, .. }) => {
                before.push(ident.to_string());
                self.note(before);
                before.pop();
            }
            syn::UseTree::Glob(_) => self.note(before),
        }
    }

    /// Macros are not parsed: their `crate::…` are read from the tokens.
    fn note_tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => path.push(ident.to_string()),
                TokenTree::Punct(colon) if colon.as_char() == ':' => {}
                other => {
                    self.note(&std::mem::take(&mut path));
                    if let TokenTree::Group(group) = other {
                        self.note_tokens(group.stream());
                    }
                }
            }
        }
        self.note(&path);
    }
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        _ => false,
    })
}

impl<'ast> Visit<'ast> for Walk {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if is_test(&module.attrs) {
            return;
        }
        self.path.push(module.ident.to_string());
        visit::visit_item_mod(self, module);
        self.path.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !is_test(&item.attrs) {
            self.note_tree(&item.tree, &mut Vec::new());
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.note(&segments);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        self.note_tokens(item.tokens.clone());
        visit::visit_macro(self, item);
    }
}

fn ring(module: &str) -> Option<usize> {
    RINGS.iter().position(|ring| ring.contains(&module))
}

/// The module a path leads to; `None` for what stands in the crate's root itself.
fn target(path: &[String]) -> Option<&str> {
    path.first().map(String::as_str).filter(|first| *first != "self")
}

#[test]
fn imports_run_down_the_rings() {
    let mut upward = Vec::new();
    let mut seen = BTreeMap::<(String, String), usize>::new();
    for source in sources().iter().filter(|source| source.name != "lib.rs") {
        let from = ring(&source.module).unwrap_or_else(|| panic!("src/{}: in no ring", source.name));
        for path in &source.uses {
            let Some(used) = target(path).filter(|used| *used != source.module) else { continue };
            let Some(to) = ring(used) else {
                panic!("src/{} uses `{}`, which is in no ring", source.name, path.join("::"));
            };
            *seen.entry((source.module.clone(), used.to_owned())).or_default() += 1;
            if to > from || to == from && !WITHIN.contains(&(source.module.as_str(), used)) {
                upward.push(format!("src/{} uses {}", source.name, path.join("::")));
            }
        }
    }
    assert!(upward.is_empty(), "upward:\n{}", upward.join("\n"));
    // The reading itself: it sees the edges that everybody knows of.
    for (from, to) in [("search", "definitions"), ("gateway", "store"), ("api", "gateway"), ("main", "cli")] {
        assert!(seen.contains_key(&(from.to_owned(), to.to_owned())), "{from} uses {to}, unseen");
    }
    for edge in WITHIN {
        assert!(
            seen.contains_key(&(edge.0.to_owned(), edge.1.to_owned())),
            "{} no longer uses {}: take it from the list",
            edge.0,
            edge.1
        );
    }
}

#[test]
fn every_module_has_its_ring() {
    let lib = syn::parse_file(include_str!("../src/lib.rs")).unwrap();
    let modules = lib.items.iter().filter_map(|item| match item {
        syn::Item::Mod(module) => Some(module.ident.to_string()),
        _ => None,
    });
    let mut modules: Vec<String> = modules.chain(["main".to_owned()]).collect();
    modules.sort();
    let mut ringed: Vec<&str> = RINGS.concat();
    ringed.sort_unstable();
    assert_eq!(ringed, modules);
}

#[test]
fn only_the_gateway_commits() {
    // What can write: a transaction, and what is put into it.
    const WRITES: &[&str] = &["WriteTransaction", "WriteBatch", "NewVersion", "NewAudit", "NewMessage"];
    let mut writers: Vec<String> = Vec::new();
    for source in sources() {
        let writes = source.uses.iter().any(|path| {
            path[..].first().is_some_and(|m| m == "store") && path.iter().any(|p| WRITES.contains(&&**p))
        });
        if writes && source.module != "store" {
            writers.push(source.name);
        }
    }
    assert!(!writers.is_empty(), "nobody writes?");
    assert!(writers.iter().all(|name| name.starts_with("gateway/")), "{writers:?}");
}

#[test]
fn files_are_small() {
    let long: Vec<String> = sources()
        .iter()
        .filter(|source| source.lines > MOST_LINES)
        .map(|source| format!("src/{}: {} lines", source.name, source.lines))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn what_the_reading_sees() {
    let mut walk = Walk { path: vec!["store".into(), "page".into()], uses: Vec::new() };
    let text = r#"
        use crate::{fhir::time, search::{self as s, Sort}};
        use super::super::api::Answer;
        fn f() { crate::cli::run(super::Key); log!("{}", crate::demo::x(1)); }
        #[cfg(test)] mod tests { use crate::portal; }
    "#;
    walk.visit_file(&syn::parse_file(text).unwrap());
    let uses: Vec<String> = walk.uses.iter().map(|path| path.join("::")).collect();
    assert_eq!(
        uses,
        ["fhir::time", "search::self", "search::Sort", "api::Answer", "cli::run", "store::Key", "demo::x"]
    );
}
