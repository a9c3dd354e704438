#!/usr/bin/env bash
# clap_mangen: the title line of a manual page that is given no date.
#
# One would guess: no date, no date: `man` shows the program's version at the left of the last line, and
#   no date in the middle.
# What happens: arguments of `.TH` are quoted only where they hold a blank, so an empty one vanishes between
#   two blanks: the version stands in the date's place and the name of the manual in the version's.
#   Nothing fails; mandoc's lint alone complains, of a date that it cannot parse.
# Whom it hurts: who gives no date so that the same source makes the same package: the page does not say
#   of which version it is, and what reads dates of pages reads a version. A date of one blank helps.
# Version: clap_mangen 0.3.3, roff 1.1.1, clap 4.6.9, mandoc 1.14.6. Seen: 2026-11-29.
# Source: found by holding the page against mandoc's lint.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

debian mandoc=1.14.6-1+b1
mkdir -p "$DIR/page/src"
cat >"$DIR/page/src/main.rs" <<'R'
use std::io::stdout;
fn main() {
    let page = clap_mangen::Man::new(clap::Command::new("lab").version("1.2.3")).manual("Commands");
    let page = match std::env::args().nth(1) {
        Some(date) => page.date(date),
        None => page,
    };
    page.render(&mut stdout()).unwrap();
}
R
cat >"$DIR/page/Cargo.toml" <<'T'
[package]
name = "page"
version = "0.1.0"
edition = "2021"
[dependencies]
clap = { version = "=4.6.9", default-features = false, features = ["std", "help"] }
clap_mangen = { version = "=0.3.3", default-features = false }
roff = "=1.1.1"
T
cargo build --quiet --manifest-path "$DIR/page/Cargo.toml"

page() { "$DIR/page/target/debug/page" "$@"; }
title() { page "$@" | grep '^\.TH'; }
footer() { page "$@" | "$DIR/debian/usr/bin/mandoc" | tail -n 1 | xargs; }
lint() { page | "$DIR/debian/usr/bin/mandoc" -T lint | sed -n 's/.*WARNING: //p'; }
saw "without a date" '.TH lab 1  "lab 1.2.3" Commands' "$(title)"
saw "its last line" "Commands lab 1.2.3 lab(1)" "$(footer)"
saw "what lint says" "cannot parse date, using it verbatim: TH lab 1.2.3" "$(lint)"
saw "with one" '.TH lab 1 2026-11-29 "lab 1.2.3" Commands' "$(title 2026-11-29)"
saw "its last line" "lab 1.2.3 2026-11-29 lab(1)" "$(footer 2026-11-29)"
saw "with one that is a blank" '.TH lab 1 " " "lab 1.2.3" Commands' "$(title ' ')"
saw "its last line" "lab 1.2.3 lab(1)" "$(footer ' ')"
verdict
