//! What XLA makes of a lowered program, for the tests that compare it with the interpreter.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test")]
#![allow(dead_code, reason = "not every test uses all of it")]

use pyroxene_ir::Array;
use pyroxene_lowering::Lowered;
use pyroxene_runtime::{CompileOptions, FlagValue, Input, Module, OptLevel, default_backend};

/// Without optimisation, since compiling is what takes the time; `libraries` says whether the program may call XLA's.
pub(crate) fn quick(libraries: bool) -> CompileOptions {
    let mut options = CompileOptions { opt_level: OptLevel::O0, ..CompileOptions::default() };
    if !libraries {
        options.flags.insert("xla_cpu_experimental_ynn_fusion_type".into(), FlagValue::Text(String::new()));
    }
    options
}

/// The program's results for these arguments.
pub(crate) fn run<'a>(
    lowered: &Lowered,
    options: &CompileOptions,
    args: impl IntoIterator<Item = &'a Array>,
) -> Vec<Array> {
    let backend = default_backend().unwrap();
    let module = Module {
        name: &lowered.name,
        hlo: &lowered.hlo,
        inputs: lowered.inputs.iter().map(|(name, ty)| Input::new(name.clone(), ty.clone())).collect(),
        outputs: lowered.outputs.clone(),
    };
    let executable = backend.compile(&module, options).unwrap();
    let buffers: Vec<_> = args.into_iter().map(|x| backend.upload(x).unwrap()).collect();
    let results = executable.run(&buffers.iter().collect::<Vec<_>>()).unwrap();
    results.iter().map(|r| r.to_array().unwrap()).collect()
}
