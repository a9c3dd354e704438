//! What every service with folders is.

use std::path::Path;
use std::sync::Arc;

use s3_exporter_api::{Backend, FailureKind};
use s3_exporter_testkit::Upload;

use crate::{list, put};

/// Files in folders, of which some are odd.
pub fn files() -> Vec<(String, u64)> {
    let keys = [
        "a",
        "d/a",
        "d/b c",
        "d/e/f/g",
        "d/#?%20&+",
        "d-x",
        "d/\u{e9}",
        "D/a",
        "d/.hidden",
    ];
    let mut files: Vec<_> = keys.map(str::to_owned).into_iter().zip(1..).collect();
    files.sort();
    files
}

/// Makes them in a folder of this machine.
pub fn fill(folder: &Path) {
    for (key, size) in files() {
        put(folder, &Upload::new(key, size)).unwrap();
    }
    std::fs::create_dir_all(folder.join("empty/in/it")).unwrap();
}

/// They are listed where they were made.
pub async fn are_listed(backend: &Arc<dyn Backend>, bucket: &str) {
    for prefix in [
        "", "d", "d/", "d/e", "d/e/", "d/e/f/g", "d/b c", "empty/", "none/", "no", "a/",
    ] {
        let (listed, attempts) = list(backend, bucket, prefix).await;
        let wanted: Vec<_> = files()
            .into_iter()
            .filter(|(key, _)| key.starts_with(prefix))
            .collect();
        assert_eq!(listed.unwrap(), wanted, "under {prefix:?}");
        assert_ne!(attempts, 0, "under {prefix:?}");
    }
    // A file is no bucket, either.
    for name in ["missing", "a"] {
        let (listed, attempts) = list(backend, &format!("{bucket}/{name}"), "").await;
        let error = listed.unwrap_err();
        assert_eq!(error.kind(), FailureKind::NotFound, "{error}");
        assert!(error.to_string().contains(name), "{error}");
        assert_eq!(attempts, 1);
    }
}
