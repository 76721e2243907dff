//! The arrays of Caffe, messages `BlobProto`: weights, biases and mean images.

use crate::bytes::Bytes;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::protobuf::{Fields, Value, varint};

/// An array of any shape, its numbers in row-major order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Blob {
    pub(crate) shape: Vec<usize>,
    /// As many as the shape says; float numbers are exact in f64.
    pub(crate) values: Vec<f64>,
    /// Whether the file names `num`, `channels`, `height` and `width`, which are always four axes: a matrix of
    /// old files is `[1, 1, rows, columns]`.
    pub(crate) legacy: bool,
}

impl Blob {
    /// The message in `bytes`. Gradients in it are passed over, fields that it does not know as well.
    ///
    /// Numbers may be NaN or infinite; who reads the blob knows whether they may.
    pub(crate) fn decode(bytes: Bytes<'_>, limits: &Limits) -> Result<Self> {
        let start = bytes.offset();
        let mut parts = Parts::default();
        for field in Fields::new(bytes) {
            let (number, value) = field?;
            parts.add(number, value, limits)?;
        }
        parts.finish(limits).map_err(|error| error.at_byte(start))
    }
}

/// The fields of a blob that were seen so far.
#[derive(Default)]
struct Parts {
    /// `num`, `channels`, `height` and `width`.
    sides: [Option<usize>; 4],
    shape: Vec<usize>,
    floats: Vec<f64>,
    doubles: Vec<f64>,
}

impl Parts {
    fn add(&mut self, number: u64, value: Value<'_>, limits: &Limits) -> Result<()> {
        match (number, value) {
            (1..=4, Value::Varint(side)) => {
                let side = axis(side)?;
                for (place, kept) in (1..).zip(&mut self.sides) {
                    if place == number {
                        *kept = Some(side);
                    }
                }
                Ok(())
            }
            (7, Value::Bytes(shape)) => add_axes(shape, &mut self.shape, limits),
            (5, Value::Fixed32(bits)) => push(f32::from_bits(bits).into(), &mut self.floats, limits),
            (5, Value::Bytes(packed)) => {
                extend(packed, |bytes| f32::from_le_bytes(bytes).into(), &mut self.floats, limits)
            }
            (8, Value::Fixed64(bits)) => push(f64::from_bits(bits), &mut self.doubles, limits),
            (8, Value::Bytes(packed)) => extend(packed, f64::from_le_bytes, &mut self.doubles, limits),
            (1..=5 | 7 | 8, _) => Err(Error::format(format!("field {number} of a blob is of another type"))),
            _ => Ok(()),
        }
    }

    fn finish(self, limits: &Limits) -> Result<Blob> {
        let legacy = self.sides.iter().any(Option::is_some);
        // Caffe looks at these in the same order: the old sides before the shape, doubles before floats.
        let shape = if legacy { self.sides.map(|side| side.unwrap_or(1)).to_vec() } else { self.shape };
        let values = if self.doubles.is_empty() { self.floats } else { self.doubles };
        let elements = limits.elements(&shape)?;
        if elements != values.len() {
            let found = values.len();
            return Err(Error::format(format!(
                "a blob of shape {shape:?} takes {elements} numbers, it has {found}"
            )));
        }
        Ok(Blob { shape, values, legacy })
    }
}

/// The axes of a `BlobShape`, one by one or packed.
fn add_axes(message: Bytes<'_>, shape: &mut Vec<usize>, limits: &Limits) -> Result<()> {
    for field in Fields::new(message) {
        match field? {
            (1, Value::Varint(length)) => shape.push(axis(length)?),
            (1, Value::Bytes(mut packed)) => {
                while !packed.is_empty() {
                    shape.push(axis(varint(&mut packed)?)?);
                    limits.elements(shape)?;
                }
            }
            (1, _) => return Err(Error::format("an axis of a blob is no integer")),
            _ => {}
        }
        limits.elements(shape)?;
    }
    Ok(())
}

fn axis(length: u64) -> Result<usize> {
    // The wire knows no sign: what is beyond i64 was below zero.
    let length = length.cast_signed();
    usize::try_from(length).map_err(|_| Error::format(format!("an axis of a blob has the length {length}")))
}

fn push(number: f64, numbers: &mut Vec<f64>, limits: &Limits) -> Result<()> {
    limits.check_elements(numbers.len().saturating_add(1))?;
    numbers.push(number);
    Ok(())
}

