//! An operator's seat as its media worker sees it: feeds, levels, rates.

use crate::device::{CaptureFeed, FileTrack, PlaybackFeed};
use crate::margin::{FillLevel, MUCH_MS, Reserve, is_silent, nudge};
use crate::monitor::TappedEnd;
use crate::phone::Phone;
use crate::processing::{Processing, Processor};
use crate::resample::Resampler;
use crate::ringer::Ringer;
use crate::types::{MAX_TAPS, SessionId};
use crate::volume::{Volume, scale};
use crate::wav::VOICE_RATE;

/// The voice of one seat. One session at a time is attached; others that name the seat hear silence.
#[derive(Debug)]
pub(crate) struct Seat {
    opening: u64,
    capture: CaptureFeed,
    playback: PlaybackFeed,
    /// In the place of both feeds: the voice is a SIP phone.
    phone: Option<Box<Phone>>,
    /// Supervisors who listen here.
    taps: Vec<TappedEnd>,
    /// Sessions that name this seat, the attached one last.
    sessions: Vec<SessionId>,
    /// What rings here, unless the phone does.
    pub(crate) ringer: Ringer,
    volume: Volume,
    processor: Processor,
    /// Samples of a clip played so far.
    clip_position: usize,
    /// Whether the capture ring has been let fill up since it last ran dry.
    primed: bool,
    /// Whether nobody spoke in the last round.
    silent: bool,
    reserve: Reserve,
    fill_level: FillLevel,
    capture_rate: Rate,
    playback_rate: Rate,
    /// Captured samples at the session's rate, left over from odd ratios.
    carry: Vec<i16>,
    scratch: Vec<i16>,
    converted: Vec<i16>,
}

impl Seat {
    /// A silent seat, made by the opening of that number, with the sessions that name it.
    pub(crate) fn new(opening: u64, sessions: Vec<SessionId>) -> Self {
        Self {
            opening,
            capture: CaptureFeed::Silence,
            playback: PlaybackFeed::Discard,
            phone: None,
            taps: Vec::new(),
            sessions,
            ringer: Ringer::default(),
            volume: Volume::default(),
            processor: Processor::default(),
            clip_position: 0,
            primed: false,
            silent: true,
            reserve: Reserve::default(),
            fill_level: FillLevel::default(),
            capture_rate: Rate::default(),
            playback_rate: Rate::default(),
            carry: Vec::new(),
            scratch: Vec::new(),
            converted: Vec::new(),
        }
    }

    /// Which opening made this seat.
    pub(crate) fn opening(&self) -> u64 {
        self.opening
    }

    /// Another microphone, or silence after a loss.
    pub(crate) fn set_capture(&mut self, feed: CaptureFeed) {
        self.capture = feed;
        self.primed = false;
        self.reserve = Reserve::default();
        self.clip_position = 0;
        // A reserve has heard the room since it was opened.
        self.refresh_capture();
    }

    /// Another ear piece, or none after a loss; returns the one before.
    pub(crate) fn set_playback(&mut self, feed: PlaybackFeed) -> PlaybackFeed {
        self.fill_level = FillLevel::default();
        std::mem::replace(&mut self.playback, feed)
    }

    /// Whether the voice is a SIP phone.
    pub(crate) fn phone(&mut self) -> Option<&mut Phone> {
        self.phone.as_deref_mut()
    }

    /// The voice is a SIP phone from now on.
    pub(crate) fn set_phone(&mut self, phone: Phone) {
        let rings = self.rings();
        self.set_rings(false);
        self.phone = Some(Box::new(phone));
        self.set_rings(rings);
    }

    /// Begins or ends to ring, on a device or in the phone.
    pub(crate) fn set_rings(&mut self, on: bool) {
        match &mut self.phone {
            Some(phone) => phone.set_alert(on),
            None => self.ringer.set(on),
        }
    }

    /// Whether it rings here.
    pub(crate) fn rings(&self) -> bool {
        self.phone.as_ref().map_or(self.ringer.rings(), |phone| phone.alerts())
    }

    /// Whether it rings on a device, which asks for samples outside the rounds of calls.
    pub(crate) fn rings_by_clock(&self) -> bool {
        self.ringer.rings()
    }

    /// Takes over what belongs to the place and not to its voice.
    pub(crate) fn succeed(&mut self, before: &mut Self) {
        self.taps = std::mem::take(&mut before.taps);
    }

    /// Somebody listens here; who did before, under the same name, no longer.
    pub(crate) fn add_tap(&mut self, tap: TappedEnd) {
        self.taps.retain(|other| other.by() != tap.by() && !other.is_over());
        if self.taps.len() < MAX_TAPS {
            self.taps.push(tap);
        }
    }

