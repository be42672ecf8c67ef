//! Opus at 48 kHz mono over libopus, with in-band FEC.

use std::fmt;

use opus::{Application, Bandwidth, Bitrate, Channels};

use super::CodecError;

const RATE: u32 = 48_000;

/// Bit rate when nobody names one: wideband speech with room for FEC.
const DEFAULT_BITRATE: i32 = 28_000;

/// What RFC 7587 6.1 and one voice make sense of.
const MIN_BITRATE: i32 = 6_000;
const MAX_BITRATE: u32 = 128_000;

/// libopus' 0 to 10; 5 costs a third of the default 9 and is not told apart on speech.
const COMPLEXITY: i32 = 5;

/// Opus encoder.
pub struct OpusEncoder(opus::Encoder);

impl OpusEncoder {
    /// An encoder tuned by the peer's `a=fmtp` (RFC 7587 6.1): `maxplaybackrate`, `maxaveragebitrate`, `useinbandfec`,
    /// `usedtx`, `cbr`. `bitrate` is what we want to send at, in bit/s, 6000 to 128 000.
    ///
    /// # Errors
    /// [`CodecError::Opus`] when libopus cannot allocate.
    pub fn new(fmtp: Option<&str>, bitrate: Option<u32>) -> Result<Self, CodecError> {
        let mut encoder = opus::Encoder::new(RATE, Channels::Mono, Application::Voip)?;
        let wish = |name| fmtp.and_then(|fmtp| parameter(fmtp, name));
        let ours = bitrate.map_or(DEFAULT_BITRATE, |bitrate| bitrate.min(MAX_BITRATE) as i32);
        let bitrate = wish("maxaveragebitrate").map_or(ours, |theirs| ours.min(theirs));
        encoder.set_bitrate(Bitrate::Bits(bitrate.clamp(MIN_BITRATE, MAX_BITRATE as i32)))?;
        encoder.set_complexity(COMPLEXITY)?;
        // What the peer cannot play would only cost bits.
        encoder.set_max_bandwidth(match wish("maxplaybackrate").unwrap_or(48_000) {
            ..12_000 => Bandwidth::Narrowband,
            12_000..16_000 => Bandwidth::Mediumband,
            16_000..24_000 => Bandwidth::Wideband,
            24_000..48_000 => Bandwidth::Superwideband,
            48_000.. => Bandwidth::Fullband,
        })?;
        // RFC 7587 says FEC is off unless the peer asks; we send it unless the peer refuses, as every decoder takes it.
        encoder.set_inband_fec(wish("useinbandfec") != Some(0))?;
        encoder.set_packet_loss_perc(5)?;
        encoder.set_dtx(wish("usedtx") == Some(1))?;
        encoder.set_vbr(wish("cbr") != Some(1))?;
        Ok(Self(encoder))
    }

    /// Encodes one packet of 10, 20, 40 or 60 ms.
    ///
    /// # Errors
    /// [`CodecError::Opus`] for another length or a small `out`.
    pub fn encode(&mut self, pcm: &[i16], out: &mut [u8]) -> Result<usize, CodecError> {
        Ok(self.0.encode(pcm, out)?)
    }

    /// The share of packets lost, in percent, that FEC should be ready for.
    pub fn set_expected_loss(&mut self, percent: u8) {
        // Refused only outside 0..=100.
        let _ = self.0.set_packet_loss_perc(i32::from(percent.min(100)));
    }
}

/// Opus decoder.
pub struct OpusDecoder(opus::Decoder);

impl OpusDecoder {
    /// A decoder to mono.
    ///
    /// # Errors
    /// [`CodecError::Opus`] when libopus cannot allocate.
    pub fn new() -> Result<Self, CodecError> {
        Ok(Self(opus::Decoder::new(RATE, Channels::Mono)?))
    }

    /// Decodes one packet.
    ///
    /// # Errors
    /// [`CodecError::Opus`] when the packet is not Opus or longer than `out`.
    pub fn decode(&mut self, payload: &[u8], out: &mut [i16]) -> Result<usize, CodecError> {
        if payload.is_empty() {
            // libopus would take this for a loss and invent audio.
            return Err(CodecError::Opus(opus::ErrorCode::InvalidPacket));
        }
        Ok(self.0.decode(payload, out, false)?)
    }

