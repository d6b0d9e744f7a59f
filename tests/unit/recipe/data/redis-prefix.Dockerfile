FROM host AS build
WORKDIR /src

# What was built outside of this stage, with another toolchain perhaps, is not used.
RUN --network=none \
    --mount=type=cache,id=build:@id@,from=context,source=.,target=/src \
    [ -e .slipway-stage ] || { make clean >/dev/null 2>&1; : >.slipway-stage; }
RUN --network=none \
    --mount=type=cache,id=build:@id@,from=context,source=.,target=/src \
    make BUILD_TLS=yes CFLAGS='-O2 -g'
ENV DESTDIR=/slipway-install

# An install that does not know how the project was built would build it again, another way.
ENV MAKEFLAGS="-- BUILD_TLS=yes CFLAGS=-O2\\ -g"
RUN --install \
    --network=none \
    --mount=type=cache,id=build:@id@,from=context,source=.,target=/src \
    make install PREFIX=/usr

FROM scratch AS runtime
COPY --from=build \
    --installed=runtime \
    --closure \
    --strip \
    --runtime-files \
    --destdir=/slipway-install \
    / /
USER 65532:65532
