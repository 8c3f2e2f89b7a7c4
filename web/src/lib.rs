//! Yew applications, each a WebAssembly module of its own: the home page (`home`) leads to all others; the lesson (`lesson`) is an article with the other pages for its figures; the pages of a ring (`ring`), of a swarm
//! (`swarm`) of directories (`directory`) and of a store at both levels of consistency (`cap`) run the simulator and draw it; the page of experiments (`experiments`) measures; the live page
//! (`live`) makes this browser tab a member of a real ring.
//!
//! Each page is a room of its own (`home`, `lesson`, `ring`, `swarm`, `directory`, `cap`, `experiments`, `live`); none imports another one. They share `player`, which moves through the time of
//! a run, `scene`, which turns plain values into geometry and paint and knows no Yew, `components`, `hooks`, `page` (the browser around them),
//! and what reads and shortens identifiers (`input`, `brief`).

pub mod brief;
pub mod cap;
pub mod components;
pub mod directory;
pub mod experiments;
pub mod home;
pub mod hooks;
pub mod input;
pub mod lesson;
pub mod live;
pub mod page;
pub mod player;
pub mod ring;
pub mod scene;
pub mod swarm;
