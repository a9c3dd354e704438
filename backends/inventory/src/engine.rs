//! Reports that an engine sums up where they lie, on workers of its own: it is asked in SQL over Arrow Flight SQL, and its
//! answers are small.
//!
//! What the report is, and that it is complete, is found out here as for any other. Of each of its files the length and the end are
//! read, which says how many rows it has: the engine has to find as many, by a count of its own, beside the sums.

use s3_exporter_api::{BackendError, FaultyFile, Report, Summary, SummaryRequest};
use s3_exporter_config::{SecretSource, Section, Url};
use s3_exporter_inventory_sql::{Dialect, Question, counts, newest, totals};
use s3_exporter_settings::{address_of, unusable};

use crate::download::{NoFile, Source};
use crate::error::{Fault, internal};
use crate::manifest::{Form, Manifest};

mod answers;
mod footers;
mod session;
mod tables;

use answers::Counts;
use footers::Footers;
use session::Session;
use tables::Tables;

/// The classes of one owner are told apart up to a few; of names that are made up an engine may tell no more than this.
const MOST_CLASSES: usize = 64;

/// Who sums up.
#[derive(Clone, Debug)]
pub struct Engine {
    url: Url,
    login: Option<Login>,
}

#[derive(Clone, Debug)]
struct Login {
    username: String,
    password: SecretSource,
}

/// A complete report.
pub struct Whole<'a> {
    pub manifest: &'a Manifest,
    pub source: Source,
    /// What is tried, and where, of errors.
    pub action: String,
    /// Files that are looked at at a time.
    pub files: usize,
}

/// Takes the keys; `None` where there is none, or one has a fault.
pub fn parse(section: &mut Section) -> Option<Engine> {
    let (has_engine, has_username) = (section.has("engine"), section.has("engine_username"));
    let has_password = section.has("engine_password") || section.has("engine_password_file");
    let login = "`engine_username` and `engine_password`";
    let url = address_of(section, "engine", "http://ballista.example:50050", login);
    let username = section.name("engine_username");
    let password = section.secret("engine_password");
    for (key, other, is_alone) in [
        ("engine_username", "engine", has_username && !has_engine),
        ("engine_password", "engine", has_password && !has_engine),
        (
            "engine_username",
            "engine_password",
            has_username && !has_password,
        ),
        (
            "engine_password",
            "engine_username",
            has_password && !has_username,
        ),
    ] {
        if is_alone {
            section.fault(key, format!("is of no use without `{other}`"));
        }
    }
    let url = url?;
    if url.path() != "/" {
        section.fault("engine", "must end after host and port");
        return None;
    }
    let login = match has_username && has_password {
        true => Some(Login {
            username: username?,
            password: password?,
        }),
        false => None,
    };
    Some(Engine { url, login })
}

impl Engine {
    /// Reads the file with the password: whether that is of no use.
    pub fn look(&self) -> Option<FaultyFile> {
        let read = self.login.as_ref()?.password.read();
        Some(("engine_password_file", unusable(read.err()?)))
    }

    /// Has a report summed up.
    ///
    /// # Errors
    /// A file is not what the manifest says, the engine cannot, or what it finds is not what the report has.
    pub async fn sum_up(
        &self,
        of: &Whole<'_>,
        request: &SummaryRequest<'_>,
    ) -> Result<Summary, BackendError> {
        let fault = |fault: Fault| fault.into_error(&*of.action);
        if of.manifest.form != Form::Parquet {
            let reason = "its files are CSV, and an engine reads Parquet alone";
            let advice = "have the report made as Parquet, or leave `engine` out";
            return Err(fault(Fault::new(reason).with_advice(advice)));
        }
        let footers = Footers::read(of).await.map_err(|no| match no {
            NoFile::Store(error) => error,
            NoFile::Fault(of_it) => fault(of_it),
            NoFile::Unwanted => internal(&*of.action, "it is not wanted"),
        })?;
        let Some(columns) = &footers.columns else {
            return Ok(nothing(of.manifest)); // it has no files
        };
        let mut session = Session::open(self).await?;
        let tables = Tables::new(&of.source.bucket, &of.manifest.files, columns);
        let found = match session.make(&tables.made()).await {
            Ok(()) => ask(&mut session, &tables, request).await,
            Err(error) => Err(error),
        };
        session.drop(&tables.dropped()).await; // also of what was made before it failed
        let (counts, summary) = found?;
        hold_against(&counts, &footers, request).map_err(fault)?;
        Ok(Summary {
            report: Report {
                as_of: of.manifest.as_of,
                objects: counts.objects,
                bytes: counts.bytes,
                has_versions: false, // none is counted
            },
            ..summary
        })
    }
}

