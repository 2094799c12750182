//! Unpacking, against what the libraries of others packed (Python's gzip, python-snappy 0.7, lz4 4.4, zstandard 0.25).

use super::hex;
use crate::kafka::compression::{unpack, Curiosity, MAX_UNPACKED};

const GZIP: &str = "\
    1f8b080000000000020365d03b0a80401004d1abec11ecf18fa7991516610313ef8f60245d69458faaf99c5719cadd4acfd6f3a8\
    5f9087f0307a983ccc1e160fab87cdc30e18a9b00a58412b7005af0016c402593007ccc1bf30c7cffc02bd276501a6010000";
const SNAPPY: &str = "\
    a6034062617463682030206f66206b61666b613b091100313e110000323e110000333e110000343e110000353e110000363e1100\
    00373e110000383e110000393e1100003146ab0042ac00003142ad00003142ae00003142af00003142b000003142b100003142b2\
    00003142b300003142b400003242b400003242b4000432323eea002c3233206f66206b61666b613b";
const SNAPPY_JAVA: &str = "\
    82534e415050590000000001000000010000004ec8014062617463682030206f66206b61666b613b091100313e110000323e1100\
    00333e110000343e110000353e110000363e110000373e110000383e110000393e1100003146ab001031206f662000000056de01\
    446b61666b613b6261746368203132206f6620321200003342120000344212000035421200003642120000374212000038421200\
    00393e1200043230421200003142120042b4002c3233206f66206b61666b613b";
const LZ4_INDEPENDENT: &str = "\
    04224d1860408279000000f20262617463682030206f66206b61666b613b11001c3111001c3211001c3311001c3411001c351100\
    1c3611001c3711001c3811001c3911001e31ab000dac001d31ad001d31ae001d31af001d31b0001d31b1001d31b2001d31b3001d\
    31b4001d32b4001d32b4001d32b400c03233206f66206b61666b613b00000000";
const LZ4_LINKED_WITH_CHECKSUMS: &str = "\
    04224d187c40a6010000000000004e79000000f20262617463682030206f66206b61666b613b11001c3111001c3211001c331100\
    1c3411001c3511001c3611001c3711001c3811001c3911001e31ab000dac001d31ad001d31ae001d31af001d31b0001d31b1001d\
    31b2001d31b3001d31b4001d32b4001d32b4001d32b400c03233206f66206b61666b613b9c6c67a80000000050173d56";
const ZSTD: &str = "\
    28b52ffd60a600150300740262617463682030206f66206b61666b613b3132333435363738393131313131313131313232323218\
    00c010301f9819cc72b3f96c36b39acd42b3f966363399cd12b3f96036f3cb6673198f0144007200610011801c40184004200710\
    4bc30403";
const ZSTD_STREAM: &str = "\
    28b52ffd0058340100b062617463682030206f66206b61666b613b313233343506008010801c40184004a09b86b9040d02009061\
    36373839313131313131313131323232321300c010301f9819cc72b3f96c36b39acd42b3f966363399cd12b3f96036f3cb667319\
    8f014400720061004906ae";
const ZSTD_CHECKSUM: &str = "\
    28b52ffd0400150300740262617463682030206f66206b61666b613b313233343536373839313131313131313131323232321800\
    c010301f9819cc72b3f96c36b39acd42b3f966363399cd12b3f96036f3cb6673198f0144007200610011801c401840042007104b\
    c3040337893927";

fn plain() -> Vec<u8> {
    (0..24)
        .flat_map(|at| format!("batch {at} of kafka;").into_bytes())
        .collect()
}

const ALL: [(u8, &str); 8] = [
    (1, GZIP),
    (2, SNAPPY),
    (2, SNAPPY_JAVA),
    (3, LZ4_INDEPENDENT),
    (3, LZ4_LINKED_WITH_CHECKSUMS),
    (4, ZSTD),
    (4, ZSTD_STREAM),
    (4, ZSTD_CHECKSUM),
];

#[test]
fn what_others_packed_is_unpacked() {
    for (compression, packed) in ALL {
        assert_eq!(unpack(compression, &hex(packed)), plain(), "{compression} {packed}");
    }
}

#[test]
fn a_cut_or_broken_batch_gives_a_prefix_or_something_short() {
    for (compression, packed) in ALL {
        let packed = hex(packed);
        for cut in 0..packed.len() {
            let unpacked = unpack(compression, &packed[..cut]);
            assert!(plain().starts_with(&unpacked), "{compression} cut at {cut}");
        }
        for at in 0..packed.len() {
            for bit in 0..8 {
                let mut broken = packed.clone();
                broken[at] ^= 1 << bit;
                assert!(unpack(compression, &broken).len() <= MAX_UNPACKED);
            }
        }
    }
}

#[test]
fn a_batch_that_would_fill_the_memory_stops_at_the_limit() {
    let zeros = vec![0; 64 << 20];
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, &zeros).unwrap();
    assert_eq!(unpack(1, &gzip.finish().unwrap()).len(), MAX_UNPACKED);
    // Sixteen blocks of zstd that say "128 KiB of this byte".
    let blocks = [0x03, 0x00, 0x10, b'x'].repeat(16);
    let blocks: Vec<u8> = blocks
        .chunks(4)
        .flat_map(|block| [block[0] & !1, block[1], block[2], block[3]])
        .collect();
    let zstd = [&[0x28, 0xb5, 0x2f, 0xfd, 0, 0x58][..], &blocks].concat();
    assert_eq!(unpack(4, &zstd).len(), MAX_UNPACKED);
    assert!(unpack(
        2,
        &snap::raw::Encoder::new().compress_vec(&zeros[..=MAX_UNPACKED]).unwrap()
    )
    .is_empty());
}

#[test]
fn a_connection_without_trace_contexts_is_asked_less_and_less() {
    let mut curiosity = Curiosity::default();
    let mut asked = 0;
    for _ in 0..Curiosity::PATIENCE + 160 {
        if curiosity.asks() {
            asked += 1;
            curiosity.learns(false);
        }
    }
    assert_eq!(asked, Curiosity::PATIENCE + 160 / Curiosity::RARELY);
    while !curiosity.asks() {}
    curiosity.learns(true);
    assert!((0..Curiosity::PATIENCE).all(|_| curiosity.asks()));
}
