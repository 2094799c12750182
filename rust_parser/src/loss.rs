//! One counter for each way to lose data: nothing is lost in silence.
