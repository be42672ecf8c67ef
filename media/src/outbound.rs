//! The sending side of a session: DTMF, packets of the negotiated length, encoder, numbers.

mod passing;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::codec::{CodecError, Encoder};
use crate::dtmf::Digit;
use crate::notice::add;
use crate::outbox::{Channel, MAX_DATAGRAM, Outbox};
use crate::rtp::Sender;
use crate::telephone_event::{EventSender, MAX_QUEUED, Turn};
use crate::tones::{ToneSource, ToneSpec};
use crate::types::{Codec, StreamParams};
use passing::Passing;

/// A pause of the caller of `push` that the timestamps must show.
const GAP: Duration = Duration::from_millis(200);

/// Bounds of the packet length.
const PTIME_MS: std::ops::RangeInclusive<u8> = 10..=60;

/// What a sender report needs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SenderState {
    pub(crate) ssrc: u32,
    pub(crate) timestamp: u32,
    pub(crate) packets: u64,
    pub(crate) octets: u64,
}

#[derive(Debug)]
pub(crate) struct Outbound {
    sender: Sender,
    encoder: Encoder,
    /// What the encoder was made with.
    fmtp: Option<String>,
    bitrate: Option<u32>,
    settings: Settings,
    /// Local audio short of a packet.
    frame: Box<[i16]>,
    filled: usize,
    /// The next audio packet starts a talk spurt.
    marker: bool,
    events: EventSender,
    /// Digits as tones, when the peer knows no telephone-event.
    in_band: VecDeque<Digit>,
    tone: Option<ToneSource>,
    /// A tone beside the voice.
    notice: Option<Notice>,
    last_push: Option<Instant>,
    /// While packets of another leg are passed on.
    passing: Option<Passing>,
    /// Rounds of silence in a row that could have been passed on.
    quiet: u32,
    /// Packets encoded and packets passed on.
    encoded: u64,
    passed: u64,
}

#[derive(Debug)]
struct Notice {
    spec: ToneSpec,
    source: ToneSource,
    frame: Box<[i16]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Settings {
    codec: Codec,
    payload_type: u8,
    dtmf_payload_type: Option<u8>,
    dtmf_clock_rate: u32,
    frame: usize,
    send: bool,
}

impl Settings {
    fn of(params: &StreamParams) -> Self {
        let mut ptime = usize::from(params.ptime_ms.clamp(*PTIME_MS.start(), *PTIME_MS.end()));
        if params.codec == Codec::Opus && ![10, 20, 40, 60].contains(&ptime) {
            ptime = 20; // Opus has no other packet lengths here (RFC 7587 7: 2.5 to 60 ms in steps).
        }
        Self {
            codec: params.codec,
            payload_type: params.payload_type & 0x7F,
            dtmf_payload_type: params.dtmf_payload_type,
            dtmf_clock_rate: params.dtmf_clock_rate,
            frame: ptime * params.codec.sample_rate() as usize / 1000,
            send: params.send,
        }
    }
}

impl Outbound {
    pub(crate) fn new(params: &StreamParams, seed: u64) -> Result<Self, CodecError> {
        let settings = Settings::of(params);
        Ok(Self {
            sender: Sender::new(seed),
            encoder: Encoder::new(params.codec, params.fmtp.as_deref(), params.bitrate)?,
            fmtp: params.fmtp.clone(),
            bitrate: params.bitrate,
            settings,
            frame: vec![0; settings.frame].into_boxed_slice(),
            filled: 0,
            marker: true,
            events: EventSender::new(),
            in_band: VecDeque::with_capacity(MAX_QUEUED),
            tone: None,
            notice: None,
            last_push: None,
            passing: None,
            quiet: 0,
            encoded: 0,
            passed: 0,
        })
    }

    /// Nothing is changed when it fails.
    pub(crate) fn update(&mut self, params: &StreamParams) -> Result<(), CodecError> {
        let settings = Settings::of(params);
        if settings.codec != self.settings.codec {
            self.stop_passing();
        }
        let tuning = (params.fmtp.as_deref(), params.bitrate);
        if settings.codec != self.settings.codec || tuning != (self.fmtp.as_deref(), self.bitrate) {
            self.encoder = Encoder::new(params.codec, tuning.0, tuning.1)?;
            self.fmtp = params.fmtp.clone();
            self.bitrate = params.bitrate;
            self.marker = true;
        }
        if settings.codec != self.settings.codec {
            self.tone = None;
            self.filled = 0;
        }
        if settings.frame != self.settings.frame {
            self.frame = vec![0; settings.frame].into_boxed_slice();
            self.filled = 0;
        }
        let as_before = (self.settings.codec, self.settings.frame) == (settings.codec, settings.frame);
        self.settings = settings;
        if let Some(notice) = self.notice.take_if(|_| !as_before) {
            self.set_notice(Some(notice.spec));
        }
        Ok(())
    }

    pub(crate) fn push(&mut self, now: Instant, pcm: &[i16], destination: SocketAddr, outbox: &mut Outbox) {
        if self.stop_passing() {
            self.warm_up();
        }
        self.note_gap(now);
        let mut rest = pcm;
        while !rest.is_empty() {
            if self.filled == 0 && rest.len() >= self.frame.len() && self.says_as_is() {
                let (whole, later) = rest.split_at(self.frame.len());
                rest = later;
                self.send_frame(Some(whole), destination, outbox);
                continue;
            }
            let count = rest.len().min(self.frame.len() - self.filled);
            self.frame[self.filled..self.filled + count].copy_from_slice(&rest[..count]);
            self.filled += count;
            rest = &rest[count..];
            if self.filled == self.frame.len() {
                self.filled = 0;
                self.send_frame(None, destination, outbox);
            }
        }
    }

