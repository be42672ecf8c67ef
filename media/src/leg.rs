//! One session with its sockets, its local side and its recording, on a media worker.

mod far;
mod phone;

use std::io;
use std::net::UdpSocket;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use socket2::SockRef;

use crate::clip::ClipSource;
use crate::dtls::{DtlsFailure, Port, is_dtls};
use crate::inbox::Inbox;
use crate::notice::{NoticeTone, Overlay};
use crate::queue::EventQueue;
use crate::recorder::{RecorderCommand, Target, track};
use crate::seat::{Rate, Seat};
use crate::session::{Channel, MAX_DATAGRAM, Session};
use crate::socket::RtpSocket;
use crate::srtp::{Encryption, SrtpKeys};
use crate::tap::Tap;
use crate::tones::{ToneSource, ToneSpec};
use crate::types::{Endpoint, MediaEvent, SeatId, SessionId, SessionStats, StreamParams};
use crate::wav::VOICE_RATE;
use far::Far;

/// Which of a session's two sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wire {
    /// Voice.
    Rtp,
    /// Reports.
    Rtcp,
}

/// A session as its worker holds it. The worker calls [`Leg::tick`] every 20 ms and, for a device seat,
/// [`Leg::top_up`] every 5 ms, each after [`Leg::receive`].
#[derive(Debug)]
pub(crate) struct Leg {
    id: SessionId,
    rtp: UdpSocket,
    rtcp: UdpSocket,
    /// `None` until the first remote description.
    session: Option<Session>,
    dtls: Port,
    /// The handshake of reports that have a port of their own (RFC 5764 4.1.2).
    dtls_rtcp: Port,
    answered: bool,
    detectors: bool,
    local: Local,
    muted: bool,
    ringback: Option<Ringback>,
    /// Whether the peer has sent anything.
    heard: bool,
    tap: Option<Tap>,
    recorded: bool,
    /// The tone of a recorded call, and whether it sounds now.
    notice: Option<NoticeTone>,
    noticing: bool,
    /// Its way to the operator.
    overlay: Option<Overlay>,
    /// Received voice that a device seat has pulled and the 20 ms clock has not yet taken.
    far: Far,
    /// Times that it could have reported.
    reports: u32,
    /// Rounds of 20 ms so far.
    ticks: u32,
}

#[derive(Debug)]
enum Local {
    Seat(SeatId),
    /// This leg is the voice of the seat.
    Phone(SeatId),
    Clip(Box<ClipSource>, Rate),
    Echo,
    Silence,
}

#[derive(Debug)]
struct Ringback {
    from: Instant,
    source: ToneSource,
    rate: Rate,
}

/// Buffers of one round. A worker has them for all of its legs: nothing in them is needed afterwards, and what the leg before has
/// used is still near the processor.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    local: Vec<i16>,
    far: Vec<i16>,
    scratch: Vec<i16>,
    converted: Vec<i16>,
    tone: Vec<i16>,
}

impl Leg {
    /// Takes over the sockets. Without `detectors` nothing is looked for in what the peer says.
    ///
    /// # Errors
    /// Whatever the system says about sockets that it made itself.
    pub(crate) fn open(id: SessionId, socket: RtpSocket, detectors: bool, dscp: u8) -> io::Result<Self> {
        let (rtp, rtcp) = socket.into_parts();
        for socket in [&rtp, &rtcp] {
            mark(socket, dscp);
            Inbox::watch(socket);
            socket.set_nonblocking(true)?;
        }
        Ok(Self {
            id,
            rtp,
            rtcp,
            session: None,
            dtls: Port::default(),
            dtls_rtcp: Port::default(),
            answered: false,
            detectors,
            local: Local::Silence,
            muted: false,
            ringback: None,
            heard: false,
            tap: None,
            recorded: false,
            notice: None,
            noticing: false,
            overlay: None,
            far: Far::default(),
            reports: 0,
            ticks: 0,
        })
    }

    /// Its session.
    pub(crate) fn id(&self) -> SessionId {
        self.id
    }

