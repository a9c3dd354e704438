//! A case of the corpus, as `tests/corpus/README.md` says it is written.

use crate::text::{DAY, Fields, HOUR, Read, duration, is_like, moment, number, word, written_out};
use s3_exporter_judge::findings::{FindingKind, Severity};

/// One history, and what must be found in it.
#[derive(Clone, Debug, Default)]
pub struct Case {
    pub name: String,
    /// Where it stands.
    pub file: String,
    /// Why it is as it is, for whoever reads a failure.
    pub why: String,
    /// In milliseconds since 1970.
    pub start: i64,
    /// In milliseconds, as all moments below: after the start.
    pub length: i64,
    pub scans: Vec<Scans>,
    /// In which no scan was made.
    pub no_scans: Vec<(i64, i64)>,
    /// The destination's prefix.
    pub prefix: String,
    pub clusters: Option<Vec<Cluster>>,
    pub all_expected: bool,
    /// Objects come in any order, by several ranges.
    pub is_shuffled: bool,
    /// The first site is there too, and this one lags behind it.
    pub mirror: Option<Mirror>,
    pub marker: Vec<i64>,
    pub rules: Vec<Fields>,
    pub jobs: Vec<Fields>,
    pub fails: Vec<Fields>,
    pub recorded: Vec<Recorded>,
    pub expects: Vec<Expect>,
    /// Allowed and not asked for.
    pub mays: Vec<Expect>,
    /// Forbidden, be it for information alone.
    pub nevers: Vec<Expect>,
    /// What the newest good backup is held against: not for tools whose backups nobody sees.
    pub is_newest_checked: bool,
    /// Whose word the expectation of each job must be at the end.
    pub source: Option<String>,
}

/// A scan each so often, from a moment on.
#[derive(Clone, Copy, Debug)]
pub struct Scans {
    pub each: i64,
    pub from: i64,
}

#[derive(Clone, Debug)]
pub struct Cluster {
    pub name: String,
    pub created: Option<i64>,
    pub removed: Option<i64>,
}

#[derive(Clone, Copy, Debug)]
pub struct Mirror {
    pub lag: i64,
    pub stops: i64,
    pub resumes: i64,
}

/// A line of a recorded listing: what was added or taken away since the one before.
#[derive(Clone, Debug)]
pub enum Recorded {
    Put {
        at: i64,
        key: String,
        size: u64,
        class: String,
    },
    Delete {
        at: i64,
        key: String,
    },
    Upload {
        at: i64,
        key: String,
    },
    Scan {
        at: i64,
    },
}

/// What must, may or must not be found.
#[derive(Clone, Debug)]
pub struct Expect {
    pub kind: FindingKind,
    pub cluster: String,
    pub job: String,
    /// Sooner it is a false alarm.
    pub from: i64,
    /// Later it is missed.
    pub by: i64,
    /// So long it holds, once found.
    pub until: i64,
    /// From then on it is a false alarm.
    pub gone: i64,
    pub severity: Option<Severity>,
    /// Since when it is so, and how far off is allowed.
    pub since: Option<(i64, i64)>,
}

impl Expect {
    pub fn is_of(&self, kind: FindingKind, cluster: &str, job: &str) -> bool {
        self.kind == kind && is_like(cluster, &self.cluster) && is_like(job, &self.job)
    }

