//! A live capture: drains the kernel, adds to its records what user space knows (processes, clock, silence, losses), and
//! hands the one stream to the recording and to the pipeline. What the pipeline sees live is what a replay sees.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::time::{clock_gettime, ClockId};

use super::kernel::{CaptureError, ErrorKind, Hooks, Kernel, KernelOptions};
use super::procfs;
use super::sockets::Marks;
use crate::connection::Verdict;
use crate::event::{decode, encode, Endpoint, Event, Header, Open, OPEN_FRESH_OFFSET};
use crate::pipeline::{Options, Pipeline, Summary};
use crate::recording::{Records, Writer};
use crate::span::Span;

/// How often the ring is drained when the kernel does not ask for it. 10 ms lost nothing at 180,000 events/s.
const DRAIN_INTERVAL: Duration = Duration::from_millis(10);
/// After so long without a record, time is told to the pipeline.
const SILENCE: Duration = Duration::from_millis(50);
/// The wall clock drifts against the monotonic one by some parts per million: anchored anew this often.
const CLOCK_INTERVAL: Duration = Duration::from_secs(10);
/// A recording is flushed this often: what a crash may cost.
const FLUSH_INTERVAL: Duration = Duration::from_secs(1);
/// A poll returns early with so many spans (about 1 KiB each): bounds the memory between engine and exporters.
const SPANS_PER_POLL: usize = 2048;

/// What to capture and where to put it.
#[derive(Clone, Debug)]
pub struct LiveOptions {
    /// For the kernel side.
    pub kernel: KernelOptions,
    /// Executables to trace from their exec on: globs over the base name, or over the path if they hold a slash.
    pub executables: Vec<glob::Pattern>,
    /// Also (or only) record here.
    pub recording: Option<PathBuf>,
    /// For the spans; `None` builds no spans.
    pub pipeline: Option<Options>,
}

/// Why a capture stopped.
#[derive(Debug)]
pub enum LiveError {
    /// The kernel side.
    Capture(CaptureError),
    /// The recording could not be written.
    Recording(PathBuf, std::io::Error),
}

impl From<CaptureError> for LiveError {
    fn from(error: CaptureError) -> Self {
        Self::Capture(error)
    }
}

/// A capture that runs.
pub struct Live {
    kernel: Kernel,
    stream: Stream,
    executables: Vec<glob::Pattern>,
    appeared: Vec<(u32, String)>,
    last_record: Instant,
    last_clock: Instant,
    last_flush: Instant,
    polled: bool,
    stopped: bool,
}

/// The one stream of records, on its way to the recording and the pipeline.
struct Stream {
    pipeline: Option<Pipeline>,
    recording: Option<(PathBuf, Writer<std::io::BufWriter<std::fs::File>>)>,
    described: HashSet<u32>,
    /// The one that was asked for last: most records follow one of the same process.
    last_described: u32,
    scratch: Vec<u8>,
    marks: Marks,
    /// Processes that were added while others were traced already: their sockets may be older than that.
    joined_late: HashSet<u32>,
    records: u64,
    bytes: u64,
}

impl Live {
    /// Loads, attaches and starts the stream.
    pub fn start(options: &LiveOptions) -> Result<Self, LiveError> {
        let mut recording = None;
        if let Some(path) = &options.recording {
            let writer = Writer::create(path).map_err(|error| LiveError::Recording(path.clone(), error))?;
            recording = Some((path.clone(), writer));
        }
        let mut stream = Stream {
            pipeline: options.pipeline.as_ref().map(Pipeline::new),
            recording,
            described: HashSet::new(),
            last_described: 0,
            scratch: Vec::new(),
            marks: Marks::default(),
            joined_late: HashSet::new(),
            records: 0,
            bytes: 0,
        };
        stream.add(&Event::Machine(now_header(), procfs::machine()))?;
        stream.add(&clock())?;
        let now = Instant::now();
        let kernel = Kernel::open(&options.kernel)?;
        // After attaching: what is made from here on is seen from its first byte.
        stream.marks = Marks::take();
        Ok(Self {
            kernel,
            polled: false,
            stream,
            executables: options.executables.clone(),
            appeared: Vec::new(),
            last_record: now,
            last_clock: now,
            last_flush: now,
            stopped: false,
        })
    }

    /// Traces a process and its future children. One that has ended is no error.
    pub fn watch(&mut self, pid: u32) -> Result<(), LiveError> {
        self.kernel.watch(pid)?;
        if self.polled {
            self.stream.joined_late.insert(pid);
        }
        self.stream.describe(pid)
    }

