//! The plugins that can be installed: Python wheels pinned by name, version and hash.

/// A wheel that holds a PJRT plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wheel {
    /// The package's name.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// The SHA-256 of the wheel file, lower-case hexadecimal.
    pub sha256: &'static str,
    /// The size of the wheel file in bytes.
    pub bytes: u64,
    /// The plugin's path inside the wheel.
    pub library: &'static str,
    /// Its licence.
    pub licence: &'static str,
}

/// The CPU plugins for Linux on x86-64 with glibc 2.27 or later, in order of preference. Both are builds of
/// XLA by other projects: lammps-jax (the XLA of jaxlib 0.11.2; C API 0.115; the only one that can execute in
/// the calling thread) and fastatomstruct (an unmodified zml/pjrt-artifacts build; C API 0.106). Hashes are
/// of the files as published, computed 2026-11.
pub const CPU_WHEELS: &[Wheel] = &[
    Wheel {
        name: "lammps-jax-pjrt-cpu",
        version: "0.11.2",
        sha256: "1319390d948b39f69f7dade496b7c385149d9ca6097a6b62114da113216d9ad1",
        bytes: 62_711_338,
        library: "lammps_jax_pjrt_cpu/pjrt_c_api_cpu_plugin.so",
        licence: "Apache-2.0",
    },
    Wheel {
        name: "fastatomstruct-xla-cpu",
        version: "2026.6.23",
        sha256: "88b1c430b341b4bea40a37420311c9c75db6e22b46d2ff95b6986577bee6afe9",
        bytes: 63_200_622,
        library: "fastatomstruct_xla_cpu/libpjrt_cpu.so",
        licence: "Apache-2.0",
    },
];
