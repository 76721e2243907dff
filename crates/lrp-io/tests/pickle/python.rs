//! Python itself loads what is written here, where there is a Python with numpy.

use std::path::Path;
use std::process::Command;

use lrp_io::{Limits, read_model_bytes, write_array, write_model};

use crate::files::FILES;

/// Empty classes stand in for the toolbox's; the attributes are what counts.
const SCRIPT: &str = "
import sys, types, pickle, numpy
sys.modules['modules'] = types.ModuleType('modules')
for name in 'Sequential Linear Convolution SumPool MaxPool Rect Tanh SoftMax Flatten'.split():
    module = types.ModuleType('modules.' + name.lower())
    setattr(module, name, type(name, (), {}))
    sys.modules[module.__name__] = module
with open('m.nn', 'rb') as file:
    model = pickle.load(file, encoding='latin1')
convolution, rect, sumpool, maxpool, tanh, flatten, linear, softmax = model.modules
for layer in model.modules + [model]:
    assert layer.lrp_var is None and layer.lrp_param == 1.0
for layer, name in (convolution, 'convolution'), (linear, 'linear'):
    for array in 'WB':
        found, expected = getattr(layer, array), numpy.load(name + array + '.npy')
        assert found.dtype == '<f8' and found.flags.c_contiguous and found.flags.writeable
        assert found.shape == expected.shape and found.tobytes() == expected.tobytes(), (name, array)
    assert layer.X is layer.Y is layer.Z is None and layer.lrp_aware is False
assert (convolution.fh, convolution.fw, convolution.fd, convolution.n, convolution.stride) == (2, 2, 1, 3, (1, 1))
assert (linear.m, linear.n, linear.dW, linear.dB, convolution.DY) == (6, 2, None, None, None)
assert (sumpool.pool, sumpool.stride, maxpool.pool, maxpool.stride) == ((2, 1), (1, 1), (1, 2), (1, 2))
assert flatten.inputshape == [] and softmax.X is rect.Y is tanh.Y is maxpool.Y is None
print('numpy', numpy.__version__, 'agrees')
";

/// The interpreter that the user names, or the usual one; `None` where it has no numpy.
fn python() -> Option<String> {
    let python = std::env::var("LRP_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let found = Command::new(&python).args(["-c", "import numpy"]).output();
    if found.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    println!("skipped: {python} has no numpy");
    None
}

fn prepare(folder: &Path) {
    let network = read_model_bytes("m.nn", FILES[5].1, &Limits::default()).expect("a model");
    write_model(folder.join("m.nn"), &network).expect("written");
    let array = |name: &str, values: ndarray::ArrayViewD<'_, f64>| {
        write_array(folder.join(name), values).expect(name);
    };
    for node in network.nodes() {
        match node.op() {
            lrp_core::Op::Linear(layer) => {
                array("linearW.npy", layer.weights().view().into_dyn());
                array("linearB.npy", layer.bias().view().into_dyn());
            }
            lrp_core::Op::Convolution(layer) => {
                array("convolutionW.npy", layer.filters().view());
                array("convolutionB.npy", layer.bias().view().into_dyn());
            }
            _ => {}
        }
    }
}

#[test]
fn python_loads_what_is_written() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    prepare(folder.path());
    let output = Command::new(python)
        .args(["-W", "error", "-c", SCRIPT])
        .current_dir(folder.path())
        .output()
        .expect("runs");
    let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{error}");
    println!("{}", out.trim());
}
