//! The place of a field in an object.

use serde_json::Value;

/// Names from the outermost to the field's own, as `kubectl explain` writes them:
/// `spec.backup.schedule`. A `.` within a name is written `\.`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field(Vec<String>);

impl Field {
    /// Reads it; `None` where a name is empty.
    pub fn parse(text: &str) -> Option<Self> {
        let mut names = vec![String::new()];
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            match (character, names.last_mut()) {
                ('.', _) => names.push(String::new()),
                ('\\', Some(name)) => name.extend(characters.next()),
                (character, Some(name)) => name.push(character),
                (_, None) => {}
            }
        }
        let is_whole = names.iter().all(|name| !name.is_empty());
        is_whole.then_some(Self(names))
    }

    /// What is there; `None` where it is absent or null.
    pub fn of<'a>(&self, object: &'a Value) -> Option<&'a Value> {
        let mut place = object;
        for name in &self.0 {
            place = place.get(name)?;
        }
        (!place.is_null()).then_some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_field_is_found_by_its_names() {
        let object = json!({"spec": {"a": {"b": 1}, "none": null}, "x.y/z": {"w": true}});
        let at = |text: &str| Field::parse(text).unwrap().of(&object).cloned();
        assert_eq!(at("spec.a.b"), Some(json!(1)));
        assert_eq!(at(r"x\.y/z.w"), Some(json!(true)));
        assert_eq!(at("spec.a.b.c"), None);
        assert_eq!(at("spec.none"), None);
        for wrong in ["", ".", "a.", ".a", "a..b"] {
            assert_eq!(Field::parse(wrong), None, "{wrong}");
        }
    }
}
