# syntax=docker/dockerfile:1
ARG BASE=alpine TAG="3.\$x"
ARG UNSET
# what it stands on
FROM --platform=$BUILDPLATFORM ${BASE}:${UNSET:-1} AS first
ARG UNSET
ENV A="b c" D=e\ f
RUN <<EOF
set -e

  echo "$A"
; # not INI's comment
[not a section]
EOF
COPY <<"TEXT" /x
key = value $A
TEXT
SHELL ["/bin/bash", "-c"]

FROM scratch
COPY --from=0 --chown=1:2 --chmod=0644 ["a b", "/c d/"]
COPY --from=first /x /
HEALTHCHECK --interval=3s CMD ["x", "y"]
ONBUILD RUN z

FROM first AS runtime
# a remark
RUN a && \
    b
COPY --from=1 /x /y
LABEL x="y" z='$A'
USER 1:2
ENTRYPOINT exec top
