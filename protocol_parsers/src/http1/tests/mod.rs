//! HTTP/1, through the eyes of the engine.
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

mod driver;
mod framing;
mod generator;
mod places;
mod properties;
mod requests;
mod speed;
mod upgrades;

use self::driver::{attribute, int_of, talk, text_of, Driver, Seen};
use super::*;
use crate::message::{FailureSide, Target};
use Direction::{ToClient, ToServer};

const GET: &[u8] = b"GET /a HTTP/1.1\r\nHost: shop\r\n\r\n";

fn request(bytes: &[u8]) -> Message {
    let Step::Message { message, .. } = Http1::default().next(ToServer, bytes).unwrap() else {
        panic!()
    };
    *message
}

fn phases(driver: &Driver) -> Vec<(Side, Phase)> {
    driver
        .messages()
        .iter()
        .map(|message| (message.side, message.phase))
        .collect()
}

const REQUEST: (Side, Phase) = (Side::Request, Phase::Whole);

const RESPONSE: (Side, Phase) = (Side::Response, Phase::Whole);
