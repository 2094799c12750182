#![allow(clippy::indexing_slicing, clippy::unwrap_used)]
//! Blocks against public stories, and tables that are not whole against those that are.

use std::path::PathBuf;

use super::*;

/// Blocks with what they mean.
type Story = Vec<(Vec<u8>, Fields)>;
type Fields = Vec<(Option<Vec<u8>>, Option<Vec<u8>>)>;

fn decoded(decoder: &mut Decoder, block: &[u8]) -> Result<Fields, ParseError> {
    let mut fields = Vec::new();
    decoder.decode(block, |field| {
        let value = field.value.map(|value| {
            let mut text = Vec::new();
            value.append_to(&mut text).unwrap();
            text
        });
        fields.push((field.name.map(<[u8]>::to_vec), value));
    })?;
    Ok(fields)
}

fn known(fields: &[(&str, &str)]) -> Fields {
    fields
        .iter()
        .map(|(name, value)| (Some(name.as_bytes().to_vec()), Some(value.as_bytes().to_vec())))
        .collect()
}

fn bytes(hexadecimal: &str) -> Vec<u8> {
    let digits: Vec<u8> = hexadecimal
        .chars()
        .filter_map(|digit| digit.to_digit(16))
        .map(|digit| u8::try_from(digit).unwrap())
        .collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

#[test]
fn the_requests_of_the_specification_decode_with_their_table() {
    let mut decoder = Decoder::default();
    let first = bytes("8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff");
    let common = [
        (":method", "GET"),
        (":scheme", "http"),
        (":path", "/"),
        (":authority", "www.example.com"),
    ];
    assert_eq!(decoded(&mut decoder, &first), Ok(known(&common)));
    let second = bytes("8286 84be 5886 a8eb 1064 9cbf");
    assert_eq!(
        decoded(&mut decoder, &second),
        Ok(known(&[&common[..], &[("cache-control", "no-cache")]].concat()))
    );
    assert_eq!(decoder.size, 110);
}

#[test]
fn the_responses_of_the_specification_evict_as_they_should() {
    let mut decoder = Decoder {
        limit: 256,
        ..Decoder::default()
    };
    for block in [
        "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
        "4883 640e ffc1 c0bf",
        "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
    ] {
        decoded(&mut decoder, &bytes(block)).unwrap();
    }
    assert_eq!(decoder.size, 215);
    assert_eq!(decoder.entries.len(), 3);
}

#[test]
fn an_entry_larger_than_the_table_empties_it() {
    let mut decoder = Decoder {
        limit: 64,
        ..Decoder::default()
    };
    decoded(&mut decoder, b"\x40\x01a\x01b").unwrap();
    let large = [b"\x40\x01a\x28".as_slice(), &[b'x'; 40]].concat();
    assert_eq!(decoded(&mut decoder, &large).unwrap().len(), 1);
    assert_eq!((decoder.entries.len(), decoder.size), (0, 0));
}

#[test]
fn what_breaks_the_rules_is_an_error() {
    for (block, error) in [
        (&b"\x80"[..], "index 0"),
        (b"\xbe", "index beyond the table"),
        (b"\x82\x20", "size update in a block"),
        (b"\x40\x81\xff\x01b", "Huffman code"),
        (b"\x40\x05ab", "header block ends inside of a field"),
    ] {
        assert_eq!(
            decoded(&mut Decoder::default(), block),
            Err(ParseError::Malformed(error)),
            "{block:x?}"
        );
    }
}

#[test]
fn a_table_larger_than_what_we_keep_loses_its_oldest_entries_and_says_so() {
    let mut decoder = Decoder::default();
    decoded(&mut decoder, b"\x3f\xe1\xff\x3f").unwrap();
    for number in 0..40 {
        let entry = [b"\x40\x01a\x7f\x81\x0f".as_slice(), &[number; 2048]].concat();
        decoded(&mut decoder, &entry).unwrap();
    }
    assert!(decoder.size <= MAX_SIZE && !decoder.whole);
    assert_eq!(
        decoded(&mut decoder, b"\xbe").unwrap()[0].1.as_deref(),
        Some(&[39; 2048][..])
    );
    assert_eq!(decoded(&mut decoder, b"\xe5").unwrap(), [(None, None)]);
}

#[test]
fn a_size_update_to_nothing_makes_the_table_whole_again() {
    let mut decoder = Decoder::default();
    decoder.forget();
    assert_eq!(decoded(&mut decoder, b"\xbe").unwrap(), [(None, None)]);
    decoded(&mut decoder, b"\x20\x3f\xe1\x1f").unwrap();
    assert!(decoded(&mut decoder, b"\xbe").is_err());
}

#[test]
fn a_name_that_is_not_known_leaves_its_value_known() {
    let mut decoder = Decoder::default();
    decoder.forget();
    let field = (None, Some(b"v".to_vec()));
    for block in [&b"\x7e\x01v"[..], b"\xbe"] {
        assert_eq!(
            decoded(&mut decoder, block).as_deref(),
            Ok(std::slice::from_ref(&field))
        );
    }
}

/// Public stories of several encoders.
fn stories() -> Vec<(String, Story)> {
    let shared = std::env::var_os("EBPF_OTLP_TRACER_SHARED_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"),
        PathBuf::from,
    );
    let archive = shared.join("traffic/hpack-stories.tar.xz");
    let listing = std::process::Command::new("tar")
        .arg("-xOJf")
        .arg(&archive)
        .args(["--wildcards", "*.json"])
        .output();
    let Ok(output) = listing.map(|output| output.stdout) else {
        return Vec::new();
    };
    let documents = serde_json::Deserializer::from_slice(&output).into_iter::<serde_json::Value>();
    let stories: Vec<_> = documents.map(|story| story.unwrap()).collect();
    stories
        .iter()
        .enumerate()
        .map(|(number, story)| (format!("story {number}"), cases(story)))
        .collect()
}

