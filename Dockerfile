# The binary is where Kubermatic's charts expect it; the user is a number, so that
# `runAsNonRoot` can check it.
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
ARG REVISION=unknown
RUN S3_EXPORTER_REVISION="$REVISION" cargo build --release --locked --bin s3-exporter

FROM debian:bookworm-slim
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /src/target/release/s3-exporter /usr/local/bin/s3-exporter
USER 65534:65534
EXPOSE 9340
ENTRYPOINT ["s3-exporter"]
