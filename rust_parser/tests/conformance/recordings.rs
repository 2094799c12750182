//! The recordings of all protocols, and what the engine makes of events.

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use protocol_parsers::registry::PROTOCOLS;
use protocol_parsers::{Definition, Direction};
use rust_parser::event::{decode, ConnectionId, Data, Event, Open, Role, Way};
use rust_parser::pipeline::{Options, Pipeline};
use rust_parser::recording::{Reader, Records};
use rust_parser::span::Span;

/// The folder of a protocol.
pub fn folder(protocol: &Definition) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/protocols")
        .join(protocol.name)
}

/// One recording.
pub struct Recording {
    pub protocol: &'static Definition,
    /// Its file's name without the extension.
    pub case: String,
    pub path: PathBuf,
    records: Vec<Vec<u8>>,
}

impl std::fmt::Display for Recording {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}/{}", self.protocol.name, self.case)
    }
}

/// Every recording of every protocol.
pub fn all() -> Vec<Recording> {
    PROTOCOLS.iter().flat_map(|protocol| of(protocol)).collect()
}

/// The recordings of a protocol, by name.
pub fn of(protocol: &'static Definition) -> Vec<Recording> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder(protocol))
        .into_iter()
        .flatten()
        .map(|entry| entry.expect("the folder can be listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "recording"))
        .collect();
    paths.sort();
    paths.into_iter().map(|path| read(protocol, path)).collect()
}

fn read(protocol: &'static Definition, path: PathBuf) -> Recording {
    let mut reader = Reader::new(File::open(&path).expect("it is there")).expect("a recording");
    let mut records = Vec::new();
    while let Some(block) = reader.block().expect("it can be read") {
        records.extend(Records { rest: &block }.map(<[u8]>::to_vec));
    }
    let case = path.file_stem().expect("a name").to_string_lossy().into_owned();
    Recording {
        protocol,
        case,
        path,
        records,
    }
}

impl Recording {
    /// As bytes.
    pub fn records(&self) -> &[Vec<u8>] {
        &self.records
    }

    /// As events.
    pub fn events(&self) -> Vec<Event<'_>> {
        self.records
            .iter()
            .map(|record| decode(record).expect("a record"))
            .collect()
    }

    /// What each connection's parser is shown, in order.
    pub fn conversations(&self) -> Vec<Vec<(Direction, Data<'_>)>> {
        let mut order = Vec::new();
        let mut open: HashMap<ConnectionId, (Open, Vec<(Direction, Data)>)> = HashMap::new();
        for event in self.events() {
            match event {
                Event::Open(header, facts) => {
                    order.push(header.connection);
                    open.insert(header.connection, (facts, Vec::new()));
                }
                Event::Data(header, data) => {
                    if let Some((facts, pieces)) = open.get_mut(&header.connection) {
                        pieces.push((direction(facts.role, data.way), data));
                    }
                }
                _ => {}
            }
        }
        order
            .iter()
            .filter_map(|id| open.remove(id))
            .map(|(_, pieces)| pieces)
            .collect()
    }
}

fn direction(role: Role, way: Way) -> Direction {
    if (way == Way::Sent) == (role == Role::Client) {
        Direction::ToServer
    } else {
        Direction::ToClient
    }
}

/// What came out.
pub struct Outcome {
    pub spans: Vec<Span>,
    /// Counters that are not zero.
    pub lost: Vec<(String, u64)>,
}

/// Runs the whole engine.
pub fn run<'a>(events: impl IntoIterator<Item = &'a Event<'a>>) -> Outcome {
    let mut pipeline = Pipeline::new(&Options::default());
    for event in events {
        pipeline.event(event);
    }
    finish(pipeline)
}

/// The end of the events.
pub fn finish(mut pipeline: Pipeline) -> Outcome {
    pipeline.finish();
    let spans = pipeline.take();
    let lost = pipeline
        .summary()
        .lost
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .collect();
    Outcome { spans, lost }
}
