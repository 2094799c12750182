//! What sends a span: a process on a machine, or a packet capture.

use protocol_parsers::{Text, Value};

use super::{uuid, Resource, SCOPE_NAME, SCOPE_VERSION};
use crate::event::{Machine, Process};
use crate::semconv;

impl Resource {
    /// A traced process. `service` is what the user asked the service to be called, over everything the process says.
    #[must_use]
    pub fn of_process(process: &Process, machine: &Machine, service: Option<&str>) -> Self {
        let mut resource = Self::default();
        resource.detect(process, machine);
        for (key, value) in process.attributes.iter().filter(|(key, _)| !key.is_empty()) {
            // The user's own words: they win over what we detected.
            resource.set(key, value);
        }
        let explicit = matches!(process.service_source.as_str(), "env" | "option") && !process.service.is_empty();
        let name = match service.filter(|name| !name.is_empty()) {
            Some(name) => name,
            None if explicit => &process.service,
            // `service.name` in OTEL_RESOURCE_ATTRIBUTES is said by a person; a unit or a file name is a guess of ours.
            None if !resource.service_name().is_empty() => return resource.with_distribution(),
            None => &process.service,
        };
        let unknown = match executable_name(process) {
            "" => semconv::UNKNOWN_SERVICE.to_owned(),
            file => format!("{}:{file}", semconv::UNKNOWN_SERVICE),
        };
        let name = if name.is_empty() { unknown } else { name.to_owned() };
        resource.set(semconv::SERVICE_NAME, &name);
        resource.with_distribution()
    }

    /// A packet capture: nothing is known about processes, and the machine that reads it is not the one it tells of.
    #[must_use]
    pub fn of_capture(service: Option<&str>) -> Self {
        let mut resource = Self::default();
        let name = service
            .filter(|name| !name.is_empty())
            .unwrap_or(semconv::UNKNOWN_SERVICE);
        resource.set(semconv::SERVICE_NAME, name);
        resource.with_distribution()
    }

    /// `service.name`; empty when there is none.
    #[must_use]
    pub fn service_name(&self) -> &str {
        match self.get(semconv::SERVICE_NAME) {
            Some(Value::Text(name)) => name,
            _ => "",
        }
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        let at = self
            .attributes
            .binary_search_by(|(other, _)| other.as_str().cmp(key))
            .ok()?;
        self.attributes.get(at).map(|(_, value)| value)
    }

    fn detect(&mut self, process: &Process, machine: &Machine) {
        self.set(semconv::OS_TYPE, "linux");
        if !machine.kernel.is_empty() {
            self.set(semconv::OS_DESCRIPTION, &format!("Linux {}", machine.kernel));
        }
        self.set(semconv::HOST_NAME, &machine.host_name);
        self.set(semconv::HOST_ID, &machine.host_id);
        self.set(semconv::HOST_ARCH, &machine.arch);
        self.set(semconv::CONTAINER_ID, &process.container_id);
        self.set(semconv::PROCESS_EXECUTABLE_PATH, &process.executable);
        self.set(semconv::PROCESS_EXECUTABLE_NAME, executable_name(process));
        self.set(semconv::PROCESS_COMMAND, &process.command.join(" "));
        self.set(semconv::PROCESS_OWNER, &process.owner);
        self.set(semconv::PROCESS_RUNTIME_NAME, &process.runtime);
        if process.pid != 0 {
            self.put(semconv::PROCESS_PID, Value::Int(i64::from(process.pid)));
            let instance = format!("{}/{}/{}", machine.boot_id, process.pid, process.start_ticks);
            self.set(semconv::SERVICE_INSTANCE_ID, &uuid::version_5(&instance));
        }
    }

    /// Says who made the spans. Last, because these are true whatever the traced process claims: it may well run an SDK
    /// of its own, in another language, and hand its environment down.
    fn with_distribution(mut self) -> Self {
        for (key, value) in [
            (semconv::TELEMETRY_DISTRO_NAME, SCOPE_NAME),
            (semconv::TELEMETRY_DISTRO_VERSION, SCOPE_VERSION),
            (semconv::TELEMETRY_SDK_NAME, SCOPE_NAME),
            (semconv::TELEMETRY_SDK_VERSION, SCOPE_VERSION),
            (semconv::TELEMETRY_SDK_LANGUAGE, "rust"),
        ] {
            self.set(key, value);
        }
        self
    }

    /// Sets a text, if there is one.
    fn set(&mut self, key: &str, value: &str) {
        if !value.is_empty() {
            self.put(key, Value::Text(Text::from(value)));
        }
    }

    /// Keeps the keys sorted and unique.
    fn put(&mut self, key: &str, value: Value) {
        match self.attributes.binary_search_by(|(other, _)| other.as_str().cmp(key)) {
            Ok(at) => {
                if let Some((_, old)) = self.attributes.get_mut(at) {
                    *old = value;
                }
            }
            Err(at) => self.attributes.insert(at, (key.to_owned(), value)),
        }
    }
}

/// The last part of the executable's path, without the mark of a file that was replaced while it ran.
fn executable_name(process: &Process) -> &str {
    let path = process.executable.trim_end_matches(" (deleted)");
    path.rsplit('/').next().unwrap_or_default()
}

#[cfg(test)]
#[path = "resource_tests.rs"]
mod tests;
