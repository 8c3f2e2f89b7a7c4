//! A run as JSON: its set-up, seed, behaviour number, branches with their timed actions, and the moment that is shown.
//!
//! ```json
//! {"format": "chordscope run", "version": 1, "world": "ring", "behaviour": 4, "seed": 1, "setup": {…},
//!  "branches": [{"id": 0, "end_us": 9000000, "actions": [{"at_us": 3000000, "do": {"insert": 7}}]},
//!               {"id": 1, "parent": 0, "from_us": 2000000, "shared": 0, "end_us": 4000000, "actions": [{"at_us": 2000000, "do": {"crash": 9}}]}],
//!  "current": 1, "at_us": 4000000}
//! ```
//!
//! A branch has the first `shared` actions of its parent, then its own. Actions of the set-up are `planned`.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::mem;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::engine::behaviour::BEHAVIOUR;
use crate::engine::history::branch::Branch;
use crate::engine::history::{BranchId, History, MAX_ACTIONS, MAX_BRANCHES};
use crate::engine::malformed::Malformed;
use crate::engine::run::MAX_MILLIS;
use crate::engine::{Timed, World};
use chordscope_core::base::time::Instant;

/// The most bytes of an exported run.
pub const MAX_EXPORT: usize = 16 << 20;
/// The mark of a file that is an exported run.
const FORMAT: &str = "chordscope run";
/// The largest number of a branch that is read: many more can follow it.
const MAX_ID: BranchId = BranchId(u32::MAX / 2);
/// The version of the format.
const VERSION: u32 = 1;

/// A world whose set-up and actions can be written as JSON.
pub trait Portable: World {
    /// The name of the world in files.
    const WORLD: &'static str;

    /// Writes a set-up without its actions.
    fn write_setup(setup: &Self::Setup) -> Value;

    /// Reads a set-up without actions.
    ///
    /// # Errors
    /// [`Malformed`] says where and why.
    fn read_setup(value: Value) -> Result<Self::Setup, Malformed>;

    /// Makes these the actions of a set-up.
    fn set_plan(setup: &mut Self::Setup, plan: Vec<Timed<Self::Action>>);

    /// Writes an action.
    fn write_action(setup: &Self::Setup, action: &Self::Action) -> Value;

    /// Reads an action of a run of this set-up.
    ///
    /// # Errors
    /// The reason why it is none.
    fn read_action(setup: &Self::Setup, value: Value) -> Result<Self::Action, String>;
}

