//! The caches of executables, in memory and on disk, each on backends of its own so that counters are its own.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod support;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Barrier},
    time::{Duration, SystemTime},
};

use pyroxene_ir::{Array, DType, Ty};
use pyroxene_runtime::{Backend, CompileOptions, DiskCache, OptLevel, Stats, open, options::Options};
use support::{Program, backend, conformance::donating, square_plus};
use tempfile::TempDir;

/// The default backend's plugin, with a cache of its own or none.
fn options(cache: Option<&Path>) -> Options {
    Options { cache: cache.map(Path::to_path_buf), ..Options::of_process().unwrap() }
}

fn opened(options: &Options) -> Arc<dyn Backend> {
    open("cpu", options, &mut |line| panic!("unexpected notice: {line}")).unwrap()
}

fn fresh(cache: &TempDir) -> Arc<dyn Backend> {
    opened(&options(Some(cache.path())))
}

fn program(name: &str) -> Program {
    square_plus(name, &Ty::new(DType::F64, [3]))
}

/// What the program gives for fixed arguments.
fn outcome(backend: &Arc<dyn Backend>, program: &Program) -> Vec<Array> {
    let executable = backend.compile(&program.module(), &CompileOptions::default()).unwrap();
    let args = [[0.1, 1e200, -3.0], [0.7, 2.0, f64::NAN]].map(|a| backend.upload(&Array::from(a)).unwrap());
    let outputs = executable.run(&args.each_ref()).unwrap();
    outputs.iter().map(|o| o.to_array().unwrap()).collect()
}

/// How many programs are compiled and how many loaded for one request to a backend that has just been opened.
fn made(cache: &TempDir, program: &Program) -> (u64, u64) {
    let backend = fresh(cache);
    outcome(&backend, program);
    let Stats { compiles, disk_hits, .. } = backend.stats();
    (compiles, disk_hits)
}

fn files(cache: &TempDir) -> Vec<PathBuf> {
    let directory = DiskCache::of(&options(Some(cache.path()))).unwrap().directory().to_path_buf();
    let mut files: Vec<PathBuf> = fs::read_dir(directory).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn identical_programs_compile_once() {
    let (backend, program) = (opened(&options(None)), program("once"));
    let options = CompileOptions::default();
    let first = backend.compile(&program.module(), &options).unwrap();
    let second = backend.compile(&self::program("once").module(), &options).unwrap();
    assert!(Arc::ptr_eq(&first, &second));
    let stats = |compiles, hits| Stats { compiles, hits, disk_hits: 0 };
    assert_eq!(backend.stats(), stats(1, 1));

    // Anything that shows in the executable makes it another one.
    let faster = CompileOptions { opt_level: OptLevel::O1, ..CompileOptions::default() };
    assert!(!Arc::ptr_eq(&first, &backend.compile(&program.module(), &faster).unwrap()));
    let mut renamed = program.module();
    renamed.inputs[0].name = "z".into();
    assert!(!Arc::ptr_eq(&first, &backend.compile(&renamed, &options).unwrap()));
    let donating = CompileOptions { donated: Some(0), ..CompileOptions::default() };
    assert!(backend.compile(&program.module(), &donating).is_err(), "two results");
    assert_eq!(backend.stats(), stats(3, 1));

    // Threads that ask at once wait for one compilation.
    let program = self::program("at_once");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| backend.compile(&program.module(), &options).map(|_| ()).unwrap());
        }
    });
    assert_eq!(backend.stats(), stats(4, 4));

    // A failure is not kept.
    let mut wrong = program.module();
    wrong.outputs.clear();
    assert!(backend.compile(&wrong, &options).is_err());
    assert!(backend.compile(&wrong, &options).is_err());
    assert_eq!(backend.stats(), stats(4, 4));
}

