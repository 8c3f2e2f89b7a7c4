//! The lesson: an article that reads complete without scripts (`web/lesson.html`), with the other pages' own stages for its figures.
//!
//! Here the article is put into the document of all pages, and each figure gets a frame with the run that its link names while it is in view.

pub mod app;
pub mod article;
mod figures;
pub mod help;
