//! What every backend must do, as functions of a backend: values, checks of arguments, threads, launches. The macro
//! makes tests of them, one each.
#![allow(
    dead_code,
    unused_imports,
    unused_macros,
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    reason = "shared by the tests of several backends; a test stops at the first surprise"
)]

use std::sync::Arc;

use pyroxene_ir::{Array, DType, Ty};
use pyroxene_runtime::{Backend, CompileOptions, Error, Executable};

use super::{Hlo, HloModuleProto, square_plus};

/// One test for each function below, on the backend (`Arc<dyn Backend>`) that the expression gives.
macro_rules! conformance {
    ($backend:expr) => {
        $crate::support::conformance::conformance! { $backend;
            runs_and_reads_back
            every_element_type_makes_the_round_trip
            wrong_arguments_are_refused_by_name
            programs_that_disagree_with_their_declaration_are_refused
            programs_that_xla_would_not_survive_are_refused
            ill_typed_program_is_a_compile_error
            launch_rereads_slots_and_keeps_fixed_arguments
            launch_names_what_cannot_be_accessed
            argument_returned_as_it_is_does_not_alias_the_slot
            donated_slots_and_arguments_stay_as_they_are
            donated_input_has_the_type_of_the_only_result
            results_outlive_everything_that_made_them
            threads_share_one_executable
            program_without_arguments_or_results
            minimum_and_maximum_keep_nan
        }
    };
    ($backend:expr; $($name:ident)*) => { $(
        #[test]
        fn $name() {
            $crate::support::conformance::$name(&*$backend);
        }
    )* };
}
pub(crate) use conformance;

fn f64s(n: usize) -> Ty {
    Ty::new(DType::F64, [n])
}

fn compiled(backend: &dyn Backend, name: &str, ty: &Ty) -> Arc<dyn Executable> {
    backend.compile(&square_plus(name, ty).module(), &CompileOptions::default()).unwrap()
}

pub fn runs_and_reads_back(backend: &dyn Backend) {
    let executable = compiled(backend, "runs", &f64s(3));
    let x = backend.upload(&Array::from([1.0, -2.0, 3.5])).unwrap();
    let y = backend.upload(&Array::from([0.5, 0.25, f64::NAN])).unwrap();
    let outputs = executable.run(&[&x, &y]).unwrap();
    let sum = outputs[0].to_array().unwrap();
    assert_eq!(sum.as_slice::<f64>().map(|s| s[..2].to_vec()), Some(vec![1.5, 4.25]));
    assert!(sum.to_f64_vec()[2].is_nan());
    assert_eq!(outputs[1].to_array().unwrap(), Array::from([1.0, 4.0, 12.25]));
    assert_eq!(outputs[1].ty(), &f64s(3));
    // A result is an argument like any other, and the arguments are unharmed.
    let again = executable.run(&[&outputs[1], &x]).unwrap();
    assert_eq!(again[0].to_array().unwrap(), Array::from([2.0, 14.0, 153.5625]));
}

pub fn every_element_type_makes_the_round_trip(backend: &dyn Backend) {
    let arrays = [
        Array::from([true, false, true]),
        Array::from([i32::MIN, -1, 7]),
        Array::from([i64::MIN, -1, 7]),
        Array::from([u32::MAX, 0, 7]),
        Array::from([u64::MAX, 0, 7]),
        Array::from([f32::MIN_POSITIVE, -0.0, f32::INFINITY]),
        Array::from([f64::MIN_POSITIVE, -0.0, 5e-324]),
        Array::scalar(2.5),
        Array::zeros(&Ty::new(DType::F64, [3, 0])),
        Array::new([2, 3], vec![1, 2, 3, 4, 5, 6i64]).unwrap(),
    ];
    for array in arrays {
        let ty = array.ty();
        let mut hlo = Hlo::new("copy");
        let x = hlo.parameter("x", &ty);
        let copy = hlo.op("copy", &ty, &[x]);
        let program = hlo.finish(&[(copy, ty.clone())]);
        let executable = backend.compile(&program.module(), &CompileOptions::default()).unwrap();
        let buffer = backend.upload(&array).unwrap();
        assert_eq!(buffer.to_array().unwrap(), array);
        assert_eq!(executable.run(&[&buffer]).unwrap()[0].to_array().unwrap(), array);
        let mut launch = executable.launch(vec![None]).unwrap();
        launch.slot(0).unwrap().copy_from_slice(array.as_bytes());
        launch.run().unwrap();
        assert_eq!(launch.output(0).unwrap(), array.as_bytes(), "{ty}");
    }
}

