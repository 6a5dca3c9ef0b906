//! Tables of text.

use std::fmt;

/// A table with a title; columns are as wide as they must be.
#[derive(Debug)]
pub struct Table {
    title: String,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with its head.
    pub fn new(title: impl Into<String>, head: &[&str]) -> Table {
        Table { title: title.into(), rows: vec![head.iter().map(|&word| word.to_owned()).collect()] }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                self.rows
                    .iter()
                    .filter_map(|row| row.get(column))
                    .map(|cell| cell.chars().count())
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        writeln!(f, "{}", self.title)?;
        for (number, row) in self.rows.iter().enumerate() {
            let mut line = String::from(" ");
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                // The first column is words, the others are mostly numbers.
                let padded =
                    if column == 0 { format!(" {cell:<width$}") } else { format!("  {cell:>width$}") };
                line.push_str(&padded);
            }
            writeln!(f, "{}", line.trim_end())?;
            if number == 0 {
                writeln!(
                    f,
                    "  {}",
                    "-".repeat(widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1))
                )?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new("Cost", &["way", "ns"]);
        table.row(vec!["native".into(), "1".into()]);
        table.row(vec!["ü".into(), "1000".into()]);
        assert_eq!(
            table.to_string(),
            "Cost\n  way       ns\n  ------------\n  native     1\n  ü       1000\n"
        );
    }
}
