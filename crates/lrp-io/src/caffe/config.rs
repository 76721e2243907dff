//! The configuration file: fifteen keys, each on a line, its value on the next.

use std::path::{Path, PathBuf};

use super::mean::MeanFormat;
use crate::array::{SIDE, lines, number};
use crate::error::{Error, Result, quoted, quoted_list};

/// What a configuration file says. Every key must be there; the file has no defaults, so neither has this.
///
/// The numbers of layers, of the formula and of the switch are as they stand in the file: whether they are good
/// depends on the network. So does the sign of [`Self::beta`], on the formula. Paths are relative to the working
/// directory.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// `param_file`: the description of the network.
    pub network: PathBuf,
    /// `model_file`: its weights.
    pub weights: PathBuf,
    /// `mean_file`: the mean image.
    pub mean: PathBuf,
    /// `use_mean_file_asbinaryprotoblob`: how the mean image is written; 0, 1 or 2.
    pub mean_format: MeanFormat,
    /// `synsetfile`: the names of the classes, one a line.
    pub class_names: PathBuf,
    /// `lastlayerindex`: the layer that relevance starts on top of; −1 and −2 have meanings of their own.
    pub last_layer: i64,
    /// `firstlayerindex`: the lowest layer that relevance is brought to.
    pub first_layer: i64,
    /// `numclasses`: the outputs for one image, at least 1.
    pub classes: usize,
    /// `baseimgsize`: the longer side that images are resized to, 1 to 2¹⁴.
    pub base_size: usize,
    /// `standalone_outpath`: the folder above all results.
    pub out: PathBuf,
    /// `standalone_rootpath`: where in the path of an image the name of its results begins; not empty.
    pub root: String,
    /// `relpropformulatype`: the number of a formula.
    pub formula: i64,
    /// `epsstab`: ε, finite and not below zero.
    pub epsilon: f64,
    /// `alphabeta_beta`: β, finite; α is 1 + β.
    pub beta: f64,
    /// `auxiliaryvariable_maxlayerindexforflatdistinconv`: up to which layer a composite formula uses its second
    /// rule.
    pub switch_layer: i64,
}

const KEYS: [&str; 15] = [
    "param_file",
    "model_file",
    "mean_file",
    "use_mean_file_asbinaryprotoblob",
    "synsetfile",
    "lastlayerindex",
    "firstlayerindex",
    "numclasses",
    "baseimgsize",
    "standalone_outpath",
    "standalone_rootpath",
    "relpropformulatype",
    "epsstab",
    "alphabeta_beta",
    "auxiliaryvariable_maxlayerindexforflatdistinconv",
];

/// Bytes of a line at which the original stops to look for keys.
const LINE: usize = 3000;

impl Config {
    /// Reads a configuration file as the original does: the first line that *begins* with a key counts, also one
    /// that is the value of another key, and blanks around lines are no part of them. From a line of 3000 bytes
    /// on, nothing is looked at.
    ///
    /// Of a number only what stands before a blank is read, so that remarks may follow. A path goes to the end of
    /// its line, so that there may be blanks in it; there the original stopped at the first.
    ///
    /// # Errors
    /// One that names every key that is missing; or else the line of a value that is empty or not allowed.
    ///
    /// ```
    /// use lrp_io::caffe::Config;
    ///
    /// let error = Config::parse("lrp.txt", b"param_file\n  my net/deploy.prototxt\r\nepsstab\n1\n").unwrap_err();
    /// assert!(error.message().starts_with("13 keys are missing: 'model_file', 'mean_file', "), "{error}");
    /// ```
    pub fn parse(name: &str, bytes: &[u8]) -> Result<Self> {
        Pairs::of(bytes).and_then(|pairs| pairs.config()).map_err(|error| error.in_file(name))
    }
}

impl Config {
    /// The same with paths that begin in a folder, as if the program had been called there.
    #[must_use]
    pub fn within(self, folder: &Path) -> Self {
        let Self { network, weights, mean, class_names, out, .. } = &self;
        let [network, weights, mean, class_names, out] =
            [network, weights, mean, class_names, out].map(|path| folder.join(path));
        Self { network, weights, mean, class_names, out, ..self }
    }
}

/// The lines that may be keys or values, without the blanks around them.
struct Pairs<'a>(Vec<&'a [u8]>);

impl<'a> Pairs<'a> {
    fn of(bytes: &'a [u8]) -> Result<Self> {
        let lines = lines(bytes).take_while(|line| line.len() < LINE);
        let pairs = Self(lines.map(<[u8]>::trim_ascii).collect());
        let missing: Vec<&str> = KEYS.into_iter().filter(|key| pairs.find(key).is_none()).collect();
        let what = match missing.len() {
            0 => return Ok(pairs),
            1 => "the key is missing".to_owned(),
            count => format!("{count} keys are missing"),
        };
        Err(Error::format(format!("{what}: {}", quoted_list(missing.into_iter()))))
    }