pub fn wrong_arguments_are_refused_by_name(backend: &dyn Backend) {
    let executable = compiled(backend, "wrong", &f64s(4));
    let good = backend.upload(&Array::from([0.0; 4])).unwrap();
    let shape = backend.upload(&Array::new([2, 2], vec![0.0; 4]).unwrap()).unwrap();
    let dtype = backend.upload(&Array::from([0i64; 4])).unwrap();
    let message = |args: &[&_]| executable.run(args).unwrap_err().to_string();
    assert_eq!(message(&[&good]), "`wrong` takes 2 arguments, found 1");
    // Same number of bytes: XLA itself would run these.
    assert_eq!(message(&[&good, &shape]), "input `y` (number 1) of `wrong` is f64[4], found f64[2,2]");
    assert_eq!(message(&[&dtype, &good]), "input `x` (number 0) of `wrong` is f64[4], found i64[4]");
    let launched = executable.clone().launch(vec![None, Some(shape)]).unwrap_err().to_string();
    assert_eq!(launched, "input `y` (number 1) of `wrong` is f64[4], found f64[2,2]");
    let launched = executable.launch(vec![None]).unwrap_err().to_string();
    assert_eq!(launched, "`wrong` takes 2 arguments, found 1");
}

pub fn programs_that_disagree_with_their_declaration_are_refused(backend: &dyn Backend) {
    let program = square_plus("declared", &f64s(4));
    let refused = |change: &dyn Fn(&mut pyroxene_runtime::Module<'_>)| {
        let mut module = program.module();
        change(&mut module);
        match backend.compile(&module, &CompileOptions::default()) {
            Err(Error::Module { module, problem }) => {
                assert_eq!(module, "declared");
                problem
            }
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refused(&|m| m.inputs.truncate(1)), "1 inputs are declared, its entry has 2 parameters");
    assert_eq!(refused(&|m| m.outputs.truncate(1)), "1 outputs are declared, its entry returns 2");
    assert_eq!(
        refused(&|m| m.inputs[1].ty = Ty::new(DType::F64, [2, 2])),
        "input `y` is declared f64[2,2], its bytes say dimensions [4]"
    );
    assert_eq!(
        refused(&|m| m.outputs[0] = Ty::new(DType::I64, [4])),
        "output 0 is declared i64[4], its bytes say element type number 12 of xla.PrimitiveType"
    );
    assert!(refused(&|m| m.hlo = b"not a proto").contains("are not a HloModuleProto"));
    assert!(refused(&|m| m.hlo = b"").contains("have no program shape"));
}

/// Each of these would kill the process, or let it write shared memory, if it reached XLA.
pub fn programs_that_xla_would_not_survive_are_refused(backend: &dyn Backend) {
    let program = square_plus("fatal", &f64s(4));
    let entry = |p: &mut HloModuleProto| p.host_program_shape.clone().unwrap();
    let no_layout = program.changed(|p| {
        let mut shape = entry(p);
        shape.parameters[0].layout = None;
        p.host_program_shape = Some(shape);
    });
    let dynamic = program.changed(|p| {
        let mut shape = entry(p);
        shape.parameters[0].is_dynamic_dimension = vec![true];
        p.host_program_shape = Some(shape);
    });
    let aliased = program.changed(|p| {
        p.input_output_alias = Some(super::AliasProto { entries: vec![vec![]] });
    });
    let huge = square_plus("fatal", &Ty::new(DType::F64, [1 << 40, 1 << 40, 0]));
    for (program, words) in [
        (no_layout, "give no layout"),
        (dynamic, "dimensions may vary"),
        (aliased, "overwrite arguments"),
        (huge, "larger than any memory"),
    ] {
        let error = backend.compile(&program.module(), &CompileOptions::default()).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}

pub fn ill_typed_program_is_a_compile_error(backend: &dyn Backend) {
    let mut hlo = Hlo::new("ill_typed");
    let (x, y) = (hlo.parameter("x", &f64s(3)), hlo.parameter("y", &f64s(4)));
    let sum = hlo.op("add", &f64s(3), &[x, y]);
    let program = hlo.finish(&[(sum, f64s(3))]);
    let error = backend.compile(&program.module(), &CompileOptions::default()).unwrap_err();
    assert!(matches!(&error, Error::Compile { module, .. } if module == "ill_typed"), "{error}");
}

pub fn launch_rereads_slots_and_keeps_fixed_arguments(backend: &dyn Backend) {
    let executable = compiled(backend, "launch", &f64s(5));
    let y = backend.upload(&Array::from([10.0, 20.0, 30.0, 40.0, 50.0])).unwrap();
    let mut launch = executable.launch(vec![None, Some(y)]).unwrap();
    assert_eq!(launch.slot(0).unwrap().as_ptr() as usize % 64, 0);
    assert!(launch.output(0).is_err(), "nothing has run");
    for i in 0..100 {
        let x = launch.slot_as::<f64>(0).unwrap();
        x.iter_mut().enumerate().for_each(|(j, x)| *x = f64::from(i) + j as f64);
        launch.run().unwrap();
        let expected: Vec<f64> = (0..5).map(|j| (f64::from(i) + j as f64).powi(2)).collect();
        assert_eq!(launch.output_as::<f64>(1).unwrap(), expected);
        let sums: Vec<f64> = expected.iter().zip(1..).map(|(s, j)| s + 10.0 * f64::from(j)).collect();
        assert_eq!(launch.output_as::<f64>(0).unwrap(), sums);
    }
}

pub fn launch_names_what_cannot_be_accessed(backend: &dyn Backend) {
    let executable = compiled(backend, "access", &f64s(2));
    let y = backend.upload(&Array::from([0.0, 0.0])).unwrap();
    let mut launch = executable.launch(vec![None, Some(y)]).unwrap();
    let slot = |e: Error| e.to_string();
    assert_eq!(slot(launch.slot(1).unwrap_err()), "input 1 of `access` was fixed when the launch was made");
    assert_eq!(slot(launch.slot(2).unwrap_err()), "input 2 of `access` does not exist");
    assert_eq!(
        slot(launch.slot_as::<f32>(0).unwrap_err()),
        "input 0 of `access` is f64[2], not an array of f32"
    );
    launch.run().unwrap();
    assert_eq!(slot(launch.output(2).unwrap_err()), "output 2 of `access` does not exist");
    assert_eq!(
        slot(launch.output_as::<i64>(0).unwrap_err()),
        "output 0 of `access` is f64[2], not an array of i64"
    );
}

/// A result that is an argument must be a copy: the slot is written again while the result is still read.
pub fn argument_returned_as_it_is_does_not_alias_the_slot(backend: &dyn Backend) {
    let ty = f64s(16);
    let mut hlo = Hlo::new("identity");
    let x = hlo.parameter("x", &ty);
    let program = hlo.finish(&[(x, ty.clone()), (x, ty.clone())]);
    let executable = backend.compile(&program.module(), &CompileOptions::default()).unwrap();
    let mut launch = executable.launch(vec![None]).unwrap();
    launch.slot_as::<f64>(0).unwrap().fill(1.0);
    launch.run().unwrap();
    let slot = launch.slot(0).unwrap().as_ptr_range();
    let outputs = [launch.output(0).unwrap().as_ptr_range(), launch.output(1).unwrap().as_ptr_range()];
    for output in outputs {
        assert!(output.end <= slot.start || slot.end <= output.start);
    }
    launch.slot_as::<f64>(0).unwrap().fill(2.0);
    assert_eq!(launch.output_as::<f64>(0).unwrap(), [1.0; 16]);
}

/// `x * x + y` with x donated; the result is the entry's, or the only element of a tuple.
pub fn donating(name: &str, ty: &Ty, in_tuple: bool) -> (super::Program, CompileOptions) {
    let mut hlo = Hlo::new(name);
    let (y, x) = (hlo.parameter("y", ty), hlo.parameter("x", ty));
    let square = hlo.op("multiply", ty, &[x, x]);
    let sum = hlo.op("add", ty, &[square, y]);
    let options = CompileOptions { donated: Some(1), ..CompileOptions::default() };
    (if in_tuple { hlo.finish(&[(sum, ty.clone())]) } else { hlo.finish_bare(sum, ty) }, options)
}

/// That a result may take an input's memory shows nowhere.
pub fn donated_slots_and_arguments_stay_as_they_are(backend: &dyn Backend) {
    for (n, in_tuple) in [(5, true), (5, false), (1000, false), (0, false)] {
        let (program, options) = donating(&format!("donating_{n}_{in_tuple}"), &f64s(n), in_tuple);
        let executable = backend.compile(&program.module(), &options).unwrap();
        let filled = |value: f64| backend.upload(&Array::from(vec![value; n])).unwrap();
        let (y, x) = (filled(1.0), filled(3.0));
        for _ in 0..3 {
            assert_eq!(executable.run(&[&y, &x]).unwrap()[0].to_array().unwrap().to_f64_vec(), vec![10.0; n]);
            assert_eq!(x.to_array().unwrap().to_f64_vec(), vec![3.0; n]);
        }
        let mut launch = executable.clone().launch(vec![Some(y.clone()), None]).unwrap();
        launch.run().unwrap();
        assert_eq!(launch.output_as::<f64>(0).unwrap(), vec![1.0; n], "slots are zero at first");
        for i in 0..50 {
            let value = f64::from(i);
            launch.slot_as::<f64>(1).unwrap().fill(value);
            for _ in 0..2 {
                launch.run().unwrap();
                assert_eq!(launch.slot_as::<f64>(1).unwrap(), vec![value; n], "a run leaves its slots alone");
                // What is written for the next run is not in the result of the last.
                launch.slot_as::<f64>(1).unwrap().fill(-1.0);
                assert_eq!(launch.output_as::<f64>(0).unwrap(), vec![value * value + 1.0; n]);
                launch.slot_as::<f64>(1).unwrap().fill(value);
            }
        }
        let mut fixed = executable.launch(vec![None, Some(x.clone())]).unwrap();
        for i in 0..3 {
            fixed.slot_as::<f64>(0).unwrap().fill(f64::from(i));
            fixed.run().unwrap();
            assert_eq!(fixed.output_as::<f64>(0).unwrap(), vec![9.0 + f64::from(i); n]);
        }
        assert_eq!(x.to_array().unwrap().to_f64_vec(), vec![3.0; n]);
    }
}

/// Where a backend has use for the option; others take no notice.
pub fn donated_input_has_the_type_of_the_only_result(backend: &dyn Backend) {
    let ty = f64s(3);
    let mut hlo = Hlo::new("longer");
    let x = hlo.parameter("x", &ty);
    let once = hlo.finish(&[(x, ty.clone())]);
    let twice = square_plus("two", &ty);
    let mut hlo = Hlo::new("shorter");
    let (x, y) = (hlo.parameter("x", &ty), hlo.parameter("y", &f64s(4)));
    let other = hlo.finish(&[(x, ty.clone())]);
    let _ = y;
    for (program, donated) in [(once, 1), (twice, 0), (other, 1)] {
        let options = CompileOptions { donated: Some(donated), ..CompileOptions::default() };
        match backend.compile(&program.module(), &options) {
            Err(error) => assert!(error.to_string().contains("of the type of the donated input"), "{error}"),
            Ok(executable) => assert_eq!(executable.inputs(), program.inputs),
        }
    }
}

pub fn results_outlive_everything_that_made_them(backend: &dyn Backend) {
    let executable = compiled(backend, "outlive", &f64s(2));
    let x = backend.upload(&Array::from([1.0, 2.0])).unwrap();
    let outputs = executable.run(&[&x, &x]).unwrap();
    let launch = executable.clone().launch(vec![Some(x.clone()), None]).unwrap();
    drop((executable, x));
    drop(launch);
    assert_eq!(outputs[0].to_array().unwrap(), Array::from([2.0, 6.0]));
}

pub fn threads_share_one_executable(backend: &dyn Backend) {
    let ty = f64s(64);
    let executable = compiled(backend, "threads", &ty);
    let y = backend.upload(&Array::from(vec![1.0; 64])).unwrap();
    std::thread::scope(|scope| {
        for t in 0..8 {
            let (executable, y) = (executable.clone(), y.clone());
            scope.spawn(move || {
                let mut launch = executable.clone().launch(vec![None, Some(y.clone())]).unwrap();
                for i in 0..500 {
                    let value = f64::from(t * 1000 + i);
                    launch.slot_as::<f64>(0).unwrap().fill(value);
                    launch.run().unwrap();
                    assert_eq!(launch.output_as::<f64>(0).unwrap(), [value * value + 1.0; 64]);
                    if i % 50 == 0 {
                        let x = backend.upload(&Array::from(vec![value; 64])).unwrap();
                        let outputs = executable.run(&[&x, &y]).unwrap();
                        assert_eq!(outputs[1].to_array().unwrap(), Array::from(vec![value * value; 64]));
                    }
                }
            });
        }
    });
}

pub fn program_without_arguments_or_results(backend: &dyn Backend) {
    let program = Hlo::new("nothing").finish(&[]);
    let executable = backend.compile(&program.module(), &CompileOptions::default()).unwrap();
    assert!(executable.run(&[]).unwrap().is_empty());
    executable.launch(vec![]).unwrap().run().unwrap();
}

/// As HLO defines them, on either side, and in whole vectors of the processor as in the rest.
pub fn minimum_and_maximum_keep_nan(backend: &dyn Backend) {
    let ty = f64s(19);
    let mut hlo = Hlo::new("nan");
    let (x, y) = (hlo.parameter("x", &ty), hlo.parameter("y", &ty));
    let (minimum, maximum) = (hlo.op("minimum", &ty, &[x, y]), hlo.op("maximum", &ty, &[x, y]));
    let program = hlo.finish(&[(minimum, ty.clone()), (maximum, ty)]);
    let executable = backend.compile(&program.module(), &CompileOptions::default()).unwrap();
    let nans = backend.upload(&Array::from([f64::NAN; 19])).unwrap();
    let ones = backend.upload(&Array::from([1.0; 19])).unwrap();
    for (x, y) in [(&nans, &ones), (&ones, &nans)] {
        for output in executable.run(&[x, y]).unwrap() {
            assert!(output.to_array().unwrap().to_f64_vec().iter().all(|v| v.is_nan()), "{output:?}");
        }
    }
}

/// A buffer of another client is refused, not passed on.
pub fn foreign_buffers_are_refused(backend: &dyn Backend, other: &dyn Backend) {
    let executable = compiled(backend, "foreign", &f64s(5));
    let own = backend.upload(&Array::from([1.0; 5])).unwrap();
    let foreign = other.upload(&Array::from([1.0; 5])).unwrap();
    let error = executable.run(&[&own, &foreign]).unwrap_err();
    assert!(matches!(error, Error::ForeignBuffer { index: 1, .. }), "{error}");
    let error = executable.launch(vec![Some(foreign), None]).unwrap_err();
    assert!(matches!(error, Error::ForeignBuffer { index: 0, .. }), "{error}");
}
