//! What others found: another host's database, or JSON.

use crate::{Error, Filter, Record, Store, campaigns};
use serde::de::Error as _;
use std::fs;
use std::io::Read;
use std::path::Path;

/// What every SQLite file begins with (sqlite.org, "Database File Format", 1.3.1).
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// What came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    /// So many records.
    pub records: usize,
    /// Of so many campaigns.
    pub campaigns: usize,
}

impl Store {
    /// Takes in all records of a file: another database of ours, or the JSON of `duress results --format json`.
    ///
    /// The file is not changed. Taking it in twice is as good as once.
    ///
    /// # Errors
    /// Where the file cannot be read or holds no records, and as for [`Store::append`]; then nothing is taken in.
    pub fn import(&mut self, path: &Path) -> Result<Imported, Error> {
        let records = records(path)?;
        self.append(&records)?;
        Ok(Imported { records: records.len(), campaigns: campaigns(&records).len() })
    }
}

fn records(path: &Path) -> Result<Vec<Record>, Error> {
    let unreadable = |source| Error::Unreadable { path: path.to_owned(), source };
    let mut file = fs::File::open(path).map_err(unreadable)?;
    let mut head = Vec::new();
    file.by_ref().take(MAGIC.len() as u64).read_to_end(&mut head).map_err(unreadable)?;
    if head == MAGIC {
        return match Store::open_existing(path)? {
            Some(other) => other.select(&Filter::default()),
            None => Ok(Vec::new()),
        };
    }
    file.read_to_end(&mut head).map_err(unreadable)?;
    let failed = |source| Error::NoRecords { path: path.to_owned(), source };
    let records: Vec<Record> = serde_json::from_slice(&head).map_err(failed)?;
    // Without these a record cannot be named, nor drawn.
    let lacks = |record: &Record| {
        let parts =
            [("campaign", &record.campaign), ("scenario", &record.scenario), ("verdict", &record.verdict)];
        parts.into_iter().find(|(_, text)| text.trim().is_empty()).map(|(name, _)| name)
    };
    if let Some((place, name)) =
        records.iter().enumerate().find_map(|(place, record)| Some((place + 1, lacks(record)?)))
    {
        return Err(failed(serde_json::Error::custom(format!("record {place} has an empty `{name}`"))));
    }
    Ok(records)
}