#[test]
fn a_second_start_loads_what_the_first_compiled() {
    let (cache, program) = (TempDir::new().unwrap(), program("kept"));
    let (first, second) = (fresh(&cache), fresh(&cache));
    let bits = |outputs: Vec<Array>| outputs.iter().map(|o| o.as_bytes().to_vec()).collect::<Vec<_>>();
    let compiled = bits(outcome(&first, &program));
    assert_eq!(first.stats(), Stats { compiles: 1, hits: 0, disk_hits: 0 });
    assert_eq!(bits(outcome(&second, &program)), compiled);
    assert_eq!(second.stats(), Stats { compiles: 0, hits: 0, disk_hits: 1 });
    assert_eq!((first.stats().made(), second.stats().made()), (1, 1));
    assert_eq!(files(&cache).len(), 1);

    // Other options and other programs are other executables; names of inputs are not in the code.
    let faster = CompileOptions { opt_level: OptLevel::O1, ..CompileOptions::default() };
    second.compile(&program.module(), &faster).unwrap();
    second.compile(&self::program("other").module(), &CompileOptions::default()).unwrap();
    let mut renamed = program.module();
    renamed.inputs[0].name = "z".into();
    let renamed = second.compile(&renamed, &CompileOptions::default()).unwrap();
    assert_eq!(renamed.inputs()[0].name, "z");
    assert_eq!(second.stats(), Stats { compiles: 2, hits: 0, disk_hits: 2 });

    // So is a program with a donated input, which it still has when it is loaded.
    let (program, donating) = donating("donated", &Ty::new(DType::F64, [3]), false);
    for backend in [&second, &fresh(&cache)] {
        let kept = backend.compile(&program.module(), &CompileOptions::default()).unwrap();
        let executable = backend.compile(&program.module(), &donating).unwrap();
        for executable in [kept, executable] {
            let mut launch = executable.launch(vec![None, None]).unwrap();
            for i in 0..3 {
                launch.slot_as::<f64>(1).unwrap().fill(f64::from(i));
                launch.run().unwrap();
                assert_eq!(launch.output_as::<f64>(0).unwrap(), [f64::from(i * i); 3]);
            }
        }
    }
    assert_eq!(second.stats().compiles, 4);
}

#[test]
fn a_bad_entry_is_compiled_anew_and_replaced() {
    let (cache, program) = (TempDir::new().unwrap(), program("damaged"));
    assert_eq!(made(&cache, &program), (1, 0));
    let entry = files(&cache).remove(0);
    let sound = fs::read(&entry).unwrap();
    let foreign = {
        let other = TempDir::new().unwrap();
        made(&other, &self::program("foreign"));
        fs::read(&files(&other)[0]).unwrap()
    };
    let middle = {
        let mut flipped = sound.clone();
        flipped[sound.len() / 2] ^= 4;
        flipped
    };
    let bad = [&[][..], &sound[..50], &sound[..sound.len() - 1], &middle, &foreign, b"#!/bin/sh\n"];
    for content in bad {
        fs::write(&entry, content).unwrap();
        assert_eq!(made(&cache, &program), (1, 0), "{} bytes", content.len());
        assert_eq!(made(&cache, &program), (0, 1), "mended");
    }
    fs::remove_file(&entry).unwrap();
    fs::create_dir(&entry).unwrap();
    assert_eq!(made(&cache, &program), (1, 0), "a directory in an entry's place");
}

#[test]
fn what_was_unused_for_longest_goes_first() {
    let cache = TempDir::new().unwrap();
    let programs = ["first", "second", "third"].map(program);
    for program in &programs[..2] {
        made(&cache, program);
    }
    let age = |seconds| SystemTime::now() - Duration::from_secs(seconds);
    for file in files(&cache) {
        fs::File::open(file).unwrap().set_modified(age(60)).unwrap();
    }
    // Using one makes it young again.
    assert_eq!(made(&cache, &programs[0]), (0, 1));
    let left = cache.path().join("executables/.writing-1-0");
    fs::write(&left, "what a killed process left").unwrap();
    fs::File::open(&left).unwrap().set_modified(age(7200)).unwrap();

    let largest = files(&cache).iter().map(|f| f.metadata().unwrap().len()).max().unwrap();
    let small = Options { cache_size: Some(5 * largest / 2), ..options(Some(cache.path())) };
    outcome(&opened(&small), &programs[2]);
    assert!(!left.exists());
    assert_eq!(files(&cache).len(), 2);
    assert_eq!([0, 2, 1].map(|i| made(&cache, &programs[i])), [(0, 1), (0, 1), (1, 0)]);

    // One that is larger than all there may be is not kept, and drives nothing out.
    let tiny = Options { cache_size: Some(100), ..small };
    outcome(&opened(&tiny), &program("fourth"));
    assert_eq!(files(&cache).len(), 3);
    let store = DiskCache::of(&tiny).unwrap();
    let contents = store.contents().unwrap();
    assert_eq!((contents.executables, contents.bytes > 2 * largest), (3, true));
    assert_eq!(store.clear().unwrap(), contents);
    assert_eq!(store.contents().unwrap().executables, 0);
}

