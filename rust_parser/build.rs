//! Compiles the eBPF programs, one object for each family of hooks, to be embedded into the library: users need
//! neither clang nor kernel headers.

use std::path::{Path, PathBuf};
use std::process::Command;

const OBJECTS: [&str; 2] = ["socket_io", "syscalls"];

fn main() {
    println!("cargo:rerun-if-changed=../bpf_programs");
    println!("cargo:rerun-if-env-changed=CLANG");
    if std::env::var_os("CARGO_FEATURE_CAPTURE").is_none() {
        return;
    }
    let include = std::env::var_os("DEP_BPF_INCLUDE").expect("libbpf-sys tells where its headers are");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("set by cargo"));
    for object in OBJECTS {
        compile(object, Path::new(&include), &out.join(format!("{object}.bpf.o")));
    }
}

fn compile(name: &str, include: &Path, output: &Path) {
    let clang = std::env::var("CLANG").unwrap_or_else(|_| "clang".to_owned());
    let target = std::env::var("CARGO_CFG_TARGET_ARCH").expect("set by cargo");
    let (define, triplet) = match target.as_str() {
        "x86_64" => ("-D__TARGET_ARCH_x86", "x86_64-linux-gnu"),
        "aarch64" => ("-D__TARGET_ARCH_arm64", "aarch64-linux-gnu"),
        other => panic!("live capture knows x86_64 and aarch64, not {other}: build with --no-default-features"),
    };
    let status = Command::new(&clang)
        .args(["-g", "-O2", "-target", "bpf", "-Wall", "-Werror", define])
        .arg("-I")
        .arg(include)
        .arg(format!("-I/usr/include/{triplet}"))
        .arg("-c")
        .arg(format!("../bpf_programs/{name}.bpf.c"))
        .arg("-o")
        .arg(output)
        .status();
    match status {
        Ok(status) if status.success() => {}
        Ok(status) => panic!("{clang} could not compile bpf_programs/{name}.bpf.c ({status})"),
        Err(error) => panic!("{clang}: {error}; it compiles the eBPF programs: apt-get install clang"),
    }
}
