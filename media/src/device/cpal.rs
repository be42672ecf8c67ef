//! Sound devices by way of cpal 0.18.
//!
//! The native PulseAudio host comes first (PipeWire answers there as well); ALSA is for machines without a
//! sound server. The buffer size is always fixed: by default PulseAudio asks for two seconds at once. Every
//! opening makes a new host, since a host whose server died stays dead, and looks devices up anew, since a
//! handle from before a re-plug stays dead too.

use std::sync::Arc;
use std::time::Duration;

use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{
    BufferSize, Device, DeviceDirection, HostId, SampleFormat, StreamConfig, SupportedStreamConfigRange,
};

use crate::device::cookie;
use crate::device::side::DEFAULT_NAME;
use crate::device::{
    AudioBackend, CaptureCallback, CaptureFeed, DeviceError, DeviceInfo, Direction, Duplex, Half, Health,
    Inventory, OpenParams, PlaybackCallback, PlaybackFeed, Presence, Stream, ring,
};

/// Sound devices of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cpal;

impl AudioBackend for Cpal {
    /// Blocks for as long as the audio system does: call it on a thread that may hang.
    fn open(&self, params: &OpenParams) -> Result<Duplex, DeviceError> {
        let except = &params.except;
        let capture =
            params.capture.as_deref().map(|names| open(names, except, Direction::Capture, open_capture));
        let playback =
            params.playback.as_deref().map(|names| open(names, except, Direction::Playback, open_playback));
        Ok(Duplex { capture: capture.transpose()?, playback: playback.transpose()? })
    }

    fn inventory(&self) -> Option<Box<dyn Inventory>> {
        Some(Box::new(Server::default()))
    }
}

/// A lasting connection to the sound server, to ask which devices it has. ALSA is not asked: that opens devices.
#[derive(Default)]
struct Server(Option<cpal::Host>);

impl Inventory for Server {
    fn look(&mut self) -> Option<Presence> {
        if self.0.is_none() {
            cookie::ensure();
            self.0 = cpal::host_from_id(HostId::PulseAudio).ok();
        }
        let found = presence(self.0.as_ref()?);
        if found.is_none() {
            // A host whose server died stays dead.
            self.0 = None;
        }
        found
    }
}

fn presence(host: &cpal::Host) -> Option<Presence> {
    let id = |device: Device| device.id().ok().map(|id| id.to_string());
    let mut list = Presence {
        covers: format!("{}:", HostId::PulseAudio),
        devices: Vec::new(),
        default_capture: host.default_input_device().and_then(id),
        default_playback: host.default_output_device().and_then(id),
    };
    for device in host.devices().ok()? {
        let (Ok(id), Ok(description)) = (device.id(), device.description()) else { continue };
        for direction in [Direction::Capture, Direction::Playback] {
            if goes(&description.direction(), direction) {
                list.devices.push((id.to_string(), direction));
            }
        }
    }
    Some(list)
}

/// The sound devices that can be named in a configuration.
///
/// # Errors
/// [`DeviceError::NoHost`] when no audio system answers.
pub fn list() -> Result<Vec<DeviceInfo>, DeviceError> {
    let mut list = Vec::new();
    let mut last_error = None;
    let mut answered = false;
    for host_id in HOSTS.into_iter().filter(|host| may_answer(*host)) {
        let devices = cpal::host_from_id(host_id).and_then(|host| Ok((host.devices()?, host)));
        let (devices, host) = match devices {
            Ok(found) => found,
            Err(error) => {
                last_error = Some(error);
                continue;
            }
        };
        answered = true;
        let id = |device: Device| device.id().ok();
        let default = [host.default_input_device().and_then(id), host.default_output_device().and_then(id)];
        for device in devices {
            let (Ok(id), Ok(description)) = (device.id(), device.description()) else { continue };
            for (direction, default) in [Direction::Capture, Direction::Playback].into_iter().zip(&default) {
                if goes(&description.direction(), direction) {
                    list.push(DeviceInfo {
                        name: description.name().to_owned(),
                        id: id.id().to_owned(),
                        direction,
                        default: default.as_ref() == Some(&id),
                        host: host_id.to_string(),
                    });
                }
            }
        }
    }
    if answered { Ok(list) } else { Err(DeviceError::NoHost(last_error)) }
}

