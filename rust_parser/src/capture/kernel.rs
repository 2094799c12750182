//! The eBPF side seen from user space: choose a family of hooks, load, attach, drain, tell verdicts, read losses.

use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use libbpf_rs::{Link, MapCore as _, MapFlags, MapHandle, Object, ObjectBuilder, PrintLevel};
use libbpf_rs::{RingBuffer, RingBufferBuilder};
use rustix::event::epoll;

use crate::connection::Verdict;
use crate::event::ConnectionId;

/// Which family of hooks produces the events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hooks {
    /// `tp_btf/sock_send_length` and `sock_recv_length`: cheapest, Linux 6.3+ with BTF.
    TpBtf,
    /// Exits of system calls: Linux 5.8+ with BTF.
    Tracepoint,
}

impl Hooks {
    /// All, cheapest first (measured: `scripts/bench hooks`).
    pub const ALL: [Self; 2] = [Self::TpBtf, Self::Tracepoint];

    /// The name that users give to `--hooks`.
    pub fn name(self) -> &'static str {
        match self {
            Self::TpBtf => "tp_btf",
            Self::Tracepoint => "tracepoint",
        }
    }

    fn object(self) -> &'static [u8] {
        match self {
            Self::TpBtf => include_bytes!(concat!(env!("OUT_DIR"), "/socket_io.bpf.o")),
            Self::Tracepoint => include_bytes!(concat!(env!("OUT_DIR"), "/syscalls.bpf.o")),
        }
    }
}

/// What the kernel side needs to know before it is loaded.
#[derive(Clone, Debug)]
pub struct KernelOptions {
    /// The family to use; `None` takes the first of [`Hooks::ALL`] that loads and attaches.
    pub hooks: Option<Hooks>,
    /// Bytes copied of one call at the most.
    pub max_payload: u32,
    /// Trace every process but this one.
    pub trace_all: bool,
    /// Report every exec of the machine.
    pub report_all_execs: bool,
    /// Processes that listen on one of these are traced.
    pub ports: Vec<u16>,
    /// Size of the ring buffer: a power of two, at least a page.
    pub ring_bytes: u32,
}

/// What stands in the way, for the exit code and the next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// A capability is missing.
    Privilege,
    /// The kernel lacks something.
    Kernel,
    /// The verifier refused a program.
    Verifier,
    /// Anything else of the system (memory, descriptors).
    System,
}

/// Live capture cannot start or go on.
#[derive(Clone, Debug)]
pub struct CaptureError {
    /// What stands in the way.
    pub kind: ErrorKind,
    /// One sentence.
    pub message: String,
    /// libbpf's and the verifier's own last words.
    pub details: String,
}

impl std::fmt::Display for CaptureError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for CaptureError {}

/// The order of `enum loss_cause` in `bpf_programs/event.h`.
const LOSS_NAMES: [&str; 7] = [
    "kernel.ring_full_records",
    "kernel.ring_full_bytes",
    "kernel.user_memory_faults",
    "kernel.connection_table_full",
    "kernel.bytes_beyond_vector_limit",
    "kernel.bytes_not_in_user_memory",
    "kernel.process_table_full",
];

/// The same names stand in `bpf_programs/maps.h`.
const VERDICT_SLOTS: u64 = 65536;
const PROCESS_SLOTS: u32 = 65536;
const SLOT_SHARED: u32 = u32::MAX;

/// Records taken per round: bounds the buffer between the ring and the engine (16 KiB pieces: 2 MiB at the worst).
const RECORDS_PER_ROUND: usize = 128;

/// The loaded and attached programs. Dropping it detaches and unloads everything.
pub struct Kernel {
    hooks: Hooks,
    refused: Vec<(Hooks, CaptureError)>,
    ring: RingBuffer<'static>,
    wakeups: OwnedFd,
    records: Arc<Mutex<Vec<u8>>>,
    drained: Vec<u8>,
    processes: MapHandle,
    process_slots: MapHandle,
    verdicts: MapHandle,
    losses: MapHandle,
    links: Vec<Link>,
    // Last: links and the ring go before the object.
    object: Object,
}

