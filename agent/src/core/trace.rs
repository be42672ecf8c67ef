//! `call.trace`: which messages are meant, and how they are shown.

use std::time::Duration;

use protocol::params::CallTrace;
use protocol::result::{TraceDirection, TraceMedia, TraceMessage, TraceResult};
use protocol::{Detail, ErrorCode, RpcError};
use sip_stack::trace::{Mask, Trace, TracedMessage};
use store::AttemptId;

use super::command::respond;
use super::past::PastCall;
use super::seat::Reply;
use super::{Core, SeatIndex};
use crate::clock::Now;
use crate::control::roles::resolve_seat;
use crate::control::{Audience, Who, base64};
use crate::off_thread::off_thread_for_client;

/// What a trace is to show, taken from the core so that another thread can work on it.
struct Subject {
    call: Option<PastCall>,
    seat: Option<String>,
    account: Option<String>,
    traces: Vec<Trace>,
}

impl Core {
    pub(super) fn call_trace(&mut self, p: CallTrace, who: Who, reply: Reply, now: Now) {
        let subject = self.subject(&p, &who).and_then(|subject| {
            // What belongs to no seat is for those who monitor.
            let whose = subject.seat.as_deref().map_or(Audience::Monitors, Audience::seat);
            match self.people.directory().hears(&who, &whose) {
                true => Ok(subject),
                false => Err(RpcError::with_detail(
                    ErrorCode::Permission,
                    ("別の席の通話です", "a call of another seat"),
                )),
            }
        });
        let subject = match subject {
            Ok(subject) => subject,
            Err(error) => return respond::<TraceResult>(reply, Err(error)),
        };
        if p.unmasked {
            let attempt = subject.call.as_ref().map(|call| call.attempt.to_string());
            tracing::info!(
                uid = who.uid,
                attempt,
                account = subject.account,
                "SIP messages shown with whole numbers"
            );
        }
        let unmasked = p.unmasked;
        self.spawn(reply, async move {
            // Megabytes may have to be gone through: not on the thread of the calls.
            off_thread_for_client(move || show(&subject, unmasked, now)).await
        });
    }

    fn subject(&self, p: &CallTrace, who: &Who) -> Result<Subject, RpcError> {
        match (&p.account, p.call.as_deref().map(str::trim)) {
            (Some(_), Some(_)) => Err(RpcError::with_detail(
                ErrorCode::BadRequest,
                ("通話かアカウントのどちらか一方です", "a call or an account"),
            )),
            (Some(account), None) => self.account_subject(account),
            (None, None | Some("" | "last")) => {
                let seat = resolve_seat(&self.people.directory(), who, p.seat.as_deref())?;
                self.last_call(seat).and_then(|call| self.call_subject(call)).ok_or_else(no_trace)
            }
            (None, Some(name)) => self.named_subject(name),
        }
    }

    /// The running call, else the last one.
    fn last_call(&self, seat: SeatIndex) -> Option<PastCall> {
        let attempt = self.seats[seat].dialer.attempt().map(|attempt| AttemptId(attempt.0));
        let running = attempt.and_then(|attempt| self.calls.get(&attempt)).and_then(PastCall::of);
        let past = || self.past.iter().rfind(|call| call.seat == seat && call.parent.is_none()).cloned();
        running.or_else(past)
    }

    fn named_subject(&self, name: &str) -> Result<Subject, RpcError> {
        let id = name.to_ascii_uppercase();
        let named = |attempt: AttemptId| {
            let attempt = attempt.to_string();
            id.len() >= SHORTEST_END && (attempt.ends_with(&id) || attempt.starts_with(&id))
        };
        let running = self.calls.values().filter(|call| named(call.attempt)).filter_map(PastCall::of);
        let mut found: Vec<_> =
            self.past.iter().filter(|call| named(call.attempt)).cloned().chain(running).collect();
        match (found.pop(), found.is_empty()) {
            (Some(_), false) => Err(RpcError::with_detail(ErrorCode::Ambiguous, Detail::name(name))),
            (Some(call), true) => self.call_subject(call).ok_or_else(no_trace),
            (None, _) => self.dialog_subject(name).ok_or_else(no_trace),
        }
    }

