//! `--config.auto-reload`: the configuration's file is looked at, and whoever puts it into effect is
//! told when it has changed.

use std::time::Duration;

use s3_exporter_config::WatchedFiles;
use tokio::sync::mpsc;

/// After a change it is looked at again so soon, to see whether it is still being written.
const SETTLE: Duration = Duration::from_secs(1);

/// Looks at the files so often, and gives a word for each change, once two looks in a row find the
/// same: one that is being written is not read. A change that comes while an earlier one waits is told
/// with that.
pub fn follow(files: WatchedFiles, interval: Duration) -> mpsc::Receiver<()> {
    let (tell, told) = mpsc::channel(1);
    tokio::spawn(watch(files, interval, tell));
    told
}

async fn watch(mut files: WatchedFiles, interval: Duration, tell: mpsc::Sender<()>) {
    let mut is_changing = false;
    while !tell.is_closed() {
        let pause = match is_changing {
            true => interval.min(SETTLE),
            false => interval,
        };
        tokio::time::sleep(pause).await;
        // A file system that is silent holds a thread of those for it, and nobody else.
        let look = tokio::task::spawn_blocking(move || {
            let has_changed = files.changed();
            (files, has_changed)
        });
        let has_changed;
        (files, has_changed) = match look.await {
            Ok(found) => found,
            Err(error) => {
                tracing::error!(
                    error = error.to_string(),
                    "the configuration is not followed any more: this is a fault of s3-exporter; \
                     a SIGHUP still has it read again"
                );
                return;
            }
        };
        if is_changing && !has_changed {
            let _ = tell.try_send(()); // full: the reload that waits reads this change too
        }
        is_changing = has_changed;
    }
}
