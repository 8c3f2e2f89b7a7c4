//! Fetching a file: from an empty place for it to one that the browser can save.

use chordscope_core::base::content::ContentId;
use chordscope_core::base::id::Space;
use chordscope_core::swarm::manifest::Manifest;
use chordscope_core::swarm::picker::Order;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Blob, Url};

use super::Driver;
use crate::live::tab::place::Place;
use crate::live::tab::shares::Stage;

impl Driver {
    /// Fetches a content, once there is a place for it.
    pub(super) fn fetch(&mut self, number: u32, content: ContentId, name: String) {
        if !self.shares.add(number, name, Stage::Opening) {
            return;
        }
        let (me, peer) = (self.me.clone(), Space::FULL.show(self.peer.node().id()));
        spawn_local(async move {
            let place = Place::make(&peer, number).await;
            Self::happen(&me, |driver| driver.begin_fetch(number, content, place));
        });
    }

    fn begin_fetch(&mut self, number: u32, content: ContentId, place: Place) {
        let Some(share) = self.shares.get_mut(number) else {
            return place.remove();
        };
        match self
            .peer
            .fetch(self.clock.now(), content, Order::RarestFirst)
        {
            Ok(()) => share.stage = Stage::active(content, None, place),
            Err(error) => {
                place.remove();
                self.shares.fail(number, error.to_string());
            }
        }
    }

    /// The length of what is being fetched is known: it gets its room.
    pub(super) fn described(&mut self, content: ContentId) {
        let layout = self.peer.swarm().manifest(content).map(Manifest::layout);
        let (Some(layout), Some((number, active))) = (layout, self.shares.active(content)) else {
            return;
        };
        active.layout = Some(layout);
        if let Err(why) = active.place.reserve(layout.length()) {
            self.shares.fail(number, why);
            self.peer.stop_transfer(self.clock.now(), content);
        }
    }

    /// Every segment is there: the browser gets a file that it can save.
    pub(super) fn complete(&mut self, content: ContentId) {
        let found = self.shares.active(content);
        let Some((number, active)) = found.filter(|(_, active)| !active.is_whole()) else {
            return;
        };
        let (me, whole) = (self.me.clone(), active.place.whole());
        spawn_local(async move {
            let blob = whole.await;
            Self::happen(&me, |driver| driver.settle(number, content, blob));
        });
    }

    fn settle(&mut self, number: u32, content: ContentId, blob: Option<Blob>) {
        let Some((_, active)) = self
            .shares
            .active(content)
            .filter(|found| found.0 == number)
        else {
            return;
        };
        let url = blob.as_ref().map(Url::create_object_url_with_blob);
        match (blob, url) {
            (Some(blob), Some(Ok(url))) => {
                active.place.settle(blob);
                active.saved = Some(url);
            }
            _ => {
                self.shares.fail(number, "the browser could not keep it");
                self.peer.stop_transfer(self.clock.now(), content);
            }
        }
    }
}
