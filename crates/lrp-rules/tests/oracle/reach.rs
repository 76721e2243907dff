//! Which inputs a layer's outputs can see, by counting: nothing here comes from the library.

use lrp_core::{Channels, Window};

/// One spatial axis of an input and the window that slides along it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slide {
    pub(crate) size: usize,
    pub(crate) kernel: usize,
    pub(crate) stride: usize,
    pub(crate) padding: [usize; 2],
    pub(crate) dilation: usize,
    pub(crate) rounds_up: bool,
}

impl Slide {
    pub(crate) fn new(size: usize, kernel: usize) -> Self {
        Self { size, kernel, stride: 1, padding: [0, 0], dilation: 1, rounds_up: false }
    }

    pub(crate) fn stride(self, stride: usize) -> Self {
        Self { stride, ..self }
    }

    pub(crate) fn padding(self, before: usize, behind: usize) -> Self {
        Self { padding: [before, behind], ..self }
    }

    pub(crate) fn dilation(self, dilation: usize) -> Self {
        Self { dilation, ..self }
    }

    pub(crate) fn rounding_up(self) -> Self {
        Self { rounds_up: true, ..self }
    }

    /// How many output positions there are.
    pub(crate) fn outputs(self) -> usize {
        self.seen().len()
    }

    /// How many input positions are behind the last window.
    pub(crate) fn rest(self) -> usize {
        let last = (self.outputs() - 1) * self.stride + (self.kernel - 1) * self.dilation + 1;
        self.padding[0] + self.size + self.padding[1] - last
    }

    /// The input positions each output position sees, by walking until the window leaves the padded input.
    fn seen(self) -> Vec<Vec<usize>> {
        let length = self.padding[0] + self.size + self.padding[1];
        let reach = (self.kernel - 1) * self.dilation + 1;
        let mut windows = Vec::new();
        let (mut start, mut covered) = (0, 0);
        loop {
            // A rest is covered by one more window, which may start anywhere but behind the input.
            let rest = self.rounds_up && covered < length && start < self.padding[0] + self.size;
            if start + reach > length && !(rest && start > 0) {
                return windows;
            }
            let padded = (0..self.kernel).map(|tap| start + tap * self.dilation);
            let inside = padded.filter(|&p| p >= self.padding[0] && p < self.padding[0] + self.size);
            windows.push(inside.map(|p| p - self.padding[0]).collect());
            covered = start + reach;
            start += self.stride;
        }
    }
}

/// The window a library layer is made with.
pub(crate) fn window(slides: &[Slide]) -> Window {
    let each = |f: fn(&Slide) -> usize| slides.iter().map(f).collect::<Vec<_>>();
    let padding: Vec<[usize; 2]> = slides.iter().map(|slide| slide.padding).collect();
    let window = Window::new(&each(|s| s.kernel))
        .strided(&each(|s| s.stride))
        .padded(&padding)
        .dilated(&each(|s| s.dilation));
    if slides.iter().any(|slide| slide.rounds_up) { window.rounded_up() } else { window }
}

/// The shape of one sample.
pub(crate) fn sample_shape(space: &[usize], channels: usize, layout: Channels) -> Vec<usize> {
    match layout {
        Channels::Last => [space, &[channels]].concat(),
        Channels::First => [&[channels], space].concat(),
    }
}

/// The place in a flattened sample.
fn place(space: &[usize], at: &[usize], channels: usize, channel: usize, layout: Channels) -> usize {
    let pixels: usize = space.iter().product();
    let pixel = space.iter().zip(at).fold(0, |place, (size, at)| place * size + at);
    match layout {
        Channels::Last => pixel * channels + channel,
        Channels::First => channel * pixels + pixel,
    }
}

/// Every combination of one choice an axis.
pub(crate) fn combinations(axes: &[Vec<usize>]) -> Vec<Vec<usize>> {
    axes.iter().fold(vec![Vec::new()], |prefixes, axis| {
        let extend = |prefix: &Vec<usize>| {
            let prefix = prefix.clone();
            axis.iter().map(move |&choice| [&prefix[..], &[choice]].concat()).collect::<Vec<_>>()
        };
        prefixes.iter().flat_map(extend).collect()
    })
}

/// The inputs each output of a windowed layer sees, both flattened.
///
/// `sees(output channel, input channel)` says which channels meet.
pub(crate) fn windowed(
    slides: &[Slide],
    channels: [usize; 2],
    layout: Channels,
    sees: impl Fn(usize, usize) -> bool,
) -> Vec<Vec<usize>> {
    let seen: Vec<Vec<Vec<usize>>> = slides.iter().map(|slide| slide.seen()).collect();
    let size: Vec<usize> = slides.iter().map(|slide| slide.size).collect();
    let output: Vec<usize> = seen.iter().map(Vec::len).collect();
    let positions = combinations(&output.iter().map(|&count| (0..count).collect()).collect::<Vec<_>>());
    let mut reach = vec![Vec::new(); positions.len() * channels[1]];
    for at in &positions {
        let windows: Vec<Vec<usize>> = at.iter().zip(&seen).map(|(&o, seen)| seen[o].clone()).collect();
        for k in 0..channels[1] {
            let inputs = &mut reach[place(&output, at, channels[1], k, layout)];
            for from in combinations(&windows) {
                let visible = (0..channels[0]).filter(|&c| sees(k, c));
                inputs.extend(visible.map(|c| place(&size, &from, channels[0], c, layout)));
            }
        }
    }
    reach
}
