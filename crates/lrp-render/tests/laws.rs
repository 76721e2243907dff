//! What holds for every heatmap, and values worked out by hand.

use std::ops::Range;

use lrp_render::{
    Aggregate, BLACK, COLORMAPS, ColorBar, DigitOptions, ErrorKind, Grid, HeatmapOptions, Kind, MAX_PIXELS,
    Normalization, Orientation, Outline, Picture, Place, Rgb, Span, TextStyle, WHITE, WordsOptions,
    aggregate, ansi_words, blur, canny, color_bar, colormap, digit, draw_text, draw_words, encode_png,
    enlarge, heatmap, html_words, measure_text, montage, plain_words, row, stretch, vector_to_plane, words,
};
use ndarray::{Array1, Array2, Array3, Axis, array};
use proptest::prelude::*;

fn options(name: &str) -> HeatmapOptions<'static> {
    HeatmapOptions { scaling: 1, colormap: colormap(name).unwrap(), ..HeatmapOptions::default() }
}

fn assert_color(what: &str, found: Rgb, expected: Rgb) {
    let close = found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-8);
    assert!(close, "{what}: {found:?}, expected {expected:?}");
}

fn planes() -> impl Strategy<Value = Array2<f64>> {
    (1_usize..7, 1_usize..7, -6..6).prop_flat_map(|(height, width, exponent)| {
        prop::collection::vec(-1.0..1.0, height * width).prop_map(move |values| {
            Array2::from_shape_vec((height, width), values).unwrap() * 10_f64.powi(exponent)
        })
    })
}

fn map_names() -> impl Strategy<Value = String> {
    (0..COLORMAPS.len(), any::<bool>())
        .prop_map(|(row, reversed)| format!("{}{}", COLORMAPS[row].name, if reversed { "_r" } else { "" }))
}

