//! Opening files and nothing else: a pipe, a socket or a device is refused before it is opened.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

/// What is said of pipes, sockets and devices.
pub(crate) const NO_FILE: &str = "this is no file but a pipe, a socket or a device";

/// Opens a regular file: opening a pipe would wait for somebody at its other end.
pub(crate) fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
        options.custom_flags(flags.bits() as i32);
    }
    // Some devices do something when they are opened.
    if let Ok(meta) = path.metadata() {
        only_file(&meta)?;
    }
    let file = options.open(path)?;
    only_file(&file.metadata()?)?;
    Ok(file)
}

fn only_file(meta: &Metadata) -> io::Result<()> {
    match (meta.is_file(), meta.is_dir()) {
        (true, _) => Ok(()),
        (false, true) => Err(io::Error::other("this is a folder")),
        (false, false) => Err(io::Error::other(NO_FILE)),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_file_is_refused_without_waiting() {
        let home = tempfile::tempdir().unwrap();
        let pipe = home.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        for (path, why) in [
            (pipe.as_path(), NO_FILE),
            (Path::new("/dev/null"), NO_FILE),
            (home.path(), "this is a folder"),
        ] {
            let refused = open(path, File::options().read(true)).unwrap_err();
            assert_eq!(refused.to_string(), why, "{}", path.display());
        }
    }
}
