//! Moments and stretches of virtual time as text: the page and the command line say both in one way.

use alloc::format;
use alloc::string::String;

/// A time in microseconds as text, rounded to the millisecond, and below ten milliseconds to the tenth of one: `2.5 ms`, `379 ms`,
/// `30 s`, `3.565 s`. Digits that say nothing are left out.
pub fn time_text(micros: u64) -> String {
    let tenths = micros.saturating_add(50) / 100;
    let millis = micros.saturating_add(500) / 1_000;
    match (tenths, millis) {
        (0..100, _) => decimal(tenths / 10, tenths % 10, 1, "ms"),
        (_, 0..1_000) => format!("{millis} ms"),
        _ => decimal(millis / 1_000, millis % 1_000, 3, "s"),
    }
}

/// A number with so many decimals, without zeros at its end. (Writing floats would cost the page ten kilobytes.)
fn decimal(whole: u64, part: u64, digits: usize, unit: &str) -> String {
    if part == 0 {
        return format!("{whole} {unit}");
    }
    let part = format!("{part:0digits$}");
    format!("{whole}.{} {unit}", part.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_rounded_to_what_its_unit_shows() {
        for (micros, text) in [
            (0, "0 ms"),
            (49, "0 ms"),
            (50, "0.1 ms"),
            (2_000, "2 ms"),
            (2_449, "2.4 ms"),
            (9_949, "9.9 ms"),
            (9_950, "10 ms"),
            (45_499, "45 ms"),
            (45_500, "46 ms"),
            (999_499, "999 ms"),
            (999_500, "1 s"),
            (2_379_412, "2.379 s"),
            (2_380_000, "2.38 s"),
            (2_300_600, "2.301 s"),
            (3_005_000, "3.005 s"),
            (30_000_000, "30 s"),
            (120_000_000, "120 s"),
        ] {
            assert_eq!(time_text(micros), text, "{micros}");
        }
        assert!(time_text(u64::MAX).ends_with(" s"));
    }
}
