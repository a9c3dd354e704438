//! Programs that are run: what they print, how they end, and what becomes of them.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use s3_exporter_api::{
    Backend, BackendError, Connect, Continuation, FailureKind, ListRequest, ListingKind, Meter,
    Page, StartAt, chain,
};
use s3_exporter_config::{Origin, Section};
use s3_exporter_testkit::values;
use tempfile::TempDir;

/// How long anything may take that is waited for: it ends a hang, and says nothing of speed.
const PATIENCE: Duration = Duration::from_secs(60);
const LINE: &str = r"printf 'a\t1\t2024-01-01T00:00:00Z\n'";

/// A script, and who runs it.
struct Script {
    folder: TempDir,
    backend: Arc<dyn Backend>,
}

impl Script {
    /// Of these lines for a shell, which stand in a file of their own.
    async fn new(lines: &str, more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("program");
        fs::write(&program, format!("#!/bin/sh\n{lines}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let section =
            format!("program = {program:?}\narguments = [\"list\", \"x:{{bucket}}\"]\n{more}\n");
        Self {
            backend: parse(&section).connect().await.unwrap(),
            folder,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn page(
        &self,
        prefix: &str,
        from: StartAt<'_>,
        max_keys: u16,
    ) -> Result<(Page, Continuation), BackendError> {
        let request = ListRequest {
            bucket: "the bucket; $(exit 7)",
            prefix,
            kind: ListingKind::Objects,
            from,
            max_keys,
            meter: &Arc::<Meter>::default(),
        };
        let mut page = Page::new();
        let next = self.backend.list_page(&request, &mut page).await?;
        Ok((page, next))
    }

    async fn keys(&self, prefix: &str) -> Result<Vec<String>, BackendError> {
        let (mut keys, mut token) = (Vec::new(), None::<String>);
        loop {
            let from = token.as_deref().map_or(StartAt::Start, StartAt::Token);
            let (page, next) = self.page(prefix, from, 3).await?;
            keys.extend(
                page.keys()
                    .map(|key| String::from_utf8_lossy(key).into_owned()),
            );
            match next {
                Continuation::Token(next) => token = Some(next),
                _ => return Ok(keys),
            }
        }
    }

    async fn fails(&self) -> (FailureKind, String) {
        let error = self.keys("").await.unwrap_err();
        (error.kind(), chain(&error))
    }
}

fn parse(section: &str) -> Box<dyn Connect> {
    let origins = Arc::new(|_, _: &str| Origin::Default);
    let tag = figment::value::Tag::Default;
    let plugin = s3_exporter_command::PLUGIN;
    let parsed = Section::parse("backends.x", tag, values(section), origins, plugin.parse);
    assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
    parsed.value.unwrap()
}

/// Until there is such a file, and what it holds.
async fn written(path: &Path) -> String {
    let waiting = async {
        loop {
            match fs::read_to_string(path) {
                Ok(text) if text.ends_with('\n') => return text.trim().to_owned(),
                _ => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    };
    let ended = tokio::time::timeout(PATIENCE, waiting).await;
    ended.unwrap_or_else(|_| panic!("{} is not written", path.display()))
}

/// Until these processes have ended.
async fn ended(pids: &str) {
    let is_there = |pid: &str| {
        let state = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // One that was not waited for yet is a zombie, and does nothing any more.
        state
            .rsplit(')')
            .next()
            .is_some_and(|rest| !matches!(rest.trim().chars().next(), None | Some('Z' | 'X')))
    };
    let waiting = async {
        while pids.split_whitespace().any(is_there) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let ended = tokio::time::timeout(PATIENCE, waiting).await;
    assert!(ended.is_ok(), "some of {pids} still run");
}

#[tokio::test]
async fn what_it_prints_is_listed_page_by_page() {
    let lines = r"i=0; while [ $i -lt 10 ]; do printf 'k-%s\t%s\t2024-01-01T00:00:0%sZ\n' $i $i $i; i=$((i+1)); done";
    let script = Script::new(lines, "").await;
    let expected: Vec<_> = (0..10).map(|n| format!("k-{n}")).collect();
    assert_eq!(script.keys("").await.unwrap(), expected);
    assert_eq!(script.keys("k-7").await.unwrap(), ["k-7"]);
    assert_eq!(script.keys("none").await.unwrap(), [""; 0]);
    let (page, next) = script.page("k-9", StartAt::Start, 1000).await.unwrap();
    assert_eq!(next, Continuation::End);
    let object = page.get(0).unwrap();
    assert_eq!(
        (object.size, object.last_modified.as_millis()),
        (9, 1_704_067_209_000)
    );
    let nothing = Script::new("exit 0", "").await;
    assert_eq!(nothing.keys("").await.unwrap(), [""; 0]);
}

/// No shell reads the arguments, and nothing of our own environment is handed on.
#[tokio::test]
async fn it_gets_the_arguments_the_environment_and_no_more() {
    let lines = format!(
        "{{ for a in \"$@\"; do echo \"<$a>\"; done; /usr/bin/env; pwd; /usr/bin/readlink /proc/$$/fd/0; }} >$OUT.tmp; /bin/mv $OUT.tmp $OUT; {LINE}"
    );
    let out = tempfile::tempdir().unwrap();
    let out = out.path().join("out");
    let more = format!("environment = {{ OUT = {out:?}, SECRET = \"a b'c\" }}");
    let script = Script::new(&lines, &more).await;
    assert_eq!(script.keys("").await.unwrap(), ["a"]);
    let text = fs::read_to_string(&out).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(
        lines[..2],
        ["<list>", "<x:the bucket; $(exit 7)>"],
        "{text}"
    );
    assert_eq!(lines[lines.len() - 2..], ["/", "/dev/null"], "{text}");
    let variables = lines[2..lines.len() - 2]
        .iter()
        .map(|line| line.split_once('=').unwrap());
    let mut variables: BTreeMap<_, _> = variables.collect();
    for of_the_shell in ["PWD", "OLDPWD", "SHLVL", "_"] {
        variables.remove(of_the_shell);
    }
    let expected = [
        ("OUT", out.to_str().unwrap()),
        ("SECRET", "a b'c"),
        ("TZ", "UTC"),
    ];
    assert_eq!(variables, BTreeMap::from(expected));
}

#[tokio::test]
async fn one_that_ends_badly_has_listed_nothing_and_what_it_said_is_told() {
    let more = "environment = { PASSWORD = \"hunter2-and-more\" }";
    let lines =
        format!("{LINE}\necho first >&2; printf 'no, %s\\033[31m\\n' $PASSWORD >&2; exit 4");
    let (kind, text) = Script::new(&lines, more).await.fails().await;
    assert_eq!(kind, FailureKind::Unavailable);
    assert!(
        text.contains("listing bucket \"the bucket; $(exit 7)\" at command:///")
            && text.contains("the program ended with exit code 4: first | no, ***\\u{1b}[31m; nothing of what it listed is used"),
        "{text}"
    );
    let (kind, text) = Script::new(&format!("{LINE}\nkill -9 $$"), "")
        .await
        .fails()
        .await;
    assert_eq!(kind, FailureKind::Unavailable);
    assert!(
        text.contains("ended by signal 9 and said nothing"),
        "{text}"
    );

    // What `rclone` says by its code.
    let (kind, _) = Script::new("exit 3", "format = \"rclone-lsf\"")
        .await
        .fails()
        .await;
    assert_eq!(kind, FailureKind::NotFound);
    let (kind, _) = Script::new("exit 3", "").await.fails().await;
    assert_eq!(kind, FailureKind::Unavailable);
}

/// More than any pipe holds, to both of its ends.
#[tokio::test]
async fn one_that_says_much_is_neither_blocked_nor_kept_whole() {
    let lines = format!(
        "i=0; while [ $i -lt 20000 ]; do echo \"a remark of some length, number $i\" >&2; i=$((i+1)); done; {LINE}; exit 1"
    );
    let (_, text) = Script::new(&lines, "").await.fails().await;
    assert!(text.contains("number 19999; nothing of"), "{text}");
    assert!(text.len() < 1500, "{} bytes: {text}", text.len());
}

#[tokio::test]
async fn what_is_no_listing_is_refused_and_its_program_ended() {
    let cases = [
        (
            "echo 'hunter2-and-more at 5'",
            "",
            "line 2 is of no object: \"*** at 5\"",
        ),
        (
            r"printf 'b\t1\t2024-01-01T00:00:00Z'",
            "",
            "line 2, the last one, has no end",
        ),
        (LINE, "max_objects = 1", "more than 1 lines"),
        (LINE, "max_output = 30", "or 30 bytes"),
        ("/usr/bin/head -c 100000 /dev/zero", "", "line 2 has no end"),
    ];
    for (lines, more, says) in cases {
        let more = format!("environment = {{ S = \"hunter2-and-more\" }}\n{more}");
        let script = Script::new(&format!("echo $$ >$0.pid\n{LINE}\n{lines}\n"), &more).await;
        let (kind, text) = script.fails().await;
        assert_eq!(kind, FailureKind::Protocol, "{text}");
        assert!(text.contains(says), "{text}");
        ended(&written(&script.path("program.pid")).await).await;
    }
}

/// The program and one that it has started, which outlives it.
const GROUP: &str = "/bin/sleep 1000 & echo $$ $! >$0.pid";

#[tokio::test]
async fn one_that_is_late_is_killed_with_all_that_it_has_started() {
    for lines in ["wait", "exec >&-; wait", "while :; do :; done"] {
        let lines = format!("{LINE}\n{GROUP}\n{lines}");
        // Time to begin on a busy machine.
        let script = Script::new(&lines, "run_timeout = \"3s\"").await;
        let (kind, text) = script.fails().await;
        assert_eq!(kind, FailureKind::Timeout);
        assert!(
            text.contains("the program was not done after 3 s, and was killed"),
            "{text}"
        );
        ended(&written(&script.path("program.pid")).await).await;
    }
}

#[tokio::test]
async fn one_that_nobody_waits_for_is_killed_with_all_that_it_has_started() {
    let script = Script::new(&format!("{LINE}\n{GROUP}\nwait"), "").await;
    let path = script.path("program.pid");
    let pids = tokio::select! {
        page = script.page("", StartAt::Start, 1000) => panic!("{page:?}"),
        pids = written(&path) => pids,
    };
    ended(&pids).await;

    // Between two pages, with its backend.
    let script = Script::new(&format!("{LINE}\n{GROUP}\nwait"), "").await;
    let (page, _) = script.page("", StartAt::Start, 1).await.unwrap();
    assert_eq!(page.len(), 1);
    let pids = written(&script.path("program.pid")).await;
    drop(script.backend);
    ended(&pids).await;
}

/// One that it has started and that holds its pipes open is ended with it, when it has ended well.
#[tokio::test]
async fn what_it_leaves_behind_is_killed() {
    let lines = format!("{LINE}\n/bin/sleep 1000 >/dev/null & echo $! >$0.pid");
    let script = Script::new(&lines, "").await;
    assert_eq!(script.keys("").await.unwrap(), ["a"]);
    ended(&written(&script.path("program.pid")).await).await;
}

#[tokio::test]
async fn a_probe_waits_for_one_object_and_ends_the_program() {
    let script = Script::new(&format!("{GROUP}\n{LINE}\nwait"), "").await;
    let probe = script
        .backend
        .probe("b", "", &Arc::default())
        .await
        .unwrap();
    assert!(!probe.empty);
    ended(&written(&script.path("program.pid")).await).await;
}

#[tokio::test]
async fn a_program_that_is_none_is_told_before_and_when_it_is_run() {
    let folder = tempfile::tempdir().unwrap();
    let (file, missing) = (folder.path().join("file"), folder.path().join("missing"));
    fs::write(&file, "#!/bin/sh\n").unwrap();
    for (program, says) in [
        (&missing, "No such file"),
        (&file, "it may not be run"),
        (&folder.path().to_owned(), "it is no program"),
    ] {
        let connect = parse(&format!(
            "program = {program:?}\narguments = [\"{{bucket}}\"]"
        ));
        let faulty = connect.look();
        let [(key, error)] = &faulty[..] else {
            panic!("{faulty:?}")
        };
        assert_eq!(*key, "program");
        assert!(chain(error).contains(says), "{}", chain(error));
        let backend = connect.connect().await.unwrap();
        let error = backend.probe("b", "", &Arc::default()).await.unwrap_err();
        assert_eq!(error.kind(), FailureKind::Internal);
        assert!(
            error.to_string().contains("the program cannot be started"),
            "{error}"
        );
    }
}
