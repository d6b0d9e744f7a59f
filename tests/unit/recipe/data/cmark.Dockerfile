FROM debian:12 AS build
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends gcc libc6-dev cmake ninja-build && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/ldconfig/aux-cache /var/log/apt /var/log/dpkg.log /var/log/alternatives.log
WORKDIR /build

# Ninja where it is installed; a build directory that has a generator keeps it.
RUN --network=none \
    --mount=type=bind,source=.,target=/src \
    --mount=type=cache,id=build:@id@,target=/build \
    if [ ! -f CMakeCache.txt ] && command -v ninja >/dev/null; then set -- -G Ninja; fi; cmake -S /src -B /build "$@" -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX=/usr -DCMARK_TESTS=OFF '-DCMAKE_C_FLAGS=-O2 -g' '-DCMAKE_INSTALL_RPATH=$ORIGIN/../lib'
RUN --network=none \
    --mount=type=bind,source=.,target=/src \
    --mount=type=cache,id=build:@id@,target=/build \
    cmake --build /build --parallel "$(nproc)" --config Release
RUN --test \
    --network=none \
    --mount=type=bind,source=.,target=/src \
    --mount=type=cache,id=build:@id@,target=/build \
    ctest --output-on-failure --parallel "$(nproc)" -C Release
RUN --install \
    --network=none \
    --mount=type=bind,source=.,target=/src \
    --mount=type=cache,id=build:@id@,target=/build \
    for component in bin lib; do DESTDIR=/slipway-install cmake --install /build --config Release --prefix /usr --component "$component" || exit; done

FROM scratch AS runtime
COPY --from=build \
    --installed=runtime \
    --closure \
    --strip \
    --runtime-files \
    --destdir=/slipway-install \
    --entrypoint=cmark \
    / /
USER 65532:65532
ENTRYPOINT ["cmark"]
