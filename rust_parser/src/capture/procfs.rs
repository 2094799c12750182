//! What /proc says of a process and of this machine. Every answer is "as far as it can be read": a process may end, or
//! belong to somebody else, between two reads.

use std::fs;
use std::path::Path;

use crate::event::{Machine, Process};

/// A process as it is now; `None` when it is gone.
pub fn process(pid: u32) -> Option<Process> {
    let root = format!("/proc/{pid}");
    let root = Path::new(&root);
    let start_ticks = start_ticks(&fs::read_to_string(root.join("stat")).ok()?)?;
    let executable = fs::read_link(root.join("exe")).map(|path| path.to_string_lossy().into_owned());
    let executable = executable.unwrap_or_default().trim_end_matches(" (deleted)").to_owned();
    let command = command(&fs::read(root.join("cmdline")).unwrap_or_default());
    let environment = fs::read(root.join("environ")).unwrap_or_default();
    let control_groups = fs::read_to_string(root.join("cgroup")).unwrap_or_default();
    let container_id = container_id(&control_groups);
    let mut attributes = resource_attributes(variable(&environment, "OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default());
    let named = attributes
        .iter()
        .position(|(key, _)| key == "service.name")
        .map(|at| attributes.remove(at).1);
    let from_environment = variable(&environment, "OTEL_SERVICE_NAME").filter(|name| !name.is_empty());
    let (service, source) = match (
        from_environment.map(str::to_owned).or(named),
        systemd_unit(&control_groups),
    ) {
        (Some(name), _) => (name, "env"),
        (None, Some(unit)) => (unit, "systemd"),
        (None, None) if !container_id.is_empty() => (container_id.chars().take(12).collect(), "container"),
        (None, None) => (program_name(&executable, &command), "executable"),
    };
    Some(Process {
        pid,
        start_ticks,
        runtime: runtime(&executable).to_owned(),
        executable,
        command,
        service,
        service_source: source.to_owned(),
        attributes,
        container_id,
        owner: owner(root).unwrap_or_default(),
    })
}

/// Facts about this machine.
pub fn machine() -> Machine {
    let read = |path: &str| {
        fs::read_to_string(path)
            .map(|text| text.trim().to_owned())
            .unwrap_or_default()
    };
    Machine {
        boot_id: read("/proc/sys/kernel/random/boot_id"),
        host_name: read("/proc/sys/kernel/hostname"),
        host_id: read("/etc/machine-id"),
        arch: match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        }
        .to_owned(),
        kernel: read("/proc/sys/kernel/osrelease"),
    }
}

/// Field 22 of `/proc/PID/stat`; the name in field 2 may hold anything, so count from its closing parenthesis.
fn start_ticks(stat: &str) -> Option<u64> {
    stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(19)?.parse().ok()
}

/// The first words of the command line: the executable and, for an interpreter, up to the script or module. What
/// follows may hold secrets and is left out.
fn command(command_line: &[u8]) -> Vec<String> {
    let mut words = command_line
        .split(|byte| *byte == 0)
        .map(|word| String::from_utf8_lossy(word).into_owned());
    // A program may rewrite its command line into one text ("nginx: worker process", "redis-server *:6379").
    let Some(executable) = words
        .next()
        .map(|word| word.split(' ').next().unwrap_or_default().to_owned())
    else {
        return Vec::new();
    };
    let mut command = vec![executable];
    let runtime = runtime(command.first().map(String::as_str).unwrap_or_default());
    if !runtime.is_empty() {
        let mut module = false;
        for word in words.take(8) {
            if holds_code(runtime, &word) {
                break;
            }
            let is_option = word.starts_with('-') && !module;
            module = matches!(word.as_str(), "-m" | "-jar");
            // Java agents and defines may carry anything.
            if !is_option || module {
                command.push(word);
            }
            if !is_option {
                break;
            }
        }
    }
    command
}

const INTERPRETERS: [(&str, &str); 9] = [
    ("python", "cpython"),
    ("pypy", "pypy"),
    ("node", "nodejs"),
    ("ruby", "ruby"),
    ("java", "OpenJDK"),
    ("perl", "perl"),
    ("php", "php"),
    ("bun", "bun"),
    ("deno", "deno"),
];

/// Whether the program itself follows this option: code is neither a name nor anybody's business.
fn holds_code(runtime: &str, option: &str) -> bool {
    // `-uc` is `-u -c`; longer ones are words of their own, as `-verbose` is.
    let letter = option
        .strip_prefix('-')
        .filter(|letters| letters.len() <= 2)
        .and_then(|letters| letters.chars().last());
    match runtime {
        "OpenJDK" => false,
        "cpython" | "pypy" => letter == Some('c'),
        "php" => letter == Some('r'),
        _ => matches!(letter, Some('e' | 'E' | 'p')) || matches!(option, "--eval" | "--print"),
    }
}

/// `process.runtime.name` of an interpreter, by the name of its executable: `python3.11` is `cpython`.
fn runtime(executable: &str) -> &'static str {
    let name = base_name(executable).trim_end_matches(|character: char| character.is_ascii_digit() || character == '.');
    INTERPRETERS
        .iter()
        .find(|(prefix, _)| *prefix == name)
        .map_or("", |(_, runtime)| runtime)
}

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The script or module of an interpreter, else the name the program was called by (Debian's `redis-server` is a link to
/// another executable), else the executable's.
fn program_name(executable: &str, command: &[String]) -> String {
    let called = command
        .first()
        .map_or("", |word| base_name(word.split([':', ' ']).next().unwrap_or(word)));
    let program = match command {
        [_, .., script] if !script.starts_with('-') => base_name(script),
        _ if called.is_empty() => base_name(executable),
        _ => called.trim_start_matches('-'),
    };
    let endings = [".py", ".js", ".mjs", ".cjs", ".ts", ".rb", ".jar", ".pl", ".php"];
    let stem = endings
        .iter()
        .find_map(|ending| program.strip_suffix(ending))
        .unwrap_or(program);
    stem.to_owned()
}

fn variable<'a>(environment: &'a [u8], name: &str) -> Option<&'a str> {
    environment.split(|byte| *byte == 0).find_map(|entry| {
        let value = entry.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
        std::str::from_utf8(value).ok()
    })
}

