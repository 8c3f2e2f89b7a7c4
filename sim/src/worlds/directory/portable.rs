//! Worlds of directories in files: exported runs, and charts of time.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::engine::chrome::{Charted, Mark};
use crate::engine::history::export::Portable;
use crate::engine::json::Json;
use crate::engine::malformed::Malformed;
use crate::engine::trace::Entry;
use crate::engine::{Timed, World};
use crate::worlds::directory::action::Action;
use crate::worlds::directory::measure::Subject;
use crate::worlds::directory::setup::Setup;
use crate::worlds::directory::trace::{Parcel, What};
use crate::worlds::directory::{DirectoryWorld, text};

impl Portable for DirectoryWorld {
    const WORLD: &'static str = "directory";

    fn write_setup(setup: &Setup) -> Json {
        text::write_setup(setup).into()
    }

    fn read_setup(value: Json) -> Result<Setup, Malformed> {
        match value {
            Json::Text(text) => text::read_setup(&text),
            _ => Err(Malformed::new("setup", &"must be a text")),
        }
    }

    fn set_plan(setup: &mut Setup, plan: Vec<Timed<Action>>) {
        setup.actions = plan;
    }

    fn write_action(setup: &Setup, action: &Action) -> Json {
        text::write_action(setup.space, action).into()
    }

    fn read_action(setup: &Setup, value: Json) -> Result<Action, String> {
        match value {
            Json::Text(text) => text::read_action(setup.space, &text),
            _ => Err("must be a text".into()),
        }
    }
}

impl Charted for DirectoryWorld {
    fn chart(&self, entry: &Entry<What>) -> Option<Mark> {
        let mark = |row: String, name: String, category| {
            Some(Mark {
                row,
                name,
                category,
                since: None,
            })
        };
        let parcel = |parcel: &Parcel, what: &str| {
            let (from, kind) = (self.title(parcel.from), parcel.kind.name());
            mark(
                self.title(parcel.to),
                format!("{what} from {from}, {kind}"),
                "message",
            )
        };
        match &entry.what {
            What::Acted(action) => mark("actions".into(), self.describe(action), "action"),
            What::Gone(id) => mark(self.title(*id), "gone".into(), "member"),
            What::Back(id) => mark(self.title(*id), "back".into(), "member"),
            What::Began(_, kind, peer, subject) => {
                let subject = match subject {
                    Subject::Title(title) => format!("title {title}"),
                    Subject::Key(key) => self.setup().space.show(*key),
                };
                let name = format!("asks {} for {subject}", kind.name());
                mark(self.title(*peer), name, "lookup")
            }
            What::Delivered(one) => parcel(one, "message"),
            What::Lost(one) => parcel(one, "lost message"),
            What::Ended(number, kind, outcome) => {
                let name = format!("lookup {number}: {}", outcome.name());
                mark(kind.name().to_string(), name, "lookup")
            }
            What::Sent(_) => None,
        }
    }
}
