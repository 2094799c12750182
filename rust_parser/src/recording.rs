//! Recordings: the records of the stream as they came, in compressed blocks. What replay reads is what the engine saw.
//!
//! ```text
//! file   = MAGIC  version:u16  block*
//! block  = BLOCK_MAGIC  raw_length:u32  stored_length:u32  checksum:u64 (xxh3 of the stored bytes)  stored bytes (zstd)
//! ```
//! All little-endian. An empty block (both lengths 0) ends a recording that was closed properly. Whole records only in a
//! block, so a file cut anywhere is read up to its last whole block; the reader then says where and why it stopped.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use xxhash_rust::xxh3::xxh3_64;

use crate::event::{HEADER_LENGTH, MAX_RECORD_LENGTH};

/// First bytes of a recording.
pub const MAGIC: [u8; 8] = *b"EOTREC\r\n";
/// Version of the format; readers refuse later ones.
pub const VERSION: u16 = 1;
const BLOCK_MAGIC: [u8; 4] = *b"BLK\n";
const BLOCK_HEADER_LENGTH: usize = 20;

/// A block is written when it holds so many bytes: large enough to compress well, small enough to lose little.
pub const BLOCK_LENGTH: usize = 1 << 20;
/// No block is larger: a full one, and the drain that filled it.
const MAX_BLOCK_LENGTH: usize = 64 << 20;
/// The fastest level: the machine that records is the one that is in trouble.
const COMPRESSION_LEVEL: i32 = 1;

/// Writes a recording.
pub struct Writer<W: Write> {
    output: W,
    pending: Vec<u8>,
}

impl Writer<BufWriter<File>> {
    /// Creates the file, readable by its owner only: recordings hold payload.
    pub fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(path)?;
        if file.metadata()?.is_file() {
            file.set_permissions(Permissions::from_mode(0o600))?;
        }
        Self::new(BufWriter::new(file))
    }
}

impl<W: Write> Writer<W> {
    /// Writes the file's header.
    pub fn new(mut output: W) -> io::Result<Self> {
        output.write_all(&MAGIC)?;
        output.write_all(&VERSION.to_le_bytes())?;
        output.flush()?;
        Ok(Self {
            output,
            pending: Vec::with_capacity(BLOCK_LENGTH + MAX_RECORD_LENGTH),
        })
    }

    /// Appends whole records, one after the other. They are on disk when [`Writer::flush`] or a full block puts them there.
    pub fn write(&mut self, records: &[u8]) -> io::Result<()> {
        self.pending.extend_from_slice(records);
        if self.pending.len() >= BLOCK_LENGTH {
            self.flush()?;
        }
        Ok(())
    }

    /// Writes what is pending as a block.
    pub fn flush(&mut self) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let stored = zstd::bulk::compress(&self.pending, COMPRESSION_LEVEL)?;
        self.block(self.pending.len(), &stored)?;
        self.pending.clear();
        self.output.flush()
    }

    /// Writes the rest and the end mark.
    pub fn finish(mut self) -> io::Result<W> {
        self.flush()?;
        self.block(0, &[])?;
        self.output.flush()?;
        Ok(self.output)
    }

    fn block(&mut self, raw_length: usize, stored: &[u8]) -> io::Result<()> {
        let length = |length: usize| u32::try_from(length).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge));
        self.output.write_all(&BLOCK_MAGIC)?;
        self.output.write_all(&length(raw_length)?.to_le_bytes())?;
        self.output.write_all(&length(stored.len())?.to_le_bytes())?;
        self.output.write_all(&xxh3_64(stored).to_le_bytes())?;
        self.output.write_all(stored)
    }
}

/// How a recording came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Closed properly.
    Complete,
    /// The writer was killed or the file was cut: all blocks before `offset` were read.
    Truncated {
        /// Where the incomplete block starts.
        offset: u64,
    },
    /// Bytes at `offset` are no block: all before were read.
    Damaged {
        /// Where the damaged block starts.
        offset: u64,
        /// What is wrong there.
        reason: &'static str,
    },
}

/// Why a file is not read at all.
#[derive(Debug)]
pub enum OpenError {
    /// The system could not read it.
    Io(io::Error),
    /// It does not start like a recording.
    Foreign,
    /// A later version wrote it.
    Version(u16),
}

