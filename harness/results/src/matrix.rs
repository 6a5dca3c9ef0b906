//! The newest verdict of each cell, in rows and columns.

use crate::{Filter, Record, VERDICTS, version};
use std::collections::{BTreeMap, BTreeSet};

/// What the columns are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axis {
    /// Toolchains. Verdicts on switches are left out, unless a switch is asked for.
    Toolchain,
    /// Switches; rows are told apart by toolchain.
    Switch,
}

/// The newest verdict of each cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix<'a> {
    /// What the columns are.
    pub axis: Axis,
    /// Their names, in order.
    pub columns: Vec<String>,
    /// In order.
    pub rows: Vec<Row<'a>>,
    /// How many records on switches are not shown.
    pub left_out: usize,
}

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row<'a> {
    /// The scenario's id or command line.
    pub scenario: &'a str,
    /// What else tells it apart: personas, switch or toolchain.
    pub detail: Option<String>,
    /// One for each column; none where nothing was tried.
    pub cells: Vec<Option<&'a Record>>,
}

/// A matrix as it is drawn: the longer side goes down, for pages scroll down and terminals are narrow.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Grid<'a> {
    /// What the rows are.
    pub(crate) corner: &'static str,
    /// The columns' names, foreign text.
    pub(crate) columns: Vec<String>,
    /// The rows, in order.
    pub(crate) lines: Vec<Line<'a>>,
}

/// A row as it is drawn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Line<'a> {
    /// Its name, foreign text.
    pub(crate) name: String,
    /// What else tells it apart.
    pub(crate) detail: Option<String>,
    /// One for each column.
    pub(crate) cells: Vec<Option<&'a Record>>,
}

/// What a column is called where the records have no toolchain or no switch.
const NO_GO: &str = "no Go";
const NO_SWITCH: &str = "none";

impl<'a> Matrix<'a> {
    /// Takes the newest record of each cell; of the filter, what it asks of verdicts and switches.
    ///
    /// A verdict is asked of the newest: that something *was* reproduced does not matter where it no longer is.
    pub fn of(records: &'a [Record], axis: Axis, filter: &Filter) -> Matrix<'a> {
        let is_shown =
            |record: &&Record| axis == Axis::Switch || filter.switch.is_some() || record.switch.is_none();
        let is_asked = |record: &Record| filter.verdict.as_ref().is_none_or(|asked| record.verdict == *asked);
        let (shown, hidden): (Vec<&Record>, Vec<&Record>) = records.iter().partition(is_shown);
        let mut newest: BTreeMap<_, &Record> = BTreeMap::new();
        for &record in &shown {
            let cell = (
                record.scenario.as_str(),
                record.persona.as_deref(),
                record.switch.as_deref(),
                record.go.as_deref(),
            );
            let kept = newest.entry(cell).or_insert(record);
            if record.at_unix_ms >= kept.at_unix_ms {
                *kept = record;
            }
        }
        let mut cells: Vec<&Record> = newest.into_values().collect();
        cells.retain(|record| is_asked(record));
        let columns = columns(&cells, axis);
        let mut matrix = Matrix {
            axis,
            columns: columns.iter().map(|name| (*name).to_owned()).collect(),
            rows: Vec::new(),
            left_out: hidden.into_iter().filter(|record| is_asked(record)).count(),
        };
        let toolchains: BTreeSet<Option<&str>> = cells.iter().map(|record| record.go.as_deref()).collect();
        let mut rows: BTreeMap<_, Vec<Option<&Record>>> = BTreeMap::new();
        for record in cells {
            let other = match axis {
                Axis::Toolchain => record.switch.clone(),
                Axis::Switch if toolchains.len() > 1 => record.go.clone(),
                Axis::Switch => None,
            };
            let order = match axis {
                Axis::Toolchain => None,
                Axis::Switch => other.as_deref().map(version::order),
            };
            let row = rows
                .entry((record.scenario.as_str(), record.persona.as_deref(), order, other))
                .or_insert_with(|| vec![None; columns.len()]);
            let column = columns.iter().position(|name| *name == column(record, axis));
            if let Some(cell) = column.and_then(|column| row.get_mut(column)) {
                *cell = Some(record);
            }
        }
        for ((scenario, persona, _, other), cells) in rows {
            let details: Vec<String> = persona.map(str::to_owned).into_iter().chain(other).collect();
            let detail = (!details.is_empty()).then(|| details.join(", "));
            matrix.rows.push(Row { scenario, detail, cells });
        }
        matrix
    }

    /// All records that are shown.
    pub fn records(&self) -> impl Iterator<Item = &'a Record> {
        self.rows.iter().flat_map(|row| row.cells.iter().copied().flatten())
    }

