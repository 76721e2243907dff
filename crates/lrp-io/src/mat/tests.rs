//! Values as trees: what is written is read again, and what other programs and machines write.

use proptest::prelude::*;

use super::*;
use crate::array::{ByteOrder, Dtype};
use crate::error::Result;
use crate::inflate::Budget;
use crate::limits::Limits;

/// The value of the one variable of a file.
fn read(file: &[u8]) -> Result<Value> {
    let limits = Limits::default();
    let opened = File::open(file, &limits)?;
    let inside = opened.inflated(&opened.elements[0], &mut Budget::new(&limits))?;
    Value::read(Matrix::open(Stream::new(&inside, 8, opened.order), &limits)?, &limits)
}

fn written(value: &Value) -> Vec<u8> {
    [header(), variable("x", value).unwrap()].concat()
}

/// Numbers by their bits, so that -0 and NaN count.
fn shown(value: &Value) -> String {
    match value {
        Value::Numbers(numbers) => {
            let bits: Vec<u64> = numbers.values.iter().map(|value| value.to_bits()).collect();
            format!("{} {:?} {bits:x?}", numbers.dtype, numbers.shape)
        }
        Value::Cells(cells) => {
            format!("{:?} {{{}}}", cells.shape, cells.values.iter().map(shown).collect::<Vec<_>>().join("; "))
        }
        Value::Record(record) => {
            let values = record.values.iter().map(shown).collect::<Vec<_>>().join("; ");
            format!("{:?} {:?} ({values})", record.shape, record.fields)
        }
        other => format!("{other:?}"),
    }
}

fn shape() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0usize..4, 2..4)
}

fn numbers() -> impl Strategy<Value = Value> {
    let signed = [Dtype::I8, Dtype::I16, Dtype::I32, Dtype::I64];
    let unsigned = [Dtype::U8, Dtype::U16, Dtype::U32, Dtype::U64];
    let types = [&signed[..], &unsigned, &[Dtype::Bool, Dtype::F32, Dtype::F64]].concat();
    let dtype = prop::sample::select(types);
    (shape(), dtype, prop::collection::vec(any::<u64>(), 27)).prop_map(move |(shape, dtype, mut bits)| {
        bits.truncate(shape.iter().product());
        let number = |bits: u64| match dtype {
            Dtype::F64 => f64::from_bits(bits),
            Dtype::Bool => (bits % 2) as f64,
            dtype if unsigned.contains(&dtype) => f64::from(bits as u8),
            _ => f64::from(bits as i8),
        };
        let values = bits.into_iter().map(number).collect();
        Value::Numbers(Box::new(Numbers { dtype, shape, values }))
    })
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Empty),
        numbers(),
        "[ -~äß€𝄞]{0,9}".prop_map(|text| Value::Text(text.into()))
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        let cells = (shape(), prop::collection::vec(inner.clone(), 27)).prop_map(|(shape, mut values)| {
            values.truncate(shape.iter().product());
            Value::Cells(Box::new(Cells { shape, values }))
        });
        let names = prop::collection::btree_set("[a-zA-Z][a-zA-Z0-9_]{3,40}", 0..4);
        let records =
            (1usize..3, names, prop::collection::vec(inner, 8)).prop_map(|(count, names, mut values)| {
                let fields: Vec<String> = names.into_iter().collect();
                values.truncate(count * fields.len());
                Value::Record(Box::new(Record { shape: vec![1, count], fields, values }))
            });
        prop_oneof![cells, records]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn trees_come_back(value in values()) {
        // What takes no bytes has no name either, and fields such as `end` are no names.
        prop_assume!(value != Value::Empty);
        if let Ok(variable) = variable("x", &value) {
            let back = read(&[header(), variable].concat()).unwrap();
            prop_assert_eq!(shown(&back), shown(&value));
        }
    }
}