proptest! {
    #[test]
    fn pictures_hold_values_between_zero_and_one(plane in planes(), name in map_names(), scale in 0.0..2.0) {
        for normalization in [Normalization::MaxAbs, Normalization::Shared(scale), Normalization::Unit] {
            let picture = heatmap(plane.view(), &HeatmapOptions { normalization, ..options(&name) }).unwrap();
            prop_assert!(picture.pixels().iter().all(|value| (0.0..=1.0).contains(value)));
        }
    }

    #[test]
    fn zero_is_neutral_whatever_lies_around_it(mut plane in planes(), name in map_names()) {
        plane[[0, 0]] = 0.0;
        let neutral = colormap(&name).unwrap().neutral();
        prop_assert_eq!(heatmap(plane.view(), &options(&name)).unwrap().color(0, 0), neutral);
        plane.fill(0.0);
        let picture = heatmap(plane.view(), &options(&name)).unwrap();
        prop_assert_eq!(picture, Picture::filled(plane.nrows(), plane.ncols(), neutral).unwrap());
    }

    #[test]
    fn scaling_the_relevance_changes_nothing(plane in planes(), name in map_names(), exponent in -20..20) {
        // Powers of two divide out exactly. The variance cut of gray-red2 is the one exception.
        prop_assume!(!name.starts_with("gray-red2"));
        let scaled = &plane * 2_f64.powi(exponent);
        let (one, other) = (heatmap(plane.view(), &options(&name)), heatmap(scaled.view(), &options(&name)));
        prop_assert_eq!(one.unwrap(), other.unwrap());
    }

    #[test]
    fn a_shared_scale_of_its_own_changes_nothing(plane in planes(), row in 0..COLORMAPS.len()) {
        prop_assume!(COLORMAPS[row].kind != Kind::Custom);
        let normalization = Normalization::Shared(lrp_render::shared_scale([plane.view()]));
        let shared = HeatmapOptions { normalization, ..options(COLORMAPS[row].name) };
        let own = heatmap(plane.view(), &options(COLORMAPS[row].name)).unwrap();
        prop_assert_eq!(heatmap(plane.view(), &shared).unwrap(), own);
    }

    /// Whatever the values, the least becomes 0 and the largest 1, and their order stays.
    #[test]
    fn stretching_spans_zero_to_one(plane in planes()) {
        let shown = stretch(plane.view());
        let differ = plane.iter().any(|value| *value != plane[[0, 0]]);
        let largest = shown.fold(0.0_f64, |largest, value| largest.max(*value));
        prop_assert_eq!(largest, if differ { 1.0 } else { 0.0 });
        prop_assert!(shown.iter().all(|value| (0.0..=1.0).contains(value)));
        for (one, before) in shown.iter().zip(&plane) {
            for (two, after) in shown.iter().zip(&plane) {
                prop_assert!(before > after || one <= two);
            }
        }
    }

    #[test]
    fn enlarging_repeats_every_pixel(plane in planes(), scaling in 1_usize..5) {
        let large = enlarge(plane.view(), scaling).unwrap();
        prop_assert_eq!(large.dim(), (plane.nrows() * scaling, plane.ncols() * scaling));
        for ((row, column), value) in large.indexed_iter() {
            prop_assert_eq!(*value, plane[[row / scaling, column / scaling]]);
        }
    }

    #[test]
    fn montages_have_the_sum_of_their_parts(
        sizes in prop::collection::vec((1_usize..9, 1_usize..9), 1..5),
        gap in 0_usize..9,
        margin in 0_usize..9,
    ) {
        let tiles: Vec<_> = sizes.iter().map(|&(h, w)| Picture::filled(h, w, BLACK).unwrap()).collect();
        let (gaps, ends) = (gap * (sizes.len() - 1), 2 * margin);
        let highest = sizes.iter().map(|size| size.0).max().unwrap();
        let width = sizes.iter().map(|size| size.1).sum::<usize>();
        let grid = Grid { rows: vec![tiles.clone()], gap, margin, frame: Some(WHITE), ..Grid::default() };
        let wide = montage(&grid).unwrap();
        prop_assert_eq!((wide.height(), wide.width()), (highest + ends, width + gaps + ends));
        let column = tiles.into_iter().map(|tile| vec![tile]).collect();
        let high = montage(&Grid { rows: column, gap, margin, ..Grid::default() }).unwrap();
        let widest = sizes.iter().map(|size| size.1).max().unwrap();
        let height = sizes.iter().map(|size| size.0).sum::<usize>();
        prop_assert_eq!((high.height(), high.width()), (height + gaps + ends, widest + ends));
    }

    #[test]
    fn edges_keep_off_the_border(plane in planes(), sigma in 0.1..4.0) {
        let mask = canny(enlarge(plane.view(), 3).unwrap().view(), sigma).unwrap();
        let (height, width) = mask.dim();
        let border = |&((row, column), _): &((usize, usize), &bool)| {
            row == 0 || column == 0 || row + 1 == height || column + 1 == width
        };
        prop_assert!(mask.indexed_iter().filter(border).all(|(_, edge)| !edge));
    }

    #[test]
    fn any_text_at_any_place_is_drawn_or_refused(
        text in "\\PC{0,12}",
        row in any::<f64>(),
        column in -99.0..99.0,
        size in -1.0..60.0,
    ) {
        let mut picture = Picture::filled(30, 40, WHITE).unwrap();
        let style = TextStyle { size, ..TextStyle::default() };
        let place = Place { row, column, vertical: Default::default(), horizontal: Default::default() };
        let _ = draw_text(&mut picture, &text, place, &style);
        prop_assert!(picture.pixels().iter().all(|value| (0.0..=1.0).contains(value)));
    }

    #[test]
    fn any_name_is_known_or_refused_in_one_line(name in "\\PC{0,60}") {
        if let Err(error) = colormap(&name) {
            prop_assert!(!error.to_string().contains('\n'));
        }
    }
}

#[test]
fn every_row_is_a_finished_map() {
    for entry in COLORMAPS {
        let (map, reversed) =
            (colormap(entry.name).unwrap(), colormap(&format!("{}_r", entry.name)).unwrap());
        assert_eq!(map.kind(), entry.kind);
        for k in 0..256 {
            let color = map.at((f64::from(k) + 0.5) / 256.0);
            assert!(color.iter().all(|value| (0.0..=1.0).contains(value)), "{}: {color:?}", entry.name);
            assert_color(entry.name, reversed.at(1.0 - (f64::from(k) + 0.5) / 256.0), color);
        }
        assert_eq!(COLORMAPS.iter().filter(|other| other.name == entry.name).count(), 1, "{}", entry.name);
    }
}

