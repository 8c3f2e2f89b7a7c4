//! Reading and writing at a place in a file, whatever others do with it at the same time.

use std::fs::File;
use std::io;

/// Reads so many bytes. They are not set to zero first, as they are many.
#[cfg(unix)]
pub(super) fn read_at(file: &File, length: usize, mut at: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(length);
    while bytes.len() < length {
        let read = rustix::io::pread(file, rustix::buffer::spare_capacity(&mut bytes), at)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        at += read as u64;
    }
    // There may have been room for more than was asked for.
    bytes.truncate(length);
    Ok(bytes)
}

#[cfg(unix)]
pub(super) fn write_at(file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, at)
}

/// Gives a file its length, if the disk has room for all of it now. The room is not taken yet: writing into what was taken
/// before (`fallocate`) is several times slower on ext4.
pub(super) fn set_length(file: &File, length: u64) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let disk = rustix::fs::fstatvfs(file)?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        // The unit of `blocks` is 512 bytes everywhere.
        let taken = file.metadata()?.blocks().saturating_mul(512);
        if length.saturating_sub(taken) > free {
            return Err(rustix::io::Errno::NOSPC.into());
        }
    }
    file.set_len(length)
}

#[cfg(windows)]
pub(super) fn read_at(file: &File, length: usize, mut at: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    let mut done = 0;
    while done < length {
        let read = std::os::windows::fs::FileExt::seek_read(file, &mut bytes[done..], at)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        done += read;
        at += read as u64;
    }
    Ok(bytes)
}

#[cfg(windows)]
pub(super) fn write_at(file: &File, mut bytes: &[u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = std::os::windows::fs::FileExt::seek_write(file, bytes, at)?;
        bytes = &bytes[written..];
        at += written as u64;
    }
    Ok(())
}
