//! Relevance drawn in the ways of the helpers of LRP for Caffe.

mod place;

use std::fs;
use std::path::Path;

use lrp::io::{Limits, read_array, write_array, write_planes};
use lrp::render::{
    Aggregate, HeatmapOptions, Normalization, Picture, aggregate, blur, caffe_heatmap, colormap, cover,
    encode_png, heatmap, reveal,
};
use lrp_tests::beside;
use ndarray::{Array2, Array3, ArrayD, Axis, Ix4, array};
use place::{Place, complaint};

/// Three planes of two rows and two columns, red, green and blue.
fn planes() -> Array3<f64> {
    array![[[0.0, 3.0], [0.5, -1.0]], [[0.0, 4.0], [0.5, 0.0]], [[0.0, 0.0], [-1.0, -1.0]]]
}

fn photo() -> Picture {
    Picture::new(Array3::from_shape_fn((2, 2, 3), |(row, column, channel)| {
        [0.2, 0.4, 1.0][(row + column + channel) % 3]
    }))
    .expect("a picture")
}

/// A folder with the planes as text, as `.npy` and `.npz`, and the photo.
fn furnished() -> Place {
    let place = Place::new();
    write_planes(place.path().join("raw.txt"), planes().view()).expect("a text");
    let pixels = planes().permuted_axes([1, 2, 0]).insert_axis(Axis(0));
    for name in ["pixels.npy", "pixels.npz", "pixels.mat"] {
        write_array(place.path().join(name), pixels.view()).expect("an array");
    }
    place.write("photo.png", encode_png(&photo().to_rgb8()).expect("a PNG"));
    place
}

/// The bytes that the pixels of a picture have in a file.
fn bytes(picture: &Picture) -> ArrayD<f64> {
    picture.pixels().mapv(|value| f64::from((value * 255.0) as u8)).insert_axis(Axis(0)).into_dyn()
}

/// Those of the file that is written.
fn drawn(place: &Place, arguments: &[&str]) -> ArrayD<f64> {
    place.prints(&[&["render"], arguments, &["--scaling", "2", "-o", "drawn.png"]].concat());
    read_array(place.path().join("drawn.png"), &Limits::default()).expect("a picture").values
}

#[test]
fn raw_relevance_of_any_format_is_the_same_picture() {
    let place = furnished();
    let from_text = drawn(&place, &["raw.txt", "--colormap", "black-firered"]);
    for name in ["pixels.npy", "pixels.npz", "pixels.mat"] {
        assert!(drawn(&place, &[name, "--colormap", "black-firered"]) == from_text, "{name}");
    }
    let sum = planes().sum_axis(Axis(0));
    let options = HeatmapOptions {
        scaling: 2,
        colormap: colormap("black-firered").expect("a map"),
        ..HeatmapOptions::default()
    };
    assert!(from_text == bytes(&heatmap(sum.view(), &options).expect("a heatmap")));
}

#[test]
fn render_draws_what_the_library_draws() {
    let place = furnished();
    let (sum, photo) = (planes().sum_axis(Axis(0)), Picture::new(eight_bits(&photo())).expect("a picture"));
    let options = HeatmapOptions {
        scaling: 2,
        colormap: colormap("seismic").expect("a map"),
        ..HeatmapOptions::default()
    };
    let joined = |how| aggregate(planes().view(), Axis(0), how);
    let map = |plane: Array2<f64>| heatmap(plane.view(), &options).expect("a heatmap");
    let cases: [(&[&str], Picture); 5] = [
        (&["--aggregate", "l2"], map(joined(Aggregate::L2))),
        (&["--aggregate", "linf"], map(joined(Aggregate::LInf))),
        (&["--blur", "0.7"], map(blur(sum.view(), 0.7).expect("a plane"))),
        (
            &["--mode", "overlay", "--over", "photo.png", "--gamma", "0.5"],
            cover(&photo, sum.view(), 0.5, &options).expect("a picture"),
        ),
        (
            &["--mode", "alpha", "--over", "photo.png"],
            reveal(&photo, sum.view(), 1.0, Normalization::MaxAbs)
                .and_then(|shown| shown.enlarged(2))
                .expect("a picture"),
        ),
    ];
    for (arguments, expected) in cases {
        assert!(drawn(&place, &[&["raw.txt"], arguments].concat()) == bytes(&expected), "{arguments:?}");
    }
}

/// The picture as it comes back from a file.
fn eight_bits(picture: &Picture) -> Array3<f64> {
    picture.pixels().mapv(|value| f64::from((value * 255.0) as u8) / 255.0)
}

#[test]
fn ways_to_draw_that_make_no_sense_get_one_line() {
    let place = furnished();
    let before = place.files();
    let wide = place.write("wide.npy", fs::read(place.path().join("pixels.npy")).expect("an array"));
    let cases: [(&[&str], &str); 10] = [
        (&["--mode", "alpha"], "required arguments were not provided: --over"),
        (&["--over", "photo.png"], "--over needs --mode alpha or --mode overlay"),
        (&["--gamma", "2"], "--over"),
        (
            &["--mode", "overlay", "--over", "photo.png", "--gamma", "-1"],
            "gamma is -1, expected a finite number above 0",
        ),
        (
            &["--mode", "overlay", "--over", "photo.png", "--outline", "raw.txt"],
            "--outline goes with --mode normal",
        ),
        (&["--mode", "alpha", "--over", "photo.png", "--color-bar"], "--mode alpha has none"),
        (
            &["--mode", "alpha", "--over", &wide],
            "wide.npy: --over takes one picture, such as a PNG or a JPEG",
        ),
        (&["--mode", "alpha", "--over", "photo.png", "-o", "photo.png"], "is read by this call"),
        (&["--blur", "-1"], "blur sigma is -1, expected a number above 0, at most 1000"),
        (&["--aggregate", "l3"], "[possible values: sum, l2, linf]"),
    ];
    for (arguments, expected) in cases {
        let line = complaint(&place.run(&[&["render", "raw.txt"], arguments].concat()));
        assert!(line.contains(expected), "{arguments:?}: {line}");
    }
    fs::remove_file(wide).expect("the copy");
    assert_eq!(place.files(), before);
    let flat = place.write("flat.txt", "1 2 3\n4 5 6\n");
    let line = complaint(&place.run(&["render", &flat, "--mode", "alpha", "--over", "photo.png"]));
    assert!(line.contains("photo has shape [2, 2, 3], expected [2, 3] rows and columns"), "{line}");
}

/// From six digits a shade may be cut one step off.
#[test]
fn pictures_of_caffes_programs_follow_from_the_text_beside_them() {
    let Some(folder) = beside("reference/caffe/text") else { return };
    let read = |path: &Path| {
        let array = read_array(path, &Limits::default()).expect("an array");
        array.values.into_dimensionality::<Ix4>().expect("a picture").index_axis_move(Axis(0), 0)
    };
    let mut off = 0;
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let Some(stem) = path.to_string_lossy().strip_suffix("_rawhm.txt").map(str::to_owned) else {
            continue;
        };
        let mean = read(&path).mean_axis(Axis(2)).expect("channels");
        let painted = caffe_heatmap(mean.view(), true).expect("a picture");
        for (&found, &expected) in
            painted.as_raw().iter().zip(&read(Path::new(&format!("{stem}_heatmap.png"))))
        {
            let steps = found.wrapping_sub(expected as u16).min((expected as u16).wrapping_sub(found));
            assert!(steps <= 1, "{stem}: {found}, expected {expected}");
            off += usize::from(steps);
        }
    }
    println!("{off} values one step off");
}
