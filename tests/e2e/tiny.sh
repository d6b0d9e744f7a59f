# tiny.sh - sourced by cases: makes the directory root/, a base of one static program.
#   FROM rootfs:root
busybox=$(command -v busybox) && ! ldd "$busybox" >/dev/null 2>&1 || {
    echo "SKIPPED: there is no static busybox" >&2
    exit 77
}
mkdir -p root/bin root/etc
cp "$busybox" root/bin/busybox
for applet in sh ls sort cat true false echo stat touch mkdir rm mv ln sleep date id chmod find grep wc cp readlink chown; do
    ln -s busybox root/bin/$applet
done
