//! Rules that hold for all bytes, over generated conversations. The generator is seeded: a failure repeats.

use super::*;
