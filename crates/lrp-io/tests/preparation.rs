//! Pictures as inputs: resized as Pillow does, fitted, ordered, scaled; and the labels of what is seen in them. Texts
//! as inputs.

#[allow(dead_code, reason = "this file uses a part")]
mod common;

use std::fs;
use std::path::Path;

use lrp_io::{Array, Dtype, Limits, Sidecar, Vocabulary, parse_labelled_texts, read_array, read_arrays};
use ndarray::{Array3, Array4, ArrayD, Axis, arr1, array, s};

fn sidecar(image: &str) -> Sidecar {
    Sidecar::parse("m.toml", &format!("[input.image]\n{image}")).unwrap()
}

fn prepared(image: &str, picture: &Array) -> ArrayD<f64> {
    sidecar(image).input.apply_pictures(picture.clone()).unwrap()
}

/// Row, column and channel of a picture `[height, width, 3]` as its digits: 100 row + 10 column + channel.
fn numbered(height: usize, width: usize) -> Array {
    let values = Array4::from_shape_fn((1, height, width, 3), |(_, row, column, channel)| {
        (100 * row + 10 * column + channel) as f64
    });
    Array { values: values.into_dyn(), dtype: Dtype::F64 }
}

#[test]
fn sizes_are_changed_as_pillow_does_to_the_last_number() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/resized.npz");
    let arrays = read_arrays(path, &Limits::default()).unwrap();
    let picture = &arrays.iter().find(|(name, _)| name == "picture").unwrap().1;
    let mut compared = 0;
    for (name, expected) in &arrays {
        let Some((filter, size)) = name.split_once('_') else { continue };
        let size = size.replace('x', ", ");
        let found = prepared(&format!("size = [{size}]\nfilter = '{filter}'"), picture);
        assert_eq!(found.index_axis(Axis(0), 0), expected.values, "{name}");
        compared += 1;
    }
    assert_eq!(compared, 25);

    let gray = &arrays.iter().find(|(name, _)| name == "gray").unwrap().1.values;
    let found = prepared("size = [13, 19]\norder = 'gray'", picture);
    assert_eq!(found.index_axis(Axis(0), 0).index_axis(Axis(2), 0), gray.view());
}

#[test]
fn the_photo_of_coffee_becomes_the_reference_input() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data");
    let model = samples.join("models/squeezenet1.1.onnx");
    let sidecar = Sidecar::of_model(&model, &Limits::default()).unwrap();
    assert_eq!((sidecar.classes.len(), &*sidecar.classes[967]), (1000, "espresso"));
    for name in ["coffee", "chelsea"] {
        let photo = read_array(samples.join(format!("samples/{name}.png")), &Limits::default()).unwrap();
        let found = sidecar.input.apply_pictures(photo).unwrap();
        assert_eq!(found.shape(), [1, 3, 227, 227]);
        let Some(folder) = common::shared("reference/squeezenet") else { continue };
        let expected = read_array(folder.join(format!("{name}.input.npy")), &Limits::default()).unwrap();
        let worst =
            (&found - &expected.values).fold(0.0_f64, |worst, difference| worst.max(difference.abs()));
        assert!(worst < 1e-5, "{name}: {worst}");
    }
}

#[test]
fn without_averaging_only_neighbours_count() {
    let ramp = Array {
        values: Array4::from_shape_fn((1, 1, 8, 1), |(_, _, column, _)| column as f64).into_dyn(),
        dtype: Dtype::F64,
    };
    let found = prepared("size = [1, 2]\norder = 'gray'\nantialias = false", &ramp);
    assert_eq!(found.into_raw_vec_and_offset().0, [1.5, 5.5]);
    let spike = Array {
        values: arr1(&[0.0, 100.0, 0.0, 0.0]).into_shape_with_order((1, 1, 4, 1)).unwrap().into_dyn(),
        dtype: Dtype::F64,
    };
    let one = |antialias| {
        prepared(&format!("size = [1, 1]\norder = 'gray'\nantialias = {antialias}"), &spike)[[0, 0, 0, 0]]
    };
    // A triangle over all four: heights 5, 7, 7, 5 of 24.
    assert!((one(false), (one(true) - 700.0 / 24.0).abs() < 1e-12) == (50.0, true));
}

