//! When reports are sent and what is learned from the peer's.

use std::time::{Duration, Instant};

use crate::outbound::SenderState;
use crate::rtcp::{Report, ReportBlock, SenderInfo, parse, write};
use crate::rtp::Receiver;
use crate::rtp::sender::mix;

/// RFC 3550 6.2: five seconds between reports, times 0.5 to 1.5 so that calls begun together do not report together.
const INTERVAL_MS: u64 = 5000;

#[derive(Debug)]
pub(crate) struct RtcpSession {
    started: Instant,
    due: Instant,
    random: u64,
    cname: String,
    /// Of the last sender report received: middle 32 bits of its NTP time, and when it came.
    last_sr: Option<(u32, Instant)>,
    rtt_ms: Option<f32>,
    remote_lost: Option<u32>,
    remote_jitter_ms: Option<f32>,
}

impl RtcpSession {
    pub(crate) fn new(seed: u64, now: Instant) -> Self {
        let random = mix(seed ^ 0x5254_4350);
        // RFC 7022: a short-lived name that tells nothing of user or host.
        let cname = format!("{:016x}", mix(random));
        let mut this = Self {
            started: now,
            due: now,
            random,
            cname,
            last_sr: None,
            rtt_ms: None,
            remote_lost: None,
            remote_jitter_ms: None,
        };
        this.schedule(now);
        this
    }

    pub(crate) fn due(&self) -> Instant {
        self.due
    }

    pub(crate) fn is_due(&self, now: Instant) -> bool {
        now >= self.due
    }

    pub(crate) fn rtt_ms(&self) -> Option<f32> {
        self.rtt_ms
    }

    pub(crate) fn remote_lost(&self) -> Option<u32> {
        self.remote_lost
    }

    pub(crate) fn remote_jitter_ms(&self) -> Option<f32> {
        self.remote_jitter_ms
    }

    /// Takes a compound. Returns the loss of our packets in percent when the peer reports on them.
    pub(crate) fn handle(
        &mut self,
        now: Instant,
        bytes: &[u8],
        our_ssrc: u32,
        clock_rate: u32,
    ) -> Option<u8> {
        let mut percent = None;
        for report in parse(bytes) {
            let block = match report {
                Report::Sender { info, block, .. } => {
                    self.last_sr = Some(((info.ntp >> 16) as u32, now));
                    block
                }
                Report::Receiver { block, .. } => block,
                Report::Bye { .. } | Report::Other => None,
            };
            let Some(block) = block.filter(|block| block.ssrc == our_ssrc) else { continue };
            self.remote_lost = Some(block.lost.max(0) as u32);
            self.remote_jitter_ms = Some(block.jitter as f32 * 1000.0 / clock_rate as f32);
            percent = Some((u32::from(block.fraction_lost) * 100 / 256) as u8);
            if block.last_sr != 0 {
                // RFC 3550 6.4.1: A - LSR - DLSR in 1/65536 s; a result beyond a minute is a broken peer.
                let now_short = (self.ntp(now) >> 16) as u32;
                let rtt = now_short.wrapping_sub(block.last_sr).wrapping_sub(block.delay_since_last_sr);
                if rtt < 60 << 16 {
                    self.rtt_ms = Some(rtt as f32 * 1000.0 / 65_536.0);
                }
            }
        }
        percent
    }

    /// Writes the next compound and plans the one after it.
    pub(crate) fn write(
        &mut self,
        now: Instant,
        out: &mut [u8],
        sent: SenderState,
        receiver: Option<&mut Receiver>,
        bye: bool,
    ) -> Option<usize> {
        let info = (sent.packets > 0).then(|| SenderInfo {
            ntp: self.ntp(now),
            rtp: sent.timestamp,
            packets: sent.packets as u32,
            octets: sent.octets as u32,
        });
        let report = receiver.filter(|receiver| receiver.is_valid()).map(|receiver| ReportBlock {
            ssrc: receiver.ssrc(),
            fraction_lost: receiver.fraction_lost(),
            lost: receiver.lost().min(0x7F_FFFF) as i32,
            highest: receiver.extended_highest(),
            jitter: receiver.jitter(),
            last_sr: self.last_sr.map_or(0, |(ntp, _)| ntp),
            delay_since_last_sr: self.last_sr.map_or(0, |(_, at)| {
                (now.saturating_duration_since(at).as_micros() * 65_536 / 1_000_000) as u32
            }),
        });
        self.schedule(now);
        write(out, sent.ssrc, info, report, &self.cname, bye)
    }

    fn schedule(&mut self, now: Instant) {
        self.random = mix(self.random);
        let ms = INTERVAL_MS / 2 + self.random % INTERVAL_MS;
        self.due = now + Duration::from_millis(ms);
    }

    /// Time since the start as NTP time, for want of a wall clock (6.4.1); one second on, so that it is never the 0
    /// that means "no report".
    fn ntp(&self, now: Instant) -> u64 {
        let since = now.saturating_duration_since(self.started) + Duration::from_secs(1);
        (since.as_secs() << 32) | ((u64::from(since.subsec_nanos()) << 32) / 1_000_000_000)
    }
}
