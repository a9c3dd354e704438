//! How much of a range is left, and keys to split it at, made up from those seen: pure.
//!
//! Nothing is assumed of how keys look. A point that is badly chosen costs one request and
//! never an object: ranges stay next to one another wherever they are cut.

use std::collections::BTreeSet;

use s3_exporter_api::Page;

use super::alphabet::{Alphabet, MAX_KEY, shared, valid};

/// Keys of a page that are looked at, and its last one.
const SAMPLE: usize = 32;
/// How many ways on that were seen count as much as what was learned of others.
const OTHERS: f64 = 3.0;
/// Where nothing was learned of the ways on at a place, so many of them are taken to be there: of
/// digits, and of letters.
const UNKNOWN_DIGITS: f64 = 0.7;
const UNKNOWN_LETTERS: f64 = 0.4;
/// Keys lie evenly where the later ones are at most so many times as dense as those before, and no less.
const EVEN: f64 = 2.0;
/// So many times what was seen is taken to follow evenly at most.
const FAR: f64 = 16.0;
/// What is so many times as large as others of its kind is not like them.
const UNUSUAL: f64 = 8.0;

/// The part of a range that was listed.
#[derive(Debug)]
pub struct Listed {
    start: Box<str>,
    last: Vec<u8>,
    objects: u64,
    /// A key of the latest page near its middle, and the objects up to it.
    middle: (Box<str>, u64),
    branches: Vec<Branch>,
}

/// The keys, up to the last one, that went the same way as it does at one place.
#[derive(Debug)]
struct Branch {
    at: usize,
    /// Objects of the range that came before.
    before: u64,
    /// Other ways that keys went there before, after the same beginning, and the lowest of them.
    siblings: u32,
    lowest: Option<char>,
}

/// What surrounds the part of a range that is left.
#[derive(Clone, Copy, Debug)]
pub struct Rest<'a> {
    /// The destination's prefix: every key begins with it.
    pub prefix: &'a str,
    /// The last key that belongs to the range (`None`: it ends with the bucket).
    pub end: Option<&'a str>,
    /// What keys are made of.
    pub alphabet: &'a Alphabet,
    /// Objects of a page.
    pub page: u64,
    /// What is known of what follows the end.
    pub behind: &'a Behind,
}

/// What follows the end of a range.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Behind {
    #[default]
    Unknown,
    /// Nothing up to this key.
    Key(Box<str>),
    /// Nothing.
    Nothing,
}

/// What is taken to be left of a range.
#[derive(Clone, Debug, Default)]
pub struct Outlook {
    /// Pages.
    pub pages: f64,
    /// In the order of the keys.
    stretches: Vec<Stretch>,
    /// Places of the last key at which no other way was seen, and might be; the outermost first.
    pub open: Vec<usize>,
}

/// What is left of the keys that have their first bytes in common with the last key, and no more.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    /// So many bytes.
    at: usize,
    pages: f64,
    /// Where it begins and ends: fractions of all that may follow these bytes.
    from: f64,
    to: f64,
    /// Whether others were seen there.
    is_sure: bool,
}

impl Listed {
    /// Nothing yet, after this key.
    pub fn new(start: &[u8]) -> Self {
        Self {
            start: valid(start).into(),
            last: start.to_vec(),
            objects: 0,
            middle: ("".into(), 0),
            branches: Vec::new(),
        }
    }

    /// The last key; the one that the range starts after where none has come.
    pub fn last(&self) -> &[u8] {
        &self.last
    }

    /// What lies up to this key is listed, whether or not it is there.
    pub fn pass(&mut self, key: &str) {
        self.last = key.into();
    }

    /// Adds the first `taken` objects of a page, and learns how their keys look.
    pub fn add(&mut self, page: &Page, taken: usize, alphabet: &mut Alphabet) {
        let last = taken.checked_sub(1);
        let sample = (0..last.unwrap_or(0)).step_by(taken.div_ceil(SAMPLE).max(1));
        for index in sample.chain(last) {
            alphabet.learn(page.key(index));
            self.see(page.key(index), self.objects + index as u64, alphabet);
        }
        if let Some(middle) = taken.checked_sub(1).map(|last| last / 2) {
            let key = valid(page.key(middle)).into();
            self.middle = (key, self.objects + middle as u64 + 1);
        }
        self.objects += taken as u64;
    }

    fn see(&mut self, key: &[u8], before: u64, alphabet: &mut Alphabet) {
        let text = valid(key);
        let at = shared(valid(&self.last), text);
        if before > 0 && at < text.len() {
            self.close(at, before, alphabet);
            self.branches.retain(|branch| branch.at <= at);
            let twin = self.branches.pop_if(|branch| branch.at == at);
            let (siblings, lowest) = match twin {
                Some(twin) => (twin.siblings + 1, twin.lowest),
                None => (1, valid(&self.last)[at..].chars().next()),
            };
            self.branches.push(Branch {
                at,
                before,
                siblings,
                lowest,
            });
        }
        self.last.clear();
        self.last.extend_from_slice(key);
    }