impl Kernel {
    /// Loads and attaches.
    ///
    /// Errors: see [`ErrorKind`]; with several families tried, the error of the last one, all details.
    pub fn open(options: &KernelOptions) -> Result<Self, CaptureError> {
        let families: &[Hooks] = options.hooks.as_ref().map_or(&Hooks::ALL, std::slice::from_ref);
        let mut refused = Vec::new();
        for hooks in families {
            match Self::open_family(*hooks, options) {
                Ok(mut kernel) => {
                    kernel.refused = refused;
                    return Ok(kernel);
                }
                Err(error) if error.kind == ErrorKind::Privilege => return Err(error),
                Err(error) => refused.push((*hooks, error)),
            }
        }
        let details: Vec<String> = refused
            .iter()
            .map(|(hooks, error)| format!("{}: {}\n", hooks.name(), error.details))
            .collect();
        let details = details.concat();
        let error = refused.pop().map(|(_, error)| error);
        Err(CaptureError {
            details,
            ..error.unwrap_or_else(|| system_error("no family of hooks to try", ""))
        })
    }

    fn open_family(hooks: Hooks, options: &KernelOptions) -> Result<Self, CaptureError> {
        capture_libbpf_log();
        let mut builder = ObjectBuilder::default();
        let mut open = builder
            .open_memory(hooks.object())
            .map_err(|error| explain("opening the programs", &error))?;
        for mut map in open.maps_mut() {
            let name = map.name().to_string_lossy().into_owned();
            if name.ends_with(".rodata.settings") {
                map.set_initial_value(&settings(options))
                    .map_err(|error| explain("settings", &error))?;
            } else if name == "events" {
                map.set_max_entries(options.ring_bytes)
                    .map_err(|error| explain("ring buffer size", &error))?;
            }
        }
        let object = open.load().map_err(|error| explain("loading the programs", &error))?;
        let records = Arc::new(Mutex::new(Vec::new()));
        let ring = ring_over(&object, Arc::clone(&records))?;
        let ports = map(&object, "ports")?;
        for port in &options.ports {
            ports
                .update(&u32::from(*port).to_ne_bytes(), &1u32.to_ne_bytes(), MapFlags::ANY)
                .map_err(|error| explain("ports", &error))?;
        }
        let mut kernel = Self {
            hooks,
            refused: Vec::new(),
            wakeups: wakeups_of(&object)?,
            ring,
            records,
            drained: Vec::new(),
            processes: map(&object, "processes")?,
            process_slots: map(&object, "process_slots")?,
            verdicts: map(&object, "verdicts")?,
            losses: map(&object, "losses")?,
            links: Vec::new(),
            object,
        };
        kernel.attach()?;
        Ok(kernel)
    }

    fn attach(&mut self) -> Result<(), CaptureError> {
        for program in self.object.progs_mut() {
            let name = program.name().to_string_lossy().into_owned();
            let link = program
                .attach()
                .map_err(|error| explain(&format!("attaching {name}"), &error))?;
            self.links.push(link);
        }
        Ok(())
    }

    /// The family in use.
    pub fn hooks(&self) -> Hooks {
        self.hooks
    }

    /// Cheaper families that were tried first, and why they are not in use.
    pub fn refused(&self) -> &[(Hooks, CaptureError)] {
        &self.refused
    }

    /// Traces this process and its future children.
    pub fn watch(&self, tgid: u32) -> Result<(), CaptureError> {
        let failed = |error| explain("adding a process", &error);
        self.processes
            .update(&tgid.to_ne_bytes(), &1u32.to_ne_bytes(), MapFlags::ANY)
            .map_err(failed)?;
        let slot = (tgid % PROCESS_SLOTS).to_ne_bytes();
        let taken = self
            .process_slots
            .lookup(&slot, MapFlags::ANY)
            .map_err(failed)?
            .unwrap_or_default();
        let taken = taken.first_chunk().map_or(0, |bytes| u32::from_ne_bytes(*bytes));
        let value = if taken == 0 || taken == tgid { tgid } else { SLOT_SHARED };
        self.process_slots
            .update(&slot, &value.to_ne_bytes(), MapFlags::ANY)
            .map_err(failed)
    }

