//! Bencoding (BEP 3), as far as writing it goes.

use std::collections::BTreeMap;

/// A value that can be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Integer(u64),
    Bytes(Vec<u8>),
    List(Vec<Self>),
    /// In ascending order of the keys' bytes, as it must be.
    Dict(BTreeMap<Vec<u8>, Self>),
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Integer(number)
    }
}

impl Value {
    pub(super) const fn dict() -> Self {
        Self::Dict(BTreeMap::new())
    }

    pub(super) fn bytes(bytes: impl AsRef<[u8]>) -> Self {
        Self::Bytes(bytes.as_ref().to_vec())
    }

    /// Sets a key of a dictionary; anything else becomes one.
    pub(super) fn set(&mut self, key: &str, value: Self) {
        *self.entry(key) = value;
    }

    /// Returns the value at a key of a dictionary; an empty dictionary if there was none.
    pub(super) fn entry(&mut self, key: &str) -> &mut Self {
        if !matches!(self, Self::Dict(_)) {
            *self = Self::dict();
        }
        match self {
            Self::Dict(entries) => entries.entry(key.into()).or_insert_with(Self::dict),
            other => other,
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Integer(number) => out.extend(format!("i{number}e").bytes()),
            Self::Bytes(bytes) => write_bytes(bytes, out),
            Self::List(items) => {
                out.push(b'l');
                for item in items {
                    item.write(out);
                }
                out.push(b'e');
            }
            Self::Dict(entries) => {
                out.push(b'd');
                for (key, value) in entries {
                    write_bytes(key, out);
                    value.write(out);
                }
                out.push(b'e');
            }
        }
    }
}

fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend(format!("{}:", bytes.len()).bytes());
    out.extend(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_in_order_whatever_they_were_set_in() {
        let mut dict = Value::dict();
        dict.set("b", Value::List(vec![Value::from(7), Value::bytes("x")]));
        dict.entry("a").set("", Value::from(0));
        assert_eq!(dict.encode(), b"d1:ad0:i0ee1:bli7e1:xee");
    }
}
