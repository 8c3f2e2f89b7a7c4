//! Benchmarks of real peers: `cargo xtask bench relay`, `bench repair` and `bench swarm`, whose name is the first argument.

mod limit;
mod relay;
mod repair;
mod swarm;

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> Outcome<()> {
    match std::env::args().nth(1).as_deref() {
        Some("relay") => relay::run(),
        Some("repair") => repair::run(),
        Some("swarm") => swarm::run(),
        _ => Err("say which: relay, repair or swarm".into()),
    }
}
