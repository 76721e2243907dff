//! The header of an `.npy` file: a Python dict in text, read without Python and without recursion.

use super::dtype::{ByteOrder, Dtype};
use crate::bytes::Bytes;
use crate::error::{Error, Result, quoted};
use crate::limits::Limits;

/// What an `.npy` header says of the numbers behind it.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) dtype: Dtype,
    pub(super) byte_order: ByteOrder,
    pub(super) fortran_order: bool,
    pub(super) shape: Vec<usize>,
}

pub(super) const MAGIC: &[u8] = b"\x93NUMPY";

/// Reads the header at the start of an `.npy` file, of version 1, 2 or 3, and leaves `bytes` at the
/// first number.
///
/// Beyond what numpy writes today it takes the `L` that Python 2 put behind integers.
pub(super) fn read(bytes: &mut Bytes<'_>, limits: &Limits) -> Result<Header> {
    if bytes.take(MAGIC.len(), "the npy signature")? != MAGIC {
        return Err(Error::format("does not start with the npy signature").at_byte(0));
    }
    let version_at = bytes.offset();
    let [major, minor] = bytes.array("the npy version")?;
    let length_at = bytes.offset();
    let length = match (major, minor) {
        (1, 0) => bytes.u16("the header length")?.into(),
        (2 | 3, 0) => bytes.u32("the header length")? as usize,
        _ => {
            let message = format!("npy version {major}.{minor}, only 1.0, 2.0 and 3.0 are read");
            return Err(Error::unsupported(message).at_byte(version_at));
        }
    };
    if length > limits.npy_header_bytes {
        let message =
            format!("the header has {length} bytes, at most {} are allowed", limits.npy_header_bytes);
        return Err(Error::limit(message).at_byte(length_at));
    }
    let start = bytes.offset();
    Literal { text: Bytes::new(bytes.take(length, "the header")?, start) }.header(limits)
}

/// The text of the header, consumed from the front.
struct Literal<'a> {
    text: Bytes<'a>,
}

impl<'a> Literal<'a> {
    fn header(mut self, limits: &Limits) -> Result<Header> {
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        self.expect(b'{')?;
        while !self.next_is(b'}') {
            let key_at = self.text.offset();
            let key = self.string()?;
            self.expect(b':')?;
            let first = match key {
                b"descr" => descr.replace(self.descr()?).is_none(),
                b"fortran_order" => fortran_order.replace(self.boolean()?).is_none(),
                b"shape" => shape.replace(self.shape(limits)?).is_none(),
                _ => return Err(self.wrong(key_at, &format!("unknown key {}", text(key)))),
            };
            if !first {
                return Err(self.wrong(key_at, &format!("key {} comes twice", text(key))));
            }
            if !self.next_is(b',') {
                self.expect(b'}')?;
                break;
            }
        }
        self.skip_blanks();
        let end = self.text.offset();
        match (descr, fortran_order, shape) {
            _ if !self.text.is_empty() => Err(self.wrong(end, "text after the closing brace")),
            (Some((dtype, byte_order)), Some(fortran_order), Some(shape)) => {
                Ok(Header { dtype, byte_order, fortran_order, shape })
            }
            _ => Err(self.wrong(end, "one of the keys descr, fortran_order and shape is missing")),
        }
    }

    fn descr(&mut self) -> Result<(Dtype, ByteOrder)> {
        self.skip_blanks();
        let at = self.text.offset();
        if self.text.rest().first() == Some(&b'[') {
            return Err(Error::unsupported("a structured array; save each field on its own").at_byte(at));
        }
        parse_descr(self.string()?).map_err(|error| error.at_byte(at))
    }

    fn boolean(&mut self) -> Result<bool> {
        self.skip_blanks();
        let at = self.text.offset();
        match self.take_while(|byte| byte.is_ascii_alphanumeric()) {
            b"True" => Ok(true),
            b"False" => Ok(false),
            other => Err(self.wrong(at, &format!("{} instead of True or False", text(other)))),
        }
    }

    fn shape(&mut self, limits: &Limits) -> Result<Vec<usize>> {
        self.skip_blanks();
        let at = self.text.offset();
        let mut shape = Vec::new();
        self.expect(b'(')?;
        while !self.next_is(b')') {
            if shape.len() == limits.array_axes {
                let message = format!("more than the {} axes that are allowed", limits.array_axes);
                return Err(Error::limit(message).at_byte(at));
            }
            shape.push(self.axis()?);
            if !self.next_is(b',') {
                self.expect(b')')?;
                break;
            }
        }
        limits.elements(&shape).map_err(|error| error.at_byte(at))?;
        Ok(shape)
    }

