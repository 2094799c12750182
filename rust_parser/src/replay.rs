//! Replay: recordings and packet captures as sources of the pipeline. Each file is a stream of its own (its connections
//! and processes have nothing to do with the next file's); the files are read one after the other, in the order given,
//! the files of a directory by name. The same files and options give the same spans, on any machine.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, BufReader, Read as _, Seek as _};
use std::path::{Path, PathBuf};

use crate::packets::{PacketError, PacketReplay, Progress, Source, Warning};
use crate::pipeline::{Options, Pipeline, Summary};
use crate::recording::{End, OpenError, Reader, Records, MAGIC, VERSION};
use crate::span::Span;

/// Why a replay cannot start or go on.
#[derive(Debug)]
pub enum ReplayError {
    /// The file cannot be read.
    Io(PathBuf, io::Error),
    /// The file is neither a recording nor a capture, or damaged where nothing can be saved.
    Input(PathBuf, String),
}

impl std::fmt::Display for ReplayError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(path, error) => write!(formatter, "{}: {error}", path.display()),
            Self::Input(path, what) => write!(formatter, "{}: {what}", path.display()),
        }
    }
}

impl std::error::Error for ReplayError {}

/// Files being replayed.
pub struct Replay {
    options: Options,
    waiting: VecDeque<Input>,
    current: Option<(Input, Stream, Box<Pipeline>)>,
    ready: VecDeque<Span>,
    summary: Summary,
    warnings: Vec<String>,
    damaged: u64,
}

#[derive(Clone, Debug)]
struct Input {
    path: PathBuf,
    /// Found in a directory: what is no capture there is passed over with a warning.
    found: bool,
}

enum Stream {
    Recording(Box<Reader<BufReader<File>>>),
    Packets(Box<PacketReplay>),
}

impl Replay {
    /// Looks for the files; reads none yet.
    ///
    /// Errors: a path that does not exist or cannot be listed.
    pub fn open(paths: &[PathBuf], options: Options) -> Result<Self, ReplayError> {
        let mut waiting = VecDeque::new();
        for path in paths {
            let metadata = fs::metadata(path).map_err(|error| ReplayError::Io(path.clone(), error))?;
            if metadata.is_dir() {
                list(path, &mut waiting)?;
            } else {
                waiting.push_back(Input {
                    path: path.clone(),
                    found: false,
                });
            }
        }
        Ok(Self {
            options,
            waiting,
            current: None,
            ready: VecDeque::new(),
            summary: Summary::default(),
            warnings: Vec::new(),
            damaged: 0,
        })
    }

    /// At most so many spans; none at the end.
    pub fn next(&mut self, max_spans: usize) -> Result<Vec<Span>, ReplayError> {
        while self.ready.len() < max_spans {
            if self.current.is_none() && !self.open_next()? {
                break;
            }
            self.advance();
        }
        let count = self.ready.len().min(max_spans);
        Ok(self.ready.drain(..count).collect())
    }

    /// What happened so far, over all files.
    pub fn summary(&self) -> Summary {
        let mut summary = self.summary.clone();
        if let Some((_, _, pipeline)) = &self.current {
            summary.add(&pipeline.summary());
        }
        summary
    }

    /// What a user should know: files that were cut off or passed over.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Files that were cut off or damaged: what came before was read.
    pub fn damaged(&self) -> u64 {
        self.damaged
    }

