//! The pinned runs as a module for a browser, which must come to the same digests. No page has it.

#![expect(unsafe_code, reason = "an exported name might be taken; these are not")]

mod runs;

use std::cell::RefCell;

/// The runs that are still to be made, and what the last one came to.
struct Pins {
    ahead: Box<dyn Iterator<Item = runs::Run>>,
    last: String,
}

thread_local! {
    static PINS: RefCell<Option<Pins>> = const { RefCell::new(None) };
}

/// Makes the next run; says how long its line is, which [`text`] then points at: 0 after the last one.
#[unsafe(no_mangle)]
pub extern "C" fn next() -> usize {
    PINS.with_borrow_mut(|pins| {
        let pins = pins.get_or_insert_with(|| Pins {
            ahead: Box::new(runs::all()),
            last: String::new(),
        });
        pins.last = pins.ahead.next().map(|run| run.pin()).unwrap_or_default();
        pins.last.len()
    })
}

/// The line of the data file for the last run, as it comes out here.
#[unsafe(no_mangle)]
pub extern "C" fn text() -> *const u8 {
    PINS.with_borrow(|pins| {
        pins.as_ref()
            .map_or(std::ptr::null(), |pins| pins.last.as_ptr())
    })
}
