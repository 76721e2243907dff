//! Pickles that want to run something, claim more than there is, or are damaged.

use lrp_io::{ErrorKind, Limits, read_model_bytes};

use crate::common::Chance;
use crate::files::FILES;
use crate::program::{array, f64s, object, read, refusal, sequential, text, whole};

/// `module name` by both instructions that name things, then called with one text.
fn call(module: &str, name: &str) -> [Vec<u8>; 2] {
    let argument = [&text("true")[..], b"\x85R."].concat();
    let by_lines = format!("\x02c{module}\n{name}\n");
    [
        [&[0x80], by_lines.as_bytes(), &argument].concat(),
        [b"\x80\x04", &text(module)[..], &text(name), b"\x93", &argument].concat(),
    ]
}

#[test]
fn q25_nothing_is_run() {
    let names = [
        ("os", "system"),
        ("posix", "system"),
        ("nt", "system"),
        ("subprocess", "Popen"),
        ("builtins", "eval"),
        ("builtins", "exec"),
        ("builtins", "getattr"),
        ("__builtin__", "eval"),
        ("functools", "partial"),
        ("copyreg", "_reconstructor"),
        ("numpy", "load"),
        ("numpy.core.multiarray", "fromfile"),
        ("modules.sequential", "os.system"),
        ("modules.linear", "Convolution"),
        ("modules.linear", "np"),
        ("cupy", "ndarray"),
        ("torch", "load"),
    ];
    for (module, name) in names {
        for (pickle, at) in call(module, name).iter().zip([2, 6 + module.len() + name.len()]) {
            let expected = format!(
                "byte {at}: the pickle names '{module} {name}'; only the toolbox's layers and numpy's arrays are \
                 read, nothing is run"
            );
            assert_eq!(refusal(pickle), expected);
        }
    }
}

#[test]
fn what_is_no_model_is_refused_with_its_place() {
    let linear = |attributes: &[(&str, &[u8])]| sequential(&[object("Linear", attributes)]);
    let (weights, bias) = (array("<f8", &[1, 2], &f64s(&[1.0, 2.0])), array("<f8", &[2], &f64s(&[0.0; 2])));
    let objects = array("|O", &[1, 2], &[]);
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (whole(b"N"), "byte 0: expected a Sequential of the toolbox, found None"),
        (whole(&object("Rect", &[])), "byte 24: expected a Sequential of the toolbox, found what Rect makes"),
        (sequential(&[]), "a network needs at least one layer"),
        (whole(&object("Sequential", &[])), "the attribute modules is missing"),
        (sequential(&[b"N".to_vec()]), "modules[0]: expected a layer of the toolbox, found None"),
        (
            sequential(&[sequential(&[])[2..].split_last().expect("a stop").1.to_vec()]),
            "modules[0]: Sequential: is a Sequential in a Sequential",
        ),
        (
            sequential(&[object("Rect", &[("lrp_var", &text("epsilon"))])]),
            "modules[0]: carries the rule 'epsilon' in lrp_var",
        ),
        (
            linear(&[("m", b"K\x01"), ("n", b"K\x02"), ("W", &weights)]),
            "modules[0]: Linear: the attribute B is missing",
        ),
        (
            linear(&[("m", b"K\x02"), ("n", b"K\x02"), ("W", &weights), ("B", &bias)]),
            "modules[0]: Linear: W has the shape [1, 2], expected [2, 2]",
        ),
        (
            linear(&[("m", b"K\x01"), ("n", b"K\x02"), ("W", &bias), ("B", &bias)]),
            "modules[0]: Linear: W has the shape [2], expected [1, 2]",
        ),
        (
            linear(&[("m", b"K\x01"), ("n", b"K\x02"), ("W", &objects), ("B", &bias)]),
            "modules[0]: Linear: W: the array '|O' holds Python objects",
        ),
        (
            linear(&[("m", b"K\x01"), ("n", b"J\xff\xff\xff\xff")]),
            "modules[0]: Linear: n: expected a size, found -1",
        ),
        (linear(&[("m", b"G\x3f\xf0\0\0\0\0\0\0")]), "modules[0]: Linear: m: expected an integer, found 1"),
        (linear(&[("m", b"N")]), "modules[0]: Linear: m: expected an integer, found None"),
        (
            sequential(&[object("SumPool", &[("pool", b"(t")])]),
            "modules[0]: SumPool: pool: expected 2 elements, found 0",
        ),
        (
            sequential(&[object("MaxPool", &[("pool", b"K\0K\x02\x86"), ("stride", b"K\x01K\x01\x86")])]),
            "modules[0]: MaxPool: ",
        ),
    ];
    for (pickle, expected) in cases {
        let line = refusal(&pickle);
        assert!(line.contains(expected), "{line}\n  expected {expected}");
    }
}

