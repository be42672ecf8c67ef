//! The codecs: an enum each way, no trait objects.

pub mod g711;
pub mod g722;
pub mod opus;

use thiserror::Error;

use crate::types::Codec;
use g711::Law;
use opus::{OpusDecoder, OpusEncoder};

/// Longest packet that is decoded, in milliseconds (RFC 7587: 120 ms; the others are held to the same).
pub const MAX_PACKET_MS: usize = 120;

/// PCM to payload. Takes PCM at [`Codec::sample_rate`].
#[derive(Debug)]
pub enum Encoder {
    /// G.711.
    G711(Law),
    /// G.722.
    G722(Box<g722::Encoder>),
    /// Opus.
    Opus(Box<OpusEncoder>),
}

impl Encoder {
    /// An encoder for a codec, tuned by the peer's `a=fmtp` and, for Opus, our own bit rate in bit/s.
    ///
    /// # Errors
    /// [`CodecError::Opus`] when libopus cannot allocate.
    pub fn new(codec: Codec, fmtp: Option<&str>, bitrate: Option<u32>) -> Result<Self, CodecError> {
        Ok(match codec {
            Codec::Pcmu => Self::G711(Law::Mu),
            Codec::Pcma => Self::G711(Law::A),
            Codec::G722 => Self::G722(Box::default()),
            Codec::Opus => Self::Opus(Box::new(OpusEncoder::new(fmtp, bitrate)?)),
        })
    }

    /// Encodes one packet and returns its length in bytes.
    ///
    /// # Errors
    /// [`CodecError::Space`] when `out` is too small, [`CodecError::Opus`] for a length Opus does not have.
    pub fn encode(&mut self, pcm: &[i16], out: &mut [u8]) -> Result<usize, CodecError> {
        match self {
            Self::G711(law) => {
                let out = out.get_mut(..pcm.len()).ok_or(CodecError::Space)?;
                law.encode(pcm, out);
                Ok(pcm.len())
            }
            Self::G722(encoder) => {
                let length = pcm.len() / g722::SAMPLES_PER_BYTE;
                encoder.encode(pcm, out.get_mut(..length).ok_or(CodecError::Space)?);
                Ok(length)
            }
            Self::Opus(encoder) => encoder.encode(pcm, out),
        }
    }

    /// Tells the encoder which share of its packets the peer loses, 0 to 100.
    pub fn set_expected_loss(&mut self, percent: u8) {
        if let Self::Opus(encoder) = self {
            encoder.set_expected_loss(percent);
        }
    }
}

/// Payload to PCM. Gives PCM at [`Codec::sample_rate`].
#[derive(Debug)]
pub enum Decoder {
    /// G.711.
    G711(Law),
    /// G.722.
    G722(Box<g722::Decoder>),
    /// Opus.
    Opus(Box<OpusDecoder>),
}

impl Decoder {
    /// A decoder for a codec.
    ///
    /// # Errors
    /// [`CodecError::Opus`] when libopus cannot allocate.
    pub fn new(codec: Codec) -> Result<Self, CodecError> {
        Ok(match codec {
            Codec::Pcmu => Self::G711(Law::Mu),
            Codec::Pcma => Self::G711(Law::A),
            Codec::G722 => Self::G722(Box::default()),
            Codec::Opus => Self::Opus(Box::new(OpusDecoder::new()?)),
        })
    }

    /// Decodes one packet and returns the number of samples.
    ///
    /// # Errors
    /// [`CodecError::Space`] when the packet is longer than `out`, [`CodecError::Opus`] when it is not Opus.
    pub fn decode(&mut self, payload: &[u8], out: &mut [i16]) -> Result<usize, CodecError> {
        match self {
            Self::G711(law) => {
                let out = out.get_mut(..payload.len()).ok_or(CodecError::Space)?;
                law.decode(payload, out);
                Ok(payload.len())
            }
            Self::G722(decoder) => {
                let samples = payload.len() * g722::SAMPLES_PER_BYTE;
                decoder.decode(payload, out.get_mut(..samples).ok_or(CodecError::Space)?);
                Ok(samples)
            }
            Self::Opus(decoder) => decoder.decode(payload, out),
        }
    }
}

/// Why a packet could not be coded.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum CodecError {
    /// The output does not fit; for received packets: longer than [`MAX_PACKET_MS`].
    #[error("packet too long")]
    Space,
    /// Keys that do not fit their profile.
    #[error(transparent)]
    Keys(#[from] crate::srtp::KeyError),
    /// libopus refused; its code.
    #[error("opus: {0:?}")]
    Opus(::opus::ErrorCode),
}

impl From<::opus::Error> for CodecError {
    fn from(error: ::opus::Error) -> Self {
        Self::Opus(error.code())
    }
}
