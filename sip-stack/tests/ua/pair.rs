//! Two user agents over a simulated network.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use netem::{Link, LinkConfig};
use sip_stack::Transmit;
use sip_stack::message::{Message, parse_datagram};
use sip_stack::ua::{AccountConfig, AccountId, CallId, Event, HangupReason, Invite, UaConfig, UserAgent};

use super::bench::{addr, capabilities, udp, uri};

pub(super) struct Host {
    pub(super) ua: UserAgent,
    pub(super) addr: SocketAddr,
    pub(super) account: AccountId,
    pub(super) events: Vec<Event>,
}

pub(super) struct Pair {
    pub(super) caller: Host,
    pub(super) callee: Host,
    pub(super) now: Instant,
    to_callee: Link<Transmit>,
    to_caller: Link<Transmit>,
    /// What was sent, as `> INVITE` and `< 180`, without repetitions.
    pub(super) ladder: Vec<String>,
}

impl Pair {
    pub(super) fn new(link: LinkConfig, seed: u64) -> Self {
        Self::with(link, seed, UaConfig::default(), UaConfig::default())
    }

    /// The same with settings for either side; their accounts take the session policy of the settings.
    pub(super) fn with(link: LinkConfig, seed: u64, caller: UaConfig, callee: UaConfig) -> Self {
        let now = Instant::now();
        let (caller, callee) = (UaConfig { seed, ..caller }, UaConfig { seed: seed + 1, ..callee });
        Self {
            caller: Host::new("192.0.2.10:5060", "192.0.2.20:5060", "alice", caller, now),
            callee: Host::new("192.0.2.20:5060", "192.0.2.10:5060", "bob", callee, now),
            now,
            to_callee: Link::new(link, seed + 2),
            to_caller: Link::new(link, seed + 3),
            ladder: Vec::new(),
        }
    }

    pub(super) fn configure(&mut self, link: LinkConfig) {
        self.to_callee.configure(link);
        self.to_caller.configure(link);
    }

    pub(super) fn invite(&mut self) -> CallId {
        self.invite_ringing(Duration::from_secs(60))
    }

    pub(super) fn invite_ringing(&mut self, ring_timeout: Duration) -> CallId {
        let invite = Invite {
            target: uri("sip:bob@192.0.2.20"),
            capabilities: capabilities(),
            ring_timeout,
            headers: Vec::new(),
        };
        self.caller.ua.invite(self.caller.account, invite, self.now).expect("the call starts")
    }

    /// How often this line stands in the ladder.
    pub(super) fn sent(&self, line: &str) -> usize {
        self.ladder.iter().filter(|known| *known == line).count()
    }

    /// One step of the simulation: a message that is due arrives, else time moves to the next deadline. `false` when
    /// there is none before `until`.
    fn step(&mut self, until: Instant) -> bool {
        self.drain();
        if let Some(sent) = self.to_callee.poll_deliver(self.now) {
            self.callee.receive(self.now, self.caller.addr, &sent);
            self.drain();
            return true;
        }
        if let Some(sent) = self.to_caller.poll_deliver(self.now) {
            self.caller.receive(self.now, self.callee.addr, &sent);
            self.drain();
            return true;
        }
        let deadlines = [
            self.to_callee.poll_timeout(),
            self.to_caller.poll_timeout(),
            self.caller.ua.poll_timeout().map(|(at, _)| at),
            self.callee.ua.poll_timeout().map(|(at, _)| at),
        ];
        let Some(next) = deadlines.into_iter().flatten().min().filter(|next| *next <= until) else {
            return false;
        };
        self.now = self.now.max(next);
        self.caller.ua.handle_timeout(self.now);
        self.callee.ua.handle_timeout(self.now);
        self.drain();
        true
    }

    pub(super) fn run_for(&mut self, time: Duration) {
        let end = self.now + time;
        let mut rounds = 0;
        while self.step(end) {
            rounds += 1;
            assert!(rounds < 100_000, "busy loop");
        }
        self.now = end;
    }

    /// Runs until `done` says so, at most five simulated minutes.
    pub(super) fn run_until(&mut self, done: impl Fn(&Self) -> bool) {
        let end = self.now + Duration::from_secs(300);
        while !done(self) {
            assert!(
                self.step(end),
                "never came: caller {:?}, callee {:?}",
                self.caller.events,
                self.callee.events
            );
        }
    }