#[test]
fn crops_are_the_middle() {
    // The middle 2 × 2 of 2 × 5 begins at column 1, and nothing is blended.
    let found = prepared("size = [2, 2]\nmode = 'crop'", &numbered(2, 5));
    assert_eq!(
        found,
        array![[[[10.0, 11.0, 12.0], [20.0, 21.0, 22.0]], [[110.0, 111.0, 112.0], [120.0, 121.0, 122.0]]]]
            .into_dyn()
    );
    // What is cropped has the shape of the result: 2 × 4 of 4 × 4 here.
    let found = prepared("size = [2, 4]\nmode = 'crop'", &numbered(4, 4));
    assert_eq!(
        found.index_axis(Axis(3), 0),
        array![[[100.0, 110.0, 120.0, 130.0], [200.0, 210.0, 220.0, 230.0]]].into_dyn()
    );
}

#[test]
fn the_shortest_side_is_resized_and_the_middle_kept() {
    // 4 × 6 with a shortest side of 4 stays; its middle 2 × 2 begins at row 1, column 2.
    let found = prepared("size = [2, 2]\nmode = 'shortest'\nedge = 4", &numbered(4, 6));
    assert_eq!(found.index_axis(Axis(3), 0), array![[[120.0, 130.0], [220.0, 230.0]]].into_dyn());
    // The same as resizing all of it and cutting out afterwards.
    let whole = prepared("size = [8, 12]", &numbered(4, 6));
    let middle = prepared("size = [6, 6]\nmode = 'shortest'\nedge = 8", &numbered(4, 6));
    for ((at, row, column, channel), &value) in
        middle.view().into_dimensionality::<ndarray::Ix4>().unwrap().indexed_iter()
    {
        assert_eq!(value, whole[[at, row + 1, column + 3, channel]]);
    }
}

#[test]
fn letters_are_boxed() {
    let found = prepared("size = [4, 4]\nmode = 'pad'\nfill = [9, 8, 7]", &numbered(2, 4));
    assert_eq!(found.index_axis(Axis(1), 0).index_axis(Axis(1), 0), array![[9.0, 8.0, 7.0]].into_dyn());
    assert_eq!(found.index_axis(Axis(1), 1), numbered(2, 4).values.index_axis(Axis(1), 0));
    let upright = prepared("size = [2, 4]\nmode = 'pad'", &numbered(2, 1));
    assert_eq!(
        upright.index_axis(Axis(3), 0),
        array![[[0.0, 0.0, 0.0, 0.0], [0.0, 100.0, 0.0, 0.0]]].into_dyn()
    );
    // A picture larger than the result both ways keeps its shape as well: 8 × 4 becomes 4 × 2.
    let shrunk = prepared("size = [4, 4]\nmode = 'pad'\nfill = 255", &numbered(8, 4));
    let inner = prepared("size = [4, 2]", &numbered(8, 4));
    assert_eq!(
        shrunk.slice(s![.., .., 1..3, ..]),
        inner.view().into_dimensionality::<ndarray::Ix4>().unwrap()
    );
    assert!(shrunk.slice(s![.., .., 0..4;3, ..]).iter().all(|&value| value == 255.0));
}

#[test]
fn numbers_channels_and_layout_are_those_asked_for() {
    let photo = Array {
        values: Array3::from_shape_fn((2, 3, 3), |(_, _, channel)| [255.0, 51.0, 0.0][channel]).into_dyn(),
        dtype: Dtype::U8,
    };
    let text = "size = [2, 3]\norder = 'bgr'\nscale = 255\nmean = [0.5, 0.1, 0]\nstd = [0.5, 0.1, 2]\nlayout = 'channels-first'";
    let found = prepared(text, &photo);
    assert_eq!(found.shape(), [1, 3, 2, 3]);
    let near = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12, "{found}, {expected}");
    (0..3).for_each(|channel| near(found[[0, channel, 1, 2]], [-1.0, 1.0, 0.5][channel]));

    let input = sidecar(text).input;
    assert_eq!(input.prepared_shape(), Some(vec![3, 2, 3]));
    for ((low, high), expected) in input.bounds().into_iter().zip([(-1.0, 1.0), (-1.0, 9.0), (0.0, 0.5)]) {
        near(low, expected.0);
        near(high, expected.1);
    }
    // And back: red, green, blue from 0 to 1.
    let shown = input.picture_of(&found.index_axis(Axis(0), 0)).unwrap();
    assert_eq!(shown.dim(), (2, 3, 3));
    (0..3).for_each(|channel| near(shown[[1, 2, channel]], [1.0, 0.2, 0.0][channel]));

    // Sixteen bits are brought to the same range, and grey becomes three equal channels.
    let deep = Array { values: ArrayD::from_elem(vec![1, 2, 3, 1], 65_535.0), dtype: Dtype::U16 };
    assert_eq!(prepared("size = [2, 3]", &deep), ArrayD::from_elem(vec![1, 2, 3, 3], 255.0));
}