    /// What begins as the last key does, with more than the first `at` bytes, has been seen whole.
    fn close(&self, at: usize, objects: u64, alphabet: &mut Alphabet) {
        let last = valid(&self.last);
        let in_start = shared(&self.start, last);
        alphabet.close(last, at, |at| {
            let ways = self.branches.iter().find(|branch| branch.at == at);
            let before = match self.before(at) {
                Some(before) => before,
                None if in_start < at => 0,
                None => return None, // the range began within
            };
            let ways = 1 + ways.map_or(0, |branch| branch.siblings);
            Some((ways, objects - before))
        });
    }

    /// Objects that came before those with the first `at` bytes of the last key, where some did.
    fn before(&self, at: usize) -> Option<u64> {
        let mut outer = self.branches.iter().rev();
        let outer = outer.find(|branch| branch.at < at)?;
        Some(outer.before)
    }

    /// What is left, as far as one can tell.
    ///
    /// After the last key come those that have most of its beginning, and differ where it last went
    /// on: later dates of the same cluster. Then come those with less of it, so other clusters. At
    /// each place the ways on are as many as others had there, and as large as those that
    /// were seen beside.
    pub fn outlook(&self, rest: &Rest<'_>) -> Outlook {
        let mut outlook = Outlook::default();
        if self.objects == 0 {
            return outlook; // the page that is asked for will tell
        }
        let last = valid(&self.last);
        let outer = rest
            .end
            .map_or(rest.prefix.len(), |end| shared(last, end))
            .min(last.len());
        let walk = rest.alphabet.walk(last);
        let places: Vec<_> = walk.skip_while(|(at, ..)| *at < outer).collect();
        let mut inner = 0.0; // objects that are left of what begins as the last key does
        for (at, c, place, digits) in places.into_iter().rev() {
            // Where nothing else is to be told from, what begins otherwise is taken to be there.
            let is_fork = place.is_fork() || at == rest.prefix.len();
            let end = rest.end.filter(|_| at == outer);
            let branch = self.branches.iter().find(|branch| branch.at == at);
            let node = self.before(at).unwrap_or(0);
            let seen = (self.objects - branch.map_or(node, |branch| branch.before)) as f64;
            let base = digits.base();
            let from = (f64::from(digits.value(c)) + 1.0) / base;
            let to = end.map_or(1.0, |end| rest.alphabet.fraction(end, at));
            let (empty, others) = end.map_or((0.0, 0.0), |_| self.empty(at, to, rest));
            let ways = (to - from) * base;
            if ways <= 0.0 {
                continue;
            }
            let child = seen + inner;
            // What was learned of others tells nothing of what is much larger than they are, or
            // goes on in several ways, or this far, where none of them did.
            let is_alike =
                !is_fork || place.forked > 0 || (branch.is_none() && self.before(at).is_some());
            let is_usual = is_alike
                && place.ways > 0
                && child * f64::from(place.ways) <= UNUSUAL * place.objects as f64;
            if !is_fork {
                if !is_usual && c.is_alphanumeric() && seen >= rest.page as f64 {
                    outlook.open.push(at);
                }
                continue;
            }
            let learned = match place.nodes {
                nodes if is_usual => {
                    (f64::from(place.ways) / f64::from(nodes) - 1.0) / (base - 2.0).max(1.0)
                }
                _ if c.is_ascii_digit() => UNKNOWN_DIGITS,
                _ => UNKNOWN_LETTERS,
            };
            let (siblings, left) = branch.map_or((0.0, 0.0), |branch| {
                (f64::from(branch.siblings), (branch.before - node) as f64)
            });
            let lowest = branch.and_then(|branch| branch.lowest).unwrap_or(c);
            let passed = f64::from(digits.value(c)) - f64::from(digits.value(lowest));
            let passed = passed.max(siblings) + empty * base;
            let here = (siblings + others + OTHERS * learned) / (passed + others + OTHERS);
            let usual = match place.ways {
                ways if is_usual => place.objects as f64 / f64::from(ways),
                _ => child,
            };
            let each = (left + OTHERS * usual) / (siblings + OTHERS);
            let objects = ways * here.min(1.0) * each;
            inner += objects;
            outlook.stretches.push(Stretch {
                at,
                pages: objects / rest.page as f64,
                from,
                to,
                is_sure: branch.is_some() || is_usual,
            });
        }
        outlook.open.reverse();
        outlook.pages = inner / rest.page as f64;
        if self.cuts(&outlook, 1, rest).is_empty() {
            outlook.pages = 0.0;
        }
        outlook
    }