    /// Captures for this long, or until many spans are finished.
    pub fn poll(&mut self, timeout: Duration) -> Result<Vec<Span>, LiveError> {
        let deadline = Instant::now() + timeout;
        self.polled = true;
        loop {
            let more = self.drain_some()?;
            self.keep_time()?;
            let left = deadline.saturating_duration_since(Instant::now());
            let waiting = self.stream.pipeline.as_mut().map_or(0, Pipeline::waiting);
            if left.is_zero() || waiting >= SPANS_PER_POLL {
                return Ok(self.stream.take());
            }
            if !more {
                self.kernel.wait(left.min(DRAIN_INTERVAL));
            }
        }
    }

    /// Processes that ran exec since the last call, and what they run.
    pub fn appeared(&mut self) -> Vec<(u32, String)> {
        std::mem::take(&mut self.appeared)
    }

    /// Detaches, drains what is left and closes the recording.
    pub fn stop(&mut self) -> Result<Vec<Span>, LiveError> {
        if self.stopped {
            return Ok(Vec::new());
        }
        self.stopped = true;
        self.kernel.detach();
        while self.drain_some()? {}
        let losses = Event::Loss(now_header(), self.losses());
        self.stream.add(&losses)?;
        if let Some(pipeline) = &mut self.stream.pipeline {
            pipeline.finish();
        }
        if let Some((path, writer)) = self.stream.recording.take() {
            writer.finish().map_err(|error| LiveError::Recording(path, error))?;
        }
        Ok(self.stream.take())
    }

    /// What happened so far.
    pub fn summary(&self) -> Summary {
        let mut summary = match &self.stream.pipeline {
            Some(pipeline) => pipeline.summary(),
            None => Summary {
                events: self.stream.records,
                bytes_copied: self.stream.bytes,
                ..Summary::default()
            },
        };
        if !self.stopped || self.stream.pipeline.is_none() {
            summary.lost.extend(self.losses());
        }
        summary
    }

    /// The family of hooks in use, and the cheaper ones that were refused.
    pub fn hooks(&self) -> (Hooks, &[(Hooks, CaptureError)]) {
        (self.kernel.hooks(), self.kernel.refused())
    }

    fn losses(&self) -> Vec<(String, u64)> {
        let mut losses = self.kernel.losses();
        losses.push(("kernel.missed_program_runs".to_owned(), self.kernel.missed_runs()));
        losses
    }

    /// Takes some records out of the ring; false when it is empty. Some, not all: a full ring of small exchanges makes
    /// hundreds of megabytes of spans, so they are handed on in between.
    fn drain_some(&mut self) -> Result<bool, LiveError> {
        let drained = self.kernel.drain();
        if drained.is_empty() {
            return Ok(false);
        }
        let mut joining = Vec::new();
        for record in (Records { rest: drained }) {
            if let Some(pid) = self.stream.take_record(record)? {
                joining.push(pid);
            }
        }
        self.last_record = Instant::now();
        self.tell_verdicts()?;
        self.meet(&joining)?;
        Ok(true)
    }

    /// Looks at processes that ran exec: do they run what the user asked for?
    fn meet(&mut self, pids: &[u32]) -> Result<(), LiveError> {
        for pid in pids {
            let Ok(path) = std::fs::read_link(format!("/proc/{pid}/exe")) else {
                continue;
            };
            let path = path.to_string_lossy().into_owned();
            if self.executables.iter().any(|pattern| matches(pattern, &path)) {
                self.watch(*pid)?;
            }
            self.appeared.push((*pid, path));
        }
        Ok(())
    }

    fn tell_verdicts(&mut self) -> Result<(), LiveError> {
        let verdicts = self
            .stream
            .pipeline
            .as_mut()
            .map(Pipeline::take_verdicts)
            .unwrap_or_default();
        for (connection, verdict) in verdicts {
            // A recording keeps what nobody understands today: a later version is tried on it.
            if self.stream.recording.is_none() || matches!(verdict, Verdict::Skip { .. }) {
                self.kernel.set_verdict(connection, verdict)?;
            }
        }
        Ok(())
    }

    /// Clock anchors, ticks in silence, and the recording's regular flush.
    fn keep_time(&mut self) -> Result<(), LiveError> {
        let now = Instant::now();
        if now - self.last_clock >= CLOCK_INTERVAL {
            self.last_clock = now;
            self.stream.add(&clock())?;
        }
        if now - self.last_record >= SILENCE {
            self.last_record = now;
            self.stream.add(&Event::Tick(now_header()))?;
        }
        if now - self.last_flush >= FLUSH_INTERVAL {
            self.last_flush = now;
            self.stream.flush()?;
        }
        Ok(())
    }
}

