//! Models in MATLAB files: instances of the toolbox's classes, plain structs, and files made to hurt.

#[path = "../common/mod.rs"]
mod common;
#[path = "../arrays/bytes.rs"]
#[expect(dead_code, reason = "these tests ask models, not arrays")]
mod bytes;
mod hostile;
mod instances;
mod mcos;
mod oracles;
mod plain;
mod shared;
