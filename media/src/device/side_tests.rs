//! Preference, loss and return in simulated time.

use std::sync::Arc;

use super::*;
use crate::device::null::clocked;
use crate::device::ring;

const MS: Duration = Duration::from_millis(1);

/// Devices by name that answer as told, and their heartbeats.
struct Bench {
    side: Side,
    now: Instant,
    health: Vec<(String, Arc<Health>)>,
    there: Vec<&'static str>,
    pending: Vec<(u64, String)>,
    /// What the worker got: the rate stands for the device.
    delivered: Vec<&'static str>,
    slow: Duration,
    due: Vec<(Instant, u64, String, Vec<String>)>,
}

impl Bench {
    #[expect(clippy::disallowed_methods, reason = "a start for simulated time")]
    fn new(names: &[&str], there: &[&'static str]) -> Self {
        let now = Instant::now();
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            side: Side::new(Role::Playback, Some(names), now),
            now,
            health: Vec::new(),
            there: there.to_vec(),
            pending: Vec::new(),
            delivered: Vec::new(),
            slow: 30 * MS,
            due: Vec::new(),
        }
    }

    /// So long passes, in the audio thread's steps of 50 ms.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.now += 50 * MS;
            for (name, health) in &self.health {
                if self.there.contains(&name.as_str()) {
                    (0..5).for_each(|_| health.beat());
                }
            }
            let (due, later) =
                std::mem::take(&mut self.due).into_iter().partition(|(at, ..)| *at <= self.now);
            self.due = later;
            for (_, number, name, except) in due {
                let result = if name == "hangs" {
                    self.pending.push((number, name));
                    continue;
                } else if self.there.contains(&name.as_str()) && !except.contains(&name) {
                    let health = Arc::new(Health::default());
                    self.health.push((name.clone(), Arc::clone(&health)));
                    let (writer, _) = ring(8);
                    let feed = PlaybackFeed::Ring { writer, rate: code(&name) };
                    let half = Half {
                        name: Some(name.clone()),
                        id: Some(name),
                        health: Some(health),
                        ..clocked(feed)
                    };
                    Ok(Duplex { capture: None, playback: Some(half) })
                } else {
                    Err(DeviceError::NotFound { direction: Direction::Playback, names: vec![name] })
                };
                assert!(self.side.opened(number, result, self.now).is_none());
            }
            self.side.watch(self.now);
            while let Some(attempt) = self.side.next_attempt(self.now) {
                let name = attempt.params.playback.unwrap().remove(0);
                self.due.push((self.now + self.slow, attempt.number, name, attempt.params.except));
            }
            match self.side.undelivered.take() {
                Some(AudioFeed::Playback(PlaybackFeed::Ring { rate, .. })) => self.delivered.push(word(rate)),
                Some(AudioFeed::Playback(_)) => self.delivered.push("silence"),
                _ => {}
            }
        }
    }

    fn pull(&mut self, name: &str) {
        self.there.retain(|other| *other != name);
    }
}

const WORDS: [&str; 4] = ["good", "spare", "third", "hangs"];

fn code(name: &str) -> u32 {
    WORDS.iter().position(|word| *word == name).unwrap() as u32
}

fn word(code: u32) -> &'static str {
    WORDS[code as usize]
}

#[test]
fn the_reserve_is_open_before_it_is_needed_and_the_best_comes_back() {
    let mut bench = Bench::new(&["good", "spare", "third"], &["good", "spare", "third"]);
    bench.pass(500 * MS);
    assert_eq!(bench.delivered, ["good"]);
    let open = |bench: &Bench| bench.health.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(open(&bench), ["good", "spare"], "the third is not opened");

    // From now on opening takes two seconds: only what is open already helps.
    bench.slow = 2_000 * MS;
    bench.pull("good");
    let pulled = bench.now;
    while bench.delivered.len() < 2 {
        bench.pass(50 * MS);
    }
    assert_eq!(bench.delivered, ["good", "spare"], "no silence in between");
    assert!(bench.now - pulled <= 500 * MS, "{:?}", bench.now - pulled);
    assert!(bench.side.lost.take().unwrap().contains("still for"), "by its heartbeat");

    bench.pass(10_000 * MS);
    assert_eq!(open(&bench).last().unwrap(), "third", "another reserve");
    bench.there.push("good");
    bench.side.present(&presence(&["good", "spare", "third"], "spare"), bench.now);
    bench.pass(2_500 * MS);
    assert_eq!(bench.delivered, ["good", "spare", "good"]);
    assert_eq!(bench.side.lost, None, "no loss: it was changed over");

    // The old one is closed and opened anew as the reserve.
    bench.pass(6_000 * MS);
    bench.pull("good");
    bench.pass(500 * MS);
    assert_eq!(bench.delivered.last(), Some(&"spare"));
}

