//! The proof that chordscope-core needs no standard library: this links for a target that has one, with a panic
//! handler of its own. Were std among the core's dependencies, there would be two, which the compiler refuses.
#![no_std]

use core::alloc::{GlobalAlloc, Layout};
use core::panic::PanicInfo;

use chordscope_core as _;
#[cfg(feature = "sim")]
use chordscope_sim as _;

/// Never has memory: nothing here runs.
struct NoMemory;

// SAFETY: a null pointer is how an allocator refuses.
unsafe impl GlobalAlloc for NoMemory {
    unsafe fn alloc(&self, _: Layout) -> *mut u8 {
        core::ptr::null_mut()
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static ALLOCATOR: NoMemory = NoMemory;

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}
