//! `put`, `get` and `delete`: the commands for records.

use std::fs::File;
use std::io::{IsTerminal, Read};
use std::path::Path;
use std::time::Duration;

use chordscope_core::store::record::{
    DEFAULT_LIFETIME, MAX_VALUE, Name, RecordError, SHORTEST_LIFETIME, Salt,
};
use clap::Args;
use hyper::Method;
use jiff::SignedDuration;
use serde::Serialize;
use tokio::time::timeout;

use crate::client::Target;
use crate::client::connection::{Connection, escape};
use crate::failure::Failure;
use crate::http::{EXPIRES_HEADER, KEY_HEADER, LevelName, SEQUENCE_HEADER, parse_author};
use crate::id_words::{KEY_AS_NAME, is_key, no_author};
use crate::output;
use crate::regular_file::{self, NO_FILE};
use crate::views::{Put, Status};

/// The timeout for a look at the other level.
const OTHER_TIMEOUT: Duration = Duration::from_secs(2);

#[derive(Debug, Args)]
#[command(
    override_usage = "chordscope put [OPTIONS] NAME VALUE|@FILE|-\n       \
    chordscope put [OPTIONS] --signed [--salt TEXT] VALUE|@FILE|-\n       \
    chordscope put [OPTIONS] --immutable VALUE|@FILE|-"
)]
pub(crate) struct PutOptions {
    /// The name; left out with --signed and --immutable
    #[arg(value_name = "NAME")]
    name: String,
    /// The value, @FILE for a file's content, - for standard input; at most 64 KiB; one that begins with a hyphen, and is no number, stands after --
    #[arg(value_name = "VALUE|@FILE|-", allow_negative_numbers = true)]
    value: Option<String>,
    #[command(flatten)]
    own: Own,
    /// Under the key that follows from the value, which is printed: nobody can change or delete it, it runs out
    #[arg(long, conflicts_with_all = ["signed", "level", "if_sequence"])]
    immutable: bool,
    #[command(flatten)]
    condition: Condition,
    #[command(flatten)]
    keeping: Keeping,
    #[command(flatten)]
    target: Target,
}

/// The lifetime of a record.
#[derive(Debug, Args)]
struct Keeping {
    /// Keep it so long after it was put or renewed last: seconds, or a duration such as 90s, 30m or 1h30m; a day at most [default: 24h]
    #[arg(long, value_name = "TIME", value_parser = parse_ttl)]
    ttl: Option<u32>,
    /// Let the record run out; without this the peer renews it for as long as the peer runs
    #[arg(long)]
    no_renew: bool,
}

/// A record that only this peer can write.
#[derive(Debug, Args)]
struct Own {
    /// As a record of the peer's own, which nobody else can write
    #[arg(long)]
    signed: bool,
    /// The salt, which tells one of your signed records from another: at most 64 bytes
    #[arg(long, value_name = "TEXT")]
    salt: Option<String>,
}

/// The level of a put or delete, and the condition on which it is done.
#[derive(Debug, Args)]
struct Condition {
    /// The consistency level
    #[arg(long, value_enum, default_value_t = LevelName::One)]
    level: LevelName,
    /// Compare-and-set: only if this is the version there, 0 for none; at level one as far as the replicas can be compared
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = parse_sequence)]
    if_sequence: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct GetOptions {
    /// A name, or a key as 40 hexadecimal digits
    #[arg(
        value_name = "NAME|KEY",
        required_unless_present = "author",
        conflicts_with = "author"
    )]
    what: Option<String>,
    /// The signed record of this author, a public key as 64 hexadecimal digits
    #[arg(long, value_name = "KEY", allow_negative_numbers = true)]
    author: Option<String>,
    /// The salt of the author's record
    #[arg(long, value_name = "TEXT")]
    salt: Option<String>,
    /// The consistency level
    #[arg(long, value_enum, default_value_t = LevelName::One)]
    level: LevelName,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Args)]
