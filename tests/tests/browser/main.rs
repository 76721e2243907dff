//! The page of `lrp serve` in a browser: every tab, every control, with mouse and keys, and no complaint.
//!
//! Pictures of it are left under `target/browser`.

use std::fs;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

mod driver;

use driver::{Browser, Running, start};
use lrp_tests::workspace;
use serde_json::{Value, json};

/// Keys as the WebDriver protocol writes them.
const RIGHT: &str = "\u{e014}";
const LEFT: &str = "\u{e012}";
const DOWN: &str = "\u{e015}";
const END: &str = "\u{e010}";
const BACKSPACE: &str = "\u{e003}";

/// Nothing is on its way.
const IDLE: &str = "document.querySelectorAll('[role=tabpanel][aria-busy]').length > 0 && !document.querySelector('[aria-busy=true]')";
/// All pixels of the first heatmap in sight.
const MAP: &str = "[...document.querySelectorAll('.heatmap')].find(map => map.checkVisibility()).toDataURL()";

/// One at a time: they share two processors with the server.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The page, open in a browser.
struct Page {
    browser: Browser,
    url: String,
    _server: Running,
}

impl Page {
    /// `None` where there is no browser.
    fn open(tab: &str) -> Option<Self> {
        let browser = Browser::open()?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_lrp-under-test"));
        command.args(["serve", "--port", "0", "--log", "off"]);
        let (server, url) = start(command, |line| Some(line.to_owned()));
        let page = Self { browser, url, _server: server };
        page.browser.resize(1400, 900);
        page.browser.visit(&format!("{}/#{tab}", page.url));
        page.settle();
        Some(page)
    }

    fn settle(&self) {
        self.browser.wait(IDLE);
    }

    /// Does something, and waits until the first heatmap in sight is another one.
    fn changes(&self, what: &str, act: impl FnOnce(&Browser)) {
        let before = self.browser.value(MAP);
        act(&self.browser);
        let before = before.as_str().expect("a heatmap");
        self.browser.script(&format!("window.before = '{before}'"));
        self.browser.wait(&format!("window.before !== {MAP}"));
        self.settle();
        assert_eq!(self.trouble(), Value::Null, "{what}");
    }

    fn trouble(&self) -> Value {
        self.browser.value("document.querySelector('.complaint')?.textContent")
    }

    /// Chooses in a list, as people do.
    fn choose(&self, selector: &str, option: &str) {
        self.browser.script(&format!(
            "const list = document.querySelector('{selector}'); list.value = '{option}';
             list.dispatchEvent(new Event('change', {{ bubbles: true }}))"
        ));
    }

    fn slide(&self, selector: &str, to: usize) {
        self.browser.script(&format!(
            "const slider = document.querySelector('{selector}'); slider.value = {to};
             slider.dispatchEvent(new Event('input', {{ bubbles: true }}))"
        ));
    }

    fn keep(&self, name: &str) {
        let folder = workspace("target/browser");
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join(format!("{name}.png")), self.browser.picture()).expect("a picture");
    }

    /// The page in light and dark, on a desk and on a phone.
    fn keep_all(&self, tab: &str) {
        for (size, width, height) in [("desk", 1400, 900), ("phone", 390, 844)] {
            self.browser.resize(width, height);
            for theme in ["light", "dark"] {
                self.choose("#theme", theme);
                let wide = self.browser.value("document.documentElement.scrollWidth <= innerWidth");
                assert_eq!(wide, true, "{tab} on a {size} is wider than the screen");
                self.keep(&format!("{tab}-{size}-{theme}"));
            }
        }
        assert_eq!(self.browser.complaints(), Vec::<String>::new());
    }
}

#[test]
fn a_drawn_seven_is_seen_and_explained() {
    let _turn = turn();
    let Some(page) = Page::open("digits") else { return };
    let chosen = "document.querySelector('.scores [aria-checked=true] b').textContent";
    page.changes("another sample", |browser| browser.click(".samples button:first-child"));
    assert_eq!(page.browser.value(chosen), "0");
    page.browser.click("#clear");
    page.browser.wait("document.querySelectorAll('#digits .scores button').length === 0");
    page.changes("drawing", |browser| {
        browser.drag("#pad", &[[0.25, 0.2], [0.5, 0.2], [0.75, 0.2], [0.6, 0.5], [0.45, 0.85]]);
    });
    assert_eq!(page.browser.value(chosen), "7");
    page.keep_all("digits");
}

