//! Compiling and running on the real plugin: what every backend must do, and what only this one does.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use std::{sync::Arc, thread};

use pyroxene_ir::{Array, DType, Ty};
use pyroxene_runtime::{
    Backend, Bundled, CompileOptions, Error, Executable, FlagValue, Input, OptLevel, Packed, Padded,
    PjrtBackend, Trimmed, bare_dispatch, default_backend, default_backend_beside,
};
use support::{
    Hlo, backend,
    conformance::{self, conformance, donating, foreign_buffers_are_refused},
    square_plus,
};

conformance!(backend());

#[test]
fn unknown_flag_is_a_compile_error() {
    let program = square_plus("flags", &Ty::new(DType::F64, [2]));
    let mut options = CompileOptions::default();
    options.flags.insert("xla_no_such_flag".into(), FlagValue::Bool(true));
    let error = backend().compile(&program.module(), &options).unwrap_err();
    assert!(matches!(&error, Error::Compile { .. }), "{error}");
    options.flags.clear();
    options.flags.insert("xla_cpu_enable_fast_math".into(), FlagValue::Bool(false));
    options.opt_level = OptLevel::O0;
    assert!(backend().compile(&program.module(), &options).is_ok());
}

#[test]
fn the_backend_opens_while_this_thread_works() {
    let own = || (thread::current().id(), default_backend().unwrap());
    for _ in 0..2 {
        let (backend, (worked, same)) = default_backend_beside(own);
        assert_eq!(worked, thread::current().id());
        assert!(Arc::ptr_eq(&backend.unwrap(), &same));
    }
}

#[test]
fn one_result_stands_for_several() {
    let ty = Ty::new(DType::F64, [3]);
    let mut hlo = Hlo::new("packed");
    let x = hlo.parameter("x", &ty);
    let square = hlo.op("multiply", &ty, &[x, x]);
    let program = hlo.finish(&[(square, ty)]);
    let backend = default_backend().unwrap();
    let whole = backend.compile(&program.module(), &CompileOptions::default()).unwrap();
    let parts = vec![Ty::scalar(DType::F64), Ty::new(DType::F64, [2, 1])];
    let packed = |parts: &[Ty]| Packed::new(whole.clone(), backend.clone(), parts.to_vec());
    let executable: Arc<dyn Executable> = Arc::new(packed(&parts).unwrap());
    assert_eq!((executable.name(), executable.outputs()), ("packed", &parts[..]));

    let x = backend.upload(&Array::from([2.0, -3.0, 0.5])).unwrap();
    let results = executable.run(&[&x]).unwrap();
    let results: Vec<Array> = results.iter().map(|r| r.to_array().unwrap()).collect();
    assert_eq!(results, [Array::scalar(4.0), Array::new([2, 1], vec![9.0, 0.25]).unwrap()]);

    let mut launch = executable.launch(vec![None]).unwrap();
    let told = launch.output(1).unwrap_err().to_string();
    assert!(told.contains("output 1 of `packed`") && told.contains("no run has finished"), "{told}");
    for i in 0..20 {
        let value = f64::from(i);
        launch.slot_as::<f64>(0).unwrap().copy_from_slice(&[value, value + 1.0, -value]);
        launch.run().unwrap();
        assert_eq!(launch.output_as::<f64>(0).unwrap(), [value * value]);
        assert_eq!(launch.output_as::<f64>(1).unwrap(), [(value + 1.0).powi(2), value * value]);
    }
    assert!(launch.output(2).unwrap_err().to_string().contains("output 2 of `packed` does not exist"));
    assert!(launch.output_as::<f32>(1).is_err());

    let scalar = Ty::scalar(DType::F64);
    let refused = [vec![scalar.clone(); 2], vec![scalar.clone(); 4], vec![scalar, Ty::new(DType::I64, [2])]];
    for parts in refused {
        let error = packed(&parts).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("expected one vector with the elements of"), "{error}");
    }
}

