//! Attaches to processes given by pid and counts records: the cost of the kernel side alone.
#![allow(clippy::print_stdout)]
use rust_parser::capture::{Hooks, Kernel, KernelOptions};
use std::time::{Duration, Instant};

fn main() {
    let mut args = std::env::args().skip(1);
    let hooks = match args.next().as_deref() { Some("tracepoint") => Hooks::Tracepoint, _ => Hooks::TpBtf };
    let seconds: u64 = args.next().expect("seconds").parse().expect("number");
    let mut kernel = Kernel::open(&KernelOptions { hooks: Some(hooks), max_payload: 65536, trace_all: false, report_all_execs: false, ports: vec![], ring_bytes: 8 << 20 })
        .unwrap_or_else(|error| panic!("{error}\n{}", error.details));
    for pid in args { kernel.watch(pid.parse().expect("pid")).expect("watch"); }
    println!("attached");
    let end = Instant::now() + Duration::from_secs(seconds);
    let (mut records, mut bytes, mut open) = (0u64, 0u64, 0);
    while Instant::now() < end {
        kernel.wait(Duration::from_millis(10));
        loop {
            let drained = kernel.drain();
            if drained.is_empty() { break; }
            bytes += drained.len() as u64;
            let mut rest = drained;
            while !rest.is_empty() {
                let size = u32::from_le_bytes(rest[4..8].try_into().unwrap()) as usize;
                let event = rust_parser::event::decode(&rest[..size]);
                if let Ok(rust_parser::event::Event::Open(h, o)) = &event { open += 1; if open < 5 { println!("{h:?} {o:?}"); } }
                if event.is_err() { println!("{event:?}"); }
                records += 1;
                rest = &rest[size..];
            }
        }
    }
    println!("{records} records, {bytes} bytes, losses {:?} missed {}", kernel.losses(), kernel.missed_runs());
}
