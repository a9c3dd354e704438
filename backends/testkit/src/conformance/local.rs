use std::any::Any;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use figment::value::Dict;
use s3_exporter_api::async_trait;
use tempfile::TempDir;

use super::fixtures::{connect_by, new_bucket};
use super::{Access, BackendPlugin, Connection, Fixture, Need};
use crate::{Upload, tool, values};

/// A plug-in over folders of this machine: its own, or those that `rclone` lists.
pub struct LocalFixture {
    plugin: BackendPlugin,
    folder: TempDir,
    by_rclone: bool,
}

impl LocalFixture {
    /// Folders themselves.
    pub fn folders(plugin: BackendPlugin) -> Self {
        Self {
            plugin,
            folder: crate::process::data_folder(),
            by_rclone: false,
        }
    }

    /// What `rclone` lists of them.
    pub fn rclone(plugin: BackendPlugin) -> Self {
        Self {
            by_rclone: true,
            ..Self::folders(plugin)
        }
    }

    fn section(&self) -> Dict {
        match self.by_rclone {
            true => values(&format!(
                "program = {:?}\nformat = \"rclone-lsf\"\nenvironment = {{ RCLONE_CONFIG = \"/dev/null\" }}\n\
                 arguments = [\"lsf\", \"--recursive\", \"--files-only\", \"--format\", \"pst\", \"{{bucket}}\"]",
                tool("rclone")
            )),
            false => Dict::new(),
        }
    }

    fn put(&self, bucket: &Path, upload: &Upload) -> Result<(), String> {
        let told = |cause| format!("{:?}: {cause}", upload.key);
        if let Some(class) = upload
            .storage_class
            .as_deref()
            .filter(|of| *of != "STANDARD")
        {
            return Err(format!("no way to keep {:?} as {class}", upload.key));
        }
        let millis = upload.last_modified.map(|time| time.as_millis());
        if self.by_rclone && millis.is_some_and(|millis| millis % 1000 != 0) {
            return Err(format!("no way to tell the time of {upload:?}"));
        }
        let path = bucket.join(&upload.key);
        fs::create_dir_all(path.parent().unwrap_or(bucket)).map_err(told)?;
        let file = File::create(path).map_err(told)?;
        file.set_len(upload.size).map_err(told)?;
        if let Some(millis) = millis.and_then(|millis| u64::try_from(millis).ok()) {
            let time = UNIX_EPOCH + Duration::from_millis(millis);
            file.set_modified(time).map_err(told)?;
        }
        Ok(())
    }
}

#[async_trait]
impl Fixture for LocalFixture {
    fn lacks(&self) -> &[(Need, &'static str)] {
        const FOLDERS: [(Need, &str); 4] = [
            (Need::ByteOrder, "folders are in no order"),
            (Need::SortedFolders, "folders are in no order"),
            (Need::LongComponents, "names have 255 bytes at most"),
            (Need::ColdClasses, "files are of no class"),
        ];
        const RCLONE: [(Need, &str); 6] = [
            FOLDERS[0],
            FOLDERS[1],
            FOLDERS[2],
            FOLDERS[3],
            (
                Need::AnyCharacter,
                "rclone shows others in place of control characters",
            ),
            (Need::SetTime, "rclone lsf tells whole seconds"),
        ];
        match self.by_rclone {
            true => &RCLONE,
            false => &FOLDERS,
        }
    }

    async fn fill(&self, uploads: &[Upload]) -> Result<String, String> {
        let bucket = self.folder.path().join(new_bucket());
        fs::create_dir(&bucket).map_err(|cause| cause.to_string())?;
        if !self.by_rclone {
            // An empty folder looks as if its disk was not mounted.
            File::create(bucket.join(".mounted")).map_err(|cause| cause.to_string())?;
        }
        for upload in uploads {
            self.put(&bucket, upload)?;
        }
        Ok(bucket.to_string_lossy().into_owned())
    }

    async fn connect(&self, access: Access) -> Connection {
        let keep: Box<dyn Any + Send + Sync> = match access {
            Access::Full => Box::new(()),
            Access::Denied => Box::new(Closed::new(self.folder.path())),
            _ => panic!("{access:?}: no network and no login is between"),
        };
        let backend = connect_by(&self.plugin, self.section()).await;
        Connection {
            backend: backend.unwrap_or_else(|error| panic!("connecting: {error:?}")),
            faults: None,
            keep,
        }
    }

    fn secrets(&self) -> &[&str] {
        &[]
    }
}

/// A folder that nobody may read or enter, until this is dropped.
struct Closed(PathBuf);

impl Closed {
    fn new(folder: &Path) -> Self {
        fs::set_permissions(folder, Permissions::from_mode(0o000)).unwrap();
        Self(folder.to_owned())
    }
}

impl Drop for Closed {
    fn drop(&mut self) {
        let _ = fs::set_permissions(&self.0, Permissions::from_mode(0o700)); // or it stays behind
    }
}