impl Stream {
    /// Takes a record of the kernel. Gives the process that ran exec, if the record says so.
    fn take_record(&mut self, record: &[u8]) -> Result<Option<u32>, LiveError> {
        self.records += 1;
        let Ok(event) = decode(record) else {
            self.keep(record)?;
            if let Some(pipeline) = &mut self.pipeline {
                pipeline.damaged();
            }
            return Ok(None);
        };
        let tgid = event.header().tgid;
        match &event {
            Event::Exec(_) => {
                self.forget(tgid);
                self.pass_on(record, &event)?;
                self.describe(tgid)?;
                return Ok(Some(tgid));
            }
            Event::Exit(_) => {
                self.forget(tgid);
                self.joined_late.remove(&tgid);
            }
            Event::Open(_, open) if self.is_younger_than_attach(tgid, open) => {
                self.describe(tgid)?;
                let mut record = record.to_vec();
                if let Some(fresh) = record.get_mut(OPEN_FRESH_OFFSET) {
                    *fresh = 1;
                }
                if let Ok(event) = decode(&record) {
                    self.pass_on(&record, &event)?;
                }
                return Ok(None);
            }
            Event::Fork(..) => {}
            Event::Data(_, data) => {
                self.bytes += u64::try_from(data.bytes.len()).unwrap_or(u64::MAX);
                self.describe(tgid)?;
            }
            _ => self.describe(tgid)?,
        }
        self.pass_on(record, &event)?;
        Ok(None)
    }

    /// A UNIX connection of which the kernel cannot tell that no byte moved before, but its age can.
    fn is_younger_than_attach(&self, tgid: u32, open: &Open) -> bool {
        let unix = matches!((&open.local, open.fresh), (Endpoint::Unix(_), false));
        // Positions count from the moment we met it.
        unix && !self.joined_late.contains(&tgid) && self.marks.is_new(open.socket)
    }

    /// Adds what /proc says of a process, once.
    fn describe(&mut self, tgid: u32) -> Result<(), LiveError> {
        if tgid == self.last_described || tgid == 0 {
            return Ok(());
        }
        self.last_described = tgid;
        if !self.described.insert(tgid) {
            return Ok(());
        }
        let Some(process) = procfs::process(tgid) else {
            return Ok(());
        };
        self.add(&Event::Process(Header { tgid, ..now_header() }, process))
    }

    /// Adds an event of user space.
    fn add(&mut self, event: &Event) -> Result<(), LiveError> {
        let mut record = std::mem::take(&mut self.scratch);
        record.clear();
        // Only text over the record limit does not encode; /proc gives none that long.
        let result = match encode(event, &mut record) {
            Ok(()) => self.pass_on(&record, event),
            Err(_) => Ok(()),
        };
        self.scratch = record;
        result
    }

    /// What is known of a process is out of date.
    fn forget(&mut self, tgid: u32) {
        self.described.remove(&tgid);
        if self.last_described == tgid {
            self.last_described = 0;
        }
    }

    fn pass_on(&mut self, record: &[u8], event: &Event) -> Result<(), LiveError> {
        self.keep(record)?;
        if let Some(pipeline) = &mut self.pipeline {
            pipeline.event(event);
        }
        Ok(())
    }

    fn keep(&mut self, record: &[u8]) -> Result<(), LiveError> {
        match &mut self.recording {
            Some((path, writer)) => writer
                .write(record)
                .map_err(|error| LiveError::Recording(path.clone(), error)),
            None => Ok(()),
        }
    }

    fn flush(&mut self) -> Result<(), LiveError> {
        match &mut self.recording {
            Some((path, writer)) => writer
                .flush()
                .map_err(|error| LiveError::Recording(path.clone(), error)),
            None => Ok(()),
        }
    }

    fn take(&mut self) -> Vec<Span> {
        self.pipeline.as_mut().map(Pipeline::take).unwrap_or_default()
    }
}

/// A glob without a slash is about the base name.
fn matches(pattern: &glob::Pattern, path: &str) -> bool {
    let name = if pattern.as_str().contains('/') {
        path
    } else {
        path.rsplit('/').next().unwrap_or(path)
    };
    pattern.matches(name)
}

fn nanoseconds(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    seconds
        .saturating_mul(1_000_000_000)
        .saturating_add(u64::try_from(time.tv_nsec).unwrap_or_default())
}

fn now_header() -> Header {
    Header {
        time_ns: nanoseconds(ClockId::Monotonic),
        connection: 0,
        tgid: 0,
        tid: 0,
    }
}

/// Both clocks at one moment: the wall clock is read between two readings of the monotonic one.
fn clock() -> Event<'static> {
    let before = nanoseconds(ClockId::Monotonic);
    let unix_ns = nanoseconds(ClockId::Realtime);
    let after = nanoseconds(ClockId::Monotonic);
    Event::Clock(
        Header {
            time_ns: before + (after - before) / 2,
            ..now_header()
        },
        unix_ns,
    )
}

/// For the error that says what is missing.
impl LiveError {
    /// What stands in the way, if it is the kernel side.
    pub fn kind(&self) -> Option<ErrorKind> {
        match self {
            Self::Capture(error) => Some(error.kind),
            Self::Recording(..) => None,
        }
    }
}