/// A picture becomes what an array of it would be, and then goes the way of arrays.
#[test]
fn the_rest_of_the_preparation_follows() {
    let text = "input = { scale = 127.5, shift = -1, shape = [2, 2, 1], pad = 1, pad-value = -1, image = { size = [2, 2], order = 'gray' } }";
    let input = Sidecar::parse("m.toml", text).unwrap().input;
    let white = Array { values: ArrayD::from_elem(vec![1, 4, 4, 3], 255.0), dtype: Dtype::U8 };
    let found = input.apply_pictures(white).unwrap();
    assert_eq!((found.shape(), found[[0, 0, 0, 0]], found[[0, 1, 1, 0]]), (&[1, 4, 4, 1][..], -1.0, 1.0));
    assert_eq!(input.bounds(), [(-1.0, 1.0)]);
    let ranged = Sidecar::parse("m.toml", "input = { scale = -2, shift = 1, range = [0, 8] }").unwrap().input;
    assert_eq!(ranged.bounds(), [(-3.0, 1.0)]);
    assert_eq!(lrp_io::Preparation::default().bounds(), []);
}

#[test]
fn impossible_preparations_are_refused_in_one_line() {
    let cases = [
        ("mode = 'crop'", "missing field `size`"),
        ("size = [0, 3]", "image: size is [0, 3], sides of 1 to 16384 are allowed"),
        ("size = [2, 99999]", "image: size is [2, 99999]"),
        (
            "size = [2, 2]\nmode = 'zoom'",
            "unknown variant `zoom`, expected one of `stretch`, `crop`, `shortest`, `pad`",
        ),
        ("size = [2, 2]\nedge = 3", "image: edge is 3, it goes with mode = 'shortest' alone"),
        (
            "size = [2, 4]\nmode = 'shortest'\nedge = 3",
            "image: edge is 3, 4 (the longer side of size) to 16384",
        ),
        ("size = [2, 2]\nmean = [1, 2]", "image: mean has 2 values for 3 channels"),
        ("size = [2, 2]\nmean = 'grey'", "expected a number, or a list of one number a channel"),
        ("size = [2, 2]\nstd = [1, 0, 1]", "image: std is 0, it must be finite and not zero"),
        ("size = [2, 2]\nscale = 0", "image: scale is 0, it must be finite and not zero"),
        ("size = [2, 2]\nmode = 'pad'\nfill = 256", "image: fill is 256, it must be 0 to 255"),
        ("size = [2, 2]\nfilter = 'soft'", "unknown variant `soft`"),
        ("size = [2, 2]\nangle = 3", "unknown field `angle`"),
    ];
    for (image, expected) in cases {
        let error = Sidecar::parse("m.toml", &format!("[input.image]\n{image}")).unwrap_err().to_string();
        assert!(error.starts_with("m.toml") && error.contains(expected), "{image}: {error}");
        assert!(!error.contains('\n'), "{error}");
    }
    let error = Sidecar::parse("m.toml", "input.range = [3, 3]").unwrap_err().to_string();
    assert!(error.contains("range is [3, 3]"), "{error}");

    let table = Array { values: ArrayD::zeros(vec![5, 7]), dtype: Dtype::F64 };
    let error = sidecar("size = [2, 2]").input.apply_pictures(table).unwrap_err().to_string();
    assert_eq!(error, "found an array [5, 7], expected pictures [n, height, width, 1 or 3 channels]");
}

