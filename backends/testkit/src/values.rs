use figment::value::{Dict, Num, Value};
use toml::de::{DeTable, DeValue};

/// The values of a section that is written as TOML, for a plug-in to parse.
///
/// # Panics
/// When it is no TOML, or holds what no key takes.
pub fn values(text: &str) -> Dict {
    let table = DeTable::parse(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    dict(table.into_inner())
}

fn dict(table: DeTable<'_>) -> Dict {
    let entries = table.into_iter();
    let entries = entries.map(|(key, own)| (key.into_inner().into(), value(own.into_inner())));
    entries.collect()
}

fn value(written: DeValue<'_>) -> Value {
    match written {
        DeValue::String(text) => Value::from(text.into_owned()),
        DeValue::Boolean(yes) => Value::from(yes),
        DeValue::Integer(number) => {
            let number = i128::from_str_radix(number.as_str(), number.radix());
            Value::from(Num::I128(number.unwrap()))
        }
        DeValue::Float(number) => Value::from(number.as_str().parse::<f64>().unwrap()),
        DeValue::Array(items) => {
            let items = items.into_iter().map(|item| value(item.into_inner()));
            Value::from(items.collect::<Vec<_>>())
        }
        DeValue::Table(inner) => Value::from(dict(inner)),
        DeValue::Datetime(time) => panic!("no key takes a time: {time}"),
    }
}
