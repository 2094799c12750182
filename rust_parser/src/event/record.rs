//! Events as bytes: the records of `bpf_programs/event.h`, and those that user space adds (kinds from 64 on), which
//! have the same header. The same bytes cross the ring buffer and lie in recordings. Little-endian.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{Data, Endpoint, Event, Header, Open, Role, Vantage, Way};

/// Length of `struct event_header`.
pub const HEADER_LENGTH: usize = 32;
/// Where a record of `struct event_open` says whether no byte moved before it.
pub const OPEN_FRESH_OFFSET: usize = HEADER_LENGTH + 15;
/// No record is longer: a piece of payload (16 KiB) and its header, or what /proc says of a process.
pub const MAX_RECORD_LENGTH: usize = 256 * 1024;

const OPEN: u8 = 1;
const DATA: u8 = 2;
const EOF: u8 = 3;
const CLOSE: u8 = 4;
const FORK: u8 = 5;
const EXEC: u8 = 6;
const EXIT: u8 = 7;
const LISTEN: u8 = 8;
const PROCESS: u8 = 64;
const MACHINE: u8 = 65;
const CLOCK: u8 = 66;
const TICK: u8 = 67;
const LOSS: u8 = 68;

const FLAG_SEQUENCE: u16 = 1;

const AF_UNIX: u16 = 1;
const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;

const OPEN_PATH_LENGTH: usize = 108;

/// Why bytes are no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordError {
    /// Shorter than its kind needs.
    Short,
    /// The size in the header is not the record's.
    Size,
    /// A kind or family that this version does not know.
    Unknown,
    /// JSON inside that does not parse.
    Text,
}

impl std::fmt::Display for RecordError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Short => "record shorter than its kind needs",
            Self::Size => "record whose size disagrees with its header",
            Self::Unknown => "record of an unknown kind or address family",
            Self::Text => "record with damaged text",
        })
    }
}

/// Reads fixed-width fields from the front.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], RecordError> {
        let (array, rest) = self.0.split_first_chunk::<N>().ok_or(RecordError::Short)?;
        self.0 = rest;
        Ok(*array)
    }

    fn u8(&mut self) -> Result<u8, RecordError> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    fn u16(&mut self) -> Result<u16, RecordError> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    fn u32(&mut self) -> Result<u32, RecordError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn u64(&mut self) -> Result<u64, RecordError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    fn bytes(&mut self, length: usize) -> Result<&'a [u8], RecordError> {
        let (bytes, rest) = self.0.split_at_checked(length).ok_or(RecordError::Short)?;
        self.0 = rest;
        Ok(bytes)
    }
}

/// Reads one record. The payload is borrowed, not copied.
pub fn decode(record: &[u8]) -> Result<Event<'_>, RecordError> {
    let mut reader = Reader(record);
    let kind = reader.u8()?;
    let direction = reader.u8()?;
    let flags = reader.u16()?;
    let size = reader.u32()?;
    let header = Header {
        time_ns: reader.u64()?,
        connection: reader.u64()?,
        tgid: reader.u32()?,
        tid: reader.u32()?,
    };
    if usize::try_from(size) != Ok(record.len()) {
        return Err(RecordError::Size);
    }
    let way = if direction == 0 { Way::Sent } else { Way::Received };
    let sequence = flags & FLAG_SEQUENCE != 0;
    Ok(match kind {
        DATA => {
            let position = reader.u64()?;
            let length = reader.u32()?;
            let captured = usize::try_from(reader.u32()?).map_err(|_| RecordError::Short)?;
            let bytes = reader.bytes(captured)?;
            if u32::try_from(captured).map_or(true, |captured| captured > length) {
                return Err(RecordError::Size);
            }
            Event::Data(
                header,
                Data {
                    way,
                    position,
                    sequence,
                    length,
                    bytes,
                },
            )
        }
        OPEN => Event::Open(header, decode_open(&mut reader, sequence)?),
        EOF => Event::Eof(header, way),
        CLOSE => Event::Close(header),
        FORK => Event::Fork(header, reader.u32()?),
        EXEC => Event::Exec(header),
        EXIT => Event::Exit(header),
        LISTEN => Event::Listen(header, u16::try_from(reader.u32()?).map_err(|_| RecordError::Size)?),
        PROCESS => Event::Process(header, json(reader.0)?),
        MACHINE => Event::Machine(header, json(reader.0)?),
        CLOCK => Event::Clock(header, reader.u64()?),
        TICK => Event::Tick(header),
        LOSS => Event::Loss(header, json(reader.0)?),
        _ => return Err(RecordError::Unknown),
    })
}

