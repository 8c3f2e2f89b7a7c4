//! The live page: this browser tab as a member of a real ring.
//!
//! The tab's peer runs in a worker (`tab`), where timers keep going while the page is hidden. The page speaks to it in
//! `talk`'s commands and reports; `identity` says which peer the tab is. `desk` holds what the page knows, `words` and
//! `refusal` say it, `stage` and `replay` draw it, and `panels` show it all. What the user `lent` goes to the worker as it is.

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
pub mod use_drop;
pub mod use_stage;
pub mod use_tab;
pub mod words;
