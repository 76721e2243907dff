//! Pictures in rows and columns, with labels.

use crate::error::Error;
use crate::picture::{BLACK, Picture, Rgb, WHITE};
use crate::text::{Align, Extent, Place, TextStyle, draw_text, measure_text};

/// Pictures in rows and columns with labels: what [`montage`] draws.
///
/// A column is as wide as its widest picture or label, a row as high as its highest. The result is a
/// picture again, so a grid can hold grids and colour bars.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// The pictures, row by row; rows may be of different lengths.
    pub rows: Vec<Vec<Picture>>,
    /// A label left of each row, or none at all; line breaks are allowed.
    pub row_labels: Vec<String>,
    /// A label above each column, or none at all.
    pub column_labels: Vec<String>,
    /// Pixels between neighbours, and between labels and pictures.
    pub gap: usize,
    /// Pixels around everything.
    pub margin: usize,
    /// The colour of everything else.
    pub background: Rgb,
    /// A line one pixel wide around each picture, drawn in the gaps; pale pictures need it on white.
    pub frame: Option<Rgb>,
    /// How a picture lies in a room that is higher.
    pub vertical: Align,
    /// How a picture lies in a room that is wider.
    pub horizontal: Align,
    /// The look of the labels.
    pub text: TextStyle,
}

impl Default for Grid {
    fn default() -> Self {
        Grid {
            rows: Vec::new(),
            row_labels: Vec::new(),
            column_labels: Vec::new(),
            gap: 8,
            margin: 12,
            background: WHITE,
            frame: None,
            vertical: Align::Center,
            horizontal: Align::Center,
            text: TextStyle::default(),
        }
    }
}

/// Draws the pictures of a grid with their labels.
///
/// # Errors
/// A grid without pictures, labels that are fewer or more than rows or columns, a text style out of range, a
/// result that is too large.
///
/// ```
/// use lrp_render::{Grid, Picture, montage};
///
/// let tile = Picture::filled(10, 20, [0.8; 3])?;
/// let grid = Grid { rows: vec![vec![tile.clone(), tile]], gap: 4, margin: 1, ..Grid::default() };
/// let picture = montage(&grid)?;
/// assert_eq!((picture.height(), picture.width()), (12, 46));
/// # Ok::<(), lrp_render::Error>(())
/// ```
pub fn montage(grid: &Grid) -> Result<Picture, Error> {
    let layout = Layout::of(grid)?;
    let mut picture = Picture::filled(layout.rows.end, layout.columns.end, grid.background)?;
    for (row, cells) in grid.rows.iter().enumerate() {
        for (column, cell) in cells.iter().enumerate() {
            let down = grid.vertical.offset(cell.height() as f64, layout.rows.lengths[row] as f64);
            let right = grid.horizontal.offset(cell.width() as f64, layout.columns.lengths[column] as f64);
            let top = layout.rows.starts[row] + down as usize;
            let left = layout.columns.starts[column] + right as usize;
            picture.paste(cell, top, left);
            if let Some(color) = grid.frame {
                draw_frame(&mut picture, [top, left], [top + cell.height(), left + cell.width()], color);
            }
        }
    }
    draw_labels(&mut picture, grid, &layout)?;
    Ok(picture)
}

/// Puts pictures of one height side by side with `gap` black columns between them, as the toolbox saves
/// them.
///
/// # Errors
/// No pictures, different heights, or a result that is too large.
///
/// ```
/// use lrp_render::{Picture, WHITE, row};
///
/// let tile = Picture::filled(4, 4, WHITE)?;
/// let pair = row(&[tile.clone(), tile], 2)?;
/// assert_eq!((pair.height(), pair.width()), (4, 10));
/// assert_eq!(pair.color(0, 4), [0.0; 3]);
/// # Ok::<(), lrp_render::Error>(())
/// ```
pub fn row(pictures: &[Picture], gap: usize) -> Result<Picture, Error> {
    let Some(first) = pictures.first() else {
        return Err(Error::option("number of pictures", 0, "at least 1"));
    };
    let height = first.height();
    if let Some(other) = pictures.iter().find(|picture| picture.height() != height) {
        let expected = format_args!("a height of {height}, that of the first picture");
        return Err(Error::shape("picture in a row", other.pixels().shape(), expected));
    }
    let columns = Tracks::new(0, 0, gap, pictures.iter().map(Picture::width).collect());
    let mut result = Picture::filled(height, columns.end, BLACK)?;
    for (picture, &left) in pictures.iter().zip(&columns.starts) {
        result.paste(picture, 0, left);
    }
    Ok(result)
}

/// Where rows and columns lie.
struct Layout {
    rows: Tracks,
    columns: Tracks,
}

