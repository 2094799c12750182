//! Generated connections: what really happened, and the events that a tracer would have seen of it.

use std::net::SocketAddr;

use super::toys;
use crate::engine::{Engine, Options, Traced};
use crate::event::{Data, Endpoint, Event, Header, Machine, Open, Role, Vantage, Way};
use protocol_parsers::Value;

/// xorshift64*: the same numbers everywhere.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        let mut random = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        random.next();
        random
    }
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// One call: bytes that moved at once.
#[derive(Clone, Debug)]
pub struct Call {
    pub connection: u64,
    pub time_ns: u64,
    pub thread: (u32, u32),
    pub way: Way,
    /// Since the beginning of the connection.
    pub position: u64,
    pub bytes: Vec<u8>,
    /// Bytes beyond these were not captured.
    pub captured: usize,
}

/// A recorded event that owns its bytes.
#[derive(Clone, Debug)]
pub enum Seen {
    Call(Call),
    Other(Event<'static>),
}

pub fn header(time_ns: u64, connection: u64, thread: (u32, u32)) -> Header {
    Header {
        time_ns,
        connection,
        tgid: thread.0,
        tid: thread.1,
    }
}

pub fn inet(text: &str) -> Endpoint {
    Endpoint::Inet(text.parse::<SocketAddr>().expect("address"))
}

/// Where sequence numbers start: close to their end, so that every world wraps.
pub const FIRST_SEQUENCE: u64 = 0xffff_ff00;

pub fn open(role: Role, fresh: bool) -> Open {
    let (near, far) = (inet("10.0.0.1:40000"), inet("10.0.0.2:7000"));
    let (local, remote) = if role == Role::Server { (far, near) } else { (near, far) };
    Open {
        socket: 77,
        netns: 5,
        role,
        vantage: Vantage::Process,
        fresh,
        local,
        remote,
        sent: FIRST_SEQUENCE,
        received: FIRST_SEQUENCE,
        sequence: true,
    }
}

pub fn options() -> Options {
    Options {
        protocols: vec![&toys::IN_ORDER, &toys::BY_ID],
        ..Options::default()
    }
}

/// Feeds events and ends.
pub fn run(engine: &mut Engine, events: &[Seen]) -> Vec<Traced> {
    for event in events {
        feed(engine, event);
    }
    engine.finish();
    engine.take()
}

pub fn feed(engine: &mut Engine, event: &Seen) {
    match event {
        Seen::Other(event) => engine.event(event),
        Seen::Call(call) => engine.event(&Event::Data(
            header(call.time_ns, call.connection, call.thread),
            Data {
                way: call.way,
                position: (FIRST_SEQUENCE + call.position) & 0xffff_ffff,
                sequence: true,
                length: u32::try_from(call.bytes.len()).expect("small"),
                bytes: &call.bytes[..call.captured.min(call.bytes.len())],
            },
        )),
    }
}

pub fn machine() -> Seen {
    let machine = Machine {
        boot_id: "boot".into(),
        ..Machine::default()
    };
    Seen::Other(Event::Machine(header(0, 0, (0, 0)), machine))
}

/// The number that an exchange's request or response carries.
pub fn number(traced: &Traced, key: &str) -> Option<i64> {
    traced
        .exchange
        .facts
        .attributes
        .iter()
        .find(|attribute| attribute.key == key)
        .map(|attribute| match attribute.value {
            Value::Int(number) => number,
            _ => panic!("not a number"),
        })
}

/// Says that every exchange is paired rightly; answers how many are whole.
pub fn check_pairs(out: &[Traced], what: &str) -> usize {
    let mut whole = 0;
    for traced in out {
        let (request, response) = (number(traced, "toy.request"), number(traced, "toy.response"));
        assert!(request.is_some(), "{what}: an exchange without a request");
        if response.is_some() {
            assert_eq!(request, response, "{what}: a response met another request");
            whole += 1;
        }
        let exchange = &traced.exchange;
        assert!(exchange.request_start_ns <= exchange.request_end_ns, "{what}");
        assert!(exchange.request_start_ns <= exchange.end_ns, "{what}");
    }
    whole
}

/// How a client behaves.
#[derive(Clone, Copy, Debug)]
pub struct Habits {
    /// Requests in flight at most.
    pub depth: u64,
    /// Requests in flight at least, but for the end.
    pub floor: u64,
    /// Exchanges.
    pub exchanges: u32,
    /// `A5` or `A6`.
    pub magic: u8,
}

/// What one client and its server did: calls in order of time, positions from 0.
pub fn conversation(random: &mut Random, habits: Habits, client_side: bool) -> Vec<Call> {
    let mut calls = Vec::new();
    let mut time_ns = 1_000_000_000;
    let (mut asked, mut answered) = (0_u32, 0_u32);
    let mut positions = [0_u64; 2];
    let mut say = |request: bool, time_ns: u64, bytes: Vec<u8>, calls: &mut Vec<Call>| {
        let way = if request == client_side {
            Way::Sent
        } else {
            Way::Received
        };
        let position = &mut positions[usize::from(request)];
        let captured = bytes.len();
        let call = Call {
            connection: 1,
            time_ns,
            thread: (10, 10),
            way,
            position: *position,
            bytes,
            captured,
        };
        *position += captured as u64;
        calls.push(call);
    };
    while answered < habits.exchanges {
        let in_flight = u64::from(asked - answered);
        let may_ask = asked < habits.exchanges && in_flight < habits.depth;
        let may_answer = in_flight > if asked < habits.exchanges { habits.floor } else { 0 };
        let asks = may_ask && (!may_answer || random.chance(50));
        let longest = if random.chance(10) { 20_000_000 } else { 500_000 };
        time_ns += 10_000 + random.below(longest);
        if in_flight == 0 && random.chance(5) {
            time_ns += 300_000_000;
        }
        let (kind, number) = if asks { (b'Q', asked) } else { (b'A', answered) };
        let longest = if random.chance(10) { 3000 } else { 40 };
        let length = random.below(longest);
        let body = vec![b'.'; usize::try_from(length).expect("small")];
        let parts: &[(u8, &[u8])] = if random.chance(20) {
            &[(1, b"head"), (2, b""), (3, &body)]
        } else {
            &[(0, &body)]
        };
        for (phase, body) in parts {
            say(
                asks,
                time_ns,
                toys::message(habits.magic, kind, 0, *phase, number, body),
                &mut calls,
            );
            time_ns += random.below(2) * 50_000;
        }
        if asks {
            asked += 1;
        } else {
            answered += 1;
        }
    }
    calls
}

/// Cuts calls at random places: the bytes move at the same time, in several events.
pub fn cut(random: &mut Random, calls: &[Call]) -> Vec<Call> {
    let mut pieces = Vec::new();
    for call in calls {
        let mut at = 0;
        while at < call.bytes.len() {
            let left = call.bytes.len() - at;
            let take = if random.chance(40) {
                left
            } else {
                1 + usize::try_from(random.below(30)).expect("small")
            };
            let bytes = call.bytes[at..(at + take).min(call.bytes.len())].to_vec();
            let captured = bytes.len();
            pieces.push(Call {
                position: call.position + at as u64,
                bytes,
                captured,
                ..call.clone()
            });
            at += captured;
        }
    }
    pieces
}

/// A fresh connection, opened before and closed after the calls.
pub fn whole(calls: &[Call], role: Role) -> Vec<Seen> {
    let first = calls.first().map_or(0, |call| call.time_ns);
    let last = calls.last().map_or(0, |call| call.time_ns);
    let mut events = vec![
        machine(),
        Seen::Other(Event::Open(header(first - 1, 1, (10, 10)), open(role, true))),
    ];
    events.extend(calls.iter().cloned().map(Seen::Call));
    events.push(Seen::Other(Event::Close(header(last + 1_000, 1, (10, 10)))));
    events
}

/// A call whose bytes were all captured.
pub fn call(connection: u64, time_ns: u64, thread: (u32, u32), way: Way, position: u64, bytes: &[u8]) -> Call {
    Call {
        connection,
        time_ns,
        thread,
        way,
        position,
        bytes: bytes.to_vec(),
        captured: bytes.len(),
    }
}
