//! Donation: the memory of an argument goes into a run and comes back as its result, so that a run needs no other.

use std::{borrow::Cow, ptr::NonNull, sync::Arc};

use prost::Message;
use pyroxene_ir::Ty;

use super::{
    client::Client,
    ffi,
    memory::{PjrtMemory, host_pointer},
    signature::{returns_tuple, signed_dims},
};
use crate::{
    backend::Module,
    error::{Error, Result},
};

/// `xla.HloModuleProto`, the field that says which results take whose memory.
#[derive(Clone, PartialEq, Message)]
struct HloModuleProto {
    #[prost(message, optional, tag = "8")]
    input_output_alias: Option<InputOutputAliasProto>,
}

/// `xla.HloInputOutputAliasProto`.
#[derive(Clone, PartialEq, Message)]
struct InputOutputAliasProto {
    #[prost(message, repeated, tag = "1")]
    entries: Vec<AliasEntryProto>,
}

/// `xla.HloInputOutputAliasProto.AliasEntryProto`, of a parameter that is no tuple.
#[derive(Clone, PartialEq, Message)]
struct AliasEntryProto {
    #[prost(int64, repeated, tag = "1")]
    output_shape_index: Vec<i64>,
    #[prost(int64, tag = "2")]
    parameter_number: i64,
    #[prost(int32, tag = "4")]
    kind: i32,
}

/// `MAY_ALIAS` of `xla.Kind`: the result gets memory of its own in runs that keep the argument.
const MAY_ALIAS: i32 = 1;

/// A module whose bytes have been checked, as a client compiles it.
pub(crate) struct Checked<'a> {
    /// The module as it was given.
    pub(crate) declared: &'a Module<'a>,
    /// Its bytes; they say which input is donated.
    pub(crate) hlo: Cow<'a, [u8]>,
    /// The input whose memory the only result may take.
    pub(super) donated: Option<usize>,
}

impl<'a> Checked<'a> {
    /// The module, without donation where the client does not share the host's memory.
    ///
    /// # Errors
    /// When the only result has not the donated input's type.
    pub(super) fn new(module: &'a Module<'a>, donated: Option<usize>, shares: bool) -> Result<Checked<'a>> {
        let mut checked = Checked { declared: module, hlo: Cow::Borrowed(module.hlo), donated: None };
        let Some(index) = donated else { return Ok(checked) };
        let fits = match (module.inputs.get(index), module.outputs.as_slice()) {
            (Some(input), [output]) => input.ty == *output,
            _ => false,
        };
        if !fits {
            let problem = format!(
                "expected one result of the type of the donated input {index}, found {:?} for {:?}",
                module.outputs, module.inputs
            );
            return Err(Error::Module { module: module.name.to_string(), problem });
        }
        if shares && !module.outputs[0].is_empty() {
            checked.hlo.to_mut().extend(alias(index, returns_tuple(module.hlo)));
            checked.donated = Some(index);
        }
        Ok(checked)
    }
}

/// What is appended to a module's bytes for its only result to take an input's memory: protobuf merges fields.
fn alias(index: usize, of_tuple: bool) -> Vec<u8> {
    let output_shape_index = if of_tuple { vec![0] } else { Vec::new() };
    let entry = AliasEntryProto { output_shape_index, parameter_number: index as i64, kind: MAY_ALIAS };
    HloModuleProto { input_output_alias: Some(InputOutputAliasProto { entries: vec![entry] }) }
        .encode_to_vec()
}

/// A device array that goes into each run of a launch as the donated argument and comes out as its result: always the same
/// memory, which the client has allocated.
pub(super) struct Cycle {
    pub(super) index: usize,
    memory: PjrtMemory,
    start: NonNull<u8>,
    bytes: usize,
}

impl Cycle {
    /// An array of type `ty` in memory that the host can reach, for the donated input `index`; none if it has no place.
    ///
    /// # Safety
    /// `initial` must hold a value of type `ty`, and the client share the host's memory.
    pub(super) unsafe fn new(
        client: &Arc<Client>,
        index: usize,
        ty: &Ty,
        initial: *const u8,
    ) -> Result<Option<Cycle>> {
        let (dims, semantics) = (signed_dims(ty), ffi::IMMUTABLE_ONLY_DURING_CALL);
        // SAFETY: the value is there, by the contract above, and only needed during the call: the client copies it.
        let (memory, done) = unsafe { client.transfer(ty, &dims, initial, semantics)? };
        // SAFETY: the event was just handed over; the buffer is alive.
        let start = unsafe {
            client.api.finish(done)?;
            memory.wait()?;
            host_pointer(client, memory.raw())?
        };
        let start = NonNull::new(start.cast_mut());
        Ok(start.map(|start| Cycle { index, memory, start, bytes: ty.bytes() }))
    }

    /// The argument of the next run.
    pub(super) fn raw(&self) -> *mut ffi::BufferObject {
        self.memory.raw()
    }

    /// Copies a value into the argument.
    ///
    /// # Safety
    /// `from` must hold a value of the array's type, no run be under way, and nothing borrow the last result.
    pub(super) unsafe fn fill(&mut self, from: *const u8) {
        // SAFETY: this memory is the array's, which only `self` holds, of as many bytes; by the contract above nothing
        // reads or writes it now. The two do not overlap: one is the client's, the other the launch's.
        unsafe { self.start.as_ptr().copy_from_nonoverlapping(from, self.bytes) };
    }

    /// Whether a result lies in the argument's memory.
    pub(super) fn is_at(&self, result: *const u8) -> bool {
        self.start.as_ptr().cast_const() == result
    }

    /// Lets go of the argument that a run has used up, and takes its result, which lies in the same memory.
    pub(super) fn turn(&mut self, result: *mut ffi::BufferObject) {
        self.memory.replace(result);
    }
}
