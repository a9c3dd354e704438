//! A program that was built without Kubernetes: its configuration has no lease.

use super::election::Election;
use crate::fleet::Lease;

/// Nobody ever holds it.
pub(super) struct Holder;

impl Holder {
    pub fn new(_: Lease) -> Self {
        Self
    }

    pub async fn ask(&mut self, _: &mut Election) -> Result<(), String> {
        Err("this program was built without Kubernetes".to_owned())
    }

    pub async fn give_back(&mut self, _: &str) -> Result<(), String> {
        Ok(())
    }
}
