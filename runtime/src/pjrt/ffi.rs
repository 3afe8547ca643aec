//! The PJRT C API as Rust declarations: argument structures and the function table, nothing that calls them.
//!
//! Written from `pjrt_c_api.h`, C API 0.81 (OpenXLA, Apache-2.0); the API only appends, so these definitions
//! hold for every later minor version. A plugin refuses an argument structure smaller than its own and
//! accepts a larger one whose tail is zero, so each carries spare room for the fields of newer plugins, for
//! which zero means the default.

use std::{
    ffi::{c_char, c_int, c_void},
    mem, ptr,
};

/// The oldest C API minor version (major 0) these definitions were checked against.
pub(super) const OLDEST_MINOR: c_int = 81;

/// Words appended to argument structures for the fields of newer plugins.
const SPARE: usize = 8;

macro_rules! opaque { ($($(#[$doc:meta])* $name:ident),* $(,)?) => { $(
    $(#[$doc])*
    #[repr(C)]
    pub(super) struct $name { _private: [u8; 0] }
)* } }

opaque! {
    /// A failure, owned by whoever received it.
    ErrorObject,
    /// Something that will have happened.
    EventObject,
    /// A connection to a set of devices.
    ClientObject,
    /// One device of a client.
    DeviceObject,
    /// What is known of a device without holding it.
    DeviceDescriptionObject,
    /// A memory space.
    MemoryObject,
    /// Compiled code, not bound to devices.
    ExecutableObject,
    /// Compiled code on its devices.
    LoadedExecutableObject,
    /// What backs the bytes of a serialized executable.
    SerializedObject,
    /// A device array.
    BufferObject,
}

/// A function of the table that reports failure by returning an error.
pub(super) type Entry<A> = Option<unsafe extern "C" fn(*mut A) -> *mut ErrorObject>;
/// A function of the table that cannot fail.
pub(super) type Void<A> = Option<unsafe extern "C" fn(*mut A)>;
/// A function of the table that this crate does not call.
pub(super) type Unused = Option<unsafe extern "C" fn()>;

/// An argument structure: starts as zeros with its size filled in.
pub(super) trait Args: Sized {
    /// The empty structure.
    fn new() -> Self;
}

macro_rules! args { ($($name:ident { $($field:ident: $ty:ty),* $(,)? })*) => { $(
    #[repr(C)]
    #[allow(dead_code, reason = "the plugin reads and writes the fields that Rust does not")]
    pub(super) struct $name {
        struct_size: usize,
        extension_start: *mut c_void,
        $(pub(super) $field: $ty,)*
        spare: [usize; SPARE],
    }
    impl Args for $name {
        fn new() -> Self {
            // SAFETY: every field is an integer, a bool, a raw pointer or an optional function, for which
            // zero is valid.
            let zeroed: Self = unsafe { mem::zeroed() };
            Self { struct_size: mem::size_of::<Self>(), ..zeroed }
        }
    }
)* } }

args! {
    ErrorDestroyArgs { error: *mut ErrorObject }
    ErrorMessageArgs { error: *const ErrorObject, message: *const c_char, message_size: usize }
    ErrorGetCodeArgs { error: *const ErrorObject, code: c_int }
    PluginInitializeArgs {}
    EventDestroyArgs { event: *mut EventObject }
    EventAwaitArgs { event: *mut EventObject }
    ClientCreateArgs {
        create_options: *const NamedValue,
        num_options: usize,
        kv_get_callback: Unused,
        kv_get_user_arg: *mut c_void,
        kv_put_callback: Unused,
        kv_put_user_arg: *mut c_void,
        client: *mut ClientObject,
        kv_try_get_callback: Unused,
        kv_try_get_user_arg: *mut c_void,
    }
    ClientDestroyArgs { client: *mut ClientObject }
    ClientPlatformNameArgs { client: *mut ClientObject, name: *const c_char, name_size: usize }
    ClientPlatformVersionArgs { client: *mut ClientObject, version: *const c_char, version_size: usize }
    ClientAddressableDevicesArgs {
        client: *mut ClientObject,
        devices: *const *mut DeviceObject,
        num_devices: usize,
    }
    Program { code: *mut c_char, code_size: usize, format: *const c_char, format_size: usize }
    ClientCompileArgs {
        client: *mut ClientObject,
        program: *const Program,
        compile_options: *const c_char,
        compile_options_size: usize,
        executable: *mut LoadedExecutableObject,
    }
    ClientBufferFromHostBufferArgs {
        client: *mut ClientObject,
        data: *const c_void,
        element_type: c_int,
        dims: *const i64,
        num_dims: usize,
        byte_strides: *const i64,
        num_byte_strides: usize,
        host_buffer_semantics: c_int,
        device: *mut DeviceObject,
        memory: *mut MemoryObject,
        device_layout: *mut c_void,
        done_with_host_buffer: *mut EventObject,
        buffer: *mut BufferObject,
    }
    ClientCreateViewOfDeviceBufferArgs {
        client: *mut ClientObject,
        device_buffer_ptr: *mut c_void,
        dims: *const i64,
        num_dims: usize,
        element_type: c_int,
        layout: *mut c_void,
        device: *mut DeviceObject,
        on_delete_callback: Option<unsafe extern "C" fn(*mut c_void, *mut c_void)>,
        on_delete_callback_arg: *mut c_void,
        stream: isize,
        buffer: *mut BufferObject,
        memory: *mut MemoryObject,
    }
    DeviceGetDescriptionArgs { device: *mut DeviceObject, description: *mut DeviceDescriptionObject }
    DeviceDescriptionKindArgs {
        description: *mut DeviceDescriptionObject,
        kind: *const c_char,
        kind_size: usize,
    }
    LoadedExecutableDestroyArgs { executable: *mut LoadedExecutableObject }
    LoadedExecutableGetExecutableArgs {
        loaded: *mut LoadedExecutableObject,
        executable: *mut ExecutableObject,
    }
    ExecuteOptions {
        send_callbacks: *mut c_void,
        recv_callbacks: *mut c_void,
        num_send_ops: usize,
        num_recv_ops: usize,
        launch_id: c_int,
        non_donatable_input_indices: *const i64,
        num_non_donatable_input_indices: usize,
        context: *mut c_void,
        call_location: *const c_char,
        num_tasks: usize,
        task_ids: *mut c_int,
        incarnation_ids: *mut i64,
    }
    LoadedExecutableExecuteArgs {
        executable: *mut LoadedExecutableObject,
        options: *mut ExecuteOptions,
        argument_lists: *const *const *mut BufferObject,
        num_devices: usize,
        num_args: usize,
        output_lists: *const *mut *mut BufferObject,
        device_complete_events: *mut *mut EventObject,
        execute_device: *mut DeviceObject,
    }
    ExecutableDestroyArgs { executable: *mut ExecutableObject }
    ExecutableNumOutputsArgs { executable: *mut ExecutableObject, num_outputs: usize }
    ExecutableOutputElementTypesArgs {
        executable: *mut ExecutableObject,
        output_types: *const c_int,
        num_output_types: usize,
    }
    ExecutableOutputDimensionsArgs {
        executable: *mut ExecutableObject,
        num_outputs: usize,
        dims: *const i64,
        dim_sizes: *const usize,
    }
    ExecutableOptimizedProgramArgs { executable: *mut ExecutableObject, program: *mut Program }
    ExecutableSerializeArgs {
        executable: *const ExecutableObject,
        bytes: *const c_char,
        bytes_size: usize,
        serialized: *mut SerializedObject,
        deleter: Option<unsafe extern "C" fn(*mut SerializedObject)>,
    }
    ExecutableDeserializeAndLoadArgs {
        client: *mut ClientObject,
        bytes: *const c_char,
        bytes_size: usize,
        executable: *mut LoadedExecutableObject,
        overridden_compile_options: *const c_char,
        overridden_compile_options_size: usize,
    }
    BufferDestroyArgs { buffer: *mut BufferObject }
    BufferToHostBufferArgs {
        src: *mut BufferObject,
        host_layout: *mut c_void,
        dst: *mut c_void,
        dst_size: usize,
        event: *mut EventObject,
    }
    BufferReadyEventArgs { buffer: *mut BufferObject, event: *mut EventObject }
    BufferUnsafePointerArgs { buffer: *mut BufferObject, pointer: usize }
}

/// A client option. Plugins walk arrays of these by their own size, so there is no spare room.
#[repr(C)]
pub(super) struct NamedValue {
    struct_size: usize,
    extension_start: *mut c_void,
    name: *const c_char,
    name_size: usize,
    kind: c_int,
    /// The value's bits: an integer whole, a bool in the first byte.
    value: u64,
    value_size: usize,
}

impl NamedValue {
    /// An integer option; `name` must outlive the call it is passed to.
    pub(super) fn integer(name: &'static str, value: i64) -> NamedValue {
        NamedValue::with_bits(name, 1, value.cast_unsigned())
    }

    /// A truth-valued option.
    pub(super) fn boolean(name: &'static str, value: bool) -> NamedValue {
        NamedValue::with_bits(name, 4, u64::from_ne_bytes([u8::from(value), 0, 0, 0, 0, 0, 0, 0]))
    }

    fn with_bits(name: &'static str, kind: c_int, value: u64) -> NamedValue {
        NamedValue {
            struct_size: mem::size_of::<NamedValue>(),
            extension_start: ptr::null_mut(),
            name: name.as_ptr().cast(),
            name_size: name.len(),
            kind,
            value,
            value_size: 1,
        }
    }
}

/// The host memory given to `BufferFromHostBuffer` may change as soon as the call returns.
pub(super) const IMMUTABLE_ONLY_DURING_CALL: c_int = 0;
/// The host memory stays unchanged until the event `done_with_host_buffer`.
pub(super) const IMMUTABLE_UNTIL_TRANSFER_COMPLETES: c_int = 1;

/// The version of the C API that a plugin was built with.
#[repr(C)]
pub(super) struct ApiVersion {
    struct_size: usize,
    extension_start: *mut c_void,
    pub(super) major: c_int,
    pub(super) minor: c_int,
}

/// The head of the function table, enough to decide whether the rest may be read.
#[repr(C)]
pub(super) struct ApiHead {
    pub(super) struct_size: usize,
    extension_start: *mut c_void,
    pub(super) version: ApiVersion,
}

/// The function table, down to the last function used here.
#[repr(C)]
#[allow(dead_code, reason = "unused functions keep the place of the ones after them")]
pub(super) struct ApiTable {
    pub(super) head: ApiHead,
    pub(super) error_destroy: Void<ErrorDestroyArgs>,
    pub(super) error_message: Void<ErrorMessageArgs>,
    pub(super) error_get_code: Entry<ErrorGetCodeArgs>,
    pub(super) plugin_initialize: Entry<PluginInitializeArgs>,
    pub(super) plugin_attributes: Unused,
    pub(super) event_destroy: Entry<EventDestroyArgs>,
    pub(super) event_is_ready: Unused,
    pub(super) event_error: Unused,
    pub(super) event_await: Entry<EventAwaitArgs>,
    pub(super) event_on_ready: Unused,
    pub(super) client_create: Entry<ClientCreateArgs>,
    pub(super) client_destroy: Entry<ClientDestroyArgs>,
    pub(super) client_platform_name: Entry<ClientPlatformNameArgs>,
    pub(super) client_process_index: Unused,
    pub(super) client_platform_version: Entry<ClientPlatformVersionArgs>,
    pub(super) client_devices: Unused,
    pub(super) client_addressable_devices: Entry<ClientAddressableDevicesArgs>,
    pub(super) client_lookup_device: Unused,
    pub(super) client_lookup_addressable_device: Unused,
    pub(super) client_addressable_memories: Unused,
    pub(super) client_compile: Entry<ClientCompileArgs>,
    pub(super) client_default_device_assignment: Unused,
    pub(super) client_buffer_from_host_buffer: Entry<ClientBufferFromHostBufferArgs>,
    pub(super) device_description_id: Unused,
    pub(super) device_description_process_index: Unused,
    pub(super) device_description_attributes: Unused,
    pub(super) device_description_kind: Entry<DeviceDescriptionKindArgs>,
    pub(super) device_description_debug_string: Unused,
    pub(super) device_description_to_string: Unused,
    pub(super) device_get_description: Entry<DeviceGetDescriptionArgs>,
    pub(super) device_is_addressable: Unused,
    pub(super) device_local_hardware_id: Unused,
    pub(super) device_addressable_memories: Unused,
    pub(super) device_default_memory: Unused,
    pub(super) device_memory_stats: Unused,
    pub(super) memory_id: Unused,
    pub(super) memory_kind: Unused,
    pub(super) memory_debug_string: Unused,
    pub(super) memory_to_string: Unused,
    pub(super) memory_addressable_by_devices: Unused,
    pub(super) executable_destroy: Entry<ExecutableDestroyArgs>,
    pub(super) executable_name: Unused,
    pub(super) executable_num_replicas: Unused,
    pub(super) executable_num_partitions: Unused,
    pub(super) executable_num_outputs: Entry<ExecutableNumOutputsArgs>,
    pub(super) executable_size_of_generated_code_in_bytes: Unused,
    pub(super) executable_get_cost_analysis: Unused,
    pub(super) executable_output_memory_kinds: Unused,
    pub(super) executable_optimized_program: Entry<ExecutableOptimizedProgramArgs>,
    pub(super) executable_serialize: Entry<ExecutableSerializeArgs>,
    pub(super) loaded_executable_destroy: Entry<LoadedExecutableDestroyArgs>,
    pub(super) loaded_executable_get_executable: Entry<LoadedExecutableGetExecutableArgs>,
    pub(super) loaded_executable_addressable_devices: Unused,
    pub(super) loaded_executable_delete: Unused,
    pub(super) loaded_executable_is_deleted: Unused,
    pub(super) loaded_executable_execute: Entry<LoadedExecutableExecuteArgs>,
    pub(super) executable_deserialize_and_load: Entry<ExecutableDeserializeAndLoadArgs>,
    pub(super) loaded_executable_fingerprint: Unused,
    pub(super) buffer_destroy: Entry<BufferDestroyArgs>,
    pub(super) buffer_element_type: Unused,
    pub(super) buffer_dimensions: Unused,
    pub(super) buffer_unpadded_dimensions: Unused,
    pub(super) buffer_dynamic_dimension_indices: Unused,
    pub(super) buffer_get_memory_layout: Unused,
    pub(super) buffer_on_device_size_in_bytes: Unused,
    pub(super) buffer_device: Unused,
    pub(super) buffer_memory: Unused,
    pub(super) buffer_delete: Unused,
    pub(super) buffer_is_deleted: Unused,
    pub(super) buffer_copy_to_device: Unused,
    pub(super) buffer_to_host_buffer: Entry<BufferToHostBufferArgs>,
    pub(super) buffer_is_on_cpu: Unused,
    pub(super) buffer_ready_event: Entry<BufferReadyEventArgs>,
    pub(super) buffer_unsafe_pointer: Entry<BufferUnsafePointerArgs>,
    pub(super) buffer_increase_external_reference_count: Unused,
    pub(super) buffer_decrease_external_reference_count: Unused,
    pub(super) buffer_opaque_device_memory_data_pointer: Unused,
    pub(super) copy_to_device_stream_destroy: Unused,
    pub(super) copy_to_device_stream_add_chunk: Unused,
    pub(super) copy_to_device_stream_total_bytes: Unused,
    pub(super) copy_to_device_stream_granule_size: Unused,
    pub(super) copy_to_device_stream_current_bytes: Unused,
    pub(super) topology_description_create: Unused,
    pub(super) topology_description_destroy: Unused,
    pub(super) topology_description_platform_name: Unused,
    pub(super) topology_description_platform_version: Unused,
    pub(super) topology_description_get_device_descriptions: Unused,
    pub(super) topology_description_serialize: Unused,
    pub(super) topology_description_attributes: Unused,
    pub(super) compile: Unused,
    pub(super) executable_output_element_types: Entry<ExecutableOutputElementTypesArgs>,
    pub(super) executable_output_dimensions: Entry<ExecutableOutputDimensionsArgs>,
    pub(super) buffer_copy_to_memory: Unused,
    pub(super) client_create_view_of_device_buffer: Entry<ClientCreateViewOfDeviceBufferArgs>,
}

// SAFETY: the table is written before `GetPjrtApi` returns and read only afterwards.
unsafe impl Send for ApiTable {}
// SAFETY: as above.
unsafe impl Sync for ApiTable {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sizes and places from a C program compiled against the header.
    #[test]
    fn layout_is_that_of_the_header() {
        let size = |whole: usize| whole - SPARE * mem::size_of::<usize>();
        assert_eq!(size(mem::size_of::<ClientCreateArgs>()), 88);
        assert_eq!(size(mem::size_of::<ClientCompileArgs>()), 56);
        assert_eq!(size(mem::size_of::<ClientBufferFromHostBufferArgs>()), 120);
        assert_eq!(size(mem::size_of::<ClientCreateViewOfDeviceBufferArgs>()), 112);
        assert_eq!(size(mem::size_of::<ExecuteOptions>()), 112);
        assert_eq!(size(mem::size_of::<LoadedExecutableExecuteArgs>()), 80);
        assert_eq!(size(mem::size_of::<ExecutableSerializeArgs>()), 56);
        assert_eq!(size(mem::size_of::<ExecutableDeserializeAndLoadArgs>()), 64);
        assert_eq!(size(mem::size_of::<BufferToHostBufferArgs>()), 56);
        assert_eq!(mem::size_of::<NamedValue>(), 56);
        assert_eq!(mem::offset_of!(ApiTable, error_destroy), 40);
        assert_eq!(mem::offset_of!(ApiTable, client_compile), 200);
        assert_eq!(mem::offset_of!(ApiTable, loaded_executable_execute), 480);
        assert_eq!(mem::offset_of!(ApiTable, buffer_unsafe_pointer), 624);
        assert_eq!(mem::offset_of!(ApiTable, executable_output_dimensions), 768);
        assert_eq!(mem::offset_of!(ApiTable, client_create_view_of_device_buffer), 784);
    }
}