    /// How many of each verdict there are; those that we know come first, in their order.
    pub fn counts(&self) -> Vec<(&'a str, usize)> {
        let mut counts: BTreeMap<(usize, &str), usize> = BTreeMap::new();
        for record in self.records() {
            let place = VERDICTS.iter().position(|word| *word == record.verdict).unwrap_or(VERDICTS.len());
            *counts.entry((place, &record.verdict)).or_default() += 1;
        }
        counts.into_iter().map(|((_, word), count)| (word, count)).collect()
    }

    /// The hosts whose verdicts are shown.
    pub fn hosts(&self) -> BTreeSet<&'a str> {
        self.records().map(|record| record.host.as_str()).collect()
    }

    /// How large it is: `140 scenarios, 5 toolchains`.
    pub(crate) fn size(&self) -> String {
        let counted =
            |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
        let scenarios: BTreeSet<&str> = self.rows.iter().map(|row| row.scenario).collect();
        let columns = match self.axis {
            Axis::Toolchain => counted(self.columns.len(), "toolchain", "toolchains"),
            // What nothing was switched on for is a column, and no switch.
            Axis::Switch => {
                let switches = self.columns.iter().filter(|name| *name != NO_SWITCH).count();
                counted(switches, "switch", "switches")
            }
        };
        format!("{}, {columns}", counted(scenarios.len(), "scenario", "scenarios"))
    }

    /// It as it is drawn. Toolchains are always columns; switches are rows if there are more of them.
    pub(crate) fn grid(&self) -> Grid<'a> {
        if self.axis == Axis::Switch && self.columns.len() > self.rows.len() {
            let lines = self.columns.iter().enumerate().map(|(place, name)| Line {
                name: name.clone(),
                detail: None,
                cells: self.rows.iter().map(|row| row.cells[place]).collect(),
            });
            let name = |row: &Row<'_>| {
                let detail = row.detail.iter().map(|detail| format!("  {detail}"));
                std::iter::once(row.scenario.to_owned()).chain(detail).collect()
            };
            return Grid {
                corner: "switch",
                columns: self.rows.iter().map(name).collect(),
                lines: lines.collect(),
            };
        }
        let lines = self.rows.iter().map(|row| Line {
            name: row.scenario.to_owned(),
            detail: row.detail.clone(),
            cells: row.cells.clone(),
        });
        Grid { corner: "scenario", columns: self.columns.clone(), lines: lines.collect() }
    }
}

fn column(record: &Record, axis: Axis) -> &str {
    match axis {
        Axis::Toolchain => record.go.as_deref().unwrap_or(NO_GO),
        Axis::Switch => record.switch.as_deref().unwrap_or(NO_SWITCH),
    }
}

