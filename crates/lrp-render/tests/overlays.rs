//! Relevance over photos: laws, and values worked out by hand.

use lrp_render::{
    BLACK, HeatmapOptions, Normalization, Picture, blend, colormap, cover, heatmap, overlay, reveal,
    shared_scale,
};
use ndarray::{Array2, Array3, array};
use proptest::prelude::*;

fn options(name: &str, scaling: usize) -> HeatmapOptions<'static> {
    HeatmapOptions { scaling, colormap: colormap(name).unwrap(), ..HeatmapOptions::default() }
}

/// A photo and relevance of one size.
fn pairs() -> impl Strategy<Value = (Picture, Array2<f64>)> {
    (1_usize..6, 1_usize..6).prop_flat_map(|(height, width)| {
        let photo = prop::collection::vec(0.0..1.0, height * width * 3);
        let relevance = prop::collection::vec(-1.0..1.0, height * width);
        (photo, relevance).prop_map(move |(photo, relevance)| {
            let photo = Picture::new(Array3::from_shape_vec((height, width, 3), photo).unwrap()).unwrap();
            (photo, Array2::from_shape_vec((height, width), relevance).unwrap())
        })
    })
}

fn close(one: &Picture, other: &Picture) -> bool {
    one.pixels().dim() == other.pixels().dim()
        && one.pixels().iter().zip(other.pixels()).all(|(one, other)| (one - other).abs() < 1e-12)
}

proptest! {
    #[test]
    fn without_relevance_the_photo_is_seen((photo, relevance) in pairs(), scaling in 1_usize..4) {
        let none = relevance.mapv(|_| 0.0);
        let painted = overlay(&photo, none.view(), &options("seismic", scaling)).unwrap();
        prop_assert_eq!(painted, photo.grayed().enlarged(scaling).unwrap());
    }

    #[test]
    fn the_most_relevant_pixel_is_that_of_the_heatmap((photo, relevance) in pairs(), scaling in 1_usize..4) {
        let options = options("coolwarm", scaling);
        let (painted, map) = (overlay(&photo, relevance.view(), &options), heatmap(relevance.view(), &options));
        let (painted, map) = (painted.unwrap(), map.unwrap());
        let largest = shared_scale([relevance.view()]);
        for ((row, column), value) in relevance.indexed_iter().filter(|(_, value)| value.abs() == largest) {
            let at = (row * scaling, column * scaling + scaling - 1);
            prop_assert_eq!(painted.color(at.0, at.1), map.color(at.0, at.1), "{}", value);
        }
    }

    #[test]
    fn a_pixel_lies_between_photo_and_heatmap((photo, relevance) in pairs(), share in 0.0..1.0) {
        let options = options("jet", 1);
        let ground = photo.grayed();
        let largest = shared_scale([relevance.view()]);
        let rooted = relevance.mapv(|value| value.signum() * (value.abs() / largest).sqrt());
        let cases = [
            (overlay(&photo, relevance.view(), &options).unwrap(), heatmap(rooted.view(), &options).unwrap()),
            (blend(&photo, relevance.view(), share, &options).unwrap(), heatmap(relevance.view(), &options).unwrap()),
        ];
        for (picture, map) in cases {
            let ends = ground.pixels().into_iter().zip(map.pixels());
            for ((at, value), (one, other)) in picture.pixels().indexed_iter().zip(ends) {
                let (low, high) = (one.min(*other) - 1e-12, one.max(*other) + 1e-12);
                prop_assert!((low..=high).contains(value), "{:?}", at);
            }
        }
    }

    #[test]
    fn scaling_the_relevance_changes_no_overlay((photo, relevance) in pairs(), exponent in -20..20) {
        let scaled = &relevance * 2_f64.powi(exponent);
        let painted = |relevance: &Array2<f64>| overlay(&photo, relevance.view(), &options("seismic", 1)).unwrap();
        prop_assert_eq!(painted(&relevance), painted(&scaled));
    }

    #[test]
    fn blending_goes_from_the_photo_to_the_heatmap((photo, relevance) in pairs()) {
        let options = options("viridis", 2);
        let mixed = |share| blend(&photo, relevance.view(), share, &options).unwrap();
        prop_assert_eq!(mixed(0.0), photo.grayed().enlarged(2).unwrap());
        prop_assert_eq!(mixed(1.0), heatmap(relevance.view(), &options).unwrap());
    }

    #[test]
    fn a_cover_lies_between_the_coloured_photo_and_the_heatmap((photo, relevance) in pairs(), gamma in 0.1..4.0) {
        let options = options("seismic", 1);
        let covered = cover(&photo, relevance.view(), gamma, &options).unwrap();
        let map = heatmap(relevance.view(), &options).unwrap();
        for ((at, value), (one, other)) in covered.pixels().indexed_iter().zip(photo.pixels().into_iter().zip(map.pixels())) {
            let (low, high) = (one.min(*other) - 1e-12, one.max(*other) + 1e-12);
            prop_assert!((low..=high).contains(value), "{:?}", at);
        }
        let none = relevance.mapv(|_| 0.0);
        prop_assert_eq!(cover(&photo, none.view(), gamma, &options).unwrap(), photo);
    }

    #[test]
    fn what_is_revealed_is_the_photo_darkened((photo, relevance) in pairs(), gamma in 0.1..4.0) {
        let shown = reveal(&photo, relevance.view(), gamma, Normalization::MaxAbs).unwrap();
        prop_assert!(shown.pixels().iter().zip(photo.pixels()).all(|(shown, photo)| shown <= photo));
        let all = relevance.mapv(|_| 1.0);
        prop_assert_eq!(reveal(&photo, all.view(), gamma, Normalization::MaxAbs).unwrap(), photo);
    }

    #[test]
    fn gray_stays_gray((photo, _) in pairs()) {
        prop_assert!(close(&photo.grayed().grayed(), &photo.grayed()));
    }
}