    fn read(text: &str, case: &Case) -> Read<Self> {
        let fields = Fields::read(text);
        let name = fields.words.first().map_or("", String::as_str);
        let kind = FindingKind::ALL.iter().find(|kind| kind.as_str() == name);
        let from = fields.or("from", moment, 0)?;
        let by = fields.or("by", moment, case.length)?;
        let gone = fields.or("gone", moment, i64::MAX)?;
        let severity = fields.maybe("severity", word)?;
        let since = fields.maybe("since", moment)?;
        let within = fields.or("within", duration, HOUR)?;
        let until = match fields.get("until") {
            Some("once") => from,
            Some(text) => moment(text)?,
            None if gone < i64::MAX => by,
            None => case.length,
        };
        let expect = Self {
            kind: *kind.ok_or_else(|| format!("{name:?} is no finding"))?,
            cluster: fields.or("cluster", word, "*".to_owned())?,
            job: fields.or("job", word, "*".to_owned())?,
            from,
            by,
            until,
            gone,
            severity: severity
                .map(|name| {
                    let all = Severity::ALL.into_iter();
                    let found = all.clone().find(|severity| severity.as_str() == name);
                    found.ok_or_else(|| format!("{name:?} is no severity"))
                })
                .transpose()?,
            since: since.map(|since| (since, within)),
        };
        fields.all_asked()?;
        Ok(expect)
    }
}

impl Case {
    /// Whether nothing above information may be found at all.
    pub fn is_quiet(&self) -> bool {
        self.expects.is_empty()
    }

    fn line(&mut self, key: &str, value: &str) -> Read<()> {
        let fields = Fields::read(value);
        let first = || fields.words.first().map_or("", String::as_str);
        match key {
            "why" if self.why.is_empty() => self.why = value.to_owned(),
            "why" => self.why = format!("{} {value}", self.why),
            "start" => {
                let date: jiff::civil::Date = value
                    .parse()
                    .map_err(|error: jiff::Error| error.to_string())?;
                let at = jiff::tz::TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0));
                self.start = at.map_err(|error| error.to_string())?.as_millisecond();
            }
            "for" => self.length = duration(value)?,
            "scan" => self.scans.push(Scans {
                each: duration(first())?,
                from: fields.or("from", moment, 0)?,
            }),
            "no-scan" => self
                .no_scans
                .push((fields.need("from", moment)?, fields.need("to", moment)?)),
            "prefix" => self.prefix = value.to_owned(),
            "clusters" => self.clusters = Some(clusters(value)?),
            "all-expected" => self.all_expected = true,
            "shuffled" => self.is_shuffled = true,
            "mirror" => {
                self.mirror = Some(Mirror {
                    lag: fields.need("lag", duration)?,
                    stops: fields.or("stops", moment, i64::MAX)?,
                    resumes: fields.or("resumes", moment, i64::MAX)?,
                });
            }
            "marker" => {
                let each = fields.or("every", duration, DAY)?;
                let from = fields.need("from", moment)?;
                let to = fields.or("to", moment, self.length)?;
                self.marker
                    .extend((from..to).step_by(usize::try_from(each).unwrap_or(1)));
            }
            "rule" => self.rules.push(fields),
            "job" => self.jobs.push(fields),
            "fail" => self.fails.push(fields),
            "expect" => self.expects.push(Expect::read(value, self)?),
            "may" => self.mays.push(Expect::read(value, self)?),
            "never" => self.nevers.push(Expect::read(value, self)?),
            "newest" => self.is_newest_checked = value != "unknown",
            "source" => self.source = Some(value.to_owned()),
            _ => return Err(format!("nobody knows {key:?}")),
        }
        Ok(())
    }

    /// `@ d3T04:00`, `+ KEY SIZE MOMENT [CLASS]`, `- KEY`, `~ KEY MOMENT` (an unfinished upload).
    fn recorded_line(&mut self, line: &str) -> Read<()> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let scanned = self.recorded.iter().rev().find_map(|line| match line {
            Recorded::Scan { at } => Some(*at),
            _ => None,
        });
        let line = match words.as_slice() {
            ["@", at] => Recorded::Scan { at: moment(at)? },
            ["+", key, bytes, at, class @ ..] => Recorded::Put {
                at: moment(at)?,
                key: written_out(key),
                size: number(bytes)?,
                class: class.first().unwrap_or(&"STANDARD").to_string(),
            },
            ["-", key] => Recorded::Delete {
                at: scanned.ok_or("a scan stands before what it lacks")?,
                key: written_out(key),
            },
            ["~", key, at] => Recorded::Upload {
                at: moment(at)?,
                key: written_out(key),
            },
            _ => return Err(format!("{line:?} is no line of a listing")),
        };
        self.recorded.push(line);
        Ok(())
    }
}

