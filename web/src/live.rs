//! The live page: this browser tab as a member of a real ring.
//!
//! The tab's peer runs in a worker (`tab`), where timers keep going while the page is hidden. `use_tab` sends it the commands
//! of `talk` and takes its reports; `identity` has the peer's secret. `desk` is the page's state, `intent` the meaning of its
//! controls, `words` and `refusal` its sentences, `stage` and `replay` its pictures, `panels` its elements. Files that the user
//! `lent` go to the worker as they are.

pub mod app;
pub mod closeness;
pub mod desk;
pub mod identity;
pub mod intent;
pub mod lent;
pub mod panels;
pub mod refusal;
pub mod replay;
pub mod stage;
pub mod tab;
pub mod talk;
pub mod use_tab;
pub mod words;