    /// By SIP Call-ID: also of a call that was turned away and has no attempt.
    fn dialog_subject(&self, sip_call_id: &str) -> Option<Subject> {
        let running = self.calls.values().filter_map(PastCall::of);
        let mut calls = self.past.iter().cloned().chain(running);
        if let Some(call) = calls.find(|call| call.sip_call_id == sip_call_id) {
            return self.call_subject(call);
        }
        let traces = self.with_related(sip_call_id)?;
        Some(Subject { call: None, seat: None, account: self.account_of(&traces), traces })
    }

    fn call_subject(&self, call: PastCall) -> Option<Subject> {
        let mut traces = self.with_related(&call.sip_call_id)?;
        // Whom the operator asked belongs to the call that it was about.
        let running = self.calls.values().filter_map(PastCall::of);
        for asked in
            self.past.iter().cloned().chain(running).filter(|asked| asked.parent == Some(call.attempt))
        {
            if traces.iter().all(|trace| trace.sip_call_id != asked.sip_call_id) {
                traces.extend(self.ua.trace(&asked.sip_call_id));
            }
        }
        let seat = Some(self.seats[call.seat].name.clone());
        Some(Subject { seat, account: self.account_of(&traces), call: Some(call), traces })
    }

    fn account_subject(&self, name: &str) -> Result<Subject, RpcError> {
        let account = self.accounts.iter().find(|account| account.config.name == name);
        let account = account.ok_or_else(|| {
            let known: Vec<_> = self.accounts.iter().map(|account| account.config.name.as_str()).collect();
            let known = known.join(", ");
            let detail = (format!("アカウント {name} ({known})"), format!("account {name} ({known})"));
            RpcError::with_detail(ErrorCode::NotFound, detail)
        })?;
        let mut traces = self.ua.account_traces(account.id);
        // Calls with an attempt are shown by themselves; those that were turned away are not.
        let known = |id: &str| {
            self.past.iter().any(|call| call.sip_call_id == id)
                || self.calls.values().any(|call| call.sip_call_id.as_deref() == Some(id))
        };
        traces.retain(|trace| !known(&trace.sip_call_id));
        if traces.is_empty() {
            return Err(no_trace());
        }
        Ok(Subject { call: None, seat: None, account: Some(name.to_owned()), traces })
    }

    fn with_related(&self, sip_call_id: &str) -> Option<Vec<Trace>> {
        let mut traces = vec![self.ua.trace(sip_call_id)?];
        let mut at = 0;
        // One call may have taken the place of another that had taken one.
        while let Some(trace) = traces.get(at).filter(|_| traces.len() < MOST_DIALOGS) {
            let related = self.ua.related_traces(&trace.sip_call_id);
            for other in related {
                if traces.iter().all(|known| known.sip_call_id != other.sip_call_id) {
                    traces.push(other);
                }
            }
            at += 1;
        }
        Some(traces)
    }

    fn account_of(&self, traces: &[Trace]) -> Option<String> {
        let id = traces.first()?.account?;
        self.accounts.iter().find(|account| account.id == id).map(|account| account.config.name.clone())
    }
}

fn no_trace() -> RpcError {
    ErrorCode::NoTrace.into()
}

