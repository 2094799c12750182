//! Fuzzing of every registered protocol with one driver.

pub mod driver;
