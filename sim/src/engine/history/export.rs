//! A run as JSON: its set-up, seed, behaviour number, branches with their timed actions, and the moment that is shown.
//!
//! ```json
//! {"format": "chordscope run", "version": 2, "world": "ring", "behaviour": 5, "seed": 1, "setup": "bits=5&nodes=1,9,20&seed=1",
//!  "branches": [{"id": 0, "end_us": 9000000, "actions": [{"at_us": 3000000, "do": "insert,7"}]},
//!               {"id": 1, "parent": 0, "from_us": 2000000, "shared": 0, "end_us": 4000000, "actions": [{"at_us": 2000000, "do": "crash,9"}]}],
//!  "current": 1, "at_us": 4000000}
//! ```
//!
//! A branch has the first `shared` actions of its parent, then its own. Actions of the set-up are `planned`.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::mem;

use crate::engine::behaviour::BEHAVIOUR;
use crate::engine::history::branch::Branch;
use crate::engine::history::{BranchId, History, MAX_ACTIONS, MAX_BRANCHES};
use crate::engine::json::{Fields, Json, number, object};
use crate::engine::malformed::Malformed;
use crate::engine::run::MAX_MILLIS;
use crate::engine::{Timed, World};
use chordscope_core::base::time::Instant;

/// The most bytes of an exported run.
pub const MAX_EXPORT: usize = 16 << 20;
/// The mark of a file that is an exported run: its field `format`.
pub const FORMAT: &str = "chordscope run";
/// The largest number of a branch that is read: many more can follow it.
const MAX_ID: BranchId = BranchId(u32::MAX / 2);
/// The version of the format.
const VERSION: u32 = 2;

/// A world whose set-up and actions can be written as JSON.
pub trait Portable: World {
    /// The name of the world in files.
    const WORLD: &'static str;

    /// Writes a set-up without its actions.
    fn write_setup(setup: &Self::Setup) -> Json;

    /// Reads a set-up without actions.
    ///
    /// # Errors
    /// [`Malformed`] says where and why.
    fn read_setup(value: Json) -> Result<Self::Setup, Malformed>;

    /// Makes these the actions of a set-up.
    fn set_plan(setup: &mut Self::Setup, plan: Vec<Timed<Self::Action>>);

    /// Writes an action.
    fn write_action(setup: &Self::Setup, action: &Self::Action) -> Json;

    /// Reads an action of a run of this set-up.
    ///
    /// # Errors
    /// The reason why it is none.
    fn read_action(setup: &Self::Setup, value: Json) -> Result<Self::Action, String>;
}

/// A run that was read.
#[derive(Clone, Debug)]
pub struct Imported<W: World> {
    /// The run, at the moment that was shown.
    pub history: History<W>,
    /// The behaviour number that it was recorded with: [`caveat`](crate::engine::behaviour::caveat) says what another one means.
    pub behaviour: u32,
}

/// Writes a run as JSON.
pub fn to_json<W: Portable>(history: &History<W>) -> Json {
    let branches = history.in_order();
    let branches = branches.map(|(id, branch, actions)| write_branch(history, id, branch, actions));
    // In this order: who opens the file sees first what it is.
    object(vec![
        ("format", FORMAT.into()),
        ("version", VERSION.into()),
        ("world", W::WORLD.into()),
        ("behaviour", BEHAVIOUR.into()),
        ("seed", history.seed.into()),
        ("setup", W::write_setup(&history.setup)),
        ("branches", branches.collect()),
        ("current", history.current.0.into()),
        ("at_us", history.now().as_micros().into()),
    ])
}

/// Writes a run as the text of a file.
pub fn write<W: Portable>(history: &History<W>) -> String {
    to_json(history).lines() + "\n"
}

fn write_branch<W: Portable>(
    history: &History<W>,
    id: BranchId,
    branch: &Branch<W::Action>,
    actions: &[Timed<W::Action>],
) -> Json {
    let own = actions.iter().enumerate().skip(branch.shared);
    let own = own.map(|(place, timed)| {
        let action = W::write_action(&history.setup, &timed.action);
        let mut fields = vec![("at_us", timed.at.as_micros().into()), ("do", action)];
        if branch.by_hand.binary_search(&place).is_err() {
            fields.push(("planned", true.into()));
        }
        object(fields)
    });
    let mut fields = vec![
        ("id", id.0.into()),
        ("from_us", branch.from.as_micros().into()),
        ("shared", branch.shared.into()),
        ("end_us", branch.end.as_micros().into()),
        ("actions", own.collect()),
    ];
    if let Some(parent) = branch.parent {
        fields.insert(1, ("parent", parent.0.into()));
    }
    object(fields)
}

