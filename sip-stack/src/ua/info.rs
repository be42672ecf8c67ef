//! INFO inside a call: digits in both directions (RFC 2976, RFC 6086; `application/dtmf-relay`, `application/dtmf`).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::UserAgent;
use super::auth::AuthTries;
use super::call::{Call, ClientUse};
use super::event::{CallId, DtmfError, EndedBy, Event, HangupReason};
use super::timer::UaTimer;
use crate::message::{HeaderName, Method, Request, Response};
use crate::transaction::TransactionId;

/// Digits of ours that wait for their INFO.
#[derive(Debug, Default)]
pub(crate) struct Digits {
    waiting: VecDeque<char>,
    /// The INFO under way with its digit.
    pending: Option<(TransactionId, char)>,
    /// No further digit before this.
    not_before: Option<Instant>,
    tries: AuthTries,
    /// True once the peer refused `application/dtmf-relay` with 415.
    plain: bool,
}

impl UserAgent {
    /// Sends digits by INFO, one after the other: the next one leaves when the last is answered and its tone is over.
    /// `Event::DtmfFailed` comes when the peer refuses one; the rest is dropped then. Case does not matter.
    ///
    /// # Errors
    /// Nothing was sent: see [`DtmfError`].
    pub fn send_digits(&mut self, call: CallId, digits: &str, now: Instant) -> Result<(), DtmfError> {
        let entry = self.calls.get_mut(&call).filter(|entry| !entry.ended).ok_or(DtmfError::UnknownCall)?;
        if entry.established().is_none() {
            return Err(DtmfError::NotEstablished);
        }
        let digits: Vec<char> = digits.chars().map(|digit| digit.to_ascii_uppercase()).collect();
        if digits.is_empty() || !digits.iter().all(|digit| DIGITS.contains(*digit)) {
            return Err(DtmfError::InvalidDigit);
        }
        let queue = &mut entry.usages.digits;
        if queue.waiting.len() + digits.len() > MAX_DIGITS {
            return Err(DtmfError::TooMany);
        }
        queue.waiting.extend(digits);
        self.next_digit(call, now);
        self.pump(now);
        Ok(())
    }

    /// Sends the next digit where it may go now.
    pub(crate) fn next_digit(&mut self, id: CallId, now: Instant) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let account = call.account;
        let digits = &mut call.usages.digits;
        if digits.pending.is_some() || digits.waiting.is_empty() {
            return;
        }
        if let Some(at) = digits.not_before.filter(|at| *at > now) {
            self.timers.set(UaTimer::NextDigit(id), at);
            return;
        }
        let plain = digits.plain;
        let Some(digit) = digits.waiting.pop_front() else { return };
        let Some(established) = call.established() else { return };
        let mut request = established.dialog.request(Method::Info);
        let hop = established.dialog.next_hop();
        if plain {
            request.headers.push(HeaderName::CONTENT_TYPE, DTMF);
            request.body = digit.to_string().into_bytes();
        } else {
            request.headers.push(HeaderName::CONTENT_TYPE, DTMF_RELAY);
            request.body = format!("Signal={digit}\r\nDuration={}\r\n", TONE.as_millis()).into_bytes();
        }
        self.authorize(account, &mut request);
        let (transaction, _) = self.send_request(request, hop, ClientUse::Info(id), now);
        if let Some(call) = self.calls.get_mut(&id) {
            call.usages.digits.pending = Some((transaction, digit));
            call.usages.digits.not_before = Some(now + TONE + PAUSE);
        }
    }

    pub(crate) fn info_response(&mut self, id: CallId, tx: TransactionId, response: &Response, now: Instant) {
        if response.code < 200 {
            return;
        }
        let Some(call) = self.calls.get_mut(&id) else { return };
        let account = call.account;
        let digits = &mut call.usages.digits;
        let Some((_, digit)) = digits.pending.take_if(|(pending, _)| *pending == tx) else { return };
        let mut again = response.code == 415 && !digits.plain;
        digits.plain |= again;
        if matches!(response.code, 401 | 407) {
            let mut tries = std::mem::take(&mut digits.tries);
            again = self.may_answer(account, &mut tries, response);
            if let Some(call) = self.calls.get_mut(&id) {
                call.usages.digits.tries = tries;
            }
        }
        let Some(call) = self.calls.get_mut(&id) else { return };
        let digits = &mut call.usages.digits;
        match response.code {
            200..=299 => {
                digits.tries = AuthTries::default();
                self.next_digit(id, now);
            }
            _ if again => {
                // It was not heard, so it need not be waited for.
                digits.not_before = None;
                digits.waiting.push_front(digit);
                self.next_digit(id, now);
            }
            481 => {
                let mut end = call.end(EndedBy::Remote);
                end.take_response(response);
                self.leave(id, HangupReason::Failure, end, now);
            }
            code => self.digits_failed(id, Some(code)),
        }
    }

    pub(crate) fn info_unanswered(&mut self, id: CallId, tx: TransactionId) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        if call.usages.digits.pending.take_if(|(pending, _)| *pending == tx).is_some() {
            self.digits_failed(id, None);
        }
    }

    fn digits_failed(&mut self, id: CallId, code: Option<u16>) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        call.usages.digits.waiting.clear();
        self.events.push_back(Event::DtmfFailed { call: id, code });
    }

    /// The peer's INFO. Digits are told; an empty one is a keep-alive and gets its 200; an Info Package (RFC 6086 4.2.2)
    /// and every other body is refused, so that the peer does not believe that somebody acts on it.
    pub(crate) fn peer_info(&mut self, id: CallId, tx: TransactionId, request: &Request, now: Instant) {
        let kind = request.headers.content_type();
        if request.headers.contains(&HeaderName::INFO_PACKAGE) {
            let mut response = self.response(request, 469, "Bad Info Package");
            // The packages that we take: none.
            response.headers.push(HeaderName::RECV_INFO, "");
            self.counters.refused += 1;
            self.layer.respond(tx, &response, now);
            return;
        }
        let heard = match kind.as_deref() {
            _ if request.body.is_empty() => return self.refuse(tx, request, 200, now),
            Some(DTMF_RELAY) => relayed_digit(&request.body),
            Some(DTMF) => plain_digit(&request.body),
            _ => {
                let mut response = self.response(request, 415, "");
                response.headers.push(HeaderName::ACCEPT, format!("{DTMF_RELAY}, {DTMF}"));
                self.counters.refused += 1;
                self.layer.respond(tx, &response, now);
                return;
            }
        };
        let Some((digit, duration)) = heard else { return self.refuse(tx, request, 400, now) };
        self.refuse(tx, request, 200, now);
        if self.calls.get(&id).is_some_and(|call: &Call| !call.ended) {
            self.events.push_back(Event::Dtmf { call: id, digit, duration });
        }
    }
}

