//! One counter for each reason to skip something of a capture.

/// Declares the struct and the list of names in one place.
macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Totals since the capture's start.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Counters { $($(#[$doc])* pub $name: u64,)* }

        impl Counters {
            /// Those that are not zero, under the names users see.
            pub fn named(&self) -> Vec<(String, u64)> {
                let all = [$((stringify!($name), self.$name),)*];
                all.into_iter().filter(|(_, count)| *count > 0).map(|(name, count)| (name.to_owned(), count)).collect()
            }
        }
    };
}

counters! {
    /// Packets of a link type that is not understood.
    packets_link_type_unknown,
    /// Packets of an interface that the file does not describe.
    packets_interface_unknown,
    /// Frames that carry no IP (ARP, LLDP, ...).
    packets_not_ip,
    /// UDP datagrams.
    packets_udp,
    /// Other IP packets that are not TCP (ICMP, tunnels, ESP).
    packets_not_tcp,
    /// A link, IP or TCP header that breaks its format.
    packets_malformed,
    /// The snapshot length cut a header off.
    packets_header_cut,
    /// IP fragments of datagrams that never became whole.
    fragments_dropped,
    /// IP fragments that overlap others: the first copy counts (IPv4), the datagram is dropped (IPv6, RFC 5722).
    fragments_overlapping,
    /// Connections forgotten because there were too many.
    connections_evicted,
    /// Segments whose sequence number cannot belong to their connection.
    segments_out_of_window,
    /// Segments after the end of their connection.
    segments_after_close,
    /// Payload bytes before the first byte of a connection that was met in its middle.
    bytes_before_start,
    /// Missing ranges given up because too much waited behind them.
    reorder_limit_reached,
    /// Missing ranges given up because nothing filled them in time.
    reorder_timed_out,
    /// Payload bytes that the snapshot length cut off.
    bytes_snapped,
    /// Payload bytes of segments that the capture does not hold.
    bytes_in_holes,
}
