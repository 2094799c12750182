//! The text of a command with its keys shown and its values hidden, built argument by argument.
//!
//! It must never show a value: an argument is hidden unless the command table says that it names something. The bytes
//! of a hidden argument are not even asked for, so a command with a huge value is written from its head alone.

use std::fmt::Write;

use super::commands::{find, is_option_word, Command, Name, MAX_NAME, MAX_OPTION};

/// Bytes of a key that are shown; "..." follows when there are more.
pub(super) const MAX_KEY: u64 = 128;
/// Length of the text after which the rest of the arguments becomes "?...".
const MAX_TEXT: usize = 1024;
/// Arguments in the text, for the same end: a line of question marks helps nobody.
const MAX_ARGUMENTS: u64 = 64;
/// Digits of a number that is shown: what counts keys and databases.
const MAX_DIGITS: u64 = 10;

/// How the next argument is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Show {
    Name,
    Subcommand,
    Key,
    Number,
    /// A number of keys that follow.
    Count,
    Option,
    Hidden,
}

/// A command's text in the making.
#[derive(Debug, Default)]
pub(super) struct Query {
    command: Option<&'static Command>,
    /// The name of a command that is not in the table.
    unknown: Option<Name>,
    pattern: &'static [u8],
    /// Arguments written so far, the name included.
    written: u64,
    /// The next arguments are keys, whatever the pattern says.
    keys: u64,
    /// The next arguments are hidden, whatever the pattern says.
    hidden: u64,
    /// An option of XADD waits for its threshold.
    threshold: bool,
    text: String,
    full: bool,
}

impl Query {
    /// Begins another command; keeps the memory.
    pub(super) fn reset(&mut self) {
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        *self = Self {
            text,
            ..Self::default()
        };
    }