    /// Rebuilds the packet before `next` from the FEC in `next`; `out` must have exactly the lost length.
    ///
    /// # Errors
    /// [`CodecError::Opus`] when `next` is not Opus.
    pub fn decode_fec(&mut self, next: &[u8], out: &mut [i16]) -> Result<usize, CodecError> {
        Ok(self.0.decode(next, out, true)?)
    }

    /// Makes up exactly `out.len()` samples, a multiple of 2.5 ms.
    ///
    /// # Errors
    /// [`CodecError::Opus`] for another length.
    pub fn conceal(&mut self, out: &mut [i16]) -> Result<usize, CodecError> {
        Ok(self.0.decode(&[], out, false)?)
    }

    /// Samples in a packet, without decoding it.
    ///
    /// # Errors
    /// [`CodecError::Opus`] when the packet is not Opus.
    pub fn samples(&self, payload: &[u8]) -> Result<usize, CodecError> {
        Ok(self.0.get_nb_samples(payload)?)
    }
}

impl fmt::Debug for OpusEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpusEncoder")
    }
}

impl fmt::Debug for OpusDecoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpusDecoder")
    }
}

/// Number of a `name=value` in an `a=fmtp`; what is not a number counts as absent.
fn parameter(fmtp: &str, name: &str) -> Option<i32> {
    fmtp.split(';').find_map(|part| {
        let (key, value) = part.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tones::{ToneSource, ToneSpec, goertzel::Bin, level_dbm0};

    fn tone(hz: f32, samples: usize) -> Vec<i16> {
        let mut pcm = vec![0; samples];
        ToneSource::new(ToneSpec::sine(hz, -12.0), RATE).fill(&mut pcm);
        pcm
    }

    #[test]
    fn a_tone_survives_the_round_trip() {
        let pcm = tone(1000.0, 48_000);
        let (mut encoder, mut decoder) = (OpusEncoder::new(None, None).unwrap(), OpusDecoder::new().unwrap());
        let mut heard = Vec::new();
        for frame in pcm.chunks(960) {
            let (mut packet, mut out) = ([0; 1275], [0; 5760]);
            let bytes = encoder.encode(frame, &mut packet).unwrap();
            assert_eq!(decoder.samples(&packet[..bytes]).unwrap(), 960);
            let samples = decoder.decode(&packet[..bytes], &mut out).unwrap();
            heard.extend_from_slice(&out[..samples]);
        }
        assert_eq!(heard.len(), 48_000);
        let settled = &heard[9_600..];
        assert!((level_dbm0(settled) + 12.0).abs() < 1.0, "{}", level_dbm0(settled));
        let purity = Bin::new(1000.0, 48_000.0).share_of(&settled[..4800]);
        assert!(purity > 0.97, "{purity}");
    }

    #[test]
    fn fec_rebuilds_a_lost_packet_better_than_guessing() {
        // Speech-like: the pitch glides, so a repeated period is wrong.
        let mut phase = 0.0_f64;
        let pcm: Vec<i16> = (0..48_000)
            .map(|n| {
                phase += 0.013 + 0.008 * (f64::from(n) * 0.0009).sin();
                let sum: f64 = (1..12).map(|k| (phase * f64::from(k)).sin() / f64::from(k)).sum();
                (sum * 5000.0 * (1.0 + 0.6 * (f64::from(n) * 0.0012).sin())) as i16
            })
            .collect();
        let mut encoder = OpusEncoder::new(Some("useinbandfec=1"), Some(32_000)).unwrap();
        encoder.set_expected_loss(20);
        let packets: Vec<Vec<u8>> = pcm
            .chunks(960)
            .map(|frame| {
                let mut packet = vec![0; 1275];
                let bytes = encoder.encode(frame, &mut packet).unwrap();
                packet.truncate(bytes);
                packet
            })
            .collect();
        let error = |with_fec: Option<bool>| {
            let mut decoder = OpusDecoder::new().unwrap();
            let mut out = Vec::new();
            for (index, packet) in packets.iter().enumerate() {
                let mut frame = [0; 960];
                match with_fec {
                    Some(fec) if index % 10 == 5 => {
                        let next = &packets[index + 1];
                        if fec { decoder.decode_fec(next, &mut frame) } else { decoder.conceal(&mut frame) }
                            .unwrap();
                    }
                    _ => {
                        decoder.decode(packet, &mut frame).unwrap();
                    }
                }
                out.extend_from_slice(&frame);
            }
            out
        };
        let clean = error(None);
        let distance = |other: &[i16]| -> f64 {
            clean.iter().zip(other).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum()
        };
        let (fec, guessed) = (distance(&error(Some(true))), distance(&error(Some(false))));
        assert!(fec < guessed * 0.7, "fec {fec:.0} guessed {guessed:.0}");
    }

    #[test]
    fn garbage_is_an_error_not_a_panic() {
        let mut decoder = OpusDecoder::new().unwrap();
        let mut out = [0; 5760];
        assert!(decoder.decode(&[], &mut out).is_err());
        assert!(decoder.decode(&[0xFF, 0xFF, 0xFF], &mut out).is_err());
        for length in 1..200 {
            let bytes: Vec<u8> = (0..length).map(|n| (n * 37 + length) as u8).collect();
            let _ = decoder.decode(&bytes, &mut out);
        }
    }

    #[test]
    fn fmtp_is_read_leniently() {
        let fmtp = "minptime=10; useinbandfec=1;MaxAverageBitrate = 20000;stereo";
        assert_eq!(parameter(fmtp, "useinbandfec"), Some(1));
        assert_eq!(parameter(fmtp, "maxaveragebitrate"), Some(20_000));
        assert_eq!(parameter(fmtp, "usedtx"), None);
        assert!(
            OpusEncoder::new(
                Some("maxaveragebitrate=999999999;cbr=1;usedtx=1;maxplaybackrate=-5"),
                Some(u32::MAX)
            )
            .is_ok()
        );
    }

    /// Mean bit rate over two seconds of noise, which needs all the bits there are.
    fn bitrate(fmtp: Option<&str>, ours: Option<u32>) -> u32 {
        let mut encoder = OpusEncoder::new(fmtp, ours).unwrap();
        let mut state = 1_u32;
        let mut bytes = 0;
        for _ in 0..100 {
            let frame: Vec<i16> = (0..960)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 18) as i16 - 8_192
                })
                .collect();
            bytes += encoder.encode(&frame, &mut [0; 1275]).unwrap() as u32;
        }
        bytes * 8 / 2
    }

    #[test]
    fn the_bit_rate_is_ours_unless_the_peer_wants_less() {
        for (fmtp, ours, expected) in [
            (None, None, 28_000),
            (None, Some(64_000), 64_000),
            (None, Some(12_000), 12_000),
            (Some("maxaveragebitrate=16000"), Some(64_000), 16_000),
            (Some("maxaveragebitrate=510000"), Some(32_000), 32_000),
        ] {
            let measured = bitrate(fmtp, ours);
            let close = measured.abs_diff(expected) * 100 / expected;
            assert!(close <= 20, "{fmtp:?} {ours:?}: {measured} instead of {expected}");
        }
        assert!(bitrate(Some("maxaveragebitrate=1"), None) > 3_000, "there is a least");
    }

    #[test]
    fn what_the_peer_cannot_play_is_not_sent() {
        for (rate, widest) in [
            (8_000, Bandwidth::Narrowband),
            (12_000, Bandwidth::Mediumband),
            (16_000, Bandwidth::Wideband),
            (24_000, Bandwidth::Superwideband),
            (48_000, Bandwidth::Fullband),
        ] {
            let fmtp = format!("maxplaybackrate={rate}");
            let mut encoder = OpusEncoder::new(Some(&fmtp), Some(64_000)).unwrap();
            let mut packet = [0; 1275];
            let mut bytes = 0;
            for frame in tone(7_000.0, 9_600).chunks(960) {
                bytes = encoder.encode(frame, &mut packet).unwrap();
            }
            let sent = opus::packet::get_bandwidth(&packet[..bytes]).unwrap();
            assert!(sent as i32 <= widest as i32, "{rate}: {sent:?}");
        }
    }

    #[test]
    fn silence_sends_next_to_nothing_where_the_peer_wants_dtx() {
        let large = |fmtp| {
            let mut encoder = OpusEncoder::new(fmtp, None).unwrap();
            (0..100).filter(|_| encoder.encode(&[0; 960], &mut [0; 1275]).unwrap() > 2).count()
        };
        assert_eq!(large(None), 100);
        let with_dtx = large(Some("usedtx=1"));
        assert!((1..40).contains(&with_dtx), "{with_dtx}");
    }
}
