//! The help sheet of the lesson.

use crate::components::help::Help;

/// The help sheet.
pub const HELP: Help = Help {
    id: "lesson-help-title",
    text: &[
        "The lesson is to be read from top to bottom, in about thirteen minutes. Its figures are the other pages\u{2019} own stages: they run while they are in view, and can be touched. The link below each opens the same run on its page, with tables, settings and predictions.",
        "Without scripts, or on paper, the text is complete as it stands; print it as any page.",
    ],
    keys: &[],
};
