//! What others do to a bucket: it depends on what is in it at that moment.

use std::rc::Rc;

use crate::case::Case;
use crate::store::{Op, Store, What};
use crate::text::{Fields, HOUR, Read, duration, is_like, moment, number, share, size, word};

const KINDS: [&str; 6] = ["delete", "rewrite", "move", "lock", "uploads", "object"];

/// The script, with what happens to what it leaves: `fail: - delete at=d40 keys=*base* newest=3`.
pub fn with(case: &Case, mut ops: Vec<Op>) -> Read<Vec<Op>> {
    for fail in &case.fails {
        let kind = fail.words.get(1).map_or("", String::as_str);
        if !KINDS.contains(&kind) {
            continue;
        }
        let at = case.start + fail.need("at", moment)?;
        let mut store = Store::default();
        ops.iter()
            .filter(|op| op.at <= at)
            .for_each(|op| store.apply(op));
        let new = event(kind, fail, at, &store)
            .map_err(|error| format!("{}: {fail:?}: {error}", case.name))?;
        ops.extend(new);
        ops.sort_by_key(|op| op.at);
    }
    Ok(ops)
}

fn event(kind: &str, fail: &Fields, at: i64, store: &Store) -> Read<Vec<Op>> {
    let op = |what| vec![Op { at, what }];
    let class: Rc<str> = fail.or("class", word, "STANDARD".to_owned())?.into();
    let key = || -> Read<Rc<str>> { Ok(fail.need("key", word)?.into()) };
    Ok(match kind {
        "lock" => op(What::Put {
            key: key()?,
            size: 147,
            class,
        }),
        "object" => op(What::Put {
            key: key()?,
            size: fail.need("size", size)?,
            class,
        }),
        "uploads" => {
            let key = key()?;
            let (count, each) = (fail.or("count", number, 1)?, fail.or("each", duration, 0)?);
            (0..count)
                .map(|n: i64| {
                    let key = key.replace("{n}", &n.to_string()).into();
                    Op {
                        at: at + n * each,
                        what: What::Begin { key },
                    }
                })
                .collect()
        }
        _ => {
            let keys = chosen(fail, store)?;
            if keys.is_empty() {
                return Err("it meets no object".into());
            }
            // A copy takes its time.
            let takes = fail.or("takes", duration, HOUR / 4)? / keys.len() as i64;
            let factor = fail.or("x", number::<f64>, 1.0)?;
            let each = keys.into_iter().enumerate();
            each.map(|(n, key)| {
                let stored = &store.objects[&key];
                let what = match kind {
                    "delete" => What::Delete { key },
                    "move" => What::Move {
                        key,
                        class: class.clone(),
                    },
                    _ => What::Put {
                        size: (stored.size as f64 * factor) as u64,
                        class: stored.class.clone(),
                        key,
                    },
                };
                Op {
                    at: at
                        + if kind == "rewrite" {
                            takes * n as i64
                        } else {
                            0
                        },
                    what,
                }
            })
            .collect()
        }
    })
}

/// Keys like a pattern; the newest or oldest so many, or each so many-th of them.
fn chosen(fail: &Fields, store: &Store) -> Read<Vec<Rc<str>>> {
    let pattern = fail.or("keys", word, "*".to_owned())?;
    let not = fail.or("but", word, "-".to_owned())?;
    let mut found: Vec<(i64, Rc<str>)> = (store.objects.iter())
        .filter(|(key, _)| is_like(key, &pattern) && !is_like(key, &not))
        .map(|(key, object)| (object.at, key.clone()))
        .collect();
    found.sort();
    if let Some(skip) = fail.maybe("but-newest", number::<usize>)? {
        found.truncate(found.len().saturating_sub(skip));
    }
    if let Some(skip) = fail.maybe("but-oldest", number::<usize>)? {
        found.drain(..skip.min(found.len()));
    }
    if let Some(count) = fail.maybe("newest", number::<usize>)? {
        found.drain(..found.len().saturating_sub(count));
    }
    if let Some(count) = fail.maybe("oldest", number::<usize>)? {
        found.truncate(count);
    }
    if let Some(part) = fail.maybe("share", share)? {
        found.truncate((found.len() as f64 * part) as usize);
    }
    Ok(found.into_iter().map(|(_, key)| key).collect())
}
