//! The list of images, and what is to be explained of each.

use crate::array::lines;
use crate::error::{Error, Result, quoted};
use crate::limits::Limits;

/// Lines of a list that are not skipped.
const IMAGES: usize = 1 << 20;

/// What is to be explained of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wanted {
    /// A class by its number, counted from 0.
    Class(usize),
    /// The class that the network finds most likely.
    Best,
    /// The five most likely classes together, in one explanation.
    Five,
}

/// A line of a list.
#[derive(Debug)]
pub struct Listed {
    /// Its number, counted from 1.
    pub line: usize,
    /// The path of an image and what is wanted of it, or why the line says neither.
    pub image: Result<(String, Wanted)>,
}

/// Reads a list of images, a line `path K` each: of K = 0, 1, … that class is wanted, of −2 the best five, of any
/// other number below zero the best.
///
/// A line whose second column is a whole number means what it always did: the first column is the path, further
/// columns do not matter. In other lines, of which the original could not make sense, K is the last column that is
/// a whole number, and the path is all before it, with its blanks. So `my cat 7.jpg 281` is class 281 of
/// `my cat 7.jpg`; but `cat 7 b.jpg 281` is class 7 of `cat`, and a path whose second word is a number cannot be
/// listed.
///
/// Lines of one or two characters and blank lines are skipped. A line that is wrong does not spoil the others.
///
/// # Errors
/// If there are more than 2²⁰ lines, or more bytes than the limits allow.
///
/// ```
/// use lrp_io::{Limits, caffe::{Wanted, parse_list}};
///
/// let list = parse_list("images.txt", b"a.png -1\nmy cat.jpg 281\nb.png\n", &Limits::default())?;
/// assert_eq!(list[0].image.as_ref().unwrap(), &("a.png".to_owned(), Wanted::Best));
/// assert_eq!(list[1].image.as_ref().unwrap(), &("my cat.jpg".to_owned(), Wanted::Class(281)));
/// let line = list[2].image.as_ref().unwrap_err().to_string();
/// assert_eq!(line, "images.txt:3: 'b.png' says nothing of a class; a path and a whole number are expected");
/// # Ok::<_, lrp_io::Error>(())
/// ```
pub fn parse_list(name: &str, bytes: &[u8], limits: &Limits) -> Result<Vec<Listed>> {
    limits.check_file(bytes.len() as u64).map_err(|error| error.in_file(name))?;
    let mut list = Vec::new();
    let kept =
        |line: &[u8]| line.strip_suffix(b"\r").unwrap_or(line).len() > 2 && !line.trim_ascii().is_empty();
    for (index, line) in lines(bytes).enumerate().filter(|(_, line)| kept(line)) {
        let place = |error: Error| error.at_line(index + 1).in_file(name);
        if list.len() == IMAGES {
            let message = format!("the list has more than {IMAGES} images, no more are allowed");
            return Err(place(Error::limit(message)));
        }
        list.push(Listed { line: index + 1, image: image(line).map_err(place) });
    }
    Ok(list)
}

fn image(line: &[u8]) -> Result<(String, Wanted)> {
    let line = std::str::from_utf8(line.trim_ascii()).map_err(|_| Error::format("is not text in UTF-8"))?;
    let (path, number) = path_and_number(line).ok_or_else(|| {
        Error::format(format!(
            "{} says nothing of a class; a path and a whole number are expected",
            quoted(line)
        ))
    })?;
    Ok((path.to_owned(), wanted(number)?))
}

fn path_and_number(line: &str) -> Option<(&str, i64)> {
    let (first, rest) = line.split_once(is_blank)?;
    let second = rest.split_ascii_whitespace().next()?;
    if let Ok(number) = second.parse() {
        return Some((first, number));
    }
    let mut before = line;
    while let Some((path, last)) = before.rsplit_once(is_blank) {
        if let Ok(number) = last.parse() {
            return Some((path.trim_ascii_end(), number));
        }
        before = path.trim_ascii_end();
    }
    None
}

fn is_blank(letter: char) -> bool {
    letter.is_ascii_whitespace()
}

fn wanted(number: i64) -> Result<Wanted> {
    match number {
        -2 => Ok(Wanted::Five),
        ..0 => Ok(Wanted::Best),
        _ => {
            let class = usize::try_from(number);
            class.map(Wanted::Class).map_err(|_| Error::format(format!("there is no class {number}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn parse(text: &[u8]) -> Vec<Listed> {
        parse_list("list.txt", text, &Limits::default()).unwrap()
    }

    fn one(line: &str) -> (String, Wanted) {
        let mut list = parse(line.as_bytes());
        list.swap_remove(0).image.unwrap()
    }

    #[test]
    fn lines_of_old_lists_mean_what_they_meant() {
        for (line, path, wanted) in [
            ("./a.png -1", "./a.png", Wanted::Best),
            ("a.png -7", "a.png", Wanted::Best),
            ("a.png -2", "a.png", Wanted::Five),
            ("  a.png\t+3\r", "a.png", Wanted::Class(3)),
            ("a.png 3 4 more columns 5", "a.png", Wanted::Class(3)),
            ("cat 7 b.jpg 281", "cat", Wanted::Class(7)),
        ] {
            assert_eq!(one(line), (path.to_owned(), wanted), "{line}");
        }
    }

    #[test]
    fn paths_may_have_blanks() {
        for (line, path, wanted) in [
            ("my cat.jpg 281", "my cat.jpg", Wanted::Class(281)),
            ("my  cat 7.jpg   -2 ", "my  cat 7.jpg", Wanted::Five),
            ("of the cat 9 -1", "of the cat 9", Wanted::Best),
            ("my cat.jpg 281 indoors", "my cat.jpg", Wanted::Class(281)),
        ] {
            assert_eq!(one(line), (path.to_owned(), wanted), "{line}");
        }
    }

    #[test]
    fn short_and_blank_lines_are_skipped_and_counted() {
        let list = parse(b"\xef\xbb\xbf\n\r\na \nab\r\n     \nabc 1\n12 3\n");
        let lines: Vec<usize> = list.iter().map(|listed| listed.line).collect();
        assert_eq!(lines, [6, 7]);
        assert!(parse(b"").is_empty());
    }

    #[test]
    fn a_bad_line_does_not_spoil_the_others() {
        let list =
            parse(b"a.png one\nb.png 1\n\xff.png 1\nc.png\n0123456789012345678901234567890123456789.png 1.5");
        let lines: Vec<String> =
            list.iter().filter_map(|listed| listed.image.as_ref().err()).map(ToString::to_string).collect();
        let expected = "says nothing of a class; a path and a whole number are expected";
        assert_eq!(
            lines,
            [
                format!("list.txt:1: 'a.png one' {expected}"),
                "list.txt:3: is not text in UTF-8".to_owned(),
                format!("list.txt:4: 'c.png' {expected}"),
                format!("list.txt:5: '0123456789012345678901234567890123456789…' {expected}"),
            ]
        );
        assert!(list[1].image.is_ok());
    }

    #[test]
    fn the_number_of_images_is_bounded() {
        let lines = b"a 1\n".repeat(IMAGES);
        assert_eq!(parse(&lines).len(), IMAGES);
        let more = [&lines[..], b"\n\na 1"].concat();
        let error = parse_list("list.txt", &more, &Limits::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit);
        let small = Limits { file_bytes: 3, ..Limits::default() };
        assert!(parse_list("list.txt", b"a 1\n", &small).is_err());
    }
}
