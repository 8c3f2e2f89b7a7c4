//! Turns of the unit circle.

use std::f64::consts::{FRAC_PI_2, TAU};

/// The coordinates, to the right and up, of a turn of the unit circle. (The standard library's functions reduce angles of any
/// size, with tables that would cost each page four kilobytes; turns are small.)
pub fn on_circle(turn: f64) -> (f64, f64) {
    let quarter = (turn * 4.0).round();
    let rest = (turn - quarter / 4.0) * TAU;
    // Taylor's series: at an eighth of a turn or less, this many terms leave less than 1e-12.
    let (mut sine, mut cosine, mut term) = (0.0, 0.0, 1.0);
    for power in 0..16_u8 {
        let sum = if power % 2 == 0 {
            &mut cosine
        } else {
            &mut sine
        };
        *sum += if power % 4 < 2 { term } else { -term };
        term *= rest / f64::from(power + 1);
    }
    match quarter.rem_euclid(4.0) as u8 {
        0 => (sine, cosine),
        1 => (cosine, -sine),
        2 => (-sine, -cosine),
        _ => (-cosine, sine),
    }
}

/// The canvas angle of a turn: canvas angles start at three o'clock.
pub fn angle(turn: f64) -> f64 {
    turn * TAU - FRAC_PI_2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_lie_where_sine_and_cosine_say() {
        for step in -20..220_i32 {
            let turn = f64::from(step) / 100.0;
            let (right, up) = on_circle(turn);
            let (sine, cosine) = (turn * TAU).sin_cos();
            assert!((right - sine).abs() < 1e-12, "{turn}: {right}");
            assert!((up - cosine).abs() < 1e-12, "{turn}: {up}");
        }
    }
}
