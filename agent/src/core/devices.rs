//! A seat's devices: which are wanted, how loud they are, what is done to the voice; and the ring.

use config::Voice as ConfiguredVoice;
use media::types::{Command as MediaCommand, Level, MediaEvent, Processing, SeatId, VoiceSpec, Volume};
use protocol::params::{DevicesMeter, DevicesSet, DevicesVolume};
use protocol::result::{DeviceSettings, LevelRow, ProcessingRow, VolumeRow};
use protocol::{Command, Detail, ErrorCode, Event, RpcError};

use super::command::respond;
use super::job::Done;
use super::seat::Reply;
use super::{Core, SeatIndex};
use crate::clock::Now;
use crate::off_thread::off_thread_for_client;
use crate::settings::{SeatSettings, Settings};

/// What is wanted of a seat: the configuration, and what was set since.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    device: bool,
    capture: Vec<String>,
    playback: Vec<String>,
    ring: Vec<String>,
    processing: Processing,
    volume: Volume,
}

impl Wanted {
    /// For a seat and its operator.
    pub(crate) fn new(seat: &config::Seat, settings: &Settings) -> Self {
        let mut wanted = Self { volume: volume(settings, &seat.operator), ..Self::default() };
        if let ConfiguredVoice::Device { capture, playback, ring, processing } = &seat.voice {
            wanted.device = true;
            wanted.capture.clone_from(capture);
            wanted.playback.clone_from(playback);
            wanted.ring.clone_from(ring);
            let config::Processing { echo, noise, gain } = *processing;
            wanted.processing = Processing { echo, noise, gain };
        }
        let Some(set) = settings.seats.get(&seat.name) else { return wanted };
        let SeatSettings { capture, playback, ring, echo, noise, gain } = set;
        for (names, set) in
            [(&mut wanted.capture, capture), (&mut wanted.playback, playback), (&mut wanted.ring, ring)]
        {
            if let Some(set) = set {
                names.clone_from(set);
            }
        }
        let Processing { echo: e, noise: n, gain: g } = wanted.processing;
        wanted.processing =
            Processing { echo: echo.unwrap_or(e), noise: noise.unwrap_or(n), gain: gain.unwrap_or(g) };
        wanted
    }

    /// The orders that make it so at a seat that is new.
    pub(crate) fn orders(&self, seat: SeatId, voice: &ConfiguredVoice) -> [MediaCommand; 3] {
        let voice = match voice {
            ConfiguredVoice::Device { .. } => self.voice(),
            ConfiguredVoice::File { play, write } => {
                VoiceSpec::File { play: play.clone(), write: write.clone() }
            }
            ConfiguredVoice::Null => VoiceSpec::Null,
            ConfiguredVoice::Phone(phone) => VoiceSpec::Phone { idle: super::phone::idle_sound(&phone.idle) },
        };
        [
            MediaCommand::OpenSeat { seat, voice },
            MediaCommand::SetVolume { seat, volume: self.volume },
            MediaCommand::SetProcessing { seat, processing: self.processing },
        ]
    }

    /// Whether the operator hears and speaks by sound devices.
    pub(crate) const fn is_device(&self) -> bool {
        self.device
    }

    fn voice(&self) -> VoiceSpec {
        VoiceSpec::Device {
            capture: self.capture.clone(),
            playback: self.playback.clone(),
            ring: self.ring.clone(),
        }
    }
}

fn volume(settings: &Settings, operator: &str) -> Volume {
    let Some(row) = settings.operators.get(operator) else { return Volume::default() };
    // A file may say anything.
    Volume {
        capture: row.capture.min(Volume::MAX_CAPTURE),
        playback: row.playback.min(Volume::MAX_HEARD),
        ring: row.ring.min(Volume::MAX_HEARD),
    }
}

impl Core {
    /// The commands for devices of a seat.
    pub(super) fn devices(&mut self, command: Command, seat: SeatIndex, reply: Reply) {
        let answer = match command {
            Command::DevicesSet(p) => match self.device_set(seat, p) {
                Ok(()) => return self.keep_settings(seat, reply),
                Err(error) => Err(error),
            },
            Command::DevicesVolume(p) => match self.device_volume(seat, &p) {
                Ok(()) => return self.keep_settings(seat, reply),
                Err(error) => Err(error),
            },
            Command::DevicesMeter(p) => self.device_meter(seat, &p),
            _ => Ok(()),
        };
        respond(reply, answer.map(|()| self.device_settings(seat)));
    }

    fn device_set(&mut self, seat: SeatIndex, p: DevicesSet) -> Result<(), RpcError> {
        for names in [&p.capture, &p.playback, &p.ring].into_iter().flatten() {
            if names.len() > MAX_NAMES
                || names.iter().any(|name| name.trim().is_empty() || name.len() > MAX_NAME)
            {
                let text = (
                    format!("空でない名前を{MAX_NAMES}個まで(1つ{MAX_NAME}バイトまで)"),
                    format!("up to {MAX_NAMES} names that are not empty, of up to {MAX_NAME} bytes"),
                );
                return Err(RpcError::with_detail(ErrorCode::BadRequest, text));
            }
        }
        let name = self.seats[seat].name.clone();
        let set = self.settings.settings.seats.entry(name.clone()).or_default();
        if p.reset {
            *set = SeatSettings::default();
        }
        for (kept, wish) in
            [(&mut set.capture, p.capture), (&mut set.playback, p.playback), (&mut set.ring, p.ring)]
        {
            if wish.is_some() {
                *kept = wish;
            }
        }
        for (kept, wish) in [(&mut set.echo, p.echo), (&mut set.noise, p.noise), (&mut set.gain, p.gain)] {
            *kept = wish.or(*kept);
        }
        if *set == SeatSettings::default() {
            self.settings.settings.seats.remove(&name);
        }
        self.apply(seat);
        Ok(())
    }

