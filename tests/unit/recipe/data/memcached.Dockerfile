FROM ubuntu:24.04 AS build
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends gcc make libevent-dev && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/ldconfig/aux-cache /var/log/apt /var/log/dpkg.log /var/log/alternatives.log
WORKDIR /src
RUN --network=none \
    --mount=type=cache,id=build:@id@,from=context,source=.,target=/src \
    [ -e configure ] || autoreconf -fi

# A tree that was configured outside of this stage is configured anew, and what was built there is
# not used.
RUN --network=none \
    --mount=type=cache,id=build:@id@,from=context,source=.,target=/src \
    if [ ! -e .slipway-stage ] || [ ! -e config.status ] || [ configure -nt config.status ]; then ./configure --prefix=/usr/local --disable-docs && { [ -e .slipway-stage ] || make clean >/dev/null 2>&1; : >.slipway-stage; }; fi
RUN --network=none \
    --mount=type=cache,id=build:@id@,from=context,source=.,target=/src \
    make -j"$(nproc)"
RUN --test \
    --network=none \
    --mount=type=cache,id=build:@id@,from=context,source=.,target=/src \
    make -j"$(nproc)" check
RUN --install \
    --network=none \
    --mount=type=cache,id=build:@id@,from=context,source=.,target=/src \
    make install DESTDIR=/slipway-install

FROM scratch AS runtime
COPY --from=build \
    --installed=runtime \
    --closure \
    --strip \
    --runtime-files \
    --destdir=/slipway-install \
    --entrypoint=memcached \
    / /
LABEL org.opencontainers.image.vendor=Acme
USER memcache
ENTRYPOINT ["memcached", "-u", "nobody"]
CMD ["-m", "64"]