    /// The seat on its local side.
    pub(crate) fn seat(&self) -> Option<SeatId> {
        match self.local {
            Local::Seat(seat) => Some(seat),
            Local::Phone(_) | Local::Clip(..) | Local::Echo | Local::Silence => None,
        }
    }

    /// Puts somebody else on the local side; a clip starts from its beginning.
    pub(crate) fn set_endpoint(&mut self, endpoint: Endpoint) {
        self.local = match endpoint {
            Endpoint::Seat(seat) => Local::Seat(seat),
            Endpoint::Phone(seat) => Local::Phone(seat),
            Endpoint::Clip(plan) => Local::Clip(Box::new(ClipSource::new(plan)), Rate::default()),
            Endpoint::Echo => Local::Echo,
            Endpoint::Silence => Local::Silence,
        };
        self.far = Far::default();
        if self.phone_of().is_some() {
            self.without_detectors();
        }
    }

    /// First or later remote description.
    pub(crate) fn set_params(&mut self, params: StreamParams, now: Instant, events: &mut EventQueue) {
        let result = match &mut self.session {
            Some(session) => session.update(now, params),
            None => Session::new(self.id, params, seed(), now).map(|mut session| {
                if self.answered {
                    session.answered(now);
                }
                session.set_detectors(self.detectors);
                self.session = Some(session);
            }),
        };
        if let Err(error) = result {
            // The session stays as it was, at worst silent; the RTP timeout tells the core.
            tracing::error!(session = self.id.0, %error, "cannot code this stream");
        }
        self.check_notice();
        self.shake_hands(events);
        self.flush(events);
    }

    /// Begins the handshakes that the description wants.
    fn shake_hands(&mut self, events: &mut EventQueue) {
        let Some(session) = &self.session else { return };
        let wanted = &session.params().encryption;
        if let Err(failure) = self.dtls.follow(wanted, &self.rtp, session.remote()) {
            events.push(MediaEvent::EncryptionFailed { session: self.id, failure });
        }
        let wanted = if session.params().rtcp_mux { &Encryption::Off } else { wanted };
        if let Err(failure) = self.dtls_rtcp.follow(wanted, &self.rtcp, session.remote_reports()) {
            self.without_reports(failure);
        }
    }

    /// A call without reports goes on: what they tell is no more than how well the other side hears.
    fn without_reports(&self, failure: DtlsFailure) {
        tracing::info!(session = self.id.0, %failure, "this call has no RTCP reports");
    }

    /// The call was answered.
    pub(crate) fn answered(&mut self, now: Instant) {
        self.answered = true;
        self.ringback = None;
        if let Some(session) = &mut self.session {
            session.answered(now);
        }
        self.check_notice();
    }

    /// Replaces the local voice by silence.
    pub(crate) fn set_muted(&mut self, on: bool) {
        self.muted = on;
    }

    /// Sends digits, one after another.
    pub(crate) fn send_digits(&mut self, digits: &str) {
        if let Some(session) = &mut self.session {
            session.send_dtmf(digits);
        }
    }

    /// Starts or ends the ringback that the operator hears while the peer is silent.
    pub(crate) fn set_ringback(&mut self, on: bool, now: Instant) {
        self.ringback = on.then(|| Ringback {
            from: now + RINGBACK_DELAY,
            source: ToneSource::new(ToneSpec::ringback(), VOICE_RATE),
            rate: Rate::default(),
        });
    }

    /// Starts recording; what the recorder is to do, or `None` when it records already.
    pub(crate) fn record(&mut self, path: PathBuf, events: &mut EventQueue) -> Option<RecorderCommand> {
        if self.tap.is_some() {
            let reason = "this session is being recorded already".to_owned();
            events.push(MediaEvent::RecordingFailed { session: self.id, reason, disk: None, over: true });
            return None;
        }
        let rate = if self.rate() == VOICE_RATE { VOICE_RATE } else { WIDE_RATE };
        let (writer, reader) = track(2, rate);
        self.tap = Some(Tap::new(writer, rate));
        self.recorded = true;
        self.check_notice();
        Some(RecorderCommand::Begin { target: Target::Call(self.id), path, channels: 2, rate, reader })
    }

