//! tshark follows the streams of real captures too: both must give the same bytes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::build::{pcap, PLAIN};
use super::random::conversation;
use super::{opens, replay, Seen};
use crate::event::{Endpoint, Way};

fn traffic() -> PathBuf {
    let shared = std::env::var_os("EBPF_OTLP_TRACER_SHARED_DATA").map(PathBuf::from);
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    shared.unwrap_or_else(default).join("traffic")
}

fn captures(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            captures(&path, found);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "pcap" || extension == "pcapng")
        {
            found.push(path);
        }
    }
}

fn tshark(arguments: &[&str], file: &Path) -> Option<String> {
    let output = Command::new("tshark")
        .arg("-r")
        .arg(file)
        .args(arguments)
        .output()
        .ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Bytes by sender and receiver. Connections of the same ends one after the other.
type Directions = BTreeMap<(String, String), Vec<u8>>;

/// tshark's answer for all streams: lines of hexadecimal digits, those of the second node indented by a tab.
fn expected(file: &Path) -> Option<Directions> {
    let numbers = tshark(&["-T", "fields", "-e", "tcp.stream", "-Y", "tcp"], file)?;
    let streams: std::collections::BTreeSet<u32> = numbers.lines().filter_map(|line| line.parse().ok()).collect();
    let mut arguments = vec!["-q".to_owned()];
    for stream in streams {
        arguments.extend(["-z".to_owned(), format!("follow,tcp,raw,{stream}")]);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (mut directions, mut nodes) = (Directions::new(), [String::new(), String::new()]);
    for line in tshark(&arguments, file)?.lines() {
        if let Some(node) = line.strip_prefix("Node 0: ") {
            node.clone_into(&mut nodes[0]);
        } else if let Some(node) = line.strip_prefix("Node 1: ") {
            node.clone_into(&mut nodes[1]);
        } else if !line.is_empty() && line.trim().bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let ends = if line.starts_with('\t') { (1, 0) } else { (0, 1) };
            let bytes = directions
                .entry((nodes[ends.0].clone(), nodes[ends.1].clone()))
                .or_default();
            let digits = line.trim();
            let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
            bytes.extend((0..digits.len()).step_by(2).map(byte));
        }
    }
    directions.values_mut().for_each(drop_markers);
    Some(directions)
}

/// tshark writes `[12 bytes missing in capture file]` and a NUL where it misses bytes, also before the first byte of a
/// stream that was met in a keep-alive probe.
fn drop_markers(bytes: &mut Vec<u8>) {
    const TAIL: &[u8] = b" bytes missing in capture file]\0";
    while let Some(tail) = bytes.windows(TAIL.len()).position(|window| window == TAIL) {
        let Some(start) = bytes[..tail].iter().rposition(|byte| *byte == b'[') else {
            return;
        };
        bytes.drain(start..tail + TAIL.len());
    }
}

fn name(endpoint: &Endpoint) -> String {
    match endpoint {
        Endpoint::Inet(address) => address.to_string(),
        Endpoint::Unix(path) => path.clone(),
    }
}

/// Ours, and the directions that have a hole.
fn ours(events: &[Seen]) -> (Directions, Vec<(String, String)>) {
    let opens = opens(events);
    let (mut directions, mut holes, mut positions) = (Directions::new(), Vec::new(), BTreeMap::new());
    for event in events {
        let Seen::Data {
            connection,
            way,
            position,
            length,
            bytes,
            ..
        } = event
        else {
            continue;
        };
        let open = &opens[connection];
        let (local, remote) = (name(&open.local), name(&open.remote));
        let ends = if *way == Way::Sent {
            (local, remote)
        } else {
            (remote, local)
        };
        let next = positions.entry((*connection, *way == Way::Sent)).or_insert(0);
        if *position != *next || bytes.len() < *length as usize {
            holes.push(ends.clone());
        }
        *next = position + u64::from(*length);
        directions.entry(ends).or_default().extend(bytes);
    }
    (directions, holes)
}

/// Compares one file; `None` when tshark does not run.
fn compare(file: &Path, found: &mut Found) -> Option<()> {
    let expected = expected(file)?;
    let replayed = replay(&std::fs::read(file).unwrap()).unwrap();
    assert!(replayed.error.is_none(), "{}", file.display());
    let (ours, holes) = ours(&replayed.all());
    let keys: std::collections::BTreeSet<_> = expected.keys().chain(ours.keys()).collect();
    for key in keys {
        let (ours, theirs) = (ours.get(key), expected.get(key));
        if holes.contains(key) {
            // Behind a hole that nobody acknowledged tshark shows nothing.
            found.with_holes += 1;
            assert!(ours.map(Vec::len) >= theirs.map(Vec::len), "{} {key:?}", file.display());
            continue;
        }
        found.compared += 1;
        found.bytes += ours.map_or(0, Vec::len);
        if ours != theirs {
            let lengths = (ours.map(Vec::len), theirs.map(Vec::len));
            found
                .different
                .push(format!("{} {key:?}: ours, tshark {lengths:?}", file.display()));
        }
    }
    Some(())
}

#[derive(Debug, Default)]
struct Found {
    compared: usize,
    bytes: usize,
    with_holes: usize,
    different: Vec<String>,
}

#[test]
#[ignore = "runs tshark twice for each capture; use --ignored"]
#[allow(clippy::print_stderr)]
fn real_captures_give_the_bytes_that_tshark_gives() {
    let (mut files, mut found) = (Vec::new(), Found::default());
    captures(&traffic(), &mut files);
    files.sort();
    if files.is_empty() {
        return eprintln!("skipped: no captures in {}", traffic().display());
    }
    for file in &files {
        if compare(file, &mut found).is_none() {
            return eprintln!("skipped: tshark does not run");
        }
    }
    assert!(found.different.is_empty(), "{found:#?}");
    eprintln!("{} captures: {found:?}", files.len());
}

#[test]
#[ignore = "runs tshark twice for each capture; use --ignored"]
#[allow(clippy::print_stderr)]
fn generated_captures_give_the_bytes_that_tshark_gives() {
    let folder = std::env::temp_dir().join(format!("ebpf-otlp-tracer-packets-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut found = Found::default();
    for seed in 0..20 {
        let file = folder.join(format!("{seed}.pcap"));
        std::fs::write(&file, pcap(PLAIN, &conversation(seed, 0).packets)).unwrap();
        if compare(&file, &mut found).is_none() {
            return eprintln!("skipped: tshark does not run");
        }
    }
    assert!(found.different.is_empty(), "{found:#?}");
    assert_eq!((found.compared, found.with_holes), (40, 0));
    std::fs::remove_dir_all(&folder).unwrap();
    eprintln!("20 captures: {found:?}");
}
