//! Running other programs, and saying what runs and how long it took.

use std::io::ErrorKind;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Error, Result, anyhow, bail};

/// Announces a step, does it, and says how long it took.
pub(crate) fn step<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    eprintln!("==> {name}");
    let started = now();
    let result = work();
    let verdict = if result.is_ok() { "done" } else { "failed" };
    eprintln!("    {verdict} after {}", seconds(started.elapsed()));
    result
}

/// Runs a program with our own input and output; anything but success is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    eprintln!("    $ {}", shown(command));
    let status = command
        .status()
        .map_err(|error| cannot_start(command, error))?;
    if !status.success() {
        bail!(
            "`{}` failed ({status}): its own messages are above",
            shown(command)
        );
    }
    Ok(())
}

/// Runs a program and returns what it printed.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| cannot_start(command, error))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said
            .trim()
            .lines()
            .last()
            .unwrap_or("it printed nothing")
            .to_owned();
        bail!("`{}` failed ({}): {said}", shown(command), output.status);
    }
    String::from_utf8(output.stdout)
        .with_context(|| format!("`{}` printed something else than text", shown(command)))
}

/// A moment to measure from.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where xtask reads the clock"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// A duration as people read it.
pub(crate) fn seconds(duration: Duration) -> String {
    let tenths = duration.as_millis() / 100;
    if tenths < 1_200 {
        format!("{}.{} s", tenths / 10, tenths % 10)
    } else {
        format!("{} min {} s", tenths / 600, tenths / 10 % 60)
    }
}

/// The command as one could type it.
pub(crate) fn shown(command: &Command) -> String {
    let program = command.get_program().to_string_lossy();
    let program = program.rsplit(['/', '\\']).next().unwrap_or("").to_owned();
    command.get_args().fold(program, |line, argument| {
        line + " " + &argument.to_string_lossy()
    })
}

fn cannot_start(command: &Command, error: std::io::Error) -> Error {
    let program = command.get_program().to_string_lossy();
    if error.kind() == ErrorKind::NotFound {
        anyhow!("`{program}` was not found: install it or put it on PATH")
    } else {
        anyhow!("`{program}` cannot be started: {error}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_seconds_then_minutes() {
        assert_eq!(seconds(Duration::from_millis(1_234)), "1.2 s");
        assert_eq!(seconds(Duration::from_secs(119)), "119.0 s");
        assert_eq!(seconds(Duration::from_secs(125)), "2 min 5 s");
    }

    #[test]
    fn a_missing_program_is_one_clear_line() {
        let error = run(&mut Command::new("no-such-program-here")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`no-such-program-here` was not found: install it or put it on PATH"
        );
    }

    #[test]
    fn a_command_is_shown_without_its_folder() {
        assert_eq!(
            shown(Command::new("/usr/bin/cargo").args(["test", "--all"])),
            "cargo test --all"
        );
    }
}