#[cfg(unix)]
#[test]
fn directories_that_others_can_write_are_refused() {
    use std::os::unix::fs::PermissionsExt;
    let (cache, program) = (TempDir::new().unwrap(), program("private"));
    made(&cache, &program);
    let (entry, directory) = (files(&cache).remove(0), cache.path().join("executables"));
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&directory), mode(&entry)), (0o700, 0o600));
    let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();

    set(&entry, 0o666);
    assert_eq!(made(&cache, &program), (1, 0), "an entry that others can write");
    assert_eq!(mode(&entry), 0o600);

    set(&directory, 0o777);
    let mut lines = Vec::new();
    let refused = options(Some(cache.path()));
    let backend = open("cpu", &refused, &mut |line| lines.push(line.to_string())).unwrap();
    outcome(&backend, &program);
    assert_eq!(backend.stats().disk_hits, 0);
    assert_eq!(lines.len(), 1, "{lines:?}");
    for part in ["not kept on disk", "mode 777", "PYROXENE_CACHE", directory.to_str().unwrap()] {
        assert!(lines[0].contains(part), "{lines:?}");
    }
}

#[test]
fn a_cache_that_cannot_be_written_costs_nothing_but_time() {
    let (cache, program) = (TempDir::new().unwrap(), program("unwritable"));
    fs::write(cache.path().join("executables"), "a file where the directory should be").unwrap();
    assert_eq!(made(&cache, &program), (1, 0));
    assert_eq!(made(&cache, &program), (1, 0));
}

#[test]
fn writers_at_once_leave_one_whole_entry() {
    let (cache, program) = (TempDir::new().unwrap(), program("at_once_on_disk"));
    let backends: Vec<_> = (0..4).map(|_| fresh(&cache)).collect();
    let barrier = Barrier::new(backends.len());
    std::thread::scope(|scope| {
        for backend in &backends {
            scope.spawn(|| {
                barrier.wait();
                outcome(backend, &program)
            });
        }
    });
    assert_eq!(files(&cache).len(), 1);
    assert_eq!(made(&cache, &program), (0, 1));
}

/// The installed plugin's hash was recorded; that of one given by its path is computed once and is the same.
#[test]
fn a_plugin_given_by_its_path_is_hashed_once() {
    let (cache, program) = (TempDir::new().unwrap(), program("given"));
    let plugin = backend().platform().plugin.clone().unwrap();
    let given = Options { plugin: Some(plugin), ..options(Some(cache.path())) };
    outcome(&opened(&given), &program);
    let record = files(&cache).into_iter().find(|f| f.extension().is_some_and(|e| e == "json")).unwrap();
    assert_eq!(made(&cache, &program), (0, 1));

    // It is believed as long as the file is the one it was: this is how a wrong one shows.
    let text = fs::read_to_string(&record).unwrap();
    let known: serde_json::Value = serde_json::from_str(&text).unwrap();
    let hash = known["sha256"].as_str().unwrap();
    fs::write(&record, text.replace(hash, &"0".repeat(64))).unwrap();
    let compiled = |options| {
        let backend = opened(options);
        outcome(&backend, &program);
        backend.stats().compiles
    };
    assert_eq!(compiled(&given), 1);
    // Another file's record is not believed.
    let bytes = known["state"]["bytes"].to_string();
    fs::write(&record, text.replace(hash, &"0".repeat(64)).replace(&bytes, "1")).unwrap();
    assert_eq!(compiled(&given), 0);
    assert_eq!(fs::read_to_string(&record).unwrap(), text);
}
