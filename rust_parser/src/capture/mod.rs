//! Live capture: loads the eBPF programs, drains their ring buffer, knows the processes that are traced.
//!
//! Nothing here interprets payload. [`kernel`] talks to the kernel, [`procfs`] reads what /proc says of a process,
//! [`live`] joins both with the engine and the recording.

mod kernel;

pub use kernel::{CaptureError, ErrorKind, Hooks, Kernel, KernelOptions};
