//! How a call probably sounded: the E-model (ITU-T G.107) with what the packets tell.
//!
//! Everything that is not measured has its default of G.107 table 3: a quiet room, a good handset, no echo but what
//! 65 dB of loss lets through. So the figure is about the network, not about the people.

use crate::types::Codec;

/// What is known of one direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heard {
    /// The codec.
    pub codec: Codec,
    /// Share of packets that were not played, lost or late, 0 to 1.
    pub loss: f32,
    /// Mean length of a run of such packets, divided by what chance alone would give; 1 is random loss.
    pub burst_ratio: f32,
    /// Delay from mouth to ear in milliseconds, as far as known.
    pub delay_ms: f32,
}

/// Estimated mean opinion score, 1 (bad) to 4.5 (G.107 annex B).
pub fn mos(heard: &Heard) -> f32 {
    let r = rating(heard);
    let mos = match r {
        ..0.0 => 1.0,
        100.0.. => 4.5,
        _ => 1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6,
    };
    // The cubic dips below 1 for R under 6.5.
    mos.max(1.0)
}

/// The transmission rating R = Ro − Is − Id − Ie,eff, with no advantage of access.
pub fn rating(heard: &Heard) -> f32 {
    let ro = basic_ratio();
    ro - simultaneous_impairment(ro, heard.delay_ms)
        - delay_impairment(ro, heard.delay_ms)
        - equipment_impairment(heard)
}

// Defaults of G.107 table 3, in dB, dBm0p, dB(A) and units.
const SLR: f32 = 8.0;
const RLR: f32 = 2.0;
const OLR: f32 = SLR + RLR;
const STMR: f32 = 15.0;
const D_SEND: f32 = 3.0;
const LSTR: f32 = STMR + 3.0;
const TELR: f32 = 65.0;
const WEPL: f32 = 110.0;
const QDU: f32 = 1.0;
const CIRCUIT_NOISE: f32 = -70.0;
const FLOOR_NOISE: f32 = -64.0;
const ROOM_NOISE: f32 = 35.0;

fn power(db: f32) -> f32 {
    10_f32.powf(db / 10.0)
}

/// The sum of all noises, No (7.2).
fn noise() -> f32 {
    let send = ROOM_NOISE - SLR - D_SEND - 100.0 + 0.004 * (ROOM_NOISE - OLR - D_SEND - 14.0).powi(2);
    let effective = ROOM_NOISE + 10.0 * (1.0 + power(10.0 - LSTR)).log10();
    let receive = RLR - 121.0 + effective + 0.008 * (effective - 35.0).powi(2);
    let floor = FLOOR_NOISE + RLR;
    10.0 * (power(CIRCUIT_NOISE) + power(send) + power(receive) + power(floor)).log10()
}

/// Ro, the signal-to-noise ratio (7.2).
fn basic_ratio() -> f32 {
    15.0 - 1.5 * (SLR + noise())
}

/// Is: loudness, sidetone, quantising (7.3).
fn simultaneous_impairment(ro: f32, delay: f32) -> f32 {
    let no = noise();
    let x = OLR + 0.2 * (64.0 + no - RLR);
    let loudness = 20.0 * ((1.0 + (x / 8.0).powi(8)).powf(1.0 / 8.0) - x / 8.0);
    let echo = (-delay.max(0.0) / 4.0).exp() * power(-TELR);
    let sidetone_ratio = -10.0 * (power(-STMR) + echo).log10();
    let sidetone = 12.0 * (1.0 + ((sidetone_ratio - 13.0) / 6.0).powi(8)).powf(1.0 / 8.0)
        - 28.0 * (1.0 + ((sidetone_ratio + 1.0) / 19.4).powi(35)).powf(1.0 / 35.0)
        - 13.0 * (1.0 + ((sidetone_ratio - 3.0) / 33.0).powi(13)).powf(1.0 / 13.0)
        + 29.0;
    let q = 37.0 - 15.0 * QDU.log10();
    let g = 1.07 + 0.258 * q + 0.0602 * q * q;
    let (y, z) = ((ro - 100.0) / 15.0 + 46.0 / 8.4 - g / 9.0, 46.0 / 30.0 - g / 40.0);
    let quantising = 15.0 * (1.0 + 10_f32.powf(y) + 10_f32.powf(z)).log10();
    loudness + sidetone + quantising
}

