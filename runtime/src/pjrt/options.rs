//! Compile options in the form plugins take them: a serialized `CompileOptionsProto`.

use std::collections::BTreeMap;

use prost::Message;

use crate::backend::{CompileOptions, FlagValue};

/// The debug option that is off here: by default XLA's CPU code loses a NaN in the right operand of a minimum or maximum,
/// against HLO's own semantics.
pub(super) const FAST_MIN_MAX: &str = "xla_cpu_enable_fast_min_max";

/// `xla.CompileOptionsProto`, the fields used here.
#[derive(Clone, PartialEq, Message)]
struct CompileOptionsProto {
    #[prost(message, optional, tag = "3")]
    executable_build_options: Option<ExecutableBuildOptionsProto>,
    #[prost(btree_map = "string, message", tag = "7")]
    env_option_overrides: BTreeMap<String, OptionOverrideProto>,
}

/// `xla.ExecutableBuildOptionsProto`, the fields used here.
#[derive(Clone, PartialEq, Message)]
struct ExecutableBuildOptionsProto {
    /// A serialized `xla.DebugOptions`, in place of the plugin's own.
    #[prost(bytes = "vec", optional, tag = "3")]
    debug_options: Option<Vec<u8>>,
    #[prost(int64, tag = "4")]
    num_replicas: i64,
    #[prost(int64, tag = "5")]
    num_partitions: i64,
}

/// `xla.OptionOverrideProto`.
#[derive(Clone, PartialEq, Message)]
struct OptionOverrideProto {
    #[prost(oneof = "OverrideValue", tags = "1, 2, 3")]
    value: Option<OverrideValue>,
}

/// The value in an `xla.OptionOverrideProto`.
#[derive(Clone, PartialEq, prost::Oneof)]
enum OverrideValue {
    #[prost(string, tag = "1")]
    Text(String),
    #[prost(bool, tag = "2")]
    Bool(bool),
    #[prost(int64, tag = "3")]
    Int(i64),
}

/// The options' bytes. Replicas and partitions are always given: a plugin aborts the process on zero of
/// either. Debug options go as overrides of the plugin's defaults, where a mistake is an error instead of an
/// abort.
pub(crate) fn encode(options: &CompileOptions) -> Vec<u8> {
    let mut env_option_overrides = BTreeMap::new();
    let level = OverrideValue::Int(options.opt_level.number());
    env_option_overrides
        .insert("xla_backend_optimization_level".to_string(), OptionOverrideProto { value: Some(level) });
    let exact = OverrideValue::Bool(false);
    env_option_overrides.insert(FAST_MIN_MAX.to_string(), OptionOverrideProto { value: Some(exact) });
    for (name, value) in &options.flags {
        let value = match value {
            FlagValue::Bool(b) => OverrideValue::Bool(*b),
            FlagValue::Int(i) => OverrideValue::Int(*i),
            FlagValue::Text(s) => OverrideValue::Text(s.clone()),
        };
        env_option_overrides.insert(name.clone(), OptionOverrideProto { value: Some(value) });
    }
    CompileOptionsProto { executable_build_options: Some(ONE_DEVICE), env_option_overrides }.encode_to_vec()
}

/// The options' bytes of a program that is compiled by the plugin's own debug options.
pub(super) fn plain() -> Vec<u8> {
    CompileOptionsProto { executable_build_options: Some(ONE_DEVICE), ..CompileOptionsProto::default() }
        .encode_to_vec()
}

/// What makes the options before it be of these debug options, a serialized `xla.DebugOptions`, with their overrides:
/// messages one after the other are one message.
pub(super) fn with_debug_options(debug_options: Vec<u8>) -> Vec<u8> {
    let build = ExecutableBuildOptionsProto { debug_options: Some(debug_options), ..ONE_DEVICE };
    CompileOptionsProto { executable_build_options: Some(build), ..CompileOptionsProto::default() }
        .encode_to_vec()
}

const ONE_DEVICE: ExecutableBuildOptionsProto =
    ExecutableBuildOptionsProto { debug_options: None, num_replicas: 1, num_partitions: 1 };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_replica_and_one_partition_are_always_there() {
        let bytes = encode(&CompileOptions::default());
        // Field 3 holding fields 4 and 5, both 1.
        assert_eq!(&bytes[..6], &[0x1a, 4, 0x20, 1, 0x28, 1]);
    }
}
