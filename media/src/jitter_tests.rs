//! Scripts for the jitter buffer, in the manner of pjmedia's: a case is a line that reads like a packet trace.
//!
//! `P` the next packet arrives · `L` the next packet is lost · `D` the last packet arrives again · `O` a packet from
//! long ago arrives · `J` the peer's numbers and timestamps jump · `G` 20 ms pass, and 20 ms are played ·
//! `S` the next two packets arrive swapped · `W` the next packet is held back until `R` releases it.

#![allow(clippy::disallowed_methods, reason = "one base instant; time is simulated from there")]

use super::*;
use crate::rtp::sender::mix;

const FRAME: u32 = 160;

struct Bench {
    buffer: JitterBuffer,
    now: Instant,
    seq: i64,
    timestamp: u32,
    held: Vec<(i64, u32)>,
    /// Number of each packet played, -1 for 10 ms made up, -2 for 10 ms of silence, in order.
    heard: Vec<i64>,
    /// Units to play before the next `next`.
    busy: i64,
}

impl Bench {
    fn new() -> Self {
        Self {
            buffer: JitterBuffer::new(8000),
            now: Instant::now(),
            seq: 65_530, // wraps early in every script
            timestamp: u32::MAX - 500,
            held: Vec::new(),
            heard: Vec::new(),
            busy: 0,
        }
    }

    fn advance(&mut self) -> (i64, u32) {
        let packet = (self.seq, self.timestamp);
        self.seq += 1;
        self.timestamp = self.timestamp.wrapping_add(FRAME);
        packet
    }

    fn put(&mut self, (seq, timestamp): (i64, u32)) -> Put {
        self.buffer.put(self.now, seq, timestamp, 0, &seq.to_be_bytes())
    }

    /// Plays 20 ms.
    fn play(&mut self) {
        for _ in 0..4 {
            self.now += Duration::from_millis(5);
            self.play_5_ms();
        }
    }

    fn play_5_ms(&mut self) {
        self.busy -= 40;
        while self.busy <= -40 {
            match self.buffer.next(self.now) {
                Next::Packet { payload, .. } => {
                    let seq = i64::from_be_bytes(payload.try_into().unwrap());
                    self.heard.push(seq);
                    self.buffer.played(FRAME);
                    self.busy += i64::from(FRAME);
                }
                Next::Lost { units, .. } => {
                    self.heard.push(-1);
                    self.busy += i64::from(units);
                }
                Next::Idle => {
                    self.heard.push(-2);
                    self.busy += 40;
                }
            }
        }
    }

    fn run(script: &str) -> Self {
        let mut bench = Self::new();
        for letter in script.chars().filter(|letter| !letter.is_whitespace()) {
            match letter {
                'P' => {
                    let packet = bench.advance();
                    bench.put(packet);
                }
                'L' => {
                    bench.advance();
                }
                'D' => {
                    let again = (bench.seq - 1, bench.timestamp.wrapping_sub(FRAME));
                    assert_ne!(bench.put(again), Put::Stored);
                }
                'O' => {
                    let old = (bench.seq - 20, bench.timestamp.wrapping_sub(20 * FRAME));
                    assert_eq!(bench.put(old), Put::Late);
                }
                'J' => {
                    bench.seq += 3000;
                    bench.timestamp = bench.timestamp.wrapping_add(1_000_000);
                }
                'S' => {
                    let (first, second) = (bench.advance(), bench.advance());
                    bench.put(second);
                    bench.put(first);
                }
                'W' => {
                    let packet = bench.advance();
                    bench.held.push(packet);
                }
                'R' => {
                    let packet = bench.held.remove(0);
                    bench.put(packet);
                }
                'G' => bench.play(),
                other => panic!("{other} is not in the language"),
            }
        }
        bench
    }

    fn packets(&self) -> Vec<i64> {
        self.heard.iter().copied().filter(|&heard| heard >= 0).map(|seq| seq - 65_530).collect()
    }