fn show(subject: &Subject, unmasked: bool, now: Now) -> TraceResult {
    let mask = mask(subject, unmasked);
    let mut found: Vec<(usize, &TracedMessage, u32)> = Vec::new();
    for (dialog, trace) in subject.traces.iter().enumerate() {
        found.extend(trace.messages.iter().enumerate().map(|(at, message)| {
            let left_out = if at == trace.gap { trace.left_out } else { 0 };
            (dialog, message, left_out)
        }));
    }
    found.sort_by_key(|(_, message, _)| message.at);
    let dropped = found.len().saturating_sub(MOST_MESSAGES);
    if let Some((_, _, left_out)) = found.get_mut(dropped).filter(|_| dropped > 0) {
        *left_out += u32::try_from(dropped).unwrap_or(u32::MAX);
    }
    let found = &found[dropped..];
    let first = found.first().map_or(now.mono, |(_, message, _)| message.at);
    // The wall clock is asked once: between the messages counts the clock that nobody corrects.
    let millis = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    let began = now.wall - millis(now.mono.saturating_duration_since(first));
    let messages = found.iter().map(|&(dialog, message, left_out_before)| {
        let offset = message.at.saturating_duration_since(first);
        shown_message(
            message,
            &mask,
            TraceMessage {
                dialog,
                at: began + millis(offset),
                offset_us: u64::try_from(offset.as_micros()).unwrap_or(u64::MAX),
                direction: if message.sent { TraceDirection::Sent } else { TraceDirection::Received },
                transport: message.flow.transport.via_token().to_ascii_lowercase(),
                local: message.local.to_string(),
                peer: message.flow.peer.to_string(),
                line: String::new(),
                cseq: None,
                repeated: message.repeated,
                left_out_before,
                length: message.length as u64,
                text: String::new(),
                base64: None,
            },
        )
    });
    TraceResult {
        attempt: subject.call.as_ref().map(|call| call.attempt.to_string()),
        seat: subject.seat.clone(),
        account: subject.account.clone(),
        direction: subject.call.as_ref().map(|call| call.direction),
        masked: !unmasked,
        sip_call_ids: subject.traces.iter().map(|trace| mask.token(&trace.sip_call_id)).collect(),
        messages: messages.collect(),
        media: subject.call.as_ref().and_then(media),
    }
}

fn mask(subject: &Subject, unmasked: bool) -> Mask {
    if unmasked {
        return Mask::secrets();
    }
    let mut mask = Mask::new();
    for number in subject.call.iter().flat_map(|call| &call.numbers) {
        mask.know(number);
    }
    for message in subject.traces.iter().flat_map(|trace| &trace.messages) {
        mask.learn(&message.bytes);
    }
    mask
}

fn shown_message(message: &TracedMessage, mask: &Mask, shown: TraceMessage) -> TraceMessage {
    let bytes = mask.apply(&message.bytes);
    let (text, base64) = match String::from_utf8(bytes) {
        Ok(text) => (text, None),
        Err(error) => {
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            (text, Some(base64::encode(error.as_bytes())))
        }
    };
    let mut lines = text.lines().skip_while(|line| line.is_empty()).take_while(|line| !line.is_empty());
    let line = lines.next().unwrap_or_default().to_owned();
    let cseq = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("CSeq").then(|| value.trim().to_owned())
    });
    TraceMessage { line, cseq, text, base64, ..shown }
}

fn media(call: &PastCall) -> Option<TraceMedia> {
    let stats = call.stats?;
    // A tenth of a millisecond is what such a figure is good for.
    let tenths = |ms: f32| (f64::from(ms) * 10.0).round() / 10.0;
    Some(TraceMedia {
        codec: call.codec.map(str::to_owned),
        packets_sent: stats.packets_sent,
        packets_received: stats.packets_received,
        lost: stats.lost,
        late: stats.late,
        reordered: stats.reordered,
        jitter_ms: tenths(stats.jitter_ms),
        concealed_ms: stats.concealed_ms,
        rtt_ms: stats.rtt_ms.map(tenths),
        remote_lost: stats.remote_lost,
        remote_jitter_ms: stats.remote_jitter_ms.map(tenths),
    })
}

/// A chain of calls in each other's place ends somewhere.
const MOST_DIALOGS: usize = 8;
/// The end of an attempt's id that is enough to name it.
const SHORTEST_END: usize = 4;
/// The latest messages of an account that asks every minute fill pages; who wants more asks for a call.
const MOST_MESSAGES: usize = 400;
