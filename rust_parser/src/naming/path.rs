//! What a path segment looks like: a word of the route, or data in it.
//!
//! Contract: pure and total; looks at each byte a small number of times; a segment that could be data of the user (not
//! just an unusual word) is better named by a placeholder than shown.

use std::net::Ipv6Addr;
use std::ops::Deref;

use compact_str::format_compact;
use protocol_parsers::Text;

/// Placeholder of the segments that a folded place holds, and of those that no route would spell so.
pub const NAME: &str = "{name}";
/// Stands for what is deeper than [`MAX_SEGMENTS`].
pub const REST: &str = "*";

const ID: &str = "{id}";
const UUID: &str = "{uuid}";
const HASH: &str = "{hash}";
const DATE: &str = "{date}";
const IP: &str = "{ip}";
const EMAIL: &str = "{email}";
const TOKEN: &str = "{token}";
const FILE: &str = "{file}";

/// Routes are seldom deeper than 8; below that, paths are those of file trees.
const MAX_SEGMENTS: usize = 10;
/// Words of routes are shorter than this. The longest in the API description of GitHub has 38 characters.
const MAX_WORD: usize = 48;

/// The common case, decided at once: small letters, not too many.
const MAX_PLAIN: usize = 24;

/// Extensions of files that a build writes with fingerprints in their names.
const ASSETS: &[&str] = &[
    "js", "mjs", "css", "map", "png", "jpg", "jpeg", "gif", "svg", "webp", "avif", "ico", "woff", "woff2", "ttf",
    "otf", "eot", "mp4", "webm", "mp3", "wasm",
];

/// A segment of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment<'a> {
    /// As in the path, or a placeholder.
    Borrowed(&'a str),
    /// Decoded, or a placeholder with an extension.
    Owned(Text),
}

impl Deref for Segment<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Borrowed(text) => text,
            Self::Owned(text) => text,
        }
    }
}

/// The segments of a template: at most [`MAX_SEGMENTS`] and the rest.
#[derive(Debug)]
pub struct Segments<'a> {
    list: [Segment<'a>; MAX_SEGMENTS + 1],
    length: usize,
}

impl<'a> Segments<'a> {
    /// In the order of the path.
    pub fn as_slice(&self) -> &[Segment<'a>] {
        self.list.get(..self.length).unwrap_or_default()
    }

    fn push(&mut self, segment: Segment<'a>) {
        if let Some(slot) = self.list.get_mut(self.length) {
            *slot = segment;
            self.length += 1;
        }
    }
}

/// The segments of a path, data replaced. Empty ones count for nothing (`//`, a slash at the end); `;matrix` parameters
/// are cut. `None` for what is no path.
pub fn segments(path: &str) -> Option<Segments<'_>> {
    let path = path.split(['?', '#']).next().unwrap_or(path).strip_prefix('/')?;
    let mut segments = Segments {
        list: [const { Segment::Borrowed("") }; MAX_SEGMENTS + 1],
        length: 0,
    };
    let mut rest = path
        .split('/')
        .map(|segment| segment.split(';').next().unwrap_or(segment));
    let mut rest = rest.by_ref().filter(|segment| !segment.is_empty()).peekable();
    while let Some(segment) = rest.next() {
        if segments.length == MAX_SEGMENTS {
            segments.push(Segment::Borrowed(REST));
            break;
        }
        let is_last = rest.peek().is_none();
        segments.push(template(
            segment,
            Place {
                index: segments.length,
                is_last,
            },
        ));
    }
    Some(segments)
}

/// Where a segment stands in its path.
#[derive(Clone, Copy)]
struct Place {
    index: usize,
    is_last: bool,
}

/// The segment as the template has it.
fn template(segment: &str, place: Place) -> Segment<'_> {
    if !segment.contains('%') {
        return match classify(segment, place) {
            Class::Word => Segment::Borrowed(segment),
            Class::Data(placeholder) => Segment::Borrowed(placeholder),
            Class::File(placeholder, extension) => Segment::Owned(format_compact!("{placeholder}.{extension}")),
        };
    }
    let Some(decoded) = decode(segment) else {
        return Segment::Borrowed(NAME);
    };
    match classify(&decoded, place) {
        Class::Word => Segment::Owned(decoded),
        Class::Data(placeholder) => Segment::Borrowed(placeholder),
        Class::File(placeholder, extension) => Segment::Owned(format_compact!("{placeholder}.{extension}")),
    }
}

