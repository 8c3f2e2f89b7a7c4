//! Nothing on the swarm page, the directory page and the consistency page says what is not so. `SEEDS=a..b` names the runs.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

mod cap;
mod directory;
mod swarm;
mod walk;