pub(crate) struct DeleteOptions {
    /// The name; left out with --signed
    #[arg(required_unless_present = "signed", conflicts_with = "signed")]
    name: Option<String>,
    #[command(flatten)]
    own: Own,
    #[command(flatten)]
    condition: Condition,
    #[command(flatten)]
    target: Target,
}

/// The warning of a put or delete at level `one` that found no earlier version, while all peers that may have one are away.
const MAY_BE_LOST: &str = "the peers that may have an earlier version are away: if one has it, that one stays once they are back, and this one is lost. Look then, and put it again if need be";

#[derive(Serialize)]
struct Got {
    key: String,
    /// `null` when the value is no text.
    value: Option<String>,
    sequence: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_base64: Option<String>,
    /// The seconds for which it is held from now on, unless it is renewed.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in_s: Option<u32>,
}

impl PutOptions {
    pub(super) async fn run(&self, json: bool) -> Result<(), Failure> {
        let (name, value) = self.name_and_value()?;
        let path = match self.immutable {
            true => {
                self.own.query(None)?;
                "/api/v1/record?kind=immutable".to_string()
            }
            false => self.condition.path(&self.own.query(name)?),
        };
        let path = path + &self.keeping.query();
        let value = read_value(value)?;
        let connection = Connection::open(&self.target).await?;
        let answer = connection.ask(Method::PUT, &path, value).await?;
        let put: Put = answer.json()?;
        note_loss(&put);
        if json {
            return output::json(&put);
        }
        let held = held(put.expires_in_s, put.renewed);
        let kept = self.condition.level.kept(&put);
        let stored = match self.immutable {
            // It has no other version.
            true => format!("{kept}{held}"),
            false => format!("{kept}, version {}{held}", put.sequence),
        };
        output::line(&match (name, put.author) {
            (Some(name), _) => format!("stored \"{name}\": {stored}, key {}", put.key),
            (None, Some(author)) => {
                format!("stored: {stored}, key {}, author {author}", put.key)
            }
            // The key alone, for a script to get it again; a person reads the rest.
            (None, None) => {
                output::note(format_args!("stored: {stored}"));
                put.key
            }
        })
    }

    /// Returns the name, if there is one, and the value: a single argument is the value of a record without a name.
    fn name_and_value(&self) -> Result<(Option<&str>, &str), Failure> {
        match (self.own.signed || self.immutable, &self.value) {
            (false, Some(value)) => Ok((Some(&self.name), value)),
            (true, None) => Ok((None, &self.name)),
            (false, None) => Err(Failure::usage("VALUE", "a name needs a value")),
            (true, Some(_)) => {
                let reason = "with --signed and --immutable there is no name";
                Err(Failure::usage("NAME", reason))
            }
        }
    }
}

impl GetOptions {
    pub(super) async fn run(&self, json: bool) -> Result<(), Failure> {
        let query = self.query()?;
        let path = self.level.path(&query);
        let connection = Connection::open(&self.target).await?;
        let answer = match connection.look_for(Method::GET, &path).await? {
            Ok(answer) => answer,
            Err(reason) => return Err(self.level.not_there(&connection, &query, &reason).await),
        };
        let key = answer.header(KEY_HEADER)?;
        // A peer of release 0.1 does not say it.
        let expires = answer.header(EXPIRES_HEADER).ok();
        let expires_in_s = expires.and_then(|seconds| seconds.parse().ok());
        if json {
            let key = key.to_string();
            let sequence = answer.header(SEQUENCE_HEADER)?.parse();
            let sequence = sequence.map_err(|_| connection.nonsense())?;
            let text = std::str::from_utf8(&answer.body).map(str::to_string);
            let value_base64 = match &text {
                Ok(_) => None,
                Err(_) => Some(data_encoding::BASE64.encode(&answer.body)),
            };
            return output::json(&Got {
                key,
                value: text.ok(),
                sequence,
                value_base64,
                expires_in_s,
            });
        }
        if let Some(seconds) = expires_in_s.filter(|_| std::io::stderr().is_terminal()) {
            output::note(format_args!(
                "held for {}, longer if it is renewed",
                time(seconds)
            ));
        }
        let text = std::str::from_utf8(&answer.body);
        match text {
            Ok(text) if std::io::stdout().is_terminal() => output::line(text),
            _ => output::bytes(&answer.body),
        }
    }