/// Tries the wanted devices in order, on every host that answers.
fn open<Feed>(
    names: &[String],
    except: &[String],
    direction: Direction,
    open_one: impl Fn(&Device, String) -> Result<Half<Feed>, DeviceError>,
) -> Result<Half<Feed>, DeviceError> {
    let mut hosts = Vec::new();
    let mut last_error = None;
    for id in HOSTS.into_iter().filter(|host| may_answer(*host)) {
        match cpal::host_from_id(id) {
            Ok(host) => hosts.push(host),
            Err(error) => last_error = Some(error),
        }
    }
    if hosts.is_empty() {
        return Err(DeviceError::NoHost(last_error));
    }
    let mut failure = DeviceError::NotFound { direction, names: names.to_owned() };
    let wanted: Vec<&str> =
        if names.is_empty() { vec![DEFAULT_NAME] } else { names.iter().map(String::as_str).collect() };
    for name in wanted {
        for host in &hosts {
            let Some(device) = find(host, name, direction) else { continue };
            if device.id().is_ok_and(|id| except.contains(&id.to_string())) {
                continue;
            }
            match open_one(&device, device.to_string()) {
                Ok(half) => return Ok(half),
                Err(error) => failure = error,
            }
            if name == DEFAULT_NAME {
                // A sound server answered: ALSA's default would only be a detour to it, and one that stalls.
                break;
            }
        }
    }
    Err(failure)
}

/// Whether a host can have a device at all. alsa-lib complains on standard error, line after line, where the kernel
/// knows no sound card; so it is not even asked there. A sound server is asked with a cookie.
fn may_answer(host: HostId) -> bool {
    if host == HostId::PulseAudio {
        cookie::ensure();
    }
    host != HostId::Alsa
        || std::fs::read_to_string("/proc/asound/cards").is_ok_and(|cards| cards.contains('['))
}

fn find(host: &cpal::Host, name: &str, direction: Direction) -> Option<Device> {
    if name == DEFAULT_NAME {
        return match direction {
            Direction::Capture => host.default_input_device(),
            Direction::Playback => host.default_output_device(),
        };
    }
    let name = name.to_lowercase();
    let mut close = None;
    for device in host.devices().ok()? {
        let (Ok(id), Ok(description)) = (device.id(), device.description()) else { continue };
        if !goes(&description.direction(), direction) {
            continue;
        }
        let (id, label) = (id.id().to_lowercase(), description.name().to_lowercase());
        if id == name || label == name {
            return Some(device);
        }
        if close.is_none() && (id.contains(&name) || label.contains(&name)) {
            close = Some(device);
        }
    }
    close
}

fn goes(device: &DeviceDirection, direction: Direction) -> bool {
    match device {
        DeviceDirection::Input => direction == Direction::Capture,
        DeviceDirection::Output => direction == Direction::Playback,
        // ALSA does not know before it opens; opening tells.
        _ => true,
    }
}

