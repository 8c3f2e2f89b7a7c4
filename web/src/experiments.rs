//! The experiments: measurements of Chord and of swarms in this browser, beside a paper's figures where it has some.
//!
//! The experiments themselves are `chordscope_sim::experiment`; they run in a worker (`worker`), a module of its own. `talk` is what page
//! and worker say. `desk` holds what the page knows; `link` is a plan as text; `figure` is the plot's geometry, `words` and `verdict` say
//! it in sentences, `export` as files. None of these knows Yew. `app`, `panels` and `help` show it all, and `use_run` drives the worker.

pub mod app;
pub mod desk;
pub mod export;
pub mod figure;
pub mod help;
pub mod link;
pub mod panels;
pub mod plot;
pub mod talk;
pub mod use_run;
pub mod verdict;
pub mod words;
pub mod worker;