    fn query(&self) -> Result<String, Failure> {
        match (&self.author, &self.what) {
            (Some(author), _) => {
                if parse_author(author).is_none() {
                    return Err(Failure::usage("--author", no_author(author)));
                }
                Ok(format!("author={author}&salt={}", salt(&self.salt)?))
            }
            (None, _) if self.salt.is_some() => {
                Err(Failure::usage("--salt", "a salt goes with --author"))
            }
            (None, Some(key)) if is_key(key) => Ok(format!("key={key}")),
            (None, what) => name_query(what.as_deref().unwrap_or_default()),
        }
    }
}

impl DeleteOptions {
    pub(super) async fn run(&self, json: bool) -> Result<(), Failure> {
        let query = self.own.query(self.name.as_deref())?;
        let path = self.condition.path(&query);
        let connection = Connection::open(&self.target).await?;
        let answer = match connection.look_for(Method::DELETE, &path).await? {
            Ok(answer) => answer,
            Err(reason) => {
                let level = self.condition.level;
                return Err(level.not_there(&connection, &query, &reason).await);
            }
        };
        let put: Put = answer.json()?;
        note_loss(&put);
        match json {
            true => output::json(&put)?,
            false => {
                let what = match &self.name {
                    Some(name) => format!("\"{name}\""),
                    None => put.key.clone(),
                };
                output::line(&self.condition.level.deleted(&what, &put))?;
            }
        }
        self.look_at_other_level(&connection, &query).await;
        Ok(())
    }

    /// Says so where what was deleted at one level is at the other one, which keeps its own records.
    async fn look_at_other_level(&self, connection: &Connection, query: &str) {
        let other = self.condition.level.other();
        if other.has(connection, query).await == Some(true) {
            let what = if self.own.signed { "record" } else { "name" };
            let level = other.name();
            output::note(format_args!(
                "the {what} is still at level {level}: add --level {level} to delete it there"
            ));
        }
    }
}

impl Own {
    /// The record of a name, or of the peer's own.
    fn query(&self, name: Option<&str>) -> Result<String, Failure> {
        if self.salt.is_some() && !self.signed {
            return Err(Failure::usage("--salt", "a salt goes with --signed"));
        }
        match name {
            // A get would take it for a key.
            Some(name) if is_key(name) => Err(Failure::usage("NAME", KEY_AS_NAME)),
            Some(name) => name_query(name),
            None => Ok(format!("kind=signed&salt={}", salt(&self.salt)?)),
        }
    }
}

impl Condition {
    fn path(&self, query: &str) -> String {
        let path = self.level.path(query);
        match self.if_sequence {
            Some(expected) => format!("{path}&if_sequence={expected}"),
            None => path,
        }
    }
}

/// Says so where what was acknowledged may be lost to an older record.
fn note_loss(put: &Put) {
    if put.may_be_lost {
        output::note(MAY_BE_LOST);
    }
}

/// Returns in words how many members of a group have acknowledged a write, of how many, where that is known.
fn acknowledged(copies: u8, members: Option<u8>) -> String {
    match members {
        Some(members) if members > copies => {
            format!("acknowledged by {copies} of {members} (a majority)")
        }
        Some(members) if members == copies => {
            format!("acknowledged by {copies} of {members} (all)")
        }
        // The primary is of an earlier release, or says nonsense.
        _ => format!("acknowledged by {copies}, a majority of the group"),
    }
}

impl LevelName {
    const fn other(self) -> Self {
        match self {
            Self::One => Self::Quorum,
            Self::Quorum => Self::One,
        }
    }

