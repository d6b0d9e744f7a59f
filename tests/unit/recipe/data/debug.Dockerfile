FROM debian:12 AS build
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends gcc make && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/ldconfig/aux-cache /var/log/apt /var/log/dpkg.log /var/log/alternatives.log
WORKDIR /src

# What was built outside of this stage, with another toolchain perhaps, is not used.
RUN --network=none \
    --mount=type=cache,id=build:@id@,from=context,source=.,target=/src \
    [ -e .slipway-stage ] || { make clean >/dev/null 2>&1; : >.slipway-stage; }
RUN --network=none \
    --mount=type=cache,id=build:@id@,from=context,source=.,target=/src \
    make CFLAGS=-g

# Not every Makefile knows all three; what lands outside of DESTDIR is taken as well.
RUN --install \
    --network=none \
    --mount=type=cache,id=build:@id@,from=context,source=.,target=/src \
    make install DESTDIR=/slipway-install PREFIX=/usr/local prefix=/usr/local CFLAGS=-g

FROM scratch AS runtime
COPY --from=build \
    --installed=runtime,dev \
    --closure \
    --strip \
    --runtime-files \
    --destdir=/slipway-install \
    --only=hello \
    --entrypoint=hello \
    / /
COPY hello.conf /etc/
USER 65532:65532
ENTRYPOINT ["hello"]

FROM runtime AS debug
COPY --from=build \
    --installed=runtime,dev \
    --debug-files \
    --destdir=/slipway-install \
    --only=hello \
    / /
