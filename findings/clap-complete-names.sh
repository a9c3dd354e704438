#!/usr/bin/env bash
# clap_complete: completions of a program with a hyphen in its name (bash), or a dot in a flag's (fish).
#
# One would guess: what clap takes, its completions complete: names and flags are escaped for the shell.
# What happens: in bash no flag of a subcommand is completed where the program's name has a hyphen: the
#   script remembers the subcommand as `my__lab__subcmd__run` and looks for `my__subcmd__lab__subcmd__run`.
#   In fish no subcommand is known, and nothing after one completed, where any flag of the program itself has a dot: the
#   script hands its flags to `argparse`, which refuses them all, and throws the error away.
# Whom it hurts: packages that install such scripts; each has no error, and the names at the first tab.
# Version: clap_complete 4.6.12, clap 4.6.9, bash 5.2, fish 3.6.0 (Debian 12). Seen: 2026-11-29.
# Source: found by pressing tab in real shells. clap-rs/clap#6421 has the first; the second is nowhere told.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

debian fish=3.6.0-3.1+deb12u1 fish-common=3.6.0-3.1+deb12u1 libpcre2-32-0=10.42-1+deb12u2
mkdir -p "$DIR/lab/src"
cat >"$DIR/lab/src/main.rs" <<'R'
use clap::{Arg, Command};
fn main() {
    let words: Vec<&str> = std::env::args().map(|word| &*word.leak()).collect();
    let shell: clap_complete::Shell = words[1].parse().unwrap();
    let run = Command::new("run").arg(Arg::new("fast").long("fast"));
    let flag = Arg::new("level").long(words[3]);
    let mut lab = Command::new(words[2]).arg(flag).subcommand(run);
    clap_complete::generate(shell, &mut lab, words[2], &mut std::io::stdout());
}
R
cat >"$DIR/lab/Cargo.toml" <<'T'
[package]
name = "lab"
version = "0.1.0"
edition = "2021"
[dependencies]
clap = { version = "=4.6.9", default-features = false, features = ["std", "help"] }
clap_complete = { version = "=4.6.12", default-features = false }
T
cargo build --quiet --manifest-path "$DIR/lab/Cargo.toml"

in_bash() { # NAME FLAG: what follows `NAME run --f` at a tab
    "$DIR/lab/target/debug/lab" bash "$1" "$2" >"$DIR/script.bash"
    bash -c '. "$0" && COMP_WORDS=("$1" run --f) COMP_CWORD=2 && "_${1//-/__}" "$1" --f run && echo "${COMPREPLY[@]}"' "$DIR/script.bash" "$1"
}
in_fish() { # NAME FLAG
    "$DIR/lab/target/debug/lab" fish "$1" "$2" >"$DIR/script.fish"
    LD_LIBRARY_PATH=$(echo "$DIR"/debian/usr/lib/*-linux-gnu) "$DIR/debian/usr/bin/fish" --no-config \
        -c "source $DIR/script.fish; complete --do-complete '$1 run --f'" 2>/dev/null | xargs
}
saw "bash, lab --level" --fast "$(in_bash lab level)"
saw "bash, my-lab --level" "" "$(in_bash my-lab level)"
saw "fish, my-lab --level" --fast "$(in_fish my-lab level)"
saw "fish, my-lab --log.level" "" "$(in_fish my-lab log.level)"
verdict
