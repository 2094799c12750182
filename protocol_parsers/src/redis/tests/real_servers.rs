//! Bytes of real servers.
