//! How a program is cut to pieces: what data alone decide is computed once, and parts become kernels. The numbers stay what
//! they are without that.
#![allow(clippy::panic, reason = "a test stops at the first surprise")]

mod common;
mod row_blocks;

use std::sync::{Arc, Mutex, PoisonError};

use common::backend;
use pyroxene_frontend::{Bound, BoundFunction, Error, Model, Program, Ty, prelude::*};
use pyroxene_ir::passes::{OneKernel, Query, Settings};
use pyroxene_runtime::{
    Backend, Buffer, Code, CompileOptions, Error as RuntimeError, Executable, Module, Platform, Stats,
};

#[derive(Tree, Clone)]
struct Counts<L: Leaf = Tensor> {
    y: L,
    x: L,
}

/// Counts of so many units; other ones for another seed.
fn counts(units: usize, seed: usize) -> Counts<Array> {
    let y = (0..units).map(|i| (i * (7 + seed) % 5) as f64).collect::<Vec<_>>();
    let x = (0..units).map(|i| (seed as f64 + i as f64).sin()).collect::<Vec<_>>();
    Counts { y: Array::from(y), x: Array::from(x) }
}

/// A Poisson regression: its log factorials depend on data alone.
fn poisson(d: &Counts) {
    let width = sample("width", HalfNormal::new(1.0));
    let slope = sample("slope", Normal::new(0.0, width));
    let eta = deterministic("eta", slope * d.x);
    deterministic("mean_log_factorial", (d.y + 1.0).lgamma().mean());
    factor("y", (d.y * eta - eta.exp() - (d.y + 1.0).lgamma()).sum());
}

/// The same without hoisting.
fn plain(program: &Program) -> Result<Program, Box<dyn std::error::Error>> {
    Ok(program.with_passes(Settings::default().without("hoist_data")?))
}

fn bits(result: (f64, Vec<f64>)) -> Vec<f64> {
    [vec![result.0], result.1].concat()
}

/// Sums over as many units, added in another order: a few dozen roundings.
fn close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (f, e) in found.iter().zip(expected) {
        assert!((f - e).abs() <= 1e-13 * e.abs().max(1.0), "{found:?} against {expected:?}");
    }
}

#[test]
fn each_data_set_has_its_own_preparation() -> Result<(), Box<dyn std::error::Error>> {
    let backend = backend()?;
    let program = Model::new(poisson).trace(&counts(50, 0))?;
    let once = program.lower(Query::PotentialAndGradient)?;
    assert!(once.preparation().is_some_and(|p| p.to_text().contains("log")), "nothing is prepared");
    let whole = plain(&program)?;
    assert!(whole.lower(Query::PotentialAndGradient)?.preparation().is_none());
    // Bound side by side and called in turns, so that neither takes what was prepared for the other.
    let both = |program: &Program| -> Result<[Bound; 2], Error> {
        Ok([program.bind(&counts(50, 0), &backend)?, program.bind(&counts(50, 3), &backend)?])
    };
    let (hoisted, reference) = (both(&program)?, both(&whole)?);
    let mut seen = Vec::new();
    for position in [[0.3, -0.2], [-1.0, 0.8]] {
        for (bound, reference) in hoisted.iter().zip(&reference) {
            let found = bits(bound.potential_and_gradient(&position)?);
            close(&found, &bits(reference.potential_and_gradient(&position)?));
            seen.push(found[0]);
            let pairs = bound.constrain(&position)?.into_iter().zip(reference.constrain(&position)?);
            pairs.for_each(|(f, e)| close(&f.to_f64_vec(), &e.to_f64_vec()));
        }
    }
    assert!(seen[0] != seen[1] && seen[2] != seen[3]);
    Ok(())
}

#[test]
fn launches_read_what_is_prepared() -> Result<(), Box<dyn std::error::Error>> {
    let program = Model::new(poisson).trace(&counts(50, 0))?;
    let bound = program.bind(&counts(50, 2), &backend()?)?;
    let position = [0.2, 0.7];
    // Value and gradient leave the program as one array, and the executable as two.
    assert_eq!(program.lower(Query::PotentialAndGradient)?.outputs(), [Ty::new(DType::F64, [3])]);
    let outputs = [Ty::scalar(DType::F64), Ty::new(DType::F64, [2])];
    let compiled = program.compile(Query::PotentialAndGradient, bound.backend())?;
    assert_eq!(compiled.executable().outputs(), outputs);
    let expected = bits(bound.potential_and_gradient(&position)?);
    let (mut launch, slot) = bound.launch(Query::PotentialAndGradient)?;
    launch.slot_as::<f64>(slot)?.copy_from_slice(&position);
    launch.run()?;
    assert_eq!([launch.output_as::<f64>(0)?, launch.output_as(1)?].concat(), expected);

    let mut arguments = bound.fixed_arguments(Query::PotentialAndGradient)?;
    assert!(arguments.len() > bound.data().len());
    arguments.push(bound.backend().upload(&Array::from(&position[..]))?);
    let results = compiled.executable().run(&arguments.iter().collect::<Vec<_>>())?;
    let results = results.iter().map(|r| r.to_array()).collect::<Result<Vec<_>, _>>()?;
    assert_eq!(results.iter().flat_map(Array::to_f64_vec).collect::<Vec<_>>(), expected);
    Ok(())
}

