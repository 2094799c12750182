//! Capture files: every format and variant, compressed, damaged, cut off.

use std::io::{Read, Write};

use super::build::{
    block, enhanced, interface, obsolete, option, pcap, section, simple, u16s, Conversation, PcapKind, PLAIN,
};
use super::{conversation, replay, text, Replayed, Seen};
use crate::event::Way;
use crate::packets::{PacketError, PacketReplay, Progress, Warning};

/// A conversation with reordering, so that something waits in most of its prefixes.
fn talk() -> Conversation {
    let mut talk = Conversation::new();
    talk.handshake();
    talk.request(b"GET");
    let late = talk.lose(false, 16, b"20");
    talk.response(b"0 OK");
    talk.push(&late);
    talk.goodbye();
    talk
}

const TALK: [&str; 8] = ["open", ">GET", "<20", "<0 OK", ">eof", "<eof", "close", ""];

fn assert_talk(replayed: &Replayed) {
    assert_eq!(conversation(&replayed.all()), TALK[..7]);
    assert_eq!(
        (replayed.error.is_none(), replayed.warnings.len(), replayed.packets),
        (true, 0, 9)
    );
}

fn pcapng(big: bool) -> Vec<u8> {
    let mut file = [section(big), interface(big, 1, 0, &[])].concat();
    for (time_ns, frame) in talk().packets {
        file.extend(enhanced(big, 0, time_ns / 1000, &frame, &[]));
    }
    file
}

fn clock(replayed: &Replayed) -> u64 {
    let all = replayed.all();
    all.iter()
        .find_map(|event| {
            if let Seen::Clock(unix_ns) = event {
                Some(*unix_ns)
            } else {
                None
            }
        })
        .unwrap()
}

#[test]
fn every_variant_of_pcap_gives_the_same_events() {
    let expected = replay(&pcap(PLAIN, &talk().packets)).unwrap();
    assert_talk(&expected);
    for big in [false, true] {
        for (nanoseconds, modified) in [(true, false), (false, false), (false, true)] {
            let kind = PcapKind {
                big,
                nanoseconds,
                modified,
                ..PLAIN
            };
            let replayed = replay(&pcap(kind, &talk().packets)).unwrap();
            assert_eq!(replayed.all(), expected.all());
        }
    }
}

#[test]
fn pcapng_of_both_byte_orders_gives_the_events_of_pcap() {
    let expected = replay(&pcap(PLAIN, &talk().packets)).unwrap().all();
    for big in [false, true] {
        let replayed = replay(&pcapng(big)).unwrap();
        assert_talk(&replayed);
        assert_eq!(replayed.all(), expected);
    }
}

#[test]
fn compressed_captures_give_the_same_events_and_cut_ones_a_warning() {
    let plain = pcap(PLAIN, &talk().packets);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&plain).unwrap();
    for compressed in [gzip.finish().unwrap(), zstd::encode_all(&plain[..], 1).unwrap()] {
        assert_talk(&replay(&compressed).unwrap());
        let cut = replay(&compressed[..compressed.len() - 1]).unwrap();
        assert!(cut.error.is_none());
        assert!(matches!(cut.warnings[..], [Warning::Truncated { .. }]));
    }
}

#[test]
fn the_boot_id_comes_from_the_first_packet_and_differs_between_captures() {
    let boot_id = |file: &[u8]| match &replay(file).unwrap().all()[0] {
        Seen::Start { boot_id } => boot_id.clone(),
        other => panic!("{other:?}"),
    };
    let talk = talk();
    let id = boot_id(&pcap(PLAIN, &talk.packets));
    assert_eq!(id, boot_id(&pcap(PcapKind { snap: 70, ..PLAIN }, &talk.packets[..3])));
    assert_ne!(id, boot_id(&pcap(PLAIN, &talk.packets[1..])));
    assert_ne!(id, boot_id(&pcap(PLAIN, &[])));
}

#[test]
fn sections_of_different_byte_orders_follow_each_other() {
    let packets = talk().packets;
    let mut file = Vec::new();
    for (number, (time_ns, frame)) in packets.iter().enumerate() {
        let big = number % 2 == 1;
        // The interface of another section does not count.
        file.extend([section(big), interface(big, if number == 3 { 147 } else { 1 }, 0, &[])].concat());
        file.extend(enhanced(big, 0, time_ns / 1000, frame, &[]));
    }
    let replayed = replay(&file).unwrap();
    assert_eq!(replayed.counters.packets_link_type_unknown, 1);
    assert_eq!(replayed.warnings, [Warning::LinkType(147)]);
    assert_eq!(conversation(&replayed.all())[..3], ["open", "><3>", "<20"]);
}