    fn made_up(&self) -> usize {
        self.heard.iter().filter(|&&heard| heard == -1).count()
    }
}

#[test]
fn scripts_stay_within_their_limits() {
    struct Limits {
        script: String,
        played: u64,
        lost: u64,
        late: u64,
        duplicates: u64,
        /// Most pieces of 10 ms made up (a lost packet is one piece of 20 ms when its successor is there).
        made_up: usize,
    }
    let case = |script: String, played, lost, late, duplicates, made_up| Limits {
        script,
        played,
        lost,
        late,
        duplicates,
        made_up,
    };
    let cases = [
        // One packet each 20 ms: nothing is made up.
        case("PG".repeat(100), 99, 0, 0, 0, 0),
        // Two at a time, as some gateways send.
        case("PPGG".repeat(50), 99, 0, 0, 0, 2),
        // Bursts of four.
        case("PPPPGGGG".repeat(50), 196, 0, 0, 0, 8),
        // A loss now and then.
        case("PGPGPGPGLG".repeat(20), 79, 19, 0, 0, 40),
        // Every second packet lost.
        case("PGLG".repeat(50), 49, 49, 0, 0, 100),
        // Everything twice.
        case("PDG".repeat(50), 49, 0, 0, 50, 0),
        // Swapped neighbours.
        case("SGG".repeat(50), 99, 0, 0, 0, 8),
        // Old packets are refused.
        case(format!("{}{}", "PG".repeat(30), "POG".repeat(10)), 39, 0, 10, 0, 0),
        // A packet 20 ms late, each time: the buffer learns and waits.
        case("PGWGPRG".repeat(40), 78, 2, 2, 0, 12),
        // A jump of the numbers starts anew.
        case(format!("{}J{}", "PG".repeat(20), "PG".repeat(20)), 38, 0, 0, 0, 2),
        // A stall of 200 ms, then all at once: what was late is still played.
        case(
            format!("{}GGGGGGGGGG{}{}GGGGGGGGG", "PG".repeat(50), "P".repeat(10), "PG".repeat(50)),
            108,
            0,
            0,
            0,
            12,
        ),
    ];
    for limits in cases {
        let bench = Bench::run(&limits.script);
        let counters = bench.buffer.counters();
        let script = &limits.script[..limits.script.len().min(24)];
        assert!(counters.played >= limits.played, "{script}: {counters:?}");
        assert!(counters.lost <= limits.lost, "{script}: {counters:?}");
        assert!(counters.late <= limits.late, "{script}: {counters:?}");
        assert_eq!(counters.duplicates, limits.duplicates, "{script}: {counters:?}");
        assert!(bench.made_up() <= limits.made_up, "{script}: {} made up, {counters:?}", bench.made_up());
        let packets = bench.packets();
        assert!(packets.windows(2).all(|pair| pair[0] < pair[1]), "{script}: out of order {packets:?}");
    }
}

#[test]
fn the_first_packet_is_played_after_the_least_delay() {
    let bench = Bench::run("PGPG");
    // 20 ms of silence, then sound: 5 ms pieces.
    assert!(bench.heard[..3].iter().all(|&heard| heard == -2), "{:?}", bench.heard);
    assert_eq!(bench.packets(), [0, 1]);
    assert_eq!(bench.buffer.target(), MIN_TARGET);
}

#[test]
fn fec_is_offered_for_the_packet_before_the_next_one() {
    let mut bench = Bench::run("PGPGPG");
    bench.advance();
    let next = bench.advance();
    bench.put(next);
    let mut offered = 0;
    for _ in 0..8 {
        bench.now += Duration::from_millis(20);
        if let Next::Lost { units, fec: Some(payload) } = bench.buffer.next(bench.now) {
            assert_eq!((units, payload), (FRAME, &next.0.to_be_bytes()[..]));
            offered += 1;
        }
        bench.buffer.played(FRAME);
    }
    assert_eq!(offered, 1);
}