#[test]
fn labels_are_read_from_the_folder_of_the_model_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let (inner, model) = (folder.path().join("inner"), folder.path().join("inner/m.onnx"));
    fs::create_dir(&inner).unwrap();
    let write = |name: &str, text: &str| fs::write(inner.join(name), text).unwrap();
    let read = || Sidecar::of_model(&model, &Limits::default());
    write("names.txt", "cat, tom\r\ndog\n\nfish\n\n");
    write("m.toml", "labels = 'names.txt'");
    assert_eq!(read().unwrap().classes, ["cat, tom", "dog", "", "fish"]);

    fs::write(folder.path().join("secret.txt"), "password\n").unwrap();
    let secret = folder.path().join("secret.txt").display().to_string();
    #[cfg(unix)]
    std::os::unix::fs::symlink(&secret, inner.join("link.txt")).unwrap();
    let outside: &[&str] = if cfg!(unix) {
        &["../secret.txt", &secret, "", "link.txt"]
    } else {
        &["../secret.txt", &secret, ""]
    };
    for name in outside {
        write("m.toml", &format!("labels = '{name}'"));
        let error = read().unwrap_err().to_string();
        assert!(error.contains("m.toml: labels are in the file '"), "{error}");
        assert!(error.contains("below the model's folder") || error.contains("leads out of"), "{error}");
    }
    write("m.toml", "labels = 'none.txt'");
    assert!(
        read().unwrap_err().to_string().contains("labels are in the file 'none.txt', which is not there")
    );
    write("bad.txt", "one\ntwo\u{7}\n");
    write("m.toml", "labels = 'bad.txt'");
    assert!(read().unwrap_err().to_string().ends_with("bad.txt:2: a label holds control characters"));
    write("m.toml", "labels = 'names.txt'\nclasses = ['cat']");
    assert!(read().unwrap_err().to_string().contains("has both classes and labels"));
}

/// The words of a text under some settings, and their numbers in the vocabulary `0 padding, 1 unknown, 2 it's, 3 élan`.
fn cut(settings: &str, text: &str) -> Vec<(String, usize)> {
    let sidecar = Sidecar::parse("m.toml", &format!("[text]\nvocabulary = 'v.txt'\n{settings}")).unwrap();
    let vocabulary =
        Vocabulary::parse("v.txt", "<padding>\n<unknown>\nit's\nélan\n", &Limits::default()).unwrap();
    let tokens = sidecar.text.unwrap().with_words(vocabulary).unwrap().tokens(text);
    tokens.into_iter().map(|token| (text[token.range].to_owned(), token.id)).collect()
}

#[test]
fn texts_are_cut_into_words() {
    let words = |settings: &str, text: &str| -> Vec<String> {
        cut(settings, text).into_iter().map(|(word, _)| word).collect()
    };
    assert_eq!(words("", "It's 3-D, naïve\n日本語!"), ["It", "s", "3", "D", "naïve", "日本語"]);
    assert_eq!(words("characters = 'letters'", "B2B 7"), ["B", "B"]);
    assert_eq!(words("apostrophes = true", "''It's'' o’clock '"), ["It's", "o’clock"]);
    assert_eq!(words("longest = 2", "one two three"), ["one", "two"]);
    assert!(words("", " \u{1b}[31m!").contains(&"31m".to_owned()) && words("", "— !").is_empty());
    let found = cut("apostrophes = true", "IT’S Élan vital");
    assert_eq!(found.iter().map(|(_, id)| *id).collect::<Vec<_>>(), [2, 3, 1]);
    assert_eq!(cut("lower-case = false", "Élan élan").iter().map(|(_, id)| *id).collect::<Vec<_>>(), [1, 3]);
}