fn json<T: serde::de::DeserializeOwned>(text: &[u8]) -> Result<T, RecordError> {
    serde_json::from_slice(text).map_err(|_| RecordError::Text)
}

fn decode_open(reader: &mut Reader, sequence: bool) -> Result<Open, RecordError> {
    let socket = reader.u64()?;
    let netns = reader.u32()?;
    let family = reader.u16()?;
    let role = match reader.u8()? {
        1 => Role::Client,
        2 => Role::Server,
        _ => Role::Unknown,
    };
    let fresh = reader.u8()? != 0;
    let local_port = reader.u16()?;
    let remote_port = reader.u16()?;
    let path_length = usize::try_from(reader.u32()?).map_err(|_| RecordError::Size)?;
    let local = reader.array::<16>()?;
    let remote = reader.array::<16>()?;
    let sent = reader.u64()?;
    let received = reader.u64()?;
    let path = reader.bytes(OPEN_PATH_LENGTH)?;
    let (local, remote) = if family == AF_UNIX {
        let name = Endpoint::Unix(unix_name(path.get(..path_length).ok_or(RecordError::Size)?));
        let nameless = Endpoint::Unix(String::new());
        if role == Role::Server {
            (name, nameless)
        } else {
            (nameless, name)
        }
    } else {
        (inet(family, local, local_port)?, inet(family, remote, remote_port)?)
    };
    Ok(Open {
        socket,
        netns,
        role,
        vantage: Vantage::Process,
        fresh,
        local,
        remote,
        sent,
        received,
        sequence,
    })
}

/// `sun_path`: up to the first NUL, or in the abstract namespace (leading NUL) the whole length.
fn unix_name(path: &[u8]) -> String {
    match path.split_first() {
        None => String::new(),
        Some((0, name)) => format!("@{}", String::from_utf8_lossy(name).replace('\0', "@")),
        Some(_) => {
            let name = path.split(|byte| *byte == 0).next().unwrap_or_default();
            String::from_utf8_lossy(name).into_owned()
        }
    }
}

fn inet(family: u16, address: [u8; 16], port: u16) -> Result<Endpoint, RecordError> {
    let address = match family {
        AF_INET => {
            let [a, b, c, d, ..] = address;
            IpAddr::V4(Ipv4Addr::new(a, b, c, d))
        }
        AF_INET6 => IpAddr::V6(Ipv6Addr::from(address)).to_canonical(),
        _ => return Err(RecordError::Unknown),
    };
    Ok(Endpoint::Inet(SocketAddr::new(address, port)))
}

/// Appends an event of user space to `records`. Events of the kernel are never encoded here: their bytes are kept as
/// they came.
///
/// Errors: `Unknown` for an event of the kernel, `Size` when the text is over [`MAX_RECORD_LENGTH`].
pub fn encode(event: &Event, records: &mut Vec<u8>) -> Result<(), RecordError> {
    let (kind, header, body) = match event {
        Event::Process(header, process) => (PROCESS, header, text(process)?),
        Event::Machine(header, machine) => (MACHINE, header, text(machine)?),
        Event::Clock(header, unix_ns) => (CLOCK, header, unix_ns.to_le_bytes().to_vec()),
        Event::Tick(header) => (TICK, header, Vec::new()),
        Event::Loss(header, totals) => (LOSS, header, text(totals)?),
        _ => return Err(RecordError::Unknown),
    };
    let size = HEADER_LENGTH + body.len();
    if size > MAX_RECORD_LENGTH {
        return Err(RecordError::Size);
    }
    let size = u32::try_from(size).map_err(|_| RecordError::Size)?;
    records.extend_from_slice(&[kind, 0, 0, 0]);
    records.extend_from_slice(&size.to_le_bytes());
    records.extend_from_slice(&header.time_ns.to_le_bytes());
    records.extend_from_slice(&header.connection.to_le_bytes());
    records.extend_from_slice(&header.tgid.to_le_bytes());
    records.extend_from_slice(&header.tid.to_le_bytes());
    records.extend_from_slice(&body);
    Ok(())
}

fn text<T: serde::Serialize>(value: &T) -> Result<Vec<u8>, RecordError> {
    serde_json::to_vec(value).map_err(|_| RecordError::Text)
}

#[cfg(test)]
#[path = "record_tests.rs"]
mod tests;
