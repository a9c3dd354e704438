/// A part of an object's content, as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectPart {
    /// As many bytes as were asked for, or fewer where the object ends.
    pub bytes: Vec<u8>,
    /// Bytes of the whole object.
    pub size: u64,
    /// What the store calls this content: where it is another one in the next part, the object was
    /// replaced meanwhile. `None` where it says nothing.
    pub etag: Option<String>,
}
