//! Which protocol does a connection speak? Asked once per connection, of its first bytes each way.
//!
//! A `Yes` decides. A `Maybe` needs a second reason: a port that the protocol lists, or that it is the only protocol left
//! when both directions were seen. When nobody knows which side connected, each protocol is asked both ways round.

use protocol_parsers::{Definition, Detection, Direction};

use crate::event::{Role, Way};

/// What is known about a connection before its protocol is.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// Who connected.
    pub role: Role,
    /// Ports of both ends, local first; 0 for UNIX sockets.
    pub ports: [u16; 2],
    /// First bytes sent.
    pub sent: &'a [u8],
    /// First bytes received.
    pub received: &'a [u8],
    /// The first bytes are the connection's first; else they are where an event happened to start.
    pub fresh: bool,
}

/// A protocol, and which side of it the socket's owner is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// What is spoken.
    pub definition: &'static Definition,
    /// The socket's owner is the side that connected.
    pub local_is_client: bool,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// This one.
    Chosen(Choice),
    /// More bytes are needed.
    Wait,
    /// None of those asked.
    Nothing,
    /// TLS: unreadable.
    Tls,
}

/// The direction of a way.
pub fn direction(way: Way, local_is_client: bool) -> Direction {
    match (way, local_is_client) {
        (Way::Sent, true) | (Way::Received, false) => Direction::ToServer,
        (Way::Received, true) | (Way::Sent, false) => Direction::ToClient,
    }
}

/// Asks all protocols.
pub fn ask(protocols: &[&'static Definition], known: &Known) -> Verdict {
    if is_tls(known.sent) || is_tls(known.received) {
        return Verdict::Tls;
    }
    let mut best: Option<(Choice, u8)> = None;
    let mut alive = 0_u32;
    let mut only = None;
    for definition in protocols.iter().copied() {
        for local_is_client in orientations(known.role) {
            let choice = Choice {
                definition,
                local_is_client: *local_is_client,
            };
            let answer = answer(&choice, known);
            if answer != Detection::No {
                alive += 1;
            }
            let hinted = is_hinted(&choice, known.ports);
            let weight = match answer {
                Detection::Yes => 3 + hinted,
                Detection::Maybe if hinted > 0 => hinted,
                _ => 0,
            };
            if answer == Detection::Maybe {
                only = Some(choice);
            }
            if weight > best.map_or(0, |(_, weight)| weight) {
                best = Some((choice, weight));
            }
        }
    }
    let both_seen = !known.sent.is_empty() && !known.received.is_empty();
    match (best, only) {
        (Some((choice, _)), _) => Verdict::Chosen(choice),
        (None, Some(choice)) if alive == 1 && both_seen => Verdict::Chosen(choice),
        _ if alive == 0 => Verdict::Nothing,
        _ => Verdict::Wait,
    }
}

/// Whether some protocol could have bytes like these in this way.
pub fn is_possible(protocols: &[&'static Definition], known: &Known, way: Way) -> bool {
    let bytes = if way == Way::Sent { known.sent } else { known.received };
    protocols.iter().any(|definition| {
        let ask = |client: &bool| (definition.detect)(direction(way, *client), bytes) != Detection::No;
        orientations(known.role).iter().any(ask)
    })
}

fn orientations(role: Role) -> &'static [bool] {
    match role {
        Role::Client => &[true],
        Role::Server => &[false],
        Role::Unknown => &[true, false],
    }
}

/// What a protocol says to both directions together: one `No` is enough against it, one `Yes` for it.
fn answer(choice: &Choice, known: &Known) -> Detection {
    let mut best = Detection::NeedMore;
    for (way, bytes) in [(Way::Sent, known.sent), (Way::Received, known.received)] {
        if bytes.is_empty() {
            continue;
        }
        match (choice.definition.detect)(direction(way, choice.local_is_client), bytes) {
            Detection::No => return Detection::No,
            answer => best = best.max(answer),
        }
    }
    best
}

/// 2: the server's port is one of the protocol's; 1: the client's is; 0: neither.
fn is_hinted(choice: &Choice, ports: [u16; 2]) -> u8 {
    let [local, remote] = ports;
    let (client, server) = if choice.local_is_client {
        (local, remote)
    } else {
        (remote, local)
    };
    match (
        choice.definition.ports.contains(&server),
        choice.definition.ports.contains(&client),
    ) {
        (true, _) => 2,
        (false, true) => 1,
        (false, false) => 0,
    }
}

/// RFC 8446 5.1: 2^14 bytes, in plaintext as the first ones are.
const MAX_TLS_RECORD: u16 = 1 << 14;

/// A TLS handshake record that holds a ClientHello or ServerHello: the first six bytes of every TLS connection. Libraries
/// read the five bytes of the record's head alone.
fn is_tls(bytes: &[u8]) -> bool {
    match bytes {
        [0x16, 0x03, 0..=4, high, low] | [0x16, 0x03, 0..=4, high, low, 1 | 2, ..] => {
            (4..=MAX_TLS_RECORD).contains(&u16::from_be_bytes([*high, *low]))
        }
        _ => false,
    }
}
