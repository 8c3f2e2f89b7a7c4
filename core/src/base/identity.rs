//! Keys and signatures, behind one small interface so that a large simulation may use a cheap stand-in.

use alloc::boxed::Box;
use core::fmt;

use ed25519_dalek::{SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use crate::base::digest::{Digest, first20};
use crate::base::id::{Id, Space};

/// A node's public key: 32 bytes of ed25519.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PublicKey(pub [u8; 32]);

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in &self.0[..4] {
            write!(f, "{byte:02x}")?;
        }
        f.write_str("…")
    }
}

/// 64 bytes of ed25519 signature.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Signature([[u8; 32]; 2]);

impl Signature {
    /// The signature with these bytes.
    pub fn from_bytes(bytes: [u8; 64]) -> Self {
        let mut halves = [[0; 32]; 2];
        halves[0].copy_from_slice(&bytes[..32]);
        halves[1].copy_from_slice(&bytes[32..]);
        Self(halves)
    }

    /// The bytes of the signature.
    pub fn to_bytes(self) -> [u8; 64] {
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(&self.0[0]);
        bytes[32..].copy_from_slice(&self.0[1]);
        bytes
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        PublicKey(self.0[0]).fmt(f)
    }
}

/// The purpose of a signature. It separates signatures, so that one given for a purpose proves nothing for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A contact: id, key, addresses, version.
    Contact,
    /// The proof of one side in a handshake.
    Handshake,
    /// A named record.
    Record,
    /// A signed record, which only its author can write.
    Signed,
    /// The statement that a node has a content.
    Provider,
}

impl Purpose {
    const fn context(self) -> &'static str {
        match self {
            Self::Contact => "chordscope v1 contact signature",
            Self::Handshake => "chordscope v1 handshake signature",
            Self::Record => "chordscope v1 record signature",
            Self::Signed => "chordscope v1 signed record signature",
            Self::Provider => "chordscope v1 provider signature",
        }
    }

    fn digest(self, message: &[u8]) -> [u8; 32] {
        Digest::new(self.context()).part(message).finish()
    }
}

/// The signature scheme of a ring: all its members sign alike. It is behind pointers, so that a program whose rings all use the
/// stand-in needs no code of ed25519.
#[derive(Clone, Copy)]
pub struct Scheme(&'static Rules);

struct Rules {
    name: &'static str,
    /// The 20 bytes that the first position of a key is made of.
    first: fn(PublicKey) -> [u8; 20],
    /// Returns whether a signature of a digest was made with a key.
    holds: fn(PublicKey, [u8; 32], &Signature) -> bool,
}

impl Scheme {
    /// ed25519, as every real ring does.
    pub const ED25519: Self = Self(&Rules {
        name: "Ed25519",
        first: |key| first20(*blake3::hash(&key.0).as_bytes()),
        holds: |key, digest, signature| {
            VerifyingKey::from_bytes(&key.0).is_ok_and(|key| {
                let signature = ed25519_dalek::Signature::from_bytes(&signature.to_bytes());
                key.verify_strict(&digest, &signature).is_ok()
            })
        },
    });
    /// A digest that anyone can make: for simulations, where ids are chosen and a signature per message would only cost
    /// time. It still notices a changed byte.
    pub const STAND_IN: Self = Self(&Rules {
        name: "StandIn",
        first: |key| first20(key.0),
        holds: |key, digest, signature| *signature == stand_in(key, digest),
    });

    /// The ring position of the `index`th virtual node of a key.
    ///
    /// The position is the BLAKE3 digest of the key, with the index behind it from index 1 on. The stand-in carries the position
    /// of index 0 in the key itself.
    pub fn position(self, space: Space, key: PublicKey, index: u8) -> Id {
        if index == 0 {
            return space.truncate((self.0.first)(key));
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update(&key.0).update(&[index]);
        space.truncate(first20(*hasher.finalize().as_bytes()))
    }

    /// Returns whether `signature` over `message` was made by the holder of `key` for this purpose.
    pub fn verify(
        self,
        key: PublicKey,
        purpose: Purpose,
        message: &[u8],
        signature: &Signature,
    ) -> bool {
        (self.0.holds)(key, purpose.digest(message), signature)
    }
}

impl fmt::Debug for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)
    }
}