/// Counts whose rate decays from one to the next: a loop that takes the log factorial of each.
fn decaying(d: &Counts) {
    let start = sample("start", Normal::new(0.0, 1.0));
    let step = |rate: &Tensor, (y, x): &(Tensor, Tensor)| {
        let rate = *rate * 0.9 + *x * 0.1;
        (rate, *y * rate - rate.exp() - (*y + 1.0).lgamma())
    };
    factor("y", scan(start, (d.y, d.x), step).1.sum());
}

#[test]
fn what_a_loop_computes_from_data_is_prepared() -> Result<(), Box<dyn std::error::Error>> {
    let (backend, data) = (backend()?, counts(50, 1));
    let program = Model::new(decaying).trace(&data)?;
    let text = |program: &Program| -> Result<String, Error> {
        Ok(program.resolve(Query::PotentialAndGradient, &mut |_, _| {})?.to_string())
    };
    assert!(text(&program)?.contains("prepare") && !text(&plain(&program)?)?.contains("prepare"));
    let (hoisted, reference) = (program.bind(&data, &backend)?, plain(&program)?.bind(&data, &backend)?);
    for position in [[0.3], [-1.0]] {
        let found = bits(hoisted.potential_and_gradient(&position)?);
        close(&found, &bits(reference.potential_and_gradient(&position)?));
    }
    Ok(())
}

#[test]
fn values_given_later_are_not_data() -> Result<(), Box<dyn std::error::Error>> {
    let (backend, data) = (backend()?, counts(50, 1));
    for name in ["width", "slope"] {
        // Either is a coordinate that is held fixed, of the potential in which both are latent.
        let program = Model::new(poisson).trace(&data)?.condition(&[name])?;
        let (hoisted, reference) = (program.bind(&data, &backend)?, plain(&program)?.bind(&data, &backend)?);
        let mut seen = Vec::new();
        for value in [0.5, 1.5] {
            let value = [(name, Array::from(value))];
            let (hoisted, reference) = (hoisted.given(&value)?, reference.given(&value)?);
            let found = bits(hoisted.potential_and_gradient(&[0.3])?);
            close(&found, &bits(reference.potential_and_gradient(&[0.3])?));
            seen.push(found[0]);
        }
        assert!(seen[0] != seen[1], "{name}: {seen:?}");
    }
    Ok(())
}

/// The interpreter prepares what is small, an executable what is large; both read the same data.
#[test]
fn large_data_are_prepared_on_the_device() -> Result<(), Box<dyn std::error::Error>> {
    let (backend, data) = (backend()?, counts(30_000, 0));
    let program = Model::new(poisson).trace(&data)?;
    let (hoisted, reference) = (program.bind(&data, &backend)?, plain(&program)?.bind(&data, &backend)?);
    let position = [0.3, -0.2];
    let before = backend.stats().made();
    let found = bits(hoisted.potential_and_gradient(&position)?);
    assert_eq!(backend.stats().made(), before + 2);
    close(&found, &bits(reference.potential_and_gradient(&position)?));
    Ok(())
}

#[test]
fn constants_go_where_that_is_asked_for() -> Result<(), Box<dyn std::error::Error>> {
    let data = counts(50, 0);
    let bound = Model::new(poisson).bind(&data)?;
    let dropped = bound.drop_constants();
    let mut shifts = Vec::new();
    for position in [[0.3, -0.2], [-1.0, 0.8]] {
        let (value, gradient) = bound.potential_and_gradient(&position)?;
        let (rest, same) = dropped.potential_and_gradient(&position)?;
        close(&same, &gradient);
        shifts.push(value - rest);
    }
    // What a position does not change: the log factorials, and `ln √2π` of a normal, `ln √(π/2)` of a half-normal.
    let factorial = |n: f64| (1..=n as u64).map(|k| (k as f64).ln()).sum::<f64>();
    let factorials: f64 = data.y.to_f64_vec().into_iter().map(factorial).sum();
    let tau = std::f64::consts::TAU;
    close(&shifts, &[factorials + 0.5 * tau.ln() + 0.5 * (tau / 4.0).ln(); 2]);

    let values = [("width", Array::from(0.5)), ("slope", Array::from(0.2))];
    assert_eq!(dropped.log_density(&values)?, bound.log_density(&values)?);
    Ok(())
}

/// Gradient descent on the potential, the way samplers and optimisers are written: where it ends, and the potential there.
fn descent(bound: &Bound) -> Result<BoundFunction, Error> {
    let position = [("position", Ty::new(DType::F64, [2]))];
    bound.function("descent", &position, |data, args| {
        let potential = |x: &Tensor| bound.program().embed(Query::Potential, &[data, &[*x]].concat())[0];
        let start = (args[0], potential(&args[0]));
        let (x, value) = fori_loop(0, 5, start, |_, (x, _)| {
            let next = *x - grad(potential)(x) * 1e-3;
            (next, potential(&next))
        });
        vec![x, value]
    })
}