/// `key=value,key=value` with percent-encoded values, as the OpenTelemetry specification defines it.
fn resource_attributes(text: &str) -> Vec<(String, String)> {
    let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(key, value)| (key.trim().to_owned(), percent_decoded(value.trim())))
        .collect()
}

fn percent_decoded(text: &str) -> String {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.as_bytes();
    while let Some((first, rest)) = bytes.split_first() {
        let digits = rest.split_first_chunk::<2>().filter(|_| *first == b'%');
        let byte = digits.and_then(|(pair, after)| {
            let text = std::str::from_utf8(pair).ok()?;
            Some((u8::from_str_radix(text, 16).ok()?, after))
        });
        let (byte, after) = byte.unwrap_or((*first, rest));
        decoded.push(byte);
        bytes = after;
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// The container's id in a control group path: docker, containerd, CRI-O and podman name a path segment by the 64
/// digits, some with a prefix and `.scope`.
fn container_id(control_groups: &str) -> String {
    let segments = control_groups.lines().flat_map(|line| line.split('/'));
    segments
        .filter_map(|segment| {
            let name = segment.strip_suffix(".scope").unwrap_or(segment);
            let id = name.rsplit(['-', ':']).next().unwrap_or(name);
            (id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| id.to_owned())
        })
        .next_back()
        .unwrap_or_default()
}

/// The service unit of the innermost control group. Units of a login session are no services.
fn systemd_unit(control_groups: &str) -> Option<String> {
    let path = control_groups.lines().find_map(|line| {
        let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
        matches!(controllers, "" | "name=systemd")
            .then_some(path)
            .filter(|path| path.len() > 1)
    })?;
    let unit = path
        .split('/')
        .rev()
        .find_map(|segment| segment.strip_suffix(".service"))?;
    (!unit.starts_with("user@")).then(|| unit.to_owned())
}

fn owner(root: &Path) -> Option<String> {
    let uid = std::os::unix::fs::MetadataExt::uid(&fs::metadata(root).ok()?).to_string();
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid).then(|| name.to_owned())
    });
    Some(name.unwrap_or(uid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_described() {
        let process = process(std::process::id()).expect("exists");
        assert_eq!(process.pid, std::process::id());
        assert!(process.start_ticks > 0);
        assert!(process.executable.contains("rust_parser"), "{}", process.executable);
    }

    #[test]
    fn a_process_that_does_not_exist_is_none() {
        assert_eq!(process(u32::MAX), None);
    }

    #[test]
    fn the_start_is_found_behind_a_name_with_parentheses_and_blanks() {
        let stat = format!(
            "7 (a) b) S {} 12345 0",
            (1..=18).map(|n| n.to_string()).collect::<Vec<_>>().join(" ")
        );
        assert_eq!(start_ticks(&stat), Some(12345));
    }

    #[test]
    fn only_the_words_that_name_the_program_are_kept() {
        let kept = |line: &str| command(line.replace(' ', "\0").as_bytes()).join(" ");
        assert_eq!(
            kept("python3 -u /srv/shop/app.py --password hunter2"),
            "python3 /srv/shop/app.py"
        );
        assert_eq!(kept("python3 -m uvicorn app:main --key k"), "python3 -m uvicorn");
        assert_eq!(
            kept("/usr/bin/java -Dkey=secret -jar shop.jar run"),
            "/usr/bin/java -jar shop.jar"
        );
        assert_eq!(kept("redis-server *:6379 --requirepass x"), "redis-server");
        assert_eq!(kept("python3 -c print('hunter2')"), "python3");
        assert_eq!(kept("python3 -uc print('hunter2')"), "python3");
        assert_eq!(kept("node --eval login('hunter2')"), "node");
        assert_eq!(kept("perl -ne print"), "perl");
        assert_eq!(kept("php -r echo"), "php");
        assert_eq!(kept("java -verbose -jar shop.jar"), "java -jar shop.jar");
    }

    #[test]
    fn a_service_is_named_after_its_script_or_executable() {
        let name =
            |executable: &str, line: &str| program_name(executable, &command(line.replace(' ', "\0").as_bytes()));
        assert_eq!(name("/usr/bin/python3.11", "python3 /srv/shop/app.py"), "app");
        assert_eq!(name("/usr/bin/python3.11", "python3 -m uvicorn x:y"), "uvicorn");
        assert_eq!(name("/usr/bin/redis-check-rdb", "redis-server *:6379"), "redis-server");
        assert_eq!(name("/usr/sbin/nginx", "nginx: worker process"), "nginx");
    }

    #[test]
    fn containers_are_found_in_both_versions_of_control_groups() {
        let id = "0123456789abcdef".repeat(4);
        for path in [
            format!("12:cpu:/docker/{id}\n"),
            format!("0::/system.slice/docker-{id}.scope\n"),
            format!("0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-{id}.scope\n"),
            format!("0::/kubepods/besteffort/pod1/{id}\n"),
        ] {
            assert_eq!(container_id(&path), id, "{path}");
        }
        assert_eq!(container_id("0::/user.slice\n"), "");
    }

    #[test]
    fn the_unit_is_the_innermost_service() {
        assert_eq!(systemd_unit("0::/system.slice/nginx.service\n"), Some("nginx".into()));
        assert_eq!(
            systemd_unit("1:name=systemd:/system.slice/pg@15.service\n0::/\n"),
            Some("pg@15".into())
        );
        assert_eq!(systemd_unit("0::/user.slice/user-1.slice/user@1.service\n"), None);
        assert_eq!(systemd_unit("0::/\n"), None);
    }

    #[test]
    fn resource_attributes_are_split_and_decoded() {
        let attributes = resource_attributes("service.version=1.2,deployment.environment.name=a%2Cb,broken");
        let expected = [("service.version", "1.2"), ("deployment.environment.name", "a,b")];
        assert_eq!(
            attributes,
            expected.map(|(key, value)| (key.to_owned(), value.to_owned()))
        );
    }
}
