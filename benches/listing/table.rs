//! The table of ratios.

use std::fmt;

/// Rows that have been measured.
#[derive(Default)]
pub struct Table(Vec<Row>);

struct Row {
    measure: String,
    target: String,
    met: Option<bool>,
    baseline: Vec<f64>,
    ours: Vec<f64>,
    unit: &'static str,
}

impl Table {
    /// A row: ours divided by the baseline, round by round, is to be at most `target`, where
    /// there is one.
    pub fn ratio(
        &mut self,
        measure: &str,
        target: impl Into<Option<f64>>,
        unit: &'static str,
        rounds: &[(f64, f64)],
    ) {
        let target = target.into();
        let (baseline, ours): (Vec<_>, Vec<_>) = rounds.iter().copied().unzip();
        let median = sorted(ratios(&baseline, &ours))[rounds.len() / 2];
        let shown = match target {
            None => "-".to_owned(),
            Some(target) if target < 1.0 => format!("1/{:.0}", 1.0 / target),
            Some(target) => format!("{}", (target * 1e3).round() / 1e3),
        };
        self.0.push(Row {
            measure: measure.to_owned(),
            target: shown,
            met: target.map(|target| median <= target),
            baseline,
            ours,
            unit,
        });
    }

    /// A row of one figure alone, which is to be at most `target`.
    pub fn figure(&mut self, measure: &str, target: f64, unit: &'static str, rounds: &[f64]) {
        let median = sorted(rounds.to_vec())[rounds.len() / 2];
        self.0.push(Row {
            measure: measure.to_owned(),
            target: format!("{target} {unit}"),
            met: Some(median <= target),
            baseline: Vec::new(),
            ours: rounds.to_vec(),
            unit,
        });
    }
}

fn ratios(baseline: &[f64], ours: &[f64]) -> Vec<f64> {
    baseline
        .iter()
        .zip(ours)
        .map(|(baseline, ours)| ours / baseline)
        .collect()
}

fn sorted(mut figures: Vec<f64>) -> Vec<f64> {
    figures.sort_by(f64::total_cmp);
    figures
}

/// A ratio as people say it: 1/22 rather than 0.045.
fn say(ratio: f64) -> String {
    if ratio < 0.5 {
        format!("1/{:.1}", 1.0 / ratio)
    } else {
        format!("{ratio:.2}")
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| measure | baseline | ours | ratio: min | median | max | target | met |"
        )?;
        writeln!(f, "|---|---|---|---|---|---|---|---|")?;
        for row in &self.0 {
            let median = |figures: &[f64]| match figures {
                [] => "-".to_owned(),
                figures => format!(
                    "{:.3} {}",
                    sorted(figures.to_vec())[figures.len() / 2],
                    row.unit
                ),
            };
            let three = match row.baseline.is_empty() {
                true => {
                    let all = sorted(row.ours.clone());
                    [all[0], all[all.len() / 2], all[all.len() - 1]]
                        .map(|figure| format!("{figure:.3}"))
                }
                false => {
                    let all = sorted(ratios(&row.baseline, &row.ours));
                    [all[0], all[all.len() / 2], all[all.len() - 1]].map(say)
                }
            };
            writeln!(
                f,
                "| {} | {} | {} | {} | {} | {} | {} | {} |",
                row.measure,
                median(&row.baseline),
                median(&row.ours),
                three[0],
                three[1],
                three[2],
                row.target,
                match row.met {
                    None => "-",
                    Some(true) => "yes",
                    Some(false) => "NO",
                }
            )?;
        }
        Ok(())
    }
}
