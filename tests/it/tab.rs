//! A tab of [`Chromium`](crate::chromium::Chromium), with the hands and eyes of the person in front of it.
//!
//! The page itself looks at a condition again and again until it holds or a deadline passes. A tab keeps its complaints
//! and the addresses that it asked for. Those of windows and workers that its page opens are not among them.

use std::cell::Cell;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::rc::Rc;
use std::time::Instant;

use serde_json::{Value, json};

use crate::chromium::{Event, Pipe};
use crate::harness::DEADLINE;

/// Becomes null once EXPRESSION holds. After half a second it becomes a text that says why not.
const LOOK: &str = "new Promise(done => {
    const end = performance.now() + 500;
    const look = () => {
        let seen;
        try {
            if (EXPRESSION) return done(null);
            seen = 'it is false';
        } catch (error) {
            seen = String(error);
        }
        if (performance.now() > end) return done(seen);
        setTimeout(look, 5);
    };
    look();
})";

/// Brings the element of SELECTOR into view and tells where its middle is. No other element may cover it there.
const MIDDLE: &str = "(() => {
    const element = document.querySelector(SELECTOR);
    if (!element) throw 'there is none';
    element.scrollIntoView({ block: 'nearest', behavior: 'instant' });
    const { x, y, width, height } = element.getBoundingClientRect();
    const middle = [x + width / 2, y + height / 2];
    const met = document.elementFromPoint(...middle);
    if (!element.contains(met)) throw `it is covered by ${met?.outerHTML}`;
    return middle;
})()";

/// Keys that type no character of their own: the code, the number on Windows, and the text that they put in.
const KEYS: [(&str, u32, &str); 14] = [
    ("Enter", 13, "\r"),
    ("Tab", 9, ""),
    ("Escape", 27, ""),
    ("Backspace", 8, ""),
    ("Delete", 46, ""),
    ("Space", 32, " "),
    ("ArrowLeft", 37, ""),
    ("ArrowUp", 38, ""),
    ("ArrowRight", 39, ""),
    ("ArrowDown", 40, ""),
    ("PageUp", 33, ""),
    ("PageDown", 34, ""),
    ("End", 35, ""),
    ("Home", 36, ""),
];
const MODIFIERS: [(&str, u32); 4] = [("Alt+", 1), ("Control+", 2), ("Meta+", 4), ("Shift+", 8)];

pub(crate) struct Tab {
    pipe: Rc<Pipe>,
    /// Its name in commands of its own.
    session: String,
    /// Its name in those of Chromium.
    target: Value,
    /// How many events were there when complaints were last taken.
    taken: Cell<usize>,
}

impl Tab {
    pub(crate) fn attach(pipe: Rc<Pipe>, target: Value) -> Tab {
        let whom = json!({"targetId": target, "flatten": true});
        let attached = pipe.tells("", "Target.attachToTarget", whom);
        let session = attached["sessionId"].as_str().expect("a name").to_owned();
        let taken = Cell::default();
        let tab = Tab {
            pipe,
            session,
            target,
            taken,
        };
        for domain in ["Audits", "Log", "Network", "Page", "Runtime"] {
            tab.tells(&format!("{domain}.enable"), json!({}));
        }
        tab
    }

    fn tells(&self, method: &str, params: Value) -> Value {
        self.pipe.tells(&self.session, method, params)
    }

    /// Opens a page, and waits until all of it is there.
    pub(crate) fn goes_to(&self, url: &str) {
        let result = self.tells("Page.navigate", json!({"url": url}));
        assert!(result["errorText"].is_null(), "{url}: {result}");
        self.waits_for("document.readyState == 'complete'");
    }

    /// Runs a script in each page that is opened from now on, before its own.
    pub(crate) fn runs_first(&self, script: &str) {
        let script = json!({"source": script});
        self.tells("Page.addScriptToEvaluateOnNewDocument", script);
    }

    pub(crate) fn reloads(&self) {
        let since = self.evaluates("performance.timeOrigin");
        self.tells("Page.reload", json!({}));
        self.waits_for(&format!(
            "performance.timeOrigin != {since} && document.readyState == 'complete'"
        ));
    }

    pub(crate) fn closes(self) {
        let whom = json!({"targetId": self.target});
        self.pipe.tells("", "Target.closeTarget", whom);
    }

    /// Hides the other tabs behind this one.
    pub(crate) fn comes_to_front(&self) {
        self.tells("Page.bringToFront", json!({}));
    }

