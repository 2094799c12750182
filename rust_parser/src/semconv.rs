//! Every attribute key the engine itself writes, spelled as the OpenTelemetry registry spells it, in one place.
//!
//! Parsers bring keys of their own protocols; those stay in the parsers. A key is never written as a literal outside
//! this file, so that a test can hold [`REGISTRY_KEYS`] against the published registry.

/// The version of the semantic conventions the keys were checked against.
pub const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.44.0";

/// Defines keys and the list of them at once: a key cannot be missing from the list.
macro_rules! keys {
    ($(#[$list_doc:meta])* $list:ident { $($(#[$doc:meta])* $name:ident = $key:literal;)* }) => {
        $($(#[$doc])* pub const $name: &str = $key;)*
        $(#[$list_doc])*
        pub const $list: &[&str] = &[$($name),*];
    };
}

keys! {
    /// Keys that are in the published registry.
    REGISTRY_KEYS {
        /// Who asked, as far as is known: a proxy header, else the socket.
        CLIENT_ADDRESS = "client.address";
        /// The port that belongs to `client.address`.
        CLIENT_PORT = "client.port";
        /// Container id.
        CONTAINER_ID = "container.id";
        /// Table, or whatever the database calls it.
        DB_COLLECTION_NAME = "db.collection.name";
        /// Database within the server.
        DB_NAMESPACE = "db.namespace";
        /// Statements in one request.
        DB_OPERATION_BATCH_SIZE = "db.operation.batch.size";
        /// What is done.
        DB_OPERATION_NAME = "db.operation.name";
        /// The short text of a query that names a database span.
        DB_QUERY_SUMMARY = "db.query.summary";
        /// The query without its literals.
        DB_QUERY_TEXT = "db.query.text";
        /// Rows in the response.
        DB_RESPONSE_RETURNED_ROWS = "db.response.returned_rows";
        /// The database's code for a failure or a warning.
        DB_RESPONSE_STATUS_CODE = "db.response.status_code";
        /// Which database.
        DB_SYSTEM_NAME = "db.system.name";
        /// Low-cardinality kind of failure.
        ERROR_TYPE = "error.type";
        /// Method of an HTTP request.
        HTTP_REQUEST_METHOD = "http.request.method";
        /// CPU architecture.
        HOST_ARCH = "host.arch";
        /// Machine id.
        HOST_ID = "host.id";
        /// Host name.
        HOST_NAME = "host.name";
        /// Messages in a batch.
        MESSAGING_BATCH_MESSAGE_COUNT = "messaging.batch.message_count";
        /// Who produces or consumes, in its own words.
        MESSAGING_CLIENT_ID = "messaging.client.id";
        /// The consumer group.
        MESSAGING_CONSUMER_GROUP_NAME = "messaging.consumer.group.name";
        /// The topic, if it is one.
        MESSAGING_DESTINATION_NAME = "messaging.destination.name";
        /// The partition, if it is one.
        MESSAGING_DESTINATION_PARTITION_ID = "messaging.destination.partition.id";
        /// The offset of the record, if it is one.
        MESSAGING_KAFKA_OFFSET = "messaging.kafka.offset";
        /// Bytes of the value of the record, if it is one.
        MESSAGING_MESSAGE_BODY_SIZE = "messaging.message.body.size";
        /// What the system calls the operation.
        MESSAGING_OPERATION_NAME = "messaging.operation.name";
        /// `send` or `receive` decide the kind of a messaging span.
        MESSAGING_OPERATION_TYPE = "messaging.operation.type";
        /// Which messaging system.
        MESSAGING_SYSTEM = "messaging.system";
        /// This end of the socket; only in packet captures, where no resource says who it is.
        NETWORK_LOCAL_ADDRESS = "network.local.address";
        /// This end's port.
        NETWORK_LOCAL_PORT = "network.local.port";
        /// The other end of the socket.
        NETWORK_PEER_ADDRESS = "network.peer.address";
        /// The other end's port.
        NETWORK_PEER_PORT = "network.peer.port";
        /// `tcp` or `unix`.
        NETWORK_TRANSPORT = "network.transport";
        /// `ipv4` or `ipv6`.
        NETWORK_TYPE = "network.type";
        /// Kernel, for people.
        OS_DESCRIPTION = "os.description";
        /// Always `linux`.
        OS_TYPE = "os.type";
        /// First words of the command line.
        PROCESS_COMMAND = "process.command";
        /// File name of the executable.
        PROCESS_EXECUTABLE_NAME = "process.executable.name";
        /// Path of the executable.
        PROCESS_EXECUTABLE_PATH = "process.executable.path";
        /// User.
        PROCESS_OWNER = "process.owner";
        /// Process id.
        PROCESS_PID = "process.pid";
        /// Language runtime.
        PROCESS_RUNTIME_NAME = "process.runtime.name";
        /// Who was asked: a name from the protocol, else the socket.
        SERVER_ADDRESS = "server.address";
        /// The port that belongs to `server.address`.
        SERVER_PORT = "server.port";
        /// One process of a service.
        SERVICE_INSTANCE_ID = "service.instance.id";
        /// The service.
        SERVICE_NAME = "service.name";
        /// This project.
        TELEMETRY_DISTRO_NAME = "telemetry.distro.name";
        /// Its version.
        TELEMETRY_DISTRO_VERSION = "telemetry.distro.version";
        /// The language the spans are made in, not that of the traced process.
        TELEMETRY_SDK_LANGUAGE = "telemetry.sdk.language";
        /// The library that made the spans.
        TELEMETRY_SDK_NAME = "telemetry.sdk.name";
        /// Its version.
        TELEMETRY_SDK_VERSION = "telemetry.sdk.version";
        /// Thread that moved the first byte of the request. The kernel's number: user space cannot tell another.
        THREAD_ID = "thread.id";
        /// Absolute URL.
        URL_FULL = "url.full";
        /// Path of a URL.
        URL_PATH = "url.path";
        /// Query of a URL, without the question mark.
        URL_QUERY = "url.query";
        /// Scheme of a URL.
        URL_SCHEME = "url.scheme";
        /// The low-cardinality form of a path, on client spans.
        URL_TEMPLATE = "url.template";
        /// Who logged in.
        USER_NAME = "user.name";
    }
}

keys! {
    /// Keys of our own, under a namespace of our own.
    OWN_KEYS {
        /// Why we believe in the parent: `traceparent`, `thread`, `tcp-sequence`.
        PARENT_EVIDENCE = "ebpf_otlp_tracer.parent.evidence";
        /// The connection was met in its middle.
        CAPTURE_ATTACHED_MID_STREAM = "ebpf_otlp_tracer.capture.attached_mid_stream";
        /// Bytes lost inside the exchange.
        CAPTURE_GAP_BYTES = "ebpf_otlp_tracer.capture.gap_bytes";
        /// The connection or the capture ended before the response did.
        CAPTURE_INCOMPLETE = "ebpf_otlp_tracer.capture.incomplete";
        /// A prepared statement was executed whose text was not seen: it was sent before the attach, or lost.
        CAPTURE_STATEMENT_UNKNOWN = "ebpf_otlp_tracer.capture.statement_unknown";
        /// A copy limit cut something a parser wanted to read.
        CAPTURE_TRUNCATED = "ebpf_otlp_tracer.capture.truncated";
        /// Acknowledgements that a producer waits for; -1: of all replicas.
        KAFKA_ACKS = "ebpf_otlp_tracer.kafka.acks";
        /// Version of the request.
        KAFKA_API_VERSION = "ebpf_otlp_tracer.kafka.api_version";
        /// What pairs a response with its request.
        KAFKA_CORRELATION_ID = "ebpf_otlp_tracer.kafka.correlation_id";
        /// Offsets of the records that were written or read: `topic-partition@first-last`.
        KAFKA_OFFSETS = "ebpf_otlp_tracer.kafka.offsets";
        /// Partitions, if there are more than one.
        KAFKA_PARTITION_COUNT = "ebpf_otlp_tracer.kafka.partition_count";
        /// Offsets that were committed, asked for or found: `topic-partition@offset`.
        KAFKA_POSITIONS = "ebpf_otlp_tracer.kafka.positions";
        /// Bytes of batches of records, as they are on the wire.
        KAFKA_RECORD_BYTES = "ebpf_otlp_tracer.kafka.record_bytes";
        /// How long the broker makes the client wait.
        KAFKA_THROTTLE_TIME_MS = "ebpf_otlp_tracer.kafka.throttle_time_ms";
        /// Topics that a request names by id.
        KAFKA_TOPIC_IDS = "ebpf_otlp_tracer.kafka.topic_ids";
        /// Topics, if there are more than one.
        KAFKA_TOPICS = "ebpf_otlp_tracer.kafka.topics";
        /// Whether a transaction was committed, and not aborted.
        KAFKA_TRANSACTION_COMMITTED = "ebpf_otlp_tracer.kafka.transaction_committed";
        /// Whose transaction it is.
        KAFKA_TRANSACTIONAL_ID = "ebpf_otlp_tracer.kafka.transactional_id";
        /// Header fields of HTTP/2 that a late attach or a hole hides are left out.
        HTTP2_HEADERS_INCOMPLETE = "ebpf_otlp_tracer.http2.headers_incomplete";
        /// Rows that a statement changed or copied.
        DB_AFFECTED_ROWS = "ebpf_otlp_tracer.db.affected_rows";
        /// The name of a prepared statement.
        DB_STATEMENT_NAME = "ebpf_otlp_tracer.db.statement_name";
    }
}

/// Attributes `http.request.header.<name>`.
pub const HTTP_REQUEST_HEADER_PREFIX: &str = "http.request.header.";
/// Attributes `http.response.header.<name>`.
pub const HTTP_RESPONSE_HEADER_PREFIX: &str = "http.response.header.";
/// Name of the span event at the first byte of a response.
pub const EVENT_RESPONSE_FIRST_BYTE: &str = "response.first_byte";
/// `service.name` when nothing is known, as the specification demands.
pub const UNKNOWN_SERVICE: &str = "unknown_service";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_is_listed_twice_and_only_our_own_carry_our_namespace() {
        let mut keys: Vec<_> = REGISTRY_KEYS.iter().chain(OWN_KEYS).collect();
        keys.sort_unstable();
        let all = keys.len();
        keys.dedup();
        assert_eq!(keys.len(), all);
        assert!(OWN_KEYS.iter().all(|key| key.starts_with("ebpf_otlp_tracer.")));
        assert!(REGISTRY_KEYS.iter().all(|key| !key.starts_with("ebpf_otlp_tracer.")));
    }
}
