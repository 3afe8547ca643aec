//! What LLVM is told of all programs on CPUs: options that XLA takes only as one of a whole set of its debug options.

use std::collections::BTreeMap;

use prost::{DecodeError, Message};
use pyroxene_ir::{DType, Ty};

use crate::backend::{Input, Module};

/// LLVM's options. The machine's own reordering does what interleaving and more than four copies of a loop's body would, and
/// those take a third of the compilation of a large program. They are the same for all programs: XLA lets programs
/// whose options differ wait for each other. An unknown one would end the process.
const OPTIONS: &[(&str, &str)] = &[("-interleave-loops", "false"), ("-unroll-max-count", "4")];

/// A library whose compiler is known to have the options.
struct Known {
    sha256: &'static str,
    /// Its debug options, a serialized `xla.DebugOptions`, where `XLA_FLAGS` says nothing: to ask for them takes a compilation.
    defaults: &'static [u8],
}

/// Of lammps-jax-pjrt-cpu 0.11.2.
const KNOWN: &[Known] = &[Known {
    sha256: "ad1309ac822b1b24d51b7f9947c7c9fa9ef5d67f390584cbc3d1fa2428fed9c2",
    defaults: include_bytes!("defaults/lammps-jax-pjrt-cpu-0.11.2.pb"),
}];

/// The debug options of the library of this SHA-256 where `XLA_FLAGS` says nothing; none if it is not known to have LLVM's.
pub(super) fn defaults_of(library: &str) -> Option<&'static [u8]> {
    KNOWN.iter().find(|known| known.sha256 == library).map(|known| known.defaults)
}

/// The options as part of the identity of what is compiled with them.
pub(super) fn identity() -> String {
    OPTIONS.iter().map(|(name, value)| format!("{name}={value}\n")).collect()
}

/// The options beside `defaults`, both as a serialized `xla.DebugOptions`. What the defaults hold already, from
/// `XLA_FLAGS`, wins.
pub(super) fn beside(defaults: &[u8]) -> Vec<u8> {
    let entries = OPTIONS.iter().map(|(name, value)| (name.to_string(), value.to_string()));
    let mut all = DebugOptions { xla_backend_extra_options: entries.collect() }.encode_to_vec();
    // Messages one after the other are one message, in which the later value of a key is its value.
    all.extend(defaults);
    all
}

/// The debug options that a program was compiled with, from its `HloModuleProtoWithConfig`.
pub(super) fn debug_options(program: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let config = HloModuleProtoWithConfig::decode(program)?.config.unwrap_or_default();
    Ok(config.debug_options.unwrap_or_default())
}

/// A program that returns its argument: compiled in a few milliseconds.
pub(super) fn smallest() -> Module<'static> {
    // `HloModuleProto` of `ENTRY e { x = f32[] parameter(0) ROOT t = (f32[]) tuple(x) }`, host program shape included.
    const HLO: &[u8] = b"\x0a\x01m\x12\x01e\
        \x1aR\x0a\x01e\
        \x12\x17\x0a\x01x\x12\x09parameter\x1a\x04\x10\x0b*\x00\x98\x02\x01\
        \x12\x1b\x0a\x01t\x12\x05tuple\x1a\x08\x10\x0d\x22\x04\x10\x0b*\x00\x98\x02\x02\xa2\x02\x01\x01\
        \x22\x13\x0a\x04\x10\x0b*\x00\x12\x08\x10\x0d\x22\x04\x10\x0b*\x00\x1a\x01x(\x010\x02\
        \x22\x13\x0a\x04\x10\x0b*\x00\x12\x08\x10\x0d\x22\x04\x10\x0b*\x00\x1a\x01x\
        0\x01";
    let ty = Ty::new(DType::F32, []);
    Module { name: "smallest", hlo: HLO, inputs: vec![Input::new("x", ty.clone())], outputs: vec![ty] }
}

/// `xla.DebugOptions`, the field used here.
#[derive(Clone, PartialEq, Message)]
struct DebugOptions {
    #[prost(btree_map = "string, string", tag = "500")]
    xla_backend_extra_options: BTreeMap<String, String>,
}

/// `xla.HloModuleProtoWithConfig`, the field used here.
#[derive(Clone, PartialEq, Message)]
struct HloModuleProtoWithConfig {
    #[prost(message, optional, tag = "2")]
    config: Option<HloModuleConfigProto>,
}

/// `xla.HloModuleConfigProto`, the field used here.
#[derive(Clone, PartialEq, Message)]
struct HloModuleConfigProto {
    #[prost(bytes = "vec", optional, tag = "14")]
    debug_options: Option<Vec<u8>>,
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::print_stdout,
        reason = "a test stops at the first surprise, and tells what it skips"
    )]

    use super::*;
    use crate::{
        backend::CompileOptions,
        options::Options,
        pjrt::{PjrtBackend, environment::has_flags, options::plain},
        plugin::find,
    };

    fn extra(debug_options: &[u8]) -> BTreeMap<String, String> {
        DebugOptions::decode(debug_options).unwrap().xla_backend_extra_options
    }

    /// The bytes in order: entries of a map may come in any.
    fn sorted(bytes: &[u8]) -> Vec<u8> {
        let mut sorted = bytes.to_vec();
        sorted.sort_unstable();
        sorted
    }

    #[test]
    fn options_stand_beside_all_that_the_plugin_has_by_itself() {
        let found = find("cpu", &Options::of_process().unwrap(), &mut |_| {}).unwrap();
        let compiled_with = |backend: PjrtBackend| {
            let smallest = smallest();
            let checked = backend.checked(&smallest, &CompileOptions::default()).unwrap();
            let executable = backend.compile_encoded(&checked, &plain()).unwrap();
            debug_options(&executable.optimized_program().unwrap()).unwrap()
        };
        let load = || PjrtBackend::load(&found.path, "of the test").unwrap();
        let own = compiled_with(load());
        assert!(own.len() > 100, "the plugin tells its options: {own:?}");
        if found.sha256.as_deref() == Some(KNOWN[0].sha256) && !has_flags() {
            assert_eq!(sorted(&own), sorted(KNOWN[0].defaults));
        } else {
            println!("skipped: the known debug options, because this is another plugin, or XLA_FLAGS is set");
        }
        let told = compiled_with(load().of_library(Some(KNOWN[0].sha256)));
        // Those of the environment are there too.
        let mut expected = extra(&own);
        for (name, value) in OPTIONS {
            expected.entry(name.to_string()).or_insert(value.to_string());
        }
        assert_eq!(extra(&told), expected);
        let others =
            |all: &[u8]| all.len() - DebugOptions { xla_backend_extra_options: extra(all) }.encoded_len();
        assert_eq!(others(&told), others(&own));
    }

    #[test]
    fn what_the_environment_says_of_an_option_wins() {
        let entries = BTreeMap::from([("-interleave-loops".to_string(), "true".to_string())]);
        let own = DebugOptions { xla_backend_extra_options: entries }.encode_to_vec();
        let all = extra(&beside(&own));
        assert_eq!((&*all["-interleave-loops"], &*all["-unroll-max-count"]), ("true", "4"));
    }
}