/// Delivers packets of 20 ms with random delays for a number of seconds; returns the bench and the target in ms.
fn simulate(seconds: i64, jitter_ms: u64, ppm: i64, seed: u64) -> (Bench, u128) {
    let mut bench = Bench::new();
    let start = bench.now;
    let mut random = seed;
    let mut flying: Vec<(u64, i64, u32)> = Vec::new();
    let mut sent = 0_i64;
    let mut millis = 0_u64;
    while millis < seconds as u64 * 1000 {
        // The peer's clock runs faster or slower than ours.
        while sent * 20_000 * (1_000_000 - ppm) / 1_000_000 <= millis as i64 * 1000 {
            random = mix(random);
            let delay = if jitter_ms == 0 { 0 } else { random % jitter_ms };
            let (seq, timestamp) = bench.advance();
            flying.push((millis + delay, seq, timestamp));
            sent += 1;
        }
        let (arrived, still): (Vec<_>, Vec<_>) = flying.iter().partition(|packet| packet.0 <= millis);
        flying = still;
        bench.now = start + Duration::from_millis(millis);
        for (_, seq, timestamp) in arrived {
            bench.put((seq, timestamp));
        }
        let before = bench.heard.len();
        bench.play_5_ms();
        millis += 5;
        if bench.heard.len() == before {
            continue;
        }
        // What the stretcher would do, at one piece of 5 ms a packet.
        match bench.buffer.pressure() {
            Pressure::Hold => {}
            Pressure::Accelerate => {
                bench.busy -= 40;
                bench.buffer.stretched(-40);
            }
            Pressure::Expand => {
                bench.busy += 40;
                bench.buffer.stretched(40);
            }
        }
    }
    let target = bench.buffer.target().as_millis();
    (bench, target)
}

#[test]
fn the_target_follows_the_jitter_and_few_packets_are_late() {
    for (jitter, least, most) in [(0, 20, 20), (30, 20, 60), (80, 60, 120), (150, 100, 200)] {
        let (bench, target) = simulate(60, jitter, 0, 42);
        let counters = bench.buffer.counters();
        assert!((least..=most).contains(&target), "jitter {jitter}: target {target}");
        let share = (counters.late + counters.lost) as f64 / counters.played as f64;
        assert!(share < 0.03, "jitter {jitter}: {counters:?}");
    }
}

#[test]
fn drift_of_200_ppm_is_absorbed_for_an_hour() {
    for ppm in [-200, 200] {
        let (bench, target) = simulate(3600, 5, ppm, 7);
        let counters = bench.buffer.counters();
        assert!(target <= 30, "{ppm}: {target}");
        assert!(counters.late + counters.lost < 20, "{ppm}: {counters:?}");
        assert!(counters.underruns < 20, "{ppm}: {counters:?}");
        assert!(bench.buffer.buffered <= 4, "{ppm}: {} packets wait", bench.buffer.buffered);
    }
}

#[test]
fn blanks_are_no_losses() {
    let mut bench = Bench::run(&"PG".repeat(10));
    for _ in 0..3 {
        let (seq, _) = bench.advance();
        bench.buffer.put_blank(seq);
        bench.play();
    }
    for _ in 0..10 {
        let packet = bench.advance();
        bench.put(packet);
        bench.play();
    }
    assert_eq!(bench.buffer.counters().lost, 0);
    assert!(bench.buffer.counters().played >= 19, "{:?}", bench.buffer.counters());
}

#[test]
fn a_reset_forgets_the_stream_and_keeps_the_counters() {
    let mut bench = Bench::run(&"PG".repeat(10));
    bench.buffer.reset();
    bench.seq = 7;
    bench.timestamp = 99;
    for _ in 0..10 {
        let packet = bench.advance();
        assert_eq!(bench.put(packet), Put::Stored);
        bench.play();
    }
    assert!(bench.buffer.counters().played >= 18);
    assert_eq!(bench.buffer.counters().late, 0);
}
