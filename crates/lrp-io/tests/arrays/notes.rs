//! What pictures say beside their pixels, and notes made to hurt.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use lrp_io::{ErrorKind, Limits, read_array_bytes, read_notes};

use crate::common::Chance;

const GREY: &[u8] = include_bytes!("../fixtures/pictures/grey.png");

/// The picture with these chunks behind its header; checksums are for decoders of pixels.
fn noted(chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let chunk = |(kind, content): &(&[u8; 4], Vec<u8>)| {
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        [&length, &kind[..], content, &[0; 4]].concat()
    };
    [&GREY[..33], &chunks.iter().flat_map(chunk).collect::<Vec<u8>>(), &GREY[33..]].concat()
}

fn packed(text: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// One of each kind.
fn kinds() -> Vec<(&'static [u8; 4], Vec<u8>)> {
    vec![
        (b"tEXt", b"Title\0caf\xe9".to_vec()),
        (b"zTXt", [b"Software\0\0".as_slice(), &packed(b"a program")].concat()),
        (b"iTXt", b"lrp:rules\0\0\0de\0Regeln\0z\xe2\x81\xba".to_vec()),
        (b"iTXt", [b"lrp:target\0\x01\0\0\0".as_slice(), &packed("größer".as_bytes())].concat()),
        (b"iTXt", b"broken\0\0\0\0\0a\xffb".to_vec()),
    ]
}

#[test]
fn notes_of_every_kind_are_read() {
    let notes = read_notes("a.png", &noted(&kinds()), &Limits::default()).unwrap();
    let expected = [
        ("Title", "café"),
        ("Software", "a program"),
        ("lrp:rules", "z⁺"),
        ("lrp:target", "größer"),
        ("broken", "a\u{fffd}b"),
    ];
    assert!(notes.iter().map(|(keyword, text)| (&**keyword, &**text)).eq(expected), "{notes:?}");
    assert_eq!(read_notes("a.png", GREY, &Limits::default()).unwrap(), []);
    assert_eq!(read_notes("a.jpg", b"\xff\xd8\xff\xd9", &Limits::default()).unwrap(), []);
}

#[test]
fn notes_that_are_broken_or_too_long_get_one_line() {
    let bomb = packed(&vec![b'x'; 17 << 20]);
    let long = vec![b'x'; 17 << 20];
    let too_long = "a note of the picture is longer than the 16777216 bytes that are allowed";
    let unknown = "a note of the picture is packed in a way that PNG does not know";
    let cases: [(&[u8; 4], Vec<u8>, &str); 8] = [
        (b"tEXt", b"no end".to_vec(), "a note of the picture ends too early"),
        (b"tEXt", [b"k\0".as_slice(), &long].concat(), too_long),
        (b"zTXt", [b"k\0\0".as_slice(), &bomb].concat(), too_long),
        (b"zTXt", b"k\0\x01".to_vec(), unknown),
        (b"zTXt", b"k\0\0garbage".to_vec(), "a note of the picture is damaged: corrupt deflate stream"),
        (b"iTXt", [b"k\0\x01\0\0\0".as_slice(), &bomb].concat(), too_long),
        (b"iTXt", b"k\0\x02\0\0\0text".to_vec(), unknown),
        (b"iTXt", b"k\0\0\0de".to_vec(), "a note of the picture ends too early"),
    ];
    for (kind, content, line) in cases {
        let error = read_notes("a.png", &noted(&[(kind, content)]), &Limits::default()).unwrap_err();
        assert_eq!(error.to_string(), format!("a.png: byte 33: {line}"));
    }
}

#[test]
fn all_notes_together_are_bounded() {
    let few = Limits { archive_entries: 2, ..Limits::default() };
    let error = read_notes("a.png", &noted(&kinds()), &few).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
    assert!(error.message().starts_with("the picture has more than 2 notes"), "{error}");
    let short = Limits { inflation_free_bytes: 12, ..Limits::default() };
    let error = read_notes("a.png", &noted(&kinds()), &short).unwrap_err();
    assert_eq!(error.message(), "a note of the picture is longer than the 7 bytes that are allowed");
}

#[test]
fn changed_and_cut_notes_never_panic() {
    let whole = noted(&kinds());
    for length in 0..whole.len() {
        assert!(read_notes("a.png", &whole[..length], &Limits::default()).is_err() || length < 8, "{length}");
    }
    let mut chance = Chance::new();
    for _ in 0..2000 {
        drop(read_notes("a.png", &chance.mutant(&whole), &Limits::default()));
    }
    // What stands on the back of a picture is not looked at where pixels are wanted.
    assert_eq!(
        read_array_bytes("a.png", &noted(&[(b"tEXt", b"no end".to_vec())]), &Limits::default())
            .map(|array| array.values.len())
            .ok(),
        read_array_bytes("a.png", GREY, &Limits::default()).map(|array| array.values.len()).ok()
    );
}
