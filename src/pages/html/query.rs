//! What a reader asks of a table: search, order, page. Without a script, too.

use std::fmt::Write;

use s3_exporter_judge::findings::FindingKind;
use serde::Deserialize;

use super::write::Segment;

/// What is asked, as it stands in the address. What makes no sense is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Query {
    /// Words that a name holds.
    pub q: String,
    /// By which column: see [`Order`].
    pub sort: String,
    /// Which page, the first being 1.
    pub page: String,
    /// Which page of the destinations, likewise.
    pub destinations: String,
    /// What is wrong: the name of a finding.
    pub finding: String,
    /// Of which job.
    pub job: Option<String>,
}

/// By what rows are in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The worst first.
    #[default]
    Worst,
    /// By name.
    Name,
    /// Those with the oldest newest backup first, before all those without.
    Oldest,
    /// The largest newest backup first.
    Largest,
}

impl Order {
    /// As it stands in the address.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Worst => "worst",
            Self::Name => "name",
            Self::Oldest => "oldest",
            Self::Largest => "largest",
        }
    }

    /// As `aria-sort` says it, of the column that it is by.
    pub const fn aria(self) -> &'static str {
        match self {
            Self::Worst | Self::Largest => "descending",
            Self::Name | Self::Oldest => "ascending",
        }
    }
}

impl Query {
    /// In which order.
    pub fn order(&self) -> Order {
        let all = [Order::Worst, Order::Name, Order::Oldest, Order::Largest];
        let asked = all.into_iter().find(|order| order.as_str() == self.sort);
        asked.unwrap_or_default()
    }

    /// Which page, the first being 0.
    pub fn page(&self) -> usize {
        number(&self.page)
    }

    /// Which page of the destinations, likewise.
    pub fn destinations(&self) -> usize {
        number(&self.destinations)
    }

    /// What must be wrong.
    pub fn finding(&self) -> Option<FindingKind> {
        let mut all = FindingKind::ALL.iter();
        all.find(|kind| kind.as_str() == self.finding).copied()
    }

    /// Whether a name holds what is searched for, whatever its case.
    pub fn matches<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> bool {
        let words = self.q.trim().to_lowercase();
        words.is_empty()
            || names
                .into_iter()
                .any(|name| name.to_lowercase().contains(&words))
    }

    /// The same rows in another order, from the first page on.
    pub fn sorted(&self, order: Order) -> String {
        self.address(order, 0, self.destinations())
    }

    /// Another page.
    pub fn paged(&self, page: usize) -> String {
        self.address(self.order(), page, self.destinations())
    }

    /// Another page of the destinations.
    pub fn turned(&self, destinations: usize) -> String {
        self.address(self.order(), self.page(), destinations)
    }

    fn address(&self, order: Order, page: usize, destinations: usize) -> String {
        let mut address = format!("?sort={}", order.as_str());
        let mut add = |key: &str, value: &str| {
            if !value.is_empty() {
                let _ = write!(address, "&{key}={}", Segment(value)); // into a String: cannot fail
            }
        };
        add("q", &self.q);
        add("finding", self.finding().map_or("", FindingKind::as_str));
        for (key, page) in [("page", page), ("destinations", destinations)] {
            if page > 0 {
                add(key, &(page.saturating_add(1)).to_string());
            }
        }
        address
    }
}

/// The first is written 1.
fn number(page: &str) -> usize {
    page.parse::<usize>()
        .map_or(0, |page| page.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_is_left_out() {
        let odd = Query {
            sort: "x".to_owned(),
            page: "-1".to_owned(),
            finding: "<b>".to_owned(),
            ..Query::default()
        };
        assert_eq!(odd.sorted(Order::Name), "?sort=name");
        assert_eq!((odd.page(), odd.finding()), (0, None));
        let asked = Query {
            q: " a&b ".to_owned(),
            page: "3".to_owned(),
            finding: "overdue".to_owned(),
            ..Query::default()
        };
        assert_eq!(
            asked.paged(1),
            "?sort=worst&q=%20a%26b%20&finding=overdue&page=2"
        );
        assert!(asked.matches(["x", "xA&Bx"]) && !asked.matches(["a b"]));
        assert!(Query::default().matches([]));
    }
}
