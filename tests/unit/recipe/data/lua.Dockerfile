FROM rootfs:@top@/tests/unit/recipe/data/base.tar AS build
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends gcc make && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/ldconfig/aux-cache /var/log/apt /var/log/dpkg.log /var/log/alternatives.log
WORKDIR /src

# What was built outside of this stage, with another toolchain perhaps, is not used.
RUN --network=none \
    --mount=type=cache,id=build:@id@,from=context,source=.,target=/src \
    [ -e .slipway-stage ] || { make clean MYCFLAGS=-DNICE >/dev/null 2>&1; : >.slipway-stage; }
RUN --network=none \
    --mount=type=cache,id=build:@id@,from=context,source=.,target=/src \
    make -j"$(nproc)" MYCFLAGS=-DNICE linux
ENV UMASK=022
ENV DESTDIR=/slipway-install
RUN --install \
    --network=none \
    --mount=type=cache,id=build:@id@,from=context,source=.,target=/src \
    <<"EOF"
set -e; make install INSTALL_TOP=$DESTDIR/usr/local

# the manual, too
if [ -d doc ]; then
    cp -R doc $DESTDIR/usr/local/doc
fi
EOF

FROM debian:12 AS runtime
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends readline-common && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/ldconfig/aux-cache /var/log/apt /var/log/dpkg.log /var/log/alternatives.log
COPY --from=build \
    --installed=runtime,doc \
    --closure \
    --destdir=/slipway-install \
    --entrypoint=lua \
    / /
USER 65532:65532
ENTRYPOINT ["lua"]
