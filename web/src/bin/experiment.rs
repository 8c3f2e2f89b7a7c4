//! Runs one experiment in a worker of the page of experiments.

fn main() {
    chordscope_web::experiments::worker::run();
}