#[test]
fn diverging_maps_have_zero_in_the_middle_and_pale() {
    for entry in COLORMAPS.iter().filter(|entry| entry.kind == Kind::Diverging) {
        let map = colormap(entry.name).unwrap();
        assert_eq!(map.neutral(), map.at(0.5));
        assert!(map.neutral().iter().all(|&value| value > 0.6), "{}: {:?}", entry.name, map.neutral());
    }
}

#[test]
fn jet_has_the_entries_of_matplotlib() {
    let cases = [
        (0, [0.0, 0.0, 0.5]),
        (1, [0.0, 0.0, 0.517825311942959]),
        (64, [0.0, 0.503921568627451, 1.0]),
        (127, [0.477545857052498, 1.0, 0.490196078431373]),
        (128, [0.490196078431373, 1.0, 0.477545857052498]),
        (192, [1.0, 0.581699346405229, 0.0]),
        (255, [0.5, 0.0, 0.0]),
    ];
    let jet = colormap("jet").unwrap();
    for (entry, expected) in cases {
        assert_color("jet", jet.at(f64::from(entry) / 256.0), expected);
    }
    assert_eq!((jet.at(-3.0), jet.at(7.0)), (jet.at(0.0), jet.at(1.0)));
}

#[test]
fn toolbox_maps_have_the_values_worked_out_by_hand() {
    let relevance = array![[-1.0, -0.75, -0.5, -0.25, -0.1, 0.0, 0.1, 0.25, 0.5, 0.75, 1.0, 0.3]];
    let cases = [
        ("gray-red", -0.5, [0.4, 0.4, 0.9]),
        ("gray-red", 0.0, [0.8, 0.8, 0.8]),
        ("gray-red", 0.25, [0.85, 0.6, 0.6]),
        ("gray-red2", 0.1, [0.9, 0.73333333333, 0.73333333333]),
        ("gray-red2", 0.5, [0.757142857143, 0.285714285714, 0.285714285714]),
        ("gray-red2", 1.0, [0.4, 0.0, 0.0]),
        ("gray-red2", -1.0, [0.9, 0.9, 0.9]),
        ("black-green", -0.25, [0.0, 0.0, 0.25]),
        ("black-green", 0.75, [0.0, 0.75, 0.0]),
        ("black-firered", -0.75, [0.5, 1.0, 1.0]),
        ("black-firered", 0.75, [1.0, 1.0, 0.5]),
        ("black-firered", 0.3, [1.0, 0.2, 0.0]),
        ("black-firered", -1.0, [1.0, 1.0, 1.0]),
        ("blue-black-yellow", 0.5, [0.5, 0.5, 0.0]),
        ("blue-black-yellow", -0.5, [0.0, 0.0, 0.5]),
    ];
    for (name, value, expected) in cases {
        let picture = heatmap(relevance.view(), &options(name)).unwrap();
        let column = relevance.iter().position(|&other| other == value).unwrap();
        assert_color(&format!("{name} at {value}"), picture.color(0, column), expected);
    }
}

/// The scale is `max R` for some, `max |R|` for others, and what is left of a cut for one.
#[test]
fn every_map_divides_by_its_own_scale() {
    let relevance = array![[-4.0, 1.0, 2.0, 0.0]];
    let cases = [
        ("blue-black-yellow", 1, [0.5, 0.5, 0.0]),
        ("black-green", 1, [0.0, 0.5, 0.0]),
        ("gray-red", 1, [0.9, 0.4, 0.4]),
        ("black-firered", 1, [1.0, 0.0, 0.0]),
        ("black-firered", 2, [1.0, 1.0, 0.0]),
        ("black-firered", 0, [1.0, 1.0, 1.0]),
        // A quarter of the way up from the middle: entry 160 of 0 to 255.
        ("afmhot", 1, [1.0, 320.0 / 255.0 - 0.5, 320.0 / 255.0 - 1.0]),
        ("afmhot", 0, [0.0, 0.0, 0.0]),
        ("bwr", 1, [1.0, 1.0 - 65.0 / 255.0, 1.0 - 65.0 / 255.0]),
        ("bwr", 0, [0.0, 0.0, 1.0]),
        ("seismic", 0, [0.0, 0.0, 0.3]),
        ("jet", 0, [0.0, 0.0, 0.5]),
    ];
    for (name, column, expected) in cases {
        let found = heatmap(relevance.view(), &options(name)).unwrap().color(0, column);
        assert_color(&format!("{name} in column {column}"), found, expected);
    }
    // Mean 0.0625, mean of squares 0.010625, so ten variances are 0.0671875: 0.2 is cut, 0.05 is what remains.
    let painted = heatmap(array![[0.2, 0.05, 0.0, 0.0]].view(), &options("gray-red2")).unwrap();
    assert_color("gray-red2, cut", painted.color(0, 0), [0.9; 3]);
    assert_color("gray-red2, kept", painted.color(0, 1), [0.4, 0.0, 0.0]);
}

