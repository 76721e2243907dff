//! Pictures in the terminal.

use std::env;
use std::io::Write;

use clap::{Args, ValueEnum};
use lrp::render::{Graphics, Ink, Picture, show};
use terminal_size::terminal_size;

use crate::Outcome;

/// Whether and how pictures are drawn in the terminal.
#[derive(Args)]
pub(crate) struct ShowOptions {
    /// Draw in the terminal, as it can best or by the protocol named
    #[arg(
        long,
        value_enum,
        value_name = "HOW",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "auto",
        hide_possible_values = true,
        long_help = "Draw in the terminal: auto, half-blocks, kitty, iterm or sixel [default: auto, which is the \
                     protocol of its own that the terminal is known for, and half blocks elsewhere]"
    )]
    show: Option<Protocol>,
}

/// A choice of [`Graphics`].
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Protocol {
    Auto,
    HalfBlocks,
    Kitty,
    Iterm,
    Sixel,
}

/// What to draw by, and in how many columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Screen {
    graphics: Graphics,
    columns: usize,
}

/// Columns of what does not say how many it has.
const USUAL_COLUMNS: usize = 80;

impl ShowOptions {
    /// Whether it is asked for.
    pub(crate) fn asked(&self) -> bool {
        self.show.is_some()
    }

    /// Where to draw, if that is asked for.
    pub(crate) fn screen(&self) -> Option<Screen> {
        self.show.map(|protocol| Screen::of(protocol, variable, columns()))
    }

    /// The same, also unasked where somebody is looking.
    pub(crate) fn screen_or_terminal(&self) -> Option<Screen> {
        let seen = std::io::IsTerminal::is_terminal(&std::io::stdout());
        let asked = Self { show: self.show.or(seen.then_some(Protocol::Auto)) };
        asked.screen()
    }
}

impl Screen {
    fn of(protocol: Protocol, variable: impl Fn(&str) -> String, columns: usize) -> Self {
        let graphics = match protocol {
            Protocol::Auto => own_graphics(&variable).unwrap_or(Graphics::HalfBlocks(ink(&variable))),
            Protocol::HalfBlocks => Graphics::HalfBlocks(ink(&variable)),
            Protocol::Kitty => Graphics::Kitty,
            Protocol::Iterm => Graphics::Iterm,
            Protocol::Sixel => Graphics::Sixel,
        };
        Self { graphics, columns }
    }

    /// Draws a picture that has a pixel a value where pixels are cells, and the full one elsewhere.
    pub(crate) fn draw(
        self,
        out: &mut dyn Write,
        coarse: impl FnOnce() -> Outcome<Picture>,
        full: impl FnOnce() -> Outcome<Picture>,
    ) -> Outcome {
        let picture = if matches!(self.graphics, Graphics::HalfBlocks(_)) { coarse()? } else { full()? };
        Ok(out.write_all(&show(&picture.to_rgb8(), self.graphics, self.columns)?)?)
    }

    pub(crate) fn columns(self) -> usize {
        self.columns
    }
}

/// The protocol a terminal is known for, by what it says of itself; within another program that draws the screen,
/// and where no colours are wanted, none is.
fn own_graphics(variable: &impl Fn(&str) -> String) -> Option<Graphics> {
    let (terminal, program) = (variable("TERM"), variable("TERM_PROGRAM"));
    let within =
        !variable("TMUX").is_empty() || ["screen", "tmux"].iter().any(|name| terminal.starts_with(name));
    if within || no_color(variable) {
        return None;
    }
    let is = |names: &[&str], name: &str| names.contains(&name);
    if !variable("KITTY_WINDOW_ID").is_empty()
        || is(&["xterm-kitty", "xterm-ghostty"], &terminal)
        || program == "ghostty"
    {
        Some(Graphics::Kitty)
    } else if is(&["iTerm.app", "WezTerm", "mintty", "rio"], &program) {
        Some(Graphics::Iterm)
    } else if is(&["foot", "foot-extra", "mlterm", "yaft-256color"], &terminal) {
        Some(Graphics::Sixel)
    } else {
        None
    }
}

/// The colours a terminal has, by what it says of itself.
fn ink(variable: &impl Fn(&str) -> String) -> Ink {
    if no_color(variable) || variable("TERM") == "dumb" {
        Ink::Plain
    } else if ["truecolor", "24bit"].contains(&&*variable("COLORTERM")) {
        Ink::TrueColor
    } else {
        Ink::Indexed
    }
}

/// Whether whoever looks wants no colours.
pub(crate) fn colors_refused() -> bool {
    no_color(&variable)
}

fn variable(name: &str) -> String {
    env::var_os(name).unwrap_or_default().to_string_lossy().into_owned()
}

/// See <https://no-color.org>.
fn no_color(variable: &impl Fn(&str) -> String) -> bool {
    !variable("NO_COLOR").is_empty()
}

fn columns() -> usize {
    let said = || env::var("COLUMNS").ok()?.parse().ok().filter(|&columns| columns > 0);
    terminal_size().map(|(width, _)| usize::from(width.0)).or_else(said).unwrap_or(USUAL_COLUMNS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(protocol: Protocol, variables: &[(&str, &str)]) -> Graphics {
        let variable = |name: &str| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map_or(String::new(), |(_, value)| (*value).to_owned())
        };
        Screen::of(protocol, variable, 80).graphics
    }

    #[test]
    fn terminals_are_known_by_what_they_say() {
        let cases: [(&[(&str, &str)], Graphics); 10] = [
            (&[], Graphics::HalfBlocks(Ink::Indexed)),
            (&[("COLORTERM", "truecolor")], Graphics::HalfBlocks(Ink::TrueColor)),
            (&[("COLORTERM", "truecolor"), ("NO_COLOR", "1")], Graphics::HalfBlocks(Ink::Plain)),
            (&[("TERM", "dumb")], Graphics::HalfBlocks(Ink::Plain)),
            (&[("KITTY_WINDOW_ID", "1")], Graphics::Kitty),
            (&[("TERM", "xterm-ghostty")], Graphics::Kitty),
            (&[("TERM_PROGRAM", "WezTerm")], Graphics::Iterm),
            (&[("TERM", "foot")], Graphics::Sixel),
            (&[("KITTY_WINDOW_ID", "1"), ("TERM", "tmux-256color")], Graphics::HalfBlocks(Ink::Indexed)),
            (&[("TERM_PROGRAM", "iTerm.app"), ("NO_COLOR", "1")], Graphics::HalfBlocks(Ink::Plain)),
        ];
        for (variables, graphics) in cases {
            assert_eq!(found(Protocol::Auto, variables), graphics, "{variables:?}");
        }
    }

    #[test]
    fn what_is_named_is_what_is_drawn() {
        let kitty = [("KITTY_WINDOW_ID", "1"), ("COLORTERM", "24bit")];
        assert_eq!(found(Protocol::HalfBlocks, &kitty), Graphics::HalfBlocks(Ink::TrueColor));
        assert_eq!(found(Protocol::Sixel, &kitty), Graphics::Sixel);
        assert_eq!(found(Protocol::Kitty, &[("NO_COLOR", "1")]), Graphics::Kitty);
    }
}
