//! What the S3 backend does beyond the conformance suite.

s3_exporter_testkit::plugin_cases!(s3_exporter_s3::PLUGIN);
