//! The tables of the database.

use redb::TableDefinition;

/// Key to (wall-clock second of expiry, sealed record).
pub(super) const RECORDS: TableDefinition<'_, [u8; 20], (u64, &[u8])> =
    TableDefinition::new("records");
/// Key to (wall-clock second of expiry, sealed entry): the records of level `quorum`.
pub(super) const ENTRIES: TableDefinition<'_, [u8; 20], (u64, &[u8])> =
    TableDefinition::new("entries");
/// Key to sealed renewal: the records that this peer renews.
pub(super) const RENEWALS: TableDefinition<'_, [u8; 20], &[u8]> = TableDefinition::new("renewals");
/// Key to sealed renewal: the records of level `quorum` that this peer renews.
pub(super) const TOUCHES: TableDefinition<'_, [u8; 20], &[u8]> = TableDefinition::new("touches");
/// Small things by name, sealed, but for the format.
pub(super) const OWN: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("own");
/// The format of the store. A promise that cannot be read is a promise forgotten: a store of a later format is refused.
pub(super) const FORMAT: &str = "format";
pub(super) const THIS_FORMAT: u8 = 3;
/// The format without checksums, incarnation and count, in which the secret key lay in the store.
pub(super) const UNSEALED_FORMAT: u8 = 2;
/// The secret key, in a store of the unsealed format.
pub(super) const SECRET: &str = "secret";
/// The number of this start: greater than at every earlier one.
pub(super) const VERSION: &str = "version";
/// The number that the key file has, too.
pub(super) const INCARNATION: &str = "incarnation";
/// The number of transactions that were committed.
pub(super) const COMMITS: &str = "commits";
pub(super) const KNOWN: &str = "known";
/// The peer's control record of the groups of level `quorum`.
pub(super) const GROUPS: &str = "groups";
/// Bytes that are written only to see whether the disk takes them.
pub(super) const TRIAL: &str = "trial";