#[test]
fn an_algorithm_prepares_what_its_loop_computes_from_data_and_runs_on_other_data()
-> Result<(), Box<dyn std::error::Error>> {
    let backend = backend()?;
    let program = Model::new(poisson).trace(&counts(50, 0))?;
    let bound = program.bind(&counts(50, 0), &backend)?;
    let function = descent(&bound)?;
    assert!(function.has_preparation(), "log factorials are computed in every step");
    let other = program.bind(&counts(50, 3), &backend)?;
    let compiles = backend.stats().made();
    let start = [Array::from([0.25, -0.5])];
    let found = [function.call(&start)?, function.rebind(&other)?.call(&start)?];
    assert_eq!(backend.stats().made(), compiles, "other data compile something");
    for (bound, found) in [bound, other].iter().zip(found) {
        let mut expected = start[0].to_f64_vec();
        for _ in 0..5 {
            let (_, gradient) = bound.potential_and_gradient(&expected)?;
            expected.iter_mut().zip(gradient).for_each(|(x, g)| *x -= 1e-3 * g);
        }
        close(&found[0].to_f64_vec(), &expected);
        close(&found[1].to_f64_vec(), &[bound.potential_and_gradient(&expected)?.0]);
    }
    Ok(())
}

#[test]
fn what_an_algorithm_asks_of_a_program_wrongly_is_told_with_its_line()
-> Result<(), Box<dyn std::error::Error>> {
    let bound = Model::new(poisson).bind(&counts(50, 0))?;
    let position = [("position", Ty::new(DType::F64, [3]))];
    let wrong = bound.function("wrong", &position, |data, args| {
        bound.program().embed(Query::Potential, &[data, args].concat())
    });
    let message = wrong.err().ok_or("a position of another length is taken")?.to_string();
    assert!(message.contains("hoisting.rs:") && message.contains("f64[3]"), "{message}");
    Ok(())
}

/// A device that keeps what it is given to compile, and refuses kernels if it is told to.
struct Device {
    inner: Arc<dyn Backend>,
    platform: Platform,
    refusal: Option<Code>,
    given: Mutex<Vec<bool>>,
}

impl Device {
    fn new(name: &str, refusal: Option<Code>) -> anyhow::Result<Arc<Device>> {
        let inner = backend()?;
        let platform = Platform { name: name.into(), ..inner.platform().clone() };
        Ok(Arc::new(Device { inner, platform, refusal, given: Mutex::default() }))
    }
}

impl Backend for Device {
    fn platform(&self) -> &Platform {
        &self.platform
    }

    fn compile(
        &self,
        module: &Module<'_>,
        options: &CompileOptions,
    ) -> Result<Arc<dyn Executable>, RuntimeError> {
        let kernels = pyroxene_lowering::text(module.hlo).is_ok_and(|t| t.contains("xla_cpu_small_call"));
        self.given.lock().unwrap_or_else(PoisonError::into_inner).push(kernels);
        match self.refusal.filter(|_| kernels) {
            Some(code) => {
                let (module, message) = (module.name.to_string(), "no kernels here".to_string());
                Err(RuntimeError::Compile { module, code, message })
            }
            None => self.inner.compile(module, options),
        }
    }

    fn upload(&self, array: &Array) -> Result<Buffer, RuntimeError> {
        self.inner.upload(array)
    }

    fn stats(&self) -> Stats {
        self.inner.stats()
    }
}

#[test]
fn kernels_are_for_cpus_that_make_them_and_change_no_number() -> Result<(), Box<dyn std::error::Error>> {
    let program = Model::new(poisson).trace(&counts(50, 0))?;
    let with = |mode| program.with_passes(Settings::default().one_kernel(mode));
    let position = [0.3, -0.8];
    let found = |device: &Arc<Device>, mode| -> Result<(Vec<f64>, Vec<bool>), Error> {
        let on: Arc<dyn Backend> = device.clone();
        let bound = with(mode).bind(&counts(50, 0), &on)?;
        let result = bits(bound.potential_and_gradient(&position)?);
        let given = device.given.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok((result, given))
    };
    let (expected, given) = found(&Device::new("cpu", None)?, OneKernel::Never)?;
    assert_eq!(given, [false]);
    let (in_kernels, given) = found(&Device::new("cpu", None)?, OneKernel::Auto)?;
    assert_eq!(given, [true]);
    close(&in_kernels, &expected);
    for code in [Code::Unimplemented, Code::Internal] {
        let (fallen_back, given) = found(&Device::new("cpu", Some(code))?, OneKernel::Always)?;
        assert_eq!((fallen_back, given), (expected.clone(), vec![true, true, false]));
    }
    let (elsewhere, given) = found(&Device::new("cuda", None)?, OneKernel::Always)?;
    assert_eq!(given, [false]);
    // Another level of optimisation adds up in another order.
    close(&elsewhere, &expected);
    // Another error is no refusal of kernels: it is told.
    let full = found(&Device::new("cpu", Some(Code::ResourceExhausted))?, OneKernel::Auto);
    assert!(full.is_err_and(|e| e.to_string().contains("no kernels here")));
    Ok(())
}
