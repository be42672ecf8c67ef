//! One leg of a call, without I/O.
//!
//! ```text
//!  handle_rtp ─> admission ─> jitter buffer ─> decoder ─> detectors ─> limiter ─> pull
//!  push ─> DTMF ─> encoder ─> packets ─> poll_transmit
//! ```

mod arrival;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::codec::CodecError;
use crate::coded::Coded;
use crate::dtmf::Digit;
use crate::inbound::Inbound;
use crate::limiter::Limiter;
use crate::outbound::Outbound;
use crate::outbox::Outbox;
pub use crate::outbox::{Channel, MAX_DATAGRAM, Transmit};
use crate::playout::{Playout, PlayoutCounters};
use crate::resample::Resampler;
use crate::rtcp_session::RtcpSession;
use crate::rtp::is_rtcp;
use crate::srtp::{Encryption, KeyError, Srtp, SrtpKeys};
use crate::telephone_event::EventReceiver;
use crate::tones::ToneSpec;
use crate::tones::detect::{DETECTOR_RATE, Detected, Detectors};
use crate::tones::dtmf::DtmfDetector;
use crate::types::{Codec, MediaEvent, SessionId, SessionStats, StreamParams};

/// Silence of an answered peer, from which audio is expected, after which [`MediaEvent::RtpTimeout`] is reported.
pub const RTP_TIMEOUT: Duration = Duration::from_secs(10);

/// Events that may wait. The shell drains them at each tick; beyond that the oldest are dropped.
const MAX_EVENTS: usize = 64;

/// How long the far end of a line may send back what we say.
const ECHO: Duration = Duration::from_millis(500);

/// PCM handled at a time.
const CHUNK: usize = 480;

/// One media session. It owns no socket, thread, clock or file.
///
/// **Inputs** `handle_rtp`, `handle_rtcp`, `handle_timeout`, `push`; **commands** `update`, `answered`, `send_dtmf`,
/// `bye`; **outputs** `pull`, `poll_transmit`, `poll_event`, `poll_timeout`. After any input or command,
/// drain `poll_transmit` and `poll_event` until they give `None`. `pull` and `push` are each to be called at the
/// pace of the device or, without one, of the clock: `push` once per pulled amount keeps both directions alive.
/// Neither allocates once the session has warmed up.
#[derive(Debug)]
pub struct Session {
    id: SessionId,
    params: StreamParams,
    started: Instant,
    answered: bool,
    inbound: Inbound,
    playout: Playout,
    detectors: Detectors,
    detecting: bool,
    /// Digits as tones, where the peer sends no telephone-event.
    in_band: Option<Box<DtmfDetector>>,
    /// Until then a digit heard may be the echo of one of ours.
    own_digits: Option<Instant>,
    /// To the detectors' rate, when the codec has another one.
    down: Option<Resampler>,
    limiter: Limiter,
    outbound: Outbound,
    outbox: Outbox,
    rtcp: RtcpSession,
    /// What is not encrypted under these keys is neither sent nor looked at.
    srtp: Option<Box<Srtp>>,
    /// The keys of reports on a port of their own, where a handshake makes them.
    srtp_reports: Option<Box<Srtp>>,
    events_received: EventReceiver,
    events: VecDeque<MediaEvent>,
    /// Last valid packet, or the moment from which packets are expected.
    heard: Instant,
    flowing: bool,
    timed_out: bool,
    counts: Counts,
}

/// Counters that do not belong to a part.
#[derive(Debug, Default)]
struct Counts {
    packets: u64,
    bytes: u64,
    malformed: u64,
    foreign: u64,
    unauthentic: u64,
    replayed: u64,
    /// Of playouts of former codecs, in milliseconds or packets.
    before: SessionStats,
}

impl Session {
    /// A session for what was negotiated. `seed` gives SSRC and first numbers; it must differ between sessions.
    ///
    /// # Errors
    /// [`CodecError::Opus`] when libopus cannot allocate, [`CodecError::Keys`] for keys that do not fit their profile.
    pub fn new(id: SessionId, params: StreamParams, seed: u64, now: Instant) -> Result<Self, CodecError> {
        let codec = params.codec;
        Ok(Self {
            id,
            started: now,
            answered: false,
            inbound: Inbound::new(codec.clock_rate()),
            playout: Playout::new(codec)?,
            detectors: Detectors::new(),
            detecting: true,
            in_band: in_band_detector(&params),
            own_digits: None,
            down: detector_resampler(codec),
            limiter: Limiter::new(codec.sample_rate()),
            outbound: Outbound::new(&params, seed)?,
            outbox: Outbox::default(),
            rtcp: RtcpSession::new(seed, now),
            srtp: context(&params.encryption)?,
            srtp_reports: None,
            events_received: EventReceiver::default(),
            events: VecDeque::with_capacity(MAX_EVENTS / 8),
            heard: now,
            flowing: false,
            timed_out: false,
            counts: Counts::default(),
            params,
        })
    }

