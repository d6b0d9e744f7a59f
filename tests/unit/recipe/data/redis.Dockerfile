ARG VERSION=7.2

FROM host AS build
WORKDIR /src

# What was built outside of this stage, with another toolchain perhaps, is not used.
RUN --network=none \
    --mount=type=cache,id=build:@id@,from=context,source=.,target=/src \
    [ -e .slipway-stage ] || { make clean >/dev/null 2>&1; : >.slipway-stage; }
ENV MAKEFLAGS=-j2 CMAKE_BUILD_PARALLEL_LEVEL=2
RUN --network=none \
    --mount=type=cache,id=build:@id@,from=context,source=.,target=/src \
    make BUILD_TLS=yes USE_SYSTEMD=no; echo done

# Not every Makefile knows all three; what lands outside of DESTDIR is taken as well.
RUN --install \
    --network=none \
    --mount=type=cache,id=build:@id@,from=context,source=.,target=/src \
    make install DESTDIR=/slipway-install PREFIX=/usr/local prefix=/usr/local BUILD_TLS=yes USE_SYSTEMD=no

FROM scratch AS runtime
ARG VERSION
COPY --from=build \
    --installed=runtime \
    --closure \
    --strip \
    --runtime-files \
    --destdir=/slipway-install \
    --dlopen=libssl.so.* \
    --data=ca-certificates \
    --entrypoint=redis-server \
    / /
ENV PATH=/usr/local/bin:$PATH
ENV PRICE="5\$"
LABEL org.opencontainers.image.title="Redis \"7\""
LABEL org.opencontainers.image.version=$VERSION
EXPOSE 6379
VOLUME /data
STOPSIGNAL SIGTERM
HEALTHCHECK CMD ["redis-cli", "ping"]
USER 65532:65532
WORKDIR /data
ENTRYPOINT ["redis-server", "--protected-mode", "no"]
