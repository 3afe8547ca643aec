//! The cache of executables, alone in its process so that its counters are its own.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use std::sync::Arc;

use pyroxene_ir::{DType, Ty};
use pyroxene_runtime::{CompileOptions, OptLevel, Stats};
use support::{backend, square_plus};

#[test]
fn identical_programs_compile_once() {
    let (backend, ty) = (backend(), Ty::new(DType::F64, [3]));
    let program = square_plus("once", &ty);
    let options = CompileOptions::default();
    let first = backend.compile(&program.module(), &options).unwrap();
    let second = backend.compile(&square_plus("once", &ty).module(), &options).unwrap();
    assert!(Arc::ptr_eq(&first, &second));
    assert_eq!(backend.stats(), Stats { compiles: 1, hits: 1 });

    // Anything that shows in the executable makes it another one.
    let faster = CompileOptions { opt_level: OptLevel::O1, ..CompileOptions::default() };
    assert!(!Arc::ptr_eq(&first, &backend.compile(&program.module(), &faster).unwrap()));
    let mut renamed = program.module();
    renamed.inputs[0].name = "z".into();
    assert!(!Arc::ptr_eq(&first, &backend.compile(&renamed, &options).unwrap()));
    assert_eq!(backend.stats(), Stats { compiles: 3, hits: 1 });

    // Threads that ask at once wait for one compilation.
    let program = square_plus("at_once", &ty);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| backend.compile(&program.module(), &options).map(|_| ()).unwrap());
        }
    });
    assert_eq!(backend.stats(), Stats { compiles: 4, hits: 4 });

    // A failure is not kept.
    let mut wrong = program.module();
    wrong.outputs.clear();
    assert!(backend.compile(&wrong, &options).is_err());
    assert!(backend.compile(&wrong, &options).is_err());
    assert_eq!(backend.stats(), Stats { compiles: 4, hits: 4 });
}
