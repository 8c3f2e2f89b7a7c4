//! Opening files and nothing else, to read them or to write results: a pipe, a socket or a device is refused before it is opened.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

/// The message about pipes, sockets and devices.
pub(crate) const NO_FILE: &str = "this is no file but a pipe, a socket or a device";

/// Opens a regular file: opening a pipe would wait for a process at its other end.
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

/// Returns whether a path is that of standard output, as `-` is in most programs; a file of this name is `./-`.
pub(crate) fn is_standard_output(path: &Path) -> bool {
    path == Path::new("-")
}

/// Checks that a result can be written to this path, as far as that can be seen before there is one: work of minutes is not begun for
/// nothing.
pub(crate) fn check_output(path: &Path) -> io::Result<()> {
    if let Ok(meta) = path.metadata() {
        return only_file(&meta);
    }
    // A path without a folder is one in the folder that the command runs in.
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    match folder.map(Path::metadata).transpose()? {
        Some(meta) if !meta.is_dir() => Err(io::Error::other("what it would lie in is no folder")),
        _ => Ok(()),
    }
}

/// Writes a result in the place of what the file has, if it is there.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = open(path, options.write(true).create(true).truncate(true))?;
    file.write_all(bytes)
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
            for refused in [check_output(path), replace(path, b"result")] {
                assert_eq!(refused.unwrap_err().to_string(), why);
            }
        }
    }

    #[test]
    fn a_result_goes_into_a_file_that_is_new_or_replaced() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("result");
        for result in ["a long one", "short"] {
            check_output(&path).unwrap();
            replace(&path, result.as_bytes()).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), result);
        }
        check_output(Path::new("result")).unwrap();
        check_output(&home.path().join("nothing/result")).unwrap_err();
        check_output(&path.join("result")).unwrap_err();
    }
}