#[test]
fn every_control_of_digits_changes_the_heatmap() {
    let _turn = turn();
    let Some(page) = Page::open("digits") else { return };
    page.changes("a slider", |_| page.slide(".dial input", 170));
    page.changes("a rule", |_| page.choose("#way-1", "rule:alphabeta"));
    page.changes("its slider", |_| page.slide(".dial input", 100));
    page.changes("a composite", |_| page.choose("#way-1", "composite:epsilon-plus"));
    page.changes("the first layer", |_| page.choose("#way-1-first", "zbox"));
    page.changes("a class", |browser| browser.click(".scores button:nth-child(10)"));
    page.changes("a difference", |_| page.choose("#against", "7"));
    assert!(
        page.browser
            .value("document.querySelector('.what').textContent")
            .as_str()
            .is_some_and(|text| text.starts_with("for 9 rather than 7"))
    );
    page.keep("digits-difference");
    page.changes("what is predicted", |browser| browser.click("#follow"));
    page.changes("a palette", |_| page.choose("#palette", "cividis"));
    page.changes("a network", |_| page.choose("#digit-model", "mnist-mlp-rect"));
    page.browser.click("#more");
    page.changes("another ten samples", |browser| browser.click(".samples button:nth-child(3)"));
    // What cannot be is told, and goes away with the next answer.
    page.choose("#way-1", "rule:pass");
    page.browser.wait("document.querySelector('.complaint')?.textContent.includes('rule pass') ?? false");
    page.choose("#way-1", "rule:epsilon");
    page.browser.wait("!document.querySelector('.complaint')");
    let refused = page.browser.complaints();
    assert!(refused.iter().all(|line| line.contains("422")), "{refused:?}");
}

#[test]
fn a_digit_is_drawn_with_keys_alone() {
    let _turn = turn();
    let Some(page) = Page::open("digits") else { return };
    page.browser.click("#clear");
    page.browser.script("document.getElementById('pad').focus()");
    let up = "\u{e013}";
    let line = |key, count| std::iter::repeat_n(key, count);
    let one: Vec<&str> = line(up, 10).chain([" "]).chain(line(DOWN, 20)).chain([" "]).collect();
    page.changes("a line downwards", |browser| browser.press(&one));
    page.settle();
    assert_eq!(
        page.browser.value("document.querySelector('.scores [aria-checked=true] b').textContent"),
        "1"
    );
    page.browser.press(&[BACKSPACE]);
    page.browser.wait("document.querySelectorAll('#digits .scores button').length === 0");
    // Tabs go by arrows, and in a circle.
    page.browser.script("document.getElementById('tab-digits').focus()");
    page.browser.press(&[LEFT]);
    assert_eq!(
        page.browser.value("document.querySelector('[role=tab][aria-selected=true]').id"),
        "tab-layers"
    );
    page.browser.press(&[RIGHT, RIGHT]);
    assert_eq!(
        page.browser.value("document.querySelector('[role=tab][aria-selected=true]').id"),
        "tab-images"
    );
}

#[test]
fn an_uploaded_cup_is_an_espresso() {
    let _turn = turn();
    let Some(page) = Page::open("images") else { return };
    let first = "document.querySelector('.classes b').textContent";
    page.changes("the cat", |browser| browser.click(".photos button:nth-child(2)"));
    assert_ne!(page.browser.value(first), "espresso");
    let coffee = workspace("data/samples/coffee.png").canonicalize().expect("a photo").display().to_string();
    page.changes("an upload", |browser| browser.type_into("#file", &coffee));
    assert_eq!(page.browser.value(first), "espresso");
    assert_eq!(page.browser.value("document.querySelectorAll('.classes button').length"), 5);
    page.changes("the second class", |browser| browser.click(".classes button:nth-child(2)"));
    page.changes("the third, by key", |browser| browser.press(&[DOWN]));
    page.changes("the overlay", |_| page.slide("#strength", 100));
    page.changes("rules", |_| page.choose("#way-3", "composite:epsilon-plus-flat"));
    page.changes("a palette", |_| page.choose("#palette", "PuOr_r"));
    page.changes("the first again", |browser| browser.click(".classes button:first-child"));
    page.choose("#palette", "RdBu_r");
    page.slide("#strength", 75);
    page.keep_all("images");
    page.changes("a network", |_| page.choose("#image-model", "face-expression"));
    let folder = tempfile::tempdir().expect("a folder");
    let text = folder.path().join("text.png");
    fs::write(&text, "no picture").expect("a file");
    page.browser.type_into("#file", &text.display().to_string());
    page.browser.wait(
        "document.querySelector('.complaint')?.textContent.includes('text.png: is no picture') ?? false",
    );
}

