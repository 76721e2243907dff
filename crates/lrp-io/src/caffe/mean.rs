//! Mean images: what is subtracted from every image.

use ndarray::Array3;

use super::blob::Blob;
use crate::array::number;
use crate::bytes::Bytes;
use crate::error::{Error, ErrorKind, Result, quoted};
use crate::limits::Limits;

/// How a mean image is written; the value of `use_mean_file_asbinaryprotoblob` in a configuration file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MeanFormat {
    /// 0, a text: the number of channels, height and width, then the numbers of blue, of green and of red, each
    /// column by column.
    Text,
    /// 1, a message `BlobProto` of blue, green and red, each row by row.
    BlueGreenRed,
    /// 2, a message `BlobProto` of red, green and blue, each row by row.
    RedGreenBlue,
}

impl MeanFormat {
    /// Its number in a configuration file.
    #[must_use]
    pub fn mode(self) -> u8 {
        match self {
            Self::Text => 0,
            Self::BlueGreenRed => 1,
            Self::RedGreenBlue => 2,
        }
    }

    pub(super) fn from_mode(mode: i64) -> Result<Self> {
        match mode {
            0 => Ok(Self::Text),
            1 => Ok(Self::BlueGreenRed),
            2 => Ok(Self::RedGreenBlue),
            _ => Err(Error::format(format!("is {mode}, 0, 1 or 2 is allowed"))),
        }
    }
}

/// Reads a mean image `[3, h, w]`: blue, green and red, whatever the order of the file.
///
/// The original takes the rows of a blob for columns, so that its mean image is mirrored at the diagonal.
/// With `as_original` so is this one; it makes no difference to [`MeanFormat::Text`].
///
/// # Errors
/// If the bytes are of another format, there are not three channels, numbers are missing, left over or not finite,
/// or there are more than the limits allow.
///
/// ```
/// use lrp_io::{Limits, caffe::{MeanFormat, read_mean}};
///
/// let text = b"3\n2 1\n10 11\n20 21\n30 31\n";
/// let mean = read_mean("mean.txt", text, MeanFormat::Text, false, &Limits::default())?;
/// assert_eq!(mean, ndarray::array![[[10.0], [11.0]], [[20.0], [21.0]], [[30.0], [31.0]]]);
/// # Ok::<_, lrp_io::Error>(())
/// ```
pub fn read_mean(
    name: &str,
    bytes: &[u8],
    format: MeanFormat,
    as_original: bool,
    limits: &Limits,
) -> Result<Array3<f64>> {
    let planes = limits.check_file(bytes.len() as u64).and_then(|()| match format {
        MeanFormat::Text => text(bytes, limits),
        _ => blob(bytes, limits),
    });
    let ([height, width], values) = planes.map_err(|error| error.in_file(name))?;
    let by_column = as_original || format == MeanFormat::Text;
    let shape = if by_column { (3, width, height) } else { (3, height, width) };
    let mut mean = Array3::from_shape_vec(shape, values)
        .map_err(|error| Error::format(format!("shape: {error}")).in_file(name))?;
    if by_column {
        mean.swap_axes(1, 2);
    }
    if format == MeanFormat::RedGreenBlue {
        mean.invert_axis(ndarray::Axis(0));
    }
    Ok(mean.as_standard_layout().into_owned())
}

/// Height and width, and three times as many numbers.
type Planes = ([usize; 2], Vec<f64>);

fn blob(bytes: &[u8], limits: &Limits) -> Result<Planes> {
    let Blob { shape, values, .. } = Blob::decode(Bytes::new(bytes, 0), limits)?;
    let sides = match shape[..] {
        [1, 3, height, width] | [3, height, width] => [height, width],
        _ => {
            let message = format!("the blob has the shape {shape:?}, a mean image has [1, 3, height, width]");
            return Err(Error::format(message));
        }
    };
    match values.iter().position(|value| !value.is_finite()) {
        Some(index) => {
            let message = format!("number {index} of the mean image is not finite");
            Err(Error::new(ErrorKind::NotFinite, message))
        }
        None => Ok((sides, values)),
    }
}

fn text(bytes: &[u8], limits: &Limits) -> Result<Planes> {
    let text = std::str::from_utf8(bytes).map_err(|_| Error::format("is not text in UTF-8"))?;
    let lines = text.strip_prefix('\u{feff}').unwrap_or(text).lines().enumerate();
    let mut words =
        lines.flat_map(|(index, line)| line.split_ascii_whitespace().map(move |word| (index + 1, word)));
    let mut size = |what: &str| {
        let (line, word) = words.next().ok_or_else(|| Error::format(format!("ends before the {what}")))?;
        let size = word.parse::<usize>();
        size.map_err(|_| Error::format(format!("{} is no {what}", quoted(word))).at_line(line))
    };
    let (channels, height, width) = (size("number of channels")?, size("height")?, size("width")?);
    if channels != 3 {
        return Err(Error::format(format!("a mean image of {channels} channels, 3 are allowed")));
    }
    let wanted = limits.elements(&[channels, height, width])?;
    let values = words.by_ref().take(wanted);
    let values = values.map(|(line, word)| value(word).map_err(|error| error.at_line(line)));
    let values = values.collect::<Result<Vec<f64>>>()?;
    match words.next() {
        Some((line, _)) => Err(Error::format(format!("more than {wanted} numbers")).at_line(line)),
        None if values.len() < wanted => {
            let found = values.len();
            Err(Error::format(format!("a mean image of 3×{height}×{width} numbers, {found} are there")))
        }
        None => Ok(([height, width], values)),
    }
}

