//! What scipy and Octave make of our files, and we of theirs; each test says so when it skips.
//!
//! `LRP_PYTHON` and `LRP_OCTAVE` name the programs, else `python3` and `octave-cli` are looked for.

use std::path::Path;
use std::process::Command;

use lrp_io::{
    Array, Dtype, Limits, read_array, read_model, write_array, write_arrays, write_model, write_typed_arrays,
};
use ndarray::{ArrayD, array};

use crate::plain::{described, every_layer};

struct Program {
    command: String,
    flag: &'static str,
}

/// The program, if it is there and can run `probe`.
fn program(variable: &str, name: &str, flag: &'static str, probe: &str) -> Option<Program> {
    let command = std::env::var(variable).unwrap_or_else(|_| name.to_owned());
    let answer = Command::new(&command).args([flag, probe]).output();
    if answer.is_ok_and(|answer| answer.status.success()) {
        return Some(Program { command, flag });
    }
    println!("skipped: {command} is not here or cannot run '{probe}'; {variable} may name another");
    None
}

fn scipy() -> Option<Program> {
    program("LRP_PYTHON", "python3", "-c", "import numpy, scipy.io")
}

fn octave() -> Option<Program> {
    program("LRP_OCTAVE", "octave-cli", "--eval", "assert (true)")
}

impl Program {
    /// Runs a script in a folder; it must succeed and say "done".
    fn run(&self, folder: &Path, script: &str) {
        let answer =
            Command::new(&self.command).args([self.flag, script]).current_dir(folder).output().unwrap();
        let said = String::from_utf8_lossy(&answer.stdout);
        assert!(said.contains("done"), "{said}{}", String::from_utf8_lossy(&answer.stderr));
    }
}

fn cube() -> ArrayD<f64> {
    ArrayD::from_shape_fn(vec![2, 3, 4], |place| {
        0.1 * place[0] as f64 - 7.0 * place[1] as f64 + 1e-300 * place[2] as f64
    })
}

/// A variable of each class of numbers, named like its class: its smallest value and 1.
fn classes() -> Vec<(&'static str, Array)> {
    let rows = [
        ("logical", Dtype::Bool, 0.0),
        ("int8", Dtype::I8, -128.0),
        ("int16", Dtype::I16, -32_768.0),
        ("int32", Dtype::I32, -2_147_483_648.0),
        ("int64", Dtype::I64, -9_223_372_036_854_775_808.0),
        ("uint8", Dtype::U8, 0.0),
        ("uint16", Dtype::U16, 0.0),
        ("uint32", Dtype::U32, 0.0),
        ("uint64", Dtype::U64, 0.0),
        ("single", Dtype::F32, 0.5),
        ("double", Dtype::F64, 0.1),
    ];
    rows.map(|(name, dtype, low)| (name, Array { values: array![[low, 1.0]].into_dyn(), dtype })).into()
}

fn write_classes(path: &Path) {
    let classes = classes();
    let named: Vec<(&str, &Array)> = classes.iter().map(|(name, array)| (*name, array)).collect();
    write_typed_arrays(path, &named).unwrap();
}

#[test]
fn scipy_and_octave_read_every_class_that_we_write() {
    let folder = tempfile::tempdir().unwrap();
    write_classes(&folder.path().join("classes.mat"));
    if let Some(python) = scipy() {
        python.run(
            folder.path(),
            "
import numpy, scipy.io
found = scipy.io.loadmat('classes.mat', mat_dtype=True)
types = {'logical': '?', 'single': 'f4', 'double': 'f8'}
for name in [name for name in found if name[0] != '_']:
    dtype = numpy.dtype(types.get(name, name))
    low = {'?': False, 'f': 0.5, 'd': 0.1}.get(dtype.char)
    low = numpy.iinfo(dtype).min if low is None else low
    assert found[name].dtype == dtype and found[name].tolist() == [[low, 1]], (name, found[name])
assert len(found) == 11 + 3
print('done')
",
        );
    }
    if let Some(octave) = octave() {
        octave.run(
            folder.path(),
            "
s = load ('classes.mat');
for [value, name] = s
  assert (class (value), name);
  if (isinteger (value)) assert (value(1) == intmin (name)); end
  assert (size (value), [1 2]); assert (value(2) == 1);
end
assert (numfields (s), 11); assert (s.single(1) == 0.5 && s.double(1) == 0.1);
printf ('done');
",
        );
    }
}

#[test]
fn scipy_reads_our_arrays() {
    let Some(python) = scipy() else { return };
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let row = array![1.5, -0.0, f64::INFINITY, 5e-324].into_dyn();
    let doubles =
        [("cube", cube()), ("row", row.insert_axis(ndarray::Axis(0))), ("none", ArrayD::zeros(vec![0, 3]))];
    let doubles: Vec<_> = doubles.iter().map(|(name, values)| (*name, values.view())).collect();
    for name in ["doubles.mat", "doubles.npz"] {
        write_arrays(at(name), &doubles).unwrap();
    }
    for name in ["single.mat", "single.npz"] {
        write_array(at(name), array![[0.1f32], [3.0]].view()).unwrap();
    }
    python.run(
        folder.path(),
        "
import numpy, scipy.io
for name in ['doubles', 'single']:
    ours, expected = scipy.io.loadmat(name + '.mat'), numpy.load(name + '.npz')
    assert sorted(k for k in ours if k[0] != '_') == sorted(expected.files), ours.keys()
    for key in expected.files:
        assert ours[key].dtype == expected[key].dtype and ours[key].shape == expected[key].shape, key
        assert ours[key].tobytes('C') == expected[key].tobytes('C'), key
print('done')
",
    );
}

