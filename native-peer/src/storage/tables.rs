//! What is where in the database.

use redb::TableDefinition;

/// Key to (wall-clock second of expiry, record).
pub(super) const RECORDS: TableDefinition<'_, [u8; 20], (u64, &[u8])> =
    TableDefinition::new("records");
/// Key to (wall-clock second of expiry, entry): the records of level `quorum`.
pub(super) const ENTRIES: TableDefinition<'_, [u8; 20], (u64, &[u8])> =
    TableDefinition::new("entries");
/// Small things by name.
pub(super) const OWN: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("own");
pub(super) const SECRET: &str = "secret";
pub(super) const VERSION: &str = "version";
/// Which format the folder is in. A promise that cannot be read is a promise forgotten: a folder of another format is refused.
pub(super) const FORMAT: &str = "format";
pub(super) const THIS_FORMAT: &[u8] = &[2];
pub(super) const KNOWN: &str = "known";
/// What the peer remembers of the groups of level `quorum`.
pub(super) const GROUPS: &str = "groups";
