//! libFuzzer feeding one reader, the one named by the variable `LRP_FUZZ_TARGET`.

#![no_main]

use std::cell::LazyCell;

use lrp_tests::fuzz::{Target, targets};

thread_local! {
    static TARGET: LazyCell<Target> = LazyCell::new(|| {
        let name = std::env::var("LRP_FUZZ_TARGET").unwrap_or_default();
        let target = targets().into_iter().find(|target| target.name == name);
        target.unwrap_or_else(|| panic!("LRP_FUZZ_TARGET names no target: '{name}'"))
    });
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| TARGET.with(|target| target.run(bytes)));