    /// Whether a packet's audio is coded as it comes, without a copy: nothing is mixed to it, and no encoder has to remember it.
    fn says_as_is(&self) -> bool {
        let mixes = self.notice.is_some() || self.tone.is_some() || !self.in_band.is_empty();
        !mixes && matches!(self.encoder, Encoder::G711(_))
    }

    pub(crate) fn set_notice(&mut self, spec: Option<ToneSpec>) {
        let rate = self.settings.codec.sample_rate();
        self.notice = spec.map(|spec| Notice {
            source: ToneSource::new(spec.clone(), rate),
            spec,
            frame: vec![0; self.settings.frame].into_boxed_slice(),
        });
    }

    pub(crate) fn send_digit(&mut self, digit: Digit) -> bool {
        if self.settings.dtmf_payload_type.is_some() {
            return self.events.push(digit);
        }
        let room = self.in_band.len() < MAX_QUEUED;
        if room {
            self.in_band.push_back(digit);
        }
        room
    }

    pub(crate) fn is_sending_digits(&self) -> bool {
        self.events.is_busy() || self.tone.is_some() || !self.in_band.is_empty()
    }

    pub(crate) fn set_expected_loss(&mut self, percent: u8) {
        self.encoder.set_expected_loss(percent);
    }

    pub(crate) fn ssrc(&self) -> u32 {
        self.sender.ssrc()
    }

    pub(crate) fn packets(&self) -> u64 {
        self.sender.packets()
    }

    pub(crate) fn octets(&self) -> u64 {
        self.sender.octets()
    }

    /// Packets that were passed on as they came from another leg.
    pub(crate) fn passed(&self) -> u64 {
        self.passed
    }

    /// Packets that were encoded here.
    #[cfg(test)]
    pub(crate) fn encoded(&self) -> u64 {
        self.encoded
    }

    pub(crate) fn sender_state(&self) -> SenderState {
        SenderState {
            ssrc: self.sender.ssrc(),
            timestamp: self.sender.timestamp(),
            packets: self.sender.packets(),
            octets: self.sender.octets(),
        }
    }

    /// Timestamps follow the clock also when nobody pushed for a while.
    fn note_gap(&mut self, now: Instant) {
        if let Some(last) = self.last_push
            && let gap = now.saturating_duration_since(last)
            && gap >= GAP
        {
            let units = gap.as_micros() * u128::from(self.settings.codec.clock_rate()) / 1_000_000;
            self.sender.advance(units as u32);
            self.marker = true;
        }
        self.last_push = Some(now);
    }

    /// Sends a packet of `whole`, or of what was gathered.
    fn send_frame(&mut self, whole: Option<&[i16]>, destination: SocketAddr, outbox: &mut Outbox) {
        self.send_turn(whole, destination, outbox);
        let units = self.frame.len() / self.settings.codec.samples_per_unit();
        self.sender.advance(units as u32);
    }

    fn send_turn(&mut self, whole: Option<&[i16]>, destination: SocketAddr, outbox: &mut Outbox) {
        // RFC 3264 8.4: an unspecified address means that nothing is to be sent, as older peers put a call on hold.
        if !self.settings.send || destination.ip().is_unspecified() || destination.port() == 0 {
            self.marker = true;
            return;
        }
        let now = self.sender.timestamp();
        let frame_ms = self.frame.len() as u32 * 1000 / self.settings.codec.sample_rate();
        match self.events.turn(now, frame_ms, self.settings.dtmf_clock_rate) {
            Turn::Audio => self.send_audio(whole, destination, outbox),
            Turn::Event { payload, timestamp, marker } => {
                self.marker = true;
                let payload_type = self.settings.dtmf_payload_type.unwrap_or(101) & 0x7F;
                let sender = &mut self.sender;
                outbox.push(destination, Channel::Rtp, |out| {
                    sender.write(marker, payload_type, timestamp, &payload, out).ok()
                });
            }
            Turn::Pause => self.marker = true,
        }
    }

    fn send_audio(&mut self, whole: Option<&[i16]>, destination: SocketAddr, outbox: &mut Outbox) {
        if whole.is_none() {
            self.mix();
        }
        let mut coded = [0; MAX_DATAGRAM];
        let Ok(length) = self.encoder.encode(whole.unwrap_or(&self.frame), &mut coded) else { return };
        self.encoded += 1;
        if self.settings.codec == Codec::Opus && length <= 2 {
            // RFC 7587 3.1.3: discontinuous transmission, the packet need not be sent.
            self.marker = true;
            return;
        }
        let (marker, timestamp) = (self.marker, self.sender.timestamp());
        let sender = &mut self.sender;
        let payload_type = self.settings.payload_type;
        outbox.push(destination, Channel::Rtp, |out| {
            sender.write(marker, payload_type, timestamp, &coded[..length], out).ok()
        });
        self.marker = false;
    }

    /// What is heard besides the voice, or in its place.
    fn mix(&mut self) {
        if let Some(notice) = &mut self.notice {
            notice.source.fill(&mut notice.frame);
            add(&mut self.frame, &notice.frame);
        }
        self.mix_tone();
    }

    /// A digit replaces the voice while it sounds, so that the exchange's detector hears it clean.
    fn mix_tone(&mut self) {
        let mut at = 0;
        while at < self.frame.len() {
            if self.tone.is_none() {
                let Some(digit) = self.in_band.pop_front() else { return };
                self.tone = Some(ToneSource::new(digit.tone(), self.settings.codec.sample_rate()));
            }
            if let Some(tone) = &mut self.tone {
                at += tone.fill(&mut self.frame[at..]);
                if tone.is_finished() {
                    self.tone = None;
                }
            }
        }
    }
}
