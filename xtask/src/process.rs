//! Running other programs, and saying what runs and how long it took.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Error, Result, anyhow, bail};
use wait_timeout::ChildExt as _;

use crate::progress;

/// The period in which it is looked whether a program that runs beside others is wanted still.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Announces a step, does it, and says how long it took.
pub(crate) fn step<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    eprintln!("==> {}", progress::begin(name));
    let started = now();
    let result = work();
    progress::end(name, result.is_ok());
    let verdict = if result.is_ok() { "done" } else { "failed" };
    eprintln!("    {name}: {verdict} after {}", seconds(started.elapsed()));
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

/// The surroundings of programs that run while another one is using the console.
#[derive(Debug)]
pub(crate) struct Beside<'a> {
    /// The file that their messages go to; where one fails, they are shown.
    pub(crate) log: PathBuf,
    /// False once the programs are not wanted any more: then they are ended.
    pub(crate) is_wanted: &'a AtomicBool,
}

impl Beside<'_> {
    /// Runs a program.
    pub(crate) fn run(&self, command: &mut Command) -> Result<()> {
        run_beside(command, &self.log, self.is_wanted)
    }
}

fn run_beside(command: &mut Command, log: &Path, is_wanted: &AtomicBool) -> Result<()> {
    let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    command.stdin(Stdio::null()).stdout(file.try_clone()?);
    let child = command.stderr(file).spawn();
    let mut child = child.map_err(|error| cannot_start(command, error))?;
    let status = loop {
        if let Some(status) = child.wait_timeout(LOOK_EVERY)? {
            break status;
        }
        if !is_wanted.load(Ordering::Relaxed) {
            child.kill()?;
            child.wait()?;
            bail!("`{}` was ended", shown(command));
        }
    };
    if !status.success() {
        let said = fs::read_to_string(log).unwrap_or_default();
        bail!("`{}` failed ({status}):\n{said}", shown(command));
    }
    Ok(())
}

/// Runs a program that is ended when it takes longer than this. Its messages are not shown: the last line is in the error.
pub(crate) fn within(command: &mut Command, patience: Duration) -> Result<()> {
    eprintln!("    $ {}", shown(command));
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let child = command.stderr(Stdio::piped()).spawn();
    let mut child = child.map_err(|error| cannot_start(command, error))?;
    // Read while it runs: a program whose messages fill the pipe waits for a reader.
    let reading = child.stderr.take().map(|mut messages| {
        thread::spawn(move || {
            let mut said = Vec::new();
            messages.read_to_end(&mut said).map(|_| said)
        })
    });
    let Some(status) = child.wait_timeout(patience)? else {
        child.kill()?;
        child.wait()?;
        bail!(
            "`{}` took longer than {}",
            shown(command),
            seconds(patience)
        );
    };
    if !status.success() {
        let said = reading.and_then(|reading| reading.join().ok());
        let said = said.transpose()?.unwrap_or_default();
        let said = String::from_utf8_lossy(&said);
        let said = said.trim().lines().last().unwrap_or("it printed nothing");
        bail!("`{}` failed ({status}): {said}", shown(command));
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
    fn what_failed_beside_the_others_is_shown_whole() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let wanted = AtomicBool::new(true);
        let mut cargo = Command::new(env!("CARGO"));
        let error = run_beside(cargo.arg("no-such-command"), &log, &wanted).unwrap_err();
        let said = error.to_string();
        assert!(said.starts_with("`cargo no-such-command` failed"), "{said}");
        assert!(said.contains("no such command"), "{said}");
        let mut version = Command::new(env!("CARGO"));
        run_beside(version.arg("--version"), &log, &wanted).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn what_is_not_wanted_any_more_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut long = Command::new("sleep");
        let error = run_beside(long.arg("1000"), &log, &AtomicBool::new(false)).unwrap_err();
        assert_eq!(error.to_string(), "`sleep 1000` was ended");
    }

    #[cfg(unix)]
    #[test]
    fn a_program_that_takes_too_long_is_ended_and_one_that_fails_says_why() {
        let mut long = Command::new("sleep");
        let error = within(long.arg("1000"), Duration::ZERO).unwrap_err();
        assert_eq!(error.to_string(), "`sleep 1000` took longer than 0.0 s");
        let patience = Duration::from_secs(60);
        let mut failing = Command::new("sh");
        let error = within(failing.args(["-c", "echo so >&2; exit 3"]), patience).unwrap_err();
        assert!(
            error.to_string().ends_with("(exit status: 3): so"),
            "{error}"
        );
        within(&mut Command::new("true"), patience).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_program_with_many_messages_is_not_held_up_by_them() {
        let many = "i=0; while [ $i -lt 20000 ]; do echo message $i; i=$((i+1)); done >&2";
        let patience = Duration::from_secs(60);
        within(Command::new("sh").args(["-c", many]), patience).unwrap();
        let failing = format!("{many}; echo the last >&2; exit 3");
        let error = within(Command::new("sh").args(["-c", &failing]), patience).unwrap_err();
        let said = error.to_string();
        assert!(said.ends_with("(exit status: 3): the last"), "{said}");
    }

    #[test]
    fn a_command_is_shown_without_its_folder() {
        assert_eq!(
            shown(Command::new("/usr/bin/cargo").args(["test", "--all"])),
            "cargo test --all"
        );
    }
}
