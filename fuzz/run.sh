#!/usr/bin/env bash
# Runs fuzz targets under libFuzzer. Usage: fuzz/run.sh [--daemons] [SECONDS [TARGET…]]
#
# 60 s each, all targets; without --daemons those of the pure crates alone, which compile in a few minutes.
#
# What breaks a parser is kept as fuzz/found/TARGET-HASH; `cargo test --test town -- no_bytes` reads every file there from
# then on. The corpus lies outside the clone (NOTARYLOG_FUZZ_CORPUS, else the user's cache folder) and grows with each run.
# Needs a C++ compiler. The coverage instrumentation is LLVM's own and needs no nightly toolchain.
set -euo pipefail
cd "$(dirname "$0")"

features=()
files=(targets.rs)
if [ "${1:-}" = --daemons ]; then
  features=(--features daemons)
  files+=(daemon_targets.rs)
  shift
fi
seconds=${1:-60}
shift || true
cache="${XDG_CACHE_HOME:-$HOME/.cache}/notarylog"
corpus="${NOTARYLOG_FUZZ_CORPUS:-$cache/fuzz}"
# Its own folder: nothing else is built with these flags.
export CARGO_TARGET_DIR="${NOTARYLOG_FUZZ_TARGET_DIR:-$cache/fuzz-target}"
host=$(rustc -vV | sed -n 's/^host: //p')

# For the target alone, so that build scripts and macros stay as they are.
flags=(-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
  -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=16)
# The versions that the log itself is built with.
cp ../Cargo.lock Cargo.lock
RUSTFLAGS="${flags[*]}" cargo build --release --target "$host" "${features[@]}"
fuzz="$CARGO_TARGET_DIR/$host/release/fuzz"

targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
  mapfile -t targets < <(sed -n '/^pub const [A-Z_]*TARGETS/,/^];/s/^ *("\([a-z_]*\)".*/\1/p' "${files[@]}")
fi

# The texts of the vectors, and their bytes where they are hex or base64, are where the fuzzer begins.
seeds="$corpus/seeds"
mkdir -p "$seeds" found
python3 - "$seeds" <<'PYTHON'
import base64, binascii, hashlib, json, pathlib, sys
seeds = pathlib.Path(sys.argv[1])
def keep(data):
    if len(data) <= 65536:
        (seeds / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
def gather(value):
    if isinstance(value, str):
        keep(value.encode())
        for decode in (bytes.fromhex, lambda text: base64.b64decode(text, validate=True)):
            try:
                keep(decode(value))
            except (ValueError, binascii.Error):
                pass
    elif isinstance(value, list):
        for item in value:
            gather(item)
    elif isinstance(value, dict):
        keep(json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode())
        for item in value.values():
            gather(item)
for file in pathlib.Path("../tests/vectors").rglob("*.json"):
    gather(json.loads(file.read_text()))
PYTHON

broken=0
for target in "${targets[@]}"; do
  mkdir -p "$corpus/$target"
  printf '== %s\n' "$target"
  # Five seconds for one input, and 2 GiB, are far above what any parser may need.
  if ! FUZZ_TARGET=$target "$fuzz" -max_total_time="$seconds" -max_len=65536 -timeout=5 -rss_limit_mb=2048 \
    -print_final_stats=1 -artifact_prefix="found/$target-" "$corpus/$target" "$seeds" 2>"$corpus/$target.log"; then
    broken=1
    printf 'BROKEN: see %s\n' "$corpus/$target.log"
  fi
  grep -E '^stat::number_of_executed_units|cov: [0-9]+.*DONE' "$corpus/$target.log" | tail -2 || true
done
if [ "$broken" -ne 0 ]; then
  ls found
  exit 1
fi