#[test]
fn scipy_reads_our_models_and_we_read_them_back_from_it() {
    let Some(python) = scipy() else { return };
    let folder = tempfile::tempdir().unwrap();
    let network = every_layer();
    write_model(folder.path().join("ours.mat"), &network).unwrap();
    python.run(
        folder.path(),
        "
import numpy, scipy.io
model = scipy.io.loadmat('ours.mat', simplify_cells=True)['model']
assert model['format'] == 'lrp-model' and model['version'] == 1
assert [layer['type'] for layer in model['layers']] == [
    'Convolution', 'Rect', 'SumPool', 'MaxPool', 'Flatten', 'Linear', 'Tanh', 'SoftMax', 'Flatten']
assert (model['layers'][0]['W'] == 0.1 * numpy.arange(12).reshape(2, 2, 3)).all()
assert model['layers'][0]['stride'].tolist() == [2, 1] and model['layers'][2]['pool'].tolist() == [1, 2]
assert model['layers'][5]['W'][2, 1] == 1 / 6 and model['layers'][4]['order'] == 'row-major'
exact = scipy.io.loadmat('ours.mat')
for compressed in [False, True]:
    scipy.io.savemat(f'theirs{compressed:d}.mat', {'model': exact['model']}, do_compression=compressed)
print('done')
",
    );
    for name in ["theirs0.mat", "theirs1.mat"] {
        let back = read_model(folder.path().join(name), &Limits::default()).unwrap();
        assert_eq!(described(&back), described(&network), "{name}");
    }
}

#[test]
fn a_model_made_in_python_is_read() {
    let Some(python) = scipy() else { return };
    let folder = tempfile::tempdir().unwrap();
    python.run(
        folder.path(),
        "
import numpy, scipy.io
layers = numpy.empty(3, dtype=object)
layers[0] = {'type': 'Linear', 'W': numpy.array([[1.0, 2.0], [3.0, 4.0]]), 'B': numpy.array([0.5, -0.5])}
layers[1] = {'type': 'Rect'}
layers[2] = {'type': 'Flatten', 'order': 'row-major'}
scipy.io.savemat('made.mat', {'net': {'format': 'lrp-model', 'version': 1, 'layers': layers}})
print('done')
",
    );
    let network = read_model(folder.path().join("made.mat"), &Limits::default()).unwrap();
    let output = network.forward(&array![[1.0, -1.0]].into_dyn()).unwrap();
    assert_eq!(output, array![[0.0, 0.0]].into_dyn());
    assert_eq!(network.forward(&array![[1.0, 1.0]].into_dyn()).unwrap(), array![[4.5, 5.5]].into_dyn());
}

#[test]
fn octave_reads_our_arrays_and_we_read_its() {
    let Some(octave) = octave() else { return };
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    write_array(at("cube.mat"), cube().view()).unwrap();
    write_array(at("single.mat"), array![[0.1f32, 3.0]].view()).unwrap();
    octave.run(
        folder.path(),
        "
load cube.mat
assert (size (data), [2 3 4]);
[i, j, k] = ndgrid (0:1, 0:2, 0:3);
assert (isequal (data, 0.1 * i - 7 * j + 1e-300 * k));
x = int32 ([1 -2; 3 4]); save -v7 theirs.mat x
s = load ('single.mat');
assert (isa (s.data, 'single') && isequal (s.data, single ([0.1 3])));
printf ('done');
",
    );
    let theirs = read_array(at("theirs.mat"), &Limits::default()).unwrap();
    assert_eq!(theirs.values, array![[1.0, -2.0], [3.0, 4.0]].into_dyn());
}

#[test]
fn octave_reads_our_models_and_we_read_them_back_from_it() {
    let Some(octave) = octave() else { return };
    let folder = tempfile::tempdir().unwrap();
    let network = every_layer();
    write_model(folder.path().join("ours.mat"), &network).unwrap();
    octave.run(
        folder.path(),
        "
load ours.mat
assert (model.format, 'lrp-model'); assert (model.version, 1);
assert (cellfun (@(layer) layer.type(1), model.layers), 'CRSMFLTSF');
assert (size (model.layers{1}.W), [1 2 2 3]); assert (model.layers{1}.W(1, 2, 1, 2), 0.1 * 7);
assert (model.layers{6}.W(3, 2) == 1 / 6); assert (model.layers{9}.order, 'column-major');
save -v6 theirs6.mat model
save -v7 theirs7.mat model
printf ('done');
",
    );
    for name in ["theirs6.mat", "theirs7.mat"] {
        let back = read_model(folder.path().join(name), &Limits::default()).unwrap();
        assert_eq!(described(&back), described(&network), "{name}");
    }
}
