//! Members of a ring that are written in Python: other implementations of the protocol.

use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

use crate::process::eventually;

/// A running member, which does what the lines of its input say and answers each with a line of JSON. Killed when it goes.
pub(crate) struct Member {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Member {
    /// Starts a script of the tests.
    pub(crate) fn start(script: &str, arguments: &[&str]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests")
            .join(script);
        let mut child = Command::new("python3")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .arg(script)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this test needs python3 on PATH (Debian: sudo apt-get install python3)");
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self {
            child,
            input,
            output: BufReader::new(output).lines(),
        }
    }

    pub(crate) fn says(&mut self) -> Value {
        let line = self.output.next().expect("the member has ended").unwrap();
        serde_json::from_str(&line).unwrap()
    }

    pub(crate) fn does(&mut self, command: &str) -> Value {
        writeln!(self.input, "{command}").unwrap();
        self.says()
    }

    /// Returns whether it ended well.
    pub(crate) fn ended(mut self) -> bool {
        eventually("the member ends", || self.child.try_wait().unwrap()).success()
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
