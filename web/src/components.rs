//! What several pages show alike, one thing a file. Nothing here knows a page.

pub mod help;
pub mod icon;
pub mod legend;
pub mod pages;
pub mod sheet;