#[test]
fn arguments_that_are_not_read_are_not_passed_on() {
    let ty = Ty::new(DType::F64, [3]);
    let mut hlo = Hlo::new("trimmed");
    let (x, y) = (hlo.parameter("x", &ty), hlo.parameter("y", &ty));
    let difference = hlo.op("subtract", &ty, &[x, y]);
    let program = hlo.finish(&[(difference, ty.clone())]);
    let backend = default_backend().unwrap();
    let inner = backend.compile(&program.module(), &CompileOptions::default()).unwrap();
    let unread = Ty::new(DType::I64, [2]);
    let inputs = [("a", &unread), ("x", &ty), ("b", &unread), ("y", &ty)];
    let inputs: Vec<Input> = inputs.map(|(name, ty)| Input::new(name, ty.clone())).into();
    let trimmed = |read: &[usize]| Trimmed::new(inner.clone(), inputs.clone(), read);
    let executable: Arc<dyn Executable> = Arc::new(trimmed(&[1, 3]).unwrap());
    assert_eq!((executable.name(), executable.inputs()), ("trimmed", &inputs[..]));

    let upload = |backend: &Arc<dyn Backend>, array: Array| backend.upload(&array).unwrap();
    let x = upload(&backend, Array::from([2.0, -3.0, 0.5]));
    let y = upload(&backend, Array::from([1.0, 1.0, 1.0]));
    let a = upload(&backend, Array::from([1i64, 2]));
    let results = executable.run(&[&a, &x, &a, &y]).unwrap();
    assert_eq!(results[0].to_array().unwrap(), Array::from([1.0, -4.0, -0.5]));
    assert!(bare_dispatch(&*executable, &[&a, &x, &a, &y], 1, 1).unwrap().is_some());
    let told = executable.run(&[&x, &x, &a, &y]).unwrap_err().to_string();
    assert!(told.contains("`a`"), "an argument that is not read has a type too: {told}");
    let plugin = backend.platform().plugin.clone().unwrap();
    let elsewhere: Arc<dyn Backend> = Arc::new(PjrtBackend::load(&plugin, "of the test").unwrap());
    let foreign = upload(&elsewhere, Array::from([0.0; 3]));
    let error = executable.run(&[&a, &x, &a, &foreign]).unwrap_err();
    assert!(matches!(error, Error::ForeignBuffer { index: 3, .. }), "{error}");

    let mut launch = executable.clone().launch(vec![Some(a), None, None, Some(y)]).unwrap();
    for i in 0..3 {
        launch.slot_as::<f64>(1).unwrap().fill(f64::from(i));
        let slot = launch.slot_as::<i64>(2).unwrap();
        assert_eq!((slot.as_ptr().align_offset(64), &slot[..]), (0, &[i64::from(i); 2][..]));
        slot.fill(i64::from(i) + 1);
        launch.run().unwrap();
        assert_eq!(launch.output_as::<f64>(0).unwrap(), [f64::from(i) - 1.0; 3]);
    }
    for (index, problem) in [(0, "was fixed"), (3, "was fixed"), (4, "does not exist")] {
        let told = launch.slot(index).unwrap_err().to_string();
        assert!(told.contains(&format!("input {index} of `trimmed` {problem}")), "{told}");
    }
    for read in [&[1][..], &[1, 2], &[1, 3, 0], &[1, 7]] {
        let error = trimmed(read).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("expected the inputs"), "{error}");
    }
}

#[test]
fn donated_memory_comes_back_as_the_result() {
    let plugin = backend().platform().plugin.clone().unwrap();
    let own = || PjrtBackend::load(&plugin, "of the test").unwrap();
    let ty = Ty::new(DType::F64, [7]);
    let (program, options) = donating("donates", &ty, false);
    for (backend, comes_back) in [(own(), true), (own().without_donation(), false)] {
        conformance::donated_slots_and_arguments_stay_as_they_are(&backend);
        let executable = backend.compile(&program.module(), &options).unwrap();
        let y = backend.upload(&Array::from([1.0; 7])).unwrap();
        let mut launch = executable.clone().launch(vec![Some(y.clone()), None]).unwrap();
        let mut run = |other: &mut Vec<u8>| {
            launch.run().unwrap();
            // Memory of the same size, so that what is freed is taken.
            *other = vec![0; 56];
            launch.output(0).unwrap().as_ptr() as usize
        };
        let (mut first, mut second) = (Vec::new(), Vec::new());
        let places = [run(&mut first), run(&mut second), run(&mut first)];
        assert!(!comes_back || places == [places[0]; 3], "{places:?}");
        assert!(bare_dispatch(&*executable, &[&y, &y], 2, 2).unwrap().is_some());
        assert_eq!(y.to_array().unwrap(), Array::from([1.0; 7]));
    }
}

