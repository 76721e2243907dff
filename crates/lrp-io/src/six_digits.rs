//! Numbers as C's `%g` and the streams of C++ write them.

/// The number in six significant digits, without zeros at its end: `0.00199331`, `1e+06`, `-0`, `inf`.
///
/// Powers of ten below -4 or above 5 have an exponent of at least two digits. Halves round to even, as in C.
///
/// ```
/// use lrp_io::six_digits;
///
/// assert_eq!([1.0 / 3.0, 1234567.0, 1e-5].map(six_digits), ["0.333333", "1.23457e+06", "1e-05"]);
/// ```
#[must_use]
pub fn six_digits(value: f64) -> String {
    if !value.is_finite() {
        let sign = if value.is_sign_negative() { "-" } else { "" };
        return format!("{sign}{}", if value.is_nan() { "nan" } else { "inf" });
    }
    let scientific = format!("{value:.5e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    match usize::try_from(5 - exponent) {
        Ok(decimals) if exponent >= -4 => without_zeros(&format!("{value:.decimals$}")).to_owned(),
        _ => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{}e{sign}{:02}", without_zeros(digits), exponent.abs())
        }
    }
}

fn without_zeros(digits: &str) -> &str {
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits }
}