impl PartialEq for Scheme {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for Scheme {}

fn stand_in(key: PublicKey, digest: [u8; 32]) -> Signature {
    let second = *blake3::keyed_hash(&key.0, &digest).as_bytes();
    Signature([digest, second])
}

/// The key with which a node signs.
#[derive(Clone)]
pub struct Signer(Key);

#[derive(Clone)]
enum Key {
    // Far larger than the other, of which a simulation has very many.
    Secret(Box<dyn Secret>),
    StandIn(PublicKey),
}

/// A secret key behind a pointer, as [`Scheme`] is.
trait Secret: Send + Sync {
    fn scheme(&self) -> Scheme;
    fn public_key(&self) -> PublicKey;
    fn sign(&self, digest: [u8; 32]) -> Signature;
    fn cloned(&self) -> Box<dyn Secret>;
}

impl Secret for SigningKey {
    fn scheme(&self) -> Scheme {
        Scheme::ED25519
    }

    fn public_key(&self) -> PublicKey {
        PublicKey(self.verifying_key().to_bytes())
    }

    fn sign(&self, digest: [u8; 32]) -> Signature {
        Signature::from_bytes(ed25519_dalek::Signer::sign(self, &digest).to_bytes())
    }

    fn cloned(&self) -> Box<dyn Secret> {
        Box::new(self.clone())
    }
}

impl Clone for Box<dyn Secret> {
    fn clone(&self) -> Self {
        self.as_ref().cloned()
    }
}

impl Signer {
    /// An ed25519 signer from its 32 secret bytes.
    pub fn ed25519(secret: [u8; 32]) -> Self {
        Self(Key::Secret(Box::new(SigningKey::from_bytes(&secret))))
    }

    /// A simulation's stand-in at a chosen position.
    pub fn stand_in(position: Id) -> Self {
        let mut key = [0; 32];
        key[..20].copy_from_slice(&position.to_bytes());
        Self(Key::StandIn(PublicKey(key)))
    }

    /// Returns the signature scheme of this signer's ring.
    pub fn scheme(&self) -> Scheme {
        match &self.0 {
            Key::Secret(key) => key.scheme(),
            Key::StandIn(_) => Scheme::STAND_IN,
        }
    }

    /// The public half.
    pub fn public_key(&self) -> PublicKey {
        match &self.0 {
            Key::Secret(key) => key.public_key(),
            Key::StandIn(key) => *key,
        }
    }

    /// Signs `message` for one purpose.
    pub fn sign(&self, purpose: Purpose, message: &[u8]) -> Signature {
        let digest = purpose.digest(message);
        match &self.0 {
            Key::Secret(key) => key.sign(digest),
            Key::StandIn(key) => stand_in(*key, digest),
        }
    }
}

impl fmt::Debug for Signer {
    /// Shows the public half only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Signer").field(&self.public_key()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_its_key_purpose_and_message_only() {
        for signer in [Signer::ed25519([7; 32]), Signer::stand_in(Id::from_u64(26))] {
            let (scheme, key) = (signer.scheme(), signer.public_key());
            let signature = signer.sign(Purpose::Record, b"message");
            assert!(scheme.verify(key, Purpose::Record, b"message", &signature));
            assert!(!scheme.verify(key, Purpose::Contact, b"message", &signature));
            assert!(!scheme.verify(key, Purpose::Record, b"massage", &signature));
            let other = PublicKey([9; 32]);
            assert!(!scheme.verify(other, Purpose::Record, b"message", &signature));
        }
    }

    #[test]
    fn a_real_position_is_the_digest_of_the_key() {
        let key = Signer::ed25519([7; 32]).public_key();
        let position = Scheme::ED25519.position(Space::FULL, key, 0);
        assert_eq!(
            position.to_bytes(),
            first20(*blake3::hash(&key.0).as_bytes())
        );
        assert_ne!(position, Scheme::ED25519.position(Space::FULL, key, 1));
    }

    #[test]
    fn a_secret_does_not_show() {
        let shown = alloc::format!("{:?}", Signer::ed25519([7; 32]));
        assert!(!shown.contains("7, 7"), "{shown}");
    }
}
