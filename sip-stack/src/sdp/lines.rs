//! The media lines that we write.

use super::choice::{Choice, Meaning};
use super::session::Encoding;
use super::{Capabilities, CodecName, Direction, Format, MediaDescription, MediaKind};

/// What our payload types mean. One keeps its meaning, and a meaning its number, for the whole session
/// (RFC 3264 8.3.2).
#[derive(Debug, Clone)]
pub(super) struct Numbers(Vec<(u8, Meaning)>);

impl Numbers {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    /// The formats of an offer: our codecs in order, telephone-event per clock in use (RFC 4733 2.1) and always at
    /// 8 kHz, comfort noise.
    pub(super) fn offered(&self, capabilities: &Capabilities) -> Vec<Format> {
        let mut formats: Vec<Format> = Vec::new();
        for spec in &capabilities.codecs {
            let id = self.number(&formats, Meaning::Codec(spec.name), spec.payload_type);
            formats.push(Format { fmtp: spec.fmtp.clone(), ..codec_format(spec.name, id) });
        }
        let has = |clock| capabilities.codecs.iter().any(|spec| spec.name.clock_rate() == clock);
        if capabilities.comfort_noise && has(8000) {
            formats.push(noise_format(self.number(&formats, Meaning::ComfortNoise, 13)));
        }
        // 101 is what most exchanges expect for telephone-event.
        for (clock, usual) in [(8000, 101), (48000, 102)] {
            if capabilities.dtmf && (clock == 8000 || has(clock)) {
                formats.push(event_format(clock, self.number(&formats, Meaning::Event(clock), usual)));
            }
        }
        formats
    }

    fn number(&self, formats: &[Format], meaning: Meaning, usual: u8) -> u8 {
        let taken = |id: u8| formats.iter().any(|format| format.payload_type() == Some(id));
        let free =
            |id: u8| !taken(id) && self.0.iter().all(|(bound, means)| *bound != id || *means == meaning);
        let known = self.0.iter().find(|(_, bound)| *bound == meaning).map(|(id, _)| *id);
        known
            .filter(|id| !taken(*id))
            .or(Some(usual).filter(|id| *id < 128 && free(*id)))
            .or_else(|| (96..=127).find(|id| free(*id)))
            .or_else(|| (96..=127).find(|id| !taken(*id)))
            .unwrap_or(usual)
    }

    /// Remembers what we wrote.
    pub(super) fn bind(&mut self, formats: &[Format]) {
        for format in formats {
            if let (Some(id), Some(meaning)) = (format.payload_type(), Meaning::of(format)) {
                self.0.retain(|(bound, means)| *bound != id && *means != meaning);
                self.0.push((id, meaning));
            }
        }
    }
}

/// The formats of an answer, under the offer's payload types (RFC 3264 6.1): one codec, so that nobody changes it
/// without asking, and what goes with it.
pub(super) fn answered(capabilities: &Capabilities, choice: &Choice) -> Vec<Format> {
    let spec = capabilities.codecs.iter().find(|spec| spec.name == choice.codec);
    let fmtp = spec.and_then(|spec| spec.fmtp.clone());
    let mut formats = vec![Format { fmtp, ..codec_format(choice.codec, choice.payload_type) }];
    formats.extend(choice.comfort_noise.map(noise_format));
    formats.extend(choice.dtmf.map(|(id, clock)| event_format(clock, id)));
    formats
}

/// An audio line of ours, without encryption.
pub(super) fn audio(
    capabilities: &Capabilities,
    protocol: &str,
    formats: Vec<Format>,
    ptime_ms: u8,
    direction: Direction,
) -> MediaDescription {
    let mut line = MediaDescription::new(MediaKind::Audio, capabilities.port, protocol, formats);
    line.ptime = Some(u16::from(ptime_ms));
    line.maxptime = capabilities.max_ptime_ms.map(u16::from);
    line.direction = Some(direction);
    line
}

/// `audio` at `line`, every other line of `model` refused.
pub(super) fn with(
    audio: Option<MediaDescription>,
    line: usize,
    model: &[MediaDescription],
) -> Vec<MediaDescription> {
    let mut lines: Vec<_> = model.iter().map(MediaDescription::refused).collect();
    match (audio, lines.get_mut(line)) {
        (Some(audio), Some(slot)) => *slot = audio,
        (Some(audio), None) => lines.push(audio),
        (None, _) => {}
    }
    lines
}

/// The payload type under which `formats` have it.
pub(super) fn number_of(formats: &[Format], meaning: Meaning) -> Option<u8> {
    formats.iter().find(|format| Meaning::of(format) == Some(meaning)).and_then(Format::payload_type)
}

fn codec_format(codec: CodecName, id: u8) -> Format {
    Format { encoding: Some(codec.encoding()), ..Format::new(id) }
}

/// The sixteen keys of a telephone; the flash hook, event 16, is nothing that we could tell anybody.
fn event_format(clock_rate: u32, id: u8) -> Format {
    let encoding = Encoding { name: "telephone-event".to_owned(), clock_rate, channels: None };
    Format { encoding: Some(encoding), fmtp: Some("0-15".to_owned()), ..Format::new(id) }
}

fn noise_format(id: u8) -> Format {
    let encoding = Encoding { name: "CN".to_owned(), clock_rate: 8000, channels: None };
    Format { encoding: Some(encoding), ..Format::new(id) }
}
