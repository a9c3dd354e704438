//! The sizes of the latest backups as bars.

use s3_exporter_api::UnixTime;

use super::rows::date;
use super::write::ByteSize;

/// The bars.
#[derive(Debug)]
pub struct Plot {
    /// For who does not see it.
    pub label: String,
    /// How wide it is, in units.
    pub width: usize,
    /// Each backup, the oldest first.
    pub bars: Vec<Bar>,
    /// The least and the greatest of the sizes, in words.
    pub range: String,
}

/// A backup.
#[derive(Debug)]
pub struct Bar {
    /// Units from the left.
    pub x: usize,
    /// Units from above.
    pub y: usize,
    /// Units.
    pub height: usize,
    /// When, and its size.
    pub title: String,
}

impl Plot {
    /// How high it is, in units.
    pub const HEIGHT: usize = 60;
    /// From one bar to the next.
    const STEP: usize = 12;

    /// Of when each was made, and its size in bytes; `None` of less than two.
    pub fn new(sizes: &[(UnixTime, u64)]) -> Option<Self> {
        let all = || sizes.iter().map(|(_, size)| *size);
        let (least, most) = (all().min()?, all().max()?);
        if sizes.len() < 2 {
            return None;
        }
        let bars = sizes.iter().enumerate().map(|(at, (made, size))| {
            let share = *size as f64 / most.max(1) as f64;
            let height = ((share * Self::HEIGHT as f64) as usize).clamp(1, Self::HEIGHT);
            Bar {
                x: at * Self::STEP,
                y: Self::HEIGHT - height,
                height,
                title: format!("{}: {}", date(*made), ByteSize(*size)),
            }
        });
        let range = match least == most {
            true => format!("each {}", ByteSize(most)),
            false => format!("{} to {}", ByteSize(least), ByteSize(most)),
        };
        let newest = all().next_back().unwrap_or(0);
        Some(Self {
            label: format!(
                "Sizes of the latest {} full backups: {range}, the newest {}",
                sizes.len(),
                ByteSize(newest)
            ),
            width: sizes.len() * Self::STEP,
            bars: bars.collect(),
            range,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_high_as_they_are_large() {
        let at = |day: i64| UnixTime::from_millis(day * 86_400_000);
        assert!(Plot::new(&[]).is_none() && Plot::new(&[(at(0), 1)]).is_none());
        let plot = Plot::new(&[(at(0), 100), (at(1), 0), (at(2), 50)]).unwrap();
        let bars: Vec<_> = plot.bars.iter().map(|bar| (bar.y, bar.height)).collect();
        assert_eq!(bars, [(0, 60), (59, 1), (30, 30)]);
        assert_eq!(plot.bars[2].title, "1970-01-03: 50 B");
        assert!(plot.label.ends_with("0 B to 100 B, the newest 50 B"));
        assert!(
            Plot::new(&[(at(0), 0), (at(1), 0)])
                .unwrap()
                .label
                .contains("each 0 B")
        );
        assert_eq!(Plot::new(&[(at(0), u64::MAX); 2]).unwrap().bars[1].y, 0);
    }
}
