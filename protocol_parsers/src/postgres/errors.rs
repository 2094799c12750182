//! ErrorResponse and NoticeResponse: the code, and as much of the text as holds no data.

use compact_str::format_compact;

use super::frame::text;
use crate::message::{Failure, FailureSide, Text};

/// Bytes of an error that are read: severity, code and message are its first fields.
pub(super) const MAX_READ: usize = 1024;

/// The longest message that is shown.
const MAX_MESSAGE: usize = 256;

/// What an error or a notice says.
#[derive(Clone, Debug, Default)]
pub(super) struct Report {
    /// SQLSTATE.
    pub(super) code: Text,
    pub(super) message: Option<Text>,
    /// The connection ends with it.
    pub(super) fatal: bool,
    pub(super) warning: bool,
}

impl Report {
    /// Reads the front of its body.
    pub(super) fn read(body: &[u8]) -> Self {
        let mut report = Self::default();
        let mut severity: &[u8] = b"";
        let mut message: &[u8] = b"";
        let mut rest = body;
        while let [field, tail @ ..] = rest {
            let (value, after) = match text(tail) {
                Some(found) if *field != 0 => found,
                // The rest is not at hand.
                None if *field == b'M' => (tail, &b""[..]),
                _ => break,
            };
            match field {
                // Localised, so a server that knows `V` is not asked for it.
                b'S' if severity.is_empty() => severity = value,
                b'V' => severity = value,
                b'C' if value.len() == 5 && value.iter().all(u8::is_ascii_alphanumeric) => {
                    report.code = Text::from_utf8_lossy(value);
                }
                b'M' => message = value,
                _ => {}
            }
            rest = after;
        }
        report.fatal = matches!(severity, b"FATAL" | b"PANIC");
        report.warning = severity == b"WARNING";
        report.message = clean(&report.code, message);
        report
    }

    pub(super) fn failure(&self) -> Failure {
        let kind = if self.code.is_empty() {
            const { Text::const_new("_OTHER") }
        } else {
            self.code.clone()
        };
        Failure {
            kind,
            message: self.message.clone(),
            side: FailureSide::Both,
        }
    }
}

/// The message, if and as it can be shown. Those of the classes below name objects of the schema and nothing else; those
/// of other classes quote values, so from the first quote to the last is left out; those that functions raise (class P0,
/// and classes of one's own) are anybody's words.
fn clean(code: &str, message: &[u8]) -> Option<Text> {
    let message = std::str::from_utf8(message)
        .ok()
        .filter(|message| !message.is_empty())?;
    let end = (0..=message.len().min(MAX_MESSAGE))
        .rev()
        .find(|end| message.is_char_boundary(*end))?;
    let message = message.get(..end)?;
    let class = code.get(..2)?;
    let names_objects = matches!(
        class,
        "08" | "0A" | "23" | "25" | "28" | "2B" | "3D" | "3F" | "40" | "53" | "55" | "57"
    );
    let plain = names_objects || class == "42" && !matches!(code, "42601" | "42602" | "42622");
    // A name holds none of these, a piece of a statement does.
    let quotes_sql = message.contains(['\'', '`', '$', '\n']);
    if plain && message.is_ascii() && !quotes_sql {
        return Some(Text::from(message));
    }
    if !matches!(class, "22" | "42" | "21" | "24" | "26" | "34" | "54") || !message.is_ascii() {
        return None;
    }
    // What is quoted in another way, or not at all, stands behind a colon.
    let message = message.split_once(": ").map_or(message, |(front, _)| front);
    match (
        message.find(['"', '\'', '`', '$']),
        message.rfind(['"', '\'', '`', '$']),
    ) {
        (Some(first), Some(last)) => {
            let front = message.get(..first)?;
            let after = if first == last { "" } else { message.get(last + 1..)? };
            Some(Text::from_iter([front, "?", after]))
        }
        _ => Some(Text::from(message)),
    }
}

/// The failure of a statement that was not executed because another one of its pipeline failed.
pub(super) fn aborted(failed: u32) -> Failure {
    Failure {
        kind: const { Text::const_new("pipeline_aborted") },
        message: Some(format_compact!(
            "not executed: statement {failed} of the pipeline failed"
        )),
        side: FailureSide::Both,
    }
}
