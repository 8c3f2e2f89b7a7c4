//! Jobs: what takes a while, done beside everything else. Each ends with an event for the transfers.

use std::rc::Rc;

use chordscope_core::base::content::ContentId;
use wasm_bindgen_futures::spawn_local;
use web_sys::{File, Url};

use super::place::{Place, Whole};
use super::reading::{self, Unread};
use super::table::{Counter, Lent, Reason};
use super::{Bearing, Event, taking_up};
use crate::live::tab::files::Heading;
use crate::live::tab::parts::{Event as TabEvent, Inbox};
use crate::live::tab::spent::Spent;
use crate::live::talk::LocalFile;

/// A job for a row, whose number comes first.
#[derive(Debug)]
pub(in crate::live::tab) enum Job {
    /// Take up the files that were fetched before a reload, or by a tab that was closed.
    TakeUp,
    /// Read a file to find its content id.
    ReadFile(u32, File, Counter),
    /// Read every file of a folder to find its content id.
    ReadFolder(u32, Vec<LocalFile>, Counter),
    /// Make a place for a fetch of the peer of this name.
    MakePlace(u32, String, Heading),
    /// Make an address at which the browser saves this content.
    Save(u32, ContentId, Whole),
    /// Read a segment of a lent file.
    ReadSegment(Lent, u32),
}

/// The start of jobs.
#[derive(Debug)]
pub(in crate::live::tab) struct Jobs {
    inbox: Inbox,
    spent: Rc<Spent>,
}

impl Jobs {
    pub(in crate::live::tab) const fn new(inbox: Inbox, spent: Rc<Spent>) -> Self {
        Self { inbox, spent }
    }

    /// Begins a job.
    pub(in crate::live::tab) fn begin(&self, job: Job) {
        let (inbox, spent) = (self.inbox.clone(), Rc::clone(&self.spent));
        spawn_local(async move {
            let tell = |event| inbox.tell(TabEvent::Transfers(event));
            if let Some(event) = job.run(&spent, tell).await {
                tell(event);
            }
        });
    }
}

impl Job {
    /// Does the job. Returns the event that it ends with, if anybody waits for that.
    async fn run(self, spent: &Spent, tell: impl Fn(Event)) -> Option<Event> {
        Some(match self {
            Self::TakeUp => {
                taking_up::take_up(tell).await;
                return None;
            }
            Self::ReadFile(number, file, counter) => {
                let manifest = reading::manifest(&file, spent, &counter).await;
                match manifest {
                    Err(Unread::Stopped) => return None,
                    manifest => Event::FileRead(number, file, manifest.map_err(Reason::Unread)),
                }
            }
            Self::ReadFolder(number, files, counter) => {
                let read = reading::folder(files, spent, &counter).await;
                match read {
                    Err(Reason::UnreadPart(_, Unread::Stopped)) => return None,
                    read => Event::FolderRead(number, read),
                }
            }
            Self::MakePlace(number, peer, heading) => {
                let bearing = Bearing::of(&heading);
                match Place::make(&peer, heading).await {
                    Ok(place) => Event::PlaceMade(number, place, bearing),
                    Err(why) => Event::NoPlace(number, why),
                }
            }
            Self::Save(number, content, whole) => {
                let blob = whole.blob().await;
                let url = blob.and_then(|blob| Url::create_object_url_with_blob(&blob).ok());
                Event::Saved(number, content, url.map(SavedUrl))
            }
            Self::ReadSegment(lent, index) => {
                let range = lent.layout.range(index);
                let bytes = reading::piece(&lent.blob, range, spent).await;
                Event::SegmentRead(lent.content, index, bytes)
            }
        })
    }
}

/// An address at which the browser finds a whole file. Revoked when dropped.
#[derive(Debug)]
pub(in crate::live::tab) struct SavedUrl(String);

impl SavedUrl {
    /// The address.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Drop for SavedUrl {
    fn drop(&mut self) {
        // An address that the browser does not know any more needs no revoking.
        let _ = Url::revoke_object_url(&self.0);
    }
}
