//! ONNX models: built here piece by piece, and those of other systems.

mod batch;
mod build;
mod external;
mod hostile;
mod networks;
mod operators;
mod suite;
mod writer;

#[path = "../common/mod.rs"]
mod common;

/// The reader's own messages, to build files and to read stored arrays with.
#[path = "../../src/model/onnx/proto.rs"]
mod proto;
