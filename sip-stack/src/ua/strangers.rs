//! Sources of requests that may not talk to us: how many of their requests are answered, and what is known of them.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

use crate::message::Method;

/// A source of requests that may not talk, see [`Trust::KnownSources`](super::Trust::KnownSources).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stranger {
    /// The address of its last request. All addresses of an IPv6 /64 are one source, since who has one has all.
    pub address: IpAddr,
    /// Its requests since `first`, answered or not.
    pub requests: u64,
    /// When the first one came.
    pub first: Instant,
    /// When the last one came.
    pub last: Instant,
    /// The method of the last one; `None` where it could not be read or is of no RFC.
    pub method: Option<Method>,
    /// True once 30 of them came within a minute, as people and exchanges do not.
    pub scanner: bool,
}

/// The table of strangers. Bounded: [`MOST`] sources are kept, and new ones taken no faster than strangers are answered
/// at all, so that a flood from a million addresses costs a look into the table each.
#[derive(Debug)]
pub(crate) struct Strangers {
    known: BTreeMap<IpAddr, Record>,
    answers: Meter,
    beginnings: Meter,
    alarms: Meter,
    /// The last request that was dropped because too many came from all sources together.
    flooded: Option<Instant>,
    pub(crate) refused: u64,
    pub(crate) dropped: u64,
}

/// What became of a stranger's request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Noted {
    /// True where it is answered: sources and all of them together have their limits.
    pub(crate) answer: bool,
    pub(crate) news: Option<News>,
}

/// What is worth telling: few of many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum News {
    /// A source is heard for the first time, or again after [`QUIET`].
    Begins,
    /// A source sends as scanners do; once until it was quiet.
    Scans { requests: u64 },
    /// More came from all sources together than is answered; once until it was quiet.
    Flood { requests: u64 },
}

#[derive(Debug)]
struct Record {
    stranger: Stranger,
    answers: Meter,
    /// The minute that is counted, and its requests.
    minute: Instant,
    in_minute: u32,
    /// True once the burst under way was called a scan: until it was quiet it gets no answer.
    told: bool,
}

impl Strangers {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            known: BTreeMap::new(),
            answers: Meter(now),
            beginnings: Meter(now),
            alarms: Meter(now),
            flooded: None,
            refused: 0,
            dropped: 0,
        }
    }

    /// A request came. `answerable` is false for those that are never answered.
    pub(crate) fn note(
        &mut self,
        source: IpAddr,
        method: Option<&Method>,
        answerable: bool,
        now: Instant,
    ) -> Noted {
        let method = method.filter(|method| !matches!(method, Method::Other(_))).cloned();
        let key = source_of(source);
        let fresh = !self.known.contains_key(&key);
        if fresh {
            // The place in the table is paid for like the answer.
            if !self.answers.take(ALL, now) {
                return self.flood(now);
            }
            self.make_room(now);
        }
        let record = self.known.entry(key).or_insert_with(|| Record::new(source, now));
        let news = record.count(source, method, now);
        // A scanner goes on as long as it is answered.
        let answer = answerable
            && !record.told
            && record.answers.take(EACH, now)
            // Last, so that a source above its limit takes nothing from the others.
            && (fresh || self.answers.take(ALL, now));
        match answer {
            true => self.refused += 1,
            false => self.dropped += 1,
        }
        let meter = match news {
            Some(News::Begins) => &mut self.beginnings,
            Some(News::Scans { .. } | News::Flood { .. }) | None => &mut self.alarms,
        };
        Noted { answer, news: news.filter(|_| meter.take(TOLD, now)) }
    }

    /// Those that are known, most requests first.
    pub(crate) fn list(&self) -> Vec<Stranger> {
        let mut list: Vec<Stranger> = self.known.values().map(|record| record.stranger.clone()).collect();
        list.sort_by_key(|stranger| std::cmp::Reverse((stranger.requests, stranger.last)));
        list
    }

    fn flood(&mut self, now: Instant) -> Noted {
        self.dropped += 1;
        let quiet = self.flooded.is_none_or(|last| now.saturating_duration_since(last) >= QUIET);
        self.flooded = Some(now);
        let news = quiet.then_some(News::Flood { requests: self.refused + self.dropped });
        Noted { answer: false, news: news.filter(|_| self.alarms.take(TOLD, now)) }
    }

    /// The source that was silent longest goes; scanners of the last hour stay while there are others.
    fn make_room(&mut self, now: Instant) {
        if self.known.len() < MOST {
            return;
        }
        let worth = |record: &Record| {
            let silent = now.saturating_duration_since(record.stranger.last);
            (record.stranger.scanner && silent < HOUR, record.stranger.last)
        };
        let least = self.known.iter().min_by_key(|(_, record)| worth(record)).map(|(key, _)| *key);
        if let Some(key) = least {
            self.known.remove(&key);
        }
    }
}

