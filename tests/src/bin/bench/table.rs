//! The table that is printed.

use std::fmt;

/// Rows of figures with their goals.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    what: String,
    figure: String,
    goal: String,
    met: Option<bool>,
}

impl Table {
    /// A figure without a goal.
    pub(crate) fn note(&mut self, what: &str, figure: impl Into<String>) {
        self.push(what, figure.into(), String::new(), None);
    }

    /// A figure that has to stay at or below a goal.
    pub(crate) fn at_most(&mut self, what: &str, value: f64, goal: f64, unit: &str) {
        let digits = if value < 10.0 { 2 } else { 1 };
        self.push(what, format!("{value:.digits$} {unit}"), format!("≤ {goal} {unit}"), Some(value <= goal));
    }

    /// A figure that has to reach a goal.
    pub(crate) fn at_least(&mut self, what: &str, value: f64, goal: f64, unit: &str) {
        self.push(what, format!("{value:.0} {unit}"), format!("≥ {goal} {unit}"), Some(value >= goal));
    }

    /// A score that has to reach a goal, two digits of it.
    pub(crate) fn score(&mut self, what: &str, value: f64, goal: f64) {
        self.push(what, format!("{value:.2}"), format!("≥ {goal}"), Some(value >= goal));
    }

    /// A count that has to be exactly that.
    pub(crate) fn exactly(&mut self, what: &str, figure: String, goal: &str, met: bool) {
        self.push(what, figure, goal.to_owned(), Some(met));
    }

    /// Whether every goal was met.
    pub(crate) fn all_met(&self) -> bool {
        self.rows.iter().all(|row| row.met != Some(false))
    }

    fn push(&mut self, what: &str, figure: String, goal: String, met: Option<bool>) {
        let row = Row { what: what.to_owned(), figure, goal, met };
        // A long run tells how far it is.
        let _ = std::io::Write::write_all(
            &mut std::io::stderr(),
            format!("{}: {}\n", row.what, row.figure).as_bytes(),
        );
        self.rows.push(row);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| what | measured | goal | met |\n|---|---|---|---|")?;
        for Row { what, figure, goal, met } in &self.rows {
            let met = met.map_or("", |met| if met { "yes" } else { "**no**" });
            writeln!(f, "| {what} | {figure} | {goal} | {met} |")?;
        }
        Ok(())
    }
}

/// The value below which that share (0 to 1) of the sorted values lies.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let index = ((sorted.len() as f64 * share).ceil() as usize).clamp(1, sorted.len().max(1)) - 1;
    sorted.get(index).copied().unwrap_or(f64::NAN)
}
