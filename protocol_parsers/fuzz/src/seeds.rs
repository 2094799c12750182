//! Makes inputs of the recordings in tests/protocols for all targets: `seeds CORPUS`, with a folder there for each target.

use std::error::Error;
use std::fs::{self, File};
use std::path::Path;

use protocol_parsers::registry::PROTOCOLS;
use protocol_parsers_fuzz::{events, files};
use rust_parser::event::{decode, Event, Role, Way};
use rust_parser::recording::{Reader, Records};

/// Longer ones make a fuzzer slow.
const MAX_SEED: usize = 16 * 1024;

fn main() -> Result<(), Box<dyn Error>> {
    let corpus = std::env::args().nth(1).ok_or("usage: seeds CORPUS")?;
    let protocols = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/protocols");
    for target in ["protocol", "pipeline", "files"] {
        fs::create_dir_all(Path::new(&corpus).join(target))?;
    }
    for (number, protocol) in PROTOCOLS.iter().enumerate() {
        for entry in fs::read_dir(protocols.join(protocol.name))? {
            let path = entry?.path();
            if path.extension().is_none_or(|extension| extension != "recording") {
                continue;
            }
            let name = format!(
                "{}-{}",
                protocol.name,
                path.file_stem().unwrap_or_default().to_string_lossy()
            );
            let mut reader = Reader::new(File::open(&path)?).map_err(|error| format!("{error:?}"))?;
            let mut records = Vec::new();
            while let Some(block) = reader.block()? {
                records.extend(block);
            }
            let write = |target: &str, mut seed: Vec<u8>| {
                seed.truncate(MAX_SEED);
                fs::write(Path::new(&corpus).join(target).join(&name), seed)
            };
            write("protocol", conversation(u8::try_from(number)?, &records))?;
            write("pipeline", as_events(&records))?;
            let mut all = vec![files::RECORDS];
            all.extend(&records);
            write("files", all)?;
        }
    }
    Ok(())
}

/// For the target `protocol`: which one, then the pieces of all connections.
fn conversation(number: u8, records: &[u8]) -> Vec<u8> {
    let mut seed = vec![number];
    for event in (Records { rest: records }).filter_map(|record| decode(record).ok()) {
        if let Event::Data(_, data) = event {
            for piece in data.bytes.chunks(256).take(2) {
                // The recordings are the servers'.
                seed.extend([
                    u8::from(data.way == Way::Sent),
                    u8::try_from(piece.len() - 1).unwrap_or(255),
                ]);
                seed.extend(piece);
            }
        }
    }
    seed
}

/// For the target `pipeline`.
fn as_events(records: &[u8]) -> Vec<u8> {
    let mut seed = Vec::new();
    for event in (Records { rest: records }).filter_map(|record| decode(record).ok()) {
        let at = usize::try_from(event.header().connection).unwrap_or(0);
        match event {
            Event::Open(_, open) => {
                let role = u8::from(open.role == Role::Client);
                seed.extend([events::control(4, at, Way::Sent, u8::from(!open.fresh)), role]);
            }
            Event::Data(_, data) => {
                for piece in data.bytes.chunks(256) {
                    let length = u8::try_from(piece.len() - 1).unwrap_or(255);
                    seed.extend([events::control(0, at, data.way, 0), length]);
                    seed.extend(piece);
                }
            }
            Event::Eof(_, way) => seed.extend([events::control(5, at, way, 0), 0]),
            Event::Close(_) => seed.extend([events::control(6, at, Way::Sent, 0), 0]),
            Event::Tick(_) => seed.extend([events::control(7, at, Way::Sent, 0), 25]),
            _ => {}
        }
    }
    seed
}