#[test]
fn blurring_spreads_by_a_gaussian() {
    let mut dot = Array2::zeros((33, 33));
    dot[[16, 16]] = 1.0;
    let soft = blur(dot.view(), 1.5).unwrap();
    let ratio = soft[[16, 17]] / soft[[16, 16]];
    assert!((ratio - (-1.0_f64 / 4.5).exp()).abs() < 1e-12, "{ratio}");
    assert!((soft.sum() - 1.0).abs() < 1e-12);
    assert_eq!(soft, soft.t());
    let flat = blur(Array2::from_elem((3, 5), -2.0).view(), 4.0).unwrap();
    assert!(flat.iter().all(|value| (value + 2.0).abs() < 1e-12));
    for (plane, sigma, message) in [
        (array![[1.0]], 0.0, "blur sigma is 0, expected a number above 0, at most 1000"),
        (array![[1.0]], f64::NAN, "blur sigma is NaN, expected a number above 0, at most 1000"),
        (array![[f64::INFINITY]], 1.0, "relevance is inf at index [0, 0], expected finite values"),
    ] {
        assert_eq!(blur(plane.view(), sigma).unwrap_err().to_string(), message);
    }
}

#[test]
fn channels_become_one_number() {
    let pixels = array![[[3.0, -4.0], [0.0, f64::NAN]], [[-1.0, -1.0], [1e200, 1e200]]];
    for (how, expected) in [
        (Aggregate::Sum, [-1.0, -2.0, 2e200]),
        (Aggregate::L2, [5.0, 2_f64.sqrt(), 1e200 * 2_f64.sqrt()]),
        (Aggregate::LInf, [4.0, 1.0, 1e200]),
    ] {
        let last = aggregate(pixels.view(), Axis(2), how);
        let found = [last[[0, 0]], last[[1, 0]], last[[1, 1]]];
        let close = |(found, expected): (&f64, f64)| (found / expected - 1.0).abs() < 1e-15;
        assert!(found.iter().zip(expected).all(close), "{how:?}: {found:?}");
        assert!(last[[0, 1]].is_nan(), "{how:?}");
        let first = aggregate(pixels.view().permuted_axes([2, 0, 1]), Axis(0), how);
        assert_eq!(first[[0, 0]], last[[0, 0]]);
    }
}

#[test]
fn toolbox_maps_are_total() {
    let color = |relevance: &Array2<f64>, name: &str, column: usize| {
        heatmap(relevance.view(), &options(name)).unwrap().color(0, column)
    };
    // Without a positive value the scale is max |R|: negative stays negative.
    let negative = array![[-2.0, -1.0]];
    assert_color("gray-red", color(&negative, "gray-red", 0), [0.0, 0.0, 1.0]);
    assert_color("black-green", color(&negative, "black-green", 1), [0.0, 0.0, 0.5]);
    // Negative values beyond the signed maximum are held at the end of the map.
    assert_color("beyond", color(&array![[-4.0, 1.0]], "blue-black-yellow", 0), [0.0, 0.0, 1.0]);
    // The variance of small numbers is so small that gray-red2 cuts every one of them.
    assert_color("cut", color(&array![[0.01, -0.01]], "gray-red2", 0), [0.9, 0.9, 0.9]);
}

#[test]
fn bytes_are_truncated_and_never_wrap() {
    let picture = Picture::new(array![[[1.2, -0.2, 0.999]]]).unwrap();
    assert_eq!(picture.to_rgb8().as_raw(), &[255, 0, 254]);
}

