use std::fmt::Display;
use std::fs::File;
use std::net::TcpListener;

/// A free port on 127.0.0.1, ours until dropped, so that a server can be stopped and
/// started again on it. It lies below the ports that the system hands to clients, and a
/// lock file keeps the other test processes off.
#[derive(Debug)]
pub struct Port {
    number: u16,
    _lock: File,
}

impl Port {
    /// Takes a port.
    ///
    /// # Panics
    /// When there is none, or the folder for temporary files can't be written.
    pub fn take() -> Self {
        let folder = std::env::temp_dir().join("s3-exporter-test-ports");
        std::fs::create_dir_all(&folder)
            .unwrap_or_else(|error| panic!("making the folder {}: {error}", folder.display()));
        for _ in 0..1000 {
            let number = fastrand::u16(11_000..32_000);
            let path = folder.join(number.to_string());
            let lock = File::create(&path)
                .unwrap_or_else(|error| panic!("making the lock {}: {error}", path.display()));
            if lock.try_lock().is_ok() && TcpListener::bind(("127.0.0.1", number)).is_ok() {
                return Self {
                    number,
                    _lock: lock,
                };
            }
        }
        panic!("1000 ports tried and none free on 127.0.0.1");
    }

    /// Its number.
    pub const fn number(&self) -> u16 {
        self.number
    }
}

impl Display for Port {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.number.fmt(f)
    }
}
