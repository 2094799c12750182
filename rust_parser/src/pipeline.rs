//! Events in, spans out: the engine, and around it what turns its exchanges into spans (clock, resources, names,
//! redaction). Live capture and replay drive the same pipeline with the same events, so they give the same spans.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use protocol_parsers::{registry, Definition};

use crate::connection::Verdict;
use crate::engine::{Engine, Options as EngineOptions, Traced};
use crate::event::{decode, ConnectionId, Event, Machine, Vantage};
use crate::naming::{Limits, Names};
use crate::redact::{Redaction, RedactionOptions};
use crate::span::{build, ClockMap, Resource, Span};

/// Ended processes whose resource is kept for exchanges that are still on their way.
const ENDED_PROCESSES_KEPT: usize = 1024;

/// The one counter of the engine that counts no loss.
const NOTICES: &str = "notices";

/// What the user chose.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Protocols to look for; empty: all.
    pub protocols: Vec<&'static Definition>,
    /// `service.name` of every span, whatever the processes say.
    pub service_name: Option<String>,
    /// What may be shown.
    pub redaction: RedactionOptions,
}

/// The stages from event to span.
pub struct Pipeline {
    engine: Engine,
    clock: ClockMap,
    names: Names,
    redaction: Redaction,
    service_name: Option<String>,
    machine: Machine,
    resources: HashMap<u32, Arc<Resource>>,
    ended: VecDeque<u32>,
    unknown: Arc<Resource>,
    spans: Vec<Span>,
    events: u64,
    damaged: u64,
    bytes_copied: u64,
    first_ns: Option<u64>,
    last_ns: u64,
}

impl Pipeline {
    /// Nothing seen yet.
    pub fn new(options: &Options) -> Self {
        let protocols = if options.protocols.is_empty() {
            registry::PROTOCOLS.to_vec()
        } else {
            options.protocols.clone()
        };
        Self {
            engine: Engine::new(EngineOptions {
                protocols,
                ..EngineOptions::default()
            }),
            clock: ClockMap::new(),
            names: Names::new(Limits::default()),
            redaction: Redaction::new(&options.redaction),
            service_name: options.service_name.clone(),
            machine: Machine::default(),
            resources: HashMap::new(),
            ended: VecDeque::new(),
            unknown: Arc::new(Resource::of_capture(options.service_name.as_deref())),
            spans: Vec::new(),
            events: 0,
            damaged: 0,
            bytes_copied: 0,
            first_ns: None,
            last_ns: 0,
        }
    }

    /// Takes one record.
    pub fn record(&mut self, record: &[u8]) {
        match decode(record) {
            Ok(event) => self.event(&event),
            Err(_) => self.damaged(),
        }
    }

    /// A record did not decode: counted and passed over.
    pub fn damaged(&mut self) {
        self.damaged += 1;
    }

    /// Takes one event.
    pub fn event(&mut self, event: &Event) {
        let time_ns = event.header().time_ns;
        self.events += 1;
        self.first_ns.get_or_insert(time_ns);
        self.last_ns = self.last_ns.max(time_ns);
        match event {
            Event::Data(_, data) => self.bytes_copied += u64::try_from(data.bytes.len()).unwrap_or(u64::MAX),
            Event::Machine(_, machine) => self.machine = machine.clone(),
            Event::Clock(header, unix_ns) => self.clock.add(header.time_ns, *unix_ns),
            Event::Process(_, process) => {
                // Exchanges that ended before belong to what the process was.
                self.collect();
                let resource = Resource::of_process(process, &self.machine, self.service_name.as_deref());
                self.resources.insert(process.pid, Arc::new(resource));
            }
            Event::Fork(header, parent) => {
                if let Some(resource) = self.resources.get(parent) {
                    let resource = Arc::clone(resource);
                    self.resources.entry(header.tgid).or_insert(resource);
                }
            }
            Event::Exit(header) => self.ended(header.tgid),
            _ => {}
        }
        self.engine.event(event);
    }