    /// Returns in words where a put was stored. At level quorum the answer comes as soon as a majority has.
    fn kept(self, put: &Put) -> String {
        match self {
            Self::One => output::count(put.copies, "replica"),
            Self::Quorum => acknowledged(put.copies, put.members),
        }
    }

    /// Returns in words what a delete has done. Replicas are those of the tombstone: of what is gone there may have been more, or
    /// none at this level.
    fn deleted(self, what: &str, put: &Put) -> String {
        let (level, version) = (self.name(), put.sequence);
        let kept = self.kept(put);
        let kept = match self {
            Self::One => format!("says so at {kept}"),
            Self::Quorum => format!("says so, {kept}"),
        };
        format!("deleted {what} at level {level}: version {version} {kept}")
    }

    fn path(self, query: &str) -> String {
        format!("/api/v1/record?{query}&level={}", self.name())
    }

    /// Makes the failure for a record that is not there at this level, which says whether it is at the other one.
    async fn not_there(self, connection: &Connection, query: &str, reason: &str) -> Failure {
        let other = self.other();
        let (here, there) = (self.name(), other.name());
        Failure::failed(match other.has(connection, query).await {
            // Level one shows what is at level quorum of any lineage.
            Some(true) if self == Self::Quorum && knows_other_lineages(connection).await => {
                format!(
                    "{reason} at level quorum in the lineage of this peer; there is at level one, which shows records of the ring's other lineages, too: see `chordscope status`"
                )
            }
            Some(true) => {
                format!(
                    "{reason} at level {here}, but there is at level {there}: try --level {there}"
                )
            }
            Some(false) => reason.to_string(),
            None => format!("{reason} at level {here}; try --level {there}"),
        })
    }

    /// Returns whether a record is at this level; `None` where that is not known soon: level quorum may have no majority.
    async fn has(self, connection: &Connection, query: &str) -> Option<bool> {
        let path = self.path(query);
        let asked = connection.look_for(Method::GET, &path);
        let answer = timeout(OTHER_TIMEOUT, asked).await.ok()?.ok()?;
        Some(answer.is_ok())
    }
}

/// Returns whether rings of several lineages have met, as far as the peer knows.
async fn knows_other_lineages(connection: &Connection) -> bool {
    let path = "/api/v1/status";
    let asked = connection.ask(Method::GET, path, Vec::new()).await;
    let status = asked.ok().and_then(|answer| answer.json().ok());
    status.is_some_and(|status: Status| !status.quorum.other_lineages.is_empty())
}

fn parse_sequence(text: &str) -> Result<u64, String> {
    let number = text.parse();
    number.map_err(|_| "give a version, or 0 for a name that is not there".to_string())
}

fn name_query(name: &str) -> Result<String, Failure> {
    let name = Name::new(name).map_err(|error| Failure::usage("NAME", error))?;
    Ok(format!("name={}", escape(name.as_str())))
}

fn salt(text: &Option<String>) -> Result<String, Failure> {
    let text = text.as_deref().unwrap_or_default();
    Salt::new(text).map_err(|error| Failure::usage("--salt", error))?;
    Ok(escape(text))
}

impl Keeping {
    fn query(&self) -> String {
        let ttl = self.ttl.map(|seconds| format!("&ttl={seconds}"));
        let renew = if self.no_renew { "&renew=false" } else { "" };
        ttl.unwrap_or_default() + renew
    }
}

/// A lifetime: seconds, or a duration with units, two seconds at least and a day at most.
fn parse_ttl(text: &str) -> Result<u32, String> {
    let duration = || {
        let duration: SignedDuration = text.parse().ok()?;
        u32::try_from(duration.as_secs()).ok()
    };
    let seconds = text.parse().ok().or_else(duration);
    seconds
        .filter(|seconds| (SHORTEST_LIFETIME..=DEFAULT_LIFETIME).contains(seconds))
        .ok_or_else(|| {
            "give a time of at least 2 s and at most a day, such as 90s, 30m or 12h".to_string()
        })
}

