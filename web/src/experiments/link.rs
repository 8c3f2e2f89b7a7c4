//! A plan as text: in the address, for the worker, and as the command that comes to the same rows.

use chordscope_sim::experiment::plan::{Experiment, Plan};

/// The parameters of an address, as they are written there: the user sees what is no number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The experiment's name.
    pub experiment: Option<String>,
    /// The seed.
    pub seed: Option<String>,
    /// The number of nodes.
    pub nodes: Option<String>,
    /// Whether nodes go without a word.
    pub crash: bool,
    /// Whether the figures were measured when the address was copied: then they are again.
    pub run: bool,
}

/// Reads what stands after `#/experiments?`.
pub fn read(query: &str) -> Asked {
    let mut asked = Asked::default();
    for word in query.split('&') {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        match name {
            "e" => asked.experiment = Some(value.to_owned()),
            "seed" => asked.seed = Some(value.to_owned()),
            "nodes" => asked.nodes = Some(value.to_owned()),
            "crash" => asked.crash = true,
            "run" => asked.run = true,
            _ => {}
        }
    }
    asked
}

/// The query of a plan's address.
pub fn write(plan: &Plan, run: bool) -> String {
    let mut query = format!("e={}&seed={}", plan.experiment.name(), plan.seed);
    if let Some(nodes) = plan.nodes {
        query.push_str(&format!("&nodes={nodes}"));
    }
    for (word, is_so) in [("&crash", plan.crash), ("&run", run)] {
        if is_so {
            query.push_str(word);
        }
    }
    query
}

/// The plan that a text stands for; `None` where it is no plan.
pub fn plan(query: &str) -> Option<Plan> {
    let asked = read(query);
    let experiment = Experiment::named(&asked.experiment?)?;
    let nodes = match asked.nodes {
        Some(text) => Some(text.parse().ok()?),
        None => None,
    };
    if nodes.is_some_and(|nodes| !experiment.nodes().contains(&nodes)) {
        return None;
    }
    Some(Plan {
        experiment,
        seed: asked.seed?.parse().ok()?,
        nodes,
        crash: asked.crash && experiment == Experiment::Churn,
    })
}

/// The command that measures the same.
pub fn command(plan: &Plan) -> String {
    let mut command = format!("chordscope sim experiment {}", plan.experiment.name());
    if let Some(nodes) = plan.nodes {
        command.push_str(&format!(" --nodes {nodes}"));
    }
    if plan.crash {
        command.push_str(" --crash");
    }
    command.push_str(&format!(" --seed {}", plan.seed));
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_plan_survives_its_link() {
        for experiment in Experiment::ALL {
            for nodes in [None, Some(*experiment.nodes().start())] {
                for crash in [false, experiment == Experiment::Churn] {
                    for run in [false, true] {
                        let seed = u64::MAX;
                        let written = Plan {
                            experiment,
                            seed,
                            nodes,
                            crash,
                        };
                        let query = write(&written, run);
                        assert_eq!(plan(&query), Some(written), "{query}");
                        assert_eq!(read(&query).run, run, "{query}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_no_plan_is_none() {
        for query in [
            "",
            "e=load",
            "seed=1",
            "e=lord&seed=1",
            "e=load&seed=-1",
            "e=load&seed=1&nodes=",
            "e=load&seed=1&nodes=0",
            "e=swarm&seed=1&nodes=257",
        ] {
            assert_eq!(plan(query), None, "{query}");
        }
    }

    #[test]
    fn the_command_names_what_is_not_the_papers() {
        let usual = Plan::of(Experiment::PathLength);
        assert_eq!(
            command(&usual),
            "chordscope sim experiment path-length --seed 1"
        );
        let other = Plan {
            seed: 7,
            nodes: Some(50),
            crash: true,
            ..Plan::of(Experiment::Churn)
        };
        assert_eq!(
            command(&other),
            "chordscope sim experiment churn --nodes 50 --crash --seed 7"
        );
    }
}