    /// What is known of the command, once its name was written.
    pub(super) fn command(&self) -> Option<&'static Command> {
        self.command
    }

    /// The command's name as documented, or as sent when it is not in the table but looks like a name.
    pub(super) fn operation(&self) -> Option<&str> {
        self.command
            .map(|command| command.name)
            .or(self.unknown.as_ref().map(Name::as_str))
    }

    /// The text so far.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Writes one argument of `length` bytes, of which `bytes` are at hand; `left` arguments are not written yet,
    /// this one included. False, and nothing done: more of its bytes are needed.
    pub(super) fn write(&mut self, bytes: &[u8], length: u64, left: u64) -> bool {
        let mut show = self.show(left);
        let needed = match show {
            Show::Name | Show::Subcommand if length <= MAX_NAME as u64 => length,
            Show::Key => length.min(MAX_KEY),
            Show::Number | Show::Count if length <= MAX_DIGITS => length,
            Show::Option if length <= MAX_OPTION as u64 => length,
            Show::Name => 0,
            _ => {
                show = if show == Show::Subcommand { show } else { Show::Hidden };
                0
            }
        };
        let Some(shown) = usize::try_from(needed).ok().and_then(|needed| bytes.get(..needed)) else {
            return false;
        };
        self.put(show, shown, length, left);
        self.written += 1;
        true
    }

    fn show(&self, left: u64) -> Show {
        if self.written == 0 {
            return Show::Name;
        }
        if self.keys > 0 {
            return Show::Key;
        }
        if self.hidden > 0 {
            return Show::Hidden;
        }
        match self.pattern.first() {
            Some(b'@') => Show::Subcommand,
            Some(b'k' | b'f') => Show::Key,
            Some(b'K') if left > 1 => Show::Key,
            Some(b'd') => Show::Number,
            Some(b'n') => Show::Count,
            Some(b'o' | b's' | b't' | b'm' | b'h' | b'x') => Show::Option,
            _ => Show::Hidden,
        }
    }

    fn put(&mut self, show: Show, bytes: &[u8], length: u64, left: u64) {
        match show {
            Show::Name => return self.put_name(bytes),
            Show::Subcommand => return self.put_subcommand(bytes),
            Show::Option => return self.put_option(bytes, left),
            _ => {}
        }
        if self.room() {
            match show {
                Show::Key => self.put_key(bytes, length),
                Show::Number | Show::Count => match std::str::from_utf8(bytes) {
                    Ok(digits) if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                        self.text.push_str(digits);
                    }
                    _ => self.text.push('?'),
                },
                _ => self.text.push('?'),
            }
        }
        if self.keys > 0 {
            self.keys -= 1;
        } else if self.hidden > 0 {
            self.hidden -= 1;
        } else {
            self.step();
            if show == Show::Count {
                self.keys = decimal(bytes).unwrap_or(0).min(left.saturating_sub(1));
            }
        }
    }

    /// Whether the text still grows; puts the blank before the next argument, or the end mark once.
    fn room(&mut self) -> bool {
        if self.full {
            return false;
        }
        self.text.push(' ');
        if self.text.len() >= MAX_TEXT || self.written >= MAX_ARGUMENTS {
            self.text.push_str("?...");
            self.full = true;
        }
        !self.full
    }

    /// Goes to the next letter of the pattern. The letters for a whole rest stay.
    fn step(&mut self) {
        if let [b'K' | b's' | b't' | b'm' | b'h' | b'x', ..] = self.pattern {
            return;
        }
        if let [_, rest @ ..] = self.pattern {
            self.pattern = rest;
        }
        self.group();
    }

    /// Passes over brackets. A group is last in its pattern, so its end leads to the only bracket there is.
    fn group(&mut self) {
        if self.pattern.first() == Some(&b')') {
            let whole = self.command.map_or(&b""[..], |command| command.pattern.as_bytes());
            let start = whole.iter().position(|letter| *letter == b'(').unwrap_or(whole.len());
            self.pattern = whole.get(start..).unwrap_or_default();
        }
        if let [b'(', rest @ ..] = self.pattern {
            self.pattern = rest;
        }
    }

    fn put_name(&mut self, bytes: &[u8]) {
        let Some(name) = Name::new(bytes) else {
            return self.text.push('?');
        };
        self.text.push_str(name.as_str());
        self.command = find(&name);
        match self.command {
            Some(command) => {
                self.pattern = command.pattern.as_bytes();
                self.group();
            }
            None => self.unknown = Some(name),
        }
    }

    /// A subcommand that is not in the table hides everything after the command's name, itself included.
    fn put_subcommand(&mut self, bytes: &[u8]) {
        self.pattern = b"";
        let command = self
            .command
            .and_then(|command| Name::sub(command.name, bytes))
            .and_then(|name| find(&name));
        self.text.push(' ');
        match command {
            Some(command) => {
                self.text.clear();
                self.text.push_str(command.name);
                self.command = Some(command);
                self.pattern = command.pattern.as_bytes();
                self.group();
            }
            None => self.text.push('?'),
        }
    }

    fn put_option(&mut self, bytes: &[u8], left: u64) {
        let mut upper = [0; MAX_OPTION];
        let word = upper.get_mut(..bytes.len()).and_then(|upper| {
            upper.copy_from_slice(bytes);
            upper.make_ascii_uppercase();
            std::str::from_utf8(upper).ok().filter(|word| is_option_word(word))
        });
        if self.room() {
            self.text.push_str(word.unwrap_or("?"));
        }
        self.after_option(word.unwrap_or_default(), left.saturating_sub(1));
    }

    /// What an option says about the arguments after it; `left` of them follow.
    fn after_option(&mut self, word: &str, left: u64) {
        match (self.pattern.first(), word) {
            (Some(b's'), "STREAMS") => {
                self.keys = left / 2;
                self.pattern = b"";
            }
            (Some(b't'), "STORE" | "STOREDIST") => self.keys = left.min(1),
            (Some(b'm'), "KEYS") => self.keys = left,
            (Some(b'm'), "AUTH") | (Some(b'h'), "SETNAME") | (Some(b'x'), "LIMIT") => self.hidden = 1,
            (Some(b'm'), "AUTH2") | (Some(b'h'), "AUTH") => self.hidden = 2,
            (Some(b'x'), "NOMKSTREAM" | "KEEPREF" | "DELREF" | "ACKED" | "=" | "~") => {}
            (Some(b'x'), "MAXLEN" | "MINID") => self.threshold = true,
            (Some(b'x'), _) if self.threshold => self.threshold = false,
            (Some(b'x'), _) => {
                self.pattern = self.pattern.get(1..).unwrap_or_default();
                self.group();
            }
            _ => self.step(),
        }
    }

    /// As `redis-cli` would have it typed: quoted when it holds blanks, quotes or bytes that are no text.
    fn put_key(&mut self, bytes: &[u8], length: u64) {
        let plain = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'\\');
        match std::str::from_utf8(bytes) {
            Ok(text) if !bytes.is_empty() && bytes.iter().all(plain) => self.text.push_str(text),
            _ => self.put_quoted(bytes, length),
        }
        if length > bytes.len() as u64 {
            self.text.push_str("...");
        }
    }

    fn put_quoted(&mut self, bytes: &[u8], length: u64) {
        let whole = length == bytes.len() as u64;
        self.text.push('"');
        let mut chunks = bytes.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            for character in chunk.valid().chars() {
                match character {
                    '"' | '\\' => self.text.extend(['\\', character]),
                    '\n' => self.text.push_str("\\n"),
                    '\r' => self.text.push_str("\\r"),
                    '\t' => self.text.push_str("\\t"),
                    _ if character.is_ascii_control() => self.hexadecimal(&[character as u8]),
                    _ => self.text.push(character),
                }
            }
            // A character that the limit cut is part of the ellipsis.
            if whole || chunks.peek().is_some() {
                self.hexadecimal(chunk.invalid());
            }
        }
        self.text.push('"');
    }

    fn hexadecimal(&mut self, bytes: &[u8]) {
        for byte in bytes {
            // Writing to a string cannot fail.
            let _ = write!(self.text, "\\x{byte:02x}");
        }
    }
}

/// A short decimal number.
pub(super) fn decimal(digits: &[u8]) -> Option<u64> {
    let all = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(digits).ok().filter(|_| all)?.parse().ok()
}
