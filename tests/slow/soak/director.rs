//! What happens, at random, from a seed: one thing after another.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fastrand::Rng;
use s3_exporter_testkit::Fault;

use crate::soak::ledger::Ledger;
use crate::soak::stage::{self, Change, Server};
use crate::soak::subject::Subject;

/// How much of each happened.
#[derive(Debug, Default)]
pub struct Counts {
    pub writes: u64,
    pub names: u64,
    pub faults: u64,
    pub reloads: u64,
    pub restarts: u64,
}

pub struct Director {
    pub servers: Vec<Server>,
    pub ledger: Arc<Mutex<Ledger>>,
    pub rng: Rng,
    pub counts: Counts,
    /// What is wrong with a server, and until when.
    wrong: Vec<(Instant, usize, Wrong)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wrong {
    Killed,
    Cut,
    Answers,
    Slow,
}

impl Director {
    pub fn new(servers: Vec<Server>, ledger: Arc<Mutex<Ledger>>, seed: u64) -> Self {
        Self {
            servers,
            ledger,
            rng: Rng::with_seed(seed),
            counts: Counts::default(),
            wrong: Vec::new(),
        }
    }

    /// One random thing.
    pub async fn step(&mut self, subject: &mut Subject) {
        self.heal(Instant::now()).await;
        match self.rng.u8(..100) {
            0..55 => self.write().await,
            55..65 => self.names(subject),
            65..69 => self.reload(subject),
            _ => self.break_something(),
        }
    }

    /// Some destinations go, and those that went come back; or the file is bad, which changes
    /// nothing.
    fn reload(&mut self, subject: &mut Subject) {
        let mut ledger = self.ledger.lock().unwrap();
        self.counts.reloads += 1;
        if self.rng.u8(..4) == 0 {
            return subject.reload("[scan\ninterval = \"5s\"\n");
        }
        let nth = |_| format!("bucket-{:03}", self.rng.usize(..stage::DESTINATIONS));
        let absent: BTreeSet<_> = (0..3).map(nth).collect();
        ledger.absent.replace(absent);
        subject.reload(&stage::config(&self.servers, &ledger));
    }

    /// With a bad file it would not start again.
    pub fn repair(&self, subject: &Subject) {
        let ledger = self.ledger.lock().unwrap();
        subject.write("config.toml", &stage::config(&self.servers, &ledger));
    }

    /// The whole configuration is read again.
    pub fn settle_configuration(&mut self, subject: &mut Subject) {
        let mut ledger = self.ledger.lock().unwrap();
        ledger.absent.replace(BTreeSet::new());
        subject.reload(&stage::config(&self.servers, &ledger));
    }

    /// All is well from now on.
    pub async fn heal_all(&mut self) {
        while let Some(last) = self.wrong.iter().map(|(until, ..)| *until).max() {
            self.heal(last).await;
        }
        for server in &self.servers {
            let faults = server.faults().unwrap();
            faults.always(None);
            faults.clear();
        }
    }

    async fn write(&mut self) {
        let (name, change) = {
            let ledger = self.ledger.lock().unwrap();
            let nth = self.rng.usize(..ledger.buckets.len());
            let bucket = ledger.buckets.values().nth(nth).unwrap();
            let server = &self.servers[bucket.server];
            if server.paged || !server.is_up() {
                return;
            }
            (bucket.name.clone(), Change::random(bucket, &mut self.rng))
        };
        let server = {
            let mut ledger = self.ledger.lock().unwrap();
            let bucket = ledger.buckets.get_mut(&name).unwrap();
            let after = change.apply(bucket.uploads());
            bucket.begin(after);
            &self.servers[bucket.server]
        };
        match &change {
            Change::Put(upload) => server.put(&name, upload).await,
            Change::Delete(key) => server.delete(&name, key).await,
        }
        let mut ledger = self.ledger.lock().unwrap();
        ledger.buckets.get_mut(&name).unwrap().end();
        self.counts.writes += 1;
    }

