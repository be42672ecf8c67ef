//! `sdp::Negotiated` becomes `media::StreamParams`: the two libraries meet here.

use media::types::{Codec, StreamParams};
use sip_stack::sdp::{CodecName, Direction, Negotiated};

/// What offer and answer agreed on, in the media engine's words; `bitrate` is the account's for Opus.
pub(crate) fn stream_params(media: &Negotiated, bitrate: Option<u32>) -> StreamParams {
    StreamParams {
        remote: media.remote,
        remote_rtcp: media.remote_rtcp,
        rtcp_mux: media.rtcp_mux,
        codec: match media.codec {
            CodecName::Pcma => Codec::Pcma,
            CodecName::G722 => Codec::G722,
            CodecName::Opus => Codec::Opus,
            _ => Codec::Pcmu,
        },
        payload_type: media.payload_type,
        receive_payload_type: media.receive_payload_type,
        dtmf_payload_type: media.dtmf_payload_type,
        dtmf_clock_rate: media.dtmf_clock_rate,
        dtmf_receive_payload_type: media.dtmf_receive_payload_type,
        noise_payload_type: media.comfort_noise_receive_payload_type,
        ptime_ms: media.ptime_ms,
        send: matches!(media.direction, Direction::SendRecv | Direction::SendOnly),
        receive: matches!(media.direction, Direction::SendRecv | Direction::RecvOnly),
        fmtp: media.fmtp.clone(),
        bitrate,
    }
}
