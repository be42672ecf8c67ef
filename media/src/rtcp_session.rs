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
    /// Packets sent by the time of the last two reports: who has sent none since the last but one is no sender (6.4).
    sent_before: [u64; 2],
}

/// What a compound of the peer told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// Loss of our packets in percent since its last report.
    pub(crate) loss_percent: Option<u8>,
    /// Who left.
    pub(crate) bye: Option<u32>,
    /// It was a report at all.
    pub(crate) alive: bool,
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
            sent_before: [0; 2],
        };
        this.schedule(now);
        // RFC 3550 6.2: half the interval before the first report.
        this.due = now + (this.due - now) / 2;
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

    /// Takes a compound.
    pub(crate) fn handle(&mut self, now: Instant, bytes: &[u8], our_ssrc: u32, clock_rate: u32) -> Told {
        let mut told = Told::default();
        for report in parse(bytes) {
            told.alive = true;
            let mut blocks = match report {
                Report::Sender { info, blocks, .. } => {
                    self.last_sr = Some(((info.ntp >> 16) as u32, now));
                    blocks
                }
                Report::Receiver { blocks, .. } => blocks,
                Report::Bye { ssrc } => {
                    told.bye = Some(ssrc);
                    continue;
                }
                Report::Other => continue,
            };
            let Some(block) = blocks.find(|block| block.ssrc == our_ssrc) else { continue };
            self.remote_lost = Some(block.lost.max(0) as u32);
            self.remote_jitter_ms = Some(block.jitter as f32 * 1000.0 / clock_rate as f32);
            told.loss_percent = Some((u32::from(block.fraction_lost) * 100 / 256) as u8);
            if block.last_sr != 0 {
                // RFC 3550 6.4.1: A - LSR - DLSR in 1/65536 s; a result beyond a minute is a broken peer.
                let now_short = (self.ntp(now) >> 16) as u32;
                let rtt = now_short.wrapping_sub(block.last_sr).wrapping_sub(block.delay_since_last_sr);
                if rtt < 60 << 16 {
                    self.rtt_ms = Some(rtt as f32 * 1000.0 / 65_536.0);
                }
            }
        }
        told
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
        let sends = sent.packets > self.sent_before[1];
        self.sent_before = [sent.packets, self.sent_before[0]];
        let info = sends.then(|| SenderInfo {
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
