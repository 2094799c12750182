//! Writes packets and capture files.

/// One TCP segment between 10.0.0.1:40000 (the client) and 10.0.0.2:80 (the server).
#[derive(Clone)]
pub(in super::super) struct Tcp {
    pub from_client: bool,
    pub client_port: u16,
    pub flags: u8,
    pub sequence: u32,
    pub acknowledged: u32,
    pub payload: Vec<u8>,
}

pub(in super::super) const FIN: u8 = 1;
pub(in super::super) const SYN: u8 = 2;
pub(in super::super) const RST: u8 = 4;
pub(in super::super) const ACK: u8 = 16;

impl Tcp {
    pub(in super::super) fn bytes(&self) -> Vec<u8> {
        let (mut ports, server) = (self.client_port.to_be_bytes().to_vec(), 80_u16.to_be_bytes());
        ports.extend(server);
        if !self.from_client {
            ports.rotate_left(2);
        }
        let mut bytes = ports;
        bytes.extend(self.sequence.to_be_bytes());
        bytes.extend(self.acknowledged.to_be_bytes());
        bytes.extend([0x50, self.flags, 0xff, 0xff, 0, 0, 0, 0]);
        bytes.extend(&self.payload);
        bytes
    }

    pub(in super::super) fn ip4(&self) -> Vec<u8> {
        ip4(self.from_client, 6, 1, 0, &self.bytes())
    }

    pub(in super::super) fn ethernet(&self) -> Vec<u8> {
        ethernet(0x0800, &self.ip4())
    }
}

/// `place`: the flags and the fragment offset.
pub(in super::super) fn ip4(from_client: bool, protocol: u8, id: u16, place: u16, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x45, 0];
    bytes.extend((20 + body.len() as u16).to_be_bytes());
    bytes.extend(id.to_be_bytes());
    bytes.extend(place.to_be_bytes());
    bytes.extend([64, protocol, 0, 0]);
    let (client, server) = ([10, 0, 0, 1], [10, 0, 0, 2]);
    bytes.extend(if from_client {
        [client, server].concat()
    } else {
        [server, client].concat()
    });
    bytes.extend(body);
    bytes
}

pub(in super::super) fn ip6(from_client: bool, next_header: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x60, 0, 0, 0];
    bytes.extend((body.len() as u16).to_be_bytes());
    bytes.extend([next_header, 64]);
    let mut ends = [[0; 16]; 2];
    ends[0][15] = if from_client { 1 } else { 2 };
    ends[1][15] = if from_client { 2 } else { 1 };
    bytes.extend(ends.concat());
    bytes.extend(body);
    bytes
}

pub(in super::super) fn ethernet(kind: u16, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![2; 12];
    bytes.extend(kind.to_be_bytes());
    bytes.extend(body);
    bytes
}

/// Both sides of one conversation, keeping their sequence numbers.
pub(in super::super) struct Conversation {
    pub client: u32,
    pub server: u32,
    pub port: u16,
    pub packets: Vec<(u64, Vec<u8>)>,
    pub time_ns: u64,
}

impl Conversation {
    pub(in super::super) fn new() -> Self {
        Self {
            client: 1000,
            server: 5000,
            port: 40_000,
            packets: Vec::new(),
            time_ns: 1_700_000_000_000_000_000,
        }
    }

    pub(in super::super) fn segment(&self, from_client: bool, flags: u8, payload: &[u8]) -> Tcp {
        let (sequence, acknowledged) = if from_client {
            (self.client, self.server)
        } else {
            (self.server, self.client)
        };
        let payload = payload.to_vec();
        Tcp {
            from_client,
            client_port: self.port,
            flags,
            sequence,
            acknowledged,
            payload,
        }
    }

    pub(in super::super) fn push(&mut self, segment: &Tcp) {
        self.time_ns += 1000;
        self.packets.push((self.time_ns, segment.ethernet()));
    }

    /// Sends, captured.
    pub(in super::super) fn send(&mut self, from_client: bool, flags: u8, payload: &[u8]) {
        let segment = self.lose(from_client, flags, payload);
        self.push(&segment);
    }

    /// Sends, not captured (yet).
    pub(in super::super) fn lose(&mut self, from_client: bool, flags: u8, payload: &[u8]) -> Tcp {
        let segment = self.segment(from_client, flags, payload);
        let length = payload.len() as u32 + u32::from(flags & (SYN | FIN) != 0);
        let next = if from_client {
            &mut self.client
        } else {
            &mut self.server
        };
        *next = next.wrapping_add(length);
        segment
    }

