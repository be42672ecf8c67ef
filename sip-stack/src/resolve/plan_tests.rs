//! RFC 3263 clause by clause.

use std::collections::BTreeMap;

use super::*;
use crate::transport::Flow;

#[derive(Default)]
struct Zone(BTreeMap<Question, Option<Answer>>);

impl Zone {
    fn with(mut self, name: &str, kind: RecordKind, answer: Answer) -> Self {
        self.0.insert(Question { name: name.to_owned(), kind }, Some(answer));
        self
    }

    fn naptr(self, name: &str, records: &[(u16, u16, &str, &str, &str)]) -> Self {
        let records = records.iter().map(|(order, preference, flags, services, replacement)| Naptr {
            order: *order,
            preference: *preference,
            flags: (*flags).to_owned(),
            services: (*services).to_owned(),
            replacement: (*replacement).to_owned(),
        });
        let answer = Answer::Naptr(records.collect());
        self.with(name, RecordKind::Naptr, answer)
    }

    fn srv(self, name: &str, records: &[(u16, u16, u16, &str)]) -> Self {
        let records = records.iter().map(|(priority, weight, port, target)| Srv {
            priority: *priority,
            weight: *weight,
            port: *port,
            target: (*target).to_owned(),
        });
        let answer = Answer::Srv(records.collect());
        self.with(name, RecordKind::Srv, answer)
    }

    fn a(self, name: &str, addresses: &[&str]) -> Self {
        let parsed: Vec<IpAddr> = addresses.iter().map(|ip| ip.parse().unwrap()).collect();
        let (four, six) = parsed.into_iter().partition(IpAddr::is_ipv4);
        self.with(name, RecordKind::A, Answer::Addresses(four)).with(
            name,
            RecordKind::Aaaa,
            Answer::Addresses(six),
        )
    }

    fn lost(mut self, name: &str, kind: RecordKind) -> Self {
        self.0.insert(Question { name: name.to_owned(), kind }, None);
        self
    }

    /// What is not in the zone does not exist.
    fn find(&self, search: &Search) -> Vec<String> {
        self.find_by(search, 1)
    }

    fn find_by(&self, search: &Search, seed: u64) -> Vec<String> {
        let nothing = [Answer::Naptr(vec![]), Answer::Srv(vec![]), Answer::Addresses(vec![])];
        let plan = plan(
            search,
            |question| match self.0.get(question) {
                Some(Some(answer)) => Known::Answer(answer),
                Some(None) => Known::Lost,
                None => {
                    Known::Answer(nothing.iter().find(|none| **none == Answer::none(question.kind)).unwrap())
                }
            },
            seed,
        );
        assert!(plan.open.is_empty());
        plan.targets.iter().map(show).collect()
    }

    fn asked(&self, search: &Search) -> Vec<String> {
        let plan = plan(
            search,
            |question| match self.0.get(question) {
                Some(Some(answer)) => Known::Answer(answer),
                Some(None) => Known::Lost,
                None => Known::Open,
            },
            1,
        );
        plan.open.iter().map(|question| format!("{:?} {}", question.kind, question.name)).collect()
    }
}

fn show(flow: &Flow) -> String {
    format!("{} {}", flow.transport.via_token(), flow.peer)
}

const ALL: [TransportKind; 3] = [TransportKind::Udp, TransportKind::Tcp, TransportKind::Tls];

fn search(uri: &str) -> Search {
    Search { uri: Uri::parse(uri).unwrap(), transports: ALL.to_vec(), ipv4: true, ipv6: true }
}

fn only(uri: &str, transport: TransportKind) -> Search {
    Search { transports: vec![transport], ..search(uri) }
}