fn open_capture(device: &Device, name: String) -> Result<Half<CaptureFeed>, DeviceError> {
    let refused = |source| DeviceError::Refused { name: name.clone(), source };
    let (config, format) = choose(device, device.supported_input_configs().map_err(|e| refused(Some(e)))?)
        .ok_or_else(|| refused(None))?;
    let health = Arc::new(Health::default());
    let (writer, reader) = ring(ring_capacity(config.sample_rate));
    let mut callback = CaptureCallback::new(writer, Arc::clone(&health), config.channels);
    let faults = Arc::clone(&health);
    let on_error = move |error: cpal::Error| faults.report(error.kind());
    let stream = match format {
        SampleFormat::I16 => device.build_input_stream::<i16, _, _>(
            config,
            move |data, _| callback.run_i16(data),
            on_error,
            OPEN_TIMEOUT,
        ),
        _ => device.build_input_stream::<f32, _, _>(
            config,
            move |data, _| callback.run_f32(data),
            on_error,
            OPEN_TIMEOUT,
        ),
    };
    let stream = stream.and_then(|stream| stream.play().map(|()| stream)).map_err(|e| refused(Some(e)))?;
    let feed = CaptureFeed::Ring { reader, rate: config.sample_rate };
    Ok(Half {
        name: Some(name),
        id: full_id(device),
        feed,
        health: Some(health),
        stream: Some(Stream(Box::new(stream))),
    })
}

fn open_playback(device: &Device, name: String) -> Result<Half<PlaybackFeed>, DeviceError> {
    let refused = |source| DeviceError::Refused { name: name.clone(), source };
    let (config, format) = choose(device, device.supported_output_configs().map_err(|e| refused(Some(e)))?)
        .ok_or_else(|| refused(None))?;
    let health = Arc::new(Health::default());
    let (writer, reader) = ring(ring_capacity(config.sample_rate));
    let mut callback = PlaybackCallback::new(reader, Arc::clone(&health), config.channels);
    let faults = Arc::clone(&health);
    let on_error = move |error: cpal::Error| faults.report(error.kind());
    let stream = match format {
        SampleFormat::I16 => device.build_output_stream::<i16, _, _>(
            config,
            move |data, _| callback.run_i16(data),
            on_error,
            OPEN_TIMEOUT,
        ),
        _ => device.build_output_stream::<f32, _, _>(
            config,
            move |data, _| callback.run_f32(data),
            on_error,
            OPEN_TIMEOUT,
        ),
    };
    let stream = stream.and_then(|stream| stream.play().map(|()| stream)).map_err(|e| refused(Some(e)))?;
    let feed = PlaybackFeed::Ring { writer, rate: config.sample_rate };
    Ok(Half {
        name: Some(name),
        id: full_id(device),
        feed,
        health: Some(health),
        stream: Some(Stream(Box::new(stream))),
    })
}

/// The configuration nearest to mono float at 48 kHz, with 5 ms per callback, 10 ms where no sound server stands between us and
/// a device of unknown patience.
fn choose(
    device: &Device,
    ranges: impl Iterator<Item = SupportedStreamConfigRange>,
) -> Option<(StreamConfig, SampleFormat)> {
    let server =
        device.id().is_ok_and(|id| id.to_string().starts_with(HostId::PulseAudio.to_string().as_str()));
    let callbacks = if server { 200 } else { 100 };
    ranges
        .filter_map(|range| {
            let rate = RATES
                .iter()
                .position(|rate| (range.min_sample_rate()..=range.max_sample_rate()).contains(rate))?;
            let format =
                [SampleFormat::F32, SampleFormat::I16].iter().position(|f| *f == range.sample_format())?;
            let rank = (rate, range.channels(), format);
            Some((rank, range))
        })
        .min_by_key(|(rank, _)| *rank)
        .and_then(|((rate, channels, _), range)| {
            let sample_rate = *RATES.get(rate)?;
            let buffer_size = BufferSize::Fixed(sample_rate / callbacks);
            Some((StreamConfig { channels, sample_rate, buffer_size }, range.sample_format()))
        })
}

fn full_id(device: &Device) -> Option<String> {
    device.id().ok().map(|id| id.to_string())
}

/// 200 ms: what does not fit is dropped and counted by the ring.
fn ring_capacity(rate: u32) -> usize {
    rate as usize / 5
}

const HOSTS: [HostId; 2] = [HostId::PulseAudio, HostId::Alsa];
/// Rates that the resampler takes to and from telephone voice, best first.
const RATES: [u32; 3] = [48_000, 16_000, 8_000];
const OPEN_TIMEOUT: Option<Duration> = Some(Duration::from_secs(3));
