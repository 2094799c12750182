//! The Huffman code of HPACK (RFC 7541, appendix B). Stateless; output is at most 8/5 of the input.
//!
//! The code is canonical: codes of one length are consecutive, in the order of their symbols, and follow those of the
//! length before. So the lengths say everything, and all tables are made of them when this is compiled.

/// The end-of-string symbol: never sent, its first bits pad the last byte.
const END: u16 = 256;
/// The longest code.
const MAX_LENGTH: usize = 30;
/// Codes up to this length are looked up at once: digits, letters and most punctuation.
const SHORT: u32 = 8;

/// How many bits each symbol takes.
#[rustfmt::skip]
const LENGTHS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
    30,
];

/// The codes of one length.
#[derive(Clone, Copy)]
struct Codes {
    /// The first one, left-aligned in 32 bits.
    first: u32,
    /// Left-aligned codes of this length and of all shorter ones are below this (33 bits, for the longest).
    limit: u64,
    /// Where their symbols start in [`Tables::symbols`].
    at: usize,
}

struct Tables {
    /// Symbols in the order of their codes.
    symbols: [u16; 257],
    by_length: [Codes; MAX_LENGTH + 1],
    /// For each value of the next [`SHORT`] bits, the symbol they start with and its length; 0 if its code is longer.
    short: [(u8, u8); 1 << SHORT],
}

static TABLES: Tables = make_tables();

/// Runs when this is compiled: an index out of bounds would not compile.
#[allow(clippy::indexing_slicing, clippy::cast_possible_truncation)]
const fn make_tables() -> Tables {
    let mut symbols = [0_u16; 257];
    let mut by_length = [Codes {
        first: 0,
        limit: 0,
        at: 0,
    }; MAX_LENGTH + 1];
    let mut short = [(0_u8, 0_u8); 1 << SHORT];
    let mut next: u64 = 0;
    let mut at = 0;
    let mut length = 1;
    while length <= MAX_LENGTH {
        let step = 1_u64 << (32 - length);
        by_length[length] = Codes {
            first: next as u32,
            limit: 0,
            at,
        };
        let mut symbol = 0;
        while symbol < LENGTHS.len() {
            if LENGTHS[symbol] as usize == length {
                symbols[at] = symbol as u16;
                at += 1;
                let mut slot = next >> (32 - SHORT);
                while length <= SHORT as usize && slot < (next + step) >> (32 - SHORT) {
                    short[slot as usize] = (symbol as u8, length as u8);
                    slot += 1;
                }
                next += step;
            }
            symbol += 1;
        }
        by_length[length].limit = next;
        length += 1;
    }
    Tables {
        symbols,
        by_length,
        short,
    }
}

/// Appends what the code says. `None`: it breaks the rules, and what was appended means nothing.
pub(super) fn decode(code: &[u8], output: &mut Vec<u8>) -> Option<()> {
    output.reserve(code.len() + code.len() / 2);
    let mut bits: u64 = 0;
    let mut count: u32 = 0;
    let mut rest = code;
    loop {
        while count <= 56 {
            let Some((byte, more)) = rest.split_first() else { break };
            bits |= u64::from(*byte) << (56 - count);
            count += 8;
            rest = more;
        }
        if count < SHORT && bits >> (64 - SHORT) == padding(count) {
            // Less than a byte is left, and it is the front of the end symbol.
            return Some(());
        }
        let (symbol, length) = symbol(bits)?;
        if length > count {
            return None;
        }
        output.push(symbol);
        bits <<= length;
        count -= length;
    }
}

/// The first byte of a window that holds nothing but so many bits of padding.
fn padding(count: u32) -> u64 {
    0xff_u64 & !(0xff >> count)
}