#[test]
fn clause_4_1_numeric_hosts_need_no_dns() {
    let none = Zone::default();
    for (uri, found) in [
        ("sip:192.0.2.1", "UDP 192.0.2.1:5060"),
        ("sip:192.0.2.1:5070", "UDP 192.0.2.1:5070"),
        ("sip:192.0.2.1;transport=tcp", "TCP 192.0.2.1:5060"),
        ("sip:192.0.2.1;transport=tls", "TLS 192.0.2.1:5061"),
        ("sips:192.0.2.1", "TLS 192.0.2.1:5061"),
        ("sips:192.0.2.1:5071", "TLS 192.0.2.1:5071"),
        ("sips:192.0.2.1;transport=tcp", "TLS 192.0.2.1:5061"),
        ("sip:[2001:db8::1]", "UDP [2001:db8::1]:5060"),
        ("sip:pbx.example;maddr=192.0.2.9", "UDP 192.0.2.9:5060"),
    ] {
        assert_eq!(none.find(&search(uri)), [found], "{uri}");
        assert!(none.asked(&search(uri)).is_empty(), "{uri}");
    }
    // Never UDP for sips, never a transport that is not ours, never the wrong family.
    assert!(none.find(&search("sips:192.0.2.1;transport=udp")).is_empty());
    assert!(none.find(&search("sip:192.0.2.1;transport=sctp")).is_empty());
    assert!(none.find(&only("sips:192.0.2.1", TransportKind::Tcp)).is_empty());
    let four = Search { ipv6: false, ..search("sip:[2001:db8::1]") };
    assert!(none.find(&four).is_empty());
    assert!(none.find(&search("tel:+81312345678")).is_empty());
}

#[test]
fn clause_4_2_an_explicit_port_asks_for_addresses_only() {
    let zone = Zone::default()
        .a("pbx.example", &["192.0.2.1"])
        .srv("_sip._udp.pbx.example", &[(1, 1, 9, "other.example")]);
    assert_eq!(zone.find(&search("sip:pbx.example:5070")), ["UDP 192.0.2.1:5070"]);
    assert_eq!(zone.find(&search("sip:pbx.example:5070;transport=tcp")), ["TCP 192.0.2.1:5070"]);
    assert_eq!(zone.find(&search("sips:pbx.example:5071")), ["TLS 192.0.2.1:5071"]);
    assert_eq!(
        Zone::default().asked(&search("sip:PBX.Example.:5070")),
        ["Aaaa pbx.example", "A pbx.example"]
    );
}

/// The example of RFC 3263 4.1: TCP is preferred by the domain.
#[test]
fn clause_4_1_naptr_chooses_the_transport() {
    let zone = Zone::default()
        .naptr(
            "example.com",
            &[
                (50, 50, "s", "SIPS+D2T", "_sips._tcp.example.com."),
                (90, 50, "s", "SIP+D2T", "_sip._tcp.example.com."),
                (100, 50, "s", "SIP+D2U", "_sip._udp.example.com."),
            ],
        )
        .srv(
            "_sip._tcp.example.com",
            &[(0, 1, 5060, "server1.example.com."), (0, 2, 5060, "server2.example.com.")],
        )
        .srv("_sips._tcp.example.com", &[(0, 1, 5061, "server3.example.com.")])
        .a("server1.example.com", &["192.0.2.1"])
        .a("server2.example.com", &["192.0.2.2"])
        .a("server3.example.com", &["192.0.2.3"]);
    // All transports: the lowest order is TLS, and it excludes the others (RFC 3403 4.1).
    assert_eq!(zone.find(&search("sip:user@example.com")), ["TLS 192.0.2.3:5061"]);
    // Without TLS the next one that is ours.
    let clear =
        Search { transports: vec![TransportKind::Udp, TransportKind::Tcp], ..search("sip:example.com") };
    let mut found = zone.find(&clear);
    found.sort();
    assert_eq!(found, ["TCP 192.0.2.1:5060", "TCP 192.0.2.2:5060"]);
    // A transport parameter makes NAPTR needless.
    assert!(
        !zone.asked(&search("sip:example.com;transport=udp")).iter().any(|asked| asked.starts_with("Naptr"))
    );
    // For sips only SIPS services count, and no NAPTR is needed to know the transport.
    assert_eq!(zone.find(&search("sips:example.com")), ["TLS 192.0.2.3:5061"]);
}