fn cases(story: &serde_json::Value) -> Story {
    let text = |value: &serde_json::Value| Some(value.as_str().unwrap().as_bytes().to_vec());
    let fields = |case: &serde_json::Value| {
        let pairs = case["headers"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|pair| pair.as_object().unwrap());
        pairs
            .map(|(name, value)| (Some(name.as_bytes().to_vec()), text(value)))
            .collect()
    };
    let cases = story["cases"].as_array().unwrap();
    cases
        .iter()
        .map(|case| (bytes(case["wire"].as_str().unwrap()), fields(case)))
        .collect()
}

#[test]
#[allow(clippy::print_stderr)]
fn public_stories_decode_exactly_from_their_beginning_and_rightly_from_anywhere() {
    let stories = stories();
    if stories.is_empty() {
        eprintln!("skipped: no shared data");
        return;
    }
    let (mut blocks, mut late_known, mut late_all) = (0, 0, 0);
    for (name, cases) in &stories {
        let mut decoder = Decoder::default();
        for (block, expected) in cases {
            assert_eq!(decoded(&mut decoder, block).as_ref(), Ok(expected), "{name}");
            blocks += 1;
        }
        for start in [1, 2, 5, cases.len() / 2] {
            let mut late = Decoder::default();
            late.forget();
            for (block, expected) in cases.iter().skip(start) {
                let fields = decoded(&mut late, block).unwrap();
                assert_eq!(fields.len(), expected.len(), "{name}");
                for (field, expected) in fields.iter().zip(expected) {
                    assert!(field.0.is_none() || field.0 == expected.0, "{name}: a wrong name");
                    assert!(field.1.is_none() || field.1 == expected.1, "{name}: a wrong value");
                    late_all += 1;
                    late_known += usize::from(field.0.is_some() && field.1.is_some());
                }
            }
        }
    }
    eprintln!(
        "{} stories, {blocks} blocks; met late, {late_known} of {late_all} fields are known",
        stories.len()
    );
    assert!(blocks >= stories.len() && late_known > late_all / 2);
}
