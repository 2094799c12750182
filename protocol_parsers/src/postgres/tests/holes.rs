//! Late attach, lost and damaged bytes.

use super::*;

fn feed(connection: &mut Connection, parts: &[(Direction, Vec<u8>)]) {
    for (direction, bytes) in parts {
        connection.feed(*direction, bytes);
    }
}

#[track_caller]
fn late(conversation: &str, said: &[&str]) {
    let mut connection = Connection::late(&DEFINITION);
    feed(&mut connection, &script(conversation));
    assert_eq!(lines(&connection), said);
}

#[test]
fn a_connection_met_while_idle_is_read_at_once() {
    late(
        "> Q select 1
         < T | D | C SELECT 1 | Z
         > P - select 1 | B - - | E - | P - select 2 | B - - | E - | S
         < 1 | 2 | D | C SELECT 1 | 1 | 2 | D | C SELECT 1 | Z",
        &[
            "> select ?",
            "< Begin",
            "< End rows=1",
            "> select ?",
            "> select ?",
            "< Begin",
            "< End rows=1",
            "< Begin",
            "< End rows=1",
        ],
    );
    late(
        "> B - s7 | E - | S
         < 2 | D | C SELECT 1 | Z
         > B - s7 | E - | S
         < 2 | C UPDATE 1 | Z",
        &["> s7", "< Begin", "< End rows=1", "> s7", "< affected=1"],
    );
}

#[test]
fn a_connection_met_in_the_middle_of_an_answer_gives_that_answers_rest() {
    late(
        "< D | D | C SELECT 9 | Z
         > Q select 1
         < T | D | C SELECT 1 | Z",
        &["< Begin", "< End rows=9", "> select ?", "< Begin", "< End rows=1"],
    );
    late(
        "< D | C SELECT 1 | 1 | 2 | C UPDATE 2 | 1 | 2 | E 22012 division by zero | Z
         > Q select 1
         < T | D | C SELECT 1 | Z",
        &[
            "< Begin",
            "< End (empty) rows=1",
            "< affected=2",
            "< 22012: division by zero",
            "> select ?",
            "< Begin",
            "< End rows=1",
        ],
    );
}

#[test]
fn a_statement_known_by_name_only_is_named_and_its_operation_comes_from_the_answer() {
    let mut connection = Connection::late(&DEFINITION);
    let round = script("> B - s7 | E - | S\n < 2 | D | C SELECT 1 | Z");
    feed(&mut connection, &round);
    feed(&mut connection, &round);
    let Some(Said::Message(_, _, _, message)) = connection.said.last() else {
        panic!()
    };
    assert_eq!(message.facts.operation.as_deref(), Some("SELECT"));
}

/// Requests and responses that end, over a whole conversation.
fn counts(connection: &Connection) -> (usize, usize) {
    let ended = |side: Side| {
        move |said: &&Said| {
            matches!(said, Said::Message(_, _, _, message)
                if message.side == side && message.reply != Reply::None && matches!(message.phase, Phase::Whole | Phase::End))
        }
    };
    let said = &connection.said;
    (
        said.iter().filter(ended(Side::Request)).count(),
        said.iter().filter(ended(Side::Response)).count(),
    )
}

#[test]
fn after_a_late_attach_between_any_two_turns_each_request_has_one_answer() {
    for parts in recorded::all() {
        let starts = (0..parts.len()).filter(|at| parts[*at].0 == ToServer);
        for start in starts {
            // A login, its proofs of identity and the data of a COPY are no places where a connection is met idle.
            if matches!(parts[start].1[0], b'p' | b'd' | 0) || parts[start].1 == [b'S', 0, 0, 0, 4] {
                continue;
            }
            let mut connection = Connection::late(&DEFINITION);
            feed(&mut connection, &parts[start..]);
            let (requests, responses) = counts(&connection);
            assert_eq!(requests, responses, "from turn {start}: {:#?}", lines(&connection));
        }
    }
}

#[test]
fn after_lost_bytes_anywhere_the_conversation_goes_on() {
    let turn =
        "> Q select 1\n < T | D | C SELECT 1 | Z\n > P - select 2 | B - - | E - | S\n < 1 | 2 | D | C SELECT 1 | Z\n";
    let parts = script(&turn.repeat(4));
    for lost in 0..6 {
        for cut in [1, 7, 20] {
            let mut connection = Connection::new(&DEFINITION);
            for (at, (direction, bytes)) in parts.iter().enumerate() {
                if at == lost {
                    connection.feed(*direction, &bytes[..cut.min(bytes.len())]);
                    connection.gap(*direction);
                    connection.feed(*direction, &bytes[(cut + 9).min(bytes.len())..]);
                } else {
                    connection.feed(*direction, bytes);
                }
            }
            let said = lines(&connection);
            assert_eq!(
                said[said.len() - 6..],
                ["> select ?", "< Begin", "< End rows=1"].repeat(2),
                "{lost} {cut}"
            );
        }
    }
}

#[test]
fn damaged_recordings_never_panic_and_never_show_a_secret() {
    let mut state = 0x1234_5678_9abc_def1_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    for parts in recorded::all() {
        for _ in 0..300 {
            let mut damaged = parts.clone();
            for _ in 0..=random(4) {
                let part = random(damaged.len());
                let bytes = &mut damaged[part].1;
                let at = random(bytes.len());
                bytes[at] = u8::try_from(random(256)).unwrap();
            }
            let mut connection = Connection::new(&DEFINITION);
            feed(&mut connection, &damaged);
            for direction in [ToServer, ToClient] {
                connection.end(direction);
            }
            // What an error's message may show is decided by its code: a damaged one is another error.
            let requests = |said: &&Said| matches!(said, Said::Message(ToServer, ..));
            let requests: Vec<_> = connection.said.iter().filter(requests).collect();
            // The data of a COPY whose letter is damaged into that of a query is a query.
            let copies = parts
                .iter()
                .any(|(_, bytes)| bytes.windows(8).any(|bytes| bytes == b"hunter2\n"));
            let hidden = !format!("{requests:?}").contains("hunter2");
            assert!(copies || hidden, "{:#?}", lines(&connection));
        }
    }
}

#[test]
fn random_conversations_keep_the_contract() {
    let mut state = 0x0dd0_5eed_1234_5678_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let recordings = recorded::all();
    for round in 0..2000 {
        let mut data = Vec::new();
        let parts = &recordings[round % recordings.len()];
        for (direction, bytes) in parts {
            let direction = u8::from(*direction == ToClient);
            for piece in bytes.chunks(usize::try_from(random() % 31).unwrap() * 8 + 8) {
                let hole = if random() % 16 == 0 { 6 } else { 0 };
                data.push(direction | hole | u8::try_from((piece.len() - 1) / 8).unwrap().min(31) << 3);
                data.extend_from_slice(piece);
            }
        }
        if random() % 2 == 0 {
            let at = usize::try_from(random()).unwrap() % data.len();
            data[at] = random().to_le_bytes()[0];
        }
        driver::fuzz(&DEFINITION, &data);
    }
}
