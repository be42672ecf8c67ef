//! What a receiver knows of one SSRC: sequence validation (RFC 3550 A.1), loss (A.3) and jitter (A.8).

use std::time::Instant;

/// RFC 3550 A.1.
const MAX_DROPOUT: u16 = 3000;
const MAX_MISORDER: u16 = 100;
const MIN_SEQUENTIAL: u32 = 2;
const SEQ_MOD: u32 = 1 << 16;

/// What is to be done with a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Not yet trusted: the source must send two packets in a row first.
    Probation,
    /// In order or nearly so; the sequence number with its wraps counted.
    Valid(i64),
    /// The peer restarted its numbers: two in a row after a great jump. Counting begins anew.
    Restarted(i64),
    /// Far off the sequence; to be dropped.
    Misplaced,
}

/// State of one SSRC.
#[derive(Clone, Debug)]
pub struct Receiver {
    ssrc: u32,
    clock_rate: u32,
    max_seq: u16,
    cycles: u32,
    base_seq: u32,
    bad_seq: u32,
    probation: u32,
    received: u64,
    expected_prior: u64,
    received_prior: u64,
    /// Loss before the last restart of the numbers.
    lost_before: u64,
    first_arrival: Option<Instant>,
    transit: Option<i64>,
    /// In timestamp units.
    jitter: f64,
}

impl Receiver {
    /// A source from its first packet on, which must then be given to [`Receiver::receive`] too.
    pub fn new(ssrc: u32, sequence: u16, clock_rate: u32) -> Self {
        Self {
            ssrc,
            clock_rate: clock_rate.max(1),
            max_seq: sequence.wrapping_sub(1),
            cycles: 0,
            base_seq: u32::from(sequence),
            bad_seq: SEQ_MOD + 1,
            probation: MIN_SEQUENTIAL,
            received: 0,
            expected_prior: 0,
            received_prior: 0,
            lost_before: 0,
            first_arrival: None,
            transit: None,
            jitter: 0.0,
        }
    }

    /// Who sends.
    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// Whether the source has passed probation.
    pub fn is_valid(&self) -> bool {
        self.probation == 0
    }

    /// Judges a packet by its sequence number (RFC 3550 A.1, `update_seq`).
    pub fn receive(&mut self, now: Instant, sequence: u16, timestamp: u32) -> Verdict {
        let delta = sequence.wrapping_sub(self.max_seq);
        if self.probation > 0 {
            if delta == 1 {
                self.probation -= 1;
                self.max_seq = sequence;
                if self.probation == 0 {
                    self.restart(sequence);
                    // The packet before was good too, as it turns out.
                    self.base_seq = u32::from(sequence).wrapping_sub(1);
                    self.received = 2;
                    self.update_jitter(now, timestamp);
                    return Verdict::Valid(self.extend(sequence));
                }
            } else {
                self.probation = MIN_SEQUENTIAL - 1;
                self.max_seq = sequence;
            }
            return Verdict::Probation;
        }
        let mut restarted = false;
        if delta < MAX_DROPOUT {
            if sequence < self.max_seq {
                self.cycles = self.cycles.wrapping_add(SEQ_MOD);
            }
            self.max_seq = sequence;
        } else if delta <= u16::MAX - MAX_MISORDER {
            if u32::from(sequence) != self.bad_seq {
                self.bad_seq = (u32::from(sequence) + 1) % SEQ_MOD;
                return Verdict::Misplaced;
            }
            self.lost_before += self.lost_since_restart();
            self.restart(sequence);
            restarted = true;
        }
        // Otherwise a duplicate or a reordered packet: counted, the highest number stays.
        self.received += 1;
        self.update_jitter(now, timestamp);
        let extended = self.extend(sequence);
        if restarted { Verdict::Restarted(extended) } else { Verdict::Valid(extended) }
    }

    /// Highest sequence number with its wraps, as a reception report has it.
    pub fn extended_highest(&self) -> u32 {
        self.cycles.wrapping_add(u32::from(self.max_seq))
    }

    /// Packets that never came (A.3); a duplicate hides a loss, as the RFC accepts.
    pub fn lost(&self) -> u64 {
        self.lost_before + self.lost_since_restart()
    }

    /// Interarrival jitter in timestamp units.
    pub fn jitter(&self) -> u32 {
        self.jitter as u32
    }

    /// Interarrival jitter in milliseconds.
    pub fn jitter_ms(&self) -> f32 {
        (self.jitter * 1000.0 / f64::from(self.clock_rate)) as f32
    }

    /// Loss since the last call, in 1/256 (A.3); for a reception report.
    pub fn fraction_lost(&mut self) -> u8 {
        let expected = self.expected();
        let expected_interval = expected.saturating_sub(self.expected_prior);
        let received_interval = self.received.saturating_sub(self.received_prior);
        self.expected_prior = expected;
        self.received_prior = self.received;
        let lost = expected_interval.saturating_sub(received_interval);
        (lost * 256).checked_div(expected_interval).unwrap_or(0).min(255) as u8
    }

