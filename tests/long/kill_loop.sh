#!/bin/sh
# kill_loop.sh SLIPWAY [ROUNDS] [SEED] - SIGKILL at a random moment must cost nothing but time.
#
# Each round starts a build, kills the slipway process alone (not its group), and then demands:
# within two seconds no process and no mount of it is left; the same build succeeds and gives the
# digest of an undisturbed one; the store verifies clean and holds no litter.
set -eu

[ $# -ge 1 ] || { echo "usage: $0 SLIPWAY [ROUNDS] [SEED]" >&2; exit 2; }
binary=$1 rounds=${2:-10} seed=${3:-$$}

# Mounts are counted, so nobody else's may come and go meanwhile. Only root gets a mount namespace
# without a user namespace, which would change what is tested; others count what names our files.
if [ "$(id -u)" = 0 ] && [ -z "${KILL_LOOP_ALONE:-}" ] && unshare --mount true 2>/dev/null; then
  KILL_LOOP_ALONE=1 exec unshare --mount --propagation private "$0" "$@"
fi

dir=$(mktemp -d "${TMPDIR:-/tmp}/slipway-kill-XXXXXX")
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM

# A name of its own tells our processes from those of other builds on this machine, also where
# they did not exec after fork; the steps' processes carry the mark in their environment.
mark=sk$$
cp "$binary" "$dir/$mark"
slipway=$dir/$mark
export SLIPWAY_STORE="$dir/store" SOURCE_DATE_EPOCH=0 KILL_LOOP_MARK="$mark"

mkdir "$dir/context"
i=0
while [ $i -lt 50 ]; do
  echo "file $i" >"$dir/context/$i.txt"
  i=$((i + 1))
done
cat >"$dir/Dockerfile" <<EOF
FROM host AS build
ARG ROUND
ENV KILL_LOOP_MARK=$mark
RUN : \$ROUND; mkdir /made && seq 1 200 | while read n; do echo \$n >/made/\$n; done
COPY . /made/in
RUN --mount=type=cache,target=/kept : \$ROUND; date >>/kept/log; (sleep 60 &) ; sleep 0.1; chmod 0711 /made/in
RUN : \$ROUND; rm /made/[1-9]; ln /made/10 /made/ten; ln -s ten /made/link; sleep 0.1
FROM scratch
COPY --from=build /made /made
EOF

build() { # ROUND
  "$slipway" build -f "$dir/Dockerfile" --progress plain --build-arg "ROUND=$1" \
    -t kill:loop -o "type=oci,dest=$dir/out.oci" --iidfile "$dir/iid" "$dir/context" \
    >"$dir/stdout" 2>"$dir/stderr"
}

fail() {
  echo "kill_loop: round $round (seed $seed, killed after ${after:-0} s): $*" >&2
  sed 's/^/  | /' "$dir/stderr" >&2
  exit 1
}

mounts() {
  if [ -n "${KILL_LOOP_ALONE:-}" ]; then
    grep -c . /proc/self/mountinfo
  else
    grep -c "$dir" /proc/self/mountinfo || true
  fi
}

ours() { # the processes that are left, zombies not counted
  { grep -lx "$mark" /proc/[0-9]*/comm
    grep -lzx "KILL_LOOP_MARK=$mark" /proc/[0-9]*/environ; } 2>/dev/null |
    while IFS=/ read -r _ _ p _; do
      grep -q '^State:.[^Z]' "/proc/$p/status" 2>/dev/null && echo "$p" || true
    done
}

step_seed() { # the same row of moments for a seed
  seed_now=$(((seed_now * 1103515245 + 12345) % 2147483648))
}

now() { date +%s.%N; }

round=0 after=0 seed_now=$seed
start=$(now)
rc=0
build reference || rc=$?
if [ $rc -eq 3 ]; then
  echo "kill_loop: skipped: $(tail -n 2 "$dir/stderr" | tr '\n' ' ')" >&2
  exit 77
fi
[ $rc -eq 0 ] || fail "the undisturbed build failed with $rc"
whole=$(echo "$(now) $start" | awk '{ print $1 - $2 }')
want=$(cat "$dir/iid")
mounts=$(mounts)
echo "undisturbed: $whole s, $want"

unset KILL_LOOP_MARK # what the search itself starts must not carry it

# A search that finds nothing proves nothing unless it can find something.
export KILL_LOOP_MARK="$mark"
build search &
pid=$!
unset KILL_LOOP_MARK
found=
while [ -z "$found" ] && kill -0 $pid 2>/dev/null; do
  found=$(ours)
done
wait $pid || fail "the watched build failed"
[ -n "$found" ] || fail "the search for processes does not see a running build"

hit=0
while [ $round -lt "$rounds" ]; do
  round=$((round + 1))
  [ $((round % 10)) -ne 0 ] || rm -rf "$SLIPWAY_STORE" # also a store that is only being made
  step_seed
  after=$(echo "$seed_now $whole" | awk '{ printf "%.3f", $1 / 2147483648 * $2 * 1.2 }')
  export KILL_LOOP_MARK="$mark"
  build "$round" &
  pid=$!
  unset KILL_LOOP_MARK
  sleep "$after"
  # $pid is a subshell of ours; slipway is its only child.
  child=$(cat "/proc/$pid/task/$pid/children" 2>/dev/null || true)
  if [ -n "$child" ] && kill -KILL "$child" 2>/dev/null; then
    hit=$((hit + 1))
  fi
  wait "$pid" 2>/dev/null || true

  tries=0
  while left=$(ours | tr '\n' ' ') && [ -n "$left" ]; do
    tries=$((tries + 1))
    [ $tries -le 20 ] || fail "processes are left: $(ps -o pid,ppid,stat,args -p "$(echo $left | tr ' ' ,)")"
    sleep 0.1
  done
  [ "$(mounts)" = "$mounts" ] || fail "a mount is left"

  build "$round" || fail "the next build failed"
  [ "$(cat "$dir/iid")" = "$want" ] || fail "the digest is $(cat "$dir/iid"), not $want"
  "$slipway" verify --store >"$dir/stdout" 2>"$dir/stderr" ||
    fail "the store does not verify: $(cat "$dir/stdout")"
  litter=$(ls -A "$SLIPWAY_STORE/run" "$SLIPWAY_STORE/ingest" | grep -v -e '^$' -e ':$' || true)
  [ -z "$litter" ] || fail "litter in the store: $litter"
done
echo "$rounds rounds, $hit builds killed in the middle: every digest the same, nothing left"