    /// The id it was made with.
    pub fn id(&self) -> SessionId {
        self.id
    }

    /// Rate in Hz of `pull` and `push`; a change of codec changes it.
    pub fn rate(&self) -> u32 {
        self.params.codec.sample_rate()
    }

    /// What was negotiated last.
    pub fn params(&self) -> &StreamParams {
        &self.params
    }

    /// Where RTP goes: the address learned from the peer's packets, else the signalled one.
    pub fn remote(&self) -> SocketAddr {
        self.inbound.pinned().unwrap_or(self.params.remote)
    }

    /// Where reports go: the signalled address, as long as the peer is where it said, else the port above that of RTP; with
    /// rtcp-mux where RTP goes.
    pub fn remote_reports(&self) -> SocketAddr {
        let rtp = self.remote();
        match self.params.remote_rtcp {
            _ if self.params.rtcp_mux => rtp,
            Some(rtcp) if self.inbound.pinned().is_none_or(|pinned| pinned.ip() == rtcp.ip()) => rtcp,
            _ => SocketAddr::new(rtp.ip(), rtp.port().saturating_add(1)),
        }
    }

    // -- inputs --

    /// Lets deadlines pass; see [`Session::poll_timeout`].
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.rtcp.is_due(now) {
            self.send_rtcp(now, false);
        }
        if let Some(deadline) = self.rtp_deadline()
            && now >= deadline
        {
            self.timed_out = true;
            self.flowing = false;
            self.emit(MediaEvent::RtpTimeout { session: self.id });
        }
    }

    /// Takes local audio that another session has pulled, with the packets that it was decoded from.
    pub(crate) fn push_coded(&mut self, now: Instant, pcm: &[i16], coded: &Coded) {
        let destination = self.remote();
        self.outbound.push_coded(now, pcm, coded, destination, &mut self.outbox);
        self.handle_timeout(now);
    }

    /// Whether [`Session::coded`] is kept, for a session of the same codec that passes it on.
    pub(crate) fn keep_coded(&mut self, on: bool) {
        self.playout.keep_coded(on);
    }

    /// What was pulled last, as it came.
    pub(crate) fn coded(&mut self) -> Option<&mut Coded> {
        self.playout.coded()
    }

    /// Packets that were encoded here, and packets that were passed on.
    #[cfg(test)]
    pub(crate) fn coding(&self) -> (u64, u64) {
        (self.outbound.encoded(), self.outbound.passed())
    }

    /// Whether what the peer of another session sends can be sent to this one's as it is. Opus cannot: its decoders predict a
    /// packet's loudness from the packets before it, so that what our encoder says after another's loud packets, held down by the
    /// limiter, came out 17 dB too loud for a second.
    pub(crate) fn may_pass(&self, from: &Self) -> bool {
        self.params.codec == from.params.codec && self.params.codec != Codec::Opus
    }

    /// Takes local audio at [`Session::rate`]; full packets go to `poll_transmit`.
    pub fn push(&mut self, now: Instant, pcm: &[i16]) {
        let destination = self.remote();
        self.outbound.push(now, pcm, destination, &mut self.outbox);
        self.handle_timeout(now);
    }

    // -- commands --

    /// Takes a later description: other address, codec, directions.
    ///
    /// # Errors
    /// [`CodecError::Opus`] when libopus cannot allocate, [`CodecError::Keys`] for keys that do not fit their profile; the
    /// session then goes on as before.
    pub fn update(&mut self, now: Instant, params: StreamParams) -> Result<(), CodecError> {
        let codec_changed = params.codec != self.params.codec;
        let playout = if codec_changed { Some(Playout::new(params.codec)?) } else { None };
        match (&mut self.srtp, &params.encryption) {
            (Some(srtp), Encryption::Keys(keys)) => srtp.rekey(keys.clone())?,
            // The keys in force serve until the handshake brings others.
            (Some(_), Encryption::Dtls(_)) => {}
            (srtp, encryption) => *srtp = context(encryption)?,
        }
        if !matches!(params.encryption, Encryption::Dtls(_)) {
            self.srtp_reports = None;
        }
        self.outbound.update(&params)?;
        if let Some(playout) = playout {
            self.counts.before = self.stats();
            self.playout = playout;
            self.inbound.set_clock_rate(params.codec.clock_rate());
            self.down = detector_resampler(params.codec);
            self.limiter = Limiter::new(params.codec.sample_rate());
        }
        if params.remote != self.params.remote {
            self.inbound.unpin(now);
        }
        if params.receive && !self.params.receive {
            // What was said during the hold is not for the operator.
            self.playout.reset();
            self.heard = now;
            self.timed_out = false;
        }
        if params.receive != self.params.receive {
            self.detectors.pause();
        }
        if params.dtmf_receive_payload_type != self.params.dtmf_receive_payload_type {
            self.in_band = in_band_detector(&params);
        }
        self.params = params;
        Ok(())
    }

    /// Takes the keys of the handshake on a port; the former ones serve until the peer uses them.
    ///
    /// # Errors
    /// [`KeyError`]; what was in force stays.
    pub fn set_keys(&mut self, channel: Channel, keys: SrtpKeys) -> Result<(), KeyError> {
        match self.context_of(channel) {
            Some(srtp) => srtp.rekey(keys)?,
            none => *none = Some(Box::new(Srtp::new(keys)?)),
        }
        Ok(())
    }

    /// What encrypts on a port. Each handshake makes the keys of its own port (RFC 5764 4.1.2), keys of the signalling are those
    /// of both.
    fn context_of(&mut self, channel: Channel) -> &mut Option<Box<Srtp>> {
        match (&self.params.encryption, channel) {
            (Encryption::Dtls(_), Channel::Rtcp) => &mut self.srtp_reports,
            _ => &mut self.srtp,
        }
    }

    /// The call was answered: the peer is expected to send, and detectors go over to in-call rules.
    pub fn answered(&mut self, now: Instant) {
        if !self.answered {
            self.answered = true;
            self.heard = now;
            self.detectors.answered();
        }
    }

    /// Whether tones, FAX, beeps and speech of the peer are looked for; they are unless told.
    pub fn set_detectors(&mut self, on: bool) {
        self.detecting = on;
    }

    /// Mixes a tone to the local voice; `None` ends it.
    pub fn set_notice(&mut self, spec: Option<ToneSpec>) {
        self.outbound.set_notice(spec);
    }

    /// Queues digits; characters that are no digit are ignored. Returns how many were queued.
    pub fn send_dtmf(&mut self, digits: &str) -> usize {
        digits.chars().filter_map(Digit::from_char).filter(|&digit| self.outbound.send_digit(digit)).count()
    }

    /// Whether digits are still being sent.
    pub fn is_sending_dtmf(&self) -> bool {
        self.outbound.is_sending_digits()
    }

    /// Says farewell by RTCP; to be called once, before the sockets are closed.
    pub fn bye(&mut self, now: Instant) {
        self.send_rtcp(now, true);
    }

    // -- outputs --

    /// Fills `out` with what the peer says at `now`, at [`Session::rate`]: audio, concealment or silence.
    pub fn pull(&mut self, now: Instant, out: &mut [i16]) {
        if self.params.receive {
            self.playout.pull(now, out);
        } else {
            out.fill(0);
            self.playout.coded().into_iter().for_each(Coded::spoil);
        }
        let at_ms = now.saturating_duration_since(self.started).as_millis() as u32;
        let looked_at = if self.detecting { out.len() } else { 0 };
        for chunk in out[..looked_at].chunks(CHUNK) {
            match &mut self.down {
                None => self.detect(now, at_ms, chunk),
                Some(down) => {
                    // Half of it at 16 kHz, one more for odd chunks.
                    let mut narrow = [0; CHUNK / 2 + 1];
                    let count = down.process(chunk, &mut narrow);
                    self.detect(now, at_ms, &narrow[..count]);
                }
            }
        }
        let limits = self.limiter.is_limiting();
        self.limiter.process(out);
        if limits || self.limiter.is_limiting() {
            self.playout.coded().into_iter().for_each(Coded::spoil);
        }
        while let Some(detected) = self.detectors.poll() {
            self.report(detected);
        }
    }

    /// Copies the next datagram to send into `buf` ([`MAX_DATAGRAM`] bytes are enough).
    pub fn poll_transmit(&mut self, buf: &mut [u8]) -> Option<Transmit> {
        while let Some(mut transmit) = self.outbox.pop(buf) {
            if self.params.encryption == Encryption::Off {
                return Some(transmit);
            }
            let Some(srtp) = self.context_of(transmit.channel) else { continue };
            let is_report = is_rtcp(&buf[..transmit.length]);
            let protected = if is_report {
                srtp.protect_rtcp(buf, transmit.length)
            } else {
                srtp.protect_rtp(buf, transmit.length)
            };
            // What cannot be encrypted is not sent.
            if let Some(length) = protected {
                transmit.length = length;
                return Some(transmit);
            }
        }
        None
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<MediaEvent> {
        self.events.pop_front()
    }

    /// When [`Session::handle_timeout`] wants to be called, and why.
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        let report = (self.rtcp.due(), "RTCP report");
        match self.rtp_deadline() {
            Some(deadline) if deadline < report.0 => Some((deadline, "RTP timeout")),
            _ => Some(report),
        }
    }

    /// Counters and gauges as of now.
    pub fn stats(&self) -> SessionStats {
        let before = &self.counts.before;
        let jitter = self.playout.jitter();
        let buffer = jitter.counters();
        let PlayoutCounters { concealed, accelerated, expanded, undecodable } = self.playout.counters();
        let ms = |samples: u64| samples * 1000 / u64::from(self.rate());
        SessionStats {
            packets_sent: self.outbound.packets(),
            packets_passed: self.outbound.passed(),
            bytes_sent: self.outbound.octets(),
            packets_received: self.counts.packets,
            bytes_received: self.counts.bytes,
            lost: self.inbound.lost(),
            late: before.late + buffer.late,
            duplicates: before.duplicates + buffer.duplicates,
            reordered: before.reordered + buffer.reordered,
            malformed: self.counts.malformed + undecodable,
            foreign: self.counts.foreign,
            unauthentic: self.counts.unauthentic,
            replayed: self.counts.replayed,
            ssrc_changes: self.inbound.ssrc_changes,
            jitter_ms: self.inbound.jitter_ms(),
            target_ms: jitter.target().as_millis() as u32,
            played: before.played + buffer.played,
            missed: before.missed + buffer.lost,
            missed_runs: before.missed_runs + buffer.lost_runs,
            concealed_ms: before.concealed_ms + ms(concealed),
            accelerated_ms: before.accelerated_ms + ms(accelerated),
            expanded_ms: before.expanded_ms + ms(expanded),
            rtt_ms: self.rtcp.rtt_ms(),
            remote_lost: self.rtcp.remote_lost(),
            remote_jitter_ms: self.rtcp.remote_jitter_ms(),
            mos: None,
            remote_mos: None,
        }
        .rated(self.params.codec, self.params.ptime_ms)
    }

    // -- inside --

    /// Looks for something in what the peer says, at the detectors' rate.
    fn detect(&mut self, now: Instant, at_ms: u32, pcm: &[i16]) {
        self.detectors.feed(at_ms, pcm);
        let Some(mut in_band) = self.in_band.take() else { return };
        if self.outbound.is_sending_digits() {
            self.own_digits = Some(now + ECHO);
        }
        if self.own_digits.is_some_and(|until| now < until) {
            in_band.reset();
        } else {
            in_band.feed(pcm, |digit| {
                self.emit(MediaEvent::Dtmf { session: self.id, digit: digit.to_char() });
            });
        }
        self.in_band = Some(in_band);
    }

    fn rtp_deadline(&self) -> Option<Instant> {
        (self.answered && self.params.receive && !self.timed_out).then(|| self.heard + RTP_TIMEOUT)
    }

    fn send_rtcp(&mut self, now: Instant, bye: bool) {
        let channel = if self.params.rtcp_mux { Channel::Rtp } else { Channel::Rtcp };
        let destination = self.remote_reports();
        let sent = self.outbound.sender_state();
        let receiver = self.inbound.receiver();
        let rtcp = &mut self.rtcp;
        self.outbox.push(destination, channel, |out| rtcp.write(now, out, sent, receiver, bye));
    }

    fn report(&mut self, detected: Detected) {
        let session = self.id;
        self.emit(match detected {
            Detected::CallProgress { tone, early } => MediaEvent::CallProgress { session, tone, early },
            Detected::Fax { signal, at_ms, level_dbm0 } => {
                MediaEvent::Fax { session, signal, at_ms, level_dbm0 }
            }
            Detected::Beep { at_ms } => MediaEvent::Beep { session, at_ms },
            Detected::SpeechStarted { at_ms } => MediaEvent::SpeechStarted { session, at_ms },
            Detected::SpeechEnded { at_ms, ms } => MediaEvent::SpeechEnded { session, at_ms, ms },
        });
    }

    fn emit(&mut self, event: MediaEvent) {
        if self.events.len() == MAX_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }
}

fn in_band_detector(params: &StreamParams) -> Option<Box<DtmfDetector>> {
    params.dtmf_receive_payload_type.is_none().then(Box::default)
}

fn context(encryption: &Encryption) -> Result<Option<Box<Srtp>>, KeyError> {
    match encryption {
        Encryption::Off | Encryption::Dtls(_) => Ok(None),
        Encryption::Keys(keys) => Srtp::new(keys.clone()).map(|srtp| Some(Box::new(srtp))),
    }
}

fn detector_resampler(codec: Codec) -> Option<Resampler> {
    let rate = codec.sample_rate();
    (rate != DETECTOR_RATE).then(|| Resampler::new(rate, DETECTOR_RATE))
}

#[cfg(test)]
pub(crate) mod tests;
