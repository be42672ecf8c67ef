use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use crate::transport::Flow;
use crate::ua::AccountId;

/// How much of what went over the wire is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceLimits {
    /// Bytes in all, default 8 MiB. When full, requests of strangers go first, then calls that have ended, the first
    /// ended first, then running ones. Strangers never have more than a quarter.
    pub bytes: usize,
    /// Messages of one Call-ID, default 200: the first and the last half of them; what comes between is counted.
    pub messages: usize,
    /// Bytes of one message, default 16384; a longer one is cut.
    pub message_bytes: usize,
}

impl Default for TraceLimits {
    fn default() -> Self {
        Self { bytes: 8 << 20, messages: 200, message_bytes: 16_384 }
    }
}

/// The messages of one Call-ID, as they were: credentials and numbers included, see [`Mask`](super::Mask).
#[derive(Debug, Clone)]
pub struct Trace {
    /// The Call-ID.
    pub sip_call_id: String,
    /// The account it belongs to, where one is known.
    pub account: Option<AccountId>,
    /// The messages in order of time.
    pub messages: Vec<TracedMessage>,
    /// Messages left out, all of them before `messages[gap]`.
    pub left_out: u32,
    /// Where they are missing.
    pub gap: usize,
}

/// One message on the wire.
#[derive(Debug, Clone)]
pub struct TracedMessage {
    /// When it came; for one of ours, the time of what it was sent for: an input, a command, a deadline.
    pub at: Instant,
    /// True for one of ours.
    pub sent: bool,
    /// Transport and peer.
    pub flow: Flow,
    /// Our end. For a message of ours over TCP or TLS that nothing ever came back on, only the address is certain.
    pub local: SocketAddr,
    /// The bytes, at most [`TraceLimits::message_bytes`].
    pub bytes: Arc<[u8]>,
    /// How many they were on the wire.
    pub length: usize,
    /// True when the same bytes went the same way before: a retransmission.
    pub repeated: bool,
}

/// What is kept, by Call-ID. Owned by the user agent.
#[derive(Debug)]
pub(crate) struct Traces {
    limits: TraceLimits,
    kept: HashMap<Arc<str>, Kept>,
    /// In the order in which they go.
    order: BTreeMap<(Class, u64), Arc<str>>,
    bytes: usize,
    strangers: usize,
    serial: u64,
    now: Instant,
}

/// What goes first when there is no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    /// Somebody sent us something that became no call.
    Stranger,
    /// A call that has ended, an OPTIONS of ours.
    Done,
    /// A call, or an account's registration.
    Running,
}

#[derive(Debug)]
struct Kept {
    class: Class,
    since: u64,
    account: Option<AccountId>,
    first: Vec<TracedMessage>,
    last: VecDeque<TracedMessage>,
    left_out: u32,
    bytes: usize,
}

impl Traces {
    pub(crate) fn new(limits: TraceLimits, now: Instant) -> Self {
        Self { limits, kept: HashMap::new(), order: BTreeMap::new(), bytes: 0, strangers: 0, serial: 0, now }
    }

    /// The time of what is recorded from now on.
    pub(crate) fn pass(&mut self, now: Instant) {
        self.now = now;
    }