#[test]
fn characters_in_every_storage() {
    let texts: [(u32, &[u8], usize, &str); 6] = [
        (1, b"abc", 3, "abc"),
        (2, &[0x61, 0xe4], 2, "aä"),
        (4, &[0x61, 0, 0xac, 0x20], 2, "a€"),
        (16, "a€".as_bytes(), 2, "a€"),
        (17, &[0x34, 0xd8, 0x1e, 0xdd], 2, "𝄞"),
        (18, &[0x1e, 0xd1, 1, 0], 1, "𝄞"),
    ];
    for (kind, payload, letters, text) in texts {
        assert_eq!(read(&chars(kind, payload, &[1, letters])).unwrap(), Value::Text(text.into()), "{kind}");
    }
    let refused: [(u32, &[u8], usize, &str); 4] = [
        (16, &[0xff], 1, "the characters are not text"),
        (17, &[0x34, 0xd8], 1, "the characters are not text"),
        (17, &[0x34], 1, "1 bytes of type 17 are no characters"),
        (16, b"abc", 2, "the dimensions say 2 characters, there are 3"),
    ];
    for (kind, payload, letters, message) in refused {
        assert_eq!(read(&chars(kind, payload, &[1, letters])).unwrap_err().message(), message);
    }
    let column = read(&chars(16, b"ab", &[2, 1])).unwrap();
    assert_eq!(column, Value::Other("a char array that is no row"));
}

/// A file of one char array.
fn chars(kind: u32, payload: &[u8], shape: &[usize]) -> Vec<u8> {
    let axes: Vec<u8> = shape.iter().flat_map(|&axis| (axis as u32).to_le_bytes()).collect();
    let parts = [(6, &[4, 0, 0, 0, 0, 0, 0, 0][..]), (5, &axes), (1, b"x"), (kind, payload)];
    let inside: Vec<u8> = parts.iter().flat_map(|(kind, payload)| element(*kind, payload, true)).collect();
    [header(), element(14, &inside, true)].concat()
}

fn element(kind: u32, payload: &[u8], little: bool) -> Vec<u8> {
    let words = [kind, payload.len() as u32];
    let mut bytes = words.map(|word| if little { word.to_le_bytes() } else { word.to_be_bytes() }).concat();
    bytes.extend(payload);
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    bytes
}

#[test]
fn files_of_big_endian_machines() {
    let word = |word: u32| word.to_be_bytes();
    let matrix = |class: u32, name: &[u8], contents: &[u8]| {
        let flags = [word(class), word(0)].concat();
        let axes = [word(1), word(2)].concat();
        let parts = [element(6, &flags, false), element(5, &axes, false), element(1, name, false)];
        element(14, &[parts.concat(), contents.to_vec()].concat(), false)
    };
    // A small element: the count in the upper half of the word, whatever the order of its bytes.
    let shorts = [&word(4 << 16 | 3)[..], &[0xff, 0xfe, 1, 0]].concat();
    let text = element(17, &[0, b'h', 0x20, 0xac], false);
    let cells = [matrix(10, b"", &shorts), matrix(4, b"", &text)].concat();
    let mut file = header();
    file[124..128].copy_from_slice(b"\x01\x00MI");
    file.extend(matrix(1, b"x", &cells));

    assert_eq!(File::open(&file, &Limits::default()).unwrap().order, ByteOrder::Big);
    let shorts = Numbers { dtype: Dtype::I16, shape: vec![1, 2], values: vec![-2.0, 256.0] };
    let expected = vec![Value::Numbers(Box::new(shorts)), Value::Text("h€".into())];
    assert_eq!(read(&file).unwrap(), Value::Cells(Box::new(Cells { shape: vec![1, 2], values: expected })));
}

#[test]
fn what_is_not_written_is_said() {
    let line = |value: &Value| variable("x", value).unwrap_err().to_string();
    assert_eq!(line(&Value::Other("a sparse matrix")), "a sparse matrix is not written");
    let huge = Numbers { dtype: Dtype::F64, shape: vec![1 << 16, 1 << 13], values: Vec::new() };
    let too_large = "a variable takes 4 GiB or more, which no level 5 file holds; use .npy";
    assert_eq!(line(&Value::Numbers(Box::new(huge))), too_large);
    for name in ["", "1a", "a b", "ä", "end", "_a", &"a".repeat(64)] {
        assert!(check_name(name).is_err(), "{name}");
    }
    for name in ["a", "A_1", &"a".repeat(63)] {
        assert!(check_name(name).is_ok(), "{name}");
    }
}

#[test]
fn equal_values_are_equal_files() {
    let value = Value::Text("x".into());
    assert_eq!(written(&value), written(&value));
    assert_eq!(header().len(), 128);
}