#[test]
fn a_png_decodes_to_its_picture() {
    let image = digit(array![[0.0, 0.5, 1.0]].view(), &DigitOptions::default()).unwrap().to_rgb8();
    let png = encode_png(&image).unwrap();
    assert_eq!(image::load_from_memory(&png).unwrap().to_rgb8(), image);
    assert!(encode_png(&image::RgbImage::new(0, 0)).is_err());
}

#[test]
fn misspelt_names_bring_near_ones() {
    let cases = [
        ("Jet", "unknown colormap \"Jet\", did you mean jet?"),
        ("rdbu_r", "unknown colormap \"rdbu_r\", did you mean RdBu_r or RdPu_r?"),
        ("grey-red", "unknown colormap \"grey-red\", did you mean gray-red or gray-red2?"),
        ("x\ny", "unknown colormap \"x\\ny\", expected a matplotlib name such as jet, seismic, coolwarm or "),
    ];
    for (name, message) in cases {
        let found = colormap(name).unwrap_err().to_string();
        assert!(found.starts_with(message), "{found}");
    }
}

#[test]
fn colorous_gradients_answer_with_and_without_prefix() {
    for (prefixed, bare, same) in [("colorous:warm", "warm", true), ("colorous:cool", "cool", false)] {
        let (prefixed, bare) = (colormap(prefixed).unwrap(), colormap(bare).unwrap());
        assert_eq!(prefixed.at(0.3) == bare.at(0.3), same);
    }
    assert!(colormap("colorous:jet").is_err());
    assert_eq!(colormap("colorous:RdBu_r").unwrap().kind(), Kind::Diverging);
}

#[test]
fn vectors_become_planes_or_errors() {
    let vector = Array1::linspace(0.0, 1.0, 12);
    assert_eq!(vector_to_plane(vector.view(), Some([3, 4])).unwrap()[[1, 0]], vector[4]);
    assert_eq!(vector_to_plane(Array3::<f64>::zeros((1, 4, 4)).view(), None).unwrap().dim(), (4, 4));
    let refused = [
        (
            vector_to_plane(vector.view(), None),
            "12 values do not fill a square picture, give the height and width",
        ),
        (vector_to_plane(vector.view(), Some([5, 2])), "vector has shape [12], expected 5 x 2 values"),
        (
            vector_to_plane(vector.view(), Some([usize::MAX, 2])),
            "vector has shape [12], expected 18446744073709551615 x 2 values",
        ),
        (vector_to_plane(Array1::zeros(0).view(), None), "vector has shape [0], expected 0 x 0 values"),
    ];
    for (result, message) in refused {
        assert_eq!(result.unwrap_err().to_string(), message);
    }
}

#[test]
fn heatmaps_refuse_what_they_cannot_paint() {
    let plane = array![[0.0, 1.0], [f64::NAN, 2.0]];
    let (good, wide) = (Array2::<f64>::zeros((2, 2)), Array2::zeros((2, 3)));
    let with = |change: fn(&mut HeatmapOptions)| {
        let mut options = HeatmapOptions::default();
        change(&mut options);
        options
    };
    let outline = Outline { sigma: f64::NAN, ..Outline::new(good.view()) };
    let cases = [
        (heatmap(plane.view(), &with(|_| ())), "relevance is NaN at index [1, 0], expected finite values"),
        (
            heatmap(Array2::zeros((0, 2)).view(), &with(|_| ())),
            "relevance has shape [0, 2], expected at least one row and one column",
        ),
        (
            heatmap(good.view(), &with(|options| options.scaling = 0)),
            "scaling is 0, expected a whole number of at least 1",
        ),
        (
            heatmap(good.view(), &with(|options| options.scaling = 1 << 20)),
            "a picture of 2097152 x 2097152 pixels is too large, at most 67108864 pixels are allowed",
        ),
        (
            heatmap(good.view(), &with(|options| options.normalization = Normalization::Shared(-1.0))),
            "shared scale is -1, expected a finite number of at least 0",
        ),
        (
            heatmap(
                good.view(),
                &HeatmapOptions { outline: Some(Outline::new(wide.view())), ..with(|_| ()) },
            ),
            "outline image has shape [2, 3], expected [2, 2], the shape of the relevance",
        ),
        (
            heatmap(good.view(), &HeatmapOptions { outline: Some(outline), ..with(|_| ()) }),
            "outline sigma is NaN, expected a number above 0, at most 1000",
        ),
    ];
    for (result, message) in cases {
        assert_eq!(result.unwrap_err().to_string(), message);
    }
}

