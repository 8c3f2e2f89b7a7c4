//! Starting, asking and killing real peers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

/// The longest time for anything before a test gives up, on a machine that does much else. Nothing waits so long where all is well.
const TIMEOUT: Duration = Duration::from_secs(90);
const PAUSE: Duration = Duration::from_millis(25);

/// A user's folders, so that tests and real peers do not see one another.
pub(crate) struct Home(TempDir);

/// A running `chordscope peer` or `chordscope ring`; killed when it goes.
pub(crate) struct Process {
    child: Child,
    /// The JSON line that it printed once it was ready.
    pub(crate) ready: Value,
}

/// Asks again until there is an answer.
pub(crate) fn eventually<T>(what: &str, ask: impl FnMut() -> Option<T>) -> T {
    eventually_or(what, String::new, ask)
}

/// Asks again until there is an answer; where there is none, this says more.
pub(crate) fn eventually_or<T>(
    what: &str,
    more: impl FnOnce() -> String,
    mut ask: impl FnMut() -> Option<T>,
) -> T {
    let attempts = TIMEOUT.as_millis() / PAUSE.as_millis();
    for _ in 0..attempts {
        if let Some(answer) = ask() {
            return answer;
        }
        std::thread::sleep(PAUSE);
    }
    panic!("waited in vain: {what} {}", more());
}

impl Home {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chordscope"));
        command
            .args(arguments)
            .env("HOME", self.0.path())
            .env("XDG_DATA_HOME", self.path("share"))
            .env_remove("XDG_RUNTIME_DIR")
            .env_remove("CHORDSCOPE_PEER")
            .env_remove("CHORDSCOPE_TOKEN");
        command
    }

    /// Starts a peer or ring and waits until it is ready.
    pub(crate) fn start(&self, arguments: &[&str]) -> Process {
        let mut command = self.command(arguments);
        command.arg("--json");
        self.run(command)
    }

    /// Starts a peer or ring by a command of its own, and waits until it is ready.
    pub(crate) fn run(&self, mut command: Command) -> Process {
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let ready = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line:?}"));
        Process { child, ready }
    }

    /// Starts a peer on a port of the system's choice, or on this one.
    pub(crate) fn peer(&self, name: &str, port: u16, join: Option<&Process>) -> Process {
        let data = self.path(name).display().to_string();
        let listen = format!("127.0.0.1:{port}");
        let mut arguments = vec!["peer", "--listen", &listen, "--data", &data];
        if let Some(other) = join {
            arguments.extend(["--join", other.url()]);
        }
        self.start(&arguments)
    }

    /// Starts peers that make one ring, and waits until each knows its neighbours.
    pub(crate) fn ring(&self, count: usize) -> Vec<Process> {
        let first = self.peer("peer-0", 0, None);
        let mut peers = vec![first];
        for number in 1..count {
            let peer = self.peer(&format!("peer-{number}"), 0, Some(&peers[0]));
            peers.push(peer);
        }
        self.wait_for_ring(&peers.iter().collect::<Vec<_>>());
        peers
    }

    /// Waits until each peer knows as many successors as there are, and its predecessor.
    pub(crate) fn wait_for_ring(&self, peers: &[&Process]) {
        let mut ids: Vec<&str> = peers.iter().map(|peer| peer.id()).collect();
        ids.sort_unstable();
        for peer in peers {
            let at = ids.iter().position(|id| *id == peer.id()).unwrap();
            let successors: Vec<&str> = (1..ids.len().min(5))
                .map(|ahead| ids[(at + ahead) % ids.len()])
                .collect();
            let before = ids[(at + ids.len() - 1) % ids.len()];
            eventually("the ring forms", || {
                let status = self.json(&["status", "--peer", peer.url()])?;
                (status["successors"] == serde_json::json!(successors)
                    && status["predecessor"] == before)
                    .then_some(())
            });
        }
    }

    /// Waits until each of all peers of a ring is in as many groups of level quorum as it will be: three members each, or all peers
    /// of a smaller ring. Before that a group may have one member alone, and its disk or its absence is then that of all.
    pub(crate) fn wait_for_groups(&self, peers: &[&Process]) {
        for peer in peers {
            eventually("each is in its groups", || {
                let status = self.json(&["status", "--peer", peer.url()])?;
                (status["quorum"]["groups"] == peers.len().min(3)).then_some(())
            });
        }
    }

    pub(crate) fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// The answer of a command that succeeds.
    pub(crate) fn json(&self, arguments: &[&str]) -> Option<Value> {
        let mut arguments = arguments.to_vec();
        arguments.push("--json");
        let output = self.output(&arguments);
        if !output.status.success() {
            return None;
        }
        Some(serde_json::from_slice(&output.stdout).unwrap())
    }

    /// The one line of a command that fails.
    pub(crate) fn refusal(&self, arguments: &[&str], code: i32) -> String {
        refusal(&self.output(arguments), code)
    }

    /// Runs a command with this standard input.
    pub(crate) fn piped(&self, arguments: &[&str], input: &[u8]) -> Output {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        // A command that refuses what it reads may stop reading.
        let _ = child.stdin.take().unwrap().write_all(input);
        child.wait_with_output().unwrap()
    }
}

