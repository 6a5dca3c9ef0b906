//! What can go wrong with the database, and what to do about it.

use rusqlite::ErrorCode;
use std::io;
use std::path::{Path, PathBuf};

/// Why records could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder of the database cannot be made.
    #[error("cannot make the folder `{}`", path.display())]
    MakeFolder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The file cannot be opened, or only to read.
    #[error("cannot write the results database `{}`", path.display())]
    Unwritable {
        /// The database.
        path: PathBuf,
        /// What SQLite says.
        #[source]
        source: rusqlite::Error,
    },
    /// The file is there and cannot be read.
    #[error("cannot read `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// No room for what was to be kept; nothing of it was.
    #[error("no room for the results database `{}`", path.display())]
    Full {
        /// The database.
        path: PathBuf,
        /// What SQLite says.
        #[source]
        source: rusqlite::Error,
    },
    /// Somebody else writes for longer than we wait.
    #[error("another process keeps the results database `{}` to itself", path.display())]
    Busy {
        /// The database.
        path: PathBuf,
        /// What SQLite says.
        #[source]
        source: rusqlite::Error,
    },
    /// It is no SQLite file, or a damaged one.
    #[error("`{}` is no results database, or a damaged one", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        #[source]
        source: rusqlite::Error,
    },
    /// It is a sound SQLite file of something else.
    #[error("`{}` is a database of another program", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A newer duress made it.
    #[error("`{}` has schema {found}; this duress knows those up to {known}", path.display())]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The newest that we know.
        known: i64,
    },
    /// A file to import is neither a database nor JSON of ours.
    #[error("`{}` holds no records", path.display())]
    NoRecords {
        /// The file.
        path: PathBuf,
        /// The mistake and its place.
        #[source]
        source: serde_json::Error,
    },
    /// Whatever else SQLite says.
    #[error("cannot use the results database `{}`", path.display())]
    Other {
        /// The database.
        path: PathBuf,
        /// What SQLite says.
        #[source]
        source: rusqlite::Error,
    },
}

impl Error {
    /// What SQLite says, sorted by what can be done about it.
    pub(crate) fn from_sqlite(path: &Path, source: rusqlite::Error) -> Error {
        let path = path.to_owned();
        match source.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Error::Damaged { path, source },
            Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
                Error::Unwritable { path, source }
            }
            Some(ErrorCode::DiskFull) => Error::Full { path, source },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::Busy { path, source },
            _ => Error::Other { path, source },
        }
    }

    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Error::MakeFolder { .. } | Error::Unwritable { .. } => {
                "set DURESS_HOME to a folder that can be written to"
            }
            Error::Unreadable { .. } => "name a file that can be read",
            Error::Full { .. } => {
                "make room, or set DURESS_HOME to a folder elsewhere; what was kept before is still there"
            }
            Error::Busy { .. } => "try again when it is done; `fuser` on the file names the process",
            Error::Damaged { .. } => {
                "move it away, with the -wal and -shm beside it, and a new one is made; --import takes what a copy of \
                 it holds, or what --format json printed"
            }
            Error::Foreign { .. } => "move it away, and a new one is made",
            Error::Newer { .. } => "update duress, or set DURESS_HOME to another folder",
            Error::NoRecords { .. } => {
                "give a results.sqlite, or what `duress results --format json` printed"
            }
            Error::Other { .. } => {
                "look whether the disk is full or ailing; `sqlite3 FILE .recover` saves what it can"
            }
        }
    }
}
