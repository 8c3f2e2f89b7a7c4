//! The lesson's exercise: is a directory distributed, decentralized, heterarchical? The user's answers, kept as text, beside ours.

/// The systems that are judged.
pub const SYSTEMS: [System; 4] = [
    System {
        name: "Phone book",
        ours: [false, false, false],
        because: "One publisher decides what is in it and prints every copy: many copies, but one source, and whoever is left out cannot be found.",
    },
    System {
        name: "Search engine",
        ours: [true, false, false],
        because: "It runs on many machines all over the world, but one company owns and orders them: it decides what is found.",
    },
    System {
        name: "DNS",
        ours: [true, true, false],
        because: "Zones are answered for by many owners on many machines, but names hang below one root, each zone below another: a hierarchy.",
    },
    System {
        name: "Blockchain",
        ours: [true, true, true],
        because: "Many machines of many owners, and none stands above another: each checks everything for itself and follows the chain that most work went into.",
    },
];

/// The properties that are asked for, with their meanings.
pub const PROPERTIES: [(&str, &str); 3] = [
    (
        "Distributed",
        "it runs on several machines that share the work",
    ),
    ("Decentralized", "no single owner decides about it"),
    ("Heterarchical", "no participant stands above another"),
];

/// A system with our answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct System {
    /// The name.
    pub name: &'static str,
    /// Our answer to each property.
    pub ours: [bool; PROPERTIES.len()],
    /// The reason for them.
    pub because: &'static str,
}

/// The longest reason of a user, in characters.
pub const MAX_REASON: usize = 300;
/// The longest text that is read.
const MAX_TEXT: usize = 16_384;
/// The first line of the text.
const HEAD: &str = "chordscope directories 1";

/// The user's answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// An answer to each property of each system; `None` where there is none.
    pub ticks: [[Option<bool>; PROPERTIES.len()]; SYSTEMS.len()],
    /// The reason for those of each system.
    pub reasons: [String; SYSTEMS.len()],
    /// Whether ours are shown beside them.
    pub is_compared: bool,
}

impl Answers {
    /// The answers with another one: the same answer a second time takes it back.
    pub fn ticked(mut self, system: usize, property: usize, answer: bool) -> Self {
        if let Some(tick) = self
            .ticks
            .get_mut(system)
            .and_then(|row| row.get_mut(property))
        {
            *tick = match *tick == Some(answer) {
                true => None,
                false => Some(answer),
            };
        }
        self
    }

    /// The answers with another reason, cut to [`MAX_REASON`].
    pub fn justified(mut self, system: usize, reason: &str) -> Self {
        if let Some(known) = self.reasons.get_mut(system) {
            *known = reason.chars().take(MAX_REASON).collect();
        }
        self
    }

    /// The number of answers that are open.
    pub fn open(&self) -> usize {
        self.ticks
            .iter()
            .flatten()
            .filter(|tick| tick.is_none())
            .count()
    }

    /// The number of answers that are as ours.
    pub fn alike(&self) -> usize {
        let rows = self.ticks.iter().zip(SYSTEMS);
        let alike = rows.map(|(ticks, system)| {
            let both = ticks.iter().zip(system.ours);
            both.filter(|(tick, ours)| **tick == Some(*ours)).count()
        });
        alike.sum()
    }

    /// The answers as text, a line a system: what the browser keeps, and what the export holds below its head.
    pub fn write(&self) -> String {
        let word = |tick: &Option<bool>| match tick {
            Some(true) => "yes",
            Some(false) => "no",
            None => "-",
        };
        let mut lines = vec![HEAD.to_owned()];
        for (place, system) in SYSTEMS.iter().enumerate() {
            let ticks: Vec<&str> = self.ticks[place].iter().map(word).collect();
            let reason = self.reasons[place].replace(['\n', '\r', '\t'], " ");
            lines.push(format!("{}\t{}\t{reason}", system.name, ticks.join("\t")));
        }
        lines.push(format!(
            "compared\t{}",
            if self.is_compared { "yes" } else { "no" }
        ));
        lines.join("\n") + "\n"
    }

    /// Reads what [`Answers::write`] wrote; `None` where it is anything else.
    pub fn read(text: &str) -> Option<Self> {
        if text.len() > MAX_TEXT {
            return None;
        }
        let mut lines = text.lines();
        (lines.next() == Some(HEAD)).then_some(())?;
        let mut answers = Self::default();
        for (place, system) in SYSTEMS.iter().enumerate() {
            let mut words = lines.next()?.split('\t');
            (words.next() == Some(system.name)).then_some(())?;
            for tick in &mut answers.ticks[place] {
                *tick = match words.next()? {
                    "yes" => Some(true),
                    "no" => Some(false),
                    "-" => None,
                    _ => return None,
                };
            }
            answers = answers.justified(place, words.next()?);
        }
        answers.is_compared = lines.next()? == "compared\tyes";
        Some(answers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_as_they_were_written() {
        let answers = Answers::default()
            .ticked(0, 1, true)
            .ticked(2, 2, false)
            .ticked(3, 0, true)
            .justified(1, "one company; “it” decides");
        assert_eq!(Answers::read(&answers.write()), Some(answers.clone()));
        let compared = Answers {
            is_compared: true,
            ..answers
        };
        assert_eq!(Answers::read(&compared.write()), Some(compared));
        for wrong in [
            "",
            "x",
            "chordscope directories 1\n",
            "chordscope directories 2\nPhone book",
        ] {
            assert_eq!(Answers::read(wrong), None);
        }
        assert_eq!(Answers::read(&"x".repeat(MAX_TEXT + 1)), None);
    }

    #[test]
    fn a_second_press_takes_an_answer_back_and_open_ones_are_counted() {
        let none = Answers::default();
        assert_eq!((none.open(), none.alike()), (12, 0));
        let one = none.clone().ticked(0, 0, false);
        assert_eq!((one.open(), one.alike()), (11, 1));
        let other = one.clone().ticked(0, 0, true);
        assert_eq!((other.open(), other.alike()), (11, 0));
        assert_eq!(one.ticked(0, 0, false), none);
        let long = none.justified(0, &"é".repeat(MAX_REASON + 9));
        assert_eq!(long.reasons[0].chars().count(), MAX_REASON);
        let tabs = Answers::default().justified(0, "a\tb\nc");
        assert_eq!(
            Answers::read(&tabs.write()).map(|read| read.reasons[0].clone()),
            Some("a b c".to_owned())
        );
    }

    #[test]
    fn ours_are_the_lessons() {
        let ours = SYSTEMS.map(|system| (system.name, system.ours));
        let lesson = [
            ("Phone book", [false, false, false]),
            ("Search engine", [true, false, false]),
            ("DNS", [true, true, false]),
            ("Blockchain", [true, true, true]),
        ];
        assert_eq!(ours, lesson);
    }
}
