//! Elements that several pages share, one a file. Nothing here knows a page.

pub mod caption;
pub mod choice;
pub mod header;
pub mod help;
pub mod icon;
pub mod legend;
pub mod pages;
pub mod pointing;
pub mod sheet;
