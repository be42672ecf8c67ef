//! DTMF as telephone-events (RFC 4733): sending with three end packets, receiving without doubles.

use std::collections::VecDeque;

use crate::dtmf::{DIGIT_MS, Digit, PAUSE_MS};

/// Digits that may wait to be sent; a longer row is cut, since nobody dials more than a card number.
pub const MAX_QUEUED: usize = 64;

/// Level told to the peer, in −dBm0.
const VOLUME: u8 = 10;

/// RFC 4733 2.5.1.4: the last packet goes out three times.
const END_PACKETS: u8 = 3;

/// What a frame's time is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Nothing is being sent: audio as usual.
    Audio,
    /// An event packet replaces the audio.
    Event {
        /// Its payload.
        payload: [u8; 4],
        /// Timestamp of the event's start.
        timestamp: u32,
        /// Set on the first packet of an event.
        marker: bool,
    },
    /// The pause between two digits: no packet.
    Pause,
}

#[derive(Clone, Copy, Debug)]
struct Active {
    digit: Digit,
    start: u32,
    duration_ms: u32,
    ends_sent: u8,
    pause_ms: u32,
}

/// Turns digits into event packets, one decision per audio frame.
#[derive(Clone, Debug, Default)]
pub struct EventSender {
    queue: VecDeque<Digit>,
    active: Option<Active>,
}

impl EventSender {
    /// A sender with nothing to send.
    pub fn new() -> Self {
        Self { queue: VecDeque::with_capacity(MAX_QUEUED), active: None }
    }

    /// Queues a digit; `false` when too many wait.
    pub fn push(&mut self, digit: Digit) -> bool {
        let room = self.queue.len() < MAX_QUEUED;
        if room {
            self.queue.push_back(digit);
        }
        room
    }

    /// Whether a digit is being sent or waits.
    pub fn is_busy(&self) -> bool {
        self.active.is_some() || !self.queue.is_empty()
    }

    /// Decides on the frame of `frame_ms` that starts at `timestamp`, which counts on the clock of the audio. Durations
    /// count on the clock of telephone-event, `clock_rate` in Hz.
    pub fn turn(&mut self, timestamp: u32, frame_ms: u32, clock_rate: u32) -> Turn {
        let payload = |digit, end, duration_ms| payload(digit, end, duration_ms * (clock_rate / 1000));
        let Some(active) = &mut self.active else {
            let Some(digit) = self.queue.pop_front() else { return Turn::Audio };
            self.active =
                Some(Active { digit, start: timestamp, duration_ms: frame_ms, ends_sent: 0, pause_ms: 0 });
            return Turn::Event { payload: payload(digit, false, frame_ms), timestamp, marker: true };
        };
        if active.duration_ms < DIGIT_MS {
            active.duration_ms += frame_ms;
            let done = active.duration_ms >= DIGIT_MS;
            active.ends_sent = u8::from(done);
            let payload = payload(active.digit, done, active.duration_ms);
            return Turn::Event { payload, timestamp: active.start, marker: false };
        }
        active.pause_ms += frame_ms;
        if active.ends_sent < END_PACKETS {
            active.ends_sent += 1;
            let payload = payload(active.digit, true, active.duration_ms);
            return Turn::Event { payload, timestamp: active.start, marker: false };
        }
        if active.pause_ms >= PAUSE_MS {
            self.active = None;
        }
        Turn::Pause
    }
}

fn payload(digit: Digit, end: bool, duration: u32) -> [u8; 4] {
    let [high, low] = (duration.min(0xFFFF) as u16).to_be_bytes();
    [digit.event(), VOLUME | if end { 0x80 } else { 0 }, high, low]
}

/// Recognises events from their packets: each is reported once, by its first packet that arrives.
#[derive(Clone, Debug, Default)]
pub struct EventReceiver {
    last: Option<u32>,
}

