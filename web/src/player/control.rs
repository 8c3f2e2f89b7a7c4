//! The requests of the controls, and the keys that do the same.

/// Something that the controls of the player ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Let time run, or stop it.
    Play(bool),
    /// Whichever of the two is not so.
    Toggle,
    /// On to the next step, and stop there; while time runs, at once.
    Continue,
    /// To the next event worth seeing.
    StepForward,
    /// To the last one before now.
    StepBack,
    /// To this moment, in microseconds of virtual time.
    Seek(u64),
    /// To the furthest moment reached.
    End,
    /// The speed of time: an index into [`SPEEDS`](crate::player::SPEEDS).
    Speed(usize),
    /// To the next speed above the present one.
    Faster,
    /// To the next speed below.
    Slower,
    /// Take the last deed back.
    Undo,
    /// Do again what was undone last.
    Redo,
    /// Go to the branch of this number.
    Branch(u32),
}

impl Control {
    /// Whether it changes how fast time runs, and nothing else.
    pub const fn is_speed(self) -> bool {
        matches!(self, Self::Speed(_) | Self::Faster | Self::Slower)
    }

    /// The control of a key.
    pub fn of_key(key: &str) -> Option<Self> {
        Some(match key {
            " " => Self::Toggle,
            "c" => Self::Continue,
            "ArrowRight" => Self::StepForward,
            "ArrowLeft" => Self::StepBack,
            "Ctrl+z" => Self::Undo,
            "Ctrl+Shift+z" | "Ctrl+y" => Self::Redo,
            "Home" => Self::Seek(0),
            "End" => Self::End,
            "+" | "=" => Self::Faster,
            "-" => Self::Slower,
            _ => return None,
        })
    }
}
