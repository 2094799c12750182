//! Which sockets are younger than the attach. A TCP socket counts its bytes, so that its first one is known when it is
//! met; a UNIX socket counts nothing, and a connection taken for one met in its middle loses its first exchanges.
//!
//! The kernel numbers the inodes of sockets in batches of 1024, a batch to a CPU (`get_next_ino` in fs/inode.c). One socket
//! made on each CPU at the attach marks how far each had come: a number above its CPU's mark, or of a later batch than
//! all marks, was given after it.

use std::os::fd::AsFd as _;
use std::os::unix::net::UnixDatagram;

use rustix::thread::{sched_getaffinity, sched_setaffinity, CpuSet};

/// Inode numbers to a batch (`LAST_INO_BATCH`).
const BATCH: u64 = 1024;

/// How far each CPU had come in numbering sockets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    marks: Vec<u64>,
}

impl Marks {
    /// Takes the marks now. Where this thread may not run, or numbers cannot be read, nothing is known of a batch, and a
    /// socket of it counts as old.
    pub fn take() -> Self {
        let Ok(allowed) = sched_getaffinity(None) else {
            return Self::default();
        };
        let on_cpu = |cpu: usize| {
            let mut one = CpuSet::new();
            one.set(cpu);
            sched_setaffinity(None, &one).ok()?;
            let socket = UnixDatagram::unbound().ok()?;
            Some(rustix::fs::fstat(socket.as_fd()).ok()?.st_ino)
        };
        let marks = (0..CpuSet::MAX_CPU)
            .filter(|cpu| allowed.is_set(*cpu))
            .filter_map(on_cpu)
            .collect();
        // Back to where it was: best effort, as the kernel's scheduler does not depend on it.
        let _ = sched_setaffinity(None, &allowed);
        Self { marks }
    }

    /// Whether a socket of this inode number was made after the marks were taken.
    pub fn is_new(&self, inode: u64) -> bool {
        let batch = |inode: u64| inode.saturating_sub(1) / BATCH;
        match self.marks.iter().find(|mark| batch(**mark) == batch(inode)) {
            Some(mark) => inode > *mark,
            None => self.marks.iter().max().is_some_and(|last| batch(inode) > batch(*last)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_above_their_cpus_mark_and_of_later_batches_are_new() {
        let marks = Marks {
            marks: vec![5 * BATCH + 10, 9 * BATCH + 3],
        };
        for old in [1, 5 * BATCH, 5 * BATCH + 10, 7 * BATCH + 1, 9 * BATCH + 3] {
            assert!(!marks.is_new(old), "{old}");
        }
        for new in [5 * BATCH + 11, 6 * BATCH, 9 * BATCH + 4, 10 * BATCH, 10 * BATCH + 1] {
            assert!(marks.is_new(new), "{new}");
        }
    }

    #[test]
    fn without_marks_nothing_is_new() {
        assert!(!Marks::default().is_new(u64::MAX));
    }

    #[test]
    fn sockets_made_before_the_marks_are_old_and_after_them_new() {
        let inode = || {
            let socket = UnixDatagram::unbound().expect("socket");
            let inode = rustix::fs::fstat(socket.as_fd()).expect("own socket").st_ino;
            (socket, inode)
        };
        let before: Vec<_> = (0..3000).map(|_| inode()).map(|(_, inode)| inode).collect();
        let marks = Marks::take();
        let after: Vec<_> = (0..3000).map(|_| inode()).map(|(_, inode)| inode).collect();
        assert!(before.iter().all(|inode| !marks.is_new(*inode)));
        assert!(after.iter().all(|inode| marks.is_new(*inode)));
    }
}
