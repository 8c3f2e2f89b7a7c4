//! The directory page: the same question, who has this title?, answered by one central directory, by trackers, by the ring and by Kademlia,
//! over the same peers, titles and latencies.
//!
//! `engine` knows no Yew: it routes commands to the player and its run, and gives snapshots. `exercise` has the lesson's table of directories and
//! the user's answers. `panels` are the elements, `app` joins them with the browser.

pub mod app;
pub mod engine;
pub mod exercise;
pub mod panels;