    /// Lets supervisors hear 20 ms of both sides, at `rate`, and adds what those say who barge in to what the operator
    /// says to the customer.
    pub(crate) fn tapped(&mut self, operator: &mut [i16], callee: &[i16], rate: u32) {
        if self.taps.is_empty() {
            return;
        }
        self.taps.retain(|tap| !tap.is_over());
        self.taps.iter_mut().for_each(|tap| tap.tell(operator, callee, rate));
        let barges = self.taps.iter_mut().fold(false, |barges, tap| tap.barge(operator, rate) | barges);
        if let Some(phone) = self.phone.as_mut().filter(|_| barges) {
            phone.said().spoil();
        }
    }

    /// Puts `session` on this seat, in front of whatever was there.
    pub(crate) fn attach(&mut self, session: SessionId) {
        self.detach(session);
        self.sessions.push(session);
        self.fill_level.pause();
        self.refresh_capture();
    }

    /// Takes `session` off; the one before it is attached again.
    pub(crate) fn detach(&mut self, session: SessionId) {
        self.sessions.retain(|other| *other != session);
    }

    /// Whether `session` is the one that talks and is heard here.
    pub(crate) fn is_attached(&self, session: SessionId) -> bool {
        self.sessions.last() == Some(&session)
    }

    /// Whether some session talks and is heard here.
    pub(crate) fn is_taken(&self) -> bool {
        !self.sessions.is_empty()
    }

    /// Sessions that name this seat.
    pub(crate) fn sessions(&self) -> &[SessionId] {
        &self.sessions
    }

    /// A file voice starts from its beginning.
    pub(crate) fn restart(&mut self) {
        self.clip_position = 0;
    }

    /// Whether a device asks for samples by its own clock; else the worker's 20 ms clock decides.
    pub(crate) fn plays_by_device(&self) -> bool {
        self.phone.is_none() && matches!(self.playback, PlaybackFeed::Ring { .. })
    }

    /// Samples at `rate` that bring the playback ring to its target level; 0 without a device.
    pub(crate) fn playback_deficit(&mut self, rate: u32) -> usize {
        let PlaybackFeed::Ring { writer, rate: device } = &self.playback else { return 0 };
        let level = writer.level();
        let found_ms = level * 1_000 / (*device).max(1) as usize;
        let target = *device as usize * self.fill_level.target_ms(found_ms as u32) as usize / 1_000;
        let missing = target.saturating_sub(level);
        // Whole milliseconds, so that the resampler's ratio comes out even.
        let ms = missing * 1_000 / (*device).max(1) as usize;
        ms * rate as usize / 1_000
    }

    /// Volume and processing.
    pub(crate) fn settings(&self) -> (Volume, Processing) {
        (self.volume, self.processor.processing())
    }

    /// Another volume.
    pub(crate) fn set_volume(&mut self, volume: Volume) {
        self.volume = volume;
        self.ringer.set_volume(volume.ring);
    }

    /// Other things to be done to the operator's voice.
    pub(crate) fn set_processing(&mut self, processing: Processing) {
        self.processor.set(processing);
    }

    /// Lets the operator hear samples of a call at `rate`, at the operator's volume.
    pub(crate) fn play(&mut self, samples: &mut [i16], rate: u32) {
        scale(samples, self.volume.playback.min(Volume::MAX_HEARD));
        let whispers =
            self.taps.iter_mut().fold(false, |whispers, tap| tap.whisper(samples, rate) | whispers);
        if let Some(phone) = &mut self.phone {
            if whispers || self.volume.playback != 100 {
                phone.told().spoil();
            }
            return phone.play(samples, rate);
        }
        self.processor.played(samples, rate);
        self.play_as_is(samples, rate);
    }

    fn play_as_is(&mut self, samples: &[i16], rate: u32) {
        match &mut self.playback {
            PlaybackFeed::Ring { writer, rate: device } => {
                writer.push(self.playback_rate.convert(samples, rate, *device, &mut self.converted));
            }
            PlaybackFeed::Track(FileTrack(track)) => {
                track.write(self.playback_rate.convert(samples, rate, VOICE_RATE, &mut self.converted));
            }
            PlaybackFeed::Discard => {}
        }
    }

    /// Fills `out` with 20 ms of the operator's voice at `rate`, silence where there is none.
    pub(crate) fn capture(&mut self, out: &mut [i16], rate: u32) {
        if let Some(phone) = &mut self.phone {
            phone.capture(out, rate);
            if self.volume.capture != 100 {
                phone.said().spoil();
            }
            return scale(out, self.volume.capture);
        }
        self.take(out, rate);
        self.processor.process(out, rate);
        scale(out, self.volume.capture);
    }

