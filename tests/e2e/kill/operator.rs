//! An operator at a daemon that may die at any moment.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, ErrorKind, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use e2e::{process, wait};
use serde_json::{Value, json};

use crate::SOON;

/// A save that was sent, and whether the daemon said that it has it.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) status: &'static str,
    pub(super) memo: String,
    pub(super) acknowledged: bool,
}

/// All saves ever sent, by attempt, in order.
pub(super) type Saves = BTreeMap<String, Vec<Sent>>;

/// The daemon died.
#[derive(Debug)]
pub(super) struct Gone;

/// A connection that survives the daemon's death.
pub(super) struct Operator<'a> {
    reader: BufReader<UnixStream>,
    /// Whoever answers.
    pid: u32,
    saves: &'a mut Saves,
    /// Makes each memo one of a kind.
    count: usize,
    next_id: u64,
}

impl<'a> Operator<'a> {
    /// Nothing while nobody listens there.
    pub(super) fn connect(socket: &Path, pid: u32, saves: &'a mut Saves) -> Option<Self> {
        let stream = UnixStream::connect(socket).ok()?;
        stream.set_read_timeout(Some(Duration::from_millis(20))).ok()?;
        let count = saves.values().map(Vec::len).sum();
        Some(Self { reader: BufReader::new(stream), pid, saves, count, next_id: 0 })
    }

    /// `Err` inside: refused, with its code.
    pub(super) fn call(&mut self, method: &str, params: &Value) -> Result<Result<Value, String>, Gone> {
        self.next_id += 1;
        let request = json!({ "jsonrpc": "2.0", "id": self.next_id, "method": method, "params": params });
        self.reader.get_mut().write_all(format!("{request}\n").as_bytes()).map_err(|_| Gone)?;
        let (mut line, pid) = (Vec::new(), self.pid);
        // Beside a program that writes hundreds of MiB a commit has waited 10 s and longer for its fsync.
        let read = wait::patiently(
            SOON,
            || process::busy(pid),
            || match self.reader.read_until(b'\n', &mut line) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => None,
                read => Some(read),
            },
        );
        // Half a line of a dying daemon is no answer.
        if !matches!(read, Some(Ok(_))) || !line.ends_with(b"\n") {
            return Err(Gone);
        }
        let mut answer: Value = serde_json::from_slice(&line).map_err(|_| Gone)?;
        match answer.pointer("/error/data/code").and_then(Value::as_str) {
            Some(code) => Ok(Err(code.to_owned())),
            None => Ok(Ok(answer["result"].take())),
        }
    }

    /// Judges what the last life left open, then calls the list down to its end.
    pub(super) fn work(mut self, list: &str) -> Result<(), Gone> {
        self.judge_open()?;
        let _ = self.call("dial.start", &json!({ "list": list }))?;
        loop {
            let status = self.call("status.get", &json!({}))?.expect("status is never refused");
            let seat = &status["seats"][0];
            let (state, call) = (seat["state"].as_str().unwrap_or_default(), &seat["call"]);
            let number = call["number"].as_str().unwrap_or_default();
            match (state, call["attempt"].as_str()) {
                ("wrap_up", Some(attempt)) => self.save(attempt, number)?,
                ("in_call", Some(_)) if number.ends_with("01") => {
                    wait::pass(Duration::from_millis(150));
                    let _ = self.call("call.hangup", &json!({}))?;
                }
                (_, None) if seat["dial"].is_null() => return Ok(()),
                _ => {}
            }
            wait::pass(Duration::from_millis(3));
        }
    }

    /// Rows that ended without a word of the operator, an interrupted call first of all. S4.49: what had a result when its life
    /// ended was sealed by the restart.
    pub(super) fn judge_open(&mut self) -> Result<(), Gone> {
        let open = self.call("history.list", &json!({ "unsealed": true, "limit": 100 }))?;
        let rows = open.expect("history is never refused")["rows"].take();
        for row in rows.as_array().into_iter().flatten().filter(|row| !row["ended_at"].is_null()) {
            assert!(row["status"].is_null(), "a restart left a result open: {row:#}");
            let attempt = row["attempt"].as_str().expect("a row has an id");
            self.save(attempt, row["number"].as_str().unwrap_or_default())?;
        }
        Ok(())
    }

    fn save(&mut self, attempt: &str, number: &str) -> Result<(), Gone> {
        if number.ends_with("01") {
            // A first thought, saved, and a second one.
            self.send(attempt, "callback", "stay")?;
            // Long enough for a death in between, after which the first one is what the restart seals.
            wait::pass(Duration::from_millis(60));
            return self.send(attempt, "prospect", "dial");
        }
        // 不通 keeps no recording: its removal is a boundary too.
        let last = number.trim_end_matches("06").chars().last().and_then(|c| c.to_digit(10));
        let status = if last.is_some_and(|digit| digit % 2 == 1) { "no_contact" } else { "prospect" };
        self.send(attempt, status, "dial")
    }

    fn send(&mut self, attempt: &str, status: &'static str, next: &str) -> Result<(), Gone> {
        self.count += 1;
        let memo = format!("memo {}", self.count);
        let sent = Sent { status, memo: memo.clone(), acknowledged: false };
        self.saves.entry(attempt.to_owned()).or_default().push(sent);
        let params = json!({ "attempt": attempt, "status": status, "memo": memo, "next": next });
        let answer = self.call("call.save", &params)?;
        let sent = self.saves.get_mut(attempt).and_then(|saves| saves.last_mut()).expect("just pushed");
        sent.acknowledged = answer.is_ok();
        Ok(())
    }
}