#[test]
fn instructions_that_break_the_machine_are_refused() {
    let cases: [(&[u8], &str); 34] = [
        (b"\x80\x01N.", "byte 0: is a pickle of protocol 1, read are protocols 2 to 5"),
        (b"\x80\x06N.", "byte 0: is a pickle of protocol 6, read are protocols 2 to 5"),
        (b"(lp0\n.", "byte 0: does not begin as pickles of protocol 2 and later do"),
        (b"", "byte 0: the head of a pickle takes 2 bytes, 0 are left"),
        (
            b"\x80\x02",
            "byte 2: an instruction; the pickle has not come to its STOP and takes 1 bytes, 0 are left",
        ),
        (
            b"\x80\x02N",
            "byte 3: an instruction; the pickle has not come to its STOP and takes 1 bytes, 0 are left",
        ),
        (b"\x80\x02.", "byte 2: the stack has too few values for this instruction"),
        (b"\x80\x02NN.", "byte 4: 1 values are left over at the STOP of the pickle"),
        (b"\x80\x02(N.", "byte 4: 1 values are left over at the STOP of the pickle"),
        (b"\x80\x02N.N", "byte 3: 1 bytes follow the STOP of the pickle"),
        (b"\x80\x02\xff.", "byte 2: there is no instruction 0xff in pickles"),
        (b"\x80\x02\x80\x02N.", "byte 2: the instruction PROTO comes only at the beginning"),
        (
            b"\x80\x02I1\n.",
            "byte 2: the instruction INT is of protocols 0 and 1; save with protocol 2 or later",
        ),
        (b"\x80\x02Pone\n.", "byte 2: the instruction PERSID refers to something outside of the file"),
        (b"\x80\x02NQ.", "byte 3: the instruction BINPERSID refers to something outside of the file"),
        (b"\x80\x02\x82\x01.", "byte 2: the instruction EXT1 refers to something outside of the file"),
        (b"\x80\x05\x97.", "byte 2: the instruction NEXT_BUFFER refers to something outside of the file"),
        (b"\x80\x04\x8f.", "byte 2: the instruction EMPTY_SET is not needed for models and not read"),
        (b"\x80\x02\x8b\xff\xff\xff\xff.", "byte 7: LONG4 takes 4294967295 bytes, 1 are left"),
        (b"\x80\x02\x8b\xff\xff\xff\x7f.", "byte 7: LONG4 takes 2147483647 bytes, 1 are left"),
        (b"\x80\x02\x8a\x09\0\0\0\0\0\0\0\0\x01.", "byte 2: an integer takes more than 64 bits"),
        (b"\x80\x02T\xff\xff\xff\xff.", "byte 7: BINSTRING takes 4294967295 bytes, 1 are left"),
        (
            b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\xff.",
            "byte 11: BINBYTES8 takes 18446744073709551615 bytes, 1 are left",
        ),
        (
            b"\x80\x05\x96\0\0\0\0\0\0\0\x80.",
            "byte 11: BYTEARRAY8 takes 9223372036854775808 bytes, 1 are left",
        ),
        (b"\x80\x04\x95\xff\0\0\0\0\0\0\0.", "byte 2: FRAME takes 255 bytes, 1 are left"),
        (b"\x80\x04\x8c\x01\xff.", "byte 2: the text is not in UTF-8"),
        (b"\x80\x02h\x07.", "byte 2: the memo has no entry 7"),
        (b"\x80\x02N(q\0.", "byte 4: the stack has too few values for this instruction"),
        (b"\x80\x02Nt.", "byte 3: there is no MARK to go back to"),
        (b"\x80\x02}(Nu.", "byte 5: a key has no value"),
        (b"\x80\x02}Na.", "byte 4: elements are appended to something that is not a list"),
        (b"\x80\x02NNR.", "byte 4: only what the pickle names can be called, and this is a value"),
        (b"\x80\x02]Nb.", "byte 4: BUILD needs an object"),
        (b"\x80\x02cnumpy", "byte 2: a name does not end"),
    ];
    for (pickle, expected) in cases {
        assert_eq!(refusal(pickle), expected);
    }
}

/// What is said of a pickle that is refused only at its end, as what `code` leaves is no model. If its cost were not
/// that of its bytes, there would be no end.
#[track_caller]
fn in_the_end(code: &[u8]) -> String {
    refusal(&whole(code))
}