/// An answer without how long the record is held, which goes down with time.
pub(crate) fn timeless(answer: &Value) -> Value {
    let mut answer = answer.clone();
    if let Some(fields) = answer.as_object_mut() {
        fields.remove("expires_in_s");
        fields.remove("renewed");
    }
    answer
}

/// Checks that a command failed with one line, and gives it.
pub(crate) fn refusal(output: &Output, code: i32) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.starts_with("chordscope: "), "{text}");
    assert!(output.stdout.is_empty());
    text.trim_end().to_string()
}

impl Process {
    pub(crate) fn id(&self) -> &str {
        self.ready["id"].as_str().unwrap()
    }

    pub(crate) fn url(&self) -> &str {
        self.ready["url"].as_str().unwrap()
    }

    /// Returns the peer's address for other peers.
    pub(crate) fn socket(&self) -> String {
        format!("{}/ws", self.url().replace("http://", "ws://"))
    }

    pub(crate) fn port(&self) -> u16 {
        self.url().rsplit(':').next().unwrap().parse().unwrap()
    }

    pub(crate) fn token(&self) -> String {
        let data = Path::new(self.ready["data"].as_str().unwrap());
        std::fs::read_to_string(data.join("token"))
            .unwrap()
            .trim()
            .to_string()
    }

    /// SIGKILL: no goodbye.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Returns the process id.
    #[cfg(target_os = "linux")]
    pub(crate) fn number(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(status.unwrap().success());
    }

    /// Lets it write files of any size again.
    #[cfg(target_os = "linux")]
    pub(crate) fn lift_file_limit(&self) {
        self.limit_files("unlimited");
    }

    /// Lets it write files of so many bytes.
    #[cfg(target_os = "linux")]
    pub(crate) fn limit_files(&self, most: &str) {
        let pid = self.child.id().to_string();
        let limit = format!("--fsize={most}:unlimited");
        let status = Command::new("prlimit")
            .args([&limit, "--pid", &pid])
            .status();
        assert!(status.unwrap().success());
    }

    /// The exit code, once it has ended.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        eventually("the process ends", || self.child.try_wait().unwrap()).code()
    }

    /// One number of `/metrics`.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        let (_, text) = http(self.port(), "GET /metrics", &[]);
        let line = text.lines().find(|line| line.starts_with(name));
        let line = line.unwrap_or_else(|| panic!("no {name} in {text}"));
        line.rsplit(' ').next().unwrap().parse().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A plain request: status code, and everything that came.
pub(crate) fn http(port: u16, request: &str, headers: &[&str]) -> (u16, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
    let mut text = format!("{request} HTTP/1.1\r\nConnection: close\r\n");
    if !headers.iter().any(|header| header.starts_with("Host:")) {
        text.push_str(&format!("Host: 127.0.0.1:{port}\r\n"));
    }
    for header in headers {
        text.push_str(header);
        text.push_str("\r\n");
    }
    stream.write_all((text + "\r\n").as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let code = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
    (code.unwrap_or_default(), answer)
}

/// The command under a limit of the system, as `ulimit` takes it.
pub(crate) fn limited(inner: &Command, limit: &str) -> Command {
    let mut command = Command::new("sh");
    let script = format!("ulimit {limit} && exec \"$0\" \"$@\"");
    command
        .args(["-c", &script])
        .arg(inner.get_program())
        .args(inner.get_args());
    for (name, value) in inner.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}