impl Record {
    fn new(address: IpAddr, now: Instant) -> Self {
        let stranger = Stranger { address, requests: 0, first: now, last: now, method: None, scanner: false };
        Self { stranger, answers: Meter(now), minute: now, in_minute: 0, told: false }
    }

    fn count(&mut self, address: IpAddr, method: Option<Method>, now: Instant) -> Option<News> {
        let stranger = &mut self.stranger;
        let begins = stranger.requests == 0 || now.saturating_duration_since(stranger.last) >= QUIET;
        stranger.address = address.to_canonical();
        stranger.requests += 1;
        stranger.last = now;
        stranger.method = method;
        if now.saturating_duration_since(self.minute) >= MINUTE {
            self.minute = now;
            self.in_minute = 0;
        }
        self.in_minute = self.in_minute.saturating_add(1);
        if begins {
            self.told = false;
            return Some(News::Begins);
        }
        if self.in_minute < SCANNER || self.told {
            return None;
        }
        self.told = true;
        stranger.scanner = true;
        Some(News::Scans { requests: stranger.requests })
    }
}

/// What counts as one source.
fn source_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(four) => IpAddr::V4(four),
        IpAddr::V6(six) => IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() & !u128::from(u64::MAX))),
    }
}

/// So many at once, then one each time that has passed.
#[derive(Debug, Clone, Copy)]
struct Rate {
    at_once: u32,
    then_every: Duration,
}

/// When all that was taken will have been given back (the virtual scheduling of ITU-T I.371): an instant is enough to
/// hold a source to its rate.
#[derive(Debug)]
struct Meter(Instant);

impl Meter {
    fn take(&mut self, rate: Rate, now: Instant) -> bool {
        let from = self.0.max(now);
        let fits = from <= now + rate.then_every * rate.at_once.saturating_sub(1);
        if fits {
            self.0 = from + rate.then_every;
        }
        fits
    }
}

