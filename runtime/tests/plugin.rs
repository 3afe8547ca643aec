//! Finding and installing plugins, with a stand-in for pip and nothing read from or written to the process's
//! own environment and data directory.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::{
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use pyroxene_runtime::{
    Error, PluginError, default_backend, open,
    options::{InstallPolicy, Options},
    plugin::{Condition, InstallError, Installer, Wheel, examine},
};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

const LIBRARY: &[u8] = b"stands in for a shared library";

/// A place to install to, wheels to install, and a pip that copies them.
struct Scene {
    root: TempDir,
    notices: Vec<String>,
}

impl Scene {
    fn new() -> Scene {
        let root = TempDir::new().unwrap();
        fs::create_dir_all(root.path().join("bin")).unwrap();
        fs::create_dir_all(root.path().join("index")).unwrap();
        Scene { root, notices: Vec::new() }
    }

    fn data(&self) -> PathBuf {
        self.root.path().join("data")
    }

    /// Puts a wheel into the index and returns its pin.
    fn publish(&self, name: &'static str) -> Wheel {
        self.publish_library(name, LIBRARY)
    }

    fn publish_library(&self, name: &'static str, library: &[u8]) -> Wheel {
        let path = self.root.path().join(format!("index/{name}-1.0-py3-none-any.whl"));
        let mut zip = zip::ZipWriter::new(fs::File::create(&path).unwrap());
        let options = zip::write::SimpleFileOptions::default();
        for (file, content) in
            [("package/plugin.so", library), ("package.dist-info/licenses/LICENSE", b"Apache-2.0")]
        {
            zip.start_file(file, options).unwrap();
            zip.write_all(content).unwrap();
        }
        zip.finish().unwrap();
        let bytes = fs::read(&path).unwrap();
        let sha256: String = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
        Wheel {
            name,
            version: "1.0",
            sha256: sha256.leak(),
            bytes: bytes.len() as u64,
            library: "package/plugin.so",
            licence: "Apache-2.0",
        }
    }

    /// Installs a program that acts as `python3 -m pip download`.
    fn pip(&self, script: &str) {
        let path = self.root.path().join("bin/python3");
        let text = format!(
            "#!/bin/sh\nindex={}/index\nfor a; do case $p in --dest) dest=$a;; esac; p=$a; done\nname=${{p%%==*}}\n{script}\n",
            self.root.path().display()
        );
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn working_pip(&self) {
        self.pip("/bin/cp $index/$name-1.0-*.whl $dest/ || { echo \"ERROR: no $name\" >&2; exit 1; }");
    }

    fn ensure(&mut self, wheels: &[Wheel], policy: InstallPolicy) -> Result<PathBuf, InstallError> {
        let installer = Installer {
            data_dir: self.data(),
            policy,
            wheels: wheels.to_vec(),
            search_path: Some(self.root.path().join("bin").into()),
        };
        let notices = &mut self.notices;
        installer.ensure(&mut |line| notices.push(line.to_string())).map(|found| found.path)
    }

    /// Everything below `plugins/`, but the lock.
    fn left(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.data().join("plugins")) else { return Vec::new() };
        let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| name != ".lock");
        names.sort();
        names
    }
}

#[test]
fn installs_once_then_finds() {
    let mut scene = Scene::new();
    let wheel = scene.publish("alpha");
    scene.working_pip();
    let path = scene.ensure(&[wheel], InstallPolicy::Auto).unwrap();
    assert_eq!(fs::read(&path).unwrap(), LIBRARY);
    assert_eq!(scene.left(), ["alpha-1.0"]);
    assert_eq!(
        fs::read(scene.data().join("plugins/alpha-1.0/package.dist-info/licenses/LICENSE")).unwrap(),
        b"Apache-2.0"
    );
    let mode = |p: &str| fs::metadata(scene.data().join(p)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("plugins"), 0o700);
    assert_eq!(scene.notices.len(), 1);
    assert!(scene.notices[0].contains("alpha 1.0 (1 MB, Apache-2.0) with pip"), "{}", scene.notices[0]);
    assert_eq!(examine(&scene.data(), &wheel, true), Condition::Sound(path.clone()));

    // The second time there is nothing to download, so neither pip nor permission is needed.
    fs::remove_file(scene.root.path().join("bin/python3")).unwrap();
    assert_eq!(scene.ensure(&[wheel], InstallPolicy::Never).unwrap(), path);
    assert_eq!(scene.notices.len(), 1);
}