    fn restart(&mut self, sequence: u16) {
        self.base_seq = u32::from(sequence);
        self.max_seq = sequence;
        self.bad_seq = SEQ_MOD + 1;
        self.cycles = 0;
        self.received = 0;
        self.received_prior = 0;
        self.expected_prior = 0;
        self.transit = None;
    }

    fn expected(&self) -> u64 {
        if self.probation > 0 {
            return 0;
        }
        u64::from(self.extended_highest().wrapping_sub(self.base_seq)) + 1
    }

    fn lost_since_restart(&self) -> u64 {
        self.expected().saturating_sub(self.received)
    }

    /// The number with its wraps, relative to the highest one, so that a late packet from before a wrap is right.
    fn extend(&self, sequence: u16) -> i64 {
        i64::from(self.extended_highest()) + i64::from(sequence.wrapping_sub(self.max_seq) as i16)
    }

    /// RFC 3550 A.8: J += (|D| - J) / 16, D the change of transit time in timestamp units.
    fn update_jitter(&mut self, now: Instant, timestamp: u32) {
        let first = *self.first_arrival.get_or_insert(now);
        let arrival = (now.saturating_duration_since(first).as_micros() * u128::from(self.clock_rate)
            / 1_000_000) as i64;
        let transit = arrival.wrapping_sub(i64::from(timestamp));
        if let Some(last) = self.transit {
            // As 32 bits, so that a timestamp wrap is no jump.
            let change = f64::from((transit.wrapping_sub(last) as i32).unsigned_abs());
            // A gap of more than 10 s is a new spurt or a new clock, not jitter.
            if change < f64::from(self.clock_rate) * 10.0 {
                self.jitter += (change - self.jitter) / 16.0;
            }
        }
        self.transit = Some(transit);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "one base instant; time is simulated from there")]
    use super::*;
    use std::time::Duration;

    fn feed(receiver: &mut Receiver, numbers: &[u16]) -> Vec<Verdict> {
        let start = Instant::now();
        numbers
            .iter()
            .enumerate()
            .map(|(n, &sequence)| {
                receiver.receive(start + Duration::from_millis(20 * n as u64), sequence, 160 * n as u32)
            })
            .collect()
    }

    #[test]
    fn two_packets_in_a_row_end_probation() {
        let mut receiver = Receiver::new(1, 100, 8000);
        assert_eq!(
            feed(&mut receiver, &[100, 101, 102]),
            [Verdict::Probation, Verdict::Valid(101), Verdict::Valid(102)]
        );
        assert_eq!((receiver.lost(), receiver.received), (0, 3));
        let mut stray = Receiver::new(1, 100, 8000);
        assert_eq!(feed(&mut stray, &[100, 700, 31, 32]).last(), Some(&Verdict::Valid(32)));
    }

    #[test]
    fn the_number_wraps_and_late_packets_keep_their_cycle() {
        let mut receiver = Receiver::new(1, 65_533, 8000);
        let verdicts = feed(&mut receiver, &[65_533, 65_534, 0, 65_535, 1]);
        assert_eq!(
            verdicts[1..],
            [Verdict::Valid(65_534), Verdict::Valid(65_536), Verdict::Valid(65_535), Verdict::Valid(65_537)]
        );
        assert_eq!(receiver.lost(), 0);
        assert_eq!(receiver.extended_highest(), 65_537);
    }

    #[test]
    fn a_jump_is_believed_at_its_second_packet() {
        let mut receiver = Receiver::new(1, 10, 8000);
        let verdicts = feed(&mut receiver, &[10, 11, 13, 40_000, 40_001, 40_002]);
        assert_eq!(verdicts[3..], [Verdict::Misplaced, Verdict::Restarted(40_001), Verdict::Valid(40_002)]);
        assert_eq!(receiver.lost(), 1);
    }

    #[test]
    fn loss_is_counted_and_reported_per_interval() {
        let mut receiver = Receiver::new(1, 0, 8000);
        feed(&mut receiver, &[0, 1, 2, 4]);
        assert_eq!((receiver.lost(), receiver.fraction_lost()), (1, 51));
        assert_eq!(receiver.fraction_lost(), 0);
    }

    #[test]
    fn jitter_follows_appendix_a8() {
        let start = Instant::now();
        let mut receiver = Receiver::new(1, 0, 8000);
        for n in 0..400_u32 {
            // Every second packet is 8 ms late: |D| is 64 units each time.
            let late = if n % 2 == 0 { 0 } else { 8 };
            receiver.receive(start + Duration::from_millis(u64::from(20 * n + late)), n as u16, 160 * n);
        }
        assert!((receiver.jitter_ms() - 8.0).abs() < 0.1, "{}", receiver.jitter_ms());
    }
}
