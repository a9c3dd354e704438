#!/usr/bin/env bash
# systemd: `SetCredential=token:`, the empty value for when a `LoadCredential=` has no file.
#
# One would guess: a value may be empty as any value may; and `systemd-analyze verify` fails where a line
#   of a unit is of no use.
# What happens: the line is dropped ("Invalid syntax, ignoring"), and verify exits with 0 all the same. So
#   there is no value to fall back to, and a service without the file does not start (status 243,
#   CREDENTIALS). An escape that makes one letter, `token:\n`, is taken.
# Whom it hurts: units for everybody, where a credential is optional: they pass verify and start on the
#   machine of who wrote them. Whoever tests units must hold what verify prints against nothing, and not
#   its status.
# Version: systemd 252.39 (Debian 12). Seen: 2026-11-29.
# Source: found with a unit whose keys may come from elsewhere; systemd.exec(5) says nothing of an empty one,
#   and version 252 is that of Debian 12: newer ones were not tried.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

debian {systemd,libsystemd-shared}=252.39-1~deb12u2
LD_LIBRARY_PATH=$(echo "$DIR"/debian/usr/lib/*-linux-gnu/systemd)
export LD_LIBRARY_PATH
export SYSTEMD_UNIT_PATH=$DIR # no unit of this machine
verify() { # VALUE: $SAID is what is printed, and the status
    printf '[Unit]\nDefaultDependencies=no\n[Service]\nExecStart=/bin/true\nLoadCredential=token:/none\nSetCredential=token:%s\n' "$1" >"$DIR/lab.service"
    SAID=$("$DIR/debian/usr/bin/systemd-analyze" verify --man=no "$DIR/lab.service" 2>&1) && SAID+="; 0" || SAID+="; $?"
    SAID=${SAID//"$DIR/"/}
}
verify ''
saw "an empty value" "lab.service:6: Invalid syntax, ignoring: token:; 0" "$SAID"
verify '\n'
saw "a line end" "; 0" "$SAID"
verify x
saw "a letter" "; 0" "$SAID"
verdict