/// Adds numbers of `N` bytes that stand together.
fn extend<const N: usize>(
    packed: Bytes<'_>,
    number: impl Fn([u8; N]) -> f64,
    numbers: &mut Vec<f64>,
    limits: &Limits,
) -> Result<()> {
    let (whole, rest) = packed.rest().as_chunks();
    if !rest.is_empty() {
        let message = format!("{} bytes are no whole count of numbers of {N} bytes", packed.rest().len());
        return Err(Error::format(message).at_byte(packed.offset()));
    }
    limits.check_elements(numbers.len().saturating_add(whole.len()))?;
    numbers.extend(whole.iter().map(|&bytes| number(bytes)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn decode(bytes: &[u8]) -> Result<Blob> {
        Blob::decode(Bytes::new(bytes, 0), &Limits::default())
    }

    fn refusal(bytes: &[u8]) -> String {
        decode(bytes).unwrap_err().message().to_owned()
    }

    /// Two floats, packed.
    const FLOATS: [u8; 10] = [0x2a, 8, 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0];
    /// Two doubles, packed.
    const DOUBLES: [u8; 18] = [0x42, 16, 0, 0, 0, 0, 0, 0, 0xe0, 0x3f, 0, 0, 0, 0, 0, 0, 0x08, 0x40];

    #[test]
    fn old_sides_are_four_axes() {
        // No `num` and no `height`.
        let old = [&[0x10, 1, 0x20, 2][..], &FLOATS].concat();
        let expected = Blob { shape: vec![1, 1, 1, 2], values: vec![1.0, -2.0], legacy: true };
        assert_eq!(decode(&old).unwrap(), expected);
        // They count before a shape, whatever the order.
        let both = [&[0x3a, 2, 0x08, 7][..], &old].concat();
        assert_eq!(decode(&both).unwrap(), expected);
    }

    #[test]
    fn shapes_and_numbers_packed_or_not() {
        let packed = [&[0x3a, 4, 0x0a, 2, 2, 1][..], &FLOATS].concat();
        let single =
            [&[0x3a, 4, 0x08, 2, 0x08, 1][..], &[0x2d, 0, 0, 0x80, 0x3f], &[0x2d, 0, 0, 0, 0xc0]].concat();
        let expected = Blob { shape: vec![2, 1], values: vec![1.0, -2.0], legacy: false };
        assert_eq!(decode(&packed).unwrap(), expected);
        assert_eq!(decode(&single).unwrap(), expected);
    }

    #[test]
    fn doubles_count_before_floats_and_gradients_not_at_all() {
        let gradient = [&[0x32, 8][..], &[0; 8], &[0x4a, 8], &[0; 8]].concat();
        let double = [&[0x3a, 2, 0x08, 2][..], &FLOATS, &gradient, &DOUBLES].concat();
        assert_eq!(decode(&double).unwrap().values, [0.5, 3.0]);
    }

    #[test]
    fn without_axes_it_is_one_number() {
        let one = decode(&[0x2d, 0, 0, 0x80, 0x3f]).unwrap();
        assert_eq!((one.shape, one.values), (vec![], vec![1.0]));
        assert_eq!(refusal(&[]), "a blob of shape [] takes 1 numbers, it has 0");
        assert_eq!(decode(&[0x3a, 2, 0x08, 0]).unwrap().values, [] as [f64; 0]);
    }

    #[test]
    fn claims_beyond_the_numbers_are_refused() {
        assert_eq!(
            refusal(&[&[0x3a, 3, 0x08, 0x80, 0x01][..], &FLOATS].concat()),
            "a blob of shape [128] takes 128 numbers, it has 2"
        );
        let huge = [0x3a, 6, 0x08, 0xff, 0xff, 0xff, 0xff, 0x0f];
        assert_eq!(decode(&huge).unwrap_err().kind(), ErrorKind::Limit);
        let overflow =
            [&[0x3a, 20][..], &[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f].repeat(2)];
        assert!(decode(&overflow.concat()).is_err());
        let minus_one = [&[0x08][..], &[0xff; 9], &[1]].concat();
        assert_eq!(refusal(&minus_one), "an axis of a blob has the length -1");
        let axes = [&[0x3a, 102, 0x0a, 100][..], &[1; 100]].concat();
        assert_eq!(refusal(&axes), "the array has 33 axes, at most 32 are allowed");
        let small = Limits { array_elements: 1, ..Limits::default() };
        let error = Blob::decode(Bytes::new(&FLOATS, 0), &small).unwrap_err();
        assert_eq!(error.message(), "the array has 2 elements, at most 1 are allowed");
    }

    #[test]
    fn fields_of_another_type_and_halves_of_numbers_are_refused() {
        assert_eq!(refusal(&[0x0a, 1, 1]), "field 1 of a blob is of another type");
        assert_eq!(refusal(&[0x28, 1]), "field 5 of a blob is of another type");
        assert_eq!(refusal(&[0x2a, 3, 0, 0, 0]), "3 bytes are no whole count of numbers of 4 bytes");
        assert_eq!(refusal(&[0x3a, 5, 0x0d, 0, 0, 0, 0]), "an axis of a blob is no integer");
    }

    #[test]
    fn cut_at_every_byte_it_is_an_error() {
        let whole = [&FLOATS[..], &[0x10, 1, 0x20, 2]].concat();
        assert!(decode(&whole).is_ok());
        for length in 0..whole.len() {
            assert!(decode(&whole[..length]).is_err(), "cut at {length}");
        }
    }
}