    /// The value of an expression of JavaScript in the page, or of its promise.
    pub(crate) fn evaluates(&self, expression: &str) -> Value {
        let value = self.tries(expression);
        value.unwrap_or_else(|error| panic!("{expression}: {error}"))
    }

    fn tries(&self, expression: &str) -> Result<Value, String> {
        let what = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let mut result = self.pipe.tries(&self.session, "Runtime.evaluate", what)?;
        match &result["exceptionDetails"] {
            Value::Null => Ok(result["result"]["value"].take()),
            thrown => Err(thrown["exception"].to_string()),
        }
    }

    /// Waits until an expression of JavaScript holds, on whatever page the tab is by then.
    pub(crate) fn waits_for(&self, expression: &str) {
        let look = LOOK.replace("EXPRESSION", expression);
        let by = Instant::now() + DEADLINE;
        loop {
            // Fails if the tab leaves the page meanwhile.
            let seen = match self.tries(&look) {
                Ok(Value::Null) => return,
                Ok(seen) => seen.to_string(),
                Err(error) => error,
            };
            if Instant::now() > by {
                let page = self.tries("location.href + '\\n' + document.body.innerText");
                panic!("waited in vain for {expression}: {seen}\n{page:?}");
            }
        }
    }

    /// Types a text, with a key for each character that a plain keyboard has.
    pub(crate) fn types(&self, text: &str) {
        for c in text.chars() {
            if c.is_ascii_graphic() {
                self.presses(c.encode_utf8(&mut [0; 4]));
            } else if c == ' ' {
                self.presses("Space");
            } else {
                self.tells("Input.insertText", json!({"text": c}));
            }
        }
    }

    /// Presses a key and lets it go: one of [`KEYS`] or a character, with modifiers in front, as in `Shift+Tab`.
    pub(crate) fn presses(&self, keys: &str) {
        let (mut key, mut modifiers) = (keys, 0);
        for (name, bit) in MODIFIERS {
            if let Some(rest) = key.strip_prefix(name) {
                (key, modifiers) = (rest, modifiers | bit);
            }
        }
        let named = KEYS.iter().find(|(code, ..)| *code == key);
        let (code, number, text) = named.copied().unwrap_or_else(|| {
            let mut chars = key.chars();
            let (first, None) = (chars.next().unwrap_or_default(), chars.next()) else {
                panic!("no key: {keys}");
            };
            // The codes of signs are those of other keys.
            let letter = Some(first.to_ascii_uppercase()).filter(char::is_ascii_alphanumeric);
            ("", letter.map_or(0, u32::from), key)
        });
        // With Control and the like, a key types nothing.
        let text = if modifiers & !8 == 0 { text } else { "" };
        let key = if code == "Space" { " " } else { key };
        for kind in ["keyDown", "keyUp"] {
            let mut event = json!({"type": kind, "key": key, "code": code, "modifiers": modifiers});
            event["windowsVirtualKeyCode"] = number.into();
            if kind == "keyDown" {
                event["text"] = text.into();
            }
            self.tells("Input.dispatchKeyEvent", event);
        }
    }

