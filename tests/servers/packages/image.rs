//! The image: the Dockerfile, as far as it can be judged without building the image, and the exporter
//! in what the Dockerfile says the image holds.

use super::{path, read};

mod container;
mod files;
mod runs;

/// What follows `NAME=` in the `ENV` of a stage.
fn variables(stage: &[Vec<String>]) -> Vec<(String, String)> {
    let variables = stage.iter().filter(|words| words[0] == "ENV");
    let pairs = variables.flat_map(|words| &words[1..]);
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap());
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// The list that an instruction holds.
fn list(words: &[String]) -> Vec<String> {
    serde_json::from_str(&words.join(" ")).unwrap_or_else(|fault| panic!("{words:?}: {fault}"))
}

/// The instructions of the last stage, or of the one named.
fn stage(name: Option<&str>) -> Vec<Vec<String>> {
    let text = read("Dockerfile");
    let lines = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut stages: Vec<Vec<Vec<String>>> = Vec::new();
    for line in lines {
        assert!(
            !line.ends_with('\\') && !line.starts_with(' '),
            "{line}: the test reads single lines"
        );
        let words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
        if words[0] == "FROM" {
            stages.push(Vec::new());
        }
        stages.last_mut().unwrap().push(words);
    }
    let named = |stage: &Vec<Vec<String>>| stage[0].last().map(String::as_str) == name;
    match name {
        Some(_) => stages.into_iter().find(named).unwrap(),
        None => stages.pop().unwrap(),
    }
}

fn only<'a>(stage: &'a [Vec<String>], instruction: &str) -> &'a [String] {
    let mut all = stage.iter().filter(|words| words[0] == instruction);
    let one = all.next().unwrap_or_else(|| panic!("no {instruction}"));
    assert!(all.next().is_none(), "{instruction} twice");
    &one[1..]
}

#[test]
fn it_is_what_the_charts_of_kubermatic_expect() {
    let image = stage(None);
    assert_eq!(only(&image, "ENTRYPOINT"), [r#"["s3-exporter"]"#]);
    let user = only(&image, "USER")[0]
        .split(':')
        .next()
        .unwrap()
        .to_owned();
    assert_ne!(
        user.parse::<u32>()
            .expect("a number, so that runAsNonRoot can check it"),
        0
    );
    let program = "/src/out/s3-exporter";
    let copied = image
        .iter()
        .find(|words| words[0] == "COPY" && words[2] == program)
        .unwrap();
    assert_eq!(copied[1], "--from=build");
    assert_eq!(copied[3], "/usr/local/bin/s3-exporter");
}

#[test]
fn what_it_copies_is_there() {
    assert_eq!(only(&stage(Some("tools")), "WORKDIR"), ["/src"]);
    let ignored = read(".dockerignore");
    let mut copied = 0;
    for name in ["tools", "recipe", "build"] {
        let stage = stage(Some(name));
        let copies = stage.iter().filter(|words| words[0] == "COPY");
        for copy in copies.filter(|words| !words[1].starts_with("--from=")) {
            for source in &copy[1..copy.len() - 1] {
                assert!(path(source).exists(), "{source}");
                copied += 1;
            }
        }
    }
    assert_eq!(copied, 3);
    for needed in [
        "src",
        "backends",
        "crates",
        "benches",
        "Cargo.toml",
        "Cargo.lock",
        "build.rs",
        "deploy",
    ] {
        assert!(path(needed).exists(), "{needed}");
        assert!(
            !ignored.lines().any(|line| line.trim_matches('/') == needed),
            "{needed} is ignored"
        );
    }
}

/// Another compiler than the pinned one would first be downloaded.
#[test]
fn its_compiler_is_the_pinned_one() {
    let toolchain = read("rust-toolchain.toml");
    let channel = toolchain
        .lines()
        .find_map(|line| line.strip_prefix("channel = "));
    let channel = channel.unwrap().trim_matches('"');
    let tools = stage(Some("tools"));
    // On the machine that builds: the program is compiled for another, not on one that is emulated.
    assert_eq!(tools[0][1], "--platform=$BUILDPLATFORM");
    assert!(
        tools[0][2].starts_with(&format!("rust:{channel}-")),
        "{} {channel}",
        tools[0][2]
    );
    assert_eq!(only(&tools, "ENV"), [format!("RUSTUP_TOOLCHAIN={channel}")]);
}

/// A glibc that is newer than the base's would not be found there.
#[test]
fn it_is_built_on_the_debian_that_its_base_is() {
    let tools = stage(Some("tools"));
    let base = stage(None);
    let releases = [("bookworm", "12"), ("trixie", "13")];
    let (_, number) = releases
        .into_iter()
        .find(|(name, _)| tools[0][2].contains(&format!("-{name}@")))
        .unwrap();
    let name = format!("gcr.io/distroless/cc-debian{number}:nonroot");
    assert!(base[0][1].starts_with(&format!("{name}@")), "{:?}", base[0]);
    let label = base
        .iter()
        .find(|words| words.iter().any(|word| word.contains("base.name")));
    assert_eq!(
        label.unwrap()[1],
        format!("org.opencontainers.image.base.name=\"{name}\"")
    );
}

/// A tag can be moved to another image. The packages of a release are built in what the image is.
#[test]
fn what_it_is_made_of_is_pinned() {
    let tools = stage(Some("tools"))[0][2].clone();
    let base = stage(None)[0][1].clone();
    for image in [&tools, &base] {
        let (_, digest) = image.split_once("@sha256:").unwrap();
        let is_digit = |letter: char| letter.is_ascii_hexdigit();
        assert!(
            digest.len() == 64 && digest.chars().all(is_digit),
            "{image}"
        );
    }
    let release = read(".github/workflows/release.yml");
    assert!(release.contains(&format!("\n    container: {tools}\n")));
}

/// What is built of others' crates is a layer of its own, which a change of ours leaves alone.
#[test]
fn dependencies_are_built_before_the_sources_are_there() {
    let build = stage(Some("build"));
    let at = |fits: &dyn Fn(&str) -> bool| {
        let mut lines = build.iter().map(|words| words.join(" "));
        lines.position(|line| fits(&line)).unwrap()
    };
    let cook = at(&|line| line.contains("cargo chef cook"));
    let sources = at(&|line| line == "COPY . .");
    let program = at(&|line| line.contains("cargo build"));
    let revision = at(&|line| line.starts_with("ARG REVISION"));
    assert!(cook < sources && sources < program && sources < revision);
    let flags = "--profile dist --locked --bin s3-exporter";
    for line in [cook, program] {
        assert!(build[line].join(" ").contains(flags), "{:?}", build[line]);
    }
}