    /// Bytes in use, the tables counted roughly.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn record(&mut self, sent: bool, flow: Flow, local: SocketAddr, bytes: &[u8]) {
        let Some(call_id) = call_id(bytes).map(String::from_utf8_lossy) else { return };
        if !self.kept.contains_key(&*call_id) {
            self.open(&call_id, Class::Stranger, None);
        }
        let Some(kept) = self.kept.get_mut(&*call_id) else { return };
        let shown = &bytes[..bytes.len().min(self.limits.message_bytes)];
        let message = TracedMessage {
            at: self.now,
            sent,
            flow,
            local,
            repeated: kept.has(sent, bytes.len(), shown),
            bytes: shown.into(),
            length: bytes.len(),
        };
        let before = kept.bytes;
        kept.push(message, self.limits.messages);
        let (class, after) = (kept.class, kept.bytes);
        self.count(class, before, after);
        self.make_room(&call_id);
    }

    /// The Call-ID belongs to a call that begins.
    pub(crate) fn begin(&mut self, call_id: &str, account: Option<AccountId>) {
        if !self.kept.contains_key(call_id) {
            self.open(call_id, Class::Running, account);
        }
        self.sort_in(call_id, Class::Running, account);
    }

    /// The Call-ID belongs to a question of ours that is no call.
    pub(crate) fn ask(&mut self, call_id: &str, account: AccountId) {
        if !self.kept.contains_key(call_id) {
            self.open(call_id, Class::Done, Some(account));
        }
    }

    /// Its call has ended.
    pub(crate) fn end(&mut self, call_id: &str) {
        let nobodys = self.kept.get(call_id).is_some_and(|kept| kept.account.is_none());
        self.sort_in(call_id, if nobodys { Class::Stranger } else { Class::Done }, None);
    }

    pub(crate) fn get(&self, call_id: &str) -> Option<Trace> {
        Some(self.kept.get_key_value(call_id)?).map(|(key, kept)| kept.trace(key))
    }

    /// All that is kept, the first to go first: Call-ID, account, messages.
    pub(crate) fn all(
        &self,
    ) -> impl Iterator<Item = (&str, Option<AccountId>, impl Iterator<Item = &TracedMessage> + Clone)> {
        let kept = self.order.values().filter_map(|key| Some((&**key, self.kept.get(key)?)));
        kept.map(|(key, kept)| (key, kept.account, kept.messages()))
    }

    fn open(&mut self, call_id: &str, class: Class, account: Option<AccountId>) {
        let key: Arc<str> = call_id.into();
        self.serial += 1;
        let kept = Kept {
            class,
            since: self.serial,
            account,
            first: Vec::new(),
            last: VecDeque::new(),
            left_out: 0,
            bytes: EXCHANGE + call_id.len(),
        };
        self.count(class, 0, kept.bytes);
        self.order.insert((class, self.serial), Arc::clone(&key));
        self.kept.insert(key, kept);
    }

    fn sort_in(&mut self, call_id: &str, class: Class, account: Option<AccountId>) {
        let Some(kept) = self.kept.get_mut(call_id) else { return };
        kept.account = kept.account.or(account);
        if kept.class == class {
            return;
        }
        let (was, bytes) = ((kept.class, kept.since), kept.bytes);
        self.serial += 1;
        (kept.class, kept.since) = (class, self.serial);
        if let Some(key) = self.order.remove(&was) {
            self.order.insert((class, self.serial), key);
        }
        self.count(was.0, bytes, 0);
        self.count(class, 0, bytes);
    }

    fn count(&mut self, class: Class, before: usize, after: usize) {
        self.bytes = self.bytes.saturating_sub(before) + after;
        if class == Class::Stranger {
            self.strangers = self.strangers.saturating_sub(before) + after;
        }
    }

    /// Lets go of others until the bounds are kept; of `newest` itself only when nothing else is left.
    fn make_room(&mut self, newest: &str) {
        while self.strangers > self.limits.bytes / 4 {
            let first = self.order.range(..(Class::Done, 0)).map(|(at, _)| *at).next();
            let Some(first) = first else { break };
            self.forget(first);
        }
        while self.bytes > self.limits.bytes {
            let others = self.order.iter().filter(|(_, key)| ***key != *newest);
            let Some(first) = others.map(|(at, _)| *at).next().or_else(|| self.order.keys().next().copied())
            else {
                break;
            };
            self.forget(first);
        }
    }

    fn forget(&mut self, at: (Class, u64)) {
        if let Some(kept) = self.order.remove(&at).and_then(|key| self.kept.remove(&key)) {
            self.count(kept.class, kept.bytes, 0);
        }
    }
}

impl Kept {
    fn messages(&self) -> impl Iterator<Item = &TracedMessage> + Clone {
        self.first.iter().chain(&self.last)
    }

    fn has(&self, sent: bool, length: usize, bytes: &[u8]) -> bool {
        let same =
            |other: &TracedMessage| other.sent == sent && other.length == length && *other.bytes == *bytes;
        self.messages().any(same)
    }

    fn push(&mut self, message: TracedMessage, most: usize) {
        self.bytes += MESSAGE + message.bytes.len();
        let most = most.max(2);
        if self.first.len() < most / 2 {
            return self.first.push(message);
        }
        self.last.push_back(message);
        if self.last.len() > most - most / 2 {
            self.left_out = self.left_out.saturating_add(1);
            let gone = self.last.pop_front().map_or(0, |gone| MESSAGE + gone.bytes.len());
            self.bytes = self.bytes.saturating_sub(gone);
        }
    }

