//! The `lrp` command under another name, for the tests of this package.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    lrp_cli::main()
}
