ARG SUITE=12
ARG MODE=fast

FROM debian:$SUITE AS deps
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends make python3 && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/ldconfig/aux-cache /var/log/apt /var/log/dpkg.log /var/log/alternatives.log
ENV LANG=C.UTF-8
WORKDIR /work

# a note
RUN <<END
for i in 1 2; do
    echo $i
done

END
COPY . /work
USER nobody

FROM deps AS pages
ARG MODE
RUN make -C /work pages MODE=$MODE
RUN --mount=type=cache,target=/root/.cache ./render
COPY --from=deps /opt/tool /usr/bin/tool

FROM deps AS runtime
COPY --from=pages /work/out/ /srv/www/
COPY --chmod=0644 ["conf file", "nginx.conf", "a<<b", "/etc/"]
USER 65532:65532
ENTRYPOINT ["/bin/server"]