/// The three questions; the report of the answer is still to be made.
async fn ask(
    session: &mut Session,
    tables: &Tables,
    request: &SummaryRequest<'_>,
) -> Result<(Counts, Summary), BackendError> {
    let question = Question {
        bucket: request.bucket,
        prefix: request.prefix,
        separator: request.separator,
        names: request.owners,
        table: tables.view(),
    };
    let (dialect, owners) = (Dialect::DataFusion, request.owners.len() + 1);
    let action = session.action().to_owned();
    let senseless = |fault: Fault| fault.into_error(&*action);
    let rows = session.ask(counts(dialect, &question), 1).await?;
    let counts = answers::counts(&rows).map_err(senseless)?;
    let most = owners * MOST_CLASSES;
    let rows = session.ask(totals(dialect, &question), most).await?;
    let sets = answers::sets(&rows).map_err(senseless)?;
    let (kept, most) = (request.newest, owners * 2 * request.newest);
    let rows = session.ask(newest(dialect, &question, kept), most).await?;
    let newest = answers::newest(&rows).map_err(senseless)?;
    let summary = Summary {
        sets,
        newest,
        report: EMPTY,
    };
    Ok((counts, summary))
}

/// The engine has read all rows and no other, and they are what such a report may have.
fn hold_against(
    counts: &Counts,
    footers: &Footers,
    request: &SummaryRequest<'_>,
) -> Result<(), Fault> {
    if counts.written != footers.rows {
        return Err(Fault::miscounted(format!(
            "the engine has read {} rows, and its files have {}",
            counts.written, footers.rows
        )));
    }
    if counts.own != counts.written {
        let (foreign, bucket) = (
            counts.written - counts.own.min(counts.written),
            request.bucket,
        );
        let reason = format!("has {foreign} objects of other buckets than {bucket:?}");
        return Err(Fault::new(reason));
    }
    match counts.odd {
        0 => Ok(()),
        odd => Err(Fault::new(format!(
            "has {odd} rows without a key or a time, or with a size below 0"
        ))),
    }
}

const EMPTY: Report = Report {
    as_of: s3_exporter_api::UnixTime::from_millis(0),
    objects: 0,
    bytes: 0,
    has_versions: false,
};

fn nothing(manifest: &Manifest) -> Summary {
    Summary {
        report: Report {
            as_of: manifest.as_of,
            ..EMPTY
        },
        sets: Vec::new(),
        newest: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use figment::value::Tag;
    use s3_exporter_config::Origin;
    use s3_exporter_testkit::values;

    use super::*;

    fn faults(text: &str) -> Vec<String> {
        let origins = Arc::new(|_, _: &str| Origin::Default);
        let parsed = Section::parse("backends.x", Tag::Default, values(text), origins, parse);
        parsed.errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_address_has_no_login_and_a_login_is_whole() {
        for good in [
            "",
            "engine = \"http://127.0.0.1:50050\"",
            "engine = \"https://ballista\"\nengine_username = \"x\"\nengine_password = \"hunter2\"",
        ] {
            assert_eq!(faults(good), [""; 0], "{good}");
        }
        for (bad, says) in [
            (
                "engine = \"http://x:hunter2@ballista\"",
                "must not hold a user or a password: use `engine_username`",
            ),
            ("engine = \"ftp://ballista\"", "expected http or https"),
            (
                "engine = \"http://ballista/sql\"",
                "must end after host and port",
            ),
            (
                "engine = \"http://x\"\nengine_username = \"x\"",
                "is of no use without `engine_password`",
            ),
            (
                "engine = \"http://x\"\nengine_password = \"hunter2\"",
                "is of no use without `engine_username`",
            ),
        ] {
            let faults = faults(bad);
            assert!(faults.len() == 1 && faults[0].contains(says), "{faults:?}");
            assert!(!faults[0].contains("hunter2"), "{faults:?}");
        }
        let alone = faults("engine_username = \"x\"\nengine_password = \"hunter2\"");
        assert_eq!(alone.len(), 2, "{alone:?}");
    }
}
