//! Who is whose parent.

use super::toys::{self, message};
use super::world::*;
use crate::context::parents::LINK_WINDOW_NS;
use crate::context::Evidence;
use crate::engine::{Engine, Traced};
use crate::event::{Event, Role, Vantage, Way};
use crate::exchange::Perspective;

const CALLER: (u32, u32) = (10, 10);
const SERVICE: (u32, u32) = (20, 21);
const STORE: (u32, u32) = (30, 30);
const MS: u64 = 1_000_000;

fn context() -> Vec<u8> {
    [[7; 16].as_slice(), &[8; 8]].concat()
}

fn ask(number: u32) -> Vec<u8> {
    message(0xA5, b'Q', 0, 0, number, b"")
}

fn ask_within(number: u32) -> Vec<u8> {
    message(0xA5, b'Q', toys::WITH_CONTEXT, 0, number, &context())
}

fn answer(number: u32) -> Vec<u8> {
    message(0xA5, b'A', 0, 0, number, b"")
}

/// Opens connection `id` between ports of the machine; odd ids are the client's end, the next one is the server's.
fn open_pair(id: u64, client_port: u16, server_port: u16) -> [Seen; 2] {
    let (client, server) = (
        inet(&format!("10.0.0.1:{client_port}")),
        inet(&format!("10.0.0.1:{server_port}")),
    );
    let mut near = open(Role::Client, true);
    (near.local, near.remote, near.socket) = (client.clone(), server.clone(), id);
    let mut far = open(Role::Server, true);
    (far.local, far.remote, far.socket) = (server, client, id + 1);
    [
        Seen::Other(Event::Open(header(1, id, CALLER), near)),
        Seen::Other(Event::Open(header(1, id + 1, SERVICE), far)),
    ]
}

fn at(id: u64, time_ms: u64, thread: (u32, u32), way: Way, bytes: &[u8]) -> Seen {
    Seen::Call(call(id, time_ms * MS, thread, way, 0, bytes))
}

/// caller -1-> 2 service -3-> 4 store
fn chain(request: &[u8], forwarded: &[u8], inverted: bool) -> Vec<Traced> {
    let mut events = vec![machine()];
    events.extend(open_pair(1, 40_000, 7000));
    events.extend(open_pair(3, 50_000, 7000));
    let mut first = vec![
        at(1, 100, CALLER, Way::Sent, request),
        at(2, 101, SERVICE, Way::Received, request),
    ];
    let mut second = vec![
        at(3, 102, SERVICE, Way::Sent, forwarded),
        at(4, 103, STORE, Way::Received, forwarded),
    ];
    if inverted {
        first.reverse();
        second.reverse();
    }
    events.extend(first);
    events.extend(second);
    events.push(at(4, 110, STORE, Way::Sent, &answer(2)));
    events.push(at(3, 111, SERVICE, Way::Received, &answer(2)));
    events.push(at(2, 112, SERVICE, Way::Sent, &answer(1)));
    events.push(at(1, 113, CALLER, Way::Received, &answer(1)));
    let mut out = run(&mut Engine::new(options()), &events);
    assert_eq!(check_pairs(&out, "chain"), 4);
    out.sort_by_key(|traced| traced.exchange.peers.connection);
    out
}

fn evidence(out: &[Traced]) -> Vec<Evidence> {
    out.iter().map(|traced| traced.lineage.evidence).collect()
}

/// Says that each is the child of the one before, in one trace.
fn check_chain(out: &[Traced]) {
    for pair in out.windows(2) {
        assert_eq!(pair[1].lineage.parent, Some(pair[0].lineage.span_id));
        assert_eq!(pair[1].lineage.trace_id, pair[0].lineage.trace_id);
        assert_ne!(pair[1].lineage.span_id, pair[0].lineage.span_id);
    }
}

#[test]
fn both_ends_and_the_thread_between_make_one_trace_whatever_the_order_of_events() {
    for inverted in [false, true] {
        let out = chain(&ask(1), &ask(2), inverted);
        check_chain(&out);
        assert_eq!(out[0].lineage.parent, None);
        assert_eq!(
            evidence(&out),
            [Evidence::None, Evidence::Sequence, Evidence::Thread, Evidence::Sequence]
        );
    }
    assert_eq!(chain(&ask(1), &ask(2), false), chain(&ask(1), &ask(2), false));
}

#[test]
fn a_trace_context_on_the_wire_is_the_parent_of_the_client_and_the_chain_goes_on_below_it() {
    for inverted in [false, true] {
        let out = chain(&ask_within(1), &ask(2), inverted);
        check_chain(&out);
        assert_eq!(out[0].lineage.parent, Some([8; 8]));
        assert_eq!(out[3].lineage.trace_id, [7; 16]);
        assert_eq!(
            evidence(&out),
            [Evidence::Wire, Evidence::Sequence, Evidence::Thread, Evidence::Sequence]
        );
    }
}

#[test]
fn a_proxy_that_hands_a_trace_context_on_has_its_client_below_its_server() {
    let out = chain(&ask_within(1), &ask_within(2), false);
    check_chain(&out);
    assert_eq!(
        evidence(&out),
        [Evidence::Wire, Evidence::Sequence, Evidence::Thread, Evidence::Sequence]
    );
}

