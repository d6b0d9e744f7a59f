FROM host AS build
WORKDIR @top@/tests/unit/recipe/data/cmake-project/build
RUN --install \
    --network=none \
    --mount=type=bind,source=.,target=@top@/tests/unit/recipe/data/cmake-project,rw \
    --mount=type=bind,from=build-tree,source=.,target=@top@/tests/unit/recipe/data/cmake-project/build,rw \
    DESTDIR=/slipway-install cmake --install @top@/tests/unit/recipe/data/cmake-project/build --config Release
RUN --install \
    --network=none \
    --mount=type=bind,source=.,target=@top@/tests/unit/recipe/data/cmake-project,rw \
    --mount=type=bind,from=build-tree,source=.,target=@top@/tests/unit/recipe/data/cmake-project/build,rw \
    <<"EOF"
set -e; set -- '@top@/tests/unit/recipe/data/cmake-project/build/extra tool' '/usr/libexec/extra tool'
while [ $# -gt 0 ]; do
    to=/slipway-install$2
    if [ -d "$1" ]; then
        mkdir -p "$to"
        cp -R "$1/." "$to/"
        chmod -R u=rwX,go=rX "$to"
    elif [ -x "$1" ]; then
        install -D -m 0755 "$1" "$to"
    else
        install -D -m 0644 "$1" "$to"
    fi
    shift 2
done
EOF

FROM scratch AS runtime
COPY --from=build \
    --installed=runtime \
    --closure \
    --strip \
    --runtime-files \
    --destdir=/slipway-install \
    --only="hello,libgreet.so.1,extra tool" \
    --entrypoint=hello \
    / /
USER 65532:65532
ENTRYPOINT ["hello"]
