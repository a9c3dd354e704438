use std::fs;
use std::process::Command;

/// Bits of those that override the rights of files, by `capability.h`: `dac_override`,
/// `dac_read_search`, `fowner`.
const OVERRIDES: u64 = 0b1110;

/// What a program is started under to feel the rights of files: as root it does so only without the
/// capabilities to override them.
pub fn with_rights_felt() -> Vec<&'static str> {
    match are_felt() {
        true => vec!["env"],
        false => vec![
            "setpriv",
            "--bounding-set=-dac_override,-dac_read_search,-fowner",
        ],
    }
}

/// Whether this test feels the rights of files. Where it does not it is run again so that it does,
/// and must pass. `module` is its `module_path!()`.
pub fn rights_are_felt(module: &str, test: &str) -> bool {
    if are_felt() {
        return true;
    }
    let (_, module) = module.split_once("::").unwrap();
    let wrapper = with_rights_felt();
    let output = Command::new(wrapper[0])
        .args(&wrapper[1..])
        .arg(std::env::current_exe().unwrap())
        .args([&format!("{module}::{test}"), "--exact"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let has_passed = output.status.success() && text.contains(" 1 passed");
    assert!(
        has_passed,
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    false
}

fn are_felt() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let held = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    u64::from_str_radix(held.unwrap().trim(), 16).unwrap() & OVERRIDES == 0
}