#[test]
fn a_quarter_of_the_scale_covers_half_of_the_photo() {
    let photo = Picture::filled(1, 2, [0.2; 3]).unwrap();
    let shared = HeatmapOptions { normalization: Normalization::Shared(4.0), ..options("gray", 1) };
    let painted = overlay(&photo, array![[1.0, -8.0]].view(), &shared).unwrap();
    // Half of the way to its end the map has its entry 192 of 0 to 255; beyond the scale it is black.
    let expected = 0.5 * 0.2 + 0.5 * 192.0 / 255.0;
    assert!((painted.color(0, 0)[1] - expected).abs() < 1e-12, "{:?}", painted.color(0, 0));
    assert_eq!(painted.color(0, 1), [0.0; 3]);
    let unit = HeatmapOptions { normalization: Normalization::Unit, ..options("gray", 1) };
    let painted = overlay(&photo, array![[0.5, 1.0]].view(), &unit).unwrap();
    assert!((painted.color(0, 0)[0] - 0.2).abs() < 1e-12 && painted.color(0, 1) == [1.0; 3]);
}

#[test]
fn gamma_bends_the_share_of_the_heatmap() {
    let photo = Picture::filled(1, 2, [0.2, 0.4, 0.6]).unwrap();
    let relevance = array![[1.0, -4.0]];
    for (gamma, share) in [(0.5, 0.5), (1.0, 0.25), (2.0, 0.0625)] {
        let painted = cover(&photo, relevance.view(), gamma, &options("blue-black-yellow", 2)).unwrap();
        assert_eq!((painted.height(), painted.width()), (2, 4));
        // The only positive value is its own scale: yellow.
        let expected = [0.2, 0.4, 0.6].map(|value| value * (1.0 - share));
        let expected = [expected[0] + share, expected[1] + share, expected[2]];
        let found = painted.color(1, 1);
        assert!(found.iter().zip(expected).all(|(one, other)| (one - other).abs() < 1e-12), "{found:?}");
        assert_eq!(painted.color(0, 3), [0.0, 0.0, 1.0]);
        let shown = reveal(&photo, relevance.view(), gamma, Normalization::MaxAbs).unwrap();
        assert!((shown.color(0, 0)[2] - 0.6 * share).abs() < 1e-12);
        assert_eq!(shown.color(0, 1), BLACK);
    }
    let shared = reveal(&photo, relevance.view(), 1.0, Normalization::Shared(2.0)).unwrap();
    assert!((shared.color(0, 0)[1] - 0.2).abs() < 1e-12);
}

#[test]
fn what_does_not_fit_is_refused() {
    let photo = Picture::filled(2, 3, [0.5; 3]).unwrap();
    let (plane, wide) = (Array2::<f64>::zeros((2, 3)), Array2::<f64>::zeros((2, 4)));
    let cases = [
        (
            overlay(&photo, wide.view(), &options("jet", 1)),
            "photo has shape [2, 3, 3], expected [2, 4] rows and columns, as the relevance",
        ),
        (
            blend(&photo, wide.view(), 0.5, &options("jet", 1)),
            "photo has shape [2, 3, 3], expected [2, 4] rows and columns, as the relevance",
        ),
        (
            blend(&photo, plane.view(), 1.5, &options("jet", 1)),
            "share of the heatmap is 1.5, expected a number from 0 to 1",
        ),
        (
            overlay(&photo, plane.view(), &options("jet", 0)),
            "scaling is 0, expected a whole number of at least 1",
        ),
        (
            cover(&photo, plane.view(), 0.0, &options("jet", 1)),
            "gamma is 0, expected a finite number above 0",
        ),
        (
            reveal(&photo, plane.view(), f64::NAN, Normalization::MaxAbs),
            "gamma is NaN, expected a finite number above 0",
        ),
        (
            reveal(&photo, wide.view(), 1.0, Normalization::MaxAbs),
            "photo has shape [2, 3, 3], expected [2, 4] rows and columns, as the relevance",
        ),
    ];
    for (result, message) in cases {
        assert_eq!(result.unwrap_err().to_string(), message);
    }
}
