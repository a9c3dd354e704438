//! The corpus: histories of buckets, and what the judge must find in them, each a test of its own.
//! `tests/corpus/README.md` says how they are written.

mod case;
mod docs;
mod drive;
mod generate;
mod looks;
mod peers;
mod play;
mod report;
mod store;
mod text;
mod year;
mod zones;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use libtest_mimic::{Arguments, Failed, Trial};
use s3_exporter_judge::findings::FindingKind;

use crate::case::{Case, cases};
use crate::play::{Played, play};
use crate::year::Year;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let all = match read_all() {
        Ok(all) => all,
        Err(error) => {
            eprintln!("the corpus cannot be read: {error}");
            return ExitCode::FAILURE;
        }
    };
    let count = all.len();
    let played = Arc::new(Mutex::new(Vec::with_capacity(count)));
    let looked = all.clone();
    let mut trials: Vec<Trial> = all
        .into_iter()
        .map(|case| trial(case, played.clone()))
        .collect();
    let figures = Arc::new(Mutex::new(None));
    trials.push(year_trial(figures.clone()));
    trials.push(Trial::test("looks", move || {
        let looks = looks::hold(&looked).map_err(Failed::from)?;
        println!("{}", looks.shown());
        let problems = looks.problems();
        match problems.is_empty() {
            true => Ok(()),
            false => Err(Failed::from(problems.join("\n  "))),
        }
    }));
    let conclusion = libtest_mimic::run(&arguments, trials);
    let played = played.lock().expect("no trial panics with it");
    if played.len() < count {
        return conclusion.exit_code();
    }
    let table = report::table(&played);
    println!("{table}");
    let figures = figures.lock().expect("no trial panics with it");
    if let Some(year) = figures.as_ref().filter(|_| !conclusion.has_failed())
        && let Err(error) = docs::is_current(&docs::section(&table, &year.shown()))
    {
        eprintln!("{error}");
        return ExitCode::FAILURE;
    }
    conclusion.exit_code()
}

fn trial(case: Case, all: Arc<Mutex<Vec<(bool, Played)>>>) -> Trial {
    let name = format!("{}::{}", case.file.trim_end_matches(".txt"), case.name);
    Trial::test(name, move || {
        let played = play(&case).map_err(Failed::from)?;
        if std::env::var_os("S3_EXPORTER_CORPUS_SHOW").is_some() {
            print!("{}", played.shown());
        }
        let problems = played.problems.join("\n  ");
        all.lock()
            .expect("no trial panics with it")
            .push((case.is_quiet(), played));
        if problems.is_empty() {
            return Ok(());
        }
        Err(Failed::from(format!("{}\n  {problems}", case.why)))
    })
}

/// A scan each six hours, or each so often as the environment says: `1h`.
fn year_trial(figures: Arc<Mutex<Option<Year>>>) -> Trial {
    Trial::test("year", move || {
        let each = std::env::var("S3_EXPORTER_YEAR").unwrap_or_else(|_| "6h".to_owned());
        let year = year::year(text::duration(&each)?);
        println!("{}", year.shown());
        let (is_good, problems) = (year.is_good(), year.problems());
        *figures.lock().expect("no trial panics with it") = Some(year);
        let problems = problems.join("\n  ");
        println!("{problems}");
        if is_good {
            Ok(())
        } else {
            Err(Failed::from(problems))
        }
    })
}

/// All cases of all files, in their order.
fn read_all() -> Result<Vec<Case>, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/corpus");
    let mut all = Vec::new();
    for path in files(&folder)? {
        let text =
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let name = path
            .strip_prefix(&folder)
            .unwrap_or(&path)
            .display()
            .to_string();
        all.extend(cases(&name, &text)?);
    }
    let mut names: Vec<String> = all
        .iter()
        .map(|case| format!("{}::{}", case.file, case.name))
        .collect();
    for kind in FindingKind::ALL {
        let expects = all.iter().flat_map(|case| &case.expects);
        if expects.filter(|expect| expect.kind == *kind).count() == 0 {
            return Err(format!("no case says when {} must be found", kind.as_str()));
        }
    }
    names.sort();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(format!("two cases are called {}", pair[0])),
        None => Ok(all),
    }
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let said = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(said)? {
        let path = entry.map_err(said)?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "txt") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
