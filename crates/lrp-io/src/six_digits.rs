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
    let mut text = String::new();
    push_six_digits(&mut text, value);
    text
}

/// Appends the number to a text.
pub(crate) fn push_six_digits(text: &mut String, value: f64) {
    if value.is_sign_negative() {
        text.push('-');
    }
    match value.abs() {
        size if size.is_nan() => text.push_str("nan"),
        size if size.is_infinite() => text.push_str("inf"),
        0.0 => text.push('0'),
        size => quickly(size).unwrap_or_else(|| exactly(size)).push(text),
    }
}

/// A number as `digits · 10^(exponent − 5)`, of six digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rounded {
    digits: u32,
    exponent: i32,
}

/// Powers of ten that f64 holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];

/// Rounds by one multiplication or division, whose error is far too small to matter unless the number is half way
/// between two of six digits, or as good as. Then, and beyond the powers of the table, there is no answer.
fn quickly(size: f64) -> Option<Rounded> {
    const BESIDE_HALF: f64 = 1e-8;
    // The binary exponent times log 2, which is one too low at times.
    let binary = i32::try_from(size.to_bits() >> 52).ok()? - 1023;
    let guess = (binary * 1233) >> 12;
    let scaled = |exponent: i32| {
        let power = POWERS.get(usize::try_from((5 - exponent).abs()).ok()?)?;
        Some(if exponent <= 5 { size * power } else { size / power })
    };
    let (exponent, scaled) = match scaled(guess)? {
        // The guess may be on the other side of a power of ten.
        low if low < 1e5 => (guess - 1, scaled(guess - 1)?),
        high if high >= 1e6 => (guess + 1, scaled(guess + 1)?),
        fits => (guess, fits),
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it has six digits")]
    let below = scaled as u32;
    let rest = scaled - f64::from(below);
    if (rest - 0.5).abs() < BESIDE_HALF {
        return None;
    }
    let digits = below + u32::from(rest > 0.5);
    Some(if digits == 1_000_000 {
        Rounded { digits: 100_000, exponent: exponent + 1 }
    } else {
        Rounded { digits, exponent }
    })
}

/// Rounds as the standard library does, which is exact.
fn exactly(size: f64) -> Rounded {
    let scientific = format!("{size:.5e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let digits = digits.bytes().filter(u8::is_ascii_digit);
    let digits = digits.fold(0, |digits, digit| digits * 10 + u32::from(digit - b'0'));
    Rounded { digits, exponent: exponent.parse().unwrap_or(0) }
}

impl Rounded {
    fn push(self, text: &mut String) {
        let Self { mut digits, exponent } = self;
        let mut letters = [b'0'; 6];
        for letter in letters.iter_mut().rev() {
            *letter += (digits % 10) as u8;
            digits /= 10;
        }
        let letters = std::str::from_utf8(&letters).unwrap_or_default();
        let ends = |start: usize| letters.trim_end_matches('0').len().max(start);
        let part = |start: usize, end: usize| letters.get(start..end).unwrap_or_default();
        match usize::try_from(exponent) {
            Ok(exponent @ 0..=5) => {
                text.push_str(part(0, exponent + 1));
                push_behind_point(text, part(exponent + 1, ends(exponent + 1)));
            }
            _ if (-4..0).contains(&exponent) => {
                text.push_str("0.");
                (exponent + 1..0).for_each(|_| text.push('0'));
                text.push_str(part(0, ends(1)));
            }
            _ => {
                text.push_str(part(0, 1));
                push_behind_point(text, part(1, ends(1)));
                text.push_str(if exponent < 0 { "e-" } else { "e+" });
                text.push_str(&format!("{:02}", exponent.abs()));
            }
        }
    }
}

fn push_behind_point(text: &mut String, digits: &str) {
    if !digits.is_empty() {
        text.push('.');
        text.push_str(digits);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{exactly, quickly};

    proptest! {
        #[test]
        fn quick_rounding_is_exact_where_it_answers(size in any::<f64>(), small in -1e3..1e3_f64, digits in 1..2_000_000_u32, power in -18..18_i32) {
            // Numbers of any size, of the size of relevance, and those that are half way or next to it.
            let half = f64::from(digits) * 0.5 * 10_f64.powi(power);
            for size in [size, small, half, half.next_up(), half.next_down()] {
                let size = size.abs();
                if let Some(quick) = quickly(size).filter(|_| size.is_normal()) {
                    prop_assert_eq!(quick, exactly(size));
                }
            }
            prop_assert!(quickly(1.0 / 3.0).is_some() && quickly(0.0625 * 1e-6).is_some());
        }
    }
}
