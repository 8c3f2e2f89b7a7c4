//! The moving layer: the hops of the lookup and the messages under way.

use crate::scene::paint::Brush;
use crate::scene::{Carries, Dot, Motion};

impl Brush<'_> {
    /// Paints the moving layer. Where motion is unwelcome, a message is a line with an arrow head instead of a dot.
    pub fn moving(&self, motion: &Motion, calm: bool) {
        for (from, to) in &motion.hops {
            self.stroke(&self.layout.curve(*from, *to), &self.palette.hop, 3.0, 1.0);
        }
        for dot in motion
            .dots
            .iter()
            .filter(|dot| dot.carries != Carries::Lookup)
        {
            self.quiet(dot, calm);
        }
        for dot in motion
            .dots
            .iter()
            .filter(|dot| dot.carries == Carries::Lookup)
        {
            self.asking(dot, calm);
        }
        self.pen.set_global_alpha(1.0);
    }

    fn quiet(&self, dot: &Dot, calm: bool) {
        let colour = match dot.carries {
            Carries::Lookup | Carries::OtherLookup => &self.palette.hop,
            Carries::Upkeep => &self.palette.mute,
            Carries::Records => &self.palette.key,
        };
        let curve = self.layout.curve(dot.from, dot.to);
        if calm {
            self.stroke(&curve, colour, 1.0, 0.5);
            return;
        }
        self.pen.set_global_alpha(0.75);
        self.disc(curve.at(dot.share), 2.6, colour, dot.answer);
    }

    fn asking(&self, dot: &Dot, calm: bool) {
        let curve = self.layout.curve(dot.from, dot.to);
        self.dash(&[2.0, 7.0]);
        self.stroke(
            &curve,
            &self.palette.hop,
            3.0,
            if dot.answer { 0.35 } else { 0.8 },
        );
        self.dash(&[]);
        if calm {
            self.pen.set_global_alpha(1.0);
            self.disc(curve.at(0.5), 6.0, &self.palette.hop, dot.answer);
            return;
        }
        for step in 1..=3_i32 {
            let back = dot.share - 0.035 * f64::from(step);
            if back > 0.0 && !dot.answer {
                self.pen.set_global_alpha(0.32 - 0.07 * f64::from(step));
                self.disc(
                    curve.at(back),
                    5.0 - f64::from(step),
                    &self.palette.hop,
                    false,
                );
            }
        }
        self.pen.set_global_alpha(1.0);
        let radius = if dot.answer { 5.0 } else { 6.0 };
        self.disc(curve.at(dot.share), radius, &self.palette.hop, dot.answer);
    }
}
