//! What the network does in each row of the table.

use std::time::{Duration, Instant};

use netem::{Burst, Link, LinkConfig};

/// Time between two packets at the sender's clock.
pub(super) const PTIME: Duration = Duration::from_millis(20);

/// A row of the table.
pub(super) struct Profile {
    /// Its name.
    pub(super) name: &'static str,
    link: LinkConfig,
    /// How much faster the sender's clock runs than the receiver's, in millionths.
    ppm: i64,
    /// From this packet on the network delivers nothing for so long, then all at once.
    stall: Option<(usize, Duration)>,
    /// How often the clip was heard before it is judged, which only simulated time affords: drift takes a while.
    pub(super) before: usize,
    /// Least score and longest delay in milliseconds.
    pub(super) goal: (Option<f64>, Option<f64>),
    /// Score and delay of pjsua and of baresip measured elsewhere.
    pub(super) quoted: [(Option<f64>, Option<f64>); 2],
}

/// All rows.
pub(super) fn profiles() -> Vec<Profile> {
    let loss = |percent: u16| LinkConfig { loss_per_mille: percent * 10, ..LinkConfig::default() };
    let jitter = |ms| LinkConfig { jitter: Duration::from_millis(ms), ..LinkConfig::default() };
    let bursts = Burst { enter_per_mille: 10, leave_per_mille: 400 };
    let ms = Duration::from_millis;
    vec![
        Profile::new("clean", LinkConfig::default())
            .goal(4.09, 80.0)
            .pjsua(4.09, Some(278.0))
            .baresip(4.10, Some(118.0)),
        Profile::new("1 % loss", loss(1)),
        Profile::new("3 % loss", loss(3)).goal(3.33, 118.0).pjsua(3.33, None).baresip(2.91, None),
        Profile::new("5 % loss", loss(5)).goal(3.17, 118.0).pjsua(3.17, None).baresip(2.71, None),
        Profile::new("10 % loss", loss(10)).goal(2.42, 118.0).pjsua(2.42, None).baresip(1.95, None),
        Profile::new(
            "bursts, 2.4 % in runs of 2.5",
            LinkConfig { burst: Some(bursts), ..LinkConfig::default() },
        )
        .goal(3.48, 118.0)
        .pjsua(3.48, None)
        .baresip(3.00, None),
        Profile::new("jitter 30 ms", jitter(30))
            .goal(3.89, 140.0)
            .pjsua(3.89, Some(430.0))
            .baresip(2.82, Some(136.0)),
        Profile::new("jitter 80 ms", jitter(80))
            .goal(3.80, 300.0)
            .pjsua(4.03, Some(653.0))
            .baresip(1.06, Some(218.0)),
        Profile::new("drift +200 ppm", LinkConfig::default()).drift(200).goal(4.0, 80.0),
        Profile::new("drift −200 ppm", LinkConfig::default()).drift(-200).goal(4.0, 80.0),
        Profile::new(
            "2 % overtaken by 40 ms",
            LinkConfig { reorder_per_mille: 20, reorder_by: ms(40), ..LinkConfig::default() },
        )
        .goal(4.0, 140.0),
        Profile::new("10 % doubled", LinkConfig { duplicate_per_mille: 100, ..LinkConfig::default() })
            .goal(4.0, 80.0),
        Profile::new("one stall of 150 ms", LinkConfig::default()).stall(150, ms(150)).least(3.4),
    ]
}

impl Profile {
    fn new(name: &'static str, link: LinkConfig) -> Self {
        let quoted = [(None, None); 2];
        Self { name, link, ppm: 0, stall: None, before: 0, goal: (None, None), quoted }
    }

    fn goal(mut self, score: f64, delay_ms: f64) -> Self {
        self.goal = (Some(score), Some(delay_ms));
        self
    }

    fn least(mut self, score: f64) -> Self {
        self.goal = (Some(score), None);
        self
    }

    fn pjsua(mut self, score: f64, delay_ms: Option<f64>) -> Self {
        self.quoted[0] = (Some(score), delay_ms);
        self
    }

    fn baresip(mut self, score: f64, delay_ms: Option<f64>) -> Self {
        self.quoted[1] = (Some(score), delay_ms);
        self
    }

    fn drift(mut self, ppm: i64) -> Self {
        self.ppm = ppm;
        self.before = 60;
        self
    }

    fn stall(mut self, packet: usize, length: Duration) -> Self {
        self.stall = Some((packet, length));
        self
    }

    /// When the sender lets go of a packet, by the receiver's clock.
    pub(super) fn sent(&self, index: usize) -> Duration {
        let micros = PTIME.as_micros() as i64 * index as i64;
        Duration::from_micros((micros - micros * self.ppm / 1_000_000).unsigned_abs())
    }

    /// Arrival and number of every packet that arrives, in order, since the first was sent. The same seed gives the
    /// same network.
    pub(super) fn arrivals(&self, packets: usize, seed: u64) -> Vec<(Duration, usize)> {
        let base = Instant::now();
        let mut link = Link::new(self.link, seed);
        let stalled = self.stall.map(|(first, length)| (self.sent(first), self.sent(first) + length));
        for index in 0..packets {
            let mut sent = self.sent(index);
            if let Some((from, until)) = stalled
                && (from..until).contains(&sent)
            {
                sent = until;
            }
            link.send(base + sent, index);
        }
        let mut arrivals = Vec::with_capacity(packets);
        while let Some(at) = link.poll_timeout() {
            while let Some(index) = link.poll_deliver(at) {
                arrivals.push((at.duration_since(base), index));
            }
        }
        arrivals
    }
}
