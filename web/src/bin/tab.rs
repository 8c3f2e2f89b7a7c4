//! Runs the tab's peer in a worker of the live page.

fn main() {
    chordscope_web::live::tab::run();
}