#[test]
fn clause_4_1_naptr_preference_orders_equal_orders() {
    let zone = Zone::default()
        .naptr(
            "e.com",
            &[
                (10, 20, "S", "sip+d2u", "u.e.com"),
                (10, 10, "s", "SIP+D2T", "t.e.com"),
                (5, 0, "u", "E2U+sip", "x.e.com"),
                (1, 0, "s", "SIP+D2S", "sctp.e.com"),
                (20, 0, "s", "SIPS+D2T", "tls.e.com"),
            ],
        )
        .srv("u.e.com", &[(0, 0, 5060, "a.e.com")])
        .srv("t.e.com", &[(0, 0, 5062, "a.e.com")])
        .srv("tls.e.com", &[(0, 0, 5061, "a.e.com")])
        .a("a.e.com", &["192.0.2.1"]);
    assert_eq!(zone.find(&search("sip:e.com")), ["TCP 192.0.2.1:5062", "UDP 192.0.2.1:5060"]);
}

#[test]
fn clause_4_1_without_naptr_every_srv_is_asked_for() {
    let zone = Zone::default()
        .srv("_sip._tcp.e.com", &[(0, 0, 5080, "a.e.com")])
        .a("a.e.com", &["192.0.2.1"])
        .a("e.com", &["192.0.2.9"]);
    assert_eq!(zone.find(&search("sip:e.com")), ["TCP 192.0.2.1:5080"]);
    let asked = Zone::default().naptr("e.com", &[]).asked(&search("sip:e.com"));
    assert_eq!(
        asked,
        ["Srv _sip._udp.e.com", "Srv _sip._tcp.e.com", "Srv _sips._tcp.e.com", "Aaaa e.com", "A e.com"]
    );
    // Our order of transports decides between equal services.
    let both = zone.srv("_sip._udp.e.com", &[(0, 0, 5070, "a.e.com")]);
    assert_eq!(both.find(&search("sip:e.com")), ["UDP 192.0.2.1:5070", "TCP 192.0.2.1:5080"]);
}

#[test]
fn clause_4_2_without_srv_the_name_itself_and_the_default_port() {
    let zone = Zone::default().a("e.com", &["192.0.2.9", "2001:db8::9"]);
    // IPv6 first (RFC 6724).
    assert_eq!(zone.find(&search("sip:e.com")), ["UDP [2001:db8::9]:5060", "UDP 192.0.2.9:5060"]);
    assert_eq!(
        zone.find(&only("sip:e.com", TransportKind::Tcp)),
        ["TCP [2001:db8::9]:5060", "TCP 192.0.2.9:5060"]
    );
    assert_eq!(zone.find(&search("sips:e.com")), ["TLS [2001:db8::9]:5061", "TLS 192.0.2.9:5061"]);
    let four = Search { ipv6: false, ..search("sip:e.com") };
    assert_eq!(zone.find(&four), ["UDP 192.0.2.9:5060"]);
    assert!(!Zone::default().asked(&four).iter().any(|asked| asked.starts_with("Aaaa")));
}

#[test]
fn rfc_2782_a_dot_says_that_the_service_is_not_there() {
    let zone = Zone::default().srv("_sip._udp.e.com", &[(0, 0, 0, ".")]).a("e.com", &["192.0.2.9"]);
    assert!(zone.find(&only("sip:e.com", TransportKind::Udp)).is_empty());
}