#[test]
fn times_of_pcapng_follow_resolution_and_offset() {
    let frame = &talk().packets[0].1;
    let seconds = 1_700_000_000_u64;
    let cases: [(&[u8], Option<i64>, u64, u64); 8] = [
        (&[], None, seconds * 1_000_000 + 5, seconds * 1_000_000_000 + 5000),
        (&[9], None, seconds * 1_000_000_000 + 7, seconds * 1_000_000_000 + 7),
        (&[3], None, seconds * 1000 + 1, seconds * 1_000_000_000 + 1_000_000),
        (&[0], Some(-10), seconds + 10, seconds * 1_000_000_000),
        (&[12], None, 3_000_000_000_123, 3_000_000_000),
        (&[0x8a], Some(100), 1536, 101_500_000_000),
        (&[0xa0], None, 3 << 31, 1_500_000_000),
        (&[0x7f], Some(1), u64::MAX, 1_000_000_000),
    ];
    for big in [false, true] {
        for (resolution, offset, ticks, expected) in cases {
            let mut options = option(big, 2, b"eth0");
            if let [value] = resolution {
                options.extend(option(big, 9, &[*value]));
            }
            if let Some(offset) = offset {
                options.extend(option(
                    big,
                    14,
                    &if big {
                        offset.to_be_bytes()
                    } else {
                        offset.to_le_bytes()
                    },
                ));
            }
            options.extend(u16s(big, &[0, 0]));
            let comment = option(big, 1, b"a comment");
            let file = [
                section(big),
                interface(big, 1, 0, &options),
                enhanced(big, 0, ticks, frame, &comment),
            ]
            .concat();
            assert_eq!(clock(&replay(&file).unwrap()), expected, "{resolution:?} {offset:?}");
        }
    }
}

#[test]
fn options_beyond_their_block_are_ignored() {
    let frame = &talk().packets[0].1;
    let options = [u16s(false, &[9, 400]), vec![9, 0, 0, 0]].concat();
    let file = [
        section(false),
        interface(false, 1, 0, &options),
        enhanced(false, 0, 1_000_000, frame, &[]),
    ]
    .concat();
    assert_eq!(clock(&replay(&file).unwrap()), 1_000_000_000);
}

#[test]
fn simple_and_obsolete_packet_blocks_are_read_and_unknown_blocks_skipped() {
    let packets = talk().packets;
    for big in [false, true] {
        let mut file = [section(big), interface(big, 1, 96, &[]), interface(big, 147, 0, &[])].concat();
        for (number, (time_ns, frame)) in packets.iter().enumerate() {
            file.extend(block(big, 0x0bad_0000 + number as u32, &vec![0x5a; number * 1000]));
            file.extend(if number % 2 == 0 {
                obsolete(big, 0, time_ns / 1000, frame)
            } else {
                simple(big, frame.len() as u32, frame)
            });
        }
        // Longer than the buffer.
        file.extend(block(big, 0x0bad_0000, &vec![0x5a; 3_000_000]));
        // Of an interface that is not there.
        file.extend(enhanced(big, 2, 1, &packets[0].1, &[]));
        let replayed = replay(&file).unwrap();
        assert_eq!(conversation(&replayed.all()), TALK[..7]);
        assert_eq!(replayed.counters.packets_interface_unknown, 1);
        assert!(replayed.warnings.is_empty() && replayed.error.is_none());
    }
}

#[test]
fn a_simple_packet_block_is_cut_by_its_interface() {
    let mut talk = Conversation::new();
    talk.request(&[b'x'; 100]);
    let frame = &talk.packets[0].1;
    let file = [
        section(false),
        interface(false, 1, 60, &[]),
        simple(false, frame.len() as u32, &frame[..60]),
    ]
    .concat();
    assert_eq!(text(&replay(&file).unwrap().all(), 1, Way::Sent), "xxxxxx<94>");
}

#[test]
fn a_snapped_segment_is_a_hole_of_the_exact_size_and_the_next_one_follows() {
    let mut talk = Conversation::new();
    talk.handshake();
    talk.request(&[b'x'; 100]);
    talk.request(b"next");
    let replayed = replay(&pcap(PcapKind { snap: 64, ..PLAIN }, &talk.packets)).unwrap();
    assert_eq!(
        text(&replayed.all(), 1, Way::Sent),
        format!("{}<90>next", "x".repeat(10))
    );
    assert_eq!(replayed.counters.bytes_snapped, 90);
    assert_eq!(replayed.counters.bytes_in_holes, 0);
    let headless = replay(&pcap(PcapKind { snap: 40, ..PLAIN }, &talk.packets)).unwrap();
    assert_eq!(headless.counters.packets_header_cut, 5);
    let headers = replay(&pcap(PcapKind { snap: 54, ..PLAIN }, &talk.packets)).unwrap();
    assert_eq!(text(&headers.all(), 1, Way::Sent), "<100><4>");
}

