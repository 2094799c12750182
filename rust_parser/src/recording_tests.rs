use super::*;

fn records(count: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    for number in 0..count {
        let size = HEADER_LENGTH + usize::try_from(number % 50).expect("small");
        let mut record = vec![u8::try_from(number % 251).expect("small"); size];
        record[4..8].copy_from_slice(&u32::try_from(size).expect("small").to_le_bytes());
        bytes.extend(record);
    }
    bytes
}

fn recording(blocks: &[Vec<u8>], finished: bool) -> Vec<u8> {
    let mut file = Vec::new();
    let mut writer = Writer::new(&mut file).expect("memory");
    for block in blocks {
        writer.write(block).expect("memory");
        writer.flush().expect("memory");
    }
    if finished {
        writer.finish().expect("memory");
    }
    file
}

fn read(file: &[u8]) -> (Vec<Vec<u8>>, End) {
    let mut reader = Reader::new(file).expect("a recording");
    let mut blocks = Vec::new();
    while let Some(block) = reader.block().expect("memory") {
        blocks.push(block);
    }
    (blocks, reader.end().expect("at its end").clone())
}

#[test]
fn what_was_written_is_read() {
    let blocks = vec![records(1000), records(3)];
    assert_eq!(read(&recording(&blocks, true)), (blocks, End::Complete));
}

#[test]
fn a_recording_cut_anywhere_is_read_up_to_its_last_whole_block() {
    let blocks = vec![records(20), records(30), records(40)];
    let ends: Vec<usize> = (1..=3).map(|count| recording(&blocks[..count], false).len()).collect();
    let file = recording(&blocks, true);
    for cut in 10..file.len() {
        let (read, end) = read(&file[..cut]);
        let whole = ends.iter().filter(|end| **end <= cut).count();
        assert_eq!(read, blocks[..whole], "cut at {cut}");
        let start = if whole == 0 { 10 } else { ends[whole - 1] };
        assert_eq!(
            end,
            End::Truncated {
                offset: u64::try_from(start).expect("small")
            },
            "cut at {cut}"
        );
    }
}

#[test]
fn any_changed_byte_is_noticed_at_its_block() {
    let blocks = vec![records(20), records(30)];
    let second = recording(&blocks[..1], false).len();
    let file = recording(&blocks, true);
    for at in second..recording(&blocks, false).len() {
        let mut damaged = file.clone();
        damaged[at] ^= 0x55;
        let (read, end) = read(&damaged);
        assert_eq!(read, blocks[..1], "changed at {at}");
        assert_ne!(end, End::Complete, "changed at {at}");
    }
}

#[test]
fn foreign_files_and_later_versions_are_refused() {
    assert!(matches!(Reader::new(&b"GIF89a and more"[..]), Err(OpenError::Foreign)));
    assert!(matches!(Reader::new(&b"EOT"[..]), Err(OpenError::Foreign)));
    let mut later = recording(&[], true);
    later[8] = 9;
    assert!(matches!(Reader::new(&later[..]), Err(OpenError::Version(9))));
}

#[test]
fn a_full_block_is_on_disk_without_a_flush() {
    let mut file = Vec::new();
    let mut writer = Writer::new(&mut file).expect("memory");
    let bytes = records(30_000);
    assert!(bytes.len() > BLOCK_LENGTH);
    writer.write(&bytes).expect("memory");
    drop(writer);
    assert_eq!(read(&file).0, vec![bytes]);
}

#[test]
fn records_are_cut_apart_and_an_impossible_size_stops_the_cut() {
    let mut bytes = records(5);
    assert_eq!(Records { rest: &bytes }.count(), 5);
    let at = bytes.len();
    bytes.extend([0; HEADER_LENGTH]);
    let mut cut = Records { rest: &bytes };
    assert_eq!(cut.by_ref().count(), 5);
    assert_eq!(cut.rest.len(), bytes.len() - at);
}

#[test]
fn a_new_recording_is_private_even_where_a_public_file_stood() {
    let path = std::env::temp_dir().join(format!("recording-mode-{}", std::process::id()));
    std::fs::write(&path, "x").expect("temporary file");
    std::fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("own file");
    Writer::create(&path).expect("creates").finish().expect("writes");
    let mode = std::fs::metadata(&path).expect("exists").permissions().mode();
    std::fs::remove_file(&path).expect("own file");
    assert_eq!(mode & 0o777, 0o600);
}