#[test]
fn forbidden_to_install() {
    let mut scene = Scene::new();
    let wheel = scene.publish("alpha");
    scene.working_pip();
    let error = scene.ensure(&[wheel], InstallPolicy::Never).unwrap_err();
    assert!(matches!(error, InstallError::Forbidden { .. }));
    assert!(error.to_string().contains("PYROXENE_PLUGIN_INSTALL=never"), "{error}");
    assert!(!scene.data().exists(), "nothing may be written");
}

#[test]
fn no_pip() {
    let mut scene = Scene::new();
    let wheel = scene.publish("alpha");
    let error = scene.ensure(&[wheel], InstallPolicy::Auto).unwrap_err().to_string();
    assert!(error.contains("no pip was found (python3: not on PATH; python: not on PATH; pip3"), "{error}");
    assert!(error.contains("PYROXENE_PLUGIN"), "{error}");
    scene.pip("echo '/usr/bin/python3: No module named pip' >&2; exit 1");
    let error = scene.ensure(&[wheel], InstallPolicy::Auto).unwrap_err().to_string();
    assert!(error.contains("python3: has no module pip; python: not on PATH"), "{error}");
    assert!(scene.left().is_empty());
}

#[test]
fn first_wheel_gone_second_taken() {
    let mut scene = Scene::new();
    let (gone, there) = (scene.publish("gone"), scene.publish("there"));
    fs::remove_file(scene.root.path().join("index/gone-1.0-py3-none-any.whl")).unwrap();
    scene.working_pip();
    let path = scene.ensure(&[gone, there], InstallPolicy::Auto).unwrap();
    assert!(path.ends_with("plugins/there-1.0/package/plugin.so"));
    assert_eq!(scene.left(), ["there-1.0"]);
    assert_eq!(scene.notices.len(), 2);
}

#[test]
fn corrupt_wheel_is_refused_and_leaves_nothing() {
    let mut scene = Scene::new();
    let wheel = scene.publish("alpha");
    scene.pip("echo rubbish > $dest/$name-1.0-py3-none-any.whl");
    let error = scene.ensure(&[wheel], InstallPolicy::Auto).unwrap_err();
    assert!(matches!(error, InstallError::Failed { .. }));
    assert!(error.to_string().contains(&format!("expected {}", wheel.sha256)), "{error}");
    assert!(scene.left().is_empty(), "{:?}", scene.left());
}

#[test]
fn pip_that_fails_is_quoted() {
    let mut scene = Scene::new();
    let wheel = scene.publish("alpha");
    scene.pip("echo 'ERROR: no matching distribution' >&2; exit 3");
    let error = scene.ensure(&[wheel], InstallPolicy::Auto).unwrap_err().to_string();
    assert!(error.contains("ERROR: no matching distribution"), "{error}");
    assert!(error.contains("alpha 1.0"), "{error}");
    assert!(scene.left().is_empty());
}

#[test]
fn damaged_installations_are_found_and_replaced() {
    let mut scene = Scene::new();
    let wheel = scene.publish("alpha");
    scene.working_pip();
    let path = scene.ensure(&[wheel], InstallPolicy::Auto).unwrap();
    let record = scene.data().join("plugins/alpha-1.0/install.json");
    let damages: [(&dyn Fn(), &str); 5] = [
        (&|| fs::write(&path, b"cut").unwrap(), "package/plugin.so has 3 bytes, expected 30"),
        (
            &|| fs::write(&path, LIBRARY.to_ascii_uppercase()).unwrap(),
            "the content of package/plugin.so has changed",
        ),
        (&|| fs::remove_file(&path).unwrap(), "package/plugin.so is missing"),
        (&|| fs::remove_file(&record).unwrap(), "its record install.json is missing"),
        (&|| fs::write(&record, b"{").unwrap(), "its record install.json is unreadable"),
    ];
    for (damage, words) in damages {
        damage();
        let Condition::Damaged(found) = examine(&scene.data(), &wheel, false) else {
            panic!("{words}: not noticed")
        };
        assert!(found.contains(words), "{found}");
        let error = scene.ensure(&[wheel], InstallPolicy::Never).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
        assert_eq!(scene.ensure(&[wheel], InstallPolicy::Auto).unwrap(), path);
        assert_eq!(fs::read(&path).unwrap(), LIBRARY);
        assert_eq!(scene.left(), ["alpha-1.0"]);
        assert!(scene.notices.iter().any(|n| n.contains(words)), "{:?}", scene.notices);
    }
}