/// The columns: toolchains by version and none last; no switch first and switches by name.
fn columns<'a>(cells: &[&'a Record], axis: Axis) -> Vec<&'a str> {
    let is_behind = |record: &Record| match axis {
        Axis::Toolchain => record.go.is_none(),
        Axis::Switch => record.switch.is_some(),
    };
    let mut columns: Vec<(bool, &str)> =
        cells.iter().map(|record| (is_behind(record), column(record, axis))).collect();
    match axis {
        Axis::Toolchain => columns.sort_by_key(|(is_behind, name)| (*is_behind, version::order(name))),
        Axis::Switch => columns.sort_unstable(),
    }
    columns.dedup();
    columns.into_iter().map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::sample;

    /// The matrix as lines: the row, then its verdicts.
    fn lines(matrix: &Matrix<'_>) -> Vec<String> {
        let verdict = |cell: &Option<&Record>| cell.map_or("-".to_owned(), |record| record.verdict.clone());
        let line = |row: &Row<'_>| {
            let name = [row.scenario].into_iter().chain(row.detail.as_deref()).collect::<Vec<_>>().join("+");
            format!("{name}: {}", row.cells.iter().map(verdict).collect::<Vec<_>>().join(" "))
        };
        std::iter::once(matrix.columns.join(" ")).chain(matrix.rows.iter().map(line)).collect()
    }

    fn switched(scenario: &str, go: &str, switch: &str, verdict: &str) -> Record {
        Record { switch: Some(switch.to_owned()), ..sample("x", scenario, go, verdict) }
    }

    #[test]
    fn rows_are_scenarios_and_columns_toolchains_by_version() {
        let records = [
            sample("a", "two", "go1.26.8", "refuted"),
            sample("a", "two", "go1.9", "partly"),
            Record { go: None, ..sample("a", "one", "", "skipped") },
            Record { persona: Some("nofile=64".to_owned()), ..sample("a", "two", "go1.26.8", "reproduced") },
            switched("two", "go1.26.8", "x=1", "exposes"),
        ];
        let matrix = Matrix::of(&records, Axis::Toolchain, &Filter::default());
        assert_eq!(
            lines(&matrix),
            [
                "go1.9 go1.26.8 no Go",
                "one: - - skipped",
                "two: partly refuted -",
                "two+nofile=64: - reproduced -"
            ]
        );
        assert_eq!(matrix.left_out, 1);
        assert_eq!(matrix.counts(), [("reproduced", 1), ("refuted", 1), ("partly", 1), ("skipped", 1)]);
    }

    #[test]
    fn the_newest_record_of_a_cell_is_shown_wherever_it_stands() {
        let old = sample("a", "s", "go1", "reproduced");
        let new = Record { at_unix_ms: old.at_unix_ms + 1, ..sample("b", "s", "go1", "refuted") };
        for records in [[old.clone(), new.clone()], [new.clone(), old.clone()]] {
            assert_eq!(lines(&Matrix::of(&records, Axis::Toolchain, &Filter::default()))[1], "s: refuted");
            // What it was before does not count.
            let asked = Filter { verdict: Some("reproduced".to_owned()), ..Filter::default() };
            assert!(Matrix::of(&records, Axis::Toolchain, &asked).rows.is_empty());
        }
        // Nor are verdicts on switches counted that are not asked for.
        let switched = [switched("s", "go1", "x=1", "exposes")];
        for (verdict, left_out) in [("exposes", 1), ("inert", 0)] {
            let asked = Filter { verdict: Some(verdict.to_owned()), ..Filter::default() };
            assert_eq!(Matrix::of(&switched, Axis::Toolchain, &asked).left_out, left_out);
        }
    }

    #[test]
    fn switches_are_columns_and_none_is_first() {
        let records = [
            switched("s", "go1.26.8", "b=1", "exposes"),
            switched("s", "go1.26.8", "a=1", "inert"),
            sample("a", "s", "go1.26.8", "refuted"),
        ];
        let matrix = |records| lines(&Matrix::of(records, Axis::Switch, &Filter::default()));
        assert_eq!(matrix(&records), ["none a=1 b=1", "s: refuted inert exposes"]);
        // With several toolchains each has a row of its own, by version.
        let mut more = records.to_vec();
        more.push(switched("s", "go1.9", "b=1", "fatal"));
        assert_eq!(
            matrix(&more),
            ["none a=1 b=1", "s+go1.9: - - fatal", "s+go1.26.8: refuted inert exposes"]
        );
    }

    #[test]
    fn more_switches_than_scenarios_go_down_and_toolchains_never() {
        let records = [switched("s", "go1.9", "a=1", "inert"), switched("s", "go1.9", "b=1", "exposes")];
        let matrix = Matrix::of(&records, Axis::Switch, &Filter::default());
        assert_eq!(matrix.size(), "1 scenario, 2 switches");
        let grid = matrix.grid();
        assert_eq!((grid.corner, &grid.columns[..]), ("switch", &["s".to_owned()][..]));
        assert_eq!(
            (grid.lines[1].name.as_str(), &grid.lines[1].cells[..]),
            ("b=1", &[Some(&records[1])][..])
        );
        let records = [sample("a", "s", "go1.9", "partly"), sample("a", "s", "go1.26", "partly")];
        let matrix = Matrix::of(&records, Axis::Toolchain, &Filter::default());
        assert_eq!(matrix.size(), "1 scenario, 2 toolchains");
        assert_eq!((matrix.grid().corner, matrix.grid().lines.len()), ("scenario", 1));
    }

    #[test]
    fn a_switch_that_is_asked_for_has_rows_among_toolchains() {
        let records = [switched("s", "go1.26.8", "b=1", "exposes")];
        let filter = Filter { switch: Some("b".to_owned()), ..Filter::default() };
        assert_eq!(lines(&Matrix::of(&records, Axis::Toolchain, &filter))[1], "s+b=1: exposes");
    }
}
