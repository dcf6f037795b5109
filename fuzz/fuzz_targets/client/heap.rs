//! Counts the heap: the bytes of a server or a terminal may only make it grow to a limit.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The most bytes that the client, the terminal in memory and the input may take together.
const MOST: usize = 32 * 1024 * 1024;

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
/// The last reported peak.
static TOLD: AtomicUsize = AtomicUsize::new(0);

struct Counted;

#[global_allocator]
static HEAP: Counted = Counted;

// SAFETY: the system's allocator does all the work; this only counts.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = NOW.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(now, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(at, layout) }
    }
}

/// Checks the peak of the whole run, and reports when it has grown by a mebibyte.
pub fn check() {
    let peak = PEAK.load(Ordering::Relaxed);
    if peak > TOLD.load(Ordering::Relaxed) + (1 << 20) {
        TOLD.store(peak, Ordering::Relaxed);
        eprintln!("heap: {} KiB at most", peak >> 10);
    }
    assert!(peak <= MOST, "the heap has grown to {peak} bytes");
}