#[test]
fn depth_laughs_and_cycles_cost_what_their_bytes_cost() {
    let deep = [b"]".repeat(100_000), b"a".repeat(99_999)].concat();
    assert!(in_the_end(&deep).contains("found a list of 1"));
    let tuples = [&b")"[..], &b"\x85".repeat(500_000)].concat();
    assert!(in_the_end(&tuples).contains("found a tuple of 1"));
    let marks = b"(".repeat(1 << 18);
    assert!(in_the_end(&marks).contains("too few values"));
    // Each list holds the one before twice: 2^20000 elements, if anybody counted.
    let laughs = [&b"]"[..], &b"q\0](h\0h\0e".repeat(20_000), b"q\x01(h\x01t"].concat();
    assert!(in_the_end(&[&laughs[..], b"q\x02", &b"0".repeat(20_000), b"h\x02"].concat()).contains("byte"));
    let cycle = b"]q\0h\0ah\0a";
    assert!(in_the_end(cycle).contains("found a list of 2"));
    let many = b"N0".repeat(1 << 19);
    assert!(in_the_end(&many).contains("more than 524288 instructions"));
    let memo: Vec<u8> =
        (0..1u32 << 18).flat_map(|index| [&b"r"[..], &(!index).to_le_bytes()].concat()).collect();
    assert!(in_the_end(&[b"N", &memo[..]].concat()).contains("found None"));
}

#[test]
fn cyclic_models_end() {
    // The list of layers holds the model, or itself.
    for inner in [&b"h\0"[..], b"h\x01"] {
        let model =
            [b"\x80\x02(cmodules.sequential\nSequential\noq\0}U\x07modules]q\x01(", inner, b"esb."].concat();
        assert!(refusal(&model).contains("modules[0]: "), "{}", refusal(&model));
    }
}

#[test]
fn bytes_are_used_once() {
    let weights = array("<f8", &[100, 100], &[0; 80_000]);
    let bias = array("<f8", &[100], &[0; 800]);
    let linear = object("Linear", &[("m", b"K\x64"), ("n", b"K\x64"), ("W", &weights), ("B", &bias)]);
    let twice = [linear, b"q\0".to_vec(), b"h\0".repeat(10_000)].concat();
    assert!(refusal(&sequential(&[twice])).contains("W: the arrays take more bytes than the file has"));
    let crowded: Vec<Vec<u8>> =
        (0..65).map(|index| [text(&format!("k{index}")), b"N".to_vec()].concat()).collect();
    let crowded = [
        &object("Rect", &[])[..],
        b"0",
        &text("modules.rect"),
        &text("Rect"),
        b"\x93)\x81}(",
        &crowded.concat(),
        b"ub",
    ]
    .concat();
    assert!(
        refusal(&sequential(&[crowded])).contains("the object has 65 attributes, at most 64 are allowed")
    );
}

#[test]
fn unknown_attributes_change_nothing() {
    let known = read(&sequential(&[object("Rect", &[])])).expect("a model");
    let more =
        read(&sequential(&[object("Rect", &[("name", &text("first")), ("R", b"]")])])).expect("a model");
    assert_eq!(crate::program::contents(&known), crate::program::contents(&more));
}

#[test]
fn limits_hold() {
    let limits = Limits { model_layers: 3, ..Limits::default() };
    let error = read_model_bytes("m.nn", FILES[0].1, &limits).expect_err("eight layers");
    assert_eq!(
        (error.kind(), error.message()),
        (ErrorKind::Limit, "modules[3]: the model has more than 3 layers")
    );
    let limits = Limits { array_elements: 11, ..Limits::default() };
    let error = read_model_bytes("m.nn", FILES[0].1, &limits).expect_err("twelve weights");
    assert_eq!(error.kind(), ErrorKind::Limit);
    let nan = array("<f8", &[1, 1], &f64s(&[f64::NAN]));
    let model = sequential(&[object(
        "Linear",
        &[("m", b"K\x01"), ("n", b"K\x01"), ("W", &nan), ("B", &array("<f8", &[1], &f64s(&[0.0])))],
    )]);
    assert!(refusal(&model).contains("NaN"));
    assert!(
        read_model_bytes("m.nn", &model, &Limits { allow_not_finite: true, ..Limits::default() }).is_ok()
    );
}

#[test]
fn a_model_cut_at_any_byte_is_refused() {
    for (name, bytes) in FILES {
        for length in 0..bytes.len() {
            assert!(read(&bytes[..length]).is_err(), "{name} cut at {length}");
        }
    }
}

#[test]
fn any_byte_may_change() {
    for (_, bytes) in FILES {
        for at in 0..bytes.len() {
            for value in [0, b'.', b'R', 0x7f, 0xff, bytes[at] ^ 1, bytes[at] ^ 0x80] {
                let mut mutant = bytes.to_vec();
                mutant[at] = value;
                drop(read(&mutant));
            }
        }
    }
}

#[test]
fn seeded_mutants_of_several_bytes() {
    let mut chance = Chance::new();
    for (_, bytes) in FILES {
        for _ in 0..1000 {
            drop(read(&chance.mutant(bytes)));
        }
    }
}
