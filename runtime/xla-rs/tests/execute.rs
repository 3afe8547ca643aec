//! Compiling and running through the crate `xla`, on its own CPU client and on a plugin: what every backend must do, and
//! what only this one does.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

#[path = "../../tests/support/mod.rs"]
mod support;

use std::{
    fs,
    sync::{Arc, LazyLock},
};

use pyroxene_ir::{Array, DType, Ty};
use pyroxene_runtime::{
    Backend, CompileOptions, Error, FlagValue, OptLevel, default_backend, open,
    options::{Environment, Options},
};
use pyroxene_xla_rs::{XlaBackend, register};
use support::{
    conformance::{conformance, foreign_buffers_are_refused},
    square_plus,
};

/// The other backend, loaded after this one is registered, as programs do.
static PJRT: LazyLock<Arc<dyn Backend>> = LazyLock::new(|| {
    register();
    default_backend().unwrap()
});

static CPU: LazyLock<XlaBackend> = LazyLock::new(|| XlaBackend::cpu().unwrap());

/// Through the crate, the plugin that the other backend loads by itself.
static PLUGIN: LazyLock<XlaBackend> = LazyLock::new(|| {
    let path = PJRT.platform().plugin.clone().unwrap();
    XlaBackend::plugin(&path, "of the test").unwrap()
});

mod cpu {
    use super::*;
    conformance!(CPU);
}

mod plugin {
    use super::*;
    conformance!(PLUGIN);
}

#[test]
fn buffers_of_other_clients_are_refused() {
    let pjrt = &**PJRT;
    for (backend, other) in [(&*CPU, &*PLUGIN), (&*PLUGIN, &*CPU)] {
        foreign_buffers_are_refused(backend, other);
        foreign_buffers_are_refused(backend, pjrt);
        foreign_buffers_are_refused(pjrt, backend);
    }
}

#[test]
fn options_that_cannot_be_passed_on_are_refused() {
    let program = square_plus("options", &Ty::new(DType::F64, [2]));
    let message = |options: &CompileOptions| match CPU.compile(&program.module(), options) {
        Err(error @ Error::Compile { .. }) => error.to_string(),
        other => format!("{other:?}"),
    };
    assert_eq!(
        message(&CompileOptions { opt_level: OptLevel::O1, ..CompileOptions::default() }),
        "compiling `options` failed with Unimplemented: the crate xla compiles at XLA's own level, expected 3, found 1; \
         set XLA_FLAGS=--xla_backend_optimization_level=1, or use the backend pjrt"
    );
    let flags = [("xla_cpu_enable_fast_math".to_string(), FlagValue::Bool(false))].into();
    assert_eq!(
        message(&CompileOptions { flags, ..CompileOptions::default() }),
        "compiling `options` failed with Unimplemented: the crate xla takes no debug options for one program, found \
         xla_cpu_enable_fast_math; set them for the process in XLA_FLAGS, or use the backend pjrt"
    );
}

#[test]
fn slot_left_alone_keeps_its_value() {
    let program = square_plus("kept", &Ty::new(DType::F64, [3]));
    let executable = CPU.compile(&program.module(), &CompileOptions::default()).unwrap();
    let mut launch = executable.launch(vec![None, None]).unwrap();
    launch.slot_as::<f64>(0).unwrap().fill(3.0);
    for y in [1.0, 2.0] {
        launch.slot_as::<f64>(1).unwrap().fill(y);
        launch.run().unwrap();
        launch.run().unwrap();
        assert_eq!(launch.output_as::<f64>(0).unwrap(), [9.0 + y; 3]);
    }
}

#[test]
fn backend_is_chosen_by_its_name() {
    register();
    let chosen = |pairs: &[(&str, &str)]| {
        let environment = Environment::from_pairs(pairs.iter().copied());
        open("cpu", &Options::from_environment(&environment).unwrap(), &mut |line| panic!("{line}"))
    };
    let own = chosen(&[("PYROXENE_BACKEND", "xla-rs")]).unwrap();
    assert_eq!((own.platform().name.as_str(), &own.platform().plugin), ("cpu", &None));
    let line = own.platform().to_string();
    assert!(line.contains(", the crate xla 0.5.4 with the XLA of "), "{line}");
    let path = PJRT.platform().plugin.clone().unwrap();
    let given = [("PYROXENE_BACKEND", "xla-rs"), ("PYROXENE_PLUGIN", path.to_str().unwrap())];
    let plugin = chosen(&given).unwrap();
    assert_eq!(plugin.platform().plugin, Some(path));
    assert!(plugin.platform().origin.contains("PYROXENE_PLUGIN, through the crate xla 0.5.4"), "{plugin:?}");
    // It keeps its executables, as the other backend does.
    let program = square_plus("chosen", &Ty::new(DType::F64, [2]));
    let compile = || own.compile(&program.module(), &CompileOptions::default()).unwrap();
    assert!(Arc::ptr_eq(&compile(), &compile()));
    let x = own.upload(&Array::from([2.0, 3.0])).unwrap();
    assert_eq!(compile().run(&[&x, &x]).unwrap()[0].to_array().unwrap(), Array::from([6.0, 12.0]));
}

#[test]
fn files_that_are_no_plugins_are_refused() {
    let text = std::env::temp_dir().join(format!("pyroxene-no-plugin-{}", std::process::id()));
    fs::write(&text, "not a library").unwrap();
    let error = XlaBackend::plugin(&text, "of the test").map(|_| ()).unwrap_err().to_string();
    fs::remove_file(&text).unwrap();
    assert!(error.contains("is not a usable PJRT plugin"), "{error}");
    let error = XlaBackend::plugin(&text, "of the test").map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("cannot be read"), "{error}");
}
