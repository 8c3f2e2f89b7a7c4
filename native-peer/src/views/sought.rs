//! A peer that is in no ring: the peers and addresses that it looks for, and what it waits for.

use chordscope_core::base::contact::{Address, Contact};
use chordscope_core::base::id::{Id, Space};
use chordscope_core::node::view::Stage;
use chordscope_core::peer::Peer;
use serde::{Deserialize, Serialize};

use crate::output::count;

/// The limit on names in a sentence.
const MAX_NAMED: usize = 8;

/// A peer by which this one would be in a ring again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sought {
    /// The id of the position, where it is known: of the peer that was last at the address, or of a member of a group of level quorum.
    pub(crate) id: Option<String>,
    /// The address at which the peer looks, or the member was.
    pub(crate) address: Option<String>,
}

impl Sought {
    /// All of them: the addresses that it was given or knows, and the other members of its groups of level quorum, but for those
    /// that it is linked to. Empty once the peer is in a ring.
    pub(crate) fn all(peer: &Peer) -> Vec<Self> {
        let node = peer.node();
        if node.membership().is_member() {
            return Vec::new();
        }
        let groups = node.groups().into_iter();
        let held = groups.flat_map(|groups| groups.held());
        let members = held.flat_map(|held| &held.group.members);
        let members = members.map(|member| &member.contact);
        Self::each(
            &peer.looked_for(),
            members.filter(|one| one.id() != node.id() && !peer.is_linked(one.id())),
        )
    }

    /// Each of them once.
    fn each<'a>(
        looked_for: &[(Option<Id>, Address)],
        members: impl Iterator<Item = &'a Contact>,
    ) -> Vec<Self> {
        let mut all: Vec<(Option<Id>, Option<Address>)> = Vec::new();
        all.extend(looked_for.iter().map(|(id, at)| (*id, Some(at.clone()))));
        for member in members {
            let is_at = |at: &Address| member.addresses().contains(at);
            let same = all.iter_mut().find(|(id, at)| match id {
                Some(id) => *id == member.id(),
                None => at.as_ref().is_some_and(is_at),
            });
            match same {
                Some((id, _)) => *id = Some(member.id()),
                None => all.push((Some(member.id()), member.addresses().first().cloned())),
            }
        }
        let all = all.into_iter().map(|(id, at)| Self {
            id: id.map(|id| Space::FULL.show(id)),
            address: at.map(|at| at.url().to_string()),
        });
        all.collect()
    }

    /// The id and the address, or what is known of these.
    pub(crate) fn describe(&self) -> String {
        match (&self.id, &self.address) {
            (Some(id), Some(address)) => format!("{id} ({address})"),
            (one, other) => one.as_ref().or(other.as_ref()).cloned().unwrap_or_default(),
        }
    }
}

/// A peer that is in no ring, and what it waits for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outside {
    /// True if the peer has found a ring, and looks for its place in it.
    pub(crate) is_joining: bool,
    /// The peers and addresses that it looks for.
    pub(crate) sought: Vec<Sought>,
    /// The number of peers that it is linked with.
    pub(crate) linked: usize,
}

impl Outside {
    pub(crate) fn of(peer: &Peer) -> Self {
        Self {
            is_joining: peer.node().stage() == Stage::Joining,
            sought: Sought::all(peer),
            linked: peer.links().filter(|link| link.contact.is_some()).count(),
        }
    }

    /// Returns what it waits for, in words; `None` where no peer is known.
    pub(crate) fn waits_for(&self) -> Option<String> {
        let mut named: Vec<String> = self.sought.iter().map(Sought::describe).collect();
        if named.len() > MAX_NAMED {
            let more = named.split_off(MAX_NAMED).len();
            named.push(count(more, "other"));
        }
        match (self.is_joining, named.is_empty(), self.linked) {
            (true, ..) => Some("its place in the ring that it joins".to_string()),
            (false, false, _) => Some(named.join(", ")),
            (false, true, 0) => None,
            (false, true, linked) => Some(format!(
                "{} to be in a ring: where none is, the peer with the lowest id begins one after ten seconds",
                count(linked, "linked peer")
            )),
        }
    }

    /// Returns what it waits for, as the end of a sentence.
    pub(crate) fn describe(&self) -> String {
        let waits = self.waits_for();
        waits.map_or_else(String::new, |waits| format!("; waiting for {waits}"))
    }
}

#[cfg(test)]
mod tests {
    use chordscope_core::base::identity::Signer;

    use super::*;

    fn address(port: u16) -> Address {
        Address::parse_url(&format!("ws://127.0.0.1:{port}")).unwrap()
    }

    fn contact(secret: u8, port: u16) -> Contact {
        let signer = Signer::ed25519([secret; 32]);
        Contact::sign(Space::FULL, &signer, 0, 1, vec![address(port)]).unwrap()
    }

    #[test]
    fn each_is_named_once_by_id_and_address() {
        let [one, two, three] = [(1, 7001), (2, 7002), (3, 7003)].map(|(n, at)| contact(n, at));
        let looked_for = [
            (None, address(7001)),
            (Some(two.id()), address(7009)),
            (None, address(7010)),
        ];
        let all = Sought::each(&looked_for, [&one, &two, &three, &three].into_iter());
        let shown: Vec<String> = all.iter().map(Sought::describe).collect();
        let show = |contact: &Contact| Space::FULL.show(contact.id());
        assert_eq!(
            shown,
            [
                format!("{} (ws://127.0.0.1:7001/ws)", show(&one)),
                format!("{} (ws://127.0.0.1:7009/ws)", show(&two)),
                "ws://127.0.0.1:7010/ws".to_string(),
                format!("{} (ws://127.0.0.1:7003/ws)", show(&three)),
            ]
        );
        let outside = |sought: &[Sought], linked| Outside {
            is_joining: false,
            sought: sought.to_vec(),
            linked,
        };
        let waiting = format!("; waiting for {}", shown.join(", "));
        assert_eq!(outside(&all, 2).describe(), waiting);
        let many = vec![all[2].clone(); MAX_NAMED + 2];
        assert!(outside(&many, 0).describe().ends_with(", 2 others"));
    }

    #[test]
    fn who_is_linked_with_all_that_it_was_given_waits_for_one_of_them_to_have_a_ring() {
        let mut outside = Outside {
            linked: 2,
            ..Outside::default()
        };
        assert_eq!(
            outside.describe(),
            "; waiting for 2 linked peers to be in a ring: where none is, the peer with the lowest id begins one after ten \
             seconds"
        );
        outside.is_joining = true;
        let joins = "; waiting for its place in the ring that it joins";
        assert_eq!(outside.describe(), joins);
        assert_eq!(Outside::default().describe(), "");
    }
}
