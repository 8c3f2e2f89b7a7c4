//! The pace of time: whether it runs, how fast, and for how long it stands still for a reader.

/// The speeds of time: automatic, then slow to fast, with virtual seconds per second.
pub const SPEEDS: [(&str, f64); 11] = [
    ("Auto", 0.0),
    ("1/64 ×", 1.0 / 64.0),
    ("1/32 ×", 1.0 / 32.0),
    ("1/16 ×", 1.0 / 16.0),
    ("1/8 ×", 1.0 / 8.0),
    ("1/4 ×", 1.0 / 4.0),
    ("1/2 ×", 1.0 / 2.0),
    ("1 ×", 1.0),
    ("2 ×", 2.0),
    ("4 ×", 4.0),
    ("16 ×", 16.0),
];

/// Time that runs for so many milliseconds under one caption begins to hurry …
const TIMEOUT: f64 = 1_300.0;
/// … and is so much faster after each millisecond more, to the fourth power …
const HASTE: f64 = 0.003;
/// … up to this, to the fourth power.
const MOST_HASTE: f64 = 3.0;

/// The pace of time.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    playing: bool,
    /// Whether time stops at each step.
    guided: bool,
    /// An index into [`SPEEDS`].
    speed: usize,
    /// The part of a microsecond that has passed and is not played yet.
    carry: f64,
    /// For how many milliseconds more the caption waits to be read.
    hold: f64,
    /// For how many milliseconds time has run under this caption.
    ran: f64,
}

impl Clock {
    /// A clock at the automatic speed.
    pub(super) const fn new(playing: bool) -> Self {
        Self {
            playing,
            guided: false,
            speed: 0,
            carry: 0.0,
            hold: 0.0,
            ran: 0.0,
        }
    }

    /// Whether time runs, or waits for a reader and then runs on.
    pub(super) const fn is_playing(&self) -> bool {
        self.playing
    }

    /// Whether time stops at each step.
    pub(super) const fn is_guided(&self) -> bool {
        self.guided
    }

    /// The index of the speed.
    pub(super) const fn speed(&self) -> usize {
        self.speed
    }

    /// Whether the speed is the automatic one.
    pub(super) const fn is_automatic(&self) -> bool {
        self.speed == 0
    }

    /// Whether the caption waits to be read.
    pub(super) fn is_held(&self) -> bool {
        self.hold > 0.0
    }

    /// Whether time moves after so many real milliseconds: it is played, and the caption has been read by then.
    pub(super) fn is_moved(&mut self, real: f64) -> bool {
        if !self.playing {
            return false;
        }
        if !self.is_automatic() {
            self.hold = 0.0;
        }
        self.hold -= real;
        !self.is_held()
    }

    /// Returns how many microseconds of virtual time pass in so many real milliseconds.
    pub(super) fn pass(&mut self, real: f64, rate: f64) -> u64 {
        self.ran += real;
        self.carry += real * 1_000.0 * rate;
        let micros = self.carry.floor();
        self.carry -= micros;
        micros as u64
    }

    /// Returns how many virtual seconds pass in a second. `pace` is what the automatic speed is now; where it may `hurry`, that is the faster
    /// the longer nothing new comes.
    pub(super) fn rate(&self, pace: f64, hurry: bool) -> f64 {
        match SPEEDS.get(self.speed) {
            Some((_, rate)) if !self.is_automatic() => *rate,
            _ if hurry => pace * haste(self.ran),
            _ => pace,
        }
    }

    /// Sets the speed.
    pub(super) fn set_speed(&mut self, speed: usize) {
        self.speed = speed.min(SPEEDS.len() - 1);
    }

    /// Goes to the next speed above this rate.
    pub(super) fn speed_up(&mut self, rate: f64) {
        let faster = SPEEDS.iter().position(|(_, at)| *at > rate);
        self.speed = faster.unwrap_or(SPEEDS.len() - 1);
    }

    /// Goes to the next speed below this rate.
    pub(super) fn slow_down(&mut self, rate: f64) {
        let slower = SPEEDS.iter().rposition(|(_, at)| *at < rate);
        self.speed = slower.unwrap_or(0);
    }

    /// Takes up that a new step takes so many milliseconds to be read.
    pub(super) fn step(&mut self, reading: f64) {
        self.ran = 0.0;
        if self.is_automatic() {
            self.hold = reading;
        }
    }

    /// Lets time run, or not; all else stays.
    pub(super) const fn run(&mut self, on: bool) {
        self.playing = on;
    }

    /// Sets whether time stops at each step.
    pub(super) const fn guide(&mut self, on: bool) {
        self.guided = on;
    }

    /// Takes the caption for read.
    pub(super) const fn skip_reading(&mut self) {
        self.hold = 0.0;
    }

    /// Takes the caption for read, as if it were new.
    pub(super) const fn begin_caption(&mut self) {
        self.hold = 0.0;
        self.ran = 0.0;
    }

    /// Stops time at a whole microsecond, with nothing to wait for.
    pub(super) const fn stop(&mut self) {
        self.playing = false;
        self.carry = 0.0;
        self.begin_caption();
    }
}

/// The factor by which the automatic speed is faster, once time has run for so many milliseconds under one caption: where nothing new comes,
/// nobody waits for long.
fn haste(ran: f64) -> f64 {
    let haste = (1.0 + HASTE * (ran - TIMEOUT).max(0.0)).min(MOST_HASTE);
    haste * haste * haste * haste
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_ascend() {
        assert!(SPEEDS[1..].windows(2).all(|pair| pair[0].1 < pair[1].1));
    }

    #[test]
    fn no_part_of_a_microsecond_is_lost_between_frames() {
        let mut clock = Clock::new(true);
        let rate = 1.0 / 64.0;
        let passed: u64 = (0..1_000).map(|_| clock.pass(0.1, rate)).sum();
        assert_eq!(passed, 1_562);
    }

    #[test]
    fn time_stands_still_until_a_new_caption_is_read_at_the_automatic_speed_alone() {
        let mut clock = Clock::new(true);
        clock.step(30.0);
        assert!(!clock.is_moved(16.0));
        assert!(clock.is_moved(16.0));
        clock.step(30.0);
        clock.set_speed(7);
        assert!(clock.is_moved(1.0));
    }

    #[test]
    fn faster_and_slower_lead_to_the_neighbours_of_the_present_rate() {
        let mut clock = Clock::new(true);
        clock.speed_up(0.3);
        assert_eq!(SPEEDS[clock.speed()].0, "1/2 ×");
        clock.slow_down(0.5);
        assert_eq!(SPEEDS[clock.speed()].0, "1/4 ×");
        clock.speed_up(16.0);
        assert_eq!(SPEEDS[clock.speed()].0, "16 ×");
        clock.slow_down(0.01);
        assert!(clock.is_automatic());
    }

    #[test]
    fn where_nothing_new_comes_the_automatic_speed_hurries() {
        let mut clock = Clock::new(true);
        let at = |clock: &Clock| clock.rate(2.0, true);
        assert!((at(&clock) - 2.0).abs() < f64::EPSILON);
        clock.pass(5_000.0, 1.0);
        assert!(at(&clock) > 100.0);
        assert!((clock.rate(2.0, false) - 2.0).abs() < f64::EPSILON);
        clock.set_speed(7);
        assert!((at(&clock) - 1.0).abs() < f64::EPSILON);
    }
}