impl Layout {
    fn of(grid: &Grid) -> Result<Layout, Error> {
        let columns = grid.rows.iter().map(Vec::len).max().unwrap_or(0);
        if columns == 0 {
            return Err(Error::option("number of pictures", 0, "at least 1"));
        }
        check_labels(grid, columns)?;
        let beside = label_extents(&grid.row_labels, grid.rows.len(), &grid.text)?;
        let above = label_extents(&grid.column_labels, columns, &grid.text)?;

        let heights =
            grid.rows.iter().zip(&beside).map(|(cells, label)| {
                cells.iter().map(Picture::height).fold(pixels(label.height), usize::max)
            });
        let widths = above.iter().enumerate().map(|(column, label)| {
            let cells = grid.rows.iter().filter_map(|cells| cells.get(column));
            cells.map(Picture::width).fold(pixels(label.width), usize::max)
        });
        let header = gutter(above.iter().map(|label| label.height), grid.gap);
        let stub = gutter(beside.iter().map(|label| label.width), grid.gap);
        Ok(Layout {
            rows: Tracks::new(grid.margin, header, grid.gap, heights.collect()),
            columns: Tracks::new(grid.margin, stub, grid.gap, widths.collect()),
        })
    }
}

/// Stretches of pixels along one axis.
struct Tracks {
    starts: Vec<usize>,
    lengths: Vec<usize>,
    end: usize,
}

impl Tracks {
    /// Sums saturate: what is too large is refused when the picture is made.
    fn new(margin: usize, gutter: usize, gap: usize, lengths: Vec<usize>) -> Tracks {
        let mut end = margin.saturating_add(gutter);
        let mut starts = Vec::with_capacity(lengths.len());
        for (index, &length) in lengths.iter().enumerate() {
            end = end.saturating_add(if index > 0 { gap } else { 0 });
            starts.push(end);
            end = end.saturating_add(length);
        }
        Tracks { starts, lengths, end: end.saturating_add(margin) }
    }
}

/// The room of each label; no room at all where there are no labels.
fn label_extents(labels: &[String], count: usize, text: &TextStyle) -> Result<Vec<Extent>, Error> {
    if labels.is_empty() {
        return Ok(vec![Extent::default(); count]);
    }
    labels.iter().map(|label| measure_text(label, text)).collect()
}

fn check_labels(grid: &Grid, columns: usize) -> Result<(), Error> {
    match (grid.row_labels.len(), grid.column_labels.len()) {
        (given, _) if given != 0 && given != grid.rows.len() => {
            Err(Error::option("number of row labels", given, "one for each row, or none"))
        }
        (_, given) if given != 0 && given != columns => {
            Err(Error::option("number of column labels", given, "one for each column, or none"))
        }
        _ => Ok(()),
    }
}

fn gutter(sizes: impl Iterator<Item = f64>, gap: usize) -> usize {
    match sizes.fold(0.0, f64::max) {
        0.0 => 0,
        size => pixels(size).saturating_add(gap),
    }
}

fn pixels(length: f64) -> usize {
    length.ceil() as usize
}

/// Draws around the rows and columns from `start` up to `end`; what would lie outside is left out.
fn draw_frame(picture: &mut Picture, start: [usize; 2], end: [usize; 2], color: Rgb) {
    let before = start.map(|index| index.checked_sub(1));
    for row in [before[0], Some(end[0])].into_iter().flatten() {
        for column in before[1].unwrap_or(0)..=end[1] {
            picture.blend(row, column, color, 1.0);
        }
    }
    for column in [before[1], Some(end[1])].into_iter().flatten() {
        for row in start[0]..end[0] {
            picture.blend(row, column, color, 1.0);
        }
    }
}

fn draw_labels(picture: &mut Picture, grid: &Grid, layout: &Layout) -> Result<(), Error> {
    let middle =
        |tracks: &Tracks, index: usize| tracks.starts[index] as f64 + tracks.lengths[index] as f64 / 2.0;
    let before = |tracks: &Tracks| tracks.starts[0] as f64 - grid.gap as f64;
    for (index, label) in grid.row_labels.iter().enumerate() {
        let (row, column) = (middle(&layout.rows, index), before(&layout.columns));
        let place = Place { row, column, vertical: Align::Center, horizontal: Align::End };
        draw_text(picture, label, place, &grid.text)?;
    }
    for (index, label) in grid.column_labels.iter().enumerate() {
        let (row, column) = (before(&layout.rows), middle(&layout.columns, index));
        let place = Place { row, column, vertical: Align::End, horizontal: Align::Center };
        draw_text(picture, label, place, &grid.text)?;
    }
    Ok(())
}
