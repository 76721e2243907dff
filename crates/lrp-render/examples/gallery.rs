//! Draws every colormap with its name: `cargo run -p lrp-render --example gallery -- gallery.png`.

use lrp_render::{colormap_chart, encode_png};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).unwrap_or_else(|| "gallery.png".to_owned());
    Ok(std::fs::write(path, encode_png(&colormap_chart()?.to_rgb8())?)?)
}
