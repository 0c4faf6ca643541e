#!/bin/bash
# Builds and passes everything: release tests with end-to-end and interop, the checks of the tree, the unit tests again under
# address+undefined and (where threads meet) thread sanitizers, and the fuzz corpora; the benchmarks are built. Ends with one summary line.
set -u
cd "$(dirname "$0")/.."
jobs=${JOBS:-$(nproc)}
passed=0
failed=0
told=""

# The tests that failed and, of each kind of test, the cases: what is lost above in thousands of lines stands at the end again.
what_failed() {
  sed -nE 's/^ *[0-9]+\/[0-9]+ Test +#[0-9]+: ([^ ]+) .*\*\*\*.*/\1/p; s/^(\[  FAILED  \] [^ ]+) .*\([0-9]+ ms\)$/  \1/p; s/^(not ok [0-9]+.*)/  \1/p; s/^((FAIL|ERROR): .*)/  \1/p' "$1"
}

# run_suite NAME PRESET CTEST-ARGUMENTS...
run_suite() {
  local name=$1 preset=$2 log
  shift 2
  log=build/$preset/Testing/$name.log
  mkdir -p "$(dirname "$log")"
  echo "== $name"
  ctest --test-dir "build/$preset" --parallel "$jobs" --output-on-failure --no-tests=error "$@" >"$log" 2>&1
  local status=$?
  if [ $status -ne 0 ]; then
    cat "$log"
    told+=$(what_failed "$log" | sed "s/^/$name: /")$'\n'
  else
    tail -n 4 "$log"
  fi
  local total bad
  total=$(sed -n 's/.*tests passed, \([0-9]*\) tests failed out of \([0-9]*\)/\2/p' "$log" | tail -n 1)
  bad=$(sed -n 's/.*tests passed, \([0-9]*\) tests failed out of \([0-9]*\)/\1/p' "$log" | tail -n 1)
  passed=$((passed + ${total:-0} - ${bad:-0}))
  failed=$((failed + ${bad:-0}))
  # A run that failed without counting a failed test (nothing found, a crash of the runner) is a failure too.
  if [ $status -ne 0 ] && [ "${bad:-0}" = 0 ]; then failed=$((failed + 1)); fi
}

finish() {
  printf '%s' "$told"
  echo "$passed passed, $failed failed"
  [ "$failed" = 0 ]
  exit
}

build() {
  echo "== build $*"
  tools/build.sh "$@" || { failed=$((failed + 1)); finish; }
}

build release all
run_suite release release

build asan unit_tests
run_suite address+undefined asan -L 'unit|fuzz'

build tsan async_test http_test runtime_test queue_test selfprof_test
run_suite thread tsan -R '^unit/(async|http|runtime|queue|selfprof)$'

# Nothing passes them, but they have to be there when they are asked for.
build bench all

finish
