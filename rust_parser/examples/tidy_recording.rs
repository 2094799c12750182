//! Takes out of a recording what names the machine it was made on, so that it can stand in a repository: the machine
//! itself, paths and owners of processes, and the date. What moved on the connections stays as it is: recipes must not
//! let servers tell where they run. `tidy_recording RAW TIDY`

use std::error::Error;
use std::fs::File;
use std::io::BufReader;
use std::ops::Range;
use std::path::Path;

use rust_parser::event::{decode, encode, Endpoint, Event, Header, Machine, Open, Process};
use rust_parser::recording::{Reader, Records, Writer};

/// The first event's time: a second after boot, and 2026-01-01T00:00:00Z.
const START_NS: u64 = 1_000_000_000;
const START_UNIX_NS: u64 = 1_767_225_600_000_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, raw, tidy] = arguments.as_slice() else {
        return Err("usage: tidy_recording RAW TIDY".into());
    };
    let mut reader = Reader::new(BufReader::new(File::open(raw)?)).map_err(|error| format!("{raw}: {error:?}"))?;
    let mut writer = Writer::new(File::create(tidy)?)?;
    let mut first = None;
    while let Some(block) = reader.block()? {
        for record in (Records { rest: &block }) {
            let event = decode(record).map_err(|error| format!("{raw}: {error}"))?;
            let origin = *first.get_or_insert(event.header().time_ns);
            writer.write(&tidied(record, &event, origin).ok_or("a record that cannot be written")?)?;
        }
    }
    writer.finish()?;
    Ok(())
}

/// Where `struct event_header` has the time, and `struct event_open` the length of the path and the path.
const TIME: Range<usize> = 8..16;
const PATH_LENGTH: Range<usize> = 52..56;
const PATH: Range<usize> = 104..212;

/// The records of the kernel keep their bytes but for the time and the path of a UNIX socket.
fn tidied(record: &[u8], event: &Event, origin: u64) -> Option<Vec<u8>> {
    let after = event.header().time_ns.wrapping_sub(origin).cast_signed();
    let time_ns = START_NS.saturating_add_signed(after);
    let header = Header {
        time_ns,
        ..*event.header()
    };
    let mut out = Vec::new();
    match event {
        Event::Process(_, process) => encode(&Event::Process(header, anonymous(process)), &mut out).ok()?,
        Event::Machine(..) => encode(&Event::Machine(header, machine()), &mut out).ok()?,
        Event::Clock(..) => {
            let unix_ns = START_UNIX_NS.saturating_add_signed(after);
            encode(&Event::Clock(header, unix_ns), &mut out).ok()?;
        }
        _ => {
            out.extend_from_slice(record);
            out.get_mut(TIME)?.copy_from_slice(&time_ns.to_le_bytes());
        }
    }
    if let Event::Open(
        _,
        Open {
            local: Endpoint::Unix(one),
            remote: Endpoint::Unix(other),
            ..
        },
    ) = event
    {
        let path = [one, other].into_iter().find(|path| path.starts_with('/'));
        if let Some(name) = path.and_then(|path| Path::new(path).file_name()) {
            let path = Path::new("/run").join(name).into_os_string().into_encoded_bytes();
            out.get_mut(PATH)?.fill(0);
            out.get_mut(PATH)?.get_mut(..path.len())?.copy_from_slice(&path);
            out.get_mut(PATH_LENGTH)?
                .copy_from_slice(&u32::try_from(path.len()).ok()?.to_le_bytes());
        }
    }
    Some(out)
}

fn machine() -> Machine {
    Machine {
        boot_id: "00000000-0000-4000-8000-000000000000".into(),
        host_name: "recorder".into(),
        host_id: String::new(),
        arch: "amd64".into(),
        kernel: String::new(),
    }
}

fn anonymous(process: &Process) -> Process {
    let name = |path: &String| {
        Path::new(path)
            .file_name()
            .map_or(String::new(), |name| name.to_string_lossy().into())
    };
    Process {
        executable: name(&process.executable),
        command: process.command.iter().map(name).collect(),
        attributes: Vec::new(),
        container_id: String::new(),
        owner: String::new(),
        ..process.clone()
    }
}