    /// Stops recording; the length in frames, or `None` when nothing was being recorded.
    pub(crate) fn stop_recording(&mut self) -> Option<u64> {
        let frames = self.tap.take().map(|tap| tap.frames());
        self.check_notice();
        frames
    }

    /// Lets the recording hold silence from now on, or sound again.
    pub(crate) fn pause_recording(&mut self, on: bool, events: &mut EventQueue) {
        let Some(at_ms) = self.tap.as_mut().and_then(|tap| tap.set_paused(on)) else { return };
        // What waits for its turn was said during the pause.
        self.far.hush();
        self.check_notice();
        events.push(MediaEvent::RecordingPaused { session: self.id, paused: on, at_ms });
    }

    /// The tone that tells of a recording.
    pub(crate) fn set_notice(&mut self, notice: Option<NoticeTone>) {
        for notice in [None, notice] {
            self.notice = notice;
            self.check_notice();
        }
    }

    /// Starts or ends the notice tone: it tells of a recording that runs, and of nothing else.
    fn check_notice(&mut self) {
        let running = self.answered && self.tap.as_ref().is_some_and(|tap| !tap.is_paused());
        let notice = self.notice.filter(|_| running && self.session.is_some());
        if notice.is_some() == self.noticing {
            return;
        }
        self.noticing = notice.is_some();
        let to_operator = notice.filter(|notice| notice.to_operator);
        let to_callee = notice.filter(|notice| notice.to_callee);
        self.overlay = to_operator.map(|notice| Overlay::new(notice.spec()));
        if let Some(session) = &mut self.session {
            session.set_notice(to_callee.map(|notice| notice.spec()));
        }
    }

    /// Whether the recorder has ever been asked for anything.
    pub(crate) fn was_recorded(&self) -> bool {
        self.recorded
    }

    /// Says goodbye on the wire and gives the last counters.
    pub(crate) fn close(&mut self, now: Instant, events: &mut EventQueue) -> SessionStats {
        let Some(session) = &mut self.session else { return SessionStats::default() };
        session.bye(now);
        let stats = session.stats();
        self.flush(events);
        stats
    }

    /// Takes what has arrived. Whatever it is can neither fail nor end the loop.
    pub(crate) fn receive(&mut self, inbox: &mut Inbox, events: &mut EventQueue) {
        self.read(Wire::Rtp, inbox);
        if self.ticks.is_multiple_of(RTCP_EVERY) || self.dtls_rtcp.is_running() {
            self.read(Wire::Rtcp, inbox);
        }
        self.flush(events);
    }