    /// The end of the events.
    pub fn finish(&mut self) {
        self.engine.finish();
    }

    /// The spans finished since the last call, in the order of their end.
    pub fn take(&mut self) -> Vec<Span> {
        self.collect();
        std::mem::take(&mut self.spans)
    }

    /// How many spans [`Pipeline::take`] would give at least.
    pub fn waiting(&mut self) -> usize {
        self.collect();
        self.spans.len()
    }

    /// What the kernel side should do with connections, since the last call.
    pub fn take_verdicts(&mut self) -> Vec<(ConnectionId, Verdict)> {
        self.engine.take_verdicts()
    }

    /// What happened so far.
    pub fn summary(&self) -> Summary {
        let statistics = self.engine.statistics();
        let counters = self.engine.loss();
        let mut lost: Vec<(String, u64)> = counters
            .entries()
            .into_iter()
            .filter(|(cause, _)| *cause != NOTICES)
            .map(|(cause, count)| (cause.to_owned(), count))
            .collect();
        lost.extend(counters.source.iter().map(|(cause, count)| (cause.clone(), *count)));
        lost.push(("records_damaged".to_owned(), self.damaged));
        let exchanges = statistics.exchanges.iter();
        Summary {
            spans: exchanges
                .map(|(protocol, count)| ((*protocol).to_owned(), *count))
                .collect(),
            events: self.events,
            bytes_copied: self.bytes_copied,
            bytes_moved: statistics.bytes,
            connections: statistics.connections_seen,
            connections_open: statistics.connections_open,
            lost,
            notices: counters.notices,
            duration_ns: self.first_ns.map_or(0, |first| self.last_ns.saturating_sub(first)),
        }
    }

    fn collect(&mut self) {
        for Traced { exchange, lineage } in self.engine.take() {
            let known = match exchange.peers.vantage {
                Vantage::Process => self.resources.get(&exchange.tgid),
                Vantage::Network => None,
            };
            let resource = Arc::clone(known.unwrap_or(&self.unknown));
            self.spans.push(build(
                exchange,
                lineage,
                &self.clock,
                &mut self.names,
                &self.redaction,
                resource,
            ));
        }
    }

    fn ended(&mut self, tgid: u32) {
        self.ended.push_back(tgid);
        if self.ended.len() > ENDED_PROCESSES_KEPT {
            self.collect();
            if let Some(oldest) = self.ended.pop_front() {
                self.resources.remove(&oldest);
            }
        }
    }
}

/// What a capture or replay did, for the user's summary.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Summary {
    /// Finished exchanges by protocol.
    pub spans: std::collections::BTreeMap<String, u64>,
    /// Events taken.
    pub events: u64,
    /// Payload bytes that came with the events.
    pub bytes_copied: u64,
    /// Payload bytes that moved on connections that are understood, copied or not.
    pub bytes_moved: u64,
    /// Connections met.
    pub connections: u64,
    /// Connections not closed yet.
    pub connections_open: u64,
    /// What was lost, by cause, zeros included.
    pub lost: Vec<(String, u64)>,
    /// Messages that belong to no exchange (pub/sub, push): seen, and no loss.
    pub notices: u64,
    /// From the first event to the last.
    pub duration_ns: u64,
}

impl Summary {
    /// Adds another stream's, as if both had been one after the other.
    pub fn add(&mut self, other: &Self) {
        for (protocol, count) in &other.spans {
            *self.spans.entry(protocol.clone()).or_default() += count;
        }
        self.events += other.events;
        self.bytes_copied += other.bytes_copied;
        self.bytes_moved += other.bytes_moved;
        self.connections += other.connections;
        self.connections_open += other.connections_open;
        self.duration_ns += other.duration_ns;
        self.notices += other.notices;
        for (cause, count) in &other.lost {
            match self.lost.iter_mut().find(|(known, _)| known == cause) {
                Some((_, total)) => *total += count,
                None => self.lost.push((cause.clone(), *count)),
            }
        }
    }
}
