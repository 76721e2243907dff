//! Lines, a summary, or JSON.

use anyhow::Result;
use serde_json::json;

use super::{Check, Outcome};

impl Outcome {
    /// The check that comes closest to its tolerance, or exceeds it most.
    fn tightest(&self) -> Option<&Check> {
        let closeness = |check: &Check| check.error() / check.tolerance.max(f64::MIN_POSITIVE);
        self.checks.iter().max_by(|one, two| closeness(one).total_cmp(&closeness(two)))
    }

    fn failures(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| !check.passes())
    }
}

/// A line for the case, and one for each check if asked for or if it fails.
pub(super) fn print(outcome: &Outcome, every_check: bool) {
    let Some(tightest) = outcome.tightest() else { return };
    let verdict = if outcome.failures().next().is_none() { "ok  " } else { "FAIL" };
    println!(
        "{verdict} {:<13} {:<22} {} {:>3} checks  max error {:>8.1e} of {:<7.0e} ({}) {:>6.2} s",
        outcome.suite,
        outcome.case,
        outcome.dtype,
        outcome.checks.len(),
        tightest.error(),
        tightest.tolerance,
        tightest.name,
        outcome.time.as_secs_f64(),
    );
    for check in &outcome.checks {
        let failed = !check.passes();
        if failed || every_check || check.note.is_some() {
            let mark = if failed { "FAIL" } else { "  - " };
            let note = check.note.as_deref().map(|note| format!("  [{note}]")).unwrap_or_default();
            println!("  {mark} {:<50} {:>8.1e} of {:.0e}{note}", check.name, check.error(), check.tolerance);
        }
    }
}

/// Says how many checks passed; `false` if not all did.
pub(super) fn summary(outcomes: &[Outcome], strangers: &[String], as_json: bool) -> Result<bool> {
    let checks = || outcomes.iter().flat_map(|outcome| &outcome.checks);
    let failed = checks().filter(|check| !check.passes()).count();
    let passed = checks().count() - failed;
    if as_json {
        let cases: Vec<_> = outcomes.iter().map(describe).collect();
        let all =
            json!({ "passed": passed, "failed": failed, "suites_without_runner": strangers, "cases": cases });
        println!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(failed == 0);
    }
    for suite in strangers {
        println!("skip {suite}: no runner for suites of its kind; tests may compare them");
    }
    let deviations = checks().filter(|check| check.note.is_some()).count();
    println!("{} cases, {deviations} checks with a note (docs/deviations.md)", outcomes.len());
    println!("{passed} passed, {failed} failed");
    if failed > 0 {
        println!("actual, expected and difference of each failure are under target/verify");
    }
    Ok(failed == 0)
}

fn describe(outcome: &Outcome) -> serde_json::Value {
    let check = |check: &Check| {
        let error = check.error();
        json!({
            "name": check.name,
            "error": if error.is_finite() { json!(error) } else { json!("not comparable") },
            "tolerance": check.tolerance,
            "passed": check.passes(),
            "note": check.note,
        })
    };
    json!({
        "suite": outcome.suite,
        "case": outcome.case,
        "dtype": outcome.dtype,
        "seconds": outcome.time.as_secs_f64(),
        "checks": outcome.checks.iter().map(check).collect::<Vec<_>>(),
    })
}