    fn trace(&self, call_id: &str) -> Trace {
        let mut messages: Vec<_> = self.messages().cloned().collect();
        // Which port of ours a connection has shows what came over it: the next message, else the last one before.
        for at in 0..messages.len() {
            let flow = messages[at].flow;
            if messages[at].sent && flow.transport.is_reliable() {
                let came = |other: &&TracedMessage| !other.sent && other.flow == flow;
                let other = messages[at..].iter().find(came);
                if let Some(local) = other.or(messages[..at].iter().rfind(came)).map(|other| other.local) {
                    messages[at].local = local;
                }
            }
        }
        let account = self.account;
        let gap = self.first.len();
        Trace { sip_call_id: call_id.to_owned(), account, messages, left_out: self.left_out, gap }
    }
}

/// The Call-ID of a message whose other fields may be anything.
fn call_id(message: &[u8]) -> Option<&[u8]> {
    let mut rest = message;
    let mut started = false;
    while let Some(end) = memchr::memchr(b'\n', rest) {
        let line = &rest[..end];
        rest = &rest[end + 1..];
        match line.first() {
            Some(b'c' | b'C' | b'i' | b'I') => {
                let colon = memchr::memchr(b':', line).unwrap_or(0);
                let name = line[..colon].trim_ascii();
                let value = line[colon..].get(1..).unwrap_or_default().trim_ascii();
                let found = name.eq_ignore_ascii_case(b"Call-ID") || name.eq_ignore_ascii_case(b"i");
                if found && !value.is_empty() {
                    return Some(value);
                }
            }
            None | Some(b'\r') if line.len() <= 1 => {
                if started {
                    return None;
                }
                continue;
            }
            _ => {}
        }
        started = true;
    }
    None
}

