FROM golang:1.22 AS build
COPY . /src
WORKDIR /src
RUN go build -o /tmp/app .
ENV DESTDIR=/slipway-install
RUN --install install -D /tmp/app $DESTDIR/usr/bin/app

FROM scratch AS runtime
COPY --from=build \
    --installed=runtime \
    --closure \
    --strip \
    --runtime-files \
    --destdir=/slipway-install \
    / /
USER 65532:65532
