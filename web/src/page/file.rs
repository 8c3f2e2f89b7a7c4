//! Files of the user: saved and read.

use js_sys::{Array, Uint8Array};
use wasm_bindgen::JsCast;
use web_sys::{File, HtmlElement, window};

use crate::page::sleep;

/// The time after which the browser has begun to save a file, in milliseconds.
const SAVED_AFTER: u32 = 60_000;

/// Gives the user a text as a file.
pub fn save(name: &str, text: &str) {
    let blob = web_sys::Blob::new_with_str_sequence(&Array::of1(&text.into()));
    let url = blob.and_then(|blob| web_sys::Url::create_object_url_with_blob(&blob));
    let document = window().and_then(|window| window.document());
    let link = document.and_then(|document| document.create_element("a").ok());
    if let (Ok(url), Some(link)) = (url, link) {
        let _ = link.set_attribute("href", &url);
        let _ = link.set_attribute("download", name);
        link.unchecked_into::<HtmlElement>().click();
        wasm_bindgen_futures::spawn_local(async move {
            sleep(SAVED_AFTER).await;
            let _ = web_sys::Url::revoke_object_url(&url);
        });
    }
}

/// The content of a file; `None` when the browser cannot read it. Its text would have lost what is no UTF-8.
pub async fn bytes_of(file: &File) -> Option<Vec<u8>> {
    let buffer = wasm_bindgen_futures::JsFuture::from(file.array_buffer()).await;
    Some(Uint8Array::new(&buffer.ok()?).to_vec())
}