fn value(word: &str) -> Result<f64> {
    let value = number(word)?;
    if value.is_finite() {
        return Ok(value);
    }
    Err(Error::new(ErrorKind::NotFinite, format!("{} is not finite", quoted(word))))
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    /// Rows 0 1 2 and 3 4 5, then 100 more, then 200 more.
    fn stored() -> Array3<f64> {
        Array3::from_shape_fn((3, 2, 3), |(channel, row, column)| (100 * channel + 3 * row + column) as f64)
    }

    fn proto(shape: &[u8], values: &[f32]) -> Vec<u8> {
        let numbers: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        [
            &[0x3a, 2 + shape.len() as u8, 0x0a, shape.len() as u8][..],
            shape,
            &[0x2a, numbers.len() as u8],
            &numbers,
        ]
        .concat()
    }

    fn stored_proto() -> Vec<u8> {
        let values: Vec<f32> = stored().iter().map(|&value| value as f32).collect();
        proto(&[1, 3, 2, 3], &values)
    }

    fn read(bytes: &[u8], format: MeanFormat, as_original: bool) -> Result<Array3<f64>> {
        read_mean("mean", bytes, format, as_original, &Limits::default())
    }

    fn refusal(bytes: &[u8], format: MeanFormat) -> String {
        read(bytes, format, true).unwrap_err().to_string()
    }

    #[test]
    fn blobs_are_read_row_by_row_in_either_order() {
        let bytes = stored_proto();
        assert_eq!(read(&bytes, MeanFormat::BlueGreenRed, false).unwrap(), stored());
        let mut reversed = stored();
        reversed.invert_axis(ndarray::Axis(0));
        assert_eq!(read(&bytes, MeanFormat::RedGreenBlue, false).unwrap(), reversed);
    }

    #[test]
    fn the_original_takes_rows_for_columns() {
        let mean = read(&stored_proto(), MeanFormat::BlueGreenRed, true).unwrap();
        assert_eq!(mean.index_axis(ndarray::Axis(0), 0), array![[0.0, 2.0, 4.0], [1.0, 3.0, 5.0]]);
        let square: Vec<f32> = (0..12u8).map(f32::from).collect();
        let mean = read(&proto(&[3, 2, 2], &square), MeanFormat::RedGreenBlue, true).unwrap();
        assert_eq!(mean.index_axis(ndarray::Axis(0), 2), array![[0.0, 2.0], [1.0, 3.0]]);
    }

    #[test]
    fn text_goes_column_by_column_with_any_line_ends() {
        let text = "3 2\r\n3\r\n0 3 1 4 2 5\r\n100 103 101 104 102 105\r\n\r\n200 203 201\n204 202 205";
        for as_original in [false, true] {
            assert_eq!(read(text.as_bytes(), MeanFormat::Text, as_original).unwrap(), stored());
        }
    }

    #[test]
    fn broken_texts_are_refused_with_their_line() {
        for (text, message) in [
            (&b""[..], "mean: ends before the number of channels"),
            (b"3\n1", "mean: ends before the width"),
            (b"1\n2 2\n0 0 0 0", "mean: a mean image of 1 channels, 3 are allowed"),
            (b"3\n2 2.5", "mean:2: '2.5' is no width"),
            (b"3\n-1 1", "mean:2: '-1' is no height"),
            (b"3\n1 1\n1 2", "mean: a mean image of 3×1×1 numbers, 2 are there"),
            (b"3\n1 1\n1 2\n3 4", "mean:4: more than 3 numbers"),
            (b"3\n1 1\n1 b 3", "mean:3: 'b' is not a number"),
            (b"3\n1 1\n1 nan 3", "mean:3: 'nan' is not finite"),
            (b"3\n1 1\n\xff", "mean: is not text in UTF-8"),
            (b"3\n65536 65536", "mean: the array has 12884901888 elements, at most 134217728 are allowed"),
        ] {
            assert_eq!(refusal(text, MeanFormat::Text), message);
        }
    }

    #[test]
    fn broken_blobs_are_refused() {
        let one = [1.0; 4];
        assert_eq!(
            refusal(&proto(&[1, 1, 2, 2], &one), MeanFormat::BlueGreenRed),
            "mean: the blob has the shape [1, 1, 2, 2], a mean image has [1, 3, height, width]"
        );
        assert_eq!(
            refusal(&proto(&[3, 1, 1], &[1.0, f32::NAN, 1.0]), MeanFormat::RedGreenBlue),
            "mean: number 1 of the mean image is not finite"
        );
        assert!(refusal(b"3\n2 2\n0 0 0 0", MeanFormat::BlueGreenRed).starts_with("mean: byte "));
        let whole = stored_proto();
        for length in 0..whole.len() {
            assert!(read(&whole[..length], MeanFormat::BlueGreenRed, false).is_err(), "cut at {length}");
        }
    }
}
