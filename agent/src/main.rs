//! `kakeru`: daemon and command line in one binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    kakeru::cli::main()
}
