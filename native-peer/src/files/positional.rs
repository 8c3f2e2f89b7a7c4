//! Reading and writing at a place in a file, whatever others do with it at the same time.

use std::fs::File;
use std::io;
#[cfg(unix)]
use std::io::IoSlice;

use bytes::Bytes;

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

/// Writes pieces, one behind the other. All go to the system in one call: a call for each costs as much again as is copied.
#[cfg(unix)]
pub(super) fn write_at(file: &File, pieces: &[Bytes], mut at: u64) -> io::Result<()> {
    let mut slices: Vec<_> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
    let mut left = &mut slices[..];
    // Empty ones at the front are skipped: what is left has bytes.
    IoSlice::advance_slices(&mut left, 0);
    while !left.is_empty() {
        let written = match rustix::io::pwritev(file, left, at) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => written,
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        };
        at += written as u64;
        IoSlice::advance_slices(&mut left, written);
    }
    Ok(())
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
pub(super) fn write_at(file: &File, pieces: &[Bytes], mut at: u64) -> io::Result<()> {
    for mut piece in pieces.iter().map(|piece| &piece[..]) {
        while !piece.is_empty() {
            let written = std::os::windows::fs::FileExt::seek_write(file, piece, at)?;
            piece = &piece[written..];
            at += written as u64;
        }
    }
    Ok(())
}