/// Reads the text of a file, and goes to the moment that was shown.
///
/// # Errors
/// [`Malformed`] says where and why.
pub fn read<W: Portable>(text: &str) -> Result<Imported<W>, Malformed> {
    if text.len() > MAX_EXPORT {
        return Err(Malformed::new("", &"an exported run has at most 16 MiB"));
    }
    from_json(Json::parse(text)?, usize::MAX)
}

/// Reads what [`to_json`] wrote, and goes to the moment that was shown. A run that comes there only after more than `budget` events is
/// refused, for readers that cannot wait.
///
/// # Errors
/// [`Malformed`] says where and why.
pub fn from_json<W: Portable>(run: Json, budget: usize) -> Result<Imported<W>, Malformed> {
    let mut fields = Fields::of(run, "")?;
    check_head(&mut fields, W::WORLD)?;
    let behaviour = fields.number("behaviour")?;
    let seed = fields.number("seed")?;
    let setup = fields.need("setup")?;
    let branches = fields.list("branches")?;
    let current = BranchId(fields.number("current")?);
    let at = instant(fields.number("at_us")?, "at_us")?;
    fields.end()?;
    let mut setup = W::read_setup(setup)?;
    let mut branches = read_branches::<W>(&setup, branches)?;
    let last = branches.keys().next_back().copied();
    let Some((first, mut here)) = branches.pop_first() else {
        return Err(Malformed::new("branches", &"there is none"));
    };
    let plan = mem::take(&mut here.actions);
    let places = plan.iter().enumerate();
    let planned = places.filter(|(place, _)| here.by_hand.binary_search(place).is_err());
    W::set_plan(
        &mut setup,
        planned.map(|(_, timed)| timed.clone()).collect(),
    );
    let mut history = History::<W>::new(setup, seed)?;
    history.run.plan = plan;
    history.current = first;
    history.here = here;
    history.others = branches;
    history.next = last.map_or(1, |last| last.0.saturating_add(1));
    if current != first && !history.return_to(current) {
        return Err(Malformed::new("current", &"there is no such branch"));
    }
    if at > history.end() {
        return Err(Malformed::new("at_us", &"is after the end of the branch"));
    }
    let is_reached = history.advance_within(at, budget);
    if !is_reached {
        let reason = "takes too long to replay";
        return Err(Malformed::new("at_us", &reason));
    }
    Ok(Imported { history, behaviour })
}

fn check_head(fields: &mut Fields, world: &str) -> Result<(), Malformed> {
    if !fields.has("format") {
        let reason = "is missing, as in a scenario, which `chordscope sim run` opens";
        return Err(Malformed::new("format", &reason));
    }
    for (name, expected) in [("format", FORMAT), ("world", world)] {
        if fields.text(name)? != expected {
            let reason = format!("must be \"{expected}\"");
            return Err(Malformed::new(name, &reason));
        }
    }
    let version: u64 = fields.number("version")?;
    if version != u64::from(VERSION) {
        let reason = format!("is {version}, and only {VERSION} is known");
        return Err(Malformed::new("version", &reason));
    }
    Ok(())
}

/// The branches of a run, by number.
type Branches<W> = BTreeMap<BranchId, Branch<<W as World>::Action>>;