    /// Reads a socket until it is empty, or until others must have their turn: what is left waits for the next round.
    fn read(&mut self, wire: Wire, inbox: &mut Inbox) {
        for _ in 0..BURST {
            let socket = match wire {
                Wire::Rtp => &self.rtp,
                Wire::Rtcp => &self.rtcp,
            };
            match inbox.read(socket) {
                Ok((_, source, datagram)) if is_dtls(datagram) => match wire {
                    Wire::Rtp => self.dtls.take(source, datagram, &self.rtp),
                    Wire::Rtcp => self.dtls_rtcp.take(source, datagram, &self.rtcp),
                },
                Ok((arrived, source, datagram)) => {
                    if let Some(session) = &mut self.session {
                        match wire {
                            Wire::Rtp => session.handle_rtp(arrived, source, datagram),
                            Wire::Rtcp => session.handle_rtcp(arrived, source, datagram),
                        }
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // ICMP errors of earlier packets: the peer's port is not open yet, or no longer.
                Err(error) => tracing::debug!(%error, "media socket"),
            }
        }
    }

    /// Fills a device's playback ring up to its target level.
    pub(crate) fn top_up(&mut self, seat: &mut Seat, now: Instant, frames: &mut Frames) {
        let rate = self.rate();
        let count = seat.playback_deficit(rate);
        if count == 0 {
            return;
        }
        let Frames { scratch: pcm, converted, tone, .. } = frames;
        self.pull(pcm, count, now);
        self.far.put(pcm, rate);
        self.ring_locally(pcm, rate, now, tone, converted);
        self.overlay.iter_mut().for_each(|overlay| overlay.mix(pcm, rate));
        seat.play(pcm, rate);
    }

    /// One round of 20 ms: hears, speaks, records. `seat` is the seat on the local side if this session is
    /// the one attached to it.
    pub(crate) fn tick(
        &mut self,
        mut seat: Option<&mut Seat>,
        now: Instant,
        frames: &mut Frames,
        events: &mut EventQueue,
    ) {
        self.ticks = self.ticks.wrapping_add(1);
        let rate = self.rate();
        let count = rate as usize / 50;
        let Frames { local, far, scratch, converted, tone } = frames;
        local.resize(count, 0);
        let by_device = seat.as_ref().is_some_and(|seat| seat.plays_by_device());
        if by_device {
            self.far.take(far, count);
        } else {
            self.pull(far, count, now);
        }
        match (&mut self.local, seat.as_deref_mut()) {
            (Local::Seat(_), Some(seat)) => {
                if let Some(phone) = seat.phone() {
                    self.swap_coded(phone.told());
                    if self.overlay.is_some() || self.rings_locally(now) {
                        phone.told().spoil();
                    }
                }
                if !by_device {
                    scratch.clear();
                    scratch.extend_from_slice(far);
                    self.ring_locally(scratch, rate, now, tone, converted);
                    self.overlay.iter_mut().for_each(|overlay| overlay.mix(scratch, rate));
                    seat.play(scratch, rate);
                }
                seat.capture(local, rate);
            }
            // A script begins when there is somebody to hear it.
            (Local::Clip(..), _) if self.session.is_none() => local.fill(0),
            (Local::Clip(source, converter), _) => {
                scratch.resize(VOICE_RATE as usize / 50, 0);
                source.fill(scratch);
                let clip = converter.convert(scratch, VOICE_RATE, rate, converted);
                local.fill(0);
                local.iter_mut().zip(clip).for_each(|(slot, sample)| *slot = *sample);
            }
            (Local::Echo, _) => local.copy_from_slice(far),
            (Local::Seat(_) | Local::Phone(_) | Local::Silence, _) => local.fill(0),
        }
        if self.muted {
            // The recording has what the callee could hear. A supervisor who barges in is not muted with the operator.
            local.fill(0);
        }
        if let Some(seat) = &mut seat {
            if let Some(phone) = seat.phone().filter(|_| self.muted) {
                phone.said().spoil();
            }
            seat.tapped(local, far, rate);
        }
        match (&mut self.session, seat.and_then(Seat::phone)) {
            (Some(session), Some(phone)) => {
                session.push_coded(now, local, phone.said());
                phone.said().spoil();
            }
            (Some(session), None) => session.push(now, local),
            (None, _) => {}
        }
        if let Some(tap) = &mut self.tap {
            tap.write(local, far, rate);
        }
        self.secure(events);
        self.keep_time(now);
        self.flush(events);
    }

    /// Rounds that were missed.
    pub(crate) fn skip_ticks(&mut self, rounds: u64) {
        if let Some(tap) = &mut self.tap {
            tap.skip_ticks(rounds);
        }
    }

    fn rate(&self) -> u32 {
        self.session.as_ref().map_or(VOICE_RATE, Session::rate)
    }

    /// The next `count` samples of received voice.
    fn pull(&mut self, pcm: &mut Vec<i16>, count: usize, now: Instant) {
        pcm.clear();
        pcm.resize(count, 0);
        if let Some(session) = &mut self.session {
            session.pull(now, pcm);
        }
    }

    /// Whether the local ringback takes the place of silence from the peer.
    fn rings_locally(&self, now: Instant) -> bool {
        !self.heard && self.ringback.as_ref().is_some_and(|ringback| now >= ringback.from)
    }

    /// Puts the local ringback in the place of silence from the peer. It is never recorded.
    fn ring_locally(
        &mut self,
        pcm: &mut [i16],
        rate: u32,
        now: Instant,
        tone: &mut Vec<i16>,
        converted: &mut Vec<i16>,
    ) {
        if !self.rings_locally(now) {
            return;
        }
        let Some(ringback) = &mut self.ringback else { return };
        tone.resize(pcm.len() * VOICE_RATE as usize / rate.max(1) as usize, 0);
        ringback.source.fill(tone);
        let tone_at_rate = ringback.rate.convert(tone, VOICE_RATE, rate, converted);
        pcm.iter_mut().zip(tone_at_rate).for_each(|(slot, sample)| *slot = *sample);
    }

    /// Takes over what the handshakes brought.
    fn secure(&mut self, events: &mut EventQueue) {
        let (reports, voice) = (self.dtls_rtcp.poll(), self.dtls.poll());
        if let Some(outcome) = reports
            && let Err(failure) = outcome.map(|keys| self.take_keys(Channel::Rtcp, keys))
        {
            self.without_reports(failure);
        }
        match voice {
            Some(Ok(keys)) => {
                let profile = keys.profile;
                if self.take_keys(Channel::Rtp, keys) {
                    events.push(MediaEvent::Encrypted { session: self.id, profile });
                }
            }
            Some(Err(failure)) => events.push(MediaEvent::EncryptionFailed { session: self.id, failure }),
            None => {}
        }
    }

    fn take_keys(&mut self, channel: Channel, keys: SrtpKeys) -> bool {
        let Some(session) = &mut self.session else { return false };
        let taken = session.set_keys(channel, keys);
        taken.inspect_err(|error| tracing::error!(session = self.id.0, %error, "keys of a handshake")).is_ok()
    }

    fn keep_time(&mut self, now: Instant) {
        if let Some(session) = &mut self.session {
            session.handle_timeout(now);
        }
    }

    /// Tells how it goes, each second time that it is asked to.
    pub(crate) fn report(&mut self, events: &mut EventQueue) {
        let Some(session) = &self.session else { return };
        self.reports = self.reports.wrapping_add(1);
        if self.reports.is_multiple_of(2) {
            events.push(MediaEvent::Stats { session: self.id, stats: session.stats() });
        }
    }

    /// Sends and reports what the session has ready.
    fn flush(&mut self, events: &mut EventQueue) {
        let Some(session) = &mut self.session else { return };
        let mut datagram = [0; MAX_DATAGRAM];
        while let Some(transmit) = session.poll_transmit(&mut datagram) {
            let socket = match transmit.channel {
                Channel::Rtp => &self.rtp,
                Channel::Rtcp => &self.rtcp,
            };
            let bytes = datagram.get(..transmit.length).unwrap_or_default();
            // A full socket buffer or an unreachable peer costs this packet; the stream goes on.
            if let Err(error) = socket.send_to(bytes, transmit.destination) {
                tracing::debug!(%error, "cannot send media");
            }
        }
        while let Some(event) = session.poll_event() {
            self.heard |= matches!(event, MediaEvent::RtpFlowing { .. });
            events.push(event);
        }
    }
}

/// Marks voice so that networks that care put it first. Best effort: not every system lets us.
fn mark(socket: &UdpSocket, dscp: u8) {
    let socket = SockRef::from(socket);
    let is_v6 = socket.local_addr().is_ok_and(|address| address.is_ipv6());
    // The code point is the upper six bits of the octet (RFC 2474 3).
    let octet = u32::from(dscp & 63) << 2;
    let marked = if is_v6 { socket.set_tclass_v6(octet) } else { socket.set_tos_v4(octet) };
    if let Err(error) = marked {
        tracing::debug!(%error, "cannot mark voice packets");
    }
}

/// A start for SSRC, sequence and timestamp that no two sessions share (RFC 3550 5.1, 8.1).
fn seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0u8)
}

/// Recording rate of calls with more than telephone bandwidth.
const WIDE_RATE: u32 = 16_000;
/// Time that early media has to show up before the local ringback starts.
const RINGBACK_DELAY: Duration = Duration::from_millis(200);
/// Reports are read every so many rounds: 200 ms, and never later than they are needed.
const RTCP_EVERY: u32 = 10;
/// Datagrams read from one socket before others get their turn, so that a flood delays nobody's tick.
const BURST: usize = 64;

#[cfg(test)]
#[path = "leg/together_tests.rs"]
mod tests;