#[test]
fn montages_refuse_what_they_cannot_arrange() {
    let tile = || Picture::filled(2, 3, BLACK).unwrap();
    let grid = |labels: usize| Grid {
        rows: vec![vec![tile()]],
        row_labels: vec![String::new(); labels],
        ..Grid::default()
    };
    let cases = [
        (montage(&Grid::default()), "number of pictures is 0, expected at least 1"),
        (montage(&grid(2)), "number of row labels is 2, expected one for each row, or none"),
        (row(&[], 2), "number of pictures is 0, expected at least 1"),
        (
            row(&[tile(), Picture::filled(3, 3, BLACK).unwrap()], 2),
            "picture in a row has shape [3, 3, 3], expected a height of 2, that of the first picture",
        ),
    ];
    for (result, message) in cases {
        assert_eq!(result.unwrap_err().to_string(), message);
    }
    let vast = montage(&Grid { margin: usize::MAX, ..grid(0) });
    assert!(matches!(vast.unwrap_err().kind(), ErrorKind::TooLarge { .. }));
    assert!(Picture::filled(MAX_PIXELS, 2, WHITE).is_err());
}

#[test]
fn rows_of_a_montage_may_differ_in_length_and_labels_make_room() {
    let tile = || Picture::filled(4, 4, BLACK).unwrap();
    let grid = Grid { rows: vec![vec![tile()], vec![tile(), tile()]], margin: 0, gap: 2, ..Grid::default() };
    let plain = montage(&grid).unwrap();
    assert_eq!((plain.height(), plain.width()), (10, 10));
    assert_eq!((plain.color(0, 9), plain.color(9, 9)), (WHITE, BLACK));

    let label = "true 7\npredicted 7".to_owned();
    let room = measure_text(&label, &grid.text).unwrap();
    let labelled = montage(&Grid { row_labels: vec![label; 2], ..grid }).unwrap();
    assert_eq!(labelled.width(), room.width.ceil() as usize + 2 + 10);
    assert_eq!(labelled.height(), 2 * room.height.ceil() as usize + 2);
}

#[test]
fn color_bars_show_the_map_from_low_to_high() {
    let bar =
        |orientation| ColorBar { colormap: colormap("gray").unwrap(), orientation, ..ColorBar::default() };
    let upright = color_bar(&bar(Orientation::Vertical)).unwrap();
    let (top, bottom) = (upright.height() / 2 - 90, upright.height() / 2 + 90);
    assert!(upright.color(top, 5)[0] > 0.9 && upright.color(bottom, 5)[0] < 0.1);
    let lying = color_bar(&bar(Orientation::Horizontal)).unwrap();
    let (left, right) = (lying.width() / 2 - 90, lying.width() / 2 + 90);
    assert!(lying.color(5, left)[0] < 0.1 && lying.color(5, right)[0] > 0.9);
}

#[test]
fn color_bars_refuse_empty_spans() {
    for span in [Span::Symmetric(-1.0), Span::Symmetric(f64::NAN), Span::Between { low: 1.0, high: 1.0 }] {
        let error = color_bar(&ColorBar { span, ..ColorBar::default() }).unwrap_err();
        assert!(error.to_string().ends_with("expected finite ends, low below high"));
    }
    assert!(color_bar(&ColorBar { span: Span::Symmetric(0.0), ..ColorBar::default() }).is_ok());
    for (length, thickness) in [(1, 9), (9, 0), (usize::MAX, 9), (9, usize::MAX)] {
        assert!(color_bar(&ColorBar { length, thickness, ..ColorBar::default() }).is_err());
    }
}

