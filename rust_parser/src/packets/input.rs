//! A capture's bytes, uncompressed, seen through a buffer of fixed size: a file of any length takes the same memory.

use std::io::{self, Read};

use super::error::PacketError;

/// The most bytes a caller may ask to see at once, and so the longest packet. tcpdump's and Wireshark's largest snapshot
/// length is 256 KiB; four times that leaves room for tools that capture whole offloaded (BIG TCP) packets.
pub(super) const MAX_RECORD: usize = 1024 * 1024;

/// One read asks for at most this: it stays in the processor's cache until it is parsed.
const READ_AT_ONCE: usize = 256 * 1024;

/// Whatever bytes come from. `Send`, because the engine may run on any thread.
pub type Source = Box<dyn Read + Send>;

pub(super) struct Input {
    source: Source,
    buffer: Vec<u8>,
    /// Unread bytes: `start..end` of the buffer.
    start: usize,
    end: usize,
    /// Of `start` in the uncompressed file.
    offset: u64,
    finished: bool,
    /// The compressed file ends before what it holds does.
    cut: bool,
}

impl Input {
    /// Looks at the first bytes and uncompresses if they say so.
    pub(super) fn new(mut source: Source) -> Result<Self, PacketError> {
        let mut first = Vec::with_capacity(4);
        (&mut source)
            .take(4)
            .read_to_end(&mut first)
            .map_err(|error| PacketError::Read { offset: 0, error })?;
        let compression = first.clone();
        let whole = io::Cursor::new(first).chain(source);
        let source: Source = match compression.as_slice() {
            [0x1f, 0x8b, ..] => Box::new(flate2::read::MultiGzDecoder::new(whole)),
            [0x28, 0xb5, 0x2f, 0xfd] => {
                Box::new(zstd::Decoder::new(whole).map_err(|error| PacketError::Read { offset: 0, error })?)
            }
            _ => Box::new(whole),
        };
        Ok(Self {
            source,
            buffer: vec![0; MAX_RECORD + READ_AT_ONCE],
            start: 0,
            end: 0,
            offset: 0,
            finished: false,
            cut: false,
        })
    }

    /// Of the next unread byte in the uncompressed file.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Tries to have `wanted` unread bytes at hand (at most [`MAX_RECORD`]); fewer are there only at the file's end.
    #[inline]
    pub(super) fn fill(&mut self, wanted: usize) -> Result<usize, PacketError> {
        let at_hand = self.end - self.start;
        if at_hand >= wanted || self.finished {
            return Ok(at_hand);
        }
        self.read(wanted)
    }

    #[cold]
    fn read(&mut self, wanted: usize) -> Result<usize, PacketError> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        while self.end < wanted.min(MAX_RECORD) {
            let until = self.buffer.len().min(self.end + READ_AT_ONCE);
            let free = self.buffer.get_mut(self.end..until).unwrap_or_default();
            match self.source.read(free) {
                Ok(0) => {
                    self.finished = true;
                    break;
                }
                Ok(length) => self.end += length.min(free.len()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // A compressed file that was cut off: the same to the user as a plain one that was.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    (self.finished, self.cut) = (true, true);
                    break;
                }
                Err(error) => {
                    self.finished = true;
                    return Err(PacketError::Read {
                        offset: self.offset + (self.end as u64),
                        error,
                    });
                }
            }
        }
        Ok(self.end)
    }

    /// Tells whether a compressed file that ended was cut off.
    pub(super) fn is_cut(&self) -> bool {
        self.cut
    }

    /// The unread bytes at hand.
    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Takes `length` of the bytes at hand and returns them.
    #[inline]
    pub(super) fn take(&mut self, length: usize) -> &[u8] {
        let from = self.start;
        let length = length.min(self.end - from);
        self.start += length;
        self.offset += length as u64;
        self.buffer.get(from..from + length).unwrap_or_default()
    }

    /// Passes over bytes, at hand or not. Tells whether there were as many.
    pub(super) fn skip(&mut self, mut length: u64) -> Result<bool, PacketError> {
        while length > 0 {
            let step = usize::try_from(length).unwrap_or(usize::MAX).min(READ_AT_ONCE);
            if self.fill(step)? < step {
                return Ok(false);
            }
            self.take(step);
            length -= step as u64;
        }
        Ok(true)
    }
}