    fn axis(&mut self) -> Result<usize> {
        self.skip_blanks();
        let at = self.text.offset();
        let word = self.take_while(|byte| !matches!(byte, b',' | b')') && !byte.is_ascii_whitespace());
        let digits = word.strip_suffix(b"L").unwrap_or(word);
        let all_digits = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
        std::str::from_utf8(digits)
            .ok()
            .filter(|_| all_digits)
            .and_then(|digits| digits.parse().ok())
            .ok_or_else(|| self.wrong(at, &format!("{} is not the length of an axis", text(word))))
    }

    fn string(&mut self) -> Result<&'a [u8]> {
        self.skip_blanks();
        let at = self.text.offset();
        let quote = match self.text.rest().first() {
            Some(&quote @ (b'\'' | b'"')) => quote,
            _ => return Err(self.wrong(at, "a quoted string is missing")),
        };
        self.text.take(1, "the header")?;
        let content = self.take_while(|byte| byte != quote);
        self.text.take(1, "the closing quote of the header's string")?;
        Ok(content)
    }

    fn expect(&mut self, wanted: u8) -> Result<()> {
        if self.next_is(wanted) {
            return Ok(());
        }
        Err(self.wrong(self.text.offset(), &format!("'{}' is missing", char::from(wanted))))
    }

    fn next_is(&mut self, wanted: u8) -> bool {
        self.skip_blanks();
        self.text.rest().first() == Some(&wanted) && self.text.take(1, "the header").is_ok()
    }

    fn skip_blanks(&mut self) {
        self.take_while(|byte| byte.is_ascii_whitespace());
    }

    fn take_while(&mut self, wanted: impl Fn(u8) -> bool) -> &'a [u8] {
        let count = self.text.rest().iter().take_while(|&&byte| wanted(byte)).count();
        self.text.take(count, "the header").unwrap_or_default()
    }

    fn wrong(&self, at: usize, what: &str) -> Error {
        Error::format(format!("npy header: {what}")).at_byte(at)
    }
}

/// The codes that numpy gives to number types.
const CODES: [(&[u8], Dtype); 12] = [
    (b"b1", Dtype::Bool),
    (b"i1", Dtype::I8),
    (b"i2", Dtype::I16),
    (b"i4", Dtype::I32),
    (b"i8", Dtype::I64),
    (b"u1", Dtype::U8),
    (b"u2", Dtype::U16),
    (b"u4", Dtype::U32),
    (b"u8", Dtype::U64),
    (b"f2", Dtype::F16),
    (b"f4", Dtype::F32),
    (b"f8", Dtype::F64),
];

/// The codes that are numpy's but not for numbers that f64 holds.
const REFUSED: [(u8, &str); 9] = [
    (b'O', "Python objects; save the numbers alone, numpy.save(path, array.astype(float))"),
    (b'c', "complex numbers; save the real and the imaginary part on their own"),
    (b'S', "byte strings"),
    (b'a', "byte strings"),
    (b'U', "strings"),
    (b'V', "raw bytes or structures"),
    (b'M', "dates"),
    (b'm', "time differences"),
    (b'f', "floats wider than 64 bits"),
];

/// The type and the byte order in a code such as `<f8`.
pub(crate) fn parse_descr(descr: &[u8]) -> Result<(Dtype, ByteOrder)> {
    let unknown = || Error::format(format!("unknown number type {}", text(descr)));
    let (&order, code) = descr.split_first().ok_or_else(unknown)?;
    if let Some((_, dtype)) = CODES.iter().find(|(known, _)| *known == code) {
        return match order {
            b'<' => Ok((*dtype, ByteOrder::Little)),
            b'>' => Ok((*dtype, ByteOrder::Big)),
            b'|' if dtype.size() == 1 => Ok((*dtype, ByteOrder::Little)),
            _ => Err(unknown()),
        };
    }
    let refused = REFUSED.iter().find(|(kind, _)| code.first() == Some(kind)).ok_or_else(unknown)?;
    Err(Error::unsupported(format!("the array {} holds {}", text(descr), refused.1)))
}

fn text(bytes: &[u8]) -> String {
    quoted(&String::from_utf8_lossy(bytes))
}
