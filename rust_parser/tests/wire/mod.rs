//! A protobuf reader made from the description of the wire format, not from our encoder. Panics on anything odd, also on
//! lengths that are not in their shortest form.

/// The fields of a message, in order.
#[derive(Debug, Default)]
pub struct Message<'a> {
    fields: Vec<(u64, Field<'a>)>,
}

#[derive(Clone, Copy, Debug)]
enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl<'a> Message<'a> {
    pub fn read(mut rest: &'a [u8]) -> Self {
        let mut fields = Vec::new();
        while !rest.is_empty() {
            let tag = varint(&mut rest);
            let field = match tag & 7 {
                0 => Field::Number(varint(&mut rest)),
                1 => Field::Number(u64::from_le_bytes(take(&mut rest, 8).try_into().unwrap())),
                2 => {
                    let length = varint(&mut rest);
                    Field::Bytes(take(&mut rest, usize::try_from(length).unwrap()))
                }
                5 => Field::Number(u64::from(u32::from_le_bytes(take(&mut rest, 4).try_into().unwrap()))),
                other => panic!("wire type {other}"),
            };
            fields.push((tag >> 3, field));
        }
        Self { fields }
    }

    fn all(&self, field: u64) -> impl Iterator<Item = Field<'a>> + '_ {
        self.fields
            .iter()
            .filter(move |(number, _)| *number == field)
            .map(|(_, field)| *field)
    }

    fn one(&self, field: u64) -> Option<Field<'a>> {
        let mut all = self.all(field);
        let first = all.next();
        assert!(all.next().is_none(), "field {field} comes twice");
        first
    }

    pub fn number(&self, field: u64) -> u64 {
        match self.one(field) {
            None => 0,
            Some(Field::Number(number)) => number,
            Some(Field::Bytes(_)) => panic!("field {field} is no number"),
        }
    }

    pub fn bytes(&self, field: u64) -> &'a [u8] {
        match self.one(field) {
            None => &[],
            Some(Field::Bytes(bytes)) => bytes,
            Some(Field::Number(_)) => panic!("field {field} is a number"),
        }
    }

    pub fn text(&self, field: u64) -> &'a str {
        std::str::from_utf8(self.bytes(field)).expect("UTF-8")
    }

    pub fn message(&self, field: u64) -> Message<'a> {
        Message::read(self.bytes(field))
    }

    pub fn messages(&self, field: u64) -> Vec<Message<'a>> {
        let message = |field| match field {
            Field::Bytes(bytes) => Message::read(bytes),
            Field::Number(_) => panic!("a number where a message should be"),
        };
        self.all(field).map(message).collect()
    }

    /// The number of the only field: which of several a choice holds.
    pub fn only_field(&self) -> u64 {
        assert_eq!(self.fields.len(), 1);
        self.fields[0].0
    }
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> &'a [u8] {
    let (taken, after) = rest.split_at_checked(length).expect("the length is within the message");
    *rest = after;
    taken
}

fn varint(rest: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(rest, 1)[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            assert!(byte != 0 || shift == 0, "not the shortest form");
            return value;
        }
    }
    panic!("a varint without an end");
}