/// A run that was read.
#[derive(Clone, Debug)]
pub struct Imported<W: World> {
    /// The run, at the moment that was shown.
    pub history: History<W>,
    /// The behaviour number that it was recorded with: [`caveat`](crate::engine::behaviour::caveat) says what another one means.
    pub behaviour: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    version: u32,
    world: String,
    behaviour: u32,
    seed: u64,
    setup: Value,
    branches: Vec<BranchText>,
    current: u32,
    at_us: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BranchText {
    id: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parent: Option<u32>,
    #[serde(default)]
    from_us: u64,
    #[serde(default)]
    shared: usize,
    end_us: u64,
    actions: Vec<ActionText>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ActionText {
    at_us: u64,
    #[serde(rename = "do")]
    action: Value,
    #[serde(default, skip_serializing_if = "is_false")]
    planned: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// Writes a run as JSON.
pub fn write<W: Portable>(history: &History<W>) -> String {
    let text = |id: BranchId, branch: &Branch<W::Action>, actions: &[Timed<W::Action>]| {
        let own = actions.iter().enumerate().skip(branch.shared);
        BranchText {
            id: id.0,
            parent: branch.parent.map(|parent| parent.0),
            from_us: branch.from.as_micros(),
            shared: branch.shared,
            end_us: branch.end.as_micros(),
            actions: own
                .map(|(place, timed)| ActionText {
                    at_us: timed.at.as_micros(),
                    action: W::write_action(&history.setup, &timed.action),
                    planned: branch.by_hand.binary_search(&place).is_err(),
                })
                .collect(),
        }
    };
    let others = history.others.iter();
    let others = others.map(|(id, branch)| text(*id, branch, &branch.actions));
    let here = text(history.current, &history.here, history.actions());
    let mut branches: Vec<BranchText> = others.chain([here]).collect();
    branches.sort_unstable_by_key(|branch| branch.id);
    let file = File {
        format: FORMAT.to_string(),
        version: VERSION,
        world: W::WORLD.to_string(),
        behaviour: BEHAVIOUR,
        seed: history.seed,
        setup: W::write_setup(&history.setup),
        branches,
        current: history.current.0,
        at_us: history.now().as_micros(),
    };
    serde_json::to_string_pretty(&file).unwrap_or_default()
}

/// Reads what [`write()`] wrote, and goes to the moment that was shown.
///
/// # Errors
/// [`Malformed`] says where and why.
pub fn read<W: Portable>(text: &str) -> Result<Imported<W>, Malformed> {
    if text.len() > MAX_EXPORT {
        return Err(Malformed::new("", &"an exported run has at most 16 MiB"));
    }
    let file: File = serde_json::from_str(text).map_err(|error| Malformed::new("", &error))?;
    file.check_head(W::WORLD)?;
    let mut setup = W::read_setup(file.setup)?;
    let mut branches: BTreeMap<BranchId, Branch<W::Action>> = BTreeMap::new();
    let mut last = None;
    for (place, text) in file.branches.into_iter().enumerate() {
        let place = format!("branches[{place}]");
        let id = BranchId(text.id);
        if id > MAX_ID {
            return Err(Malformed::new(&place, &"the id is too large"));
        }
        if last.is_some_and(|last| last >= id) {
            return Err(Malformed::new(&place, &"the ids must ascend"));
        }
        let parent = text.parent.map(BranchId);
        let known = parent.and_then(|parent| branches.get(&parent));
        if parent.is_some() != last.is_some() || known.is_none() != parent.is_none() {
            let reason = "all branches but the first one have an earlier one as parent";
            return Err(Malformed::new(&place, &reason));
        }
        last = Some(id);
        let branch = text.check::<W>(&setup, known, &place)?;
        branches.insert(id, branch);
    }
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
    let mut history = History::<W>::new(setup, file.seed)?;
    history.run.plan = plan;
    history.current = first;
    history.here = here;
    history.others = branches;
    history.next = last.map_or(1, |last| last.0.saturating_add(1));
    let current = BranchId(file.current);
    if current != first && !history.return_to(current) {
        return Err(Malformed::new("current", &"there is no such branch"));
    }
    let at = instant(file.at_us, "at_us")?;
    if at > history.end() {
        return Err(Malformed::new("at_us", &"is after the end of the branch"));
    }
    history.seek(at);
    Ok(Imported {
        history,
        behaviour: file.behaviour,
    })
}

impl File {
    fn check_head(&self, world: &str) -> Result<(), Malformed> {
        if self.format != FORMAT {
            let reason = format!("must be \"{FORMAT}\"");
            return Err(Malformed::new("format", &reason));
        }
        if self.version != VERSION {
            let reason = format!("is {}, and only {VERSION} is known", self.version);
            return Err(Malformed::new("version", &reason));
        }
        if self.world != world {
            let reason = format!("must be \"{world}\"");
            return Err(Malformed::new("world", &reason));
        }
        if self.branches.len() > MAX_BRANCHES {
            let reason = format!("at most {MAX_BRANCHES} branches");
            return Err(Malformed::new("branches", &reason));
        }
        Ok(())
    }
}

impl BranchText {
    fn check<W: Portable>(
        self,
        setup: &W::Setup,
        parent: Option<&Branch<W::Action>>,
        place: &str,
    ) -> Result<Branch<W::Action>, Malformed> {
        let wrong = |what: &str, reason: &str| Malformed::new(&format!("{place}.{what}"), &reason);
        let from = instant(self.from_us, &format!("{place}.from_us"))?;
        let end = instant(self.end_us, &format!("{place}.end_us"))?;
        if end < from {
            return Err(wrong("end_us", "is before the branch begins"));
        }
        let inherited = parent.map_or(&[][..], |parent| &parent.actions);
        let Some(inherited) = inherited.get(..self.shared) else {
            return Err(wrong("shared", "the parent has not so many actions"));
        };
        if self.shared + self.actions.len() > MAX_ACTIONS {
            let reason = format!("a branch has at most {MAX_ACTIONS}");
            return Err(wrong("actions", &reason));
        }
        let mut actions = inherited.to_vec();
        let mut by_hand = parent
            .map(|parent| parent.by_hand.clone())
            .unwrap_or_default();
        by_hand.retain(|place| *place < self.shared);
        for (number, text) in self.actions.into_iter().enumerate() {
            let place = format!("actions[{number}]");
            let at = Instant::from_micros(text.at_us);
            if actions.last().is_some_and(|last: &Timed<_>| last.at > at) {
                return Err(wrong(&place, "is before the action in front of it"));
            }
            if text.at_us > MAX_MILLIS * 1_000 || !text.planned && at > end {
                return Err(wrong(&place, "is after the end of the branch"));
            }
            if !text.planned {
                by_hand.push(actions.len());
            }
            let action = W::read_action(setup, text.action);
            let action = action.map_err(|reason| wrong(&place, &reason))?;
            actions.push(Timed { at, action });
        }
        let last = by_hand.last().and_then(|place| actions.get(*place));
        if last.is_some_and(|timed| timed.at > end) {
            return Err(wrong("end_us", "is before an action that was carried out"));
        }
        Ok(Branch {
            parent: self.parent.map(BranchId),
            from,
            shared: self.shared,
            end,
            actions,
            by_hand,
            visited: 0,
        })
    }
}

fn instant(micros: u64, place: &str) -> Result<Instant, Malformed> {
    if micros > MAX_MILLIS * 1_000 {
        return Err(Malformed::new(place, &"must be at most a day"));
    }
    Ok(Instant::from_micros(micros))
}