#[test]
fn one_argument_may_be_longer_than_what_is_given() {
    let (program, options) = donating("padded", &Ty::new(DType::F64, [4]), false);
    let backend = default_backend().unwrap();
    let inner = backend.compile(&program.module(), &options).unwrap();
    let padded = |index, elements| Padded::new(inner.clone(), backend.clone(), index, elements);
    let executable: Arc<dyn Executable> = Arc::new(padded(1, 3).unwrap());
    assert_eq!((executable.name(), &executable.inputs()[0]), ("padded", &inner.inputs()[0]));
    assert_eq!(executable.inputs()[1], Input::new("x", Ty::new(DType::F64, [3])));
    let upload = |array: Array| backend.upload(&array).unwrap();
    let (y, x) = (upload(Array::from([1.0; 4])), upload(Array::from([2.0, 3.0, 4.0])));
    let expected = [5.0, 10.0, 17.0, 1.0];
    assert_eq!(executable.run(&[&y, &x]).unwrap()[0].to_array().unwrap(), Array::from(expected));
    assert!(bare_dispatch(&*executable, &[&y, &x], 1, 1).unwrap().is_some());
    let told = executable.run(&[&y, &y]).unwrap_err().to_string();
    assert!(told.contains("`x`") && told.contains("f64[3]"), "{told}");
    assert!(executable.clone().launch(vec![None, Some(y.clone())]).is_err());

    let mut launch = executable.clone().launch(vec![Some(y), None]).unwrap();
    for i in 0..3 {
        launch.slot_as::<f64>(1).unwrap().copy_from_slice(&[2.0, 3.0, f64::from(i)]);
        launch.run().unwrap();
        assert_eq!(launch.output_as::<f64>(0).unwrap(), [5.0, 10.0, f64::from(i * i) + 1.0, 1.0]);
    }
    assert!(launch.slot(0).unwrap_err().to_string().contains("was fixed"));
    assert!(launch.slot(2).unwrap_err().to_string().contains("does not exist"));
    let mut fixed = executable.launch(vec![None, Some(x)]).unwrap();
    fixed.run().unwrap();
    assert_eq!(fixed.output_as::<f64>(0).unwrap(), [4.0, 9.0, 16.0, 0.0]);
    for (index, elements) in [(1, 5), (2, 1)] {
        let error = padded(index, elements).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("elements or more as input"), "{error}");
    }
}

