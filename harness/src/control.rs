//! Shims and guard at the control socket, and how far each has got.

use kernel::Error;
use kernel::handshake::{Visitor, Word};
use model::SubjectId;
use std::path::PathBuf;

/// One connection to the control socket.
#[derive(Debug)]
pub(crate) struct Guest {
    pub(crate) visitor: Visitor,
    pub(crate) stage: Stage,
}

/// How far a guest has got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Nothing was said yet.
    Silent,
    /// It is the guard.
    Guard,
    /// A shim that was sent its filter and now puts it on.
    Filtering {
        /// The executable that it will become.
        program: PathBuf,
        /// The folder it runs in.
        cwd: PathBuf,
    },
    /// A shim that was told to go: it becomes the target, or says why not.
    Becoming {
        /// The subject that it is.
        subject: SubjectId,
    },
}

impl Guest {
    pub(crate) fn new(visitor: Visitor) -> Guest {
        Guest { visitor, stage: Stage::Silent }
    }

    pub(crate) fn hear(&self) -> Result<Word, Error> {
        self.visitor.hear()
    }
}
