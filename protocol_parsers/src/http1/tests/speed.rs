//! How fast `next` is. Run by hand:
//! `cargo test --release -p protocol_parsers http1::tests::speed -- --ignored --nocapture`

use std::hint::black_box;
use std::time::Instant;

use super::*;

/// A request and a response of the sizes that services exchange.
const TYPICAL_REQUEST: &[u8] = b"GET /api/v1/products/4711?currency=EUR HTTP/1.1\r\nHost: productcatalog:3550\r\nUser-Agent: python-requests/2.32.3\r\nAccept-Encoding: gzip, deflate\r\nAccept: */*\r\nConnection: keep-alive\r\ntraceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n\r\n";
const TYPICAL_RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Tue, 01 Jul 2025 10:00:00 GMT\r\nContent-Type: application/json\r\nContent-Length: 27\r\nConnection: keep-alive\r\n\r\n{\"id\":4711,\"price\":\"12.50\"}";
const SMALL_RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[test]
#[ignore = "measures, in release only"]
#[allow(clippy::print_stderr)]
fn pairs_each_second() {
    const PAIRS: u32 = 1_000_000;
    for (name, request, response) in [
        ("small", GET, SMALL_RESPONSE),
        ("typical", TYPICAL_REQUEST, TYPICAL_RESPONSE),
    ] {
        let mut parser = Http1::default();
        let start = Instant::now();
        for _ in 0..PAIRS {
            black_box(parser.next(ToServer, black_box(request)).unwrap());
            black_box(parser.next(ToClient, black_box(response)).unwrap());
        }
        let each = start.elapsed() / PAIRS;
        eprintln!("{name} pair ({} + {} bytes): {each:?}", request.len(), response.len());
    }
}
