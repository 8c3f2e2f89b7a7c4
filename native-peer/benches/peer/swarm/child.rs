//! A process that is measured, and killed when nobody needs it any more.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child as Process, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use crate::Outcome;

/// The longest time for anything.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(180);
/// The period in which a process is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// A running process, and what it prints.
pub(crate) struct Child {
    process: Process,
    lines: Receiver<String>,
    peak_kib: u64,
}

impl Child {
    pub(crate) fn start(command: &mut Command) -> Outcome<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("cannot start {:?}: {error}", command.get_program()))?;
        let (sender, lines) = channel();
        if let Some(stdout) = process.stdout.take() {
            thread::spawn(move || {
                for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                    if sender.send(line).is_err() {
                        return;
                    }
                }
            });
        }
        Ok(Self {
            process,
            lines,
            peak_kib: 0,
        })
    }

    /// The next line that it prints.
    pub(crate) fn line(&self) -> Outcome<String> {
        self.lines.recv_timeout(TIMEOUT).map_err(|error| {
            let reason = match error {
                RecvTimeoutError::Timeout => "says nothing",
                RecvTimeoutError::Disconnected => "has ended",
            };
            format!("process {} {reason}", self.process.id()).into()
        })
    }

    /// Waits for this line.
    pub(crate) fn expect(&self, wanted: &str) -> Outcome<()> {
        while self.line()? != wanted {}
        Ok(())
    }

    pub(crate) fn tell(&mut self, line: &str) -> Outcome<()> {
        let stdin = self.process.stdin.as_mut().ok_or("it has no input")?;
        writeln!(stdin, "{line}")?;
        Ok(stdin.flush()?)
    }

    /// Waits for its end, and keeps an eye on its memory.
    pub(crate) fn wait(&mut self) -> Outcome<()> {
        let mut waited = Duration::ZERO;
        while waited < TIMEOUT {
            self.look();
            if let Some(status) = self.process.try_wait()? {
                return match status.success() {
                    true => Ok(()),
                    false => Err(format!("process {}: {status}", self.process.id()).into()),
                };
            }
            thread::sleep(LOOK);
            waited += LOOK;
        }
        Err("it takes too long".into())
    }

    /// Closes its input, and waits until it has ended by itself: what it has not written yet it writes then.
    pub(crate) fn finish(&mut self) -> Outcome<()> {
        drop(self.process.stdin.take());
        self.wait()
    }

    fn look(&mut self) {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()));
        let peak = status.ok().and_then(|status| {
            let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
            line.split_whitespace().nth(1)?.parse().ok()
        });
        self.peak_kib = self.peak_kib.max(peak.unwrap_or(0));
    }

    /// The most memory it has had at once, in MiB, as far as this system says.
    pub(crate) fn peak_mib(&mut self) -> u64 {
        self.look();
        self.peak_kib.div_ceil(1024)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
