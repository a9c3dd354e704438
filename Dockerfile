# Pinned by digest, of the index of all architectures; .github/dependabot.yml moves the digests on.
#
# It is cross-compiled on the machine that builds (TARGETARCH: amd64, arm64), so nothing is emulated:
#   docker buildx build --platform linux/amd64,linux/arm64 .
FROM --platform=$BUILDPLATFORM rust:1.95.0-bookworm@sha256:6258907abe69656e41cd992e0b705cdcfabcbbe3db374f92ed2d47121282d4a1 AS tools
# The image has this compiler. Without the variable rust-toolchain.toml would have rustup
# download the tools of developers too.
ENV RUSTUP_TOOLCHAIN=1.95.0
RUN cargo install cargo-chef --locked --version 0.1.78
WORKDIR /src
ARG TARGETARCH
COPY deploy/image/target.sh /usr/local/bin/target.sh
RUN target.sh install

# What is built of others' crates: it changes with Cargo.lock and the manifests alone.
FROM tools AS recipe
COPY . .
RUN cargo chef prepare --bin s3-exporter --recipe-path recipe.json

FROM tools AS build
COPY --from=recipe /src/recipe.json recipe.json
RUN target.sh cargo chef cook --profile dist --locked --bin s3-exporter --recipe-path recipe.json
COPY . .
ARG REVISION=unknown
RUN S3_EXPORTER_REVISION="$REVISION" target.sh cargo build --profile dist --locked --bin s3-exporter
RUN mkdir out && cp "target/$(target.sh name)/dist/s3-exporter" out/

# glibc, libgcc and the certificates of public authorities, and no shell. A test runs the exporter
# with exactly those (tests/servers/packages/image.rs).
FROM gcr.io/distroless/cc-debian12:nonroot@sha256:9dac0a79194e45a7da0158a9c6da57b217585af0786db3845d1f0ec1a0dd182f
ARG REVISION=unknown
ARG VERSION=unknown
LABEL org.opencontainers.image.title="s3-exporter"
LABEL org.opencontainers.image.description="Prometheus exporter for object storage that holds backups"
LABEL org.opencontainers.image.licenses="Apache-2.0"
LABEL org.opencontainers.image.base.name="gcr.io/distroless/cc-debian12:nonroot"
LABEL org.opencontainers.image.version="$VERSION"
LABEL org.opencontainers.image.revision="$REVISION"
# The binary is where Kubermatic's charts expect it.
COPY --from=build /src/out/s3-exporter /usr/local/bin/s3-exporter
# config.toml is found here without a flag, by the health check too.
WORKDIR /etc/s3-exporter
# A number, so that `runAsNonRoot` can check it.
USER 65534:65534
EXPOSE 9340
HEALTHCHECK --interval=30s --timeout=10s --start-period=15s CMD ["s3-exporter", "healthcheck"]
ENTRYPOINT ["s3-exporter"]