    /// Where the value of a key stands, counted from 1, and the value.
    fn find(&self, key: &str) -> Option<(usize, &'a [u8])> {
        let at = self.0.iter().position(|line| line.starts_with(key.as_bytes()))?;
        Some((at + 2, self.0.get(at + 1).copied().unwrap_or_default()))
    }

    /// The value of a key, made of the line that it stands in.
    fn value<T>(&self, key: &str, parse: impl FnOnce(&'a str) -> Result<T>) -> Result<T> {
        let (line, value) = self.find(key).unwrap_or_default();
        let parsed = match std::str::from_utf8(value) {
            Ok("") => Err(Error::format("has no value")),
            Ok(value) => parse(value),
            Err(_) => Err(Error::format("is not text in UTF-8")),
        };
        parsed.map_err(|error| error.of(key).at_line(line))
    }

    fn config(&self) -> Result<Config> {
        let path = |key| self.value(key, |line| Ok(PathBuf::from(line)));
        let whole = |key| self.value(key, integer);
        Ok(Config {
            network: path("param_file")?,
            weights: path("model_file")?,
            mean: path("mean_file")?,
            mean_format: self
                .value("use_mean_file_asbinaryprotoblob", |line| MeanFormat::from_mode(integer(line)?))?,
            class_names: path("synsetfile")?,
            last_layer: whole("lastlayerindex")?,
            first_layer: whole("firstlayerindex")?,
            classes: self.value("numclasses", |line| count(line, usize::MAX))?,
            base_size: self.value("baseimgsize", |line| count(line, SIDE as usize))?,
            out: path("standalone_outpath")?,
            root: self.value("standalone_rootpath", |line| Ok(line.to_owned()))?,
            formula: whole("relpropformulatype")?,
            epsilon: self.value("epsstab", epsilon)?,
            beta: self.value("alphabeta_beta", finite)?,
            switch_layer: whole("auxiliaryvariable_maxlayerindexforflatdistinconv")?,
        })
    }
}

fn first(line: &str) -> &str {
    line.split_ascii_whitespace().next().unwrap_or_default()
}

fn integer(line: &str) -> Result<i64> {
    let word = first(line);
    word.parse().map_err(|_| Error::format(format!("{} is not a whole number", quoted(word))))
}

fn count(line: &str, most: usize) -> Result<usize> {
    let number = integer(line)?;
    usize::try_from(number).ok().filter(|count| (1..=most).contains(count)).ok_or_else(|| {
        let allowed = if most == usize::MAX { "1 or more".to_owned() } else { format!("1 to {most}") };
        Error::format(format!("is {number}, {allowed} is allowed"))
    })
}

fn finite(line: &str) -> Result<f64> {
    let value = number(first(line))?;
    if value.is_finite() { Ok(value) } else { Err(Error::format(format!("is {value}, it must be finite"))) }
}

fn epsilon(line: &str) -> Result<f64> {
    let value = finite(line)?;
    if value >= 0.0 { Ok(value) } else { Err(Error::format(format!("is {value}, it must not be below 0"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [&str; 15] = [
        "net.prototxt",
        "net.caffemodel",
        "mean.binaryproto",
        "1",
        "words.txt",
        "-2",
        "0",
        "10",
        "40",
        "out",
        "images",
        "100",
        "0.01",
        "1",
        "4",
    ];

    /// The file with some values replaced.
    fn file(changes: &[(&str, &str)]) -> String {
        let pairs = KEYS.iter().zip(GOOD).map(|(key, value)| {
            let value = changes.iter().find(|(changed, _)| changed == key).map_or(value, |(_, value)| value);
            format!("{key}\n{value}\n\n")
        });
        pairs.collect()
    }

    fn parse(text: &str) -> Result<Config> {
        Config::parse("lrp.txt", text.as_bytes())
    }

    fn refusal(changes: &[(&str, &str)]) -> String {
        parse(&file(changes)).unwrap_err().to_string()
    }

    #[test]
    fn every_key_has_its_field() {
        let config = parse(&file(&[])).unwrap();
        let expected = Config {
            network: "net.prototxt".into(),
            weights: "net.caffemodel".into(),
            mean: "mean.binaryproto".into(),
            mean_format: MeanFormat::BlueGreenRed,
            class_names: "words.txt".into(),
            last_layer: -2,
            first_layer: 0,
            classes: 10,
            base_size: 40,
            out: "out".into(),
            root: "images".into(),
            formula: 100,
            epsilon: 0.01,
            beta: 1.0,
            switch_layer: 4,
        };
        assert_eq!(config, expected);
    }

    #[test]
    fn order_blanks_line_ends_and_remarks_do_not_matter() {
        let pairs: Vec<String> = KEYS
            .iter()
            .zip(GOOD)
            .rev()
            .map(|(key, value)| format!("  {key} of it\r\n\t{value} \r\n"))
            .collect();
        let text = format!("\u{feff}# a remark, not in any key\r\n{}", pairs.join("and a remark\r\n\r\n"));
        assert_eq!(parse(&text).unwrap(), parse(&file(&[])).unwrap());
        // In the bytes of another encoding, too.
        let latin = [b"caf\xe9\n", file(&[]).as_bytes()].concat();
        assert_eq!(Config::parse("", &latin).unwrap(), parse(&text).unwrap());
    }

    #[test]
    fn numbers_end_at_a_blank_and_paths_at_the_line() {
        let changes = [("numclasses", "1000 as in ImageNet"), ("mean_file", " the mean/of all.txt ")];
        let config = parse(&file(&changes)).unwrap();
        assert_eq!((config.classes, config.mean), (1000, "the mean/of all.txt".into()));
    }

    #[test]
    fn the_first_line_that_begins_with_a_key_counts() {
        let text = format!("mean_file_old\nold.txt\n{}", file(&[]));
        assert_eq!(parse(&text).unwrap().mean, PathBuf::from("old.txt"));
        // The value of one key looks like another key, whose value is then the blank line behind.
        assert_eq!(
            refusal(&[("param_file", "model_files/a.prototxt")]),
            "lrp.txt:3: model_file: has no value"
        );
    }

    #[test]
    fn all_that_is_missing_is_said_at_once() {
        let text = file(&[]).replace("epsstab", "epsilon").replace("numclasses", "classes");
        assert_eq!(
            parse(&text).unwrap_err().to_string(),
            "lrp.txt: 2 keys are missing: 'numclasses', 'epsstab'"
        );
        let text = file(&[]).replace("epsstab", "epsilon");
        assert_eq!(parse(&text).unwrap_err().to_string(), "lrp.txt: the key is missing: 'epsstab'");
        assert!(
            parse("").unwrap_err().to_string().starts_with("lrp.txt: 15 keys are missing: 'param_file', ")
        );
        let long = format!("{}\n{}", "x".repeat(3000), file(&[]));
        assert!(parse(&long).unwrap_err().to_string().starts_with("lrp.txt: 15 keys are missing"));
        assert!(parse(&long[1..]).is_ok());
    }

    #[test]
    fn values_that_are_not_allowed_are_named_with_their_line() {
        for (key, value, message) in [
            ("param_file", "", "lrp.txt:2: param_file: has no value"),
            (
                "use_mean_file_asbinaryprotoblob",
                "3",
                "lrp.txt:11: use_mean_file_asbinaryprotoblob: is 3, 0, 1 or 2 is allowed",
            ),
            ("lastlayerindex", "fc8", "lrp.txt:17: lastlayerindex: 'fc8' is not a whole number"),
            ("firstlayerindex", "1.5", "lrp.txt:20: firstlayerindex: '1.5' is not a whole number"),
            ("numclasses", "0", "lrp.txt:23: numclasses: is 0, 1 or more is allowed"),
            ("baseimgsize", "16385", "lrp.txt:26: baseimgsize: is 16385, 1 to 16384 is allowed"),
            ("standalone_rootpath", "  ", "lrp.txt:32: standalone_rootpath: has no value"),
            ("epsstab", "-1", "lrp.txt:38: epsstab: is -1, it must not be below 0"),
            ("epsstab", "nan", "lrp.txt:38: epsstab: is NaN, it must be finite"),
            ("alphabeta_beta", "1e999", "lrp.txt:41: alphabeta_beta: '1e999' is beyond the range of f64"),
        ] {
            assert_eq!(refusal(&[(key, value)]), message);
        }
        let text = file(&[]);
        let ends = text.trim_end().strip_suffix("\n4").unwrap();
        let line = "lrp.txt:44: auxiliaryvariable_maxlayerindexforflatdistinconv: has no value";
        assert_eq!(parse(ends).unwrap_err().to_string(), line);
    }

    #[test]
    fn what_depends_on_the_network_is_kept() {
        let changes = [("relpropformulatype", "-77"), ("alphabeta_beta", "-0.5"), ("lastlayerindex", "-9")];
        let config = parse(&file(&changes)).unwrap();
        assert_eq!((config.formula, config.beta, config.last_layer), (-77, -0.5, -9));
    }

    #[test]
    fn cut_anywhere_it_is_read_or_refused_in_one_line() {
        let text = file(&[]);
        for length in 0..text.len() {
            if let Err(error) = parse(&text[..length]) {
                assert!(error.to_string().starts_with("lrp.txt:"), "{error}");
            }
        }
    }
}
