//! The whole Python surface: module `ebpf_otlp_tracer._engine`, described for Python in `_engine.pyi`. Crossed once per
//! batch, with the interpreter released for everything that takes time. Errors become `EngineError` here and nowhere else.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use protocol_parsers::registry;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyModule};
use serde::Deserialize;

use crate::capture::{CaptureError, ErrorKind, Hooks, KernelOptions, Live, LiveError, LiveOptions};
use crate::pipeline::{Options, Summary};
use crate::redact::RedactionOptions;
use crate::replay::{Replay as Files, ReplayError};
use crate::span::{Kind, Span, Status};
use crate::{otlp, semconv};

pyo3::create_exception!(_engine, EngineError, PyException, "What the engine could not do.");

/// What Python sends as JSON. Absent keys mean the default.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Wishes {
    hooks: Option<String>,
    protocols: Vec<String>,
    max_payload: Option<u32>,
    service_name: Option<String>,
    all: bool,
    ports: Vec<u16>,
    exe: Vec<String>,
    record: Option<PathBuf>,
    record_only: bool,
    ring_bytes: Option<u32>,
    redaction: RedactionOptions,
}

/// Bytes copied of one call: four reads of a 16 KiB buffer, as large as nginx and Redis write at once.
const MAX_PAYLOAD: u32 = 64 * 1024;
/// A ring that holds 0.2 s of 50,000 requests/s; its pages count twice in the resident memory (mapped twice).
const RING_BYTES: u32 = 8 * 1024 * 1024;

fn error(kind: &str, message: impl Into<String>, details: impl Into<String>) -> PyErr {
    let (kind, message, details) = (kind.to_owned(), message.into(), details.into());
    Python::attach(|python| {
        let error = EngineError::new_err(message.clone());
        let value = error.value(python);
        for (name, text) in [("kind", kind), ("message", message), ("details", details)] {
            if let Err(failed) = value.setattr(name, text) {
                return failed;
            }
        }
        error
    })
}

fn capture_error(failed: CaptureError) -> PyErr {
    let kind = match failed.kind {
        ErrorKind::Privilege => "privilege",
        ErrorKind::Kernel => "kernel",
        ErrorKind::Verifier => "verifier",
        ErrorKind::System => "io",
    };
    error(kind, failed.message, failed.details)
}

fn live_error(failed: LiveError) -> PyErr {
    match failed {
        LiveError::Capture(failed) => capture_error(failed),
        LiveError::Recording(path, failed) => error("io", format!("{}: {failed}", path.display()), ""),
    }
}

fn replay_error(failed: &ReplayError) -> PyErr {
    let kind = match failed {
        ReplayError::Io(..) => "io",
        ReplayError::Input(..) => "input",
    };
    error(kind, failed.to_string(), "")
}

impl Wishes {
    fn read(json: &str) -> PyResult<Self> {
        serde_json::from_str(json).map_err(|failed| error("usage", format!("options: {failed}"), ""))
    }

    fn pipeline(&self) -> PyResult<Options> {
        let known = || {
            registry::PROTOCOLS
                .iter()
                .map(|protocol| protocol.name)
                .collect::<Vec<_>>()
                .join(", ")
        };
        let protocols = self.protocols.iter().map(|name| {
            registry::find(name).ok_or_else(|| error("usage", format!("no protocol {name}; there are {}", known()), ""))
        });
        Ok(Options {
            protocols: protocols.collect::<PyResult<_>>()?,
            service_name: self.service_name.clone(),
            redaction: self.redaction.clone(),
        })
    }

