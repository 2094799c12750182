//! Conversations as peers could have them, with what they must give. Seeded: a failure repeats.

/// Xorshift: enough to vary tests.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Below `bound`.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap() % bound
    }

    pub(super) fn chance(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }

    pub(super) fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }

    pub(super) fn bytes(&mut self, most: usize) -> Vec<u8> {
        let count = self.below(most + 1);
        (0..count).map(|_| u8::try_from(self.below(256)).unwrap()).collect()
    }
}

/// One request and what answers it.
pub(super) struct Exchange {
    pub(super) request: Vec<u8>,
    pub(super) response: Vec<u8>,
    pub(super) path: String,
    /// As the attribute must be.
    pub(super) request_size: Option<i64>,
    pub(super) code: i64,
    pub(super) response_size: Option<i64>,
}

const FIELDS: [&str; 9] = [
    "Host: shop.example:81",
    "Accept: */*",
    "X-Empty:",
    "user-agent:   agent/1 (a; b)\t",
    "Cookie: a=b; c=\"d\"",
    "X-High: caf\u{e9}",
    "Connection: keep-alive",
    "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "Traceparents: no, Content-Lengthy: 5",
];

/// A head of this start line with fields around those that matter.
pub(super) fn head(random: &mut Random, start_line: &str, fields: &[String], folds: bool) -> Vec<u8> {
    let end = random.pick(&["\r\n", "\r\n", "\n"]);
    let mut lines: Vec<String> = (0..random.below(5)).map(|_| random.pick(&FIELDS).to_owned()).collect();
    for field in fields {
        let at = random.below(lines.len() + 1);
        lines.insert(at, field.clone());
    }
    if folds && random.chance(4) {
        lines.push(format!("X-Folded: a{end}\tb{end}  Content-Length: 7"));
    }
    lines.insert(0, start_line.to_owned());
    (lines.join(end) + end + end).into_bytes()
}

/// Fields that announce a body, the bytes that carry it, and how long it is.
fn body(random: &mut Random) -> (Vec<String>, Vec<u8>, usize) {
    let mut data = random.bytes(60);
    if random.chance(3) {
        data.extend_from_slice(b"\r\n\r\nGET /trap HTTP/1.1\r\n\r\nHTTP/1.1 500 Trap\r\n\r\n0\r\n\r\n");
    }
    let size = data.len();
    if random.chance(2) {
        let name = random.pick(&["Content-Length", "content-length", "CONTENT-LENGTH"]);
        return (
            vec![format!("{name}:{}{size}", random.pick(&["", " ", "\t "]))],
            data,
            size,
        );
    }
    let end = random.pick(&["\r\n", "\r\n", "\n"]);
    let mut wire = Vec::new();
    let mut rest = &data[..];
    while !rest.is_empty() {
        let (chunk, after) = rest.split_at(1 + random.below(rest.len()));
        let extension = random.pick(&["", "", ";a", " ; a=\"b c\"", "   "]);
        wire.extend_from_slice(format!("{:0width$X}{extension}{end}", chunk.len(), width = random.below(5)).as_bytes());
        wire.extend_from_slice(chunk);
        wire.extend_from_slice(end.as_bytes());
        rest = after;
    }
    let trailer = random.pick(&["", "", "Sum: 1\r\n", "A: b\n c\nD: e\n"]);
    wire.extend_from_slice(format!("0{end}{trailer}{end}").as_bytes());
    let spelling = random.pick(&["chunked", "gzip, Chunked", "gzip,\r\n chunked"]);
    let mut fields = vec![format!("Transfer-Encoding: {spelling}")];
    if random.chance(6) {
        fields.push("Content-Length: 3".to_owned());
    }
    (fields, wire, size)
}

/// The `number`th exchange of a connection.
pub(super) fn exchange(random: &mut Random, number: usize) -> Exchange {
    let method = random.pick(&["GET", "HEAD", "POST", "PUT", "OPTIONS", "PROPFIND"]);
    let path = format!("/{number}/x");
    let (fields, wire, size) = if random.chance(2) {
        body(random)
    } else {
        (Vec::new(), Vec::new(), 0)
    };
    let request_size = (!fields.is_empty()).then(|| i64::try_from(size).unwrap());
    let target = random.pick(&["", "?a=b&c", "?"]);
    let mut request = random.pick(&["", "", "\r\n", "\n"]).as_bytes().to_vec();
    request.extend(head(
        random,
        &format!("{method} {path}{target} HTTP/1.1"),
        &fields,
        true,
    ));
    request.extend(wire);

    let code = random.pick(&["200", "200", "404", "503", "204", "304"]);
    let (fields, wire, size) = body(random);
    let empty = method == "HEAD" || matches!(code, "204" | "304");
    let response_size = (!empty).then(|| i64::try_from(size).unwrap());
    let mut response = Vec::new();
    for _ in 0..random.below(3) {
        response.extend_from_slice(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    }
    let start_line = format!("HTTP/1.1 {code}{}", random.pick(&["", " ", " Some Reason"]));
    response.extend(head(random, &start_line, &fields, true));
    if !empty {
        response.extend(wire);
    }
    Exchange {
        request,
        response,
        path,
        request_size,
        code: code.parse().unwrap(),
        response_size,
    }
}

/// Bytes as a faulty capture could give them.
pub(super) fn damaged(random: &mut Random, bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len());
        let to = (at + random.below(40)).min(bytes.len());
        match random.below(5) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => drop(bytes.drain(at..to)),
            2 => {
                let again = bytes[at..to].to_vec();
                bytes.splice(at..at, again);
            }
            3 => {
                let noise = random.bytes(20);
                bytes.splice(at..at, noise);
            }
            _ => bytes[at] = *random.pick(&[&b'\n', &b'\r', &b' ', &0, &b':', &b'9']),
        }
        if bytes.is_empty() {
            bytes.push(b'G');
        }
    }
    bytes
}