/// Id: talker echo, listener echo, and delay as such (7.4). Echo comes back after twice the delay.
fn delay_impairment(ro: f32, delay: f32) -> f32 {
    let delay = delay.clamp(0.0, 5_000.0);
    let no = noise();
    let terv = TELR - 40.0 * ((1.0 + delay / 10.0) / (1.0 + delay / 150.0)).log10()
        + 6.0 * (-0.3 * delay * delay).exp();
    let (roe, re) = (-1.5 * (no - RLR), 80.0 + 2.5 * (terv - 14.0));
    let half = (roe - re) / 2.0;
    let talker = (half + (half * half + 100.0).sqrt() - 1.0) * (1.0 - (-delay).exp());
    let rle = 10.5 * (WEPL + 7.0) * (2.0 * delay + 1.0).powf(-0.25);
    let half = (ro - rle) / 2.0;
    let listener = half + (half * half + 169.0).sqrt();
    talker + listener + absolute_delay(delay)
}

/// Idd: what the delay costs even without any echo.
fn absolute_delay(delay: f32) -> f32 {
    if delay <= 100.0 {
        return 0.0;
    }
    let x = (delay / 100.0).log2();
    25.0 * ((1.0 + x.powi(6)).powf(1.0 / 6.0) - 3.0 * (1.0 + (x / 3.0).powi(6)).powf(1.0 / 6.0) + 2.0)
}

/// Ie,eff: codec and loss (7.5).
fn equipment_impairment(heard: &Heard) -> f32 {
    let (ie, bpl) = match heard.codec {
        // G.113 appendix I: G.711 with the concealment of its appendix I.
        Codec::Pcmu | Codec::Pcma => (0.0, 25.1),
        // Not in G.113 on the scale of narrow band, where they are no worse than G.711. Their concealment is of the same
        // kind; that of Opus is better while FEC carries the loss, which this figure leaves out.
        Codec::G722 | Codec::Opus => (0.0, 25.1),
    };
    let percent = (heard.loss * 100.0).clamp(0.0, 100.0);
    // G.107 knows ratios of 1 to 2 only.
    let burst_ratio = heard.burst_ratio.clamp(1.0, 2.0);
    ie + (95.0 - ie) * percent / (percent / burst_ratio + bpl)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLEAN: Heard = Heard { codec: Codec::Pcmu, loss: 0.0, burst_ratio: 1.0, delay_ms: 0.0 };

    /// G.107 table 3: with all defaults R is 93.2, annex B makes that 4.41.
    #[test]
    fn the_defaults_give_the_recommendations_figure() {
        let r = rating(&CLEAN);
        assert!((r - 93.2).abs() < 0.1, "{r}");
        assert!((mos(&CLEAN) - 4.41).abs() < 0.01, "{}", mos(&CLEAN));
    }

    /// G.113 appendix I, G.711 with concealment: Ie,eff of 4 at 1 %, 7 at 2 %, 10 at 3 %, 15 at 5 % of random loss.
    #[test]
    fn loss_costs_what_g_113_says() {
        for (percent, cost) in [(1.0, 4.0), (2.0, 7.0), (3.0, 10.0), (5.0, 15.0)] {
            let with_loss = Heard { loss: percent / 100.0, ..CLEAN };
            let found = rating(&CLEAN) - rating(&with_loss);
            assert!((found - cost).abs() < 1.0, "{percent} %: {found} instead of {cost}");
            let bursts = Heard { burst_ratio: 2.0, ..with_loss };
            assert!(rating(&bursts) < rating(&with_loss));
        }
    }

    /// G.114: up to 150 ms hardly anybody minds, from 400 ms on nearly everybody does.
    #[test]
    fn delay_costs_little_at_first_and_much_later() {
        let at = |delay_ms| rating(&Heard { delay_ms, ..CLEAN });
        assert!(at(150.0) > 88.0, "{}", at(150.0));
        assert!((60.0..75.0).contains(&at(400.0)), "{}", at(400.0));
        let mut last = f32::MAX;
        for delay in (0..2_000).step_by(20) {
            let r = at(delay as f32);
            assert!(r <= last, "{delay} ms");
            last = r;
        }
    }

    #[test]
    fn the_score_stays_on_its_scale() {
        for loss in [0.0, 0.01, 0.3, 1.0, 7.0, f32::NAN] {
            for delay_ms in [-1.0, 0.0, 300.0, 1e9] {
                for codec in [Codec::Pcma, Codec::G722, Codec::Opus] {
                    let score = mos(&Heard { codec, loss, burst_ratio: 1.5, delay_ms });
                    assert!((1.0..=4.5).contains(&score) || loss.is_nan(), "{loss} {delay_ms}: {score}");
                }
            }
        }
    }
}
