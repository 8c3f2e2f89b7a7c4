//! Files of runs, dropped on the page or chosen.

use web_sys::{DataTransfer, File};
use yew::{Callback, hook};

use crate::hooks::use_file_drop::use_file_drop;
use crate::page;
use crate::ring::engine::command::Command;
use crate::ring::engine::files::{self, TOO_LARGE, UNREADABLE, may_be_run};

/// Imports what is dropped while the page is shown. Returns whether files are being dragged over it.
#[hook]
pub fn use_dropped_run(send: &Callback<Command>, shown: bool) -> bool {
    let send = send.clone();
    let dropped = Callback::from(move |data: DataTransfer| {
        if let Some(file) = data.files().and_then(|files| files.get(0)) {
            import(&file, &send);
        }
    });
    use_file_drop(shown, dropped)
}

/// Reads a file and has it imported. One that is too large is not read.
pub fn import(file: &File, send: &Callback<Command>) {
    if !may_be_run(file.size()) {
        send.emit(Command::Refuse(TOO_LARGE.to_owned()));
        return;
    }
    let (file, send) = (file.clone(), send.clone());
    wasm_bindgen_futures::spawn_local(async move {
        let read = page::bytes_of(&file).await;
        let refuse = || Command::Refuse(UNREADABLE.to_owned());
        send.emit(read.map_or_else(refuse, |bytes| files::command(&bytes)));
    });
}
