//! Files of runs, dropped on the page or chosen.

use web_sys::{DataTransfer, File};
use yew::{Callback, hook};

use crate::hooks::use_file_drop::use_file_drop;
use crate::page;
use crate::player::Given;
use crate::player::files::{self, TOO_LARGE, UNREADABLE, may_be_run};

/// Hands on what is dropped while the page is shown. Returns whether files are being dragged over it.
#[hook]
pub fn use_dropped_run(send: &Callback<Given>, shown: bool) -> bool {
    let send = send.clone();
    let dropped = Callback::from(move |data: DataTransfer| {
        if let Some(file) = data.files().and_then(|files| files.get(0)) {
            import(&file, &send);
        }
    });
    use_file_drop(shown, dropped)
}

/// Reads a file and hands it on. One that is too large is not read.
pub fn import(file: &File, send: &Callback<Given>) {
    if !may_be_run(file.size()) {
        send.emit(Given::Refused(TOO_LARGE.to_owned()));
        return;
    }
    let (file, send) = (file.clone(), send.clone());
    wasm_bindgen_futures::spawn_local(async move {
        let read = page::bytes_of(&file).await;
        let refuse = || Given::Refused(UNREADABLE.to_owned());
        send.emit(
            read.map_or_else(refuse, |bytes| match files::content(&bytes) {
                Ok(run) => Given::File(run),
                Err(why) => Given::Refused(why),
            }),
        );
    });
}