    /// Opens the next file; false when there is none.
    fn open_next(&mut self) -> Result<bool, ReplayError> {
        while let Some(input) = self.waiting.pop_front() {
            match open(&input.path) {
                Ok(stream) => {
                    self.current = Some((input, stream, Box::new(Pipeline::new(&self.options))));
                    return Ok(true);
                }
                Err(error) if input.found => self.warnings.push(format!("{error}; passed over")),
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    /// Reads some more of the current file.
    fn advance(&mut self) {
        let Some((input, stream, pipeline)) = &mut self.current else {
            return;
        };
        let result = match stream {
            Stream::Recording(reader) => read_block(reader, pipeline, &input.path),
            Stream::Packets(packets) => read_packets(packets, pipeline, &input.path),
        };
        let ended = match result {
            Ok(Read::More) => None,
            Ok(Read::End) => Some((Vec::new(), false)),
            Ok(Read::Odd(warnings)) => Some((warnings, false)),
            // What was read before the damage stays: its spans come first, then the warning.
            Ok(Read::Damaged(warning)) => Some((vec![warning], true)),
            Err(error) => Some((vec![error.to_string()], true)),
        };
        if let Some((warnings, damaged)) = ended {
            self.damaged += u64::from(damaged);
            let name = input.path.display().to_string();
            let name = |warning: String| {
                if warning.starts_with(&name) {
                    warning
                } else {
                    format!("{name}: {warning}")
                }
            };
            self.warnings.extend(warnings.into_iter().map(name));
            pipeline.finish();
            self.ready.extend(pipeline.take());
            self.summary.add(&pipeline.summary());
            self.current = None;
        } else {
            self.ready.extend(pipeline.take());
        }
    }
}

enum Read {
    More,
    /// All was read.
    End,
    /// All was read, and something in it was not understood.
    Odd(Vec<String>),
    /// It is cut off or damaged here.
    Damaged(String),
}

fn read_block(reader: &mut Reader<BufReader<File>>, pipeline: &mut Pipeline, path: &Path) -> Result<Read, ReplayError> {
    let block = reader
        .block()
        .map_err(|error| ReplayError::Io(path.to_owned(), error))?;
    let Some(block) = block else {
        return Ok(match reader.end() {
            Some(End::Truncated { offset }) => Read::Damaged(format!(
                "the recording is cut off in the block at byte {offset}; everything before was read"
            )),
            Some(End::Damaged { offset, reason }) => Read::Damaged(format!(
                "the recording is damaged at byte {offset} ({reason}); everything before was read"
            )),
            Some(End::Complete) | None => Read::End,
        });
    };
    let mut records = Records { rest: &block };
    for record in records.by_ref() {
        pipeline.record(record);
    }
    if !records.rest.is_empty() {
        let warning = "a record of impossible size; everything before was read";
        return Ok(Read::Damaged(warning.to_owned()));
    }
    Ok(Read::More)
}

fn read_packets(packets: &mut PacketReplay, pipeline: &mut Pipeline, path: &Path) -> Result<Read, ReplayError> {
    let mut sink = |event: &crate::event::Event| pipeline.event(event);
    match packets.next(&mut sink) {
        Ok(Progress::More) => Ok(Read::More),
        Ok(Progress::End) => {
            let warnings = packets.warnings();
            let cut = warnings
                .iter()
                .find(|warning| matches!(warning, Warning::Truncated { .. }));
            Ok(match cut {
                Some(cut) => Read::Damaged(cut.to_string()),
                None => Read::Odd(warnings.iter().map(ToString::to_string).collect()),
            })
        }
        Err(error) => {
            // Hand out the end of what was read before.
            let _ = packets.next(&mut sink);
            Err(ReplayError::Input(path.to_owned(), error.to_string()))
        }
    }
}

/// A recording or a capture, by its first bytes.
fn open(path: &Path) -> Result<Stream, ReplayError> {
    let failed = |error| ReplayError::Io(path.to_owned(), error);
    let mut file = File::open(path).map_err(failed)?;
    let mut first = Vec::new();
    let length = u64::try_from(MAGIC.len()).unwrap_or_default();
    file.by_ref().take(length).read_to_end(&mut first).map_err(failed)?;
    file.rewind().map_err(failed)?;
    let foreign = |what: String| ReplayError::Input(path.to_owned(), what);
    if first == MAGIC {
        return match Reader::new(BufReader::new(file)) {
            Ok(reader) => Ok(Stream::Recording(Box::new(reader))),
            Err(OpenError::Io(error)) => Err(failed(error)),
            Err(OpenError::Version(version)) => Err(foreign(format!(
                "a recording of format {version}; this version reads up to {VERSION}: upgrade ebpf-otlp-tracer"
            ))),
            Err(OpenError::Foreign) => Err(foreign(
                "cut off at byte 8, inside the header of a recording".to_owned(),
            )),
        };
    }
    match PacketReplay::open(Box::new(file) as Source) {
        Ok(packets) => Ok(Stream::Packets(Box::new(packets))),
        Err(PacketError::Read { error, .. }) => Err(failed(error)),
        Err(error) => Err(foreign(format!("neither a recording nor a packet capture: {error}"))),
    }
}

/// All files below a directory, by name.
fn list(directory: &Path, files: &mut VecDeque<Input>) -> Result<(), ReplayError> {
    let failed = |error| ReplayError::Io(directory.to_owned(), error);
    let entries = fs::read_dir(directory).map_err(failed)?;
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .map_err(failed)?;
    paths.sort();
    for path in paths {
        // Links are not followed: they may lead in circles.
        let kind = fs::symlink_metadata(&path)
            .map_err(|error| ReplayError::Io(path.clone(), error))?
            .file_type();
        if kind.is_dir() {
            list(&path, files)?;
        } else if kind.is_file() {
            files.push_back(Input { path, found: true });
        }
    }
    Ok(())
}
