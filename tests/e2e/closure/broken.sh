# broken.sh - sourced by cases: broken NAME [KEY = VALUE]... makes an image of tool, which links to
# libfrob.so.3, in a small root file system (root/) of a static busybox and this machine's C library,
# and shows how that fails. What a case does to root/ and tool before makes it fail.
. "$CASE/../../tiny.sh"
ln -s busybox root/bin/dirname
cat >root/bin/install <<'EOT' # busybox may come without
#!/bin/sh
while [ $# -gt 2 ]; do shift; done
mkdir -p "$(dirname "$2")" && cp "$1" "$2"
EOT
chmod +x root/bin/install
command -v cc >/dev/null || { echo "SKIPPED: no C compiler" >&2; exit 77; }
echo 'int frob(void) { return 0; }' >frob.c
echo 'int frob(void); int main(void) { return frob(); }' >main.c

# library PATH [ARG...]
library() {
    mkdir -p "$(dirname "$1")"
    path=$1
    shift
    cc -shared -fPIC -nostdlib -o "$path" -Wl,-soname,libfrob.so.3 frob.c "$@"
}
# program ARG... - links tool, by default with a library that stays here
program() {
    [ -e here/libfrob.so.3 ] || library here/libfrob.so.3
    cc -o tool main.c "${@:-here/libfrob.so.3}"
}
program
for file in $(ldd ./tool | sed -n 's|.*[ 	]\(/[^ ]*\) (.*|\1|p'); do
    mkdir -p "root$(dirname "$file")"
    cp -L "$file" "root$file"
done

broken() {
    echo "== $1" >&2
    shift
    cat >tool.slipway <<RECIPE
[image]
name = tool
entrypoint = tool
[toolchain]
use = rootfs:root
[build]
system = none
files =
    tool:/usr/bin/tool
[runtime]
$(for setting; do echo "$setting"; done)
RECIPE
    slipway build -f tool.slipway && exit 9
    rm -rf root/opt root/usr/lib root/usr/lib64
}
