//! A bucket over time: what is written and deleted when, and what it holds at a moment.

use std::collections::BTreeMap;
use std::rc::Rc;

/// What happens in a bucket at a moment, in milliseconds since 1970.
#[derive(Clone, Debug)]
pub struct Op {
    pub at: i64,
    pub what: What,
}

#[derive(Clone, Debug)]
pub enum What {
    /// An object is there from now on, with this moment as its last-modified.
    Put {
        key: Rc<str>,
        size: u64,
        class: Rc<str>,
    },
    Delete {
        key: Rc<str>,
    },
    /// An upload is begun; a put of its key ends it.
    Begin {
        key: Rc<str>,
    },
    /// An object changes its class, and nothing else.
    Move {
        key: Rc<str>,
        class: Rc<str>,
    },
}

#[derive(Clone, Debug)]
pub struct Stored {
    pub size: u64,
    pub at: i64,
    pub class: Rc<str>,
}

#[derive(Clone, Debug, Default)]
pub struct Store {
    pub objects: BTreeMap<Rc<str>, Stored>,
    /// Unfinished multipart uploads: when each was begun.
    pub uploads: BTreeMap<Rc<str>, i64>,
}

impl Store {
    pub fn apply(&mut self, op: &Op) {
        match &op.what {
            What::Put { key, size, class } => {
                self.uploads.remove(key);
                let stored = Stored {
                    size: *size,
                    at: op.at,
                    class: class.clone(),
                };
                self.objects.insert(key.clone(), stored);
            }
            What::Delete { key } => {
                self.objects.remove(key);
            }
            What::Begin { key } => {
                self.uploads.insert(key.clone(), op.at);
            }
            What::Move { key, class } => {
                if let Some(object) = self.objects.get_mut(key) {
                    object.class = class.clone();
                }
            }
        }
    }
}

/// What happens, in the order in which it was said; brought into that of time at the end.
#[derive(Debug, Default)]
pub struct Script {
    pub ops: Vec<Op>,
}

impl Script {
    pub fn put(&mut self, at: i64, key: impl Into<Rc<str>>, size: u64) {
        self.put_as(at, key, size, "STANDARD");
    }

    pub fn put_as(&mut self, at: i64, key: impl Into<Rc<str>>, size: u64, class: &str) {
        let what = What::Put {
            key: key.into(),
            size,
            class: class.into(),
        };
        self.ops.push(Op { at, what });
    }

    pub fn delete(&mut self, at: i64, key: impl Into<Rc<str>>) {
        self.ops.push(Op {
            at,
            what: What::Delete { key: key.into() },
        });
    }

    pub fn begin(&mut self, at: i64, key: impl Into<Rc<str>>) {
        self.ops.push(Op {
            at,
            what: What::Begin { key: key.into() },
        });
    }

    pub fn sorted(mut self) -> Vec<Op> {
        self.ops.sort_by_key(|op| op.at);
        self.ops
    }
}