/// What is marked and what is not add up to the text; ranges that are none of it change nothing.
#[test]
fn pieces_of_a_text_are_the_text() {
    let text = "ä <b>\u{1b}[1m \"zwei\" & drei";
    let marked = [(0..2, 1.0), (1..2, 9.0), (3..6, -0.5), (5..7, 9.0), (12..16, 0.0), (90..91, 9.0)];
    let pieces = words(text, marked);
    assert_eq!(pieces.iter().map(|piece| piece.text).collect::<String>(), text);
    let worth: Vec<(&str, f64)> =
        pieces.iter().filter_map(|piece| Some((piece.text, piece.relevance?))).collect();
    assert_eq!(worth, [("ä", 1.0), ("<b>", -0.5), ("zwei", 0.0)]);
    assert_eq!(plain_words(&pieces), "ä(+1.00) <b>(-0.50) [1m \"zwei(+0.00)\" & drei");
    let map = colormap("bwr").unwrap();
    assert_eq!(ansi_words(&pieces[..2], &map), "\u{1b}[48;2;255;0;0;38;2;0;0;0mä\u{1b}[0m ");
    let html = html_words(&pieces, &map, None);
    assert!(
        html.contains(" title=\"-0.500\">&lt;b&gt;</span>") && html.ends_with("&quot; &amp; drei"),
        "{html}"
    );
    assert!(words("", []).is_empty() && plain_words(&words("a", [])) == "a");
}

/// Pixels of a colour, from the first row that has some to the last.
fn rows_of(picture: &Picture, color: [f64; 3]) -> Option<(usize, usize)> {
    let has = |&row: &usize| (0..picture.width()).any(|column| picture.color(row, column) == color);
    let mut rows = (0..picture.height()).filter(has);
    let first = rows.next()?;
    Some((first, rows.next_back().unwrap_or(first)))
}

/// A line ends before a space, never within what has none, and the largest relevance has the colour at the end.
#[test]
fn drawn_words_fill_lines_and_keep_together() {
    let draw = |text: &str, marked: Vec<(Range<usize>, f64)>, width: usize| {
        let colormap = colormap("bwr").unwrap();
        let options = WordsOptions { width, colormap, scale: None, text: TextStyle::default() };
        draw_words(&words(text, marked), &options).unwrap()
    };
    let (red, blue) = ([1.0, 0.0, 0.0], [0.0, 0.0, 1.0]);
    let one = draw("seven, eight", vec![(0..5, 2.0), (7..12, -2.0)], 300);
    assert_eq!(rows_of(&one, red), rows_of(&one, blue));
    let two = draw("seven, eight", vec![(0..5, 2.0), (7..12, -2.0)], 60);
    assert!(rows_of(&two, red).unwrap().1 < rows_of(&two, blue).unwrap().0);
    let whole = draw("seven,eight", vec![(0..5, 2.0), (6..11, -2.0)], 60);
    assert_eq!(whole.height(), one.height(), "what has no space is not parted");
    assert_eq!(draw(" \n ", Vec::new(), 60).height(), draw("", Vec::new(), 60).height());
    let weaker = draw("seven, eight", vec![(0..5, 2.0), (7..12, -1.0)], 300);
    assert_eq!(rows_of(&weaker, blue), None);
}

/// Letters stand out from every colour of every map by 4.5 to 1 at least, as the Web's guidelines ask.
#[test]
fn letters_are_readable_on_every_colour() {
    let linear = |byte: u8| {
        let part = f64::from(byte) / 255.0;
        if part <= 0.03928 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    for entry in COLORMAPS {
        let map = colormap(entry.name).unwrap();
        for step in -10..=10 {
            let text = words("ab", [(0..1, 1.0), (1..2, f64::from(step) / 10.0)]);
            let html = html_words(&text, &map, None);
            let colour = |key: &str| {
                let at = html.rfind(key).unwrap() + key.len();
                let part =
                    |i: usize| linear(u8::from_str_radix(&html[at + 2 * i..at + 2 * i + 2], 16).unwrap());
                0.2126 * part(0) + 0.7152 * part(1) + 0.0722 * part(2)
            };
            let (ground, ink) = (colour("background:#"), colour(";color:#"));
            let contrast = (ground.max(ink) + 0.05) / (ground.min(ink) + 0.05);
            assert!(contrast > 4.5, "{} at {step}: {contrast}", entry.name);
        }
    }
}