    /// The call that the callee was offered.
    pub(super) fn incoming(&mut self) -> CallId {
        self.run_until(|pair| pair.callee.incoming().is_some());
        self.callee.incoming().expect("an incoming call")
    }

    /// A call that both sides have confirmed.
    pub(super) fn connect(&mut self) -> (CallId, CallId) {
        let call = self.invite();
        let theirs = self.incoming();
        self.callee.ua.ring(theirs, self.now);
        self.run_for(Duration::from_secs(2));
        self.callee.ua.answer(theirs, &capabilities(), self.now);
        self.run_until(|pair| pair.callee.has(|event| matches!(event, Event::Confirmed { .. })));
        assert!(self.caller.has(|event| matches!(event, Event::Answered { .. })));
        (call, theirs)
    }

    pub(super) fn hangup(&mut self, call: CallId) {
        self.caller.ua.hangup(call, HangupReason::Normal, self.now);
        self.run_until(|pair| pair.caller.has_ended() && pair.callee.has_ended());
    }

    pub(super) fn finish(mut self) {
        self.run_for(Duration::from_secs(120));
        for host in [&self.caller, &self.callee] {
            assert!(host.ua.is_idle(), "left over: {:?}", host.ua.load());
            assert_eq!(host.ua.poll_timeout(), None);
        }
        assert_eq!(self.to_callee.in_flight() + self.to_caller.in_flight(), 0);
    }

    fn drain(&mut self) {
        for (host, link, arrow) in
            [(&mut self.caller, &mut self.to_callee, '>'), (&mut self.callee, &mut self.to_caller, '<')]
        {
            while let Some(transmit) = host.ua.poll_transmit() {
                let line = match parse_datagram(&transmit.bytes).expect("own messages parse") {
                    Message::Request(request) => format!("{arrow} {}", request.method),
                    Message::Response(response) => format!("{arrow} {}", response.code),
                };
                if self.ladder.last() != Some(&line) {
                    self.ladder.push(line);
                }
                link.send(self.now, transmit);
            }
            host.events.extend(std::iter::from_fn(|| host.ua.poll_event()));
        }
    }
}

impl Host {
    fn new(own: &str, peer: &str, user: &str, config: UaConfig, now: Instant) -> Self {
        let session = config.session;
        let mut ua = UserAgent::new(config, now);
        ua.set_local_addresses(Some(addr(own)), Some(addr(own)));
        let aor = uri(&format!("sip:{user}@{}", addr(own).ip()));
        let account = ua.add_account(AccountConfig { session, ..AccountConfig::new(user, aor) });
        ua.set_targets(account, vec![udp(peer)], now);
        Self { ua, addr: addr(own), account, events: Vec::new() }
    }

    fn receive(&mut self, now: Instant, source: SocketAddr, sent: &Transmit) {
        assert_eq!(sent.destination, self.addr, "sent to nobody");
        self.ua.handle_receive(now, source, self.addr, sent.transport, &sent.bytes);
    }

    pub(super) fn has(&self, wanted: impl Fn(&Event) -> bool) -> bool {
        self.events.iter().any(wanted)
    }

    pub(super) fn count(&self, wanted: impl Fn(&Event) -> bool) -> usize {
        self.events.iter().filter(|event| wanted(event)).count()
    }

    pub(super) fn has_ended(&self) -> bool {
        self.has(|event| matches!(event, Event::Ended { .. }))
    }

    pub(super) fn end(&self) -> sip_stack::CallEnd {
        let ends: Vec<_> = self
            .events
            .iter()
            .filter_map(|event| match event {
                Event::Ended { end, .. } => Some(end.clone()),
                _ => None,
            })
            .collect();
        assert_eq!(ends.len(), 1, "Ended comes exactly once: {:?}", self.events);
        ends[0].clone()
    }

    pub(super) fn ends_of(&self, wanted: CallId) -> usize {
        self.count(|event| matches!(event, Event::Ended { call, .. } if *call == wanted))
    }

    pub(super) fn all_incoming(&self) -> Vec<CallId> {
        let calls = self.events.iter().filter_map(|event| match event {
            Event::Incoming { call, .. } => Some(*call),
            _ => None,
        });
        calls.collect()
    }

    pub(super) fn incoming(&self) -> Option<CallId> {
        self.events.iter().rev().find_map(|event| match event {
            Event::Incoming { call, .. } => Some(*call),
            _ => None,
        })
    }
}
