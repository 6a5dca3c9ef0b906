//! The database file: opened, appended to, read.

use crate::{Error, Filter, Record};
use rusqlite::{Connection, OpenFlags, Row, TransactionBehavior, params};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// The newest schema that we know; `PRAGMA user_version`.
const SCHEMA: i64 = 1;

/// Marks the file as ours, for `file` and for us: "dure"; `PRAGMA application_id`.
const APPLICATION: i64 = 0x6475_7265;

// An index, and not a primary key, for in a key two NULLs differ.
const TABLES: &str = "
    CREATE TABLE record (
        campaign TEXT NOT NULL, at_unix_ms INTEGER NOT NULL, host TEXT NOT NULL, kernel TEXT NOT NULL, go TEXT,
        scenario TEXT NOT NULL, switch TEXT, persona TEXT, verdict TEXT NOT NULL, reason TEXT, evidence TEXT NOT NULL,
        fired INTEGER NOT NULL, wall_s REAL NOT NULL, duress TEXT NOT NULL, repro TEXT NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX one_of_a_kind ON record
        (campaign, host, scenario, ifnull(go, ''), ifnull(switch, ''), ifnull(persona, ''));
    CREATE INDEX by_time ON record (at_unix_ms);
";

const INSERT: &str =
    "INSERT OR REPLACE INTO record VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";

/// For how long SQLite itself waits for another writer, and how often we ask it to; together half a minute.
///
/// Asking once is not enough: where SQLite suspects a deadlock it does not wait at all (sqlite.org, C interface,
/// `sqlite3_busy_handler`).
const TURN: Duration = Duration::from_secs(1);
const TURNS: u32 = 30;

/// Between two turns; what SQLite refuses at once is over in this time.
const PAUSE: Duration = Duration::from_millis(20);

/// The results database.
///
/// Several processes may have it open and write to it: each waits for the others. It belongs on a file system of this
/// host, for SQLite's write-ahead log needs shared memory; what other hosts found comes in by [`Store::import`].
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    connection: Connection,
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nothing was ever written to it.
    Fresh,
    /// A database of ours, of a schema that we know.
    Ours,
}

