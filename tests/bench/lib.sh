# lib.sh - what the benchmarks share. Sourced, with `set -eu`.
#
#   SLIPWAY            the program to measure [the newest build/*/bin/slipway of this tree]
#   SLIPWAY_BENCH_DIR  downloads and stores are kept here [~/.cache/slipway-bench]

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
bench=${SLIPWAY_BENCH_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/slipway-bench}
slipway=${SLIPWAY:-$(ls -t "$root"/build/*/bin/slipway 2>/dev/null | head -n 1)}
[ -x "$slipway" ] || { echo "$0: no slipway; build it or set SLIPWAY" >&2; exit 2; }
mkdir -p "$bench"
work=$(mktemp -d "$bench/run-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
"${CC:-cc}" -O2 -D_GNU_SOURCE "$here/measure.c" -o "$work/measure"
export SLIPWAY_STORE="$bench/store" SOURCE_DATE_EPOCH=0

# measure NAME COMMAND... - one more line in $work/NAME; shows what the command said if it fails.
measure() {
  name=$1
  shift
  "$work/measure" "$work/$name" "$@" >"$work/log" 2>&1 || {
    echo "$0: failed ($?): $*" >&2
    cat "$work/log" >&2
    exit 1
  }
}

# median NAME [COLUMN] - of that column of $work/NAME.
median() {
  sort -n -k "${2:-1},${2:-1}" "$work/$1" | awk -v c="${2:-1}" '{ v[NR] = $c }
    END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

highest() { sort -n -k "$2,$2" "$work/$1" | awk -v c="$2" 'END { print $c }'; }

# The Debian with a compiler that all tools build on.
need_base() {
  [ -e "$bench/base.tar" ] || {
    echo "making the base with mmdebstrap ..." >&2
    mmdebstrap --quiet --format=tar --variant=apt --include=gcc,g++,cmake,ninja-build bookworm \
      "$bench/base.tar.part"
    mv "$bench/base.tar.part" "$bench/base.tar"
  }
}

# A storage of its own. A program, not a function, so that it can be measured.
mkdir "$work/bin"
if real=$(command -v buildah); then
  cat >"$work/bin/buildah" <<EOF
#!/bin/sh
exec "$real" --root "$bench/buildah" --runroot "$bench/buildah-run" --storage-driver overlay "\$@"
EOF
  chmod +x "$work/bin/buildah"
fi
PATH=$work/bin:$PATH

need_buildah_base() {
  buildah inspect --type image localhost/bench-base >/dev/null 2>&1 || {
    echo "importing the base into buildah ..." >&2
    c=$(buildah from scratch)
    buildah add -q "$c" "$bench/base.tar" / >/dev/null
    buildah commit -q "$c" localhost/bench-base >/dev/null
    buildah rm "$c" >/dev/null
  }
}