impl EventReceiver {
    /// Takes the payload of an event packet; gives the digit when it is a new event. Packets of one event share
    /// their timestamp, which is how repeats, the three ends and late packets are told from a new press.
    pub fn receive(&mut self, timestamp: u32, payload: &[u8]) -> Option<Digit> {
        let digit = Digit::from_event(*payload.first()?)?;
        if payload.len() < 4 {
            return None;
        }
        let is_new = self.last.is_none_or(|last| timestamp.wrapping_sub(last) as i32 > 0);
        if !is_new {
            return None;
        }
        self.last = Some(timestamp);
        Some(digit)
    }

    /// Forgets the timestamps, as after a change of SSRC.
    pub fn reset(&mut self) {
        self.last = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(keys: &str) -> Vec<Turn> {
        let mut sender = EventSender::new();
        assert!(keys.chars().filter_map(Digit::from_char).all(|digit| sender.push(digit)));
        let mut turns = Vec::new();
        for frame in 0..200 {
            let turn = sender.turn(frame * 160, 20, 8000);
            if turn == Turn::Audio {
                break;
            }
            turns.push(turn);
        }
        assert!(!sender.is_busy());
        turns
    }

    #[test]
    fn a_digit_starts_with_the_marker_and_ends_three_times() {
        let turns = run("5");
        let events: Vec<_> = turns
            .iter()
            .filter_map(|turn| match turn {
                Turn::Event { payload, timestamp, marker } => Some((*payload, *timestamp, *marker)),
                Turn::Audio | Turn::Pause => None,
            })
            .collect();
        assert_eq!(events[0], ([5, 10, 0, 160], 0, true));
        assert!(events[1..].iter().all(|event| !event.2 && event.1 == 0));
        let ends: Vec<_> = events.iter().filter(|event| event.0[1] & 0x80 != 0).collect();
        assert_eq!(ends.len(), 3);
        assert!(ends.iter().all(|end| end.0[2..] == [0x03, 0x20]), "100 ms are 800 units: {ends:?}");
    }

    #[test]
    fn durations_count_on_their_own_clock() {
        // Beside Opus: timestamps at 48 kHz, telephone-event at 8 kHz, packets of 60 ms.
        let mut sender = EventSender::new();
        assert!(sender.push(Digit::from_char('#').unwrap()));
        let turns: Vec<_> = (0..4).map(|frame| sender.turn(7 + frame * 2880, 60, 8000)).collect();
        let durations: Vec<u16> = turns
            .iter()
            .map(|turn| match turn {
                Turn::Event { payload, timestamp: 7, .. } => u16::from_be_bytes([payload[2], payload[3]]),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(durations, [480, 960, 960, 960]);
    }

    #[test]
    fn digits_are_separate_events_and_received_once_each() {
        let mut receiver = EventReceiver::default();
        let mut heard = String::new();
        for turn in run("1123#D") {
            if let Turn::Event { payload, timestamp, .. } = turn {
                // Everything twice, as a network that doubles packets does.
                for _ in 0..2 {
                    heard.extend(receiver.receive(timestamp, &payload).map(Digit::to_char));
                }
            }
        }
        assert_eq!(heard, "1123#D");
    }

    #[test]
    fn old_short_and_foreign_payloads_are_ignored() {
        let mut receiver = EventReceiver::default();
        assert_eq!(receiver.receive(1000, &[5, 0x80, 0]), None);
        assert_eq!(receiver.receive(1000, &[16, 0, 0, 160]), None);
        assert!(receiver.receive(1000, &[5, 10, 0, 160]).is_some());
        assert_eq!(receiver.receive(500, &[6, 10, 0, 160]), None);
        assert!(receiver.receive(1000_u32.wrapping_add(4000), &[5, 10, 0, 160]).is_some());
        receiver.reset();
        assert!(receiver.receive(3, &[5, 10, 0, 160]).is_some());
    }

    #[test]
    fn the_queue_is_bounded() {
        let mut sender = EventSender::new();
        let digit = Digit::from_char('1').unwrap();
        assert_eq!((0..100).filter(|_| sender.push(digit)).count(), MAX_QUEUED);
    }
}
