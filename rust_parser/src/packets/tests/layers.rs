//! Every link type, IP variant and fragment order leads to the same TCP bytes.

use super::build::{ethernet, ip4, ip6, pcap, Conversation, PcapKind, Tcp, ACK, PLAIN};
use super::random::Random;
use super::{decode, opens, replay, seen, text, Limits, Packet, PacketDecoder, Seen};
use crate::event::{Endpoint, Way};
use crate::packets::Counters;

fn segment() -> Tcp {
    Conversation::new().segment(true, ACK, b"0123456789abcdef-layers")
}

fn replayed(link_type: u32, frames: &[Vec<u8>]) -> (Vec<Seen>, Counters) {
    let packets: Vec<_> = frames.iter().map(|frame| (1_000_000_000, frame.clone())).collect();
    let replayed = replay(&pcap(PcapKind { link_type, ..PLAIN }, &packets)).unwrap();
    assert!(replayed.error.is_none());
    (replayed.all(), replayed.counters)
}

#[track_caller]
fn assert_found(link_type: u32, frame: Vec<u8>) {
    let (events, counters) = replayed(link_type, &[frame]);
    assert_eq!(text(&events, 1, Way::Sent), "0123456789abcdef-layers");
    assert_eq!(counters, Counters::default());
}

fn front(bytes: &[u8], rest: &[u8]) -> Vec<u8> {
    [bytes, rest].concat()
}

#[test]
fn every_link_type_leads_to_ip() {
    let four = segment().ip4();
    let six = ip6(true, 6, &segment().bytes());
    assert_found(0, front(&[2, 0, 0, 0], &four));
    assert_found(0, front(&[0, 0, 0, 2], &four));
    for family in [10, 24, 28, 30] {
        assert_found(0, front(&[family, 0, 0, 0], &six));
        assert_found(0, front(&[0, 0, 0, family], &six));
    }
    assert_found(108, front(&[0, 0, 0, 2], &four));
    assert_found(1, ethernet(0x0800, &four));
    assert_found(1, ethernet(0x86dd, &six));
    // The upper half of the field is about frame check sequences.
    assert_found(0x2400_0001, front(&ethernet(0x0800, &four), b"FCS!"));
    for raw in [12, 14, 101] {
        assert_found(raw, four.clone());
        assert_found(raw, six.clone());
    }
    assert_found(228, four.clone());
    assert_found(229, six.clone());
    assert_found(113, front(&[0, 0, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, 0x08, 0], &four));
    assert_found(
        113,
        front(&[0, 4, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, 0x86, 0xdd], &six),
    );
    assert_found(
        276,
        front(&[8, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0], &four),
    );
}

#[test]
fn tags_labels_and_sessions_on_ethernet_are_passed() {
    let four = segment().ip4();
    assert_found(1, ethernet(0x8100, &front(&[0, 7, 8, 0], &four)));
    assert_found(1, ethernet(0x88a8, &front(&[0, 7, 0x81, 0, 0, 8, 8, 0], &four)));
    assert_found(1, ethernet(0x8847, &front(&[0, 1, 0, 64, 0, 1, 1, 64], &four)));
    assert_found(1, ethernet(0x8864, &front(&[0x11, 0, 0, 1, 0, 9, 0, 0x21], &four)));
    assert_found(1, ethernet(60, &front(&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0], &four)));
    assert_found(
        113,
        front(&[0, 0, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, 0x81, 0, 0, 7, 8, 0], &four),
    );
}

#[test]
fn what_is_no_tcp_is_counted_by_reason() {
    let tcp = segment().bytes();
    let mut short_offset = tcp.clone();
    short_offset[12] = 0x40;
    let mut long_offset = tcp.clone();
    long_offset[12] = 0xf0;
    let frames = [
        ethernet(0x0806, &[0; 28]),
        ethernet(0x0800, &ip4(true, 17, 1, 0, &[0; 8])),
        ethernet(0x86dd, &ip6(true, 17, &[0; 8])),
        ethernet(0x0800, &ip4(true, 1, 1, 0, &[0; 8])),
        ethernet(0x0800, &[0x55; 40]),
        ethernet(0x0800, &ip4(true, 6, 1, 0, &short_offset)),
        ethernet(0x0800, &ip4(true, 6, 1, 0, &long_offset)),
        ethernet(0x0800, &segment().ip4()[..30]),
        vec![2; 13],
    ];
    let (events, counters) = replayed(1, &frames);
    let expected = Counters {
        packets_not_ip: 1,
        packets_udp: 2,
        packets_not_tcp: 1,
        packets_malformed: 3,
        packets_header_cut: 2,
        ..Counters::default()
    };
    assert_eq!(counters, expected);
    let Some(Seen::Loss(named)) = events.last() else {
        panic!("no loss at the end")
    };
    assert!(named.contains(&("packets_udp".to_owned(), 2)));
    assert_eq!(named.len(), 5);
}

