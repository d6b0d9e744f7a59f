# The helper gets the jobserver's file descriptors.
makefile <<'END'
IMAGE := prog
all: ; @:
include
END
cat >../helper <<'END'
#!/bin/sh
fds=$(printf '%s' "$MAKEFLAGS" | sed -n 's/.*--jobserver-auth=\([0-9]*\),\([0-9]*\).*/\1 \2/p')
for fd in $fds; do [ -e "/proc/self/fd/$fd" ] || exit 9; done
[ -n "$fds" ] || case $MAKEFLAGS in *fifo:*) ;; *) exit 8 ;; esac
END
chmod +x ../helper
mk -j3 image SLIPWAY="$work/helper"
# Other goals are made first, not at the same time.
makefile <<'END'
IMAGE := prog
prog: ; sleep 0.2; test ! -e prog; touch prog
clean: ; rm -f prog
include
END
mk -j4 prog image
calls 1
mk -j4 clean image
calls 1
