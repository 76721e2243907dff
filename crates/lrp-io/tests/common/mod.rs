//! What the tests of all readers need: broken variants of a file, and files that may not be there.

use std::path::PathBuf;

/// A file beside the workspace that is not part of the repository; says so if it is not there.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(path);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {path:?} is not here");
    None
}

/// Numbers that look random and are the same in every run.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }

    /// The bytes with a few of them changed, and a short piece copied to another place.
    pub(crate) fn mutant(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut mutant = bytes.to_vec();
        for _ in 0..1 + self.below(8) {
            let at = self.below(mutant.len());
            mutant[at] = self.below(256) as u8;
        }
        let (from, to, count) = (self.below(mutant.len()), self.below(mutant.len()), self.below(32));
        if from + count <= mutant.len() && to + count <= mutant.len() {
            mutant.copy_within(from..from + count, to);
        }
        mutant
    }
}
