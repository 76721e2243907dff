//! Mean times, and what is gained.

use std::error::Error;
use std::time::Instant;

/// Mean seconds of some repetitions, and the last result.
pub(crate) fn timed<R>(
    repetitions: u32,
    run: impl Fn() -> Result<R, Box<dyn Error>>,
) -> Result<(f64, R), Box<dyn Error>> {
    let start = Instant::now();
    let mut result = run()?;
    for _ in 1..repetitions {
        result = run()?;
    }
    Ok((start.elapsed().as_secs_f64() / f64::from(repetitions.max(1)), result))
}

pub(crate) fn report(what: &str, before: f64, after: f64) {
    println!("  {what:<22} {before:>9.6} {after:>9.6} {:>4.0} %", 100.0 * (1.0 - after / before));
}