    /// Tells the kernel side what to copy of a connection.
    pub fn set_verdict(&self, connection: ConnectionId, verdict: Verdict) -> Result<(), CaptureError> {
        let slot = u32::try_from(connection % VERDICT_SLOTS).unwrap_or_default();
        let (code, until): (u32, [Option<u64>; 2]) = match verdict {
            Verdict::NoBytes => (1, [None; 2]),
            Verdict::Silent => (2, [None; 2]),
            Verdict::Skip {
                sent: None,
                received: None,
            } => (0, [None; 2]),
            Verdict::Skip { sent, received } => (3, [sent, received]),
        };
        let [sent, received] = until.map(|position| u32::from(position.is_some()));
        // `struct verdict_slot`
        let mut value = connection.to_ne_bytes().to_vec();
        value.extend(code.to_ne_bytes());
        value.extend((sent | received << 1).to_ne_bytes());
        value.extend(
            until
                .into_iter()
                .flat_map(|position| position.unwrap_or_default().to_ne_bytes()),
        );
        self.verdicts
            .update(&slot.to_ne_bytes(), &value, MapFlags::ANY)
            .map_err(|error| explain("telling a verdict", &error))
    }

    /// Waits until the kernel asks to be read or the time is over. An interrupted wait is over too: the caller looks
    /// at what interrupted it.
    pub fn wait(&self, timeout: Duration) {
        let mut events = [MaybeUninit::uninit()];
        let timeout = rustix::event::Timespec {
            tv_sec: i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(timeout.subsec_nanos()),
        };
        let _ = epoll::wait(&self.wakeups, &mut events, Some(&timeout));
    }

    /// Takes some records out of the ring, in their order, one after the other. Empty: nothing waits.
    pub fn drain(&mut self) -> &[u8] {
        self.drained.clear();
        std::mem::swap(&mut self.drained, &mut lock(&self.records));
        let _ = self.ring.consume_raw_n(RECORDS_PER_ROUND);
        std::mem::swap(&mut self.drained, &mut lock(&self.records));
        &self.drained
    }

    /// Stops producing events; what is in the ring can still be drained.
    pub fn detach(&mut self) {
        self.links.clear();
    }

    /// Totals of what the kernel side lost, by cause, zeros included.
    pub fn losses(&self) -> Vec<(String, u64)> {
        let total = |cause: u32| -> u64 {
            let values = self.losses.lookup_percpu(&cause.to_ne_bytes(), MapFlags::ANY);
            let values = values.ok().flatten().unwrap_or_default();
            values
                .iter()
                .filter_map(|value| value.first_chunk().map(|bytes| u64::from_ne_bytes(*bytes)))
                .sum()
        };
        LOSS_NAMES
            .iter()
            .zip(0..)
            .map(|(name, cause)| ((*name).to_owned(), total(cause)))
            .collect()
    }

    /// Times a program was not run because it was already running on that CPU: events lost without a trace.
    pub fn missed_runs(&self) -> u64 {
        let ids: Vec<u32> = self
            .object
            .progs()
            .filter_map(|program| libbpf_rs::Program::id_from_fd(program.as_fd()).ok())
            .collect();
        let infos = libbpf_rs::query::ProgInfoIter::default().filter(|info| ids.contains(&info.id));
        infos.map(|info| info.recursion_misses).sum()
    }
}

/// `struct settings` of `bpf_programs/settings.h`.
fn settings(options: &KernelOptions) -> [u8; 16] {
    let mut bytes = [0; 16];
    let (numbers, switches) = bytes.split_at_mut(12);
    let own = std::process::id();
    // A quarter of the ring: far from full, and rare when the reader's timer keeps up.
    let wakeup_bytes = options.ring_bytes / 4;
    for (field, value) in numbers
        .chunks_exact_mut(4)
        .zip([options.max_payload, wakeup_bytes, own])
    {
        field.copy_from_slice(&value.to_ne_bytes());
    }
    for (field, value) in switches.iter_mut().zip([options.trace_all, options.report_all_execs]) {
        *field = u8::from(value);
    }
    bytes
}

