# `make demo` shows it, `make test` proves it, `make quick` proves some of it after each edit,
# `make check` keeps it clean.
.PHONY: arm64 opendal engine demo test quick check features bench bench-parts bench-scale first-scans packages soak sbom stores year

CARGO ?= cargo
FEATURES := s3 minio azure gcs file command kubernetes opendal inventory engine

demo:
	$(CARGO) run --example demo

# The whole suite, against real servers (installed on first use, outside the checkout). Most tests
# wait, for a scan or a server, so more of them run at once than there are cores. Those of a big
# bucket count requests, of which there are the more the later answers come: nothing runs beside.
TEST_THREADS ?= 6
test:
	tests/install.sh test >/dev/null
	RUST_TEST_THREADS=$(TEST_THREADS) $(CARGO) test --workspace -- --skip big::
	$(CARGO) test --workspace --test slow big::

# What asks no server: unit tests and tests/fast, which needs promtool alone. The alerts' scenarios are
# played in `make test`: each takes promtool through hours.
quick:
	tests/install.sh quick >/dev/null
	$(CARGO) test --workspace --exclude s3-exporter-testkit --lib --test fast -- --skip alerts::run --skip alerts::text

# Every store that there is a server of, the table of docs/backends.md by it, and a failure where a figure is
# wrong. UPDATE_GOLDEN=1 writes the table anew.
stores:
	tests/install.sh stores >/dev/null
	RUST_TEST_THREADS=2 $(CARGO) test --workspace --test stores -- --include-ignored --nocapture

# The plug-in that is off by default, against the servers that there are: rclone's, Swift and HDFS.
opendal:
	tests/install.sh opendal >/dev/null
	RUST_TEST_THREADS=$(TEST_THREADS) $(CARGO) test --workspace --features s3-exporter-opendal/opendal --test real

# Reports that an engine sums up, by a feature that is off by default: Ballista's scheduler and two executors, each a
# process of its own.
engine:
	tests/install.sh engine >/dev/null
	RUST_TEST_THREADS=1 $(CARGO) test --workspace --features s3-exporter/engine --test engine

# Everything at once for a while: prints what happened, and fails on one wrong figure or where
# memory grows. `make soak SOAK=1h` takes longer, `S3_EXPORTER_SOAK_SEED=N` repeats one.
SOAK ?= 10m
soak:
	tests/install.sh test >/dev/null
	$(CARGO) build --release --workspace
	S3_EXPORTER_SOAK=$(SOAK) S3_EXPORTER_SOAK_PROGRAM="$${CARGO_TARGET_DIR:-$(CURDIR)/target}/release/s3-exporter" \
		$(CARGO) test --workspace --test slow soak -- --nocapture

# What listing costs beside others; about twenty minutes once it is built. With BENCH_PROFILE=dist
# it is the program that users get, and takes some minutes more to build.
BENCH_PROFILE ?= release
bench:
	tests/install.sh bench >/dev/null
	$(CARGO) bench --profile $(BENCH_PROFILE) --workspace --bench listing

# Reports beside listings: CPU a million rows, and memory at ten and at a hundred million. Of a hundred million
# rows it takes some minutes, and 100 MB of disk. Reports on Ballista, which takes half an hour to compile the first time,
# by one executor and by two; `-- engine` behind the command is that alone. And one process of a fleet of 100,000
# destinations, twice for a quarter of an hour: it needs 8 GB of memory; `-- fleet` is that alone, SCALE_DESTINATIONS=5000
# SCALE_INTERVAL=60 a smaller one.
SCALE_MILLIONS ?= 10,100
bench-scale:
	tests/install.sh engine >/dev/null
	SCALE_MILLIONS=$(SCALE_MILLIONS) $(CARGO) bench --profile $(BENCH_PROFILE) --workspace --features s3-exporter/engine --bench scale

# The pure parts, with Criterion.
bench-parts:
	$(CARGO) bench --profile $(BENCH_PROFILE) --workspace --bench exposition --bench matching --bench read

# What first scans cost in a simulated store, by the layout of the keys: the slowest first, the worst of so many seeds.
# It takes minutes; FIRST_SCANS_PAGE=1000 has a million keys of each layout, and takes an hour.
FIRST_SCANS ?= 20
FIRST_SCANS_PAGE ?= 50
first-scans:
	S3_EXPORTER_FIRST_SCANS=$(FIRST_SCANS) S3_EXPORTER_FIRST_SCANS_PAGE=$(FIRST_SCANS_PAGE) \
		$(CARGO) test --release -p s3-exporter-listing --test first_scan -- --exact table --nocapture

# A year of a thousand clusters before the judge, with a scan each hour: the tests scan each six.
year:
	S3_EXPORTER_YEAR=1h $(CARGO) test --release -p s3-exporter-judge --test corpus -- --exact year

check: features
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings -A rustdoc::private-intra-doc-links" $(CARGO) doc --workspace --no-deps --document-private-items
	PATH="$$(tests/install.sh check):$$PATH" tests/deny.sh
	PATH="$$(tests/install.sh check):$$PATH" $(CARGO) machete
	PATH="$$(tests/install.sh check):$$PATH" tests/deploy.sh
	$(MAKE) sbom

# What the program is made of, for scanners: CycloneDX as JSON.
sbom:
	PATH="$$(tests/install.sh check):$$PATH" tests/sbom.sh target/sbom/s3-exporter.cdx.json

# What a release has for this machine's architecture: the program, a Debian and an RPM package.
packages:
	$(CARGO) build --profile dist --locked --bin s3-exporter
	PATH="$$(tests/install.sh packages):$$PATH" deploy/packages/build.sh \
		"$${CARGO_TARGET_DIR:-$(CURDIR)/target}/dist/s3-exporter" target/packages

# The program for arm64, compiled as for the image, and the image's tests with it, in qemu (as root, on
# Debian or Ubuntu). All crates are compiled for it.
arm64:
	tests/install.sh arm64 >/dev/null
	S3_EXPORTER_ARM64=$$(tests/arm64.sh) $(CARGO) test --workspace --test servers packages::image

# Each feature builds alone and passes its unit tests alone.
features:
	tests/features.sh $(FEATURES) none