fn read_branches<W: Portable>(
    setup: &W::Setup,
    texts: Vec<Json>,
) -> Result<Branches<W>, Malformed> {
    if texts.len() > MAX_BRANCHES {
        let reason = format!("at most {MAX_BRANCHES} branches");
        return Err(Malformed::new("branches", &reason));
    }
    let mut branches = Branches::<W>::new();
    for (place, text) in texts.into_iter().enumerate() {
        let place = format!("branches[{place}]");
        let last = branches.keys().next_back().copied();
        let mut fields = Fields::of(text, &place)?;
        let id = BranchId(fields.number("id")?);
        if id > MAX_ID {
            return Err(Malformed::new(&place, &"the id is too large"));
        }
        if last.is_some_and(|last| last >= id) {
            return Err(Malformed::new(&place, &"the ids must ascend"));
        }
        let parent = match fields.take("parent") {
            Some(parent) => {
                let wrong = || Malformed::new(&place, &"the parent must be the id of a branch");
                Some(BranchId(number(&parent).ok_or_else(wrong)?))
            }
            None => None,
        };
        let known = parent.and_then(|parent| branches.get(&parent));
        if parent.is_some() != last.is_some() || known.is_none() != parent.is_none() {
            let reason = "all branches but the first one have an earlier one as parent";
            return Err(Malformed::new(&place, &reason));
        }
        let branch = read_branch::<W>(fields, setup, parent.zip(known))?;
        branches.insert(id, branch);
    }
    Ok(branches)
}

/// Reads what is left of a branch.
fn read_branch<W: Portable>(
    mut fields: Fields,
    setup: &W::Setup,
    parent: Option<(BranchId, &Branch<W::Action>)>,
) -> Result<Branch<W::Action>, Malformed> {
    let from = instant(fields.number_or("from_us", 0)?, &fields.place("from_us"))?;
    let end = instant(fields.number("end_us")?, &fields.place("end_us"))?;
    if end < from {
        let place = fields.place("end_us");
        return Err(Malformed::new(&place, &"is before the branch begins"));
    }
    let shared = fields.number_or("shared", 0)?;
    let inherited = parent.map_or(&[][..], |(_, parent)| &parent.actions);
    let Some(inherited) = inherited.get(..shared) else {
        let place = fields.place("shared");
        return Err(Malformed::new(
            &place,
            &"the parent has not so many actions",
        ));
    };
    let own = fields.list("actions")?;
    if shared + own.len() > MAX_ACTIONS {
        let reason = format!("a branch has at most {MAX_ACTIONS}");
        return Err(Malformed::new(&fields.place("actions"), &reason));
    }
    let mut branch = Branch {
        parent: parent.map(|(id, _)| id),
        from,
        shared,
        end,
        actions: inherited.to_vec(),
        by_hand: parent.map_or_else(Vec::new, |(_, parent)| parent.by_hand.clone()),
        visited: 0,
    };
    branch.by_hand.retain(|place| *place < shared);
    for (number, text) in own.into_iter().enumerate() {
        let place = fields.place(&format!("actions[{number}]"));
        read_action::<W>(text, setup, &mut branch, &place)?;
    }
    let last = branch.by_hand.last();
    let last = last.and_then(|place| branch.actions.get(*place));
    if last.is_some_and(|timed| timed.at > end) {
        let place = fields.place("end_us");
        let reason = "is before an action that was carried out";
        return Err(Malformed::new(&place, &reason));
    }
    fields.end()?;
    Ok(branch)
}

/// Reads an action and appends it to its branch.
fn read_action<W: Portable>(
    text: Json,
    setup: &W::Setup,
    branch: &mut Branch<W::Action>,
    place: &str,
) -> Result<(), Malformed> {
    let mut fields = Fields::of(text, place)?;
    let micros = fields.number("at_us")?;
    let action = fields.need("do")?;
    let planned = fields.flag("planned")?;
    fields.end()?;
    let at = Instant::from_micros(micros);
    if branch.actions.last().is_some_and(|last| last.at > at) {
        let reason = "is before the action in front of it";
        return Err(Malformed::new(place, &reason));
    }
    if micros > MAX_MILLIS * 1_000 || !planned && at > branch.end {
        return Err(Malformed::new(place, &"is after the end of the branch"));
    }
    if !planned {
        branch.by_hand.push(branch.actions.len());
    }
    let action = W::read_action(setup, action);
    let action = action.map_err(|reason| Malformed::new(place, &reason))?;
    branch.actions.push(Timed { at, action });
    Ok(())
}

fn instant(micros: u64, place: &str) -> Result<Instant, Malformed> {
    if micros > MAX_MILLIS * 1_000 {
        return Err(Malformed::new(place, &"must be at most a day"));
    }
    Ok(Instant::from_micros(micros))
}
