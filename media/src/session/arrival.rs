//! What comes from the network: who is believed, what is voice, what is an event.

use std::net::SocketAddr;
use std::time::Instant;

use super::Session;
use crate::comfort::PT_COMFORT_NOISE;
use crate::inbound::Admission;
use crate::outbox::Channel;
use crate::rtp::{Packet, is_rtcp};
use crate::srtp::{Encryption, Refused};
use crate::types::{Codec, MediaEvent};

impl Session {
    /// Takes a datagram of the RTP socket (RTCP on the same port is understood, RFC 5761).
    pub fn handle_rtp(&mut self, now: Instant, source: SocketAddr, bytes: &[u8]) {
        if is_rtcp(bytes) {
            self.take_reports(Channel::Rtp, now, source, bytes);
            return;
        }
        let Some(mut srtp) = self.srtp.take() else {
            // Otherwise the keys are still under way.
            if self.params.encryption == Encryption::Off {
                self.take_rtp(now, source, bytes);
            }
            return;
        };
        match srtp.unprotect_rtp(bytes) {
            Ok(plain) => self.take_rtp(now, source, plain),
            Err(refused) => self.refuse(refused),
        }
        self.srtp = Some(srtp);
    }

    fn take_rtp(&mut self, now: Instant, source: SocketAddr, bytes: &[u8]) {
        let Ok(packet) = Packet::parse(bytes) else {
            self.counts.malformed += 1;
            return;
        };
        let is_event = Some(packet.payload_type) == self.params.dtmf_receive_payload_type;
        let is_audio = self.is_audio(packet.payload_type);
        let is_noise = self.is_noise(packet.payload_type);
        if !is_event && !is_audio && !is_noise {
            self.counts.malformed += 1;
            return;
        }
        let seq = match self.inbound.admit(now, source, self.params.remote, &packet) {
            Admission::Accepted { seq, fresh } => {
                if fresh {
                    self.playout.reset();
                    self.events_received.reset();
                    self.play_held(now, seq, &packet);
                }
                seq
            }
            Admission::Probation => return,
            Admission::Foreign => {
                self.counts.foreign += 1;
                return;
            }
            Admission::Misplaced => {
                self.counts.malformed += 1;
                return;
            }
        };
        self.counts.packets += 1;
        self.counts.bytes += packet.payload.len() as u64;
        self.note_packet(now);
        if !self.params.receive {
            return;
        }
        if is_audio && !packet.payload.is_empty() {
            self.playout.put(now, seq, packet.timestamp, packet.payload_type, packet.payload);
            return;
        }
        if is_noise {
            self.playout.put_noise(seq, packet.payload);
            return;
        }
        self.playout.put_blank(seq);
        if is_event && let Some(digit) = self.events_received.receive(packet.timestamp, packet.payload) {
            self.emit(MediaEvent::Dtmf { session: self.id, digit: digit.to_char() });
        }
    }

    /// Takes a datagram of the RTCP socket.
    pub fn handle_rtcp(&mut self, now: Instant, source: SocketAddr, bytes: &[u8]) {
        self.take_reports(Channel::Rtcp, now, source, bytes);
    }

    fn take_reports(&mut self, channel: Channel, now: Instant, source: SocketAddr, bytes: &[u8]) {
        // The RTCP port of a peer behind NAT is unknowable, its address is not.
        if source.ip() != self.remote().ip() {
            self.counts.foreign += 1;
            return;
        }
        let Some(mut srtp) = self.context_of(channel).take() else {
            if self.params.encryption == Encryption::Off {
                self.take_rtcp(now, bytes);
            }
            return;
        };
        match srtp.unprotect_rtcp(bytes) {
            Ok(plain) => self.take_rtcp(now, plain),
            Err(refused) => self.refuse(refused),
        }
        *self.context_of(channel) = Some(srtp);
    }

    fn take_rtcp(&mut self, now: Instant, bytes: &[u8]) {
        let told = self.rtcp.handle(now, bytes, self.outbound.ssrc(), self.params.codec.clock_rate());
        if let Some(percent) = told.loss_percent {
            self.outbound.set_expected_loss(percent);
        }
        if let Some(ssrc) = told.bye {
            self.inbound.leave(ssrc);
        }
        if told.alive && self.playout.is_paused() {
            // A pause that was announced may last; reports show that the peer is there.
            self.heard = now;
        }
    }

    fn refuse(&mut self, refused: Refused) {
        match refused {
            Refused::Unauthentic => self.counts.unauthentic += 1,
            Refused::Replayed => self.counts.replayed += 1,
        }
    }

    /// A peer that answers PCMU with PCMA or the other way round is understood.
    fn is_audio(&self, payload_type: u8) -> bool {
        payload_type == self.params.receive_payload_type
            || (matches!(self.params.codec, Codec::Pcmu | Codec::Pcma) && matches!(payload_type, 0 | 8))
    }

    /// Comfort noise has a static number, which some use without having agreed on it.
    fn is_noise(&self, payload_type: u8) -> bool {
        Some(payload_type) == self.params.noise_payload_type
            || (payload_type == PT_COMFORT_NOISE && !self.is_audio(payload_type))
    }

    /// The packet that began the probation is the start of the callee's first word.
    fn play_held(&mut self, now: Instant, seq: i64, packet: &Packet<'_>) {
        let Some(held) = self.inbound.take_held(packet) else { return };
        self.counts.packets += 1;
        self.counts.bytes += held.payload.len() as u64;
        if self.params.receive && self.is_audio(held.payload_type) && !held.payload.is_empty() {
            self.playout.put(now, seq - 1, held.timestamp, held.payload_type, &held.payload);
        }
    }

    fn note_packet(&mut self, now: Instant) {
        self.heard = now;
        self.timed_out = false;
        if !self.flowing {
            self.flowing = true;
            self.emit(MediaEvent::RtpFlowing { session: self.id });
        }
    }
}
