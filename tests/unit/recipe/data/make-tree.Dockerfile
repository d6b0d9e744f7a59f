FROM host AS build
WORKDIR @top@/tests/unit/recipe/data/make-project

# Not every Makefile knows all three; what lands outside of DESTDIR is taken as well.
RUN --install \
    --network=none \
    --mount=type=bind,source=.,target=@top@/tests/unit/recipe/data/make-project,rw \
    make install DESTDIR=/slipway-install PREFIX=/usr prefix=/usr V=1

FROM scratch AS runtime
COPY --from=build \
    --installed=runtime \
    --closure \
    --strip \
    --runtime-files \
    --destdir=/slipway-install \
    / /
USER 65532:65532
