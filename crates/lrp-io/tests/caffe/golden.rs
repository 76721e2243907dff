//! Inputs of networks as the original made them, and files that it accepted.

use std::fs;
use std::path::{Path, PathBuf};

use lrp_io::caffe::{Config, ImageInput, MeanFormat, Prepared, Wanted, parse_list, read_mean};
use lrp_io::{Dtype, Limits, read_array, read_file};
use ndarray::{Array3, Axis, Slice};

use crate::common::shared;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/caffe")
}

fn read(path: PathBuf) -> Vec<u8> {
    read_file(path, &Limits::default()).unwrap()
}

/// The files of a folder whose names end so, in order.
fn files(folder: &Path, end: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.to_string_lossy().ends_with(end));
    files.sort();
    files
}

/// An input by its name `in<side>__<image>__<mean>__mode<mode>__base<base>`, with the folders of its image and mean.
struct Case {
    image: PathBuf,
    input: ImageInput,
}

impl Case {
    fn new(file: &Path, images: &Path, means: &Path) -> Self {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let parts: Vec<&str> = name.split("__").collect();
        let [side, image, mean, mode, base] = parts[..] else { panic!("{name}") };
        let format = match mode {
            "mode0" => MeanFormat::Text,
            "mode1" => MeanFormat::BlueGreenRed,
            _ => MeanFormat::RedGreenBlue,
        };
        let mean = read_mean(mean, &read(means.join(mean)), format, true, &Limits::default()).unwrap();
        let number = |text: &str, front: &str| text.strip_prefix(front).unwrap().parse().unwrap();
        let input = ImageInput { side: number(side, "in"), base: number(base, "base"), mean };
        Self { image: images.join(image), input }
    }

    fn prepare(&self) -> Prepared {
        self.input.prepare("photo", &read(self.image.clone()), &Limits::default()).unwrap()
    }

    fn is_jpeg(&self) -> bool {
        self.image.extension().unwrap() == "jpg"
    }
}

/// The largest and the mean difference from what the original made, in steps of 16 bits.
fn difference(ours: &Array3<f64>, file: &Path) -> (f64, f64) {
    let theirs = read_array(file, &Limits::default()).unwrap().values;
    assert_eq!(ours.shape(), theirs.shape());
    let steps = (ours - &theirs).mapv(|difference| 257.0 * difference.abs());
    (steps.iter().copied().fold(0.0, f64::max), steps.mean().unwrap())
}

/// Inputs made of PNGs are the original's but for its f32; those of JPEGs differ by the decoder, see
/// [`photos_from_jpegs_differ_by_their_decoder`].
fn compare(images: &Path, means: &Path, inputs: &Path) -> usize {
    let files = files(inputs, ".npy");
    for file in &files {
        let case = Case::new(file, images, means);
        let (largest, mean) = difference(&case.prepare().input, file);
        println!("{largest:.4} {mean:.4} {}", file.display());
        let allowed = if case.is_jpeg() { (1.25 * 257.0, 0.13 * 257.0) } else { (0.01, 0.01) };
        assert!(largest < allowed.0 && mean < allowed.1, "{}: {largest}, {mean}", file.display());
    }
    files.len()
}

#[test]
fn photos_become_the_inputs_of_the_original() {
    assert_eq!(compare(&fixtures(), &fixtures(), &fixtures()), 4);
}

#[test]
fn all_photos_become_the_inputs_of_the_original() {
    let Some(folder) = shared("reference/caffe") else { return };
    let count = compare(&folder.join("someimages"), &folder.join("mean"), &folder.join("inputs"));
    assert!(count >= 67, "{count}");
}

/// The same numbers, decoded by libjpeg-turbo, would become the original's input: there nothing but the pixels
/// differs. Of noise, which compresses worst, none is off by more than 3 of 255, and one in ten by 1.
#[test]
fn photos_from_jpegs_differ_by_their_decoder() {
    let jpeg = read_array(fixtures().join("big120x90.jpg"), &Limits::default()).unwrap().values;
    let turbo = read_array(fixtures().join("big120x90.jpg.png"), &Limits::default()).unwrap().values;
    let steps = (&jpeg - &turbo).mapv(f64::abs);
    assert!(steps.iter().all(|&step| step <= 3.0) && steps.mean().unwrap() < 0.12);

    let file = fixtures().join("in28__big120x90.jpg__mean_bgr.binaryproto__mode1__base40.npy");
    let mut case = Case::new(&file, &fixtures(), &fixtures());
    case.image.set_extension("jpg.png");
    let (largest, _) = difference(&case.prepare().input, &file);
    assert!(largest < 1.01, "{largest}");
}

/// A picture by ImageMagick, `[h, w, 3]` in 16 bits; it may save as few bits and channels as the colours need.
fn picture(file: &Path) -> Array3<f64> {
    let array = read_array(file, &Limits::default()).unwrap();
    let steps = if array.dtype == Dtype::U8 { 257.0 } else { 1.0 };
    let (height, width) = (array.values.len_of(Axis(1)), array.values.len_of(Axis(2)));
    let values = array.values.index_axis_move(Axis(0), 0) * steps;
    values.broadcast((height, width, 3)).unwrap().to_owned().into_dimensionality().unwrap()
}