    fn take(&mut self, out: &mut [i16], rate: u32) {
        match &mut self.capture {
            CaptureFeed::Silence => out.fill(0),
            CaptureFeed::Clip(samples) => {
                let count = out.len() * VOICE_RATE as usize / rate.max(1) as usize;
                self.scratch.clear();
                self.scratch.extend(samples.iter().skip(self.clip_position).take(count));
                self.scratch.resize(count, 0);
                self.clip_position = (self.clip_position + count).min(samples.len());
                fill(out, self.capture_rate.convert(&self.scratch, VOICE_RATE, rate, &mut self.converted));
            }
            CaptureFeed::Ring { reader, rate: device } => {
                let ms = |ms: usize| *device as usize * ms / 1_000;
                if !self.primed {
                    let round_ms = out.len() * 1_000 / rate.max(1) as usize;
                    let enough = ms(self.reserve.fill_up_to(round_ms as u32) as usize);
                    self.primed = reader.level() >= enough;
                    if self.primed {
                        // What is older than that only makes the operator late.
                        reader.discard(reader.level() - enough);
                    }
                }
                // A microphone clock that differs from ours shows as level. It is put right where nobody speaks, below, or else here.
                let mut off = if self.primed && !self.silent { self.reserve.correction(false) } else { 0 };
                if off > MUCH_MS {
                    reader.discard(ms(off as usize));
                    off = 0;
                }
                let wanted = out.len() + off.max(0) as usize * rate as usize / 1_000;
                while self.primed && self.carry.len() < wanted {
                    self.scratch.resize(ms(CAPTURE_STEP_MS), 0);
                    if reader.level() < self.scratch.len() {
                        if self.carry.len() >= out.len() {
                            break;
                        }
                        self.primed = false;
                        self.reserve.ran_dry();
                        break;
                    }
                    reader.pop(&mut self.scratch);
                    let converted =
                        self.capture_rate.convert(&self.scratch, *device, rate, &mut self.converted);
                    self.carry.extend_from_slice(converted);
                }
                if self.primed && off != 0 && self.carry.len() >= wanted {
                    nudge(&mut self.carry, off, rate);
                }
                let count = self.carry.len().min(out.len());
                fill(out, self.carry.get(..count).unwrap_or_default());
                self.carry.drain(..count);
                if !self.primed {
                    return;
                }
                self.reserve.left((reader.level() * 1_000 / (*device).max(1) as usize) as u32);
                self.silent = is_silent(out);
                if !self.silent {
                    return;
                }
                match self.reserve.correction(true) {
                    surplus @ 1.. => {
                        reader.discard(ms(surplus as usize));
                    }
                    lack => {
                        let silence = lack.unsigned_abs() as usize * rate as usize / 1_000;
                        self.carry.resize(self.carry.len() + silence, 0);
                    }
                }
            }
        }
    }

    /// Drops what the microphone heard before anybody was attached.
    fn refresh_capture(&mut self) {
        if let CaptureFeed::Ring { reader, .. } = &mut self.capture {
            reader.discard(usize::MAX);
            self.primed = false;
        }
        self.carry.clear();
    }

    /// Tops up what rings, in the ear piece where it has no device of its own and nobody talks.
    pub(crate) fn ring(&mut self) {
        if !self.ringer.rings() || self.ringer.play() || !self.sessions.is_empty() {
            return;
        }
        let count = self.playback_deficit(VOICE_RATE);
        if count > 0 {
            let mut tone = std::mem::take(&mut self.scratch);
            self.ringer.fill(&mut tone, count);
            self.play_as_is(&tone, VOICE_RATE);
            self.scratch = tone;
        }
    }
}

/// A resampler that is made anew when the rates change.
#[derive(Debug, Default)]
pub(crate) struct Rate {
    current: Option<(u32, u32, Resampler)>,
}

impl Rate {
    /// `samples` at another rate, in `converted` unless the rates are equal.
    pub(crate) fn convert<'a>(
        &mut self,
        samples: &'a [i16],
        from: u32,
        to: u32,
        converted: &'a mut Vec<i16>,
    ) -> &'a [i16] {
        if from == to {
            return samples;
        }
        let resampler = match &mut self.current {
            Some((a, b, resampler)) if (*a, *b) == (from, to) => resampler,
            other => &mut other.insert((from, to, Resampler::new(from, to))).2,
        };
        converted.resize(resampler.max_output(samples.len()), 0);
        let count = resampler.process(samples, converted);
        converted.get(..count).unwrap_or_default()
    }
}

fn fill(out: &mut [i16], samples: &[i16]) {
    for (index, slot) in out.iter_mut().enumerate() {
        *slot = samples.get(index).copied().unwrap_or_default();
    }
}

const CAPTURE_STEP_MS: usize = 5;

#[cfg(test)]
mod trip_tests;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seat_that_rings_goes_on_to_in_the_phone_it_becomes() {
        let mut seat = Seat::new(1, Vec::new());
        seat.set_rings(true);
        assert!(seat.rings() && seat.rings_by_clock());
        seat.set_phone(Phone::new(std::sync::Arc::new([])));
        assert!(seat.rings(), "in the phone");
        assert!(!seat.rings_by_clock(), "no device rings");
        let mut heard = [0; 160];
        if let Some(phone) = seat.phone() {
            phone.tell(&mut heard, VOICE_RATE);
        }
        assert!(heard.iter().any(|sample| *sample != 0));
        seat.set_rings(false);
        assert!(!seat.rings());
    }
}