#[test]
fn rfc_2782_priorities_are_kept_and_weights_share() {
    let zone = Zone::default()
        .srv(
            "_sip._udp.e.com",
            &[(10, 0, 1, "z.e.com"), (10, 10, 2, "s.e.com"), (10, 90, 3, "l.e.com"), (20, 50, 4, "b.e.com")],
        )
        .a("z.e.com", &["192.0.2.1"])
        .a("s.e.com", &["192.0.2.2"])
        .a("l.e.com", &["192.0.2.3"])
        .a("b.e.com", &["192.0.2.4"]);
    let search = only("sip:e.com", TransportKind::Udp);
    let mut first = BTreeMap::<String, u32>::new();
    for seed in 0..10_000 {
        let found = zone.find_by(&search, seed);
        assert_eq!(found.len(), 4);
        assert_eq!(found[3], "UDP 192.0.2.4:4", "the other priority comes last");
        assert_eq!(found, zone.find_by(&search, seed), "the same seed, the same order");
        *first.entry(found[0].clone()).or_default() += 1;
    }
    let share =
        |port: &str| first.iter().find(|(name, _)| name.ends_with(port)).map_or(0, |(_, count)| *count);
    // 101 values, 0 to 100: none 1, small 10, large 90 of them.
    assert!((40..=180).contains(&share(":1")), "{first:?}");
    assert!((850..=1150).contains(&share(":2")), "{first:?}");
    assert!((8700..=9100).contains(&share(":3")), "{first:?}");
}

#[test]
fn the_order_does_not_depend_on_how_the_server_answers() {
    let records = [(10, 5, 1, "a.e.com"), (10, 5, 1, "b.e.com"), (10, 5, 1, "c.e.com")];
    let mut turned = records;
    turned.rotate_left(1);
    let zone = |records: &[(u16, u16, u16, &str)]| {
        Zone::default()
            .srv("_sip._udp.e.com", records)
            .a("a.e.com", &["192.0.2.1", "192.0.2.11"])
            .a("b.e.com", &["192.0.2.2"])
            .a("c.e.com", &["192.0.2.3"])
    };
    let search = only("sip:e.com", TransportKind::Udp);
    for seed in 0..50 {
        assert_eq!(zone(&records).find_by(&search, seed), zone(&turned).find_by(&search, seed));
    }
}

#[test]
fn a_lost_question_does_not_stop_the_search() {
    let zone = Zone::default()
        .lost("e.com", RecordKind::Naptr)
        .lost("_sip._udp.e.com", RecordKind::Srv)
        .a("e.com", &["192.0.2.9"]);
    assert_eq!(zone.find(&search("sip:e.com")), ["UDP 192.0.2.9:5060"]);
}

#[test]
fn while_srv_is_open_the_name_itself_is_no_target() {
    let zone = Zone::default().a("e.com", &["192.0.2.9"]);
    let search = only("sip:e.com", TransportKind::Udp);
    assert_eq!(zone.asked(&search), ["Srv _sip._udp.e.com"]);
    let open = plan(
        &search,
        |question| zone.0.get(question).map_or(Known::Open, |answer| Known::Answer(answer.as_ref().unwrap())),
        1,
    );
    assert!(open.targets.is_empty());
}

#[test]
fn localhost_is_nobodys_question() {
    assert_eq!(Zone::default().asked(&search("sip:localhost")), [""; 0]);
    assert_eq!(Zone::default().find(&search("sip:localhost")), ["UDP 127.0.0.1:5060", "UDP [::1]:5060"]);
    assert_eq!(
        Zone::default().find(&only("sip:pbx.localhost:5070", TransportKind::Tcp)),
        ["TCP 127.0.0.1:5070", "TCP [::1]:5070"]
    );
}

#[test]
fn an_endless_answer_is_cut() {
    let many: Vec<(u16, u16, u16, String)> = (0..500).map(|n| (n, 0, 5060, format!("h{n}.e.com"))).collect();
    let many: Vec<(u16, u16, u16, &str)> = many.iter().map(|(p, w, o, t)| (*p, *w, *o, t.as_str())).collect();
    let zone = Zone::default().srv("_sip._udp.e.com", &many);
    assert!(zone.asked(&only("sip:e.com", TransportKind::Udp)).len() <= 64);
    let addresses: Vec<String> = (0..200).map(|n| format!("192.0.2.{n}")).collect();
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let zone = Zone::default().a("e.com", &addresses);
    assert_eq!(zone.find(&search("sip:e.com:5060")).len(), 16);
}
