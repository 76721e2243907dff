//! Heatmaps as the programs of LRP for Caffe write them: yellow for, blue against, in 16 bits.

use image::Rgb;
use ndarray::ArrayView2;

use crate::error::Error;
use crate::picture::check_size;
use crate::plane::check_plane;
use crate::png::Rgb16Image;

/// Paints relevance `[h, w]`, the mean over the channels: `R / max R` in red and green where it is positive, in blue
/// where it is negative. Black where nothing is positive.
///
/// Shades are `R / max R · 65535`, cut to whole numbers. Negative relevance beyond the largest positive one gets the
/// last shade; with `wrap` it counts modulo 65536, as in those programs.
///
/// # Errors
/// A value that is not finite, an empty plane, a picture that is too large.
///
/// ```
/// use lrp_render::caffe_heatmap;
/// use ndarray::array;
///
/// let relevance = array![[0.5, 1.0, -0.25, -1.5]];
/// let painted = caffe_heatmap(relevance.view(), false)?;
/// let colors: Vec<[u16; 3]> = painted.pixels().map(|pixel| pixel.0).collect();
/// assert_eq!(colors, [[32767, 32767, 0], [65535, 65535, 0], [0, 0, 16383], [0, 0, 65535]]);
/// assert_eq!(caffe_heatmap(relevance.view(), true)?.get_pixel(3, 0).0, [0, 0, 32766]);
/// # Ok::<(), lrp_render::Error>(())
/// ```
pub fn caffe_heatmap(relevance: ArrayView2<'_, f64>, wrap: bool) -> Result<Rgb16Image, Error> {
    check_plane("relevance", relevance)?;
    let (height, width) = relevance.dim();
    check_size(height, width)?;
    let largest = relevance.fold(0.0, |largest: f64, &value| largest.max(value));
    let shade = |value: f64| {
        // The cast saturates.
        let steps = (value / largest * f64::from(u16::MAX)) as u64;
        if wrap { steps as u16 } else { steps.min(u64::from(u16::MAX)) as u16 }
    };
    // The size was checked, so both sides are far below u32::MAX.
    Ok(Rgb16Image::from_fn(width as u32, height as u32, |column, row| {
        match relevance[[row as usize, column as usize]] {
            _ if largest == 0.0 => Rgb([0; 3]),
            value if value < 0.0 => Rgb([0, 0, shade(-value)]),
            value => Rgb([shade(value), shade(value), 0]),
        }
    }))
}
