#!/bin/bash
# Runs a command for make. On a terminal it gets a process group of its own in the foreground, so that Ctrl-C reaches it alone
# and make reports its exit status instead of "Interrupt". Usage: tools/run_foreground.sh COMMAND...
[ ! -t 0 ] || set -m
"$@"
exit $?
