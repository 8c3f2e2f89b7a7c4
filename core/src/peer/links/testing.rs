//! Two ends of a link, for the tests of parts that need one made by a handshake.

use alloc::vec::Vec;

use crate::base::contact::Contact;
use crate::base::features::Features;
use crate::base::identity::Signer;
use crate::base::rng::Rng;
use crate::base::time::Instant;
use crate::link::LinkId;
use crate::peer::api::Output;
use crate::peer::config::Config;
use crate::peer::dialing::Aim;
use crate::peer::links::{Channel, Host, Links, Outputs};
use crate::peer::parts::fixture::contact_of;
use crate::peer::parts::{ToNode, Want};

pub(super) const LINK: LinkId = LinkId(1);
pub(super) const SOCKET: Channel = Channel::Socket(LINK);

/// One end of a link.
pub(super) struct End {
    signer: Signer,
    me: Contact,
    pub(super) links: Links,
    pub(super) outputs: Outputs,
    /// The wants of its links of other parts.
    pub(super) wanted: Vec<Want>,
}

impl End {
    pub(super) fn new(secret: u8, features: Features) -> Self {
        Self::of(
            secret,
            &Config {
                features,
                ..Config::default()
            },
        )
    }

    pub(super) fn of(secret: u8, config: &Config) -> Self {
        let signer = Signer::ed25519([secret; 32]);
        Self {
            links: Links::new(config, &signer, Rng::from_entropy([secret; 32])),
            me: contact_of(secret),
            signer,
            outputs: Outputs::new(),
            wanted: Vec::new(),
        }
    }

    pub(super) fn call<R>(&mut self, deed: impl FnOnce(&mut Links, Host<'_>) -> R) -> R {
        let host = Host {
            now: Instant::ZERO,
            me: &self.me,
            signer: &self.signer,
            outputs: &mut self.outputs,
        };
        deed(&mut self.links, host)
    }

    /// Carries out the wants of this end's links, as the peer does.
    pub(super) fn settle(&mut self, wants: Vec<Want>) {
        for want in wants {
            match want {
                Want::Links(input) => {
                    let wants = self.call(|links, host| links.handle(host, input));
                    self.settle(wants);
                }
                want => self.wanted.push(want),
            }
        }
    }

    pub(super) fn hears(&self) -> Option<Features> {
        let link = self.links.views().next()?;
        link.contact.is_some().then_some(link.features)
    }

    pub(super) fn messages(&self) -> usize {
        let is_message = |want: &&Want| matches!(want, Want::Node(ToNode::Message(..)));
        self.wanted.iter().filter(is_message).count()
    }
}

/// Two ends with these features and an open link.
pub(super) fn linked(features: [Features; 2]) -> [End; 2] {
    let mut ends = [End::new(1, features[0]), End::new(2, features[1])];
    for (end, aim) in ends.iter_mut().zip([Some(Aim::Probe), None]) {
        let missed = end.call(|links, host| links.open(host, SOCKET, aim, None));
        assert_eq!(missed, None);
    }
    exchange(&mut ends);
    ends
}

/// Carries frames until no side sends any more. Returns the number that each has sent.
pub(super) fn exchange(ends: &mut [End; 2]) -> [usize; 2] {
    let mut sent = [0; 2];
    for _ in 0..20 {
        for from in [0, 1] {
            while let Some(output) = ends[from].outputs.pop_front() {
                if let Output::Send { frame, .. } = output {
                    sent[from] += 1;
                    let to = &mut ends[1 - from];
                    let frame = frame.into();
                    let wants = to.call(|links, host| links.receive(host, LINK, &frame));
                    to.settle(wants.unwrap_or_default());
                }
            }
        }
    }
    sent
}