#[test]
fn small_arguments_go_together() {
    let (whole, alone) = (Ty::new(DType::F64, [10]), Ty::new(DType::F64, [10]));
    let mut hlo = Hlo::new("bundled");
    let (both, y) = (hlo.parameter("both", &whole), hlo.parameter("y", &alone));
    let sum = hlo.op("add", &whole, &[both, y]);
    let program = hlo.finish(&[(sum, whole)]);
    let backend = default_backend().unwrap();
    let inner = backend.compile(&program.module(), &CompileOptions::default()).unwrap();
    let given = [("a", Ty::new(DType::F64, [3])), ("y", alone), ("b", Ty::new(DType::F64, [2, 1]))];
    let inputs: Vec<Input> = given.map(|(name, ty)| Input::new(name, ty)).into();
    let bundled =
        |places: &[(usize, usize)]| Bundled::new(inner.clone(), backend.clone(), inputs.clone(), places);
    let executable: Arc<dyn Executable> = Arc::new(bundled(&[(0, 0), (1, 0), (0, 8)]).unwrap());
    assert_eq!((executable.name(), executable.inputs()), ("bundled", &inputs[..]));
    let upload = |array: Array| backend.upload(&array).unwrap();
    let (a, b) = (upload(Array::from([1.0, 2.0, 3.0])), upload(Array::new([2, 1], vec![4.0, 5.0]).unwrap()));
    let y = upload(Array::from([10.0; 10]));
    let expected = [11.0, 12.0, 13.0, 10.0, 10.0, 10.0, 10.0, 10.0, 14.0, 15.0];
    assert_eq!(executable.run(&[&a, &y, &b]).unwrap()[0].to_array().unwrap(), Array::from(expected));
    assert!(bare_dispatch(&*executable, &[&a, &y, &b], 1, 1).unwrap().is_some());
    let told = executable.run(&[&a, &y, &a]).unwrap_err().to_string();
    assert!(told.contains("`b`") && told.contains("f64[2,1]"), "{told}");
    let plugin = backend.platform().plugin.clone().unwrap();
    let elsewhere = PjrtBackend::load(&plugin, "of the test").unwrap();
    let foreign = elsewhere.upload(&Array::from([10.0; 10])).unwrap();
    let error = executable.run(&[&a, &foreign, &b]).unwrap_err();
    assert!(matches!(error, Error::ForeignBuffer { index: 1, .. }), "{error}");

    // All of the bundle fixed; a part of it a slot; all of it slots.
    let mut launch = executable.clone().launch(vec![Some(a.clone()), None, Some(b)]).unwrap();
    launch.slot_as::<f64>(1).unwrap().fill(10.0);
    launch.run().unwrap();
    assert_eq!(launch.output_as::<f64>(0).unwrap(), expected);
    let mut launch = executable.clone().launch(vec![Some(a), Some(y.clone()), None]).unwrap();
    for i in 0..3 {
        let slot = launch.slot_as::<f64>(2).unwrap();
        assert_eq!((slot.len(), slot.as_ptr().align_offset(64)), (2, 0));
        slot.fill(f64::from(i));
        launch.run().unwrap();
        assert_eq!(launch.output_as::<f64>(0).unwrap()[..3], [11.0, 12.0, 13.0]);
        assert_eq!(launch.output_as::<f64>(0).unwrap()[8..], [10.0 + f64::from(i); 2]);
    }
    for (index, problem) in [(0, "was fixed"), (1, "was fixed"), (3, "does not exist")] {
        let told = launch.slot(index).unwrap_err().to_string();
        assert!(told.contains(&format!("input {index} of `bundled` {problem}")), "{told}");
    }
    let mut launch = executable.launch(vec![None, Some(y), None]).unwrap();
    launch.slot_as::<f64>(0).unwrap().fill(1.0);
    launch.slot_as::<f64>(2).unwrap().fill(2.0);
    launch.run().unwrap();
    assert_eq!(launch.output_as::<f64>(0).unwrap()[..4], [11.0, 11.0, 11.0, 10.0]);
    // Out of line, over each other, beyond the end, nowhere, one too few.
    let refused: [&[(usize, usize)]; 5] = [
        &[(0, 0), (1, 0), (0, 4)],
        &[(0, 0), (1, 0), (0, 0)],
        &[(0, 0), (1, 0), (0, 16)],
        &[(0, 0), (1, 0), (2, 0)],
        &[(0, 0), (1, 0)],
    ];
    for places in refused {
        let error = bundled(places).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("expected arguments that hold"), "{places:?}: {error}");
    }
}

/// The road of accelerators, whose memory the host cannot reach: every argument and result is copied.
#[test]
fn device_with_its_own_memory() {
    let shared = backend();
    let plugin = shared.platform().plugin.clone().unwrap();
    let own = PjrtBackend::load(&plugin, "of the test").unwrap().with_own_memory();
    let ty = Ty::new(DType::F64, [5]);
    let program = square_plus("own_memory", &ty);
    let executable = own.compile(&program.module(), &CompileOptions::default()).unwrap();
    let y = own.upload(&Array::from([1.0; 5])).unwrap();
    assert_eq!(y.to_array().unwrap(), Array::from([1.0; 5]));
    let mut launch = executable.launch(vec![None, Some(y)]).unwrap();
    for i in 0..20 {
        let value = f64::from(i);
        launch.slot_as::<f64>(0).unwrap().fill(value);
        launch.run().unwrap();
        assert_eq!(launch.output_as::<f64>(0).unwrap(), [value * value + 1.0; 5]);
        assert_eq!(launch.output_as::<f64>(1).unwrap(), [value * value; 5]);
    }
    foreign_buffers_are_refused(&own, &*shared);
}

#[test]
fn backend_describes_itself() {
    let backend = backend();
    let platform = backend.platform();
    // Another plugin that the environment names may be of another platform: the rest of this file holds there too.
    if std::env::var_os("PYROXENE_PLUGIN").is_none() {
        assert!(platform.is_cpu() && platform.name == "cpu", "{platform:?}");
    }
    assert_eq!(platform.devices.len(), 1, "{platform:?}");
    assert!(platform.c_api.is_some_and(|v| v >= (0, 81)), "{platform:?}");
    assert!(platform.plugin.as_ref().is_some_and(|p| p.is_file()), "{platform:?}");
}