#[test]
fn a_server_waits_for_its_other_end_and_no_longer() {
    let mut engine = Engine::new(options());
    feed(&mut engine, &machine());
    for end in open_pair(1, 40_000, 7000) {
        feed(&mut engine, &end);
    }
    feed(&mut engine, &at(2, 100, SERVICE, Way::Received, &ask_within(1)));
    feed(&mut engine, &at(2, 101, SERVICE, Way::Sent, &answer(1)));
    assert_eq!(engine.take(), []);
    engine.event(&Event::Tick(header(100 * MS + LINK_WINDOW_NS - 1, 0, (0, 0))));
    assert_eq!(engine.take(), []);
    engine.event(&Event::Tick(header(100 * MS + LINK_WINDOW_NS, 0, (0, 0))));
    let out = engine.take();
    assert_eq!(evidence(&out), [Evidence::Wire]);
    assert_eq!(out[0].lineage.parent, Some([8; 8]));
}

#[test]
fn a_server_whose_client_is_not_traced_waits_only_while_its_connection_is_young() {
    let mut engine = Engine::new(options());
    let ([_, server], [_, other]) = (open_pair(1, 40_000, 7000), open_pair(3, 50_000, 7000));
    feed(&mut engine, &machine());
    feed(&mut engine, &server);
    feed(&mut engine, &other);
    feed(&mut engine, &at(2, 10, SERVICE, Way::Received, &ask(1)));
    feed(&mut engine, &at(2, 11, SERVICE, Way::Sent, &answer(1)));
    assert_eq!(engine.take(), []);
    feed(&mut engine, &at(4, 100, SERVICE, Way::Received, &ask(2)));
    feed(&mut engine, &at(4, 101, SERVICE, Way::Sent, &answer(2)));
    assert_eq!(evidence(&engine.take()), [Evidence::None, Evidence::None]);
}

#[test]
fn a_thread_that_answers_two_requests_at_once_is_no_evidence() {
    let mut events = vec![machine()];
    events.extend(open_pair(1, 40_000, 7000));
    events.extend(open_pair(3, 50_000, 7000));
    events.extend(open_pair(5, 60_000, 7000));
    events.push(at(2, 100, SERVICE, Way::Received, &ask(1)));
    events.push(at(4, 101, SERVICE, Way::Received, &ask(2)));
    events.push(at(5, 102, SERVICE, Way::Sent, &ask(3)));
    events.push(at(5, 103, SERVICE, Way::Received, &answer(3)));
    let out = run(&mut Engine::new(options()), &events);
    let client = out
        .iter()
        .find(|traced| traced.exchange.peers.perspective == Perspective::Client)
        .unwrap();
    assert_eq!(client.lineage.evidence, Evidence::None);
}

#[test]
fn a_thread_that_has_begun_its_answer_is_no_evidence() {
    let mut events = vec![machine()];
    events.extend(open_pair(1, 40_000, 7000));
    events.extend(open_pair(5, 60_000, 7000));
    events.push(at(2, 100, SERVICE, Way::Received, &ask(1)));
    events.push(at(2, 101, SERVICE, Way::Sent, &answer(1)));
    events.push(at(5, 102, SERVICE, Way::Sent, &ask(3)));
    events.push(at(5, 103, SERVICE, Way::Received, &answer(3)));
    let out = run(&mut Engine::new(options()), &events);
    assert_eq!(evidence(&out), [Evidence::None; 2]);
}

#[test]
fn a_child_that_ends_long_after_its_parent_is_still_its_child() {
    let mut events = vec![machine()];
    events.extend(open_pair(1, 40_000, 7000));
    events.extend(open_pair(5, 60_000, 7000));
    events.push(at(2, 100, SERVICE, Way::Received, &ask(1)));
    events.push(at(5, 101, SERVICE, Way::Sent, &ask(3)));
    events.push(at(2, 102, SERVICE, Way::Sent, &answer(1)));
    events.push(at(5, 9000, SERVICE, Way::Received, &answer(3)));
    let out = run(&mut Engine::new(options()), &events);
    assert_eq!(evidence(&out), [Evidence::None, Evidence::Thread]);
    check_chain(&out);
}

#[test]
fn packet_captures_have_no_links_and_do_not_wait() {
    let mut engine = Engine::new(options());
    let [Seen::Other(Event::Open(header, mut open)), _] = open_pair(1, 40_000, 7000) else {
        panic!("an open")
    };
    open.vantage = Vantage::Network;
    engine.event(&Event::Open(header, open));
    feed(&mut engine, &at(1, 100, (0, 0), Way::Sent, &ask_within(1)));
    feed(&mut engine, &at(1, 101, (0, 0), Way::Received, &answer(1)));
    assert_eq!(evidence(&engine.take()), [Evidence::Wire]);
}

#[test]
fn identities_differ_by_boot_socket_and_position_and_by_nothing_else() {
    let lineage = |boot: &str, socket: u64, id: u64| {
        let mut engine = Engine::new(options());
        let machine = crate::event::Machine {
            boot_id: boot.into(),
            ..Default::default()
        };
        engine.event(&Event::Machine(header(0, 0, (0, 0)), machine));
        let mut met = open(Role::Client, true);
        met.socket = socket;
        engine.event(&Event::Open(header(1, id, CALLER), met));
        feed(&mut engine, &at(id, 100, CALLER, Way::Sent, &ask(1)));
        feed(&mut engine, &at(id, 101, CALLER, Way::Received, &answer(1)));
        engine.finish();
        engine.take().remove(0).lineage
    };
    assert_eq!(lineage("a", 1, 1), lineage("a", 1, 2));
    assert_ne!(lineage("a", 1, 1).span_id, lineage("b", 1, 1).span_id);
    assert_ne!(lineage("a", 1, 1).span_id, lineage("a", 2, 1).span_id);
}
