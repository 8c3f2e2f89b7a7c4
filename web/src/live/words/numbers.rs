//! Times and sizes. (Writing floats would cost the page ten kilobytes.)

/// A time in milliseconds, to the tenth where that matters.
pub fn millis(micros: u32) -> String {
    match micros {
        0..10_000 => format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100),
        _ => format!("{} ms", micros / 1_000),
    }
}

/// A number of bytes, in three digits.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..10_000 => format!("{}.{} kB", bytes / 1_000, bytes % 1_000 / 100),
        10_000..1_000_000 => format!("{} kB", bytes / 1_000),
        1_000_000..10_000_000 => {
            format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000)
        }
        10_000_000..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
        1_000_000_000..10_000_000_000 => {
            format!(
                "{}.{} GB",
                bytes / 1_000_000_000,
                bytes % 1_000_000_000 / 100_000_000
            )
        }
        _ => format!("{} GB", bytes / 1_000_000_000),
    }
}
