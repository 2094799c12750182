//! UUID version 5 (RFC 9562): the convention's recipe for a `service.instance.id` that is stable and tells nothing
//! about its source. Runs once per process, so it is written to be short.

/// The namespace that OpenTelemetry fixed for `service.instance.id`.
const NAMESPACE: [u8; 16] = [
    0x4d, 0x63, 0x00, 0x9a, 0x8d, 0x0f, 0x11, 0xee, 0xaa, 0xd7, 0x4c, 0x79, 0x6e, 0xd8, 0xe3, 0x20,
];

/// The UUID of this name within OpenTelemetry's namespace.
#[must_use]
pub fn version_5(name: &str) -> String {
    let digest = sha1(&[&NAMESPACE, name.as_bytes()].concat());
    let [a, b, c, d, _] = digest;
    let (b, c) = ((b & 0xffff_0fff) | 0x5000, (c & 0x3fff_ffff) | 0x8000_0000);
    format!(
        "{a:08x}-{:04x}-{:04x}-{:04x}-{:04x}{d:08x}",
        b >> 16,
        b & 0xffff,
        c >> 16,
        c & 0xffff
    )
}

/// SHA-1 (FIPS 180-4). Not for security: version 5 is defined by it.
fn sha1(message: &[u8]) -> [u32; 5] {
    let mut padded = message.to_vec();
    padded.push(0x80);
    padded.resize(padded.len().next_multiple_of(64), 0);
    if padded.len() - message.len() < 9 {
        padded.resize(padded.len() + 64, 0);
    }
    padded.truncate(padded.len() - 8);
    padded.extend_from_slice(&(message.len() as u64 * 8).to_be_bytes());

    let mut state = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
    for block in padded.as_chunks::<64>().0 {
        state = compress(state, block);
    }
    state
}

#[expect(clippy::many_single_char_names, reason = "the letters of the standard")]
fn compress(state: [u32; 5], block: &[u8; 64]) -> [u32; 5] {
    let mut words = [0_u32; 80];
    for (word, bytes) in words.iter_mut().zip(block.as_chunks::<4>().0) {
        *word = u32::from_be_bytes(*bytes);
    }
    let [mut a, mut b, mut c, mut d, mut e] = state;
    for round in 0..words.len() {
        let word = |back: usize| {
            round
                .checked_sub(back)
                .and_then(|at| words.get(at))
                .copied()
                .unwrap_or_default()
        };
        let word = if round < 16 {
            word(0)
        } else {
            (word(3) ^ word(8) ^ word(14) ^ word(16)).rotate_left(1)
        };
        if let Some(slot) = words.get_mut(round) {
            *slot = word;
        }
        let (mix, constant) = match round / 20 {
            0 => ((b & c) | (!b & d), 0x5a82_7999),
            1 => (b ^ c ^ d, 0x6ed9_eba1),
            2 => ((b & c) | (b & d) | (c & d), 0x8f1b_bcdc),
            _ => (b ^ c ^ d, 0xca62_c1d6),
        };
        let next = a
            .rotate_left(5)
            .wrapping_add(mix)
            .wrapping_add(e)
            .wrapping_add(constant)
            .wrapping_add(word);
        (e, d, c, b, a) = (d, c, b.rotate_left(30), a, next);
    }
    let [s0, s1, s2, s3, s4] = state;
    [
        s0.wrapping_add(a),
        s1.wrapping_add(b),
        s2.wrapping_add(c),
        s3.wrapping_add(d),
        s4.wrapping_add(e),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected values: Python, `uuid.uuid5(uuid.UUID("4d63009a-8d0f-11ee-aad7-4c796ed8e320"), name)`.
    #[test]
    fn names_of_every_length_around_a_block_border_give_the_published_uuid() {
        for (name, uuid) in [
            ("x".repeat(0), "778f72e5-f77c-594e-9915-b8a66fe1b88d"),
            ("x".to_owned(), "6833eec6-9f91-52e2-b2eb-7999ad7f5cc4"),
            ("x".repeat(36), "530e76a8-2df3-512d-a121-45637f5d54e4"),
            ("x".repeat(39), "7c69ae69-5803-5f9d-824a-e7f8b7db65cb"),
            ("x".repeat(40), "726d968a-7078-59d9-aec4-5963acb2dc07"),
            ("x".repeat(47), "37e2aff0-4b16-5cfe-af25-69b5f85d45ed"),
            ("x".repeat(48), "1b0e8afc-4030-5e60-8507-86baf7091aff"),
            ("x".repeat(49), "e7f9cc4e-59c3-50ce-90a1-c1e149797630"),
            ("x".repeat(103), "71d1aefe-72d8-54f8-9b58-1c9660bf7f35"),
            ("x".repeat(104), "3c7e8f0d-b023-587b-9907-676632ad96e0"),
            ("x".repeat(112), "e2861ba4-c8ee-54d5-9e9c-492584c31dea"),
            ("x".repeat(200), "6ee913e8-79f5-5d01-bdb9-cfcdb05862ba"),
        ] {
            assert_eq!(version_5(&name), uuid);
        }
    }
}