/// Neither its size nor its ends, which are all that every start can afford to look at, but its time.
#[test]
fn damage_amid_the_library_is_found_by_its_time() {
    let mut scene = Scene::new();
    let library: Vec<u8> = (0..3u32 << 20).map(|i| (i % 251) as u8).collect();
    let wheel = scene.publish_library("alpha", &library);
    scene.working_pip();
    let path = scene.ensure(&[wheel], InstallPolicy::Auto).unwrap();
    let mut damaged = library.clone();
    damaged[3 << 19] ^= 1;
    fs::write(&path, &damaged).unwrap();
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(60);
    fs::File::options().write(true).open(&path).unwrap().set_modified(later).unwrap();
    let Condition::Damaged(found) = examine(&scene.data(), &wheel, false) else { panic!("not noticed") };
    assert!(found.contains("the content of package/plugin.so has changed"), "{found}");
    assert_eq!(scene.ensure(&[wheel], InstallPolicy::Auto).unwrap(), path);
    assert_eq!(fs::read(&path).unwrap(), library);
    // Another time alone is no damage.
    fs::File::options().write(true).open(&path).unwrap().set_modified(later).unwrap();
    assert_eq!(examine(&scene.data(), &wheel, false), Condition::Sound(path));
}

#[test]
fn leftovers_of_a_killed_installation_are_removed() {
    let mut scene = Scene::new();
    let wheel = scene.publish("alpha");
    scene.working_pip();
    let leftover = scene.data().join("plugins/.installing-alpha-99999/unpacked/package");
    fs::create_dir_all(&leftover).unwrap();
    fs::set_permissions(scene.data().join("plugins"), fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(leftover.join("plugin.so"), b"half").unwrap();
    assert_eq!(examine(&scene.data(), &wheel, false), Condition::Missing);
    scene.ensure(&[wheel], InstallPolicy::Auto).unwrap();
    assert_eq!(scene.left(), ["alpha-1.0"]);
}

#[test]
fn directory_that_others_can_write_is_refused() {
    let mut scene = Scene::new();
    let wheel = scene.publish("alpha");
    scene.working_pip();
    scene.ensure(&[wheel], InstallPolicy::Auto).unwrap();
    fs::set_permissions(scene.data().join("plugins"), fs::Permissions::from_mode(0o777)).unwrap();
    let error = scene.ensure(&[wheel], InstallPolicy::Auto).unwrap_err();
    assert!(matches!(error, InstallError::NotPrivate { .. }), "{error}");
    assert!(error.to_string().contains("can be written by others (mode 777)"), "{error}");
}

#[test]
fn processes_that_install_at_once_download_once() {
    let scene = Scene::new();
    let wheel = scene.publish("alpha");
    scene.pip("echo run >> $index/../runs; sleep 0.2; /bin/cp $index/$name-1.0-*.whl $dest/");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let (data_dir, bin) = (scene.data(), scene.root.path().join("bin"));
            scope.spawn(move || {
                let installer = Installer {
                    data_dir,
                    policy: InstallPolicy::Auto,
                    wheels: vec![wheel],
                    search_path: Some(bin.into()),
                };
                installer.ensure(&mut |_| {}).unwrap();
            });
        }
    });
    assert_eq!(fs::read_to_string(scene.root.path().join("runs")).unwrap().lines().count(), 1);
}

fn opened(plugin: &Path) -> Error {
    let options = Options { plugin: Some(plugin.to_path_buf()), ..Options::default() };
    open("cpu", &options, &mut |_| {}).map(|_| ()).unwrap_err()
}

#[test]
fn paths_that_are_no_plugin_are_errors() {
    let directory = TempDir::new().unwrap();
    let missing = opened(&directory.path().join("none.so"));
    assert!(matches!(missing, Error::Plugin(PluginError::Unreadable { .. })), "{missing}");
    assert!(
        missing.to_string().contains("none.so") && missing.to_string().contains("PYROXENE_PLUGIN"),
        "{missing}"
    );
    let folder = opened(directory.path());
    assert!(folder.to_string().contains("it is not a file"), "{folder}");
    let pipe = directory.path().join("pipe.so");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    assert!(opened(&pipe).to_string().contains("it is not a file"), "{}", opened(&pipe));
    let text = directory.path().join("text.so");
    fs::write(&text, "not a library, but long enough to hold the header of one if it were one".repeat(2))
        .unwrap();
    assert!(opened(&text).to_string().contains("does not begin like an ELF"), "{}", opened(&text));
    fs::write(&text, "").unwrap();
    assert!(opened(&text).to_string().contains("it has 0 bytes"), "{}", opened(&text));
}

