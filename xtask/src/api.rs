//! `cargo xtask api`: the public items of the core, and how they differ from a release.
//!
//! The list is read from sources, as the compiler's own listing needs a nightly compiler. It has each item that another crate can name, by
//! the path under which it can: modules, functions, types with their public fields and variants, traits with their items, methods,
//! implementations and derives. It does not have what macros make, automatic traits (`Send`), the values of constants, the bodies of
//! functions, and items of other crates behind a re-export. A type is written as its source writes it: where only an import changes which
//! type a name stands for, the list stays the same.

mod items;
mod sources;
mod text;

use std::collections::BTreeSet;

use anyhow::Result;
use clap::Args;

use self::items::list;
use crate::workspace::Workspace;

/// The options of `api`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Compare with this revision [default: the last tag]
    #[arg(long, value_name = "REVISION")]
    since: Option<String>,
    /// Print only the differences
    #[arg(long)]
    changes: bool,
}

/// Prints the items and the differences.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let now = list(&sources::on_disk(workspace)?)?;
    if !options.changes {
        for item in &now {
            println!("{item}");
        }
        println!("\n{} public items", now.len());
    }
    let tag = || sources::last_tag(workspace);
    let Some(since) = options.since.clone().or_else(tag) else {
        println!("there is no tag to compare with: give a revision with --since");
        return Ok(());
    };
    let then = list(&sources::at(workspace, &since)?)?;
    print!("{}", differences(&since, &then, &now));
    Ok(())
}

/// The items that are gone and those that are new, a line each.
fn differences(since: &str, then: &BTreeSet<String>, now: &BTreeSet<String>) -> String {
    let mut lines: Vec<(&String, char)> = then.difference(now).map(|item| (item, '-')).collect();
    let gone = lines.len();
    lines.extend(now.difference(then).map(|item| (item, '+')));
    let new = lines.len() - gone;
    lines.sort_by_key(|(item, sign)| (item.split("  ").next(), *sign == '+'));
    let head = format!("since {since}: {gone} gone, {new} new\n");
    lines
        .iter()
        .fold(head, |all, (item, sign)| format!("{all}{sign} {item}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_that_changes_is_gone_and_new_side_by_side() {
        let set = |items: [&str; 2]| BTreeSet::from(items.map(str::to_owned));
        let then = set(["a::f  pub fn f()", "b::g  pub fn g()"]);
        let now = set(["a::f  pub fn f(x: u8)", "b::g  pub fn g()"]);
        assert_eq!(
            differences("v1", &then, &now),
            "since v1: 1 gone, 1 new\n- a::f  pub fn f()\n+ a::f  pub fn f(x: u8)\n"
        );
        assert_eq!(differences("v1", &now, &now), "since v1: 0 gone, 0 new\n");
    }
}