/// Returns in words how long a record is held, as the end of a line.
fn held(seconds: Option<u32>, renewed: bool) -> String {
    let renewal = match renewed {
        true => "renewed while this peer runs",
        false => "not renewed",
    };
    seconds.map_or_else(String::new, |seconds| {
        format!(", held for {}, {renewal}", time(seconds))
    })
}

/// A time, as `--ttl` takes it.
fn time(seconds: u32) -> String {
    format!("{:#}", SignedDuration::from_secs(seconds.into()))
}

fn read_value(text: &str) -> Result<Vec<u8>, Failure> {
    let wrong = |error: &dyn std::fmt::Display| Failure::usage("VALUE", format!("{text}: {error}"));
    let mut value = Vec::new();
    // One byte more than allowed is enough to know that it is too long.
    let most = MAX_VALUE as u64 + 1;
    match (text, text.strip_prefix('@')) {
        ("-", _) => {
            let mut input = std::io::stdin().take(most);
            input
                .read_to_end(&mut value)
                .map_err(|error| wrong(&error))?;
        }
        (_, Some(path)) => {
            let file = regular_file::open(Path::new(path), File::options().read(true));
            let file = file.map_err(|error| match error.to_string() == NO_FILE {
                true => wrong(&format!("{NO_FILE}: - reads standard input")),
                false => wrong(&error),
            })?;
            let mut input = file.take(most);
            input
                .read_to_end(&mut value)
                .map_err(|error| wrong(&error))?;
        }
        (text, None) => value.extend_from_slice(text.as_bytes()),
    }
    if value.len() > MAX_VALUE {
        return Err(Failure::usage("VALUE", RecordError::Value));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_majority_is_told_from_all() {
        for (copies, members, told) in [
            (2, Some(3), "acknowledged by 2 of 3 (a majority)"),
            (3, Some(5), "acknowledged by 3 of 5 (a majority)"),
            (2, Some(2), "acknowledged by 2 of 2 (all)"),
            (2, None, "acknowledged by 2, a majority of the group"),
            (3, Some(2), "acknowledged by 3, a majority of the group"),
        ] {
            assert_eq!(acknowledged(copies, members), told);
        }
    }

    #[test]
    fn a_delete_tells_of_its_own_level_and_of_the_tombstone() {
        let put = |copies, members| Put {
            key: String::new(),
            copies,
            members,
            sequence: 8,
            author: None,
            expires_in_s: None,
            renewed: true,
            may_be_lost: false,
        };
        for (level, put, told) in [
            (
                LevelName::One,
                put(3, None),
                "at level one: version 8 says so at 3 replicas",
            ),
            (
                LevelName::Quorum,
                put(2, Some(3)),
                "at level quorum: version 8 says so, acknowledged by 2 of 3 (a majority)",
            ),
        ] {
            assert_eq!(
                level.deleted("\"a\"", &put),
                format!("deleted \"a\" {told}")
            );
        }
    }

    #[test]
    fn lifetimes_are_read_and_told_as_people_write_them() {
        for (text, seconds, told) in [
            ("2", 2, "2s"),
            ("90", 90, "1m 30s"),
            ("45s", 45, "45s"),
            ("30m", 1_800, "30m"),
            ("1.5h", 5_400, "1h 30m"),
            ("1 hour 5 min", 3_900, "1h 5m"),
            ("12h", 43_200, "12h"),
            ("86399", 86_399, "23h 59m 59s"),
            ("24h", 86_400, "24h"),
        ] {
            assert_eq!(parse_ttl(text), Ok(seconds));
            assert_eq!(time(seconds), told);
            assert_eq!(parse_ttl(told), Ok(seconds));
        }
        for odd in ["", "0", "1", "1s", "-1", "-5m", "25h", "1d", "9999999999h"] {
            assert!(parse_ttl(odd).is_err(), "{odd}");
        }
    }
}