#[test]
fn a_file_cut_at_any_byte_gives_a_prefix_of_the_events_and_says_where() {
    for file in [pcap(PLAIN, &talk().packets), pcapng(false), pcapng(true)] {
        let whole = replay(&file).unwrap();
        for length in 0..file.len() {
            match replay(&file[..length]) {
                Ok(cut) => {
                    assert!(whole.before_end.starts_with(&cut.before_end), "{length}");
                    assert!(matches!(cut.at_end.last(), Some(Seen::Loss(_))));
                    assert!(cut.error.is_none());
                    match cut.warnings[..] {
                        [] => assert!(cut.packets < 9),
                        [Warning::Truncated { offset, packets }] => {
                            assert!(offset < length as u64);
                            assert_eq!(packets, cut.packets);
                        }
                        ref other => panic!("{other:?}"),
                    }
                }
                Err(error) => assert!(
                    length < 4 && matches!(error, PacketError::NotACapture { .. }),
                    "{length}"
                ),
            }
        }
    }
}

#[test]
fn damaged_bytes_never_panic_or_loop_and_events_stay_in_order() {
    // xorshift: the same damage at every run.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for original in [pcap(PLAIN, &talk().packets), pcapng(false)] {
        for _ in 0..4000 {
            let mut file = original.clone();
            for _ in 0..=random() % 6 {
                let at = random() as usize % file.len();
                file[at] = random() as u8;
            }
            if let Ok(replayed) = replay(&file) {
                let events = replayed.all();
                for id in 0..20 {
                    text(&events, id, Way::Sent);
                    text(&events, id, Way::Received);
                }
            }
        }
    }
}

#[test]
fn what_is_no_capture_is_refused_with_its_first_bytes() {
    let refused = |bytes: &[u8]| replay(bytes).err().unwrap().to_string();
    assert!(refused(b"").ends_with("the file is empty"));
    assert!(refused(b"\x7fELF\x02").ends_with("it starts with 7f 45 4c 46 02"));
    assert!(refused(b"\n\r\r\nnot pcapng at all").ends_with("0a 0d 0d 0a 6e 6f 74 20"));
}

#[test]
fn impossible_lengths_are_refused_with_their_offset_after_what_was_read() {
    let mut file = pcap(PLAIN, &talk().packets[..4]);
    let offset = file.len() as u64;
    file.extend([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 0, 0, 0, 0x7f]);
    let replayed = replay(&file).unwrap();
    let message = replayed.error.as_ref().unwrap().to_string();
    assert!(
        message.contains(&format!(
            "at byte {offset} claims 2130706432 bytes, over the limit MAX_RECORD"
        )),
        "{message}"
    );
    assert_eq!(conversation(&replayed.all()), ["open", ">GET", "close"]);

    let front = [section(false), interface(false, 1, 0, &[])].concat();
    let too_long = [front.clone(), vec![6, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0]].concat();
    assert!(matches!(
        replay(&too_long).unwrap().error,
        Some(PacketError::TooLong { limit: "MAX_BLOCK", .. })
    ));
    let too_short = [front.clone(), vec![6, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0]].concat();
    assert!(matches!(
        replay(&too_short).unwrap().error,
        Some(PacketError::Malformed { .. })
    ));
    let mut lying = [front, enhanced(false, 0, 0, b"frame", &[])].concat();
    let back = lying.len() - 4;
    lying[back] ^= 4;
    assert!(matches!(
        replay(&lying).unwrap().error,
        Some(PacketError::Malformed { .. })
    ));
}

/// Gives one byte at a time, as a slow pipe does, and then an error.
struct Pipe(Vec<u8>, bool);

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.0.is_empty() {
            return if self.1 {
                Err(std::io::Error::other("cable pulled"))
            } else {
                Ok(0)
            };
        }
        buffer[0] = self.0.remove(0);
        Ok(1)
    }
}

#[test]
fn a_slow_pipe_gives_the_same_and_a_broken_one_an_error_after_what_was_read() {
    for broken in [false, true] {
        let pipe = Pipe(pcap(PLAIN, &talk().packets), broken);
        let mut replay = PacketReplay::open(Box::new(pipe)).unwrap();
        let (mut events, mut failed) = (Vec::new(), false);
        loop {
            match replay.next(&mut |event| events.push(super::seen(event))) {
                Ok(Progress::More) => {}
                Ok(Progress::End) => break,
                Err(error) => failed = error.to_string().contains("cable pulled"),
            }
        }
        assert_eq!(conversation(&events), TALK[..7]);
        assert_eq!(failed, broken);
    }
}