/// Bytes that a message and an entry of the tables cost besides their text, roughly.
const MESSAGE: usize = 160;
const EXCHANGE: usize = 320;

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "a start instant is needed; the simulated clock runs from there"
    )]

    use std::time::Duration;

    use super::*;
    use crate::transport::TransportKind;

    struct Wire {
        traces: Traces,
        now: Instant,
    }

    impl Wire {
        fn new(bytes: usize, messages: usize) -> Self {
            let now = Instant::now();
            let limits = TraceLimits { bytes, messages, message_bytes: 1000 };
            Self { traces: Traces::new(limits, now), now }
        }

        fn says(&mut self, call: &str, sent: bool, text: &str) {
            self.now += Duration::from_millis(1);
            self.traces.pass(self.now);
            let flow = Flow { transport: TransportKind::Udp, peer: ([192, 0, 2, 1], 5060).into() };
            let message = format!("MESSAGE {text}\r\nCall-ID: {call}\r\n\r\n");
            self.traces.record(sent, flow, ([192, 0, 2, 10], 5060).into(), message.as_bytes());
            let counted: usize = self.traces.kept.values().map(|kept| kept.bytes).sum();
            assert_eq!(self.traces.bytes(), counted);
            assert_eq!(self.traces.order.len(), self.traces.kept.len());
            assert!(counted <= self.traces.limits.bytes, "{counted}");
        }

        fn calls(&self) -> Vec<&str> {
            self.traces.all().map(|(call, ..)| call).collect()
        }
    }

    #[test]
    fn the_call_id_is_found_whatever_stands_around() {
        for message in [
            "INVITE x\r\nContact: i\r\nCall-ID: a@b\r\n\r\n",
            "\r\n\r\nx\r\ni:a@b\r\n",
            "x\nCALL-ID :\ta@b \n\n",
            "x\r\nCall-ID:\r\ni: a@b\r\nCall-ID: later\r\n\r\n",
        ] {
            assert_eq!(call_id(message.as_bytes()), Some(&b"a@b"[..]), "{message}");
        }
        for message in ["", "x\r\n\r\nCall-ID: body\r\n", "x\r\nc\r\n", "Call-ID: unfinished"] {
            assert_eq!(call_id(message.as_bytes()), None, "{message}");
        }
    }

    #[test]
    fn a_call_keeps_its_first_and_its_last_messages() {
        let mut wire = Wire::new(100_000, 4);
        wire.traces.begin("a", None);
        for number in 0..7 {
            wire.says("a", true, &number.to_string());
        }
        let trace = wire.traces.get("a").unwrap();
        let texts: Vec<_> = trace.messages.iter().map(|message| message.bytes[8]).collect();
        assert_eq!((texts.as_slice(), trace.left_out, trace.gap), (&b"0156"[..], 3, 2));
        assert!(trace.messages.windows(2).all(|pair| pair[0].at < pair[1].at));
    }

    #[test]
    fn the_same_bytes_the_same_way_are_a_retransmission() {
        let mut wire = Wire::new(100_000, 10);
        wire.says("a", true, "x");
        wire.says("a", false, "x");
        wire.says("a", true, "x");
        wire.says("a", true, "y");
        let repeated: Vec<_> =
            wire.traces.get("a").unwrap().messages.iter().map(|message| message.repeated).collect();
        assert_eq!(repeated, [false, false, true, false]);
    }

    #[test]
    fn a_long_message_is_cut_and_says_how_long_it_was() {
        let mut wire = Wire::new(100_000, 10);
        wire.says("a", true, "x");
        wire.says("a", true, &"x".repeat(2000));
        // The Call-ID stands behind the cut, and is found.
        let trace = wire.traces.get("a").unwrap();
        assert_eq!(trace.messages[1].bytes.len(), 1000);
        assert_eq!(trace.messages[1].length, 2000 + trace.messages[0].length - 1);
    }

    #[test]
    fn strangers_go_first_then_what_ended_first() {
        let size = EXCHANGE + 1 + MESSAGE + 30;
        let mut wire = Wire::new(size * 5, 10);
        for call in ["1", "2", "3"] {
            wire.traces.begin(call, Some(AccountId(0)));
            wire.says(call, true, "x");
        }
        wire.says("s", false, "x");
        wire.traces.end("3");
        wire.traces.end("1");
        assert_eq!(wire.calls(), ["s", "3", "1", "2"]);
        wire.traces.begin("4", Some(AccountId(0)));
        wire.says("4", true, "x");
        wire.traces.begin("5", Some(AccountId(0)));
        wire.says("5", true, "x");
        assert_eq!(wire.calls(), ["3", "1", "2", "4", "5"]);
        wire.traces.begin("6", Some(AccountId(0)));
        wire.says("6", true, "x");
        assert_eq!(wire.calls(), ["1", "2", "4", "5", "6"]);
        // Another message of a call that is gone begins anew, as a stranger's.
        wire.says("3", true, "x");
        assert_eq!(wire.calls(), ["3", "2", "4", "5", "6"]);
    }

    #[test]
    fn a_flood_of_strangers_takes_a_quarter_at_most() {
        let mut wire = Wire::new(40_000, 10);
        wire.traces.begin("mine", Some(AccountId(0)));
        wire.says("mine", true, "x");
        wire.traces.end("mine");
        for number in 0..500 {
            wire.says(&format!("scan{number}"), false, "x");
        }
        assert!(wire.traces.strangers <= 10_000 && wire.calls().len() > 10);
        assert!(wire.traces.get("mine").is_some() && wire.traces.get("scan0").is_none());
        assert!(wire.traces.get("scan499").is_some());
    }

    #[test]
    fn what_alone_is_too_large_is_not_kept() {
        let mut wire = Wire::new(900, 10);
        wire.traces.begin("a", None);
        for _ in 0..9 {
            wire.says("a", true, "x");
        }
        assert!(wire.traces.bytes() <= 900);
    }

    #[test]
    fn over_a_connection_our_port_is_the_one_that_answers_came_to() {
        let mut wire = Wire::new(100_000, 10);
        let flow = Flow { transport: TransportKind::Tcp, peer: ([192, 0, 2, 1], 5060).into() };
        let (listener, own): (SocketAddr, SocketAddr) =
            (([192, 0, 2, 10], 5060).into(), ([192, 0, 2, 10], 41_000).into());
        for (sent, local) in [(true, listener), (false, own), (true, listener)] {
            // An ACK of a refusal is answered by nobody.
            wire.traces.record(sent, flow, local, b"x\r\nCall-ID: a\r\n\r\n");
        }
        let locals: Vec<_> =
            wire.traces.get("a").unwrap().messages.iter().map(|message| message.local).collect();
        assert_eq!(locals, [own, own, own]);
    }
}
