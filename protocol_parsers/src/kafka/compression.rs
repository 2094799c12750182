//! Unpacks the front of a compressed batch: gzip, snappy (plain, and in the frames of the Java client), LZ4 and zstd.
//!
//! Contract: at most [`MAX_UNPACKED`] bytes come out, and memory is used for what comes out and not for what the input
//! claims; what is cut or broken gives what came before it, or nothing. Nothing is kept between batches.
//!
//! Unpacking costs a hundred times what reading does, so a connection whose batches hold no trace contexts is soon
//! asked only now and then ([`Curiosity`]).

use std::io::Read;

use flate2::read::GzDecoder;
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// Bytes that come out of a batch: the first block of LZ4, two of snappy, half of one of zstd.
pub(super) const MAX_UNPACKED: usize = 64 * 1024;

/// How snappy's Java library begins its streams.
const SNAPPY_JAVA: &[u8] = b"\x82SNAPPY\0";

/// The same with two version numbers of four bytes.
const SNAPPY_JAVA_HEAD: usize = 16;

const LZ4_MAGIC: &[u8] = b"\x04\x22\x4d\x18";

const ZSTD_MAGIC: &[u8] = b"\x28\xb5\x2f\xfd";

/// Whether batches are worth unpacking.
#[derive(Debug, Default)]
pub(super) struct Curiosity {
    /// Batches without a trace context, in a row.
    barren: u32,
    /// Batches that were not unpacked, in a row.
    passed: u32,
}

impl Curiosity {
    /// Batches without a trace context, after which only one of [`Self::RARELY`] is unpacked until one has some.
    pub(super) const PATIENCE: u32 = 32;

    /// See [`Self::PATIENCE`].
    pub(super) const RARELY: u32 = 16;

    /// Whether to unpack the next batch.
    pub(super) fn asks(&mut self) -> bool {
        self.passed = if self.barren < Self::PATIENCE {
            0
        } else {
            (self.passed + 1) % Self::RARELY
        };
        self.passed == 0
    }

    /// Whether the batch had trace contexts.
    pub(super) fn learns(&mut self, any: bool) {
        self.barren = if any { 0 } else { self.barren.saturating_add(1) };
    }
}

/// The front of what was packed; nothing, if nothing can be got.
pub(super) fn unpack(compression: u8, bytes: &[u8]) -> Vec<u8> {
    let mut unpacked = Unpacked(Vec::new());
    // What came out before an error is good.
    let _ = match compression {
        1 => unpacked.gzip(bytes),
        2 => unpacked.snappy(bytes),
        3 => unpacked.lz4(bytes),
        4 => unpacked.zstd(bytes),
        _ => None,
    };
    unpacked.0
}

struct Unpacked(Vec<u8>);

impl Unpacked {
    fn read(&mut self, from: impl Read) -> Option<()> {
        let read = from.take(MAX_UNPACKED as u64).read_to_end(&mut self.0);
        read.ok().map(|_| ())
    }

    fn room(&self) -> usize {
        MAX_UNPACKED.saturating_sub(self.0.len())
    }

    fn gzip(&mut self, bytes: &[u8]) -> Option<()> {
        self.read(GzDecoder::new(bytes))
    }

    fn snappy(&mut self, bytes: &[u8]) -> Option<()> {
        if !bytes.starts_with(SNAPPY_JAVA) {
            return self.snappy_block(bytes);
        }
        let mut rest = bytes.get(SNAPPY_JAVA_HEAD..)?;
        while let Some((size, tail)) = rest.split_first_chunk() {
            let size = usize::try_from(u32::from_be_bytes(*size)).ok()?;
            let (block, tail) = tail.split_at_checked(size)?;
            self.snappy_block(block)?;
            rest = tail;
        }
        Some(())
    }

    fn snappy_block(&mut self, block: &[u8]) -> Option<()> {
        let size = snap::raw::decompress_len(block).ok()?;
        self.append(size, |out| snap::raw::Decoder::new().decompress(block, out).ok())
    }

    /// Of blocks that refer to earlier ones the first has all that is looked at.
    fn lz4(&mut self, bytes: &[u8]) -> Option<()> {
        let rest = bytes.strip_prefix(LZ4_MAGIC)?;
        let ([flags, sizes], rest) = rest.split_first_chunk()?;
        let block_size = 1_usize << (8 + 2 * (sizes >> 4 & 7));
        let independent = flags & 0x20 != 0;
        let checksum = if flags & 0x10 == 0 { 0 } else { 4 };
        let size_and_checksum = if flags & 0x08 == 0 { 1 } else { 9 };
        let mut rest = rest.get(size_and_checksum..)?;
        while let Some((size, tail)) = rest.split_first_chunk() {
            let size = u32::from_le_bytes(*size);
            let plain = size >> 31 == 1;
            let size = usize::try_from(size & 0x7fff_ffff).ok().filter(|size| *size > 0)?;
            let (block, tail) = tail.split_at_checked(size)?;
            if plain {
                self.0.extend_from_slice(block.get(..self.room()).unwrap_or(block));
            } else {
                let room = block_size.min(self.room());
                self.append(room, |out| lz4_flex::block::decompress_into(block, out).ok())?;
            }
            if !independent {
                break;
            }
            rest = tail.get(checksum..)?;
        }
        Some(())
    }

    /// The frame's head is replaced by one with the smallest window that holds a block, and its end by an empty block:
    /// the decoder hands out what no later block may refer to, and of a whole frame everything.
    fn zstd(&mut self, bytes: &[u8]) -> Option<()> {
        const HEAD: [u8; 6] = [0x28, 0xb5, 0x2f, 0xfd, 0, 7 << 3];
        const LAST_BLOCK: &[u8] = &[1, 0, 0];
        let rest = bytes.strip_prefix(ZSTD_MAGIC)?;
        let (flags, rest) = rest.split_first()?;
        let (single, dictionary) = (flags & 0x20 != 0, flags & 3);
        let content_size = match flags >> 6 {
            0 => usize::from(single),
            1 => 2,
            2 => 4,
            _ => 8,
        };
        if dictionary != 0 {
            return None;
        }
        let blocks = rest.get(content_size + usize::from(!single)..)?;
        let mut decoder = FrameDecoder::new();
        decoder.reset(HEAD.as_slice()).ok()?;
        // What came out before an error is good.
        let _ = decoder.decode_blocks(blocks, BlockDecodingStrategy::UptoBytes(MAX_UNPACKED));
        if !decoder.is_finished() {
            decoder.decode_blocks(LAST_BLOCK, BlockDecodingStrategy::All).ok()?;
        }
        self.read(&mut decoder)
    }

    /// Adds what is written to at most so many bytes; `None`: it does not fit or is broken.
    fn append(&mut self, size: usize, write: impl FnOnce(&mut [u8]) -> Option<usize>) -> Option<()> {
        let before = self.0.len();
        if size > self.room() {
            return None;
        }
        self.0.resize(before + size, 0);
        let written = self.0.get_mut(before..).and_then(write);
        self.0.truncate(before + written.unwrap_or(0));
        written.map(|_| ())
    }
}