fn shown(image: PathBuf, side: usize, base: usize) -> Array3<f64> {
    let input = ImageInput { side, base, mean: Array3::zeros((3, side, side)) };
    input.prepare("photo", &read(image), &Limits::default()).unwrap().shown
}

#[test]
fn what_is_shown_is_what_the_original_showed() {
    for image in ["big120x90", "grey40", "tall22x40"] {
        let theirs = picture(&fixtures().join(format!("shown__{image}.png")));
        assert_eq!(shown(fixtures().join(format!("{image}.png")), 32, 40), theirs, "{image}");
    }
}

#[test]
fn all_that_is_shown_is_what_the_original_showed() {
    const END: &str = "_as_inputted_into_the_dnn.png";
    let Some(folder) = shared("reference/caffe") else { return };
    let files = files(&folder.join("text"), END);
    assert!(files.len() >= 15, "{files:?}");
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap();
        let image = name.split_once("__").unwrap().1.strip_suffix(END).unwrap();
        let (ours, theirs) = (shown(folder.join("someimages").join(image), 32, 40), picture(&file));
        let largest = (&ours - &theirs).iter().fold(0.0, |largest: f64, step| largest.max(step.abs()));
        let allowed = if image.ends_with(".jpg") { 1.25 * 257.0 } else { 0.0 };
        assert!(largest <= allowed, "{name}: {largest}");
    }
}

/// The longer side fills the square, the shorter one lies in its middle.
#[test]
fn pictures_of_every_kind_are_resized_as_by_imagemagick() {
    let folder = fixtures().join("resized");
    let mut count = 0;
    for (side, end) in [(7, "_7.png"), (15, "_15.png")] {
        for file in files(&folder, end) {
            let theirs = picture(&file);
            let ours = shown(file.to_string_lossy().replace(end, ".png").into(), side, side);
            let height = theirs.len_of(Axis(0));
            let first = (side - height) / 2;
            let rows = ours.slice_axis(Axis(0), Slice::from(first..first + height));
            let largest = (&rows - &theirs).iter().fold(0.0, |largest: f64, step| largest.max(step.abs()));
            // Its sine is a polynomial.
            assert!(largest <= 1.0, "{file:?}: {largest}");
            count += 1;
        }
    }
    assert_eq!(count, 18);
}

#[test]
fn a_configuration_and_a_list_of_the_original() {
    let config = Config::parse("config.txt", &read(fixtures().join("config.txt"))).unwrap();
    let expected = Config {
        network: "models/seq32.prototxt".into(),
        weights: "models/seq32.caffemodel".into(),
        mean: "mean/mean_bgr.binaryproto".into(),
        mean_format: MeanFormat::BlueGreenRed,
        class_names: "synset10.txt".into(),
        last_layer: -2,
        first_layer: 0,
        classes: 10,
        base_size: 40,
        out: "OUT".into(),
        root: "someimages".into(),
        formula: 100,
        epsilon: 0.01,
        beta: 1.0,
        switch_layer: 4,
    };
    assert_eq!(config, expected);

    let list = parse_list("list.txt", &read(fixtures().join("list.txt")), &Limits::default()).unwrap();
    let images: Vec<(String, Wanted)> = list.into_iter().map(|listed| listed.image.unwrap()).collect();
    let wanted: Vec<Wanted> = images.iter().map(|(_, wanted)| *wanted).collect();
    use Wanted::{Best, Class, Five};
    assert_eq!(wanted, [Best, Five, Class(3), Best, Class(0), Class(9), Best, Class(5), Best]);
    assert_eq!(images[8].0, "./someimages/rgba40.png");
}

#[test]
fn all_configurations_and_lists_of_the_original() {
    let Some(folder) = shared("reference/caffe") else { return };
    let configs = files(&folder.join("configs"), ".txt");
    let lists = files(&folder.join("lists"), ".txt");
    assert!(configs.len() > 100 && lists.len() > 100);
    for file in configs {
        Config::parse(&file.to_string_lossy(), &read(file.clone())).unwrap();
    }
    for file in lists {
        let list = parse_list(&file.to_string_lossy(), &read(file.clone()), &Limits::default()).unwrap();
        assert!(!list.is_empty() && list.iter().all(|listed| listed.image.is_ok()), "{file:?}");
    }
}

#[test]
fn means_of_all_formats_are_the_same_mean() {
    let Some(folder) = shared("reference/caffe/mean") else { return };
    let expected = read_array(folder.join("mean_bgr.npy"), &Limits::default()).unwrap().values;
    for (name, format, allowed) in [
        // Six digits.
        ("mean_bgr.txt", MeanFormat::Text, 0.0005),
        ("mean_bgr.binaryproto", MeanFormat::BlueGreenRed, 0.0),
        ("mean_rgb.binaryproto", MeanFormat::RedGreenBlue, 0.0),
    ] {
        let mean = read_mean(name, &read(folder.join(name)), format, false, &Limits::default()).unwrap();
        assert!((&mean - &expected).iter().all(|difference| difference.abs() <= allowed), "{name}");
    }
}
