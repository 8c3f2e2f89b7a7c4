//! Scales: the volumes of what is sent, counted only where they are asked for.

use crate::worlds::ring::RingWorld;
use crate::worlds::ring::trace::Traffic;
use crate::worlds::ring::volume::Volumes;
use chordscope_core::message::Message;

/// The counts of what was sent since they were asked for.
#[derive(Clone, Debug)]
pub(super) struct Scales {
    volumes: Volumes,
    /// Known here only once it is wanted, so that programs which never weigh do without the wire format.
    count: fn(&mut Volumes, Traffic, &Message),
}

impl RingWorld {
    /// Weighs every message from now on.
    pub fn start_weighing(&mut self) {
        self.scales = Some(Scales {
            volumes: Volumes::default(),
            count: Volumes::count,
        });
    }

    /// Returns the volumes that were sent since [`RingWorld::start_weighing`].
    pub fn volumes(&self) -> Volumes {
        self.scales
            .as_ref()
            .map_or_else(Volumes::default, |scales| scales.volumes)
    }

    pub(super) fn weigh(&mut self, traffic: Traffic, message: &Message) {
        if let Some(scales) = &mut self.scales {
            (scales.count)(&mut scales.volumes, traffic, message);
        }
    }
}