/// Sources that are kept apart.
const MOST: usize = 512;
/// Answers to one source: enough for an exchange that tries us by mistake to hear it, too few to read a numbering plan.
const EACH: Rate = Rate { at_once: 8, then_every: Duration::from_secs(1) };
/// Answers to all strangers. A request with a forged source makes us answer a third party: it gets no more than this.
const ALL: Rate = Rate { at_once: 64, then_every: Duration::from_millis(50) };
/// Beginnings, and alarms, that are told.
const TOLD: Rate = Rate { at_once: 10, then_every: Duration::from_secs(60) };
/// Requests within a minute that make a scanner.
const SCANNER: u32 = 30;
/// A source that was silent for so long begins anew.
const QUIET: Duration = MINUTE;
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "a start instant is needed; no test waits")]

    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn table() -> (Strangers, Instant) {
        let now = Instant::now();
        (Strangers::new(now), now)
    }

    #[test]
    fn a_source_gets_eight_answers_then_one_each_second() {
        let (mut table, now) = table();
        let scanner = address("203.0.113.9");
        let mut ask = |at| table.note(scanner, Some(&Method::Options), true, at).answer;
        assert_eq!((0..20).filter(|_| ask(now)).count(), 8);
        let later = now + Duration::from_secs(3);
        assert_eq!((0..5).filter(|_| ask(later)).count(), 3);
        // The thirtieth of a minute makes it a scanner: silence until it was quiet for a minute.
        assert_eq!((0..100).filter(|_| ask(later + Duration::from_secs(9))).count(), 4);
        assert_eq!((0..100).filter(|_| ask(later + Duration::from_secs(68))).count(), 0);
        assert_eq!((0..20).filter(|_| ask(later + Duration::from_secs(128))).count(), 8);
        let other = table.note(address("203.0.113.10"), None, true, later + Duration::from_secs(128));
        assert!(other.answer, "others are not its debtors");
        assert_eq!((table.refused, table.dropped), (8 + 3 + 4 + 8 + 1, 12 + 2 + 96 + 100 + 12));
    }

    #[test]
    fn a_million_sources_get_a_few_answers_and_a_small_table() {
        let (mut table, now) = table();
        let mut floods = 0;
        for second in 0..100 {
            let at = now + Duration::from_secs(second);
            for n in 0..10_000_u32 {
                let source =
                    IpAddr::from((0x0A00_0000 + u32::try_from(second).unwrap() * 10_000 + n).to_be_bytes());
                let noted = table.note(source, Some(&Method::Invite), true, at);
                floods += u32::from(matches!(noted.news, Some(News::Flood { .. })));
            }
            assert!(table.known.len() <= MOST);
        }
        assert_eq!(table.refused, 64 + 99 * 20);
        assert_eq!(table.refused + table.dropped, 1_000_000);
        assert_eq!(floods, 1, "a flood is told once");
    }

    #[test]
    fn a_scanner_is_told_once_until_it_was_quiet_and_stays_known() {
        let (mut table, now) = table();
        let scanner = address("203.0.113.9");
        let news = |table: &mut Strangers, count: u32, at: Instant| -> Vec<News> {
            (0..count).filter_map(|_| table.note(scanner, Some(&Method::Register), true, at).news).collect()
        };
        assert_eq!(news(&mut table, 500, now), [News::Begins, News::Scans { requests: 30 }]);
        assert_eq!(news(&mut table, 500, now + Duration::from_secs(59)), []);
        let again = now + Duration::from_secs(59) + QUIET;
        assert_eq!(news(&mut table, 30, again), [News::Begins, News::Scans { requests: 1030 }]);
        // Many others, each once, over an hour's half: they go before the scanner does.
        for n in 0..3_000_u32 {
            let at = again + Duration::from_millis(u64::from(n) * 600);
            table.note(IpAddr::from((0x0A00_0000 + n).to_be_bytes()), None, true, at);
        }
        assert_eq!(table.known.len(), MOST);
        let first = &table.list()[0];
        assert_eq!((first.address, first.requests, first.scanner), (scanner, 1030, true));
        assert_eq!(first.method, Some(Method::Register));
    }

    #[test]
    fn one_every_two_seconds_is_no_scanner_for_all_its_requests() {
        let (mut table, now) = table();
        let gateway = address("203.0.113.9");
        for n in 0..1_000_u64 {
            let at = now + Duration::from_secs(n * 3);
            let noted = table.note(gateway, Some(&Method::Options), true, at);
            assert!(noted.answer);
            assert_eq!(noted.news, (n == 0).then_some(News::Begins));
        }
    }

    #[test]
    fn a_network_of_ipv6_is_one_source_and_mapped_addresses_are_ipv4() {
        let (mut table, now) = table();
        for n in 0..1_000_u16 {
            let source = IpAddr::from(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, n, n));
            table.note(source, None, true, now);
        }
        assert_eq!((table.known.len(), table.refused), (1, 8));
        table.note(address("2001:db8:0:2::1"), None, true, now);
        table.note(address("::ffff:203.0.113.9"), None, true, now);
        table.note(address("203.0.113.9"), None, true, now);
        assert_eq!(table.known.len(), 3);
        assert!(table.list().iter().any(|one| one.address == address("203.0.113.9") && one.requests == 2));
    }

    #[test]
    fn what_is_never_answered_takes_nothing_from_the_answers() {
        let (mut table, now) = table();
        let source = address("203.0.113.9");
        for _ in 0..20 {
            assert!(!table.note(source, Some(&Method::Cancel), false, now).answer);
        }
        assert!(table.note(source, Some(&Method::Options), true, now).answer);
    }

    #[test]
    fn beginnings_are_told_a_few_at_a_time() {
        let (mut table, now) = table();
        let mut told = 0;
        for n in 0..600_u32 {
            let at = now + Duration::from_millis(u64::from(n) * 100);
            let source = IpAddr::from((0x0A00_0000 + n).to_be_bytes());
            told += u32::from(table.note(source, None, true, at).news.is_some());
        }
        assert_eq!(told, 10);
    }
}