    fn device_volume(&mut self, seat: SeatIndex, p: &DevicesVolume) -> Result<(), RpcError> {
        let (capture, heard) = (Volume::MAX_CAPTURE, Volume::MAX_HEARD);
        if p.capture.is_some_and(|v| v > capture) || p.playback.max(p.ring).is_some_and(|v| v > heard) {
            let text = (
                format!("capture は 0 から {capture}、playback と ring は 0 から {heard} パーセントです"),
                format!("capture 0 to {capture}, playback and ring 0 to {heard} percent"),
            );
            return Err(RpcError::with_detail(ErrorCode::BadRequest, text));
        }
        let operator = self.seats[seat].operator.clone();
        let before = volume(&self.settings.settings, &operator);
        let row = VolumeRow {
            capture: p.capture.unwrap_or(before.capture),
            playback: p.playback.unwrap_or(before.playback),
            ring: p.ring.unwrap_or(before.ring),
        };
        self.settings.settings.operators.insert(operator.clone(), row);
        for index in 0..self.seats.len() {
            if self.seats[index].operator == operator {
                self.apply(index);
            }
        }
        Ok(())
    }

    fn device_meter(&mut self, seat: SeatIndex, p: &DevicesMeter) -> Result<(), RpcError> {
        if p.seconds > METER_LONGEST {
            let text = (
                format!("0 から {METER_LONGEST} 秒です。続けるにはもう一度実行してください"),
                format!("0 to {METER_LONGEST} seconds; ask again for more"),
            );
            return Err(RpcError::with_detail(ErrorCode::BadRequest, text));
        }
        let time = std::time::Duration::from_secs(p.seconds.into());
        self.media(MediaCommand::Meter { seat: self.seats[seat].media, time });
        Ok(())
    }

    /// Makes the seat as it is wanted now; what is the same already goes on untouched.
    fn apply(&mut self, seat: SeatIndex) {
        let Some(configured) = self.config.seats.get(seat) else { return };
        let wanted = Wanted::new(configured, &self.settings.settings);
        let before = std::mem::replace(&mut self.seats[seat].wanted, wanted.clone());
        let media = self.seats[seat].media;
        if wanted.device && before.voice() != wanted.voice() {
            self.media(MediaCommand::OpenSeat { seat: media, voice: wanted.voice() });
        }
        if before.volume != wanted.volume {
            self.media(MediaCommand::SetVolume { seat: media, volume: wanted.volume });
        }
        if before.processing != wanted.processing {
            self.media(MediaCommand::SetProcessing { seat: media, processing: wanted.processing });
        }
    }

    /// Writes what was set, then answers: what a client was told survives a crash.
    fn keep_settings(&mut self, seat: SeatIndex, reply: Reply) {
        let settings = self.device_settings(seat);
        let write = self.settings.writing();
        self.jobs.spawn(async move {
            let result = match off_thread_for_client(write).await {
                Ok(Ok(())) => Ok(settings),
                Ok(Err(error)) => Err(RpcError::with_detail(ErrorCode::DiskIo, Detail::log(error))),
                Err(error) => Err(error),
            };
            respond(reply, result);
            Done::Nothing
        });
    }

    fn device_settings(&self, seat: SeatIndex) -> DeviceSettings {
        let runtime = &self.seats[seat];
        let Wanted { device, capture, playback, ring, processing, volume } = runtime.wanted.clone();
        DeviceSettings {
            seat: runtime.name.clone(),
            operator: runtime.operator.clone(),
            device,
            capture,
            playback,
            ring,
            changed: self.settings.settings.seats.contains_key(&runtime.name),
            processing: ProcessingRow {
                echo: processing.echo,
                noise: processing.noise,
                gain: processing.gain,
            },
            volume: VolumeRow { capture: volume.capture, playback: volume.playback, ring: volume.ring },
            voice: self.voice_status(seat),
        }
    }

    /// Whether it rings at a seat: a call comes in and waits to be answered.
    pub(super) fn ring(&mut self, seat: SeatIndex, on: bool) {
        if std::mem::replace(&mut self.seats[seat].rings, on) != on {
            self.media(MediaCommand::Ring { seat: self.seats[seat].media, on });
        }
    }

    /// Tells the levels that a client asked for.
    pub(super) fn level(&mut self, event: &MediaEvent, now: Now) {
        let MediaEvent::SeatLevel { seat, capture, playback } = event else { return };
        let Some(runtime) = self.seats.iter().find(|runtime| runtime.media == *seat) else { return };
        let row = |level: &Level| LevelRow {
            dbm0: (level.dbm0 * 10.0).round() / 10.0,
            peak_percent: (level.peak_percent * 10.0).round() / 10.0,
        };
        let (capture, playback) = (capture.as_ref().map(row), playback.as_ref().map(row));
        self.publish(Event::DeviceLevel { seat: runtime.name.clone(), capture, playback }, now);
    }
}

/// Names in one preference, and bytes in a name.
const MAX_NAMES: usize = 16;
const MAX_NAME: usize = 256;
/// Seconds.
const METER_LONGEST: u16 = 60;
