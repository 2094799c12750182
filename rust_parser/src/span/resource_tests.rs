use super::*;

fn process() -> Process {
    Process {
        pid: 42,
        start_ticks: 1234,
        executable: "/usr/bin/python3.11 (deleted)".into(),
        command: vec!["python3".into(), "app.py".into()],
        service: "app.py".into(),
        service_source: "executable".into(),
        attributes: vec![("service.namespace".into(), "shop".into()), (String::new(), "x".into())],
        container_id: "c".repeat(64),
        owner: "www".into(),
        runtime: "cpython".into(),
    }
}

fn machine() -> Machine {
    Machine {
        boot_id: "b".into(),
        host_name: "h".into(),
        host_id: String::new(),
        arch: "amd64".into(),
        kernel: "6.18".into(),
    }
}

fn text<'a>(resource: &'a Resource, key: &str) -> &'a str {
    match resource.get(key) {
        Some(Value::Text(text)) => text,
        _ => "",
    }
}

#[test]
fn a_process_is_described_with_sorted_unique_keys_and_no_empty_value() {
    let resource = Resource::of_process(&process(), &machine(), None);
    assert!(resource.attributes.is_sorted_by(|(a, _), (b, _)| a < b));
    for (key, value) in [
        ("container.id", "c".repeat(64).as_str()),
        ("host.arch", "amd64"),
        ("host.name", "h"),
        ("os.description", "Linux 6.18"),
        ("os.type", "linux"),
        ("process.command", "python3 app.py"),
        ("process.executable.name", "python3.11"),
        ("process.executable.path", "/usr/bin/python3.11 (deleted)"),
        ("process.owner", "www"),
        ("process.runtime.name", "cpython"),
        ("service.name", "app.py"),
        ("service.namespace", "shop"),
        ("telemetry.distro.name", "ebpf-otlp-tracer"),
        ("telemetry.sdk.language", "rust"),
    ] {
        assert_eq!(text(&resource, key), value, "{key}");
    }
    assert_eq!(resource.get("process.pid"), Some(&Value::Int(42)));
    assert_eq!(resource.get("host.id"), None);
}

#[test]
fn the_instance_id_tells_processes_apart_and_is_the_same_in_every_replay() {
    let id =
        |process: &Process| text(&Resource::of_process(process, &machine(), None), "service.instance.id").to_owned();
    assert_eq!(id(&process()), id(&process()));
    assert_ne!(
        id(&process()),
        id(&Process {
            start_ticks: 1,
            ..process()
        })
    );
    assert_ne!(id(&process()), id(&Process { pid: 1, ..process() }));
    assert_eq!(id(&process()).len(), 36);
}

#[test]
fn the_name_of_the_service_is_the_most_deliberate_one() {
    let named = |process: &Process, option| {
        Resource::of_process(process, &machine(), option)
            .service_name()
            .to_owned()
    };
    let said = vec![("service.name".to_owned(), "said".to_owned())];
    let guessed = Process {
        attributes: said.clone(),
        ..process()
    };
    let from_env = Process {
        service: "env".into(),
        service_source: "env".into(),
        attributes: said,
        ..process()
    };
    let unknown = Process {
        service: String::new(),
        ..process()
    };
    assert_eq!(named(&guessed, Some("option")), "option");
    assert_eq!(named(&from_env, None), "env");
    assert_eq!(named(&guessed, None), "said");
    assert_eq!(named(&process(), None), "app.py");
    assert_eq!(named(&unknown, None), "unknown_service:python3.11");
    assert_eq!(named(&Process::default(), Some("")), "unknown_service");
}

#[test]
fn what_a_process_inherits_does_not_pass_for_the_tracer() {
    let attributes = vec![
        ("telemetry.sdk.language".into(), "java".into()),
        ("host.name".into(), "node7".into()),
    ];
    let resource = Resource::of_process(
        &Process {
            attributes,
            ..process()
        },
        &machine(),
        None,
    );
    assert_eq!(text(&resource, "telemetry.sdk.language"), "rust");
    assert_eq!(text(&resource, "host.name"), "node7");
}

#[test]
fn a_packet_capture_says_nothing_of_processes_and_machines() {
    let resource = Resource::of_capture(None);
    assert_eq!(resource.service_name(), "unknown_service");
    assert!(resource
        .attributes
        .iter()
        .all(|(key, _)| key == "service.name" || key.starts_with("telemetry.")));
    assert_eq!(Resource::of_capture(Some("shop")).service_name(), "shop");
}
