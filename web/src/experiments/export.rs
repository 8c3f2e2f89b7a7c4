//! Rows as files: CSV, and the JSON that `chordscope sim experiment --json` prints.

use chordscope_sim::experiment::plan::{Experiment, Plan};
use chordscope_sim::experiment::table::{Number, Row};
use chordscope_sim::experiment::{churn, kademlia, path_length};

/// The rows with their columns' names; each says whose it is.
pub fn csv(rows: &[Row], paper: &[Row]) -> String {
    let mut text = String::new();
    if let Some(first) = rows.first().or_else(|| paper.first()) {
        text.push_str("source");
        for (column, _) in first.cells() {
            text.push(',');
            text.push_str(column.name());
        }
        text.push_str("\r\n");
    }
    let ours = rows.iter().map(|row| ("chordscope", row));
    for (source, row) in ours.chain(paper.iter().map(|row| ("paper", row))) {
        text.push_str(source);
        for (_, number) in row.cells() {
            text.push(',');
            text.push_str(&plain(*number, ""));
        }
        text.push_str("\r\n");
    }
    text
}

/// The object that the command prints.
pub fn json(plan: &Plan, rows: &[Row], paper: &[Row]) -> String {
    format!(
        "{{\"experiment\":\"{}\",\"parameters\":{},\"rows\":{},\"paper\":{}}}\n",
        plan.experiment.name(),
        parameters(plan),
        array(rows),
        array(paper)
    )
}

/// The name of a file with the rows of a plan.
pub fn file_name(plan: &Plan, kind: &str) -> String {
    let nodes = plan.nodes.map(|nodes| format!("-{nodes}"));
    let crash = if plan.crash { "-crash" } else { "" };
    let name = plan.experiment.name();
    format!(
        "{name}{}{crash}-seed-{}.{kind}",
        nodes.unwrap_or_default(),
        plan.seed
    )
}

fn parameters(plan: &Plan) -> String {
    let nodes = plan.sizes().first().copied().unwrap_or_default();
    let seed = plan.seed;
    match plan.experiment {
        Experiment::PathLength => {
            let lookups = path_length::LOOKUPS;
            format!("{{\"seed\":{seed},\"lookups_per_node\":{lookups}}}")
        }
        Experiment::Swarm | Experiment::SwarmCompare => format!("{{\"seed\":{seed}}}"),
        Experiment::Kademlia => {
            let lookups = kademlia::LOOKUPS;
            format!("{{\"seed\":{seed},\"lookups\":{lookups}}}")
        }
        Experiment::Churn => format!(
            "{{\"seed\":{seed},\"nodes\":{nodes},\"seconds\":{},\"crash\":{}}}",
            churn::COUNTED.as_secs(),
            plan.crash
        ),
        _ => format!("{{\"seed\":{seed},\"nodes\":{nodes}}}"),
    }
}

fn array(rows: &[Row]) -> String {
    let object = |row: &Row| {
        let cells = row.cells().iter();
        let cells = cells
            .map(|(column, number)| format!("\"{}\":{}", column.name(), plain(*number, "null")));
        format!("{{{}}}", cells.collect::<Vec<_>>().join(","))
    };
    let rows: Vec<String> = rows.iter().map(object).collect();
    format!("[{}]", rows.join(","))
}

/// A number with all its digits: measures have a point, as in JSON of the command.
fn plain(number: Number, missing: &str) -> String {
    match number {
        Number::Whole(count) => count.to_string(),
        Number::Real(measure) => format!("{measure:?}"),
        Number::Missing => missing.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use chordscope_sim::experiment::load;

    use super::*;

    #[test]
    fn json_is_read_as_the_rows_that_were_written() {
        for experiment in Experiment::ALL {
            let plan = Plan {
                nodes: None,
                ..Plan::of(experiment)
            };
            let paper = plan.paper().unwrap_or_default();
            let text = json(&plan, &paper, &paper);
            let read: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(read["experiment"], experiment.name());
            assert_eq!(read["parameters"]["seed"], 1);
            assert_eq!(read["rows"].as_array().unwrap().len(), paper.len());
            for (row, cells) in read["rows"].as_array().unwrap().iter().zip(&paper) {
                for (column, number) in cells.cells() {
                    assert_eq!(row[column.name()].as_f64(), number.value(), "{text}");
                }
            }
        }
    }

    #[test]
    fn csv_says_whose_a_row_is() {
        let plan = Plan::of(Experiment::Load);
        let paper = plan.paper().unwrap();
        let ours = Row::from(load::LoadRow {
            keys: 5,
            mean: 0.1,
            p1: 0,
            p99: 2,
            max: 3,
        });
        let text = csv(&[ours], &paper[..1]);
        assert_eq!(
            text,
            "source,keys,mean,p1,p99,max\r\nchordscope,5,0.1,0,2,3\r\npaper,100000,10.0,0,48,\r\n"
        );
        assert_eq!(csv(&[], &[]), "");
        assert_eq!(file_name(&plan, "csv"), "load-seed-1.csv");
    }
}