    pub(in super::super) fn handshake(&mut self) {
        let mut syn = self.lose(true, SYN, b"");
        syn.acknowledged = 0;
        self.push(&syn);
        self.send(false, SYN | ACK, b"");
        self.send(true, ACK, b"");
    }

    pub(in super::super) fn goodbye(&mut self) {
        self.send(true, FIN | ACK, b"");
        self.send(false, FIN | ACK, b"");
        self.send(true, ACK, b"");
    }

    pub(in super::super) fn request(&mut self, payload: &[u8]) {
        self.send(true, ACK, payload);
    }

    pub(in super::super) fn response(&mut self, payload: &[u8]) {
        self.send(false, ACK, payload);
    }
}

/// Which pcap.
#[derive(Clone, Copy)]
pub(in super::super) struct PcapKind {
    pub big: bool,
    pub nanoseconds: bool,
    pub modified: bool,
    pub link_type: u32,
    pub snap: usize,
}

pub(in super::super) const PLAIN: PcapKind = PcapKind {
    big: false,
    nanoseconds: true,
    modified: false,
    link_type: 1,
    snap: usize::MAX,
};

fn u32s(big: bool, values: &[u32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| if big { value.to_be_bytes() } else { value.to_le_bytes() })
        .collect()
}

pub(in super::super) fn u16s(big: bool, values: &[u16]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| if big { value.to_be_bytes() } else { value.to_le_bytes() })
        .collect()
}

pub(in super::super) fn pcap(kind: PcapKind, packets: &[(u64, Vec<u8>)]) -> Vec<u8> {
    let magic = match (kind.nanoseconds, kind.modified) {
        (true, _) => 0xa1b2_3c4d,
        (false, true) => 0xa1b2_cd34,
        (false, false) => 0xa1b2_c3d4,
    };
    let mut file = u32s(kind.big, &[magic]);
    file.extend(u16s(kind.big, &[2, 4]));
    file.extend(u32s(kind.big, &[0, 0, 262_144, kind.link_type]));
    for (time_ns, bytes) in packets {
        let fraction = (time_ns % 1_000_000_000) as u32 / if kind.nanoseconds { 1 } else { 1000 };
        let captured = bytes.len().min(kind.snap);
        let seconds = (time_ns / 1_000_000_000) as u32;
        file.extend(u32s(
            kind.big,
            &[seconds, fraction, captured as u32, bytes.len() as u32],
        ));
        if kind.modified {
            file.extend([0; 8]);
        }
        file.extend(&bytes[..captured]);
    }
    file
}

/// A pcapng block with its two lengths and its padding.
pub(in super::super) fn block(big: bool, kind: u32, body: &[u8]) -> Vec<u8> {
    let mut body = body.to_vec();
    body.resize(body.len().next_multiple_of(4), 0);
    let length = body.len() as u32 + 12;
    [u32s(big, &[kind, length]), body, u32s(big, &[length])].concat()
}

pub(in super::super) fn section(big: bool) -> Vec<u8> {
    let mut body = u32s(big, &[0x1a2b_3c4d]);
    body.extend(u16s(big, &[1, 0]));
    body.extend([0xff; 8]);
    block(big, 0x0a0d_0d0a, &body)
}

pub(in super::super) fn interface(big: bool, link_type: u16, snap: u32, options: &[u8]) -> Vec<u8> {
    block(
        big,
        1,
        &[u16s(big, &[link_type, 0]), u32s(big, &[snap]), options.to_vec()].concat(),
    )
}

pub(in super::super) fn option(big: bool, code: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = u16s(big, &[code, value.len() as u16]);
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

pub(in super::super) fn enhanced(big: bool, interface: u32, ticks: u64, bytes: &[u8], options: &[u8]) -> Vec<u8> {
    let length = bytes.len() as u32;
    let mut body = u32s(big, &[interface, (ticks >> 32) as u32, ticks as u32, length, length]);
    body.extend(bytes);
    body.resize(body.len().next_multiple_of(4), 0);
    body.extend(options);
    block(big, 6, &body)
}

pub(in super::super) fn simple(big: bool, wire: u32, bytes: &[u8]) -> Vec<u8> {
    block(big, 3, &[u32s(big, &[wire]), bytes.to_vec()].concat())
}

pub(in super::super) fn obsolete(big: bool, interface: u16, ticks: u64, bytes: &[u8]) -> Vec<u8> {
    let length = bytes.len() as u32;
    let mut body = u16s(big, &[interface, 7]);
    body.extend(u32s(big, &[(ticks >> 32) as u32, ticks as u32, length, length]));
    body.extend(bytes);
    block(big, 2, &body)
}