/// Percent-decoding. `None` when the result is not short text: then it is data anyway.
fn decode(segment: &str) -> Option<Text> {
    if segment.len() > 3 * MAX_WORD {
        return None;
    }
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digit = |at: usize| rest.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        let byte = (*first == b'%').then(|| digit(1).zip(digit(2))).flatten();
        if let Some((high, low)) = byte {
            bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
            rest = rest.get(3..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    Text::from_utf8(bytes).ok()
}

/// What a segment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class<'a> {
    /// Part of the route.
    Word,
    /// Data; its placeholder.
    Data(&'static str),
    /// Data with an extension.
    File(&'static str, &'a str),
}

fn classify(segment: &str, place: Place) -> Class<'_> {
    if segment.len() <= MAX_PLAIN && segment.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Class::Word;
    }
    let shape = Shape::of(segment);
    if let Some(placeholder) = data(segment, &shape, place.index) {
        return Class::Data(placeholder);
    }
    if place.is_last {
        if let Some((stem, extension)) = file(segment) {
            return match stem_class(stem, extension) {
                Some(placeholder) => Class::File(placeholder, extension),
                None => Class::Word,
            };
        }
    }
    match random(segment, &shape) {
        Some(placeholder) => Class::Data(placeholder),
        None if shape.odd || segment.len() > MAX_WORD => Class::Data(NAME),
        None => Class::Word,
    }
}

/// What is counted in one pass.
#[derive(Debug, Default)]
struct Shape {
    length: usize,
    digits: usize,
    /// a-f and A-F.
    hex_letters: usize,
    lower: usize,
    upper: usize,
    /// Longest row of digits.
    digit_run: usize,
    /// Longest row of letters and digits.
    word_run: usize,
    /// Changes between letter and digit.
    turns: usize,
    /// Some character that routes do not have (space, quote, brace, beyond ASCII).
    odd: bool,
}

impl Shape {
    fn of(segment: &str) -> Self {
        let mut shape = Self {
            length: segment.len(),
            ..Self::default()
        };
        let (mut digits, mut word) = (0, 0);
        for byte in segment.bytes() {
            match byte {
                b'0'..=b'9' => {
                    shape.turns += usize::from(digits == 0 && word > 0);
                    shape.digits += 1;
                    digits += 1;
                    word += 1;
                }
                b'a'..=b'z' | b'A'..=b'Z' => {
                    shape.turns += usize::from(digits > 0);
                    shape.hex_letters += usize::from(byte.is_ascii_hexdigit());
                    shape.lower += usize::from(byte.is_ascii_lowercase());
                    shape.upper += usize::from(byte.is_ascii_uppercase());
                    digits = 0;
                    word += 1;
                }
                _ => {
                    shape.odd |= !matches!(
                        byte,
                        b'-' | b'_'
                            | b'.'
                            | b'~'
                            | b'!'
                            | b'$'
                            | b'\''
                            | b'('
                            | b')'
                            | b'*'
                            | b'+'
                            | b','
                            | b'@'
                            | b':'
                            | b'='
                    );
                    (digits, word) = (0, 0);
                }
            }
            shape.digit_run = shape.digit_run.max(digits);
            shape.word_run = shape.word_run.max(word);
        }
        shape
    }

    fn letters(&self) -> usize {
        self.lower + self.upper
    }

    fn is_hex(&self) -> bool {
        self.digits + self.hex_letters == self.length
    }
}

/// Data that is known by its form.
fn data(segment: &str, shape: &Shape, index: usize) -> Option<&'static str> {
    if is_uuid(segment) {
        Some(UUID)
    } else if is_email(segment) {
        Some(EMAIL)
    } else if is_date(segment) {
        Some(DATE)
    } else if is_ip(segment) {
        Some(IP)
    } else if segment.starts_with("eyJ") && segment.contains('.') && shape.length >= 20 {
        // A JSON web token: {" in base64, and dots between its parts.
        Some(TOKEN)
    } else if shape.digits == 0 {
        None
    } else if shape.letters() == 0 {
        // `/1.1/statuses`, `/2.0/repositories`: the version of an API, not data.
        let is_version =
            index <= 1 && shape.digit_run <= 2 && segment.split('.').count() == 2 && shape.digits + 1 == shape.length;
        (!is_version && !shape.odd).then_some(ID)
    } else if shape.length >= 8 && shape.is_hex() || is_prefixed_hex(segment) {
        Some(HASH)
    } else {
        None
    }
}

