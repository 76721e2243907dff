//! Who wins a maximum that several entries reach.

/// What becomes of relevance and gradient where entries tie for a maximum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ties {
    /// They share it equally.
    #[default]
    Share,
    /// The first of them, the last axis counting fastest, has it alone.
    First,
}

/// How a maximum's signal is handed to those that reach it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Award {
    /// All of it to each: what the toolbox's `backward` does.
    Each,
    Ties(Ties),
}