/// `a b@d3 c..d40`: known clusters, one created on a day, one removed on another.
fn clusters(text: &str) -> Read<Vec<Cluster>> {
    text.split_whitespace()
        .map(|text| {
            let (text, removed) = text.split_once("..").unwrap_or((text, ""));
            let (name, created) = text.split_once('@').unwrap_or((text, ""));
            let at = |text: &str| (!text.is_empty()).then(|| moment(text)).transpose();
            Ok(Cluster {
                name: name.to_owned(),
                created: at(created)?,
                removed: at(removed)?,
            })
        })
        .collect()
}

/// All cases of a file.
pub fn cases(file: &str, text: &str) -> Read<Vec<Case>> {
    let mut blocks: Vec<(usize, Vec<&str>)> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        if line.trim_start().starts_with('#') || line.trim().is_empty() {
            continue;
        }
        if line.starts_with("case:") {
            blocks.push((at + 1, Vec::new()));
        }
        let (_, block) = blocks
            .last_mut()
            .ok_or(format!("{file}: it begins with no case"))?;
        block.push(line);
    }
    let mut cases = Vec::new();
    for (at, block) in blocks {
        for lines in written_for_each(&block)? {
            cases.push(case(file, &lines).map_err(|error| format!("{file}:{at}: {error}"))?);
        }
    }
    Ok(cases)
}

/// One block a value of each `each:` line, its name put in for `{name}`.
fn written_for_each(block: &[&str]) -> Read<Vec<Vec<String>>> {
    let mut all = vec![Vec::new()];
    let mut names: Vec<(String, Vec<String>)> = Vec::new();
    for line in block {
        if let Some(each) = line.strip_prefix("each:") {
            let (name, values) = each.split_once('=').ok_or("each: name = values")?;
            let values = values.split('|').map(|value| value.trim().to_owned());
            names.push((format!("{{{}}}", name.trim()), values.collect()));
        } else {
            all[0].push((*line).to_owned());
        }
    }
    for (name, values) in names {
        let with = |lines: &Vec<String>, value: &String| -> Vec<String> {
            // Of `k3s every=4h`, the name of a case has the first word.
            let short = value.split_whitespace().next().unwrap_or(value);
            let put_in = |line: &String| {
                let value = if line.starts_with("case:") {
                    short
                } else {
                    value
                };
                line.replace(&name, value)
            };
            lines.iter().map(put_in).collect()
        };
        let of = |lines: &Vec<String>| values.iter().map(|value| with(lines, value)).collect();
        all = all
            .iter()
            .flat_map(|lines| -> Vec<Vec<String>> { of(lines) })
            .collect();
    }
    Ok(all)
}

fn case(file: &str, lines: &[String]) -> Read<Case> {
    let mut case = Case {
        file: file.to_owned(),
        start: 1_767_571_200_000, // Monday, 2026-01-05
        length: 60 * DAY,
        is_newest_checked: true,
        ..Case::default()
    };
    for line in lines {
        if line.starts_with(['@', '+', '-', '~']) {
            case.recorded_line(line)
                .map_err(|error| format!("{line:?}: {error}"))?;
            continue;
        }
        let (key, value) = line
            .split_once(':')
            .ok_or_else(|| format!("{line:?} is no line"))?;
        let value = value.trim();
        if key == "case" {
            value.clone_into(&mut case.name);
            continue;
        }
        case.line(key, value)
            .map_err(|error| format!("{}: {line:?}: {error}", case.name))?;
    }
    if case.why.is_empty() {
        return Err(format!("{}: it does not say why", case.name));
    }
    if case.scans.is_empty() {
        case.scans.push(Scans {
            each: 6 * HOUR,
            from: 0,
        });
    }
    Ok(case)
}