#[test]
fn padding_is_no_payload_and_a_missing_ip_length_means_all_of_the_packet() {
    assert_found(1, front(&segment().ethernet(), &[0; 30]));
    let mut offloaded = segment().ip4();
    offloaded[2..4].fill(0);
    assert_found(1, ethernet(0x0800, &offloaded));
    let mut offloaded = ip6(true, 6, &segment().bytes());
    offloaded[4..6].fill(0);
    assert_found(229, offloaded);
}

#[test]
fn headers_with_options_are_passed() {
    let mut ip = segment().ip4();
    ip[0] = 0x46;
    ip[3] += 4;
    ip.splice(20..20, [1, 1, 1, 0]);
    assert_found(101, ip);
    let mut tcp = segment().bytes();
    tcp[12] = 0x60;
    tcp.splice(20..20, [1, 1, 1, 1]);
    assert_found(101, ip4(true, 6, 1, 0, &tcp));
}

#[test]
fn extension_headers_of_ipv6_are_followed() {
    let tcp = segment().bytes();
    let options = [0, 0, 0, 0, 0, 0];
    let destination = front(&[6, 0], &front(&options, &tcp));
    assert_found(229, ip6(true, 60, &destination));
    let authentication = front(&[60, 1], &front(&[0; 10], &destination));
    assert_found(229, ip6(true, 51, &authentication));
    let routing = front(&[51, 1], &front(&[0; 14], &authentication));
    assert_found(229, ip6(true, 0, &front(&[43, 0], &front(&options, &routing))));
    let atomic = front(&[6, 0, 0, 0, 0, 0, 0, 1], &tcp);
    assert_found(229, ip6(true, 44, &atomic));
    let many = |count: usize| {
        front(
            &front(&[60, 0, 0, 0, 0, 0, 0, 0].repeat(count), &[6, 0, 0, 0, 0, 0, 0, 0]),
            &tcp,
        )
    };
    assert_found(229, ip6(true, 60, &many(7)));
    let endless = many(12);
    assert_eq!(replayed(229, &[ip6(true, 60, &endless)]).1.packets_malformed, 1);
    assert_eq!(replayed(229, &[ip6(true, 50, &tcp)]).1.packets_not_tcp, 1);
}

#[test]
fn an_ipv4_address_mapped_into_ipv6_is_shown_as_ipv4() {
    let mut packet = ip6(true, 6, &segment().bytes());
    for at in [8, 24] {
        packet[at..at + 16].copy_from_slice(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 9]);
    }
    let (events, _) = replayed(229, &[packet]);
    assert_eq!(
        opens(&events)[&1].local,
        Endpoint::Inet("10.0.0.9:40000".parse().unwrap())
    );
}

/// The segment in fragments of 16 bytes.
fn fragments4(id: u16) -> Vec<Vec<u8>> {
    let tcp = segment().bytes();
    let last = tcp.len().div_ceil(16) - 1;
    let place = |number: usize| (number * 2) as u16 | if number < last { 0x2000 } else { 0 };
    tcp.chunks(16)
        .enumerate()
        .map(|(number, part)| ip4(true, 6, id, place(number), part))
        .collect()
}

fn fragments6(id: u8) -> Vec<Vec<u8>> {
    let tcp = segment().bytes();
    let last = tcp.len().div_ceil(16) - 1;
    let place = |number: usize| (number * 16) as u8 | u8::from(number < last);
    let fragment = |(number, part): (usize, &[u8])| ip6(true, 44, &front(&[6, 0, 0, place(number), 0, 0, 0, id], part));
    tcp.chunks(16).enumerate().map(fragment).collect()
}

#[test]
fn fragments_in_any_order_and_doubled_become_whole() {
    for parts in [fragments4(7), fragments6(7)] {
        assert_eq!(parts.len(), 3);
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]] {
            let mut frames: Vec<_> = order.iter().map(|at| parts[*at].clone()).collect();
            frames.insert(1, frames[0].clone());
            let (events, counters) = replayed(101, &frames);
            assert_eq!(text(&events, 1, Way::Sent), "0123456789abcdef-layers");
            assert_eq!(counters, Counters::default());
        }
    }
}

#[test]
fn fragments_of_two_datagrams_do_not_mix_and_incomplete_ones_are_counted() {
    let (first, second) = (fragments4(7), fragments4(8));
    let frames = [
        first[0].clone(),
        second[0].clone(),
        second[1].clone(),
        first[2].clone(),
        second[2].clone(),
    ];
    let (events, counters) = replayed(101, &frames);
    assert_eq!(text(&events, 1, Way::Sent), "0123456789abcdef-layers");
    assert_eq!(counters.fragments_dropped, 2);
}

