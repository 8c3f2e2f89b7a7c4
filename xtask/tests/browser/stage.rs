//! The positions of things on a stage, read off what is painted there.

use std::f64::consts::TAU;

use crate::support::{Page, Result, eventually};

/// A painted ring: in the window's pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stage {
    centre: (f64, f64),
    radius: f64,
}

/// Scrolls the stage into view, and finds the band: of all lines from the centre outwards the longest painted stretch, by the
/// middle one of their results.
const FIND: &str = "
    const canvas = document.querySelector('.app .view canvas:not([aria-hidden])');
    canvas.scrollIntoView({ block: 'center' });
    const area = canvas.getBoundingClientRect();
    if (area.width < 1 || !canvas.width) return null;
    const ratio = canvas.width / area.width;
    // Until the next frame, what was painted for another size is stretched.
    const real = length => Math.round(length * devicePixelRatio);
    if (canvas.width !== real(canvas.clientWidth) || canvas.height !== real(canvas.clientHeight)) return null;
    const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    const short = Math.min(canvas.width, canvas.height) / 2;
    const middles = [];
    for (let step = 0; step < 64; step++) {
        const angle = (step + 0.5) / 64 * 2 * Math.PI;
        let best = [0, 0], from = null;
        for (let r = Math.floor(short * 0.3); r <= short; r++) {
            const x = Math.round(canvas.width / 2 + r * Math.sin(angle));
            const y = Math.round(canvas.height / 2 - r * Math.cos(angle));
            const painted = data[4 * (y * canvas.width + x) + 3] > 200;
            if (painted && from === null) from = r;
            if (!painted && from !== null) {
                if (r - from > best[0]) best = [r - from, (r + from) / 2];
                from = null;
            }
        }
        if (best[0]) middles.push(best[1]);
    }
    if (middles.length < 32) return null;
    middles.sort((one, other) => one - other);
    return [area.left + area.width / 2, area.top + area.height / 2, middles[middles.length >> 1] / ratio];
";

impl Stage {
    /// Finds the ring on the page.
    pub(crate) async fn find(page: &Page) -> Result<Self> {
        eventually("a painted ring that stays where it is", async || {
            let found: Option<[f64; 3]> = serde_json::from_value(page.run(FIND).await?)?;
            let again: Option<[f64; 3]> = serde_json::from_value(page.run(FIND).await?)?;
            let [x, y, radius] = match found {
                Some(found) if Some(found) == again => found,
                _ => return Ok(None),
            };
            Ok(Some(Self {
                centre: (x, y),
                radius,
            }))
        })
        .await
    }

    /// A point of the band, by its turn of the circle.
    pub(crate) fn at(&self, turn: f64) -> (f64, f64) {
        let (right, up) = (turn * TAU).sin_cos();
        (
            self.centre.0 + self.radius * right,
            self.centre.1 - self.radius * up,
        )
    }

    /// The middle of the ring.
    pub(crate) const fn centre(&self) -> (f64, f64) {
        self.centre
    }

    /// The length of the band between two turns.
    pub(crate) fn between(&self, one: f64, other: f64) -> f64 {
        let away = (one - other).rem_euclid(1.0);
        away.min(1.0 - away) * TAU * self.radius
    }
}