    /// What is left if keys lie evenly in all that may follow what the last key and the end have in
    /// common: then those that were listed are that part of all. `None` where they do not, or where most
    /// was not seen yet.
    pub fn even(&self, rest: &Rest<'_>) -> Option<Outlook> {
        let last = valid(&self.last);
        let at = rest
            .end
            .map_or(rest.prefix.len(), |end| shared(last, end))
            .min(last.len());
        let fraction = |key: &str| match shared(key, last) >= at {
            true => rest.alphabet.fraction(key, at),
            false => 0.0,
        };
        let (middle, before) = (fraction(&self.middle.0), self.middle.1);
        let (start, from) = (fraction(&self.start), fraction(last));
        let to = rest.end.map_or(1.0, fraction);
        let earlier = (middle - start) / before as f64;
        let later = (from - middle) / (self.objects - before) as f64;
        let is_even = earlier > 0.0 && (earlier / EVEN..earlier * EVEN).contains(&later);
        let times = (to - from) / (from - start);
        if !is_even || times <= 0.0 || times > FAR {
            return None;
        }
        let pages = times * self.objects as f64 / rest.page as f64;
        Some(Outlook {
            pages,
            stretches: vec![Stretch {
                at,
                pages,
                from,
                to,
                is_sure: true,
            }],
            open: Vec::new(),
        })
    }

    /// How much is empty behind the end of the range, as a fraction of all that may follow the first
    /// `at` bytes, and whether a key was seen behind it.
    fn empty(&self, at: usize, to: f64, rest: &Rest<'_>) -> (f64, f64) {
        match rest.behind {
            Behind::Unknown => (0.0, 0.0),
            Behind::Key(key) if shared(key, valid(&self.last)) >= at => {
                (rest.alphabet.fraction(key, at) - to, 1.0)
            }
            _ => (1.0 - to, 0.0),
        }
    }

    /// Of an outlook only that where others were seen.
    pub fn sure(outlook: &Outlook) -> Outlook {
        let stretches = outlook.stretches.iter().filter(|of| of.is_sure);
        let stretches: Vec<_> = stretches.copied().collect();
        Outlook {
            pages: stretches.iter().map(|of| of.pages).sum(),
            stretches,
            open: Vec::new(),
        }
    }

    /// Up to `count` keys, rising, that cut what is left behind the page that is asked for into equal
    /// parts.
    pub fn cuts(&self, outlook: &Outlook, count: usize, rest: &Rest<'_>) -> BTreeSet<String> {
        let last = valid(&self.last);
        let step = (outlook.pages - 1.0) / (count + 1) as f64;
        if step <= 0.0 {
            return BTreeSet::new();
        }
        let cut = |nth: usize| {
            let mut left = 1.0 + step * nth as f64;
            let mut stretches = outlook.stretches.iter();
            let stretch = stretches.find(|stretch| {
                let is_here = left <= stretch.pages;
                left -= if is_here { 0.0 } else { stretch.pages };
                is_here
            })?;
            let fraction = stretch.from + (stretch.to - stretch.from) * left / stretch.pages;
            Some(rest.alphabet.key(last, stretch.at, fraction))
        };
        let cuts = (1..=count).filter_map(cut);
        cuts.filter(|cut| self.is_good(cut, rest)).collect()
    }

    /// Keys behind all that have as much in common with the last key as up to an open place:
    /// up to `count` of those places, spread over all.
    pub fn probes(&self, outlook: &Outlook, count: usize, rest: &Rest<'_>) -> BTreeSet<String> {
        let last = valid(&self.last);
        let open = &outlook.open;
        let probe = |nth: usize| {
            let at = *open.get(nth * open.len() / (count + 1))?;
            let c = last[at..].chars().next()?;
            let (.., digits) = rest.alphabet.walk(last).find(|found| found.0 == at)?;
            let fraction = (f64::from(digits.value(c)) + 1.0 + 1e-9) / digits.base();
            Some(rest.alphabet.key(last, at, fraction))
        };
        let probes = (1..=count).filter_map(probe);
        let probes = probes.chain(self.unseen(rest)).take(count);
        probes.filter(|cut| self.is_good(cut, rest)).collect()
    }

    /// A key behind all that are expected, with a character that was seen elsewhere.
    fn unseen(&self, rest: &Rest<'_>) -> Option<String> {
        let last = valid(&self.last);
        let at = rest.end.map_or(rest.prefix.len(), |end| shared(last, end));
        let c = rest.alphabet.unseen(last, at)?;
        Some(format!("{}{c}", &last[..at]))
    }

    /// Those keys of which each is good to cut at.
    pub fn good(&self, cuts: impl Iterator<Item = String>, rest: &Rest<'_>) -> BTreeSet<String> {
        cuts.filter(|cut| self.is_good(cut, rest)).collect()
    }

    /// Whether a cut lies in what is left, and is a key that stores take as a start: MinIO
    /// refuses empty components, `.` and `..`, and one that is not under the prefix.
    fn is_good(&self, cut: &str, rest: &Rest<'_>) -> bool {
        cut.as_bytes() > &*self.last
            && rest.end.is_none_or(|end| cut < end)
            && cut.len() > rest.prefix.len()
            && cut.starts_with(rest.prefix)
            && cut.len() <= MAX_KEY
            && !cut
                .split('/')
                .any(|component| matches!(component, "." | ".."))
            && (!cut.contains("//") || valid(&self.last).contains("//"))
            && (!cut.starts_with('/') || self.last.starts_with(b"/"))
    }
}

#[cfg(test)]
pub(super) mod tests;