/// `Signal=5` and `Duration=160` (milliseconds), one per line, with or without blanks around `=`.
fn relayed_digit(body: &[u8]) -> Option<(char, Duration)> {
    let text = std::str::from_utf8(body).ok()?;
    let field = |wanted: &str| {
        text.lines().find_map(|line| {
            let (name, value) = line.split_once('=')?;
            name.trim().eq_ignore_ascii_case(wanted).then(|| value.trim())
        })
    };
    let digit = signal(field("Signal")?)?;
    let duration = field("Duration").and_then(|text| text.parse().ok()).map_or(TONE, Duration::from_millis);
    Some((digit, duration.min(LONGEST_TONE)))
}

/// The body is the digit. Some peers write the relay's lines under this name too.
fn plain_digit(body: &[u8]) -> Option<(char, Duration)> {
    let text = std::str::from_utf8(body).ok()?.trim();
    signal(text).map(|digit| (digit, TONE)).or_else(|| relayed_digit(body))
}

/// A digit as itself, or as its event code (RFC 4733 3.2) as some gateways write it.
fn signal(text: &str) -> Option<char> {
    let mut signs = text.chars();
    if let (Some(digit), None) = (signs.next(), signs.next()) {
        let digit = digit.to_ascii_uppercase();
        return DIGITS.contains(digit).then_some(digit);
    }
    DIGITS.chars().nth(text.parse().ok().filter(|code| (10..16).contains(code))?)
}

/// In the order of their event codes.
const DIGITS: &str = "0123456789*#ABCD";
const DTMF_RELAY: &str = "application/dtmf-relay";
const DTMF: &str = "application/dtmf";
/// Digits that may wait per call.
const MAX_DIGITS: usize = 64;
/// What a gateway is to play, and the silence after it.
const TONE: Duration = Duration::from_millis(160);
const PAUSE: Duration = Duration::from_millis(80);
const LONGEST_TONE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_with_digits() {
        let relay = |text: &str| relayed_digit(text.as_bytes());
        assert_eq!(relay("Signal=5\r\nDuration=160\r\n"), Some(('5', Duration::from_millis(160))));
        assert_eq!(relay("Signal= 11\nDuration = 100"), Some(('#', Duration::from_millis(100))));
        assert_eq!(relay("signal=d\r\n"), Some(('D', TONE)));
        assert_eq!(relay("Signal=*\r\nDuration=4000000000\r\n"), Some(('*', LONGEST_TONE)));
        for bad in ["", "Signal=\r\n", "Signal=16", "Signal=hf", "Duration=160", "\u{ff}"] {
            assert_eq!(relay(bad), None, "{bad:?}");
        }
        assert_eq!(plain_digit(b"9\r\n"), Some(('9', TONE)));
        assert_eq!(plain_digit(b"10"), Some(('*', TONE)));
        assert_eq!(plain_digit(b"Signal=3\r\nDuration=90"), Some(('3', Duration::from_millis(90))));
        assert_eq!(plain_digit(b"12345"), None);
        assert_eq!(plain_digit(&[0xff]), None);
    }
}