fn presence(names: &[&str], default: &str) -> Presence {
    Presence {
        covers: String::new(),
        devices: names.iter().map(|name| ((*name).to_owned(), Direction::Playback)).collect(),
        default_capture: None,
        default_playback: Some(default.to_owned()),
    }
}

#[test]
fn a_stream_that_the_server_moved_elsewhere_is_lost_though_it_beats() {
    let mut bench = Bench::new(&["good", "spare"], &["good", "spare"]);
    bench.pass(500 * MS);
    bench.side.present(&presence(&["spare"], "spare"), bench.now);
    bench.pass(50 * MS);
    assert_eq!(bench.side.lost.take().as_deref(), Some("the device is gone"));
    assert_eq!(bench.delivered, ["good", "spare"]);
}

#[test]
fn without_any_device_it_is_silent_and_tried_again() {
    let mut bench = Bench::new(&["good"], &["good"]);
    bench.pass(500 * MS);
    bench.pull("good");
    bench.pass(3_000 * MS);
    assert_eq!(bench.delivered, ["good", "silence"]);
    assert!(bench.side.error().contains("good"), "{}", bench.side.error());
    bench.there.push("good");
    bench.pass(2_500 * MS);
    assert_eq!(bench.delivered, ["good", "silence", "good"], "without a list of devices too");
}

#[test]
fn a_device_that_hangs_delays_the_next_one_by_a_second_and_eats_no_threads() {
    let mut bench = Bench::new(&["hangs", "good"], &["good"]);
    bench.pass(1_200 * MS);
    assert_eq!(bench.delivered, ["good"]);
    bench.pass(60_000 * MS);
    assert_eq!(bench.pending.len(), MAX_HANGING);
    // It comes back at last, much too late.
    let (number, _) = bench.pending.remove(0);
    let late = bench.side.opened(number, Ok(Duplex::default()), bench.now);
    assert!(late.is_some(), "to be closed elsewhere");
    bench.pass(12_000 * MS);
    assert_eq!(bench.pending.len(), MAX_HANGING, "and another attempt is made in its place");
}

#[test]
fn a_stream_that_never_begins_is_not_waited_for_longer_than_opening_takes() {
    let mut bench = Bench::new(&["good", "spare"], &["good", "spare"]);
    bench.pass(100 * MS);
    bench.pull("good");
    bench.pass(3_600 * MS);
    assert_eq!(bench.delivered, ["good", "spare"]);
}

#[test]
fn another_default_is_followed() {
    let mut bench = Bench::new(&[], &[]);
    assert_eq!(bench.side.next_attempt(bench.now).unwrap().params.playback, Some(vec!["default".to_owned()]));
    let feed = clocked(PlaybackFeed::Discard);
    let half = Half { id: Some("server:a".into()), health: Some(Arc::default()), ..feed };
    let opened = Ok(Duplex { capture: None, playback: Some(half) });
    assert!(bench.side.opened(1, opened, bench.now).is_none());
    bench.side.watch(bench.now);
    let mut list = presence(&["server:a", "server:b"], "server:a");
    list.covers = "server:".into();
    bench.side.present(&list, bench.now);
    bench.side.watch(bench.now);
    assert!(bench.side.lost.is_none());
    list.default_playback = Some("server:b".into());
    bench.side.present(&list, bench.now);
    bench.side.watch(bench.now);
    assert_eq!(bench.side.lost.as_deref(), Some("another device is the default now"));
    assert!(bench.side.next_attempt(bench.now).is_some(), "at once");
}
