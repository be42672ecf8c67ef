use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::time::Instant;

use media::RtpSocket;
use media::engine::Engine;
use media::types::{Command, Endpoint, SessionId};
use sip_stack::message::Request;
use sip_stack::sdp::{Capabilities, CodecName, CodecSpec, Negotiated, RtcpMux};
use sip_stack::ua::{CallId, Event, HangupReason, Rejection, UserAgent};

use super::ExchangeConfig;
use super::callee::{Behaviour, Pace, Step};
use crate::stream::stream_params;

/// The calls of the practice exchange. Sans-IO but for the media engine: scripts advance by [`Lines::handle_timeout`].
pub(super) struct Lines {
    engine: Engine,
    address: IpAddr,
    ports: RangeInclusive<u16>,
    pace: Pace,
    lines: HashMap<CallId, Line>,
    /// How often each number was called, for callees that behave differently the second time.
    called: HashMap<String, u32>,
    next_session: u64,
}

struct Line {
    session: SessionId,
    capabilities: Capabilities,
    script: VecDeque<Step>,
    /// The script stands still until then.
    wait: Option<Instant>,
    /// What the caller hears now.
    endpoint: Endpoint,
    started: bool,
}

impl Lines {
    pub(super) fn new(config: &ExchangeConfig, engine: Engine) -> Self {
        Self {
            engine,
            address: config.listen.ip(),
            ports: config.ports.clone(),
            pace: config.pace,
            lines: HashMap::new(),
            called: HashMap::new(),
            next_session: 0,
        }
    }

    /// A call of the registered user to one of the callees.
    pub(super) fn incoming(&mut self, ua: &mut UserAgent, call: CallId, request: &Request, now: Instant) {
        let number = request.uri.user().unwrap_or_default().to_owned();
        let behaviour = Behaviour::of_number(&number);
        let Ok(socket) = RtpSocket::bind(self.address, self.ports.clone()) else {
            return ua.reject(call, Rejection::new(503), now);
        };
        if self.called.len() > REMEMBERED {
            self.called.clear();
        }
        let times = self.called.entry(number.clone()).or_insert(0);
        *times += 1;
        let variant = number.bytes().last().map_or(0, u32::from);
        let script = behaviour.script(variant, *times > 1, self.pace).into();
        tracing::info!(?behaviour, times = *times, "a callee is called");
        self.next_session += 1;
        let session = SessionId(self.next_session);
        let capabilities = capabilities(self.address, socket.port());
        let _ = self.engine.try_send(Command::OpenSession { session, socket, endpoint: Endpoint::Silence });
        let line =
            Line { session, capabilities, script, wait: None, endpoint: Endpoint::Silence, started: false };
        self.lines.insert(call, line);
        self.step(ua, call, now);
    }

    pub(super) fn on_sip(&mut self, event: Event) {
        match event {
            Event::EarlyMedia { call, media }
            | Event::Answered { call, media }
            | Event::MediaChanged { call, media } => {
                self.stream(call, &media);
            }
            Event::Ended { call, .. } => {
                if let Some(line) = self.lines.remove(&call) {
                    let _ = self.engine.try_send(Command::Close { session: line.session });
                }
            }
            _ => {}
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.lines.values().filter_map(|line| line.wait).min()
    }

    pub(super) fn handle_timeout(&mut self, ua: &mut UserAgent, now: Instant) {
        let due: Vec<CallId> = self
            .lines
            .iter()
            .filter(|(_, line)| line.wait.is_some_and(|at| at <= now))
            .map(|(call, _)| *call)
            .collect();
        for call in due {
            if let Some(line) = self.lines.get_mut(&call) {
                line.wait = None;
            }
            self.step(ua, call, now);
        }
    }

    /// Does what the script says until it says to wait.
    fn step(&mut self, ua: &mut UserAgent, call: CallId, now: Instant) {
        while let Some(line) = self.lines.get_mut(&call) {
            let Some(step) = line.script.pop_front() else { return };
            match step {
                Step::Wait(time) => {
                    line.wait = Some(now + time);
                    return;
                }
                Step::Early(plan) => {
                    line.endpoint = Endpoint::Clip(plan);
                    let capabilities = line.capabilities.clone();
                    ua.early_media(call, &capabilities, now);
                }
                Step::Answer(endpoint) => {
                    line.endpoint = endpoint.clone();
                    let capabilities = line.capabilities.clone();
                    let (session, started) = (line.session, line.started);
                    ua.answer(call, &capabilities, now);
                    if started {
                        let _ = self.engine.try_send(Command::SetEndpoint { session, endpoint });
                    }
                }
                Step::Go(endpoint) => {
                    let session = line.session;
                    let _ = self.engine.try_send(Command::SetEndpoint { session, endpoint });
                }
                Step::Reject { code, cause, text } => {
                    let headers = cause
                        .map(|cause| (String::from("Reason"), format!("Q.850;cause={cause};text=\"{text}\"")))
                        .into_iter()
                        .collect();
                    ua.reject(call, Rejection { code, reason: None, headers }, now);
                }
                Step::HangUp => ua.hangup(call, HangupReason::Normal, now),
            }
        }
    }

    fn stream(&mut self, call: CallId, media: &Negotiated) {
        let Some(line) = self.lines.get_mut(&call) else { return };
        let (session, params) = (line.session, stream_params(media, None, None));
        if line.started {
            let _ = self.engine.try_send(Command::Update { session, params });
        } else {
            line.started = true;
            let endpoint = line.endpoint.clone();
            let _ = self.engine.try_send(Command::SetEndpoint { session, endpoint });
            let _ = self.engine.try_send(Command::Start { session, params });
        }
    }
}

fn capabilities(address: IpAddr, port: u16) -> Capabilities {
    let codecs = [CodecName::Pcmu, CodecName::Pcma, CodecName::G722, CodecName::Opus].map(CodecSpec::new);
    Capabilities { codecs: codecs.to_vec(), rtcp_mux: RtcpMux::Answer, ..Capabilities::new(address, port) }
}

/// Numbers whose count is remembered; then counting begins anew.
const REMEMBERED: usize = 100_000;
