//! Which of the destinations `/api/v1/status` lists: all, or a page of them.

use serde::Deserialize;

/// Destinations of a page where nobody says how many, as on the pages for people.
const LIMIT: usize = 100;

/// What may stand behind the `?`. What is empty is not said.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct PageParameters {
    /// Destinations at most.
    limit: String,
    /// Those that come after this one.
    after: String,
}

impl PageParameters {
    /// How many, and after which one; `None` where all are asked for.
    ///
    /// # Errors
    /// Why there is no such page.
    pub fn page(self) -> Result<Option<(usize, Option<String>)>, String> {
        let Self { limit, after } = self;
        if limit.is_empty() && after.is_empty() {
            return Ok(None);
        }
        let limit = match limit.as_str() {
            "" => LIMIT,
            text => match text.parse() {
                Ok(limit @ 1..) => limit,
                _ => return Err(format!("limit is {text:?}: expected a number above zero")),
            },
        };
        Ok(Some((limit, Some(after).filter(|name| !name.is_empty()))))
    }
}
