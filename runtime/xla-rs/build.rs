//! Lets tests, examples and commands find XLA's library when they run, where the linker found it, and names it.

fn main() {
    println!("cargo::rerun-if-env-changed=XLA_EXTENSION_DIR");
    if std::env::var_os("CARGO_FEATURE_XLA_RS").is_none() {
        return;
    }
    let Ok(directory) = std::env::var("XLA_EXTENSION_DIR") else { return };
    println!("cargo::rustc-link-arg=-Wl,-rpath,{directory}/lib");
    // Written by scripts/xla-extension; the archive of the crate's authors has none.
    let version = std::fs::read_to_string(format!("{directory}/VERSION")).unwrap_or_default();
    println!("cargo::rustc-env=XLA_LIBRARY_VERSION={}", version.trim());
}
