//! Connections that are slow, broken off, half closed or full of rubbish; and the end of the server.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use lrp_serve::Settings;

use crate::client::{Served, get};

const QUESTION: &str = r#"{"model":"mnist-lenet5-sumpool","input":{"digit":1}}"#;

/// Longer than anything here should take, shorter than what is waited for by default.
const PATIENCE: Duration = Duration::from_secs(10);

fn connected(address: SocketAddr, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
    stream.write_all(bytes).expect("sent");
    stream
}

/// All that comes until the server closes the connection.
fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        Err(error) if error.kind() != ErrorKind::ConnectionReset => {
            panic!("the connection stays open: {error}")
        }
        _ => String::from_utf8_lossy(&bytes).into_owned(),
    }
}

fn head(length: usize, more: &str) -> String {
    format!(
        "POST /api/v1/explain HTTP/1.1\r\nhost: here\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{more}\r\n"
    )
}

fn hurried() -> Served {
    let soon = Duration::from_millis(200);
    Served::with(Settings { head_time: soon, body_time: soon, ..Settings::default() })
}

#[test]
fn a_head_that_never_ends_is_dropped() {
    let served = hurried();
    let start = Instant::now();
    for bytes in ["", "GET / HT", "GET / HTTP/1.1\r\nhost: here\r\nx-slow: "] {
        rest(&mut connected(served.address, bytes.as_bytes()));
    }
    assert!(start.elapsed() < PATIENCE);
    assert_eq!(get(served.address, "/healthz").status, 200);
}

#[test]
fn a_body_that_never_comes_is_answered_408() {
    let served = hurried();
    let answer = rest(&mut connected(served.address, head(1000, "").as_bytes()));
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[test]
fn a_chunked_body_is_cut_at_its_limit() {
    let served = Served::with(Settings { body_bytes: 1000, ..Settings::default() });
    let head = "POST /api/v1/explain HTTP/1.1\r\nhost: here\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunk = format!("1000\r\n{}\r\n", " ".repeat(0x1000));
    let answer = rest(&mut connected(served.address, format!("{head}{chunk}").as_bytes()));
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[test]
fn a_client_that_closes_its_half_is_answered() {
    let served = Served::with(Settings::default());
    let mut stream = connected(served.address, (head(QUESTION.len(), "") + QUESTION).as_bytes());
    stream.shutdown(Shutdown::Write).expect("half closed");
    let answer = rest(&mut stream);
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"explanations\""), "{answer}");
}

#[test]
fn clients_that_go_away_do_no_harm() {
    let served = Served::with(Settings::default());
    for part in [0, 10, 40, 140] {
        let whole = head(QUESTION.len(), "") + QUESTION;
        drop(connected(served.address, &whole.as_bytes()[..part]));
    }
    for _ in 0..20 {
        // Gone before the answer is there.
        drop(connected(served.address, (head(QUESTION.len(), "") + QUESTION).as_bytes()));
    }
    assert_eq!(get(served.address, "/healthz").status, 200);
}

#[test]
fn rubbish_is_refused() {
    let served = hurried();
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(1 << 20));
    for bytes in
        [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..], b"\0\0\0\0\r\n\r\n", b"GET", long.as_bytes()]
    {
        let mut stream = TcpStream::connect(served.address).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
        // The server may have closed before all of it was sent.
        let _ = stream.write_all(bytes);
        let answer = rest(&mut stream);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    assert_eq!(get(served.address, "/healthz").status, 200);
}

#[test]
fn who_is_being_answered_at_the_end_is_answered_still() {
    let served = Served::with(Settings::default());
    let address = served.address;
    let mut stream =
        connected(address, head(QUESTION.len(), "expect: 100-continue\r\nconnection: close\r\n").as_bytes());
    let mut waits = [0; 25];
    stream.read_exact(&mut waits).expect("the server waits for the body");
    assert_eq!(&waits[..], b"HTTP/1.1 100 Continue\r\n\r\n");

    let ended = served.end();
    stream.write_all(QUESTION.as_bytes()).expect("sent");
    let answer = rest(&mut stream);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    ended.join().expect("no panic").expect("no error");
    assert!(TcpStream::connect(address).is_err(), "nobody listens any more");
}
