//! Lists the sample workspace, so that it is compiled in file by file.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

const SAMPLE: &str = "sample-prompts";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={SAMPLE}");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join(SAMPLE);
    let mut files = Vec::new();
    walk(&root, &mut files)?;
    let mut named: Vec<(String, String)> = files
        .iter()
        .map(|file| {
            let name = file.strip_prefix(&root).unwrap_or(file);
            (name.to_string_lossy().replace('\\', "/"), file.to_string_lossy().into_owned())
        })
        .collect();
    // Sorted by the name as it will be searched, not by the path's parts.
    named.sort();
    let list: Vec<String> = named
        .iter()
        .map(|(name, file)| format!("    ({name:?}, include_str!({file:?})),"))
        .collect();
    let list = list.join("\n");
    let list = format!("&[\n{list}\n]");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("sample_workspace.rs");
    fs::write(out, list)
}

/// All files below a folder, without hidden ones.
fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}
