# Every keyword reaches the recipe, with the values as they were meant.
touch "$src/demo.conf"
echo 'int main(void) { return 0; }' >"$src/main.c"
project <<'END'
add_executable(demo main.c)
install(TARGETS demo)
add_container_image(demo-image NAME acme/demo TAGS 1 "$<IF:$<CONFIG:Release>,fast,slow>"
  TARGETS demo FILES demo.conf DESTINATION /etc CLASSES runtime doc PREFIX /opt/demo
  TOOLCHAIN debian PACKAGES gcc libc6-dev NETWORK host TEST_GATE ON
  BASE debian:12 RUNTIME_PACKAGES ca-certificates DLOPEN "libssl.so.*" libz.so.1 DATA tzdata
  STRICT ACKNOWLEDGE /bin/sh locales CLASS_OF doc /opt/demo/x/* *.txt none *-test
  ENTRYPOINT demo "a b" "say \"hi\"" "back\\slash" CMD --verbose "x;y"
  USER 10:10 WORKDIR /srv ENV "A=x y" "Q=say \"hi\"" "S=a;b" EXPOSE 80 53/udp 7000-7010
  VOLUMES /data "/my data" STOPSIGNAL SIGUSR1 HEALTHCHECK demo --check
  LABELS "title=A demo" ANNOTATIONS org.example.key=value SBOM cyclonedx ARGS FLAVOUR=pro "WORDS=a b=c")
END
configure
builds 1 demo-image
if is_multi; then config='config = Debug' configuration=Debug; else config= configuration=Release; fi
same "$out/demo-image.slipway" <<END
# Written by CMake for demo-image of @SRC@; changes are lost.
[image]
name = acme/demo
tags = 1 slow
entrypoint = ["demo", "a b", "say \"hi\"", "back\\\\slash"]
cmd = ["--verbose", "x;y"]
user = 10:10
workdir = /srv
env =
    A=x y
    Q="say \\"hi\\""
    S=a;b
expose = 80 53/udp 7000-7010
volumes = /data '/my data'
stopsignal = SIGUSR1
healthcheck = ["demo", "--check"]
title = Demo
version = 1.2
labels =
    title=A demo
annotations =
    org.example.key=value
sbom = cyclonedx

[toolchain]
use = debian
packages = gcc libc6-dev
network = host

[runtime]
base = debian:12
packages = ca-certificates
classes = runtime doc
dlopen = 'libssl.so.*' libz.so.1
data = tzdata
strict = yes
acknowledge = /bin/sh locales

[classes]
doc = '/opt/demo/x/*' '*.txt'
none = '*-test'

[args]
FLAVOUR = pro
WORDS = a b=c

[build]
system = cmake
source = @SRC@
options = -DSLIPWAY_STAGE=ON
test = yes
${config}
prefix = /opt/demo
install =
    put() ( find "\$DESTDIR" -name "\$1" | grep -q . || ( mkdir -p "\$DESTDIR\$2" && cp -P "\$(find . -name "\$1" ! -path '*/CMakeFiles/*' | head -n 1)" "\$DESTDIR\$2/" ) )
    cmake --install . --config $configuration --prefix /opt/demo
    put demo /opt/demo/bin
only = demo
files =
    @SRC@/demo.conf:/etc/demo.conf
END
nothing demo-image