/// The symbol at the front, and the bits it takes.
fn symbol(bits: u64) -> Option<(u8, u32)> {
    let window = usize::try_from(bits >> (64 - SHORT)).ok()?;
    let (symbol, length) = TABLES.short.get(window).copied()?;
    if length > 0 {
        return Some((symbol, u32::from(length)));
    }
    let window = bits >> 32;
    let (length, codes) = TABLES
        .by_length
        .iter()
        .enumerate()
        .skip(1)
        .find(|(_, codes)| window < codes.limit)?;
    let length = u32::try_from(length).ok()?;
    let nth = (window - u64::from(codes.first)) >> (32 - length);
    let symbol = TABLES.symbols.get(codes.at + usize::try_from(nth).ok()?)?;
    if *symbol == END {
        return None;
    }
    u8::try_from(*symbol).ok().map(|symbol| (symbol, length))
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::unwrap_used)]
mod tests {
    use super::*;

    /// The other way round, from the lengths alone.
    fn encode(text: &[u8]) -> Vec<u8> {
        let mut order: Vec<usize> = (0..LENGTHS.len()).collect();
        order.sort_by_key(|symbol| (LENGTHS[*symbol], *symbol));
        let mut codes = [0_u64; 257];
        let (mut code, mut before) = (0_u64, LENGTHS[order[0]]);
        for symbol in order {
            code <<= LENGTHS[symbol] - before;
            before = LENGTHS[symbol];
            codes[symbol] = code;
            code += 1;
        }
        let mut bits: Vec<bool> = Vec::new();
        for byte in text {
            let symbol = usize::from(*byte);
            bits.extend((0..LENGTHS[symbol]).rev().map(|bit| codes[symbol] >> bit & 1 == 1));
        }
        bits.resize(bits.len().div_ceil(8) * 8, true);
        bits.chunks(8)
            .map(|byte| byte.iter().fold(0, |value, bit| value << 1 | u8::from(*bit)))
            .collect()
    }

    fn decoded(code: &[u8]) -> Option<Vec<u8>> {
        let mut output = Vec::new();
        decode(code, &mut output).map(|()| output)
    }

    #[test]
    fn the_examples_of_the_specification_decode() {
        assert_eq!(
            decoded(&[0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff]).unwrap(),
            b"www.example.com"
        );
        assert_eq!(decoded(&[0xa8, 0xeb, 0x10, 0x64, 0x9c, 0xbf]).unwrap(), b"no-cache");
        assert_eq!(
            decoded(&[0x25, 0xa8, 0x49, 0xe9, 0x5b, 0xb8, 0xe8, 0xb4, 0xbf]).unwrap(),
            b"custom-value"
        );
        assert_eq!(decoded(&[0x64, 0x02]).unwrap(), b"302");
        assert_eq!(decoded(&[]).unwrap(), b"");
    }

    #[test]
    fn every_pair_of_bytes_survives() {
        for first in 0..=255 {
            let text: Vec<u8> = (0..=255).flat_map(|second| [first, second]).collect();
            assert_eq!(decoded(&encode(&text)).unwrap(), text);
        }
    }

    #[test]
    fn padding_is_less_than_a_byte_of_ones_and_the_end_symbol_is_never_sent() {
        assert_eq!(decoded(&[0xff]), None, "a whole byte of padding");
        assert_eq!(decoded(&[0b0001_1111]).unwrap(), b"a".as_slice());
        assert_eq!(
            decoded(&[0b0001_1110]),
            None,
            "padding that is not the end symbol's front"
        );
        assert_eq!(decoded(&[0b0001_1111, 0xff]), None, "eleven bits of padding");
        assert_eq!(decoded(&[0xff, 0xff, 0xff, 0xff]), None, "the end symbol itself");
    }

    #[test]
    fn any_bytes_end_and_stay_within_the_bound() {
        let mut state = 1_u32;
        for length in 0..2000_usize {
            let code: Vec<u8> = (0..length % 64)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    state.to_be_bytes()[0]
                })
                .collect();
            let mut output = Vec::new();
            let _ = decode(&code, &mut output);
            assert!(output.len() * 5 <= code.len() * 8);
        }
    }
}
