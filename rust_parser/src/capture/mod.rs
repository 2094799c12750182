//! Live capture: loads the eBPF programs, drains their ring buffer, knows the processes that are traced.
//!
//! Nothing here interprets payload. [`kernel`] talks to the kernel, [`procfs`] reads what /proc says of a process,
//! [`sockets`] knows which sockets are younger than the attach,
//! [`live`] joins both with the pipeline and the recording.

mod kernel;
mod live;
mod procfs;
mod sockets;

pub use kernel::{CaptureError, ErrorKind, Hooks, KernelOptions};
pub use live::{Live, LiveError, LiveOptions};