impl Store {
    /// Opens the database to write and to read; makes it, and its folder, where there is none.
    ///
    /// # Errors
    /// Where it cannot be made or written, is damaged, of another program, or of a newer duress.
    pub fn open(path: &Path) -> Result<Store, Error> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)
                .map_err(|source| Error::MakeFolder { path: folder.to_owned(), source })?;
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut store = Store::connect(path, path, flags)?;
        // What is not ours is not touched, and what is made already not made again.
        let kind = store.kind()?;
        store.set_up(kind).map_err(|error| Error::from_sqlite(path, error))?;
        store.kind()?;
        Ok(store)
    }

    /// Opens the database to read; none where there is no file, or nothing was ever written to it.
    ///
    /// A folder that cannot be written to is no obstacle.
    ///
    /// # Errors
    /// Where it cannot be read, is damaged, of another program, or of a newer duress.
    pub fn open_existing(path: &Path) -> Result<Option<Store>, Error> {
        match fs::File::open(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(Error::Unreadable { path: path.to_owned(), source }),
            Ok(_) => {}
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = Store::connect(path, path, flags).and_then(|store| Ok((store.kind()?, store)));
        let (kind, store) = match opened {
            // Reading takes a file for shared memory beside the database. Where none can be made, nobody writes.
            Err(Error::Unwritable { .. }) if !has_log(path) => {
                let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
                    | OpenFlags::SQLITE_OPEN_NO_MUTEX
                    | OpenFlags::SQLITE_OPEN_URI;
                let store = Store::connect(path, Path::new(&immutable(path)), flags)?;
                (store.kind()?, store)
            }
            opened => opened?,
        };
        Ok(match kind {
            Kind::Fresh => None,
            Kind::Ours => Some(store),
        })
    }

    /// Keeps these records: all of them, or none where it fails. They are on the disk when it returns.
    ///
    /// A record that is there already ([`Record`] says which are the same) is replaced.
    ///
    /// # Errors
    /// Where there is no room, the file cannot be written, or others write for more than half a minute.
    pub fn append(&mut self, records: &[Record]) -> Result<(), Error> {
        patiently(|| {
            // Immediate: a transaction that begins by reading may find itself unable to write later, however long it waits.
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            {
                let mut insert = transaction.prepare(INSERT)?;
                for record in records {
                    let one = record.tidied();
                    insert.execute(params![
                        one.campaign,
                        signed(one.at_unix_ms),
                        one.host,
                        one.kernel,
                        one.go,
                        one.scenario,
                        one.switch,
                        one.persona,
                        one.verdict,
                        one.reason,
                        serde_json::to_string(&one.evidence).unwrap_or_default(),
                        signed(one.fired),
                        one.wall_s,
                        one.duress,
                        one.repro,
                    ])?;
                }
            }
            transaction.commit()
        })
        .map_err(|error| Error::from_sqlite(&self.path, error))
    }

    /// The records that the filter lets through, oldest first.
    ///
    /// # Errors
    /// Where the file is damaged or can no longer be read.
    pub fn select(&self, filter: &Filter) -> Result<Vec<Record>, Error> {
        patiently(|| {
            let mut query = self
                .connection
                .prepare("SELECT * FROM record WHERE at_unix_ms >= ?1 ORDER BY at_unix_ms, rowid")?;
            let mut rows = query.query([signed(filter.since_unix_ms.unwrap_or(0))])?;
            let mut records = Vec::new();
            while let Some(row) = rows.next()? {
                let record = read(row)?;
                if filter.lets_through(&record) {
                    records.push(record);
                }
            }
            Ok(records)
        })
        .map_err(|error| Error::from_sqlite(&self.path, error))
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn connect(path: &Path, name: &Path, flags: OpenFlags) -> Result<Store, Error> {
        let failed = |error| Error::from_sqlite(path, error);
        let connection = Connection::open_with_flags(name, flags).map_err(failed)?;
        connection.busy_timeout(TURN).map_err(failed)?;
        Ok(Store { path: path.to_owned(), connection })
    }

    /// What the file is; refuses what is not ours.
    fn kind(&self) -> Result<Kind, Error> {
        let ask = |what: &str| patiently(|| self.connection.query_row(what, [], |row| row.get::<_, i64>(0)));
        let ask = |what| ask(what).map_err(|error| Error::from_sqlite(&self.path, error));
        let (application, schema) = (ask("PRAGMA application_id")?, ask("PRAGMA user_version")?);
        let path = self.path.clone();
        match (application, schema) {
            (0, 0) if ask("SELECT count(*) FROM sqlite_schema")? == 0 => Ok(Kind::Fresh),
            (APPLICATION, ..=SCHEMA) => Ok(Kind::Ours),
            (APPLICATION, _) => Err(Error::Newer { path, found: schema, known: SCHEMA }),
            _ => Err(Error::Foreign { path }),
        }
    }

    /// Says how to write; makes the tables where there are none, unless somebody else did so meanwhile.
    fn set_up(&mut self, kind: Kind) -> rusqlite::Result<()> {
        // Kept in the file. Where the file system has no shared memory, SQLite stays with its rollback journal, which
        // loses nothing either.
        patiently(|| {
            self.connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0))
        })?;
        // The log is synced at each commit, not only at checkpoints: what was appended survives a loss of power, too.
        self.connection.execute_batch("PRAGMA synchronous = FULL")?;
        if kind == Kind::Ours {
            return Ok(());
        }
        patiently(|| {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let count = "SELECT count(*) FROM sqlite_schema";
            if transaction.query_row(count, [], |row| row.get::<_, i64>(0))? == 0 {
                transaction.execute_batch(TABLES)?;
                transaction.pragma_update(None, "application_id", APPLICATION)?;
                transaction.pragma_update(None, "user_version", SCHEMA)?;
            }
            transaction.commit()
        })
    }
}

/// Tries again for as long as somebody else is in the way.
fn patiently<T>(mut attempt: impl FnMut() -> rusqlite::Result<T>) -> rusqlite::Result<T> {
    let mut turn = 1;
    loop {
        match attempt() {
            Err(error) if turn < TURNS && is_busy(&error) => {
                turn += 1;
                thread::sleep(PAUSE);
            }
            result => return result,
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
    matches!(error.sqlite_error_code(), Some(DatabaseBusy | DatabaseLocked))
}

fn read(row: &Row<'_>) -> rusqlite::Result<Record> {
    let evidence: String = row.get("evidence")?;
    Ok(Record {
        campaign: row.get("campaign")?,
        at_unix_ms: unsigned(row.get("at_unix_ms")?),
        host: row.get("host")?,
        kernel: row.get("kernel")?,
        go: row.get("go")?,
        scenario: row.get("scenario")?,
        switch: row.get("switch")?,
        persona: row.get("persona")?,
        verdict: row.get("verdict")?,
        reason: row.get("reason")?,
        // Whoever wrote it by hand is shown what he wrote.
        evidence: serde_json::from_str(&evidence).unwrap_or_else(|_| vec![evidence]),
        fired: unsigned(row.get("fired")?),
        wall_s: row.get("wall_s")?,
        duress: row.get("duress")?,
        repro: row.get("repro")?,
    })
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// Whether there is a log beside it with something in it, without which the database is not whole.
fn has_log(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    fs::metadata(log).is_ok_and(|log| log.len() > 0)
}

/// The name under which SQLite reads a file that does not change, without a lock.
fn immutable(path: &Path) -> OsString {
    // `?` and `#` end a path in a URI, `%` begins an escape.
    let mut uri = OsString::from("file:");
    let escaped = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    uri.push(escaped);
    uri.push("?immutable=1");
    uri
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