/// Data that is known by its lack of form: keys, tokens, numbers with a prefix.
fn random(segment: &str, shape: &Shape) -> Option<&'static str> {
    let mixed = shape.lower > 0 && shape.upper > 0 && shape.digits > 0;
    let is_token = (shape.word_run >= 16 && shape.turns >= 3)
        || (shape.word_run >= 32 && shape.digits > 0)
        || (mixed && shape.word_run >= 10 && shape.turns >= 4)
        || (mixed && shape.word_run >= 20)
        || (segment.ends_with('=') && shape.length >= 8);
    if is_token {
        Some(TOKEN)
    } else if shape.digit_run >= 4 || shape.digits >= 6 {
        // `order-10023`, `INV-2024-001`; but not `oauth2`, `sha256`, `x86_64`.
        Some(ID)
    } else {
        None
    }
}

/// 8-4-4-4-12 hexadecimal digits, perhaps in braces or after `urn:uuid:`.
fn is_uuid(segment: &str) -> bool {
    let segment = segment.strip_prefix("urn:uuid:").unwrap_or(segment);
    let segment = segment
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        .unwrap_or(segment);
    segment.len() == 36
        && segment.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn is_email(segment: &str) -> bool {
    segment.split_once('@').is_some_and(|(user, host)| {
        !user.is_empty()
            && host
                .split_once('.')
                .is_some_and(|(name, top)| !name.is_empty() && !top.is_empty())
    })
}

/// `2024-01-31`, with or without a time behind it, and `2024-01`.
fn is_date(segment: &str) -> bool {
    let bytes = segment.as_bytes();
    let number = |from: usize, to: usize| {
        let digits = bytes.get(from..to)?;
        digits.iter().try_fold(0_u32, |sum, byte| {
            byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0'))
        })
    };
    let year_and_month = number(0, 4).is_some_and(|year| (1900..2200).contains(&year))
        && bytes.get(4) == Some(&b'-')
        && number(5, 7).is_some_and(|month| (1..=12).contains(&month));
    year_and_month
        && (bytes.len() == 7
            || (bytes.get(7) == Some(&b'-')
                && number(8, 10).is_some_and(|day| (1..=31).contains(&day))
                && matches!(bytes.get(10), None | Some(b'T' | b't' | b' ' | b'_'))))
}

fn is_ip(segment: &str) -> bool {
    match segment.as_bytes().first() {
        Some(b'0'..=b'9') if segment.split('.').count() == 4 => segment
            .split('.')
            .all(|part| !part.is_empty() && part.len() <= 3 && part.parse::<u8>().is_ok()),
        _ if segment.split(':').count() >= 3 => {
            let address = segment
                .strip_prefix('[')
                .and_then(|rest| rest.strip_suffix(']'))
                .unwrap_or(segment);
            address.parse::<Ipv6Addr>().is_ok()
        }
        _ => false,
    }
}

/// `0x1a2b3c4d`, `sha256:…`, `sha1-…`.
fn is_prefixed_hex(segment: &str) -> bool {
    let digits = segment
        .strip_prefix("0x")
        .or_else(|| segment.split_once(':').map(|(_, digits)| digits));
    digits.is_some_and(|digits| digits.len() >= 8 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The stem and the extension of a file name.
fn file(segment: &str) -> Option<(&str, &str)> {
    let (stem, extension) = segment.rsplit_once('.')?;
    let is_extension = (1..=5).contains(&extension.len())
        && extension.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && extension.bytes().any(|byte| byte.is_ascii_alphabetic());
    (is_extension && !stem.is_empty()).then_some((stem, extension))
}

/// The placeholder of a stem that is data, or has a fingerprint in it (`main.3f2a1b9c.js`, `index-BkZ3x9Qp.js`).
fn stem_class(stem: &str, extension: &str) -> Option<&'static str> {
    let shape = Shape::of(stem);
    let whole = data(stem, &shape, usize::MAX).or_else(|| random(stem, &shape));
    let is_asset = ASSETS.iter().any(|asset| asset.eq_ignore_ascii_case(extension));
    let is_fingerprint = |part: &str| {
        let shape = Shape::of(part);
        shape.length >= 6 && shape.digits > 0 && (shape.is_hex() || shape.turns >= 1 && shape.length >= 8)
    };
    if is_asset && (whole.is_some() || stem.split(['.', '-', '_']).any(is_fingerprint)) {
        return Some(FILE);
    }
    whole.or_else(|| (shape.odd || stem.len() > MAX_WORD).then_some(NAME))
}