#[test]
fn overlapping_fragments_keep_the_first_copy_in_ipv4_and_drop_the_datagram_in_ipv6() {
    let mut four = fragments4(7);
    four.insert(1, ip4(true, 6, 7, 0x2001, &[b'X'; 16]));
    four.insert(0, ip4(true, 6, 7, 0x2004, b"7-layers"));
    let (events, counters) = replayed(101, &four);
    assert_eq!(text(&events, 1, Way::Sent), "XXXX456789ab7-layersers");
    assert_eq!(counters.fragments_overlapping, 3);
    let mut six = fragments6(7);
    six.insert(1, ip6(true, 44, &front(&[6, 0, 0, 9, 0, 0, 0, 7], &[b'X'; 16])));
    let (events, counters) = replayed(101, &six);
    assert_eq!(text(&events, 1, Way::Sent), "");
    assert_eq!((counters.fragments_overlapping, counters.fragments_dropped), (1, 4));
}

#[test]
fn fragments_are_forgotten_after_their_time_and_bounded_in_number() {
    let parts = fragments4(7);
    let at = |seconds: u64, part: &[u8]| (seconds * 1_000_000_000, ethernet(0x0800, part));
    let late = [at(1, &parts[0]), at(1, &parts[1]), at(40, &parts[2])];
    let (events, counters) = decode(Limits::default(), &late);
    assert_eq!(
        (text(&events, 1, Way::Sent).as_str(), counters.fragments_dropped),
        ("", 3)
    );

    let flood: Vec<_> = (0..5000).map(|id| at(1, &fragments4(id)[0])).collect();
    assert_eq!(decode(Limits::default(), &flood).1.fragments_dropped, 5000);
    let outside = [
        at(1, &ip4(true, 6, 1, 0x1fff, &[0; 16])),
        at(1, &ip4(true, 6, 1, 0x2000, &[0; 7])),
    ];
    assert_eq!(decode(Limits::default(), &outside).1.fragments_dropped, 2);
}

#[test]
fn damaged_headers_and_impossible_lengths_never_panic() {
    let mut random = Random::new(1);
    let tagged = front(
        &[8, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0],
        &segment().ip4(),
    );
    let mut frames = [fragments4(7), fragments6(7)].concat();
    frames.extend([
        segment().ip4(),
        ip6(true, 6, &segment().bytes()),
        tagged,
        segment().ethernet(),
    ]);
    let mut decoder = PacketDecoder::default();
    for _ in 0..100_000 {
        let mut frame = frames[random.below(frames.len())].clone();
        for _ in 0..random.below(4) {
            let at = random.below(frame.len());
            frame[at] = random.below(256) as u8;
        }
        let captured = &frame[..frame.len() - random.below(10).min(frame.len())];
        let link_type = [101, 1, 0, 113, 276][random.below(5)];
        let wire_length = [captured.len() as u32, u32::MAX, 1 << 30, 70_000, 0][random.below(5)];
        let time_ns = random.below(1 << 40) as u64;
        let packet = Packet {
            time_ns,
            link_type,
            captured,
            wire_length,
        };
        decoder.packet(&packet, &mut |event| {
            super::seen(event);
        });
    }
    decoder.finish(&mut |event| {
        super::seen(event);
    });
}

#[test]
fn a_packet_longer_than_anything_sent_is_malformed() {
    for (mut ip, length_at) in [
        (segment().ip4(), 2),
        (ip6(true, 6, &segment().bytes()), 4),
        (fragments4(7)[2].clone(), 2),
    ] {
        ip[length_at..length_at + 2].fill(0);
        let packet = Packet {
            time_ns: 1,
            link_type: 101,
            captured: &ip,
            wire_length: u32::MAX,
        };
        let mut decoder = PacketDecoder::default();
        decoder.packet(&packet, &mut |event| assert!(!matches!(seen(event), Seen::Data { .. })));
        let counters = decoder.counters();
        assert_eq!(counters.packets_malformed + counters.fragments_dropped, 1);
    }
}

#[test]
fn a_snapped_fragment_cuts_the_bytes_and_keeps_the_length() {
    let parts = fragments4(7);
    let packets: Vec<_> = parts.iter().map(|part| (1, part.clone())).collect();
    let file = pcap(
        PcapKind {
            link_type: 101,
            snap: 30,
            ..PLAIN
        },
        &packets,
    );
    assert_eq!(replay(&file).unwrap().counters.packets_header_cut, 1);
    let file = pcap(
        PcapKind {
            link_type: 101,
            snap: 35,
            ..PLAIN
        },
        &packets,
    );
    let replayed = replay(&file).unwrap();
    assert_eq!(text(&replayed.all(), 1, Way::Sent), "<23>");
    assert_eq!(replayed.counters.bytes_snapped, 23);
}
