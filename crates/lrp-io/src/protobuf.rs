//! The wire format of protocol buffers: field after field, each compared with the bytes that are there.

use crate::bytes::Bytes;
use crate::error::{Error, Result};

/// What a field holds, as far as the wire tells.
#[derive(Clone, Debug)]
pub(crate) enum Value<'a> {
    /// An integer, an enum or a bool; of a negative int32 or int64 the two's complement.
    Varint(u64),
    /// A float, by its bits.
    Fixed32(u32),
    /// A double, by its bits.
    Fixed64(u64),
    /// A message, a text or packed numbers, which knows where in the file it stands.
    Bytes(Bytes<'a>),
}

/// The fields of a message, with their numbers, in the order of the file; ends behind the first error.
#[derive(Clone, Debug)]
pub(crate) struct Fields<'a> {
    bytes: Bytes<'a>,
    broken: bool,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(message: Bytes<'a>) -> Self {
        Self { bytes: message, broken: false }
    }

    fn field(&mut self) -> Result<(u64, Value<'a>)> {
        let key = varint(&mut self.bytes)?;
        let value = match key & 7 {
            0 => Value::Varint(varint(&mut self.bytes)?),
            1 => Value::Fixed64(self.bytes.array("a number").map(u64::from_le_bytes)?),
            2 => {
                let length = varint(&mut self.bytes)?;
                let offset = self.bytes.offset();
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                Value::Bytes(Bytes::new(self.bytes.take(length, "a field")?, offset))
            }
            5 => Value::Fixed32(self.bytes.u32("a number")?),
            kind => {
                return Err(Error::format(format!("field of type {kind}, expected 0, 1, 2 or 5"))
                    .at_byte(self.bytes.offset()));
            }
        };
        Ok((key >> 3, value))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.broken || self.bytes.is_empty() {
            return None;
        }
        let field = self.field();
        self.broken = field.is_err();
        Some(field)
    }
}

/// A number of seven bits a byte, the last byte being the first below 128.
pub(crate) fn varint(bytes: &mut Bytes<'_>) -> Result<u64> {
    let start = bytes.offset();
    let mut value = 0_u64;
    for place in 0..10 {
        let [byte] = bytes.array("a number")?;
        value |= u64::from(byte & 0x7f).checked_shl(7 * place).unwrap_or(0);
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(Error::format("a number has more than ten bytes").at_byte(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(bytes: &[u8]) -> Result<Vec<(u64, Value<'_>)>> {
        Fields::new(Bytes::new(bytes, 100)).collect()
    }

    #[test]
    fn one_field_of_every_type() {
        let bytes = [
            &[0x08, 0x96, 0x01][..],
            &[0x11, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f],
            &[0x82, 0x01, 2, b'h', b'i'],
            &[0x1d, 0, 0, 0x80, 0xbf],
        ]
        .concat();
        let fields = fields(&bytes).unwrap();
        let [
            (1, Value::Varint(150)),
            (2, Value::Fixed64(double)),
            (16, Value::Bytes(text)),
            (3, Value::Fixed32(float)),
        ] = &fields[..]
        else {
            panic!("{fields:?}")
        };
        assert_eq!((f64::from_bits(*double), f32::from_bits(*float)), (1.0, -1.0));
        assert_eq!((text.rest(), text.offset()), (&b"hi"[..], 115));
    }

    #[test]
    fn the_largest_number_and_one_too_long() {
        let minus_one = [&[0xff; 9][..], &[0x01]].concat();
        assert_eq!(varint(&mut Bytes::new(&minus_one, 0)).unwrap(), u64::MAX);
        let error = varint(&mut Bytes::new(&[0x80; 11], 0)).unwrap_err();
        assert_eq!(error.message(), "a number has more than ten bytes");
    }

    #[test]
    fn what_is_cut_short_or_of_no_type_ends_the_message() {
        for (bytes, message) in [
            (&[0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f, 1][..], "a field takes 4294967295 bytes, 1 are left"),
            (&[0x0d, 1, 2], "a number takes 4 bytes, 2 are left"),
            (&[0x09, 1, 2], "a number takes 8 bytes, 2 are left"),
            (&[0x08], "a number takes 1 bytes, 0 are left"),
            (&[0x0b, 0x0c], "field of type 3, expected 0, 1, 2 or 5"),
        ] {
            assert_eq!(fields(bytes).unwrap_err().message(), message);
            assert_eq!(Fields::new(Bytes::new(bytes, 0)).count(), 1);
        }
    }
}