    /// Clicks the element of this selector, in its middle.
    pub(crate) fn clicks(&self, selector: &str) {
        let [x, y] = self.middle(selector);
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1});
            self.tells("Input.dispatchMouseEvent", event);
        }
    }

    /// Taps on the element of this selector, in its middle. The tab is that of a phone.
    pub(crate) fn taps(&self, selector: &str) {
        let [x, y] = self.middle(selector);
        for (kind, points) in [
            ("touchStart", json!([{"x": x, "y": y}])),
            ("touchEnd", json!([])),
        ] {
            let event = json!({"type": kind, "touchPoints": points});
            self.tells("Input.dispatchTouchEvent", event);
        }
    }

    fn middle(&self, selector: &str) -> [Value; 2] {
        let quoted = Value::from(selector).to_string();
        let middle = self.tries(&MIDDLE.replace("SELECTOR", &quoted));
        let middle = middle.unwrap_or_else(|error| panic!("{selector}: {error}"));
        [middle[0].clone(), middle[1].clone()]
    }

    /// Shows the page as a window of this size does.
    pub(crate) fn has_size(&self, width: u32, height: u32) {
        self.is_shown(
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false}),
        );
    }

    /// Shows the page as a phone with a screen of this size does. Each pixel of CSS is two by two of the screen.
    pub(crate) fn is_a_phone(&self, width: u32, height: u32) {
        self.is_shown(
            json!({"width": width, "height": height, "deviceScaleFactor": 2, "mobile": true}),
        );
    }

    fn is_shown(&self, screen: Value) {
        let touch = json!({"enabled": screen["mobile"]});
        self.tells("Emulation.setDeviceMetricsOverride", screen);
        self.tells("Emulation.setTouchEmulationEnabled", touch);
    }

    /// Takes the network away, or gives it back. Open WebSockets stay open, but hear nothing in the meantime.
    pub(crate) fn is_offline(&self, offline: bool) {
        let how = json!({"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1});
        self.tells("Network.emulateNetworkConditions", how);
    }

    /// Writes a picture of the page to a file, for people to look at.
    pub(crate) fn is_painted(&self, file: &Path) {
        let picture = self.tells("Page.captureScreenshot", json!({"format": "png"}));
        let text = picture["data"].as_str().expect("a picture is text");
        fs::write(file, decode(text)).expect("a file can be written");
    }

    /// The parts of the page that a screen reader tells of, each with its role and name, as in `button "Send"`.
    pub(crate) fn accessible(&self) -> Vec<String> {
        let tree = self.tells("Accessibility.getFullAXTree", json!({}));
        let nodes = tree["nodes"].as_array().expect("a tree has nodes").iter();
        nodes
            .filter(|node| node["ignored"] == false)
            .map(|node| format!("{} {}", text(&node["role"]["value"]), node["name"]["value"]))
            .collect()
    }

    /// The errors, exceptions and violations of the policy that were reported since the last call.
    pub(crate) fn takes_complaints(&self) -> Vec<String> {
        // The answer comes behind all that the page has reported.
        self.evaluates("0");
        let events = self.pipe.events();
        let new = events[self.taken.replace(events.len())..].iter();
        let own = new.filter(|event| event.session == self.session);
        own.filter_map(complaint).collect()
    }

    /// The addresses that the tab has ever asked for, even in vain, beyond this server's.
    pub(crate) fn asked_elsewhere(&self, addr: SocketAddr) -> Vec<String> {
        self.evaluates("0");
        let events = self.pipe.events();
        let own = events.iter().filter(|event| event.session == self.session);
        let urls = own.filter_map(|event| match &*event.method {
            "Network.requestWillBeSent" => event.params["request"]["url"].as_str(),
            "Network.webSocketCreated" => event.params["url"].as_str(),
            _ => None,
        });
        let mut here = ["http", "https", "ws", "wss"]
            .map(|scheme| format!("{scheme}://{addr}/"))
            .to_vec();
        here.push("data:".into());
        urls.filter(|url| !here.iter().any(|here| url.starts_with(here)))
            .map(Into::into)
            .collect()
    }

    /// There is nothing to complain of, and this server alone was asked for anything.
    #[track_caller]
    pub(crate) fn is_sound(&self, addr: SocketAddr) {
        assert_eq!(self.takes_complaints(), [""; 0]);
        assert_eq!(self.asked_elsewhere(addr), [""; 0]);
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().into()
}

fn complaint(event: &Event) -> Option<String> {
    let params = &event.params;
    match &*event.method {
        "Log.entryAdded" if params["entry"]["level"] == "error" => {
            let entry = &params["entry"];
            Some(format!(
                "{}: {} {}",
                text(&entry["source"]),
                text(&entry["text"]),
                text(&entry["url"])
            ))
        }
        "Runtime.consoleAPICalled" if params["type"] == "error" || params["type"] == "assert" => {
            Some(format!("console: {}", params["args"]))
        }
        "Runtime.exceptionThrown" => {
            let details = &params["exceptionDetails"];
            let what = &details["exception"]["description"];
            Some(format!(
                "exception: {} {}",
                text(&details["text"]),
                text(what)
            ))
        }
        "Audits.issueAdded" => {
            let policy = &params["issue"]["details"]["contentSecurityPolicyIssueDetails"];
            let directive = policy["violatedDirective"].as_str()?;
            Some(format!(
                "policy: {directive} {}",
                text(&policy["blockedURL"])
            ))
        }
        _ => None,
    }
}

/// Reads base64.
fn decode(text: &str) -> Vec<u8> {
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for c in text.bytes() {
        let six = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => break,
        };
        (bits, count) = (bits << 6 | u32::from(six), count + 6);
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    bytes
}
