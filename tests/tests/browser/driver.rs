//! A browser without a window, driven over the WebDriver protocol.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

/// The programs as Debian has them.
const BROWSER: &str = "/usr/bin/chromium";
const DRIVER: &str = "/usr/bin/chromedriver";
/// What elements are called in the protocol.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// How long a page may take to become what is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program that ends with this value.
pub(crate) struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a program; returns it with the first thing that `find` finds in a line it prints.
pub(crate) fn start(mut command: Command, find: impl Fn(&str) -> Option<String>) -> (Running, String) {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program starts");
    let mut lines = BufReader::new(child.stdout.take().expect("an output")).lines();
    let found =
        lines.by_ref().map_while(Result::ok).find_map(|line| find(&line)).expect("it says where it is");
    // Read on, so that it never waits for a reader.
    std::thread::spawn(move || lines.for_each(drop));
    (Running(child), found)
}

/// A window of the browser.
pub(crate) struct Browser {
    agent: ureq::Agent,
    session: String,
    _driver: Running,
    _profile: TempDir,
}

impl Browser {
    /// `None`, with a message, where there is no browser.
    pub(crate) fn open() -> Option<Self> {
        if ![BROWSER, DRIVER].iter().all(|program| Path::new(program).exists()) {
            eprintln!("skipped: {BROWSER} and {DRIVER} are not both there");
            return None;
        }
        let mut driver = Command::new(DRIVER);
        driver.arg("--port=0");
        let (driver, port) = start(driver, |line| {
            Some(line.split_once("started successfully on port ")?.1.trim_end_matches('.').to_owned())
        });
        let profile = tempfile::tempdir().expect("a folder");
        let quiet = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-sync",
            "--disable-background-networking",
            "--disable-component-update",
            "--hide-scrollbars",
        ];
        let own = format!("--user-data-dir={}", profile.path().display());
        let arguments: Vec<&str> = quiet.into_iter().chain([own.as_str()]).collect();
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "goog:chromeOptions": { "binary": BROWSER, "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
        } } });
        let timeout = Some(2 * PATIENCE);
        let agent =
            ureq::Agent::config_builder().http_status_as_error(false).timeout_global(timeout).build().into();
        let mut browser = Self {
            agent,
            session: format!("http://127.0.0.1:{port}/session"),
            _driver: driver,
            _profile: profile,
        };
        let session = browser.command("", &wanted);
        browser.session =
            format!("{}/{}", browser.session, session["sessionId"].as_str().expect("a session"));
        Some(browser)
    }

    fn command(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}{path}", self.session);
        let sent = self.agent.post(url).header("content-type", "application/json").send(body.to_string());
        let mut answer = sent.expect("the driver answers");
        let text = answer.body_mut().with_config().limit(1 << 26).read_to_string().expect("text");
        let answer: Value = serde_json::from_str(&text).expect("JSON");
        assert!(answer["value"]["error"].is_null(), "{path}: {}", answer["value"]);
        answer["value"].clone()
    }

    fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.command("/goog/cdp/execute", &json!({ "cmd": command, "params": parameters }))
    }

    pub(crate) fn visit(&self, url: &str) {
        self.command("/url", &json!({ "url": url }));
    }

    pub(crate) fn resize(&self, width: usize, height: usize) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", &size);
    }

    /// What a script returns.
    pub(crate) fn script(&self, script: &str) -> Value {
        self.command("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// What an expression is.
    pub(crate) fn value(&self, expression: &str) -> Value {
        self.script(&format!("return {expression}"))
    }

    /// Asks again until an expression is true. Asking takes its time, and the page works meanwhile.
    pub(crate) fn wait(&self, expression: &str) {
        let end = Instant::now() + PATIENCE;
        while self.value(expression) != true {
            assert!(Instant::now() < end, "not within {PATIENCE:?}: {expression}; {:?}", self.complaints());
        }
    }

    fn element(&self, selector: &str) -> String {
        let found = self.command("/element", &json!({ "using": "css selector", "value": selector }));
        found[ELEMENT].as_str().expect("an element").to_owned()
    }

    pub(crate) fn click(&self, selector: &str) {
        self.command(&format!("/element/{}/click", self.element(selector)), &json!({}));
    }

    /// Types into an element; into one for files, their paths.
    pub(crate) fn type_into(&self, selector: &str, text: &str) {
        self.command(&format!("/element/{}/value", self.element(selector)), &json!({ "text": text }));
    }

    /// Moves a pressed mouse through points from 0 to 1 of an element.
    pub(crate) fn drag(&self, selector: &str, points: &[[f64; 2]]) {
        let origin = json!({ ELEMENT: self.element(selector) });
        let size = self
            .value(&format!("document.querySelector('{selector}').clientWidth"))
            .as_f64()
            .expect("a size");
        let moves = points.iter().map(|point| {
            let [x, y] = point.map(|place| ((place - 0.5) * size).round() as i64);
            json!({ "type": "pointerMove", "duration": 20, "origin": origin, "x": x, "y": y })
        });
        let mut actions: Vec<Value> = moves.collect();
        actions.insert(1, json!({ "type": "pointerDown", "button": 0 }));
        actions.push(json!({ "type": "pointerUp", "button": 0 }));
        let mouse = json!({ "type": "pointer", "id": "mouse", "actions": actions });
        self.command("/actions", &json!({ "actions": [mouse] }));
    }

    /// Presses keys, one after the other, wherever the focus is.
    pub(crate) fn press(&self, keys: &[&str]) {
        let actions: Vec<Value> = keys
            .iter()
            .flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key })))
            .collect();
        self.command(
            "/actions",
            &json!({ "actions": [{ "type": "key", "id": "keys", "actions": actions }] }),
        );
    }

    /// The whole page as a PNG.
    pub(crate) fn picture(&self) -> Vec<u8> {
        let picture = self.devtools("Page.captureScreenshot", &json!({ "captureBeyondViewport": true }));
        STANDARD.decode(picture["data"].as_str().expect("a picture")).expect("base 64")
    }

    /// What the browser complained about since it was last asked.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let log = self.command("/se/log", &json!({ "type": "browser" }));
        log.as_array().into_iter().flatten().map(|entry| entry["message"].to_string()).collect()
    }
}
