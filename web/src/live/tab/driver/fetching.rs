//! Fetching a file: from an empty place for it to one that the browser can save.

use chordscope_core::base::content::ContentId;
use chordscope_core::base::id::Space;
use chordscope_core::swarm::api::StartError;
use chordscope_core::swarm::picker::Order;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Blob, Url};

use super::Driver;
use crate::live::tab::files::Heading;
use crate::live::tab::place::Place;
use crate::live::tab::shares::{Share, Stage};
use crate::live::talk::Wanted;

impl Driver {
    /// Fetches a content, once there is a place for it. One that is here or on its way stays as it is.
    pub(super) fn fetch(&mut self, number: u32, wanted: Wanted) {
        let Some(number) = self.shares.number_for(wanted.content, number) else {
            return;
        };
        let stage = match self.peer.swarm().have(wanted.content) {
            Some(_) => Stage::Failed(StartError::Already.to_string()),
            None => Stage::Opening,
        };
        let is_new = matches!(stage, Stage::Opening);
        let share = Share {
            name: wanted.name.clone(),
            wanted: Some(wanted.content),
            stage,
        };
        if !self.shares.add(number, share) || !is_new {
            return;
        }
        let (me, peer) = (self.me.clone(), Space::FULL.show(self.peer.node().id()));
        let heading = Heading {
            content: wanted.content,
            name: wanted.name,
            layout: None,
            is_whole: false,
            is_folder: wanted.is_folder,
        };
        spawn_local(async move {
            let (content, is_folder) = (heading.content, heading.is_folder);
            let place = Place::make(&peer, heading).await;
            Self::happen(&me, |driver| match place {
                Ok(place) => driver.begin_fetch(number, content, is_folder, place),
                Err(why) => driver.give_up(number, why),
            });
        });
    }

    /// Fetches what there is a place for.
    pub(super) fn begin_fetch(
        &mut self,
        number: u32,
        content: ContentId,
        is_folder: bool,
        place: Place,
    ) {
        let now = self.clock.now();
        let folder = self.shares.folder_of(content);
        let Some(share) = self.shares.get_mut(number) else {
            return place.remove();
        };
        match self.peer.fetch(now, content, Order::RarestFirst) {
            Ok(()) => {
                if let Some(folder) = folder {
                    self.peer.look_in(now, content, folder);
                }
                share.stage = Stage::active(content, None, place);
                if let Stage::Active(active) = &mut share.stage {
                    active.begun = Some(now);
                    active.is_folder = is_folder;
                }
            }
            Err(error) => {
                place.remove();
                self.shares.fail(number, error.to_string());
            }
        }
    }

    /// The length of what is being fetched is known: it gets its room.
    pub(super) fn described(&mut self, content: ContentId) {
        let manifest = self.peer.swarm().manifest(content);
        let (Some(manifest), Some((number, active))) = (manifest, self.shares.active(content))
        else {
            return;
        };
        active.layout = Some(manifest.layout());
        if let Err(why) = active.place.describe(manifest) {
            self.give_up(number, why);
        }
    }

    /// Every segment is there: the browser gets a file that it can save.
    pub(super) fn complete(&mut self, content: ContentId) {
        let now = self.clock.now();
        let found = self.shares.active(content);
        let Some((number, active)) = found.filter(|(_, active)| !active.is_whole()) else {
            return;
        };
        active.took = active.begun.map(|begun| now.since(begun));
        if active.is_folder {
            active.folder = active.list();
            if active.folder.is_none() {
                let why = "this is no list of files, or one too long for a tab";
                return self.give_up(number, why);
            }
        }
        let (me, whole) = (self.me.clone(), active.place.whole());
        spawn_local(async move {
            let blob = whole.await;
            Self::happen(&me, |driver| driver.settle(number, content, blob));
        });
    }

    fn settle(&mut self, number: u32, content: ContentId, blob: Option<Blob>) {
        let found = self.shares.active(content);
        let Some((_, active)) = found.filter(|found| found.0 == number) else {
            return;
        };
        let url = blob.as_ref().map(Url::create_object_url_with_blob);
        match url {
            Some(Ok(url)) => active.saved = Some(url),
            _ => self.give_up(number, "the browser could not keep it"),
        }
    }
}
