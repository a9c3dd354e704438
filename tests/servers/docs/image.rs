//! The Dockerfile, as far as it can be judged without building the image.

use crate::docs::{read, root};

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
    let program = "/src/target/dist/s3-exporter";
    let copied = image
        .iter()
        .find(|words| words[0] == "COPY" && words[2] == program)
        .unwrap();
    assert_eq!(copied[1], "--from=build");
    assert_eq!(copied[3], "/usr/local/bin/s3-exporter");
}

#[test]
fn what_it_copies_is_there() {
    let build = stage(Some("build"));
    assert_eq!(only(&build, "WORKDIR"), ["/src"]);
    let ignored = read(".dockerignore");
    let mut copied = 0;
    for copy in build.iter().filter(|words| words[0] == "COPY") {
        for source in &copy[1..copy.len() - 1] {
            assert!(root().join(source).exists(), "{source}");
            copied += 1;
        }
    }
    assert!(copied > 0);
    for needed in [
        "src",
        "backends",
        "crates",
        "benches",
        "Cargo.toml",
        "Cargo.lock",
        "build.rs",
    ] {
        assert!(root().join(needed).exists(), "{needed}");
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
    let build = stage(Some("build"));
    assert!(
        build[0][1].starts_with(&format!("rust:{channel}-")),
        "{} {channel}",
        build[0][1]
    );
    assert_eq!(only(&build, "ENV"), [format!("RUSTUP_TOOLCHAIN={channel}")]);
}