    fn live(&self) -> PyResult<LiveOptions> {
        let hooks = match self.hooks.as_deref() {
            None | Some("auto") => None,
            Some(name) => {
                let known = Hooks::ALL.into_iter().find(|hooks| hooks.name() == name);
                Some(known.ok_or_else(|| error("usage", format!("no hooks {name}; there are auto, {}", names()), ""))?)
            }
        };
        let executables = self.exe.iter().map(|glob| {
            glob::Pattern::new(glob).map_err(|failed| error("usage", format!("--exe {glob}: {failed}"), ""))
        });
        let executables: Vec<_> = executables.collect::<PyResult<_>>()?;
        Ok(LiveOptions {
            kernel: KernelOptions {
                hooks,
                max_payload: self.max_payload.unwrap_or(MAX_PAYLOAD),
                trace_all: self.all,
                report_all_execs: !executables.is_empty(),
                ports: self.ports.clone(),
                ring_bytes: self.ring_bytes.unwrap_or(RING_BYTES),
            },
            executables,
            recording: self.record.clone(),
            pipeline: if self.record_only { None } else { Some(self.pipeline()?) },
        })
    }
}

fn names() -> String {
    Hooks::ALL.map(Hooks::name).join(", ")
}

/// One span as people look at it: see `SpanBatch.rows` in `_engine.pyi`.
type Row = (
    String,
    String,
    String,
    String,
    &'static str,
    u64,
    u64,
    String,
    bool,
    String,
    String,
    String,
);

/// Finished spans.
#[pyclass(frozen)]
struct SpanBatch {
    spans: Vec<Span>,
}

#[pymethods]
impl SpanBatch {
    fn __len__(&self) -> usize {
        self.spans.len()
    }

    fn otlp_protobuf<'py>(&self, python: Python<'py>) -> Bound<'py, PyBytes> {
        let bytes = python.detach(|| otlp::protobuf(&self.spans));
        PyBytes::new(python, &bytes)
    }

    fn otlp_json<'py>(&self, python: Python<'py>) -> Bound<'py, PyBytes> {
        let bytes = python.detach(|| otlp::json(&self.spans));
        PyBytes::new(python, &bytes)
    }

    fn rows(&self, python: Python<'_>) -> Vec<Row> {
        python.detach(|| self.spans.iter().map(row).collect())
    }
}

fn row(span: &Span) -> Row {
    let kind = match span.kind {
        Kind::Server => "SERVER",
        Kind::Client => "CLIENT",
        Kind::Producer => "PRODUCER",
        Kind::Consumer => "CONSUMER",
    };
    let (failed, status) = match &span.status {
        Status::Unset => (false, String::new()),
        Status::Error(text) => (true, text.to_string()),
    };
    let text = |key: &str| {
        let found = span.attributes.iter().find(|attribute| attribute.key == key);
        match found.map(|attribute| &attribute.value) {
            Some(protocol_parsers::Value::Text(text)) => text.to_string(),
            Some(protocol_parsers::Value::Int(number)) => number.to_string(),
            _ => String::new(),
        }
    };
    let peer = match (text(semconv::NETWORK_PEER_ADDRESS), text(semconv::NETWORK_PEER_PORT)) {
        (address, port) if port.is_empty() => address,
        (address, port) => address
            .parse::<std::net::IpAddr>()
            .ok()
            .zip(port.parse().ok())
            .map_or_else(
                || format!("{address}:{port}"),
                |(address, port)| std::net::SocketAddr::new(address, port).to_string(),
            ),
    };
    (
        hex(&span.trace_id),
        hex(&span.span_id),
        span.parent_span_id.map(|id| hex(&id)).unwrap_or_default(),
        span.name.to_string(),
        kind,
        span.start_unix_nano,
        span.end_unix_nano,
        span.resource.service_name().to_owned(),
        failed,
        status,
        peer,
        text(semconv::PARENT_EVIDENCE),
    )
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            for digit in [byte >> 4, byte & 15] {
                text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
            }
            text
        })
}

