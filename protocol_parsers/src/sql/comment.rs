//! The trace context that sqlcommenter writes into a comment: `/*traceparent='00-...-01',tracestate='a%3Db'*/`.

use memchr::memmem;

use crate::message::Text;
use crate::trace_context::{TraceContext, MAX_TRACE_STATE};

/// The longest comment that is searched: keys and values of sqlcommenter, all of them with the longest state.
const MAX_COMMENT: usize = 4096;

/// The context in the text of a comment, if there is one.
pub(super) fn context(comment: &[u8]) -> Option<TraceContext> {
    let comment = comment.get(..MAX_COMMENT).unwrap_or(comment);
    let mut context = TraceContext::parse(value(comment, b"traceparent")?)?;
    context.state = value(comment, b"tracestate").and_then(decode);
    Some(context)
}

/// The value of `key='value'`.
fn value<'a>(comment: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let at = memmem::find(comment, key)?;
    let before = at.checked_sub(1).and_then(|before| comment.get(before));
    if before.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'%')) {
        return None;
    }
    let rest = comment.get(at + key.len()..)?.trim_ascii_start().strip_prefix(b"=")?;
    let rest = rest.trim_ascii_start().strip_prefix(b"'")?;
    rest.get(..memchr::memchr(b'\'', rest)?)
}

/// Undoes the URL encoding. `None` when it is broken, too long or no text.
fn decode(value: &[u8]) -> Option<Text> {
    if value.is_empty() || value.len() > 3 * MAX_TRACE_STATE {
        return None;
    }
    let mut state = Text::default();
    let mut rest = value;
    while let [byte, tail @ ..] = rest {
        rest = tail;
        let byte = if *byte == b'%' {
            let [high, low, tail @ ..] = tail else { return None };
            rest = tail;
            u8::try_from(char::from(*high).to_digit(16)? << 4 | char::from(*low).to_digit(16)?).ok()?
        } else {
            *byte
        };
        if !matches!(byte, b' '..=b'~') {
            return None;
        }
        state.push(char::from(byte));
    }
    (state.len() <= MAX_TRACE_STATE).then_some(state)
}