#[test]
fn vocabularies_hold_the_words_of_most_texts() {
    let sidecar = Sidecar::parse("m.toml", "text = { vocabulary = 'v.txt' }").unwrap();
    let texts = ["b a c", "A b b", "a, d", "b e d"];
    let known = Vocabulary::of_texts(texts, &sidecar.text.clone().unwrap(), 2, 10);
    assert_eq!(known.words(), ["<padding>", "<unknown>", "a", "b", "d"]);
    assert_eq!(Vocabulary::parse("v.txt", &known.to_text(), &Limits::default()).unwrap(), known);
    assert_eq!(Vocabulary::of_texts(texts, &sidecar.text.unwrap(), 1, 1).words()[2..], ["a"]);
    let refused = |text: &str| Vocabulary::parse("v.txt", text, &Limits::default()).unwrap_err().to_string();
    assert_eq!(refused("a\nb\na\n"), "v.txt:3: the word 'a' stands in another line already");
    assert_eq!(refused("a\n\nb\n"), "v.txt:2: expected one word without control characters");
    let few = Limits { array_elements: 1, ..Limits::default() };
    assert!(Vocabulary::parse("v.txt", "a\nb\n", &few).unwrap_err().to_string().contains("at most 1"));
}

#[test]
fn texts_become_rows_between_margins() {
    let sidecar =
        Sidecar::parse("m.toml", "text = { vocabulary = 'v.txt', margin = 1, longest = 3 }").unwrap();
    let reader = sidecar.text.unwrap();
    assert_eq!(reader.sample(), [5]);
    let vocabulary = Vocabulary::parse("v.txt", "-\n?\none\ntwo\n", &Limits::default()).unwrap();
    let reader = reader.with_words(vocabulary).unwrap();
    let input = reader.input(&[reader.tokens("one"), reader.tokens("two one six nine")]).unwrap();
    assert_eq!(input, array![[0.0, 2.0, 0.0, 0.0, 0.0], [0.0, 3.0, 2.0, 1.0, 0.0]].into_dyn());
    assert_eq!(
        reader.of_words(input.index_axis(Axis(0), 1).into_dimensionality().unwrap(), 3),
        arr1(&[3.0, 2.0, 1.0])
    );
    assert_eq!(reader.of_words(arr1(&[7.0]).view(), 3).len(), 0);
    let error = reader.input(&[reader.tokens("one"), reader.tokens("!")]).unwrap_err().to_string();
    assert_eq!(error, "text 1 holds no word");
    assert_eq!(reader.input(&[vec![]]).unwrap_err().to_string(), "holds no word");
}

#[test]
fn words_are_read_from_the_folder_of_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let read = || Sidecar::of_model(folder.path().join("m.onnx"), &Limits::default());
    write("v.txt", "<padding>\n<unknown>\ngood\n");
    write("m.toml", "text = { vocabulary = 'v.txt' }");
    assert_eq!(read().unwrap().text.unwrap().words.number("good"), Some(2));
    let table = [
        ("text = { vocabulary = '../v.txt' }", "words are in the file '../v.txt', which is not a plain path"),
        ("text = { vocabulary = 'v.txt', unknown = 3 }", "unknown is word 3 of a vocabulary of 3"),
        (
            "text = { vocabulary = 'v.txt', longest = 0 }",
            "text: longest is 0 and margin 0, allowed are 1 to 65536",
        ),
        ("text = { margin = 1 }", "text: names no vocabulary"),
        ("text = { vocabulary = 'v.txt', stem = true }", "m.toml:1: unknown field `stem`"),
    ];
    for (toml, part) in table {
        write("m.toml", toml);
        let error = read().unwrap_err().to_string();
        assert!(error.contains(part) && !error.contains('\n'), "{error}");
    }
}

#[test]
fn tables_of_texts_are_read() {
    let rows = |text: &str, neutral| {
        let rows = parse_labelled_texts(text, neutral).unwrap().into_iter();
        rows.map(|row| format!("{}: {}", row.class, row.text)).collect::<Vec<_>>()
    };
    assert_eq!(rows("ship\ta tanker\r\n\nacq\tshares", 0.0), ["ship: a tanker", "acq: shares"]);
    assert_eq!(rows("Category\tText\nd\tstring\nclass\t\nearn\tnet", 0.0), ["earn: net"]);
    assert_eq!(rows("1\t-0.6\tbad\n2\t0.5\tmeh\n3\t2\tgood", 0.5), ["negative: bad", "positive: good"]);
    let table = [
        ("ship", "has 1 columns apart by tabs, expected class and text"),
        ("a\tb\n1\tx\tgood", "expected a number and a rating before the text"),
        ("\tshares", "names no class"),
    ];
    for (text, part) in table {
        let error = parse_labelled_texts(text, 0.0).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}