/// Reads a recording, block by block.
pub struct Reader<R: Read> {
    input: R,
    offset: u64,
    end: Option<End>,
}

impl<R: Read> Reader<R> {
    /// Checks the file's header.
    pub fn new(mut input: R) -> Result<Self, OpenError> {
        let mut magic = [0; 8];
        let mut version = [0; 2];
        for part in [&mut magic[..], &mut version[..]] {
            input.read_exact(part).map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => OpenError::Foreign,
                _ => OpenError::Io(error),
            })?;
        }
        match u16::from_le_bytes(version) {
            _ if magic != MAGIC => Err(OpenError::Foreign),
            VERSION => Ok(Self {
                input,
                offset: 10,
                end: None,
            }),
            later => Err(OpenError::Version(later)),
        }
    }

    /// The records of the next block, or `None` at the end; [`Reader::end`] then tells which one.
    ///
    /// Errors: only of the system; damage is an end.
    pub fn block(&mut self) -> io::Result<Option<Vec<u8>>> {
        if self.end.is_some() {
            return Ok(None);
        }
        match self.next_block() {
            Ok(records) => Ok(Some(records)),
            Err(Stop::End(end)) => {
                self.end = Some(end);
                Ok(None)
            }
            Err(Stop::Io(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                self.end = Some(End::Truncated { offset: self.offset });
                Ok(None)
            }
            Err(Stop::Io(error)) => Err(error),
        }
    }

    /// How the recording ended, once [`Reader::block`] gave `None`.
    pub fn end(&self) -> Option<&End> {
        self.end.as_ref()
    }

    fn next_block(&mut self) -> Result<Vec<u8>, Stop> {
        let magic: [u8; 4] = self.array()?;
        let raw_length = self.length()?;
        let stored_length = self.length()?;
        let checksum = u64::from_le_bytes(self.array()?);
        if magic != BLOCK_MAGIC {
            return Err(self.damaged("not the start of a block"));
        }
        if raw_length == 0 {
            return Err(Stop::End(End::Complete));
        }
        if raw_length > MAX_BLOCK_LENGTH || stored_length > MAX_BLOCK_LENGTH {
            return Err(self.damaged("a block larger than any writer makes"));
        }
        let mut stored = Vec::new();
        let limit = u64::try_from(stored_length).unwrap_or(u64::MAX);
        if self.input.by_ref().take(limit).read_to_end(&mut stored)? < stored_length {
            return Err(Stop::End(End::Truncated { offset: self.offset }));
        }
        if xxh3_64(&stored) != checksum {
            return Err(self.damaged("checksum does not match"));
        }
        let records = zstd::bulk::decompress(&stored, raw_length).map_err(|_| self.damaged("does not decompress"))?;
        if records.len() != raw_length {
            return Err(self.damaged("length does not match"));
        }
        self.offset += u64::try_from(BLOCK_HEADER_LENGTH + stored_length).unwrap_or(u64::MAX);
        Ok(records)
    }

    fn damaged(&self, reason: &'static str) -> Stop {
        Stop::End(End::Damaged {
            offset: self.offset,
            reason,
        })
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Stop> {
        let mut bytes = [0; N];
        self.input.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn length(&mut self) -> Result<usize, Stop> {
        usize::try_from(u32::from_le_bytes(self.array()?)).map_err(|_| self.damaged("length"))
    }
}

enum Stop {
    End(End),
    Io(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Cuts concatenated records apart by the sizes in their headers. A size that cannot be ends the iteration: `rest` then
/// holds what was not cut.
pub struct Records<'a> {
    /// Bytes not cut yet.
    pub rest: &'a [u8],
}

impl<'a> Iterator for Records<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let size = self
            .rest
            .get(4..8)?
            .first_chunk()
            .map(|bytes| u32::from_le_bytes(*bytes))?;
        let size = usize::try_from(size)
            .ok()
            .filter(|size| (HEADER_LENGTH..=MAX_RECORD_LENGTH).contains(size))?;
        let (record, rest) = self.rest.split_at_checked(size)?;
        self.rest = rest;
        Some(record)
    }
}

#[cfg(test)]
#[path = "recording_tests.rs"]
mod tests;
