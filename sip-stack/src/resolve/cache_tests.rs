#![allow(clippy::disallowed_methods, reason = "a start instant is needed; no test waits")]

use std::time::{Duration, Instant};

use super::*;
use crate::transport::Flow;

struct Bed {
    cache: Cache,
    search: Search,
    now: Instant,
}

impl Bed {
    fn new() -> Self {
        let search = Search {
            uri: Uri::parse("sip:e.com").unwrap(),
            transports: vec![TransportKind::Udp],
            ipv4: true,
            ipv6: false,
        };
        Self { cache: Cache::new(), search, now: Instant::now() }
    }

    fn plan(&mut self) -> Plan {
        let plan = self.cache.plan(&self.search, 7, self.now);
        self.cache.sweep();
        plan
    }

    fn targets(&mut self) -> Vec<Flow> {
        self.plan().targets
    }

    fn asked(&mut self) -> Vec<Question> {
        self.plan();
        std::iter::from_fn(|| self.cache.poll_question(self.now)).collect()
    }

    fn answer(&mut self, question: &Question, answer: Answer, lifetime: u64) {
        self.cache.answered(question, answer, Duration::from_secs(lifetime), self.now);
    }

    /// Moves to the next question's time; says how long that took.
    fn wait(&mut self) -> u64 {
        let at = self.cache.poll_timeout().expect("something is to be asked");
        let waited = at.saturating_duration_since(self.now);
        self.now = self.now.max(at);
        waited.as_secs()
    }
}

fn srv(target: &str) -> Answer {
    Answer::Srv(vec![Srv { priority: 1, weight: 1, port: 5060, target: target.to_owned() }])
}

fn a(ip: &str) -> Answer {
    Answer::Addresses(vec![ip.parse().unwrap()])
}

fn question(name: &str, kind: RecordKind) -> Question {
    Question { name: name.to_owned(), kind }
}

fn found(bed: &mut Bed, lifetime: u64) {
    let service = question("_sip._udp.e.com", RecordKind::Srv);
    for question in bed.asked() {
        let known = if question == service { srv("a.e.com") } else { Answer::none(question.kind) };
        bed.answer(&question, known, lifetime);
    }
    assert_eq!(bed.asked(), [question("a.e.com", RecordKind::A)]);
    bed.answer(&question("a.e.com", RecordKind::A), a("192.0.2.1"), lifetime);
    assert_eq!(bed.targets()[0].peer.to_string(), "192.0.2.1:5060");
    assert!(bed.plan().open.is_empty());
}

#[test]
fn lifetimes_have_a_floor_and_a_ceiling() {
    for (given, waited) in [(0, 10), (3, 10), (120, 120), (3600, 3600), (604_800, 3600)] {
        let mut bed = Bed::new();
        found(&mut bed, given);
        assert_eq!(bed.wait(), waited, "lifetime {given}");
    }
}

#[test]
fn a_question_is_asked_once_at_a_time() {
    let mut bed = Bed::new();
    assert!(!bed.asked().is_empty());
    assert!(bed.asked().is_empty());
    assert_eq!(bed.cache.poll_timeout(), None);
}

#[test]
fn a_silent_dns_takes_nothing_away() {
    let mut bed = Bed::new();
    found(&mut bed, 60);
    assert_eq!(bed.wait(), 60);
    let mut waits = Vec::new();
    // A day without an answer.
    let end = bed.now + Duration::from_secs(86_400);
    while bed.now < end {
        for question in bed.asked() {
            bed.cache.lost(&question, bed.now);
        }
        assert_eq!(bed.targets()[0].peer.to_string(), "192.0.2.1:5060");
        assert!(bed.plan().open.is_empty(), "old answers are answers");
        waits.push(bed.wait());
    }
    assert_eq!(waits[..6], [5, 10, 20, 40, 60, 60]);
    // It answers again, with another server.
    for question in bed.asked() {
        let known = if question.kind == RecordKind::Srv { srv("b.e.com") } else { a("192.0.2.1") };
        bed.answer(&question, known, 60);
    }
    for question in bed.asked() {
        bed.answer(&question, a("192.0.2.2"), 60);
    }
    assert_eq!(bed.targets()[0].peer.to_string(), "192.0.2.2:5060");
    // The old server's name is forgotten.
    for _ in 0..3 {
        bed.wait();
        let asked = bed.asked();
        assert!(!asked.contains(&question("a.e.com", RecordKind::A)));
        for question in asked {
            bed.cache.lost(&question, bed.now);
        }
    }
}

#[test]
fn without_any_answer_the_search_goes_on_with_what_there_is() {
    let mut bed = Bed::new();
    for question in bed.asked() {
        bed.cache.lost(&question, bed.now);
    }
    assert!(bed.targets().is_empty());
    for question in bed.asked() {
        bed.cache.lost(&question, bed.now);
    }
    assert_eq!(bed.wait(), 5);
    for question in bed.asked() {
        match question.kind {
            RecordKind::A => bed.answer(&question, a("192.0.2.9"), 60),
            _ => bed.cache.lost(&question, bed.now),
        }
    }
    assert_eq!(bed.targets()[0].peer.to_string(), "192.0.2.9:5060");
}

#[test]
fn a_changed_network_asks_again_at_once_and_keeps_what_it_knows() {
    let mut bed = Bed::new();
    found(&mut bed, 3600);
    bed.cache.expire(bed.now);
    assert_eq!(bed.asked().len(), 2);
    assert_eq!(bed.targets().len(), 1);
}