#[test]
fn words_are_coloured_as_they_are_written() {
    let _turn = turn();
    let Some(page) = Page::open("texts") else { return };
    let browser = &page.browser;
    let first = "document.querySelector('.topics [aria-checked=true] b').textContent";
    browser.wait("document.querySelectorAll('#words span').length > 3");
    let sample = browser.value(first);
    page.choose("#text-sample", "movie-positive-1.txt");
    browser.wait(&format!("{first} === 'positive'"));
    browser.script("const field = document.getElementById('text'); field.value = ''; field.focus()");
    browser.type_into("#text", "A dull, tedious film");
    browser.wait("document.querySelectorAll('#words span').length === 4");
    page.settle();
    assert_eq!(browser.value("document.querySelector('#words').textContent"), "A dull, tedious film");
    assert_eq!(browser.value(first), "negative", "the sample before was {sample}");
    let title = "document.querySelector('#words span:nth-of-type(2)').title";
    let worth =
        |value: Value| value.as_str().and_then(|text| text.replace('\u{2212}', "-").parse::<f64>().ok());
    let dull = worth(browser.value(title)).expect("a number");
    assert!(dull > 0.5, "{dull}");
    let ground = "document.querySelector('#words span:nth-of-type(2)').style.background";
    let before = browser.value(ground);
    browser.click(".topics button:nth-child(2)");
    assert_eq!(browser.value(first), "positive");
    assert!(worth(browser.value(title)).is_some_and(|worth| worth < 0.0));
    assert_ne!(browser.value(ground), before);
    browser.press(&[DOWN]);
    assert_eq!(browser.value(first), "negative");
    let shown = browser.value(title);
    page.choose("#way-4", "rule:zplus");
    browser.wait(&format!("{title} !== '{}'", shown.as_str().unwrap_or_default()));
    page.choose("#way-4", "");
    page.settle();
    page.choose("#palette", "PuOr_r");
    assert_ne!(browser.value(ground), before);
    page.choose("#palette", "RdBu_r");
    page.choose("#text-model", "reuters-r8");
    browser.wait("document.querySelectorAll('.topics button').length === 8");
    page.choose("#text-sample", "reuters-trade.txt");
    browser.wait(&format!("{first} === 'trade'"));
    page.settle();
    page.keep_all("texts");
    browser.script("const field = document.getElementById('text'); field.value = '?!'; field.dispatchEvent(new Event('input'))");
    browser
        .wait("document.querySelector('#texts .complaint')?.textContent.includes('holds no word') ?? false");
}

#[test]
fn layers_are_gone_through_from_the_scores_to_the_input() {
    let _turn = turn();
    let Some(page) = Page::open("layers") else { return };
    let at = "document.querySelector('.steps [aria-selected=true] b').textContent";
    page.browser.wait("document.querySelectorAll('.steps li').length === 12");
    assert_eq!(page.browser.value(at), "flatten_10");
    assert_eq!(page.browser.value("document.querySelector('#forward').disabled"), true);
    for name in ["convolution_9", "sumpool_8", "rect_7", "convolution_6"] {
        page.browser.click("#backward");
        assert_eq!(page.browser.value(at), name);
    }
    page.browser.script("document.querySelector('.steps').focus()");
    page.browser.press(&[END]);
    assert_eq!(page.browser.value(at), "input");
    page.changes("a class", |_| page.choose("#layer-class", "9"));
    page.changes("rules", |_| page.choose("#way-5", "rule:zplus"));
    page.choose("#layer-model", "squeezenet1.1");
    page.browser.wait("document.querySelectorAll('.steps li').length > 60");
    page.choose("#layer-model", "mnist-lenet5-sumpool");
    page.browser.wait("document.querySelectorAll('.steps li').length === 12");
    page.browser.click(".steps li:nth-child(8)");
    page.keep_all("layers");
}

#[test]
fn nothing_is_asked_of_anybody_else() {
    let _turn = turn();
    let Some(page) = Page::open("images") else { return };
    let asked = page
        .browser
        .value("performance.getEntriesByType('resource').map(entry => new URL(entry.name).origin)");
    let origins = asked.as_array().expect("a list");
    assert!(origins.len() > 10 && origins.iter().all(|origin| *origin == json!(page.url)), "{asked}");
}
