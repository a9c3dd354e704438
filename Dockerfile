# The binary is where Kubermatic's charts expect it; the user is a number, so that
# `runAsNonRoot` can check it.
FROM rust:1.95.0-bookworm AS build
# The image has this compiler. Without the variable rust-toolchain.toml would have rustup
# download the tools of developers too.
ENV RUSTUP_TOOLCHAIN=1.95.0
WORKDIR /src
COPY . .
ARG REVISION=unknown
RUN S3_EXPORTER_REVISION="$REVISION" cargo build --profile dist --locked --bin s3-exporter

FROM debian:bookworm-slim
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /src/target/dist/s3-exporter /usr/local/bin/s3-exporter
# One arena for all threads: a tenth less memory while scanning, at the same CPU
# (docs/performance.md).
ENV MALLOC_ARENA_MAX=1
USER 65534:65534
EXPOSE 9340
ENTRYPOINT ["s3-exporter"]