fn summary_json(summary: &Summary, more: serde_json::Value) -> PyResult<String> {
    let mut json = serde_json::json!({
        "spans": summary.spans,
        "events": summary.events,
        "bytes_copied": summary.bytes_copied,
        "bytes_moved": summary.bytes_moved,
        "notices": summary.notices,
        "connections": summary.connections,
        "lost": summary.lost.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
        "duration_ns": summary.duration_ns,
    });
    if let (Some(json), serde_json::Value::Object(more)) = (json.as_object_mut(), more) {
        json.extend(more);
    }
    serde_json::to_string(&json).map_err(|failed| error("io", failed.to_string(), ""))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A live capture.
#[pyclass(frozen)]
struct Capture {
    live: Arc<Mutex<Live>>,
}

#[pymethods]
impl Capture {
    #[new]
    fn new(python: Python<'_>, options_json: &str) -> PyResult<Self> {
        let options = Wishes::read(options_json)?.live()?;
        let live = python.detach(|| Live::start(&options)).map_err(live_error)?;
        Ok(Self {
            live: Arc::new(Mutex::new(live)),
        })
    }

    fn watch_process(&self, python: Python<'_>, pid: u32) -> PyResult<()> {
        python.detach(|| lock(&self.live).watch(pid)).map_err(live_error)
    }

    fn poll(&self, python: Python<'_>, timeout_ms: u64) -> PyResult<SpanBatch> {
        let spans = python.detach(|| lock(&self.live).poll(Duration::from_millis(timeout_ms)));
        Ok(SpanBatch {
            spans: spans.map_err(live_error)?,
        })
    }

    fn appeared(&self) -> Vec<(u32, String)> {
        lock(&self.live).appeared()
    }

    fn stop(&self, python: Python<'_>) -> PyResult<SpanBatch> {
        let spans = python.detach(|| lock(&self.live).stop());
        Ok(SpanBatch {
            spans: spans.map_err(live_error)?,
        })
    }

    fn summary(&self) -> PyResult<String> {
        let live = lock(&self.live);
        let (hooks, refused) = live.hooks();
        let refused: Vec<String> = refused
            .iter()
            .map(|(hooks, error)| format!("{}: {error}", hooks.name()))
            .collect();
        summary_json(
            &live.summary(),
            serde_json::json!({"hooks": hooks.name(), "hooks_refused": refused}),
        )
    }
}

/// Recordings and packet captures.
#[pyclass(frozen)]
struct Replay {
    files: Mutex<Files>,
}

#[pymethods]
impl Replay {
    #[new]
    #[expect(clippy::needless_pass_by_value, reason = "pyo3 hands arguments over as values")]
    fn new(paths: Vec<PathBuf>, options_json: &str) -> PyResult<Self> {
        let options = Wishes::read(options_json)?.pipeline()?;
        let files = Files::open(&paths, options).map_err(|failed| replay_error(&failed))?;
        Ok(Self {
            files: Mutex::new(files),
        })
    }

    fn next(&self, python: Python<'_>, max_spans: usize) -> PyResult<Option<SpanBatch>> {
        let spans = python
            .detach(|| lock(&self.files).next(max_spans))
            .map_err(|failed| replay_error(&failed))?;
        Ok((!spans.is_empty()).then_some(SpanBatch { spans }))
    }

    fn summary(&self) -> PyResult<String> {
        let files = lock(&self.files);
        summary_json(
            &files.summary(),
            serde_json::json!({"warnings": files.warnings(), "damaged_files": files.damaged()}),
        )
    }
}

/// The protocols of the registry, for `--protocol` and the documentation: (name, title, what is covered).
#[pyfunction]
fn protocols() -> Vec<(&'static str, &'static str, &'static str)> {
    registry::PROTOCOLS
        .iter()
        .map(|protocol| (protocol.name, protocol.title, protocol.covers))
        .collect()
}

#[pymodule]
fn _engine(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("EngineError", module.py().get_type::<EngineError>())?;
    module.add_class::<SpanBatch>()?;
    module.add_class::<Capture>()?;
    module.add_class::<Replay>()?;
    module.add_function(wrap_pyfunction!(protocols, module)?)
}