/// A ring buffer reader that appends every record to `records`.
fn ring_over(object: &Object, records: Arc<Mutex<Vec<u8>>>) -> Result<RingBuffer<'static>, CaptureError> {
    let events = object
        .maps()
        .find(|map| map.name() == "events")
        .ok_or_else(|| system_error("no map events", ""))?;
    let mut builder = RingBufferBuilder::new();
    builder
        .add(&events, move |record| {
            lock(&records).extend_from_slice(record);
            0
        })
        .map_err(|error| explain("reading the ring buffer", &error))?;
    builder
        .build()
        .map_err(|error| explain("mapping the ring buffer", &error))
}

/// Tells when the kernel forced a wake-up. Edge-triggered: what waits without a wake-up is left to the timer.
fn wakeups_of(object: &Object) -> Result<OwnedFd, CaptureError> {
    let events = map(object, "events")?;
    let wakeups = epoll::create(epoll::CreateFlags::CLOEXEC)
        .map_err(|error| system_error("cannot wait for the kernel", &error.to_string()))?;
    epoll::add(
        &wakeups,
        &events,
        epoll::EventData::new_u64(0),
        epoll::EventFlags::IN | epoll::EventFlags::ET,
    )
    .map_err(|error| system_error("cannot wait for the kernel", &error.to_string()))?;
    Ok(wakeups)
}

fn map(object: &Object, name: &str) -> Result<MapHandle, CaptureError> {
    let map = object.maps().find(|map| map.name() == name);
    let map = map.ok_or_else(|| system_error(&format!("no map {name}"), ""))?;
    MapHandle::try_from(&map).map_err(|error| explain("opening a map", &error))
}

/// What libbpf said since the last [`capture_libbpf_log`]: its callback has no argument, so this one is global.
static LIBBPF_LOG: Mutex<String> = Mutex::new(String::new());

/// A refused program logs hundreds of lines; only the last ones say why.
const MAX_LOG_BYTES: usize = 1 << 20;

fn capture_libbpf_log() {
    lock(&LIBBPF_LOG).clear();
    libbpf_rs::set_print(Some((PrintLevel::Info, |_, line| {
        let mut log = lock(&LIBBPF_LOG);
        if log.len() < MAX_LOG_BYTES {
            log.push_str(&line);
        }
    })));
}

/// Data behind a lock stays usable when a panic elsewhere poisoned it: it is only bytes and text.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn explain(doing: &str, error: &libbpf_rs::Error) -> CaptureError {
    let log = lock(&LIBBPF_LOG).clone();
    let refused = log.contains("BEGIN PROG LOAD LOG") && !log.contains("unknown func") && !log.contains("Invalid type");
    let kind = match error.kind() {
        libbpf_rs::ErrorKind::PermissionDenied if !refused => ErrorKind::Privilege,
        _ if refused => ErrorKind::Verifier,
        libbpf_rs::ErrorKind::OutOfMemory => ErrorKind::System,
        _ => ErrorKind::Kernel,
    };
    CaptureError {
        kind,
        message: format!("{doing}: {error}"),
        details: last_lines(&log),
    }
}

fn system_error(message: &str, details: &str) -> CaptureError {
    CaptureError {
        kind: ErrorKind::System,
        message: message.to_owned(),
        details: details.to_owned(),
    }
}

/// The lines that say why: the end of the verifier's log and libbpf's own, without the dump before.
fn last_lines(log: &str) -> String {
    const LINES: usize = 12;
    let lines: Vec<&str> = log.lines().filter(|line| !line.starts_with("-- ")).collect();
    lines
        .get(lines.len().saturating_sub(LINES)..)
        .unwrap_or_default()
        .join("\n")
}