    /// Names come and go; sometimes the file is broken for a while, which changes nothing.
    fn names(&mut self, subject: &Subject) {
        let mut ledger = self.ledger.lock().unwrap();
        let nth = self.rng.usize(..ledger.names.len());
        let names = &mut ledger.names[nth];
        let file = format!("names-{nth}");
        if self.rng.u8(..5) == 0 {
            subject.write(&file, "");
            return;
        }
        let mut known = names.known();
        for _ in 0..self.rng.u8(1..4) {
            known ^= 1 << self.rng.usize(..names.fickle.len());
        }
        names.change(known);
        subject.write(&file, &names.file());
        self.counts.names += 1;
    }

    /// Files that were left broken are whole again.
    pub fn settle_names(&mut self, subject: &Subject) {
        let ledger = self.ledger.lock().unwrap();
        for (nth, names) in ledger.names.iter().enumerate() {
            subject.write(&format!("names-{nth}"), &names.file());
        }
    }

    fn break_something(&mut self) {
        let at = self.rng.usize(..self.servers.len());
        if self.wrong.iter().any(|(_, server, _)| *server == at) {
            return;
        }
        let seconds = 0.5 + 3.0 * self.rng.f64();
        let wrong = match self.rng.u8(..20) {
            0 => {
                self.servers[at].kill();
                Wrong::Killed
            }
            1..4 => {
                self.servers[at].cable.lead(None);
                Wrong::Cut
            }
            4..8 => {
                let always = fault(&mut self.rng);
                self.faults(at).always(Some(always));
                Wrong::Answers
            }
            8..10 => {
                let delay = Duration::from_millis(self.rng.u64(50..1500));
                self.faults(at).delay(delay);
                Wrong::Slow
            }
            _ => {
                // The next few requests, so that some scans fail in the middle.
                let mut next = Vec::new();
                for _ in 0..self.rng.u8(1..6) {
                    next.extend((0..self.rng.u8(..6)).map(|_| None));
                    next.push(Some(fault(&mut self.rng)));
                }
                self.faults(at).next(next);
                self.counts.faults += 1;
                return;
            }
        };
        self.counts.faults += 1;
        let until = Instant::now() + Duration::from_secs_f64(seconds);
        self.wrong.push((until, at, wrong));
    }

    fn faults(&self, at: usize) -> &s3_exporter_testkit::Faults {
        self.servers[at].faults().expect("it is not killed")
    }

    async fn heal(&mut self, now: Instant) {
        let (due, later): (Vec<_>, Vec<_>) =
            self.wrong.drain(..).partition(|(until, ..)| *until <= now);
        self.wrong = later;
        for (_, at, wrong) in due {
            let server = &mut self.servers[at];
            match wrong {
                Wrong::Killed => server.resume().await,
                Wrong::Cut => server.cable.lead(server.endpoint().as_deref()),
                Wrong::Answers => server.faults().unwrap().always(None),
                Wrong::Slow => server.faults().unwrap().delay(Duration::ZERO),
            }
        }
    }
}

/// What a store may answer on a bad day.
fn fault(rng: &mut Rng) -> Fault {
    let error = |status, code| Fault::error(status, code, "on purpose");
    let page = |status, kind: &str, body: &str| Fault::Answer {
        status,
        headers: vec![("content-type".to_owned(), kind.to_owned())],
        body: body.to_owned().into(),
    };
    match rng.u8(..13) {
        0 => Fault::Cut,
        1 => Fault::Truncate,
        2 => Fault::Stall,
        3 => Fault::Silence,
        4 => Fault::slow_down(),
        5 => error(429, "TooManyRequests"),
        6 => error(500, "InternalError"),
        7 => error(403, "AccessDenied"),
        8 => error(404, "NoSuchBucket"),
        9 => error(200, "InternalError"),
        10 => Fault::wrong_region("eu-central-1"),
        11 => page(
            200,
            "text/html",
            "<html><body>Sign in to the network</body></html>",
        ),
        _ => page(
            200,
            "application/xml",
            "<?xml version=\"1.0\"?><ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
        ),
    }
}
