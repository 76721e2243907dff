//! The files around a network of the LRP Toolbox for Caffe: configuration, list of images, mean image, photos.
//!
//! The Caffe part of the toolbox is a program that takes a configuration file and a list of images. Who has such
//! files should be able to use them as they are and get the numbers they had. So this module reads them as the
//! original did: [`Config`] is the file of fifteen keys, [`parse_list`] the list, [`read_mean`] the mean image in
//! its three formats, and [`ImageInput`] makes of a photo what the network got, resized as by ImageMagick 6 to the
//! last of its 16 bits. What happens to the numbers afterwards is the business of others.
//!
//! ```
//! use lrp_io::Limits;
//! use lrp_io::caffe::{ImageInput, MeanFormat, Wanted, parse_list, read_mean};
//!
//! let limits = Limits::default();
//! let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/caffe");
//! let read = |name: &str| lrp_io::read_file(format!("{folder}/{name}"), &limits);
//!
//! let list = parse_list("list.txt", &read("list.txt")?, &limits)?;
//! let (path, wanted) = list[0].image.as_ref().unwrap();
//! assert_eq!((path.as_str(), *wanted), ("./someimages/sq40.png", Wanted::Best));
//!
//! let mean = read_mean("mean.txt", &read("mean_bgr.txt")?, MeanFormat::Text, false, &limits)?;
//! let input = ImageInput { side: 32, base: 40, mean };
//! let photo = input.prepare("tall.png", &read("tall22x40.png")?, &limits)?;
//! assert_eq!((photo.input.shape(), photo.shown.shape()), (&[3, 32, 32][..], &[32, 32, 3][..]));
//! # Ok::<_, lrp_io::Error>(())
//! ```
//!
//! Where it differs, nobody can want the original back. Paths may have blanks in them. A value of the configuration
//! that is empty, no number or out of bounds is an error, and a line of the list that is wrong does not end the
//! others. Where the original read behind the end of a photo or of a mean image, there is an error. One fault is
//! left to choose: whether mean images in a blob are mirrored, as they were.
//!
//! What it refuses: pictures that are neither PNG nor JPEG, although ImageMagick knew others; JPEGs of four channels;
//! mean images with other than three channels; anything that is not finite. JPEGs are decoded by another library
//! than the original's, and their values differ by up to three in 255 before they are resized.

pub(crate) mod blob;

mod config;
mod list;
mod mean;
mod image;
mod resample;

pub use config::Config;
pub use image::{ImageInput, Prepared};
pub use list::{Listed, Wanted, parse_list};
pub use mean::{MeanFormat, read_mean};