#[test]
#[cfg(target_os = "linux")]
fn libraries_that_are_no_plugin_are_errors() {
    let backend = default_backend().unwrap();
    let plugin = backend.platform().plugin.clone().unwrap();
    let directory = TempDir::new().unwrap();
    // The real plugin, cut short: mapping this would kill the process.
    let cut = directory.path().join("cut.so");
    let mut head = vec![0; 1 << 16];
    std::io::Read::read_exact(&mut fs::File::open(&plugin).unwrap(), &mut head).unwrap();
    fs::write(&cut, &head).unwrap();
    assert!(opened(&cut).to_string().contains("it is cut short: 65536 bytes"), "{}", opened(&cut));
    // For another processor.
    head[18] = 243;
    fs::write(&cut, &head).unwrap();
    assert!(opened(&cut).to_string().contains("for another processor"), "{}", opened(&cut));
    // A whole library of this machine with headers but nothing that the loader accepts.
    head[18] = if cfg!(target_arch = "x86_64") { 62 } else { 183 };
    head[32..64].fill(0);
    fs::write(&cut, &head).unwrap();
    assert!(matches!(opened(&cut), Error::Plugin(PluginError::Load { .. })), "{}", opened(&cut));
    // A library that is loaded already, and exports no `GetPjrtApi`.
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let libc =
        maps.lines().filter_map(|l| l.split_whitespace().nth(5)).find(|p| p.contains("libc.so")).unwrap();
    let error = opened(Path::new(libc));
    assert!(matches!(error, Error::Plugin(PluginError::NotAPlugin { .. })), "{error}");
    assert!(error.to_string().contains("does not export `GetPjrtApi`"), "{error}");
}

/// Compiles a library whose `GetPjrtApi` returns a table of version `major.minor`, or nothing.
fn library_of_version(directory: &Path, version: Option<(i32, i32)>) -> PathBuf {
    let table = match version {
        None => "core::ptr::null()".to_string(),
        Some((major, minor)) => format!(
            "&raw const TABLE }} #[repr(C)] pub struct Table(usize, usize, usize, usize, i32, i32, [usize; 200]);
             pub static TABLE: Table = Table(1640, 0, 24, 0, {major}, {minor}, [0; 200]); pub fn unused() {{"
        ),
    };
    let result = if version.is_some() { "*const Table" } else { "*const u8" };
    let source = format!("#[unsafe(no_mangle)] pub extern \"C\" fn GetPjrtApi() -> {result} {{ {table} }}");
    let path = directory.join("stand_in.rs");
    fs::write(&path, source).unwrap();
    let library = directory.join(format!("{version:?}.so"));
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut command = std::process::Command::new(rustc);
    command.args(["--edition=2024", "--crate-type=cdylib", "-o"]).arg(&library).arg(&path);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    library
}

#[test]
fn other_versions_of_the_c_api_are_errors() {
    let directory = TempDir::new().unwrap();
    for version in [(0, 54), (1, 0)] {
        let error = opened(&library_of_version(directory.path(), Some(version)));
        assert!(matches!(error, Error::Plugin(PluginError::Version { .. })), "{error}");
        let words = format!("has C API {}.{}, expected 0.81 or a later 0.x", version.0, version.1);
        assert!(error.to_string().contains(&words), "{error}");
    }
    let nothing = opened(&library_of_version(directory.path(), None));
    assert!(nothing.to_string().contains("its `GetPjrtApi` returns no function table"), "{nothing}");
    // The right version, with no function in the table: the first call is an error, not a jump to address zero.
    let empty = opened(&library_of_version(directory.path(), Some((0, 115))));
    assert!(empty.to_string().contains("the plugin leaves this function out"), "{empty}");
}

#[test]
fn named_plugins_are_chosen_by_platform() {
    let options = Options {
        named_plugins: vec![("cuda".into(), "/no/cuda.so".into()), ("cpu".into(), "/no/cpu.so".into())],
        ..Options::default()
    };
    let error = |platform| open(platform, &options, &mut |_| {}).map(|_| ()).unwrap_err().to_string();
    assert!(error("cpu").contains("/no/cpu.so"), "{}", error("cpu"));
    assert!(error("cuda").contains("/no/cuda.so"), "{}", error("cuda"));
    assert!(error("tpu").contains("no PJRT plugin for platform `tpu`"), "{}", error("tpu"));
}
