//! The tokio driver on loopback: one call by UDP, one by TCP.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use sip_stack::sdp::{Capabilities, CodecName, CodecSpec};
use sip_stack::transport::Flow;
use sip_stack::ua::{
    AccountConfig, AccountId, EndedBy, Event, HangupReason, Invite, TrunkState, Trust, UaConfig, UserAgent,
};
use sip_stack::{BindConfig, Driver, TransportKind};

use super::bench::uri;

pub(super) struct Side {
    pub(super) ua: UserAgent,
    pub(super) driver: Driver,
}

impl Side {
    pub(super) async fn new(seed: u64, transport: TransportKind) -> Self {
        Self::with(UaConfig { seed, ..UaConfig::default() }, transport).await
    }

    pub(super) async fn with(config: UaConfig, transport: TransportKind) -> Self {
        let mut ua = UserAgent::new(config, Instant::now());
        let any = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
        let config = match transport {
            TransportKind::Udp => BindConfig { udp: any, tcp: None },
            _ => BindConfig { udp: None, tcp: any },
        };
        let driver = Driver::bind(config, &mut ua).await.expect("loopback");
        Self { ua, driver }
    }

    pub(super) fn account(&mut self, transport: TransportKind, exchange: SocketAddr) -> AccountId {
        let mut config = AccountConfig::new("main", uri(&format!("sip:100@{exchange}")));
        config.transport = transport;
        let account = self.ua.add_account(config);
        self.driver.resolve(&mut self.ua, account);
        account
    }

    pub(super) async fn next(&mut self) -> Event {
        self.driver.drive(&mut self.ua).await
    }
}

#[tokio::test]
async fn a_call_over_udp() {
    call_over(TransportKind::Udp).await;
}

#[tokio::test]
async fn a_call_over_tcp() {
    call_over(TransportKind::Tcp).await;
}

async fn call_over(transport: TransportKind) {
    let callee = Side::new(2, transport).await;
    let exchange = callee.driver.local_udp().or(callee.driver.local_tcp()).expect("bound");
    let mut caller = Side::new(1, transport).await;
    let account = caller.account(transport, exchange);
    call_between(caller, account, callee, &format!("sip:200@{exchange}")).await;
}

/// One whole call, from INVITE to the answer to the BYE.
pub(super) async fn call_between(mut caller: Side, account: AccountId, mut callee: Side, target: &str) {
    let server = async {
        let Event::Incoming { call, .. } = callee.next().await else { panic!("no call") };
        callee.ua.ring(call, Instant::now());
        callee.ua.answer(call, &capabilities(), Instant::now());
        callee.driver.flush(&mut callee.ua);
        assert!(matches!(callee.next().await, Event::Answered { .. }));
        assert!(matches!(callee.next().await, Event::Confirmed { .. }));
        assert!(matches!(callee.next().await, Event::Ended { end, .. } if end.by == EndedBy::Remote));
        // The answer to the BYE was sent before the event came.
    };
    let client = async {
        let invite = Invite {
            target: uri(target),
            capabilities: capabilities(),
            ring_timeout: Duration::from_secs(30),
            headers: Vec::new(),
        };
        let call = caller.ua.invite(account, invite, Instant::now()).expect("a call");
        caller.driver.flush(&mut caller.ua);
        loop {
            match caller.next().await {
                Event::Provisional { .. } => {}
                Event::Answered { .. } => break,
                other => panic!("{other:?}"),
            }
        }
        caller.ua.hangup(call, HangupReason::Normal, Instant::now());
        assert!(matches!(caller.next().await, Event::Ended { end, .. } if end.by == EndedBy::Local));
    };
    let both = async { tokio::join!(server, client) };
    tokio::time::timeout(Duration::from_secs(10), both).await.expect("in time");
}

/// Behind an outbound proxy the registrar is looked for too, only to be known.
#[tokio::test]
async fn the_registrar_behind_a_proxy_is_found_and_known() {
    let trust = UaConfig { seed: 8, trust: Trust::KnownSources, ..UaConfig::default() };
    let mut side = Side::with(trust, TransportKind::Udp).await;
    let mut config = AccountConfig::new("main", uri("sip:100@pbx.example"));
    config.outbound_proxy = Some(uri("sip:127.0.0.2:5070"));
    config.registrar = Some(uri("sip:127.0.0.3"));
    let account = side.ua.add_account(config);
    let flow = |address: &str| Flow { transport: TransportKind::Udp, peer: address.parse().unwrap() };
    assert!(!side.ua.knows(flow("127.0.0.2:5070")), "nothing is resolved");
    side.driver.resolve(&mut side.ua, account);
    assert_eq!(side.ua.targets(account), [flow("127.0.0.2:5070")]);
    assert!(side.ua.knows(flow("127.0.0.2:9")) && side.ua.knows(flow("127.0.0.3:9")));
    assert!(!side.ua.knows(flow("127.0.0.4:5060")));
}

#[tokio::test]
async fn the_invite_is_with_the_kernel_when_flush_returns() {
    let peer = std::net::UdpSocket::bind("127.0.0.1:0").expect("a socket");
    peer.set_nonblocking(true).expect("non-blocking");
    let mut caller = Side::new(3, TransportKind::Udp).await;
    let account = caller.account(TransportKind::Udp, peer.local_addr().expect("bound"));
    let invite = Invite {
        target: uri("sip:1@127.0.0.1"),
        capabilities: capabilities(),
        ring_timeout: Duration::from_secs(30),
        headers: Vec::new(),
    };
    caller.ua.invite(account, invite, Instant::now()).expect("a call");
    caller.driver.flush(&mut caller.ua);
    let mut buffer = [0; 2048];
    let (length, _) = peer.recv_from(&mut buffer).expect("the INVITE is there already");
    assert!(buffer[..length].starts_with(b"INVITE sip:1@127.0.0.1 SIP/2.0\r\n"));
}

#[tokio::test]
async fn a_refused_connection_is_reported() {
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a socket");
        listener.local_addr().expect("bound")
    };
    let mut caller = Side::new(4, TransportKind::Tcp).await;
    let account = caller.account(TransportKind::Tcp, closed);
    let invite = Invite {
        target: uri("sip:1@127.0.0.1"),
        capabilities: capabilities(),
        ring_timeout: Duration::from_secs(30),
        headers: Vec::new(),
    };
    caller.ua.invite(account, invite, Instant::now()).expect("a call");
    let event = async |side: &mut Side| {
        tokio::time::timeout(Duration::from_secs(5), side.next()).await.expect("in time")
    };
    let lost = event(&mut caller).await;
    assert!(matches!(lost, Event::Trunk { status, .. } if status.state == TrunkState::Unreachable));
    let ended = event(&mut caller).await;
    assert!(matches!(ended, Event::Ended { end, .. } if end.by == EndedBy::Timeout));
}

/// RFC 3261 18.4: the error queue of an unconnected socket names the peer that ICMP says is not there.
#[tokio::test]
async fn a_refused_datagram_is_reported_for_its_peer_only() {
    for host in ["127.0.0.1", "[::1]"] {
        let bind = |port: u16| format!("{host}:{port}").parse::<SocketAddr>().expect("an address");
        let closed = {
            let socket = std::net::UdpSocket::bind(bind(0)).expect("a socket");
            socket.local_addr().expect("bound")
        };
        let silent = std::net::UdpSocket::bind(bind(0)).expect("a socket");
        let mut ua = UserAgent::new(UaConfig { seed: 6, ..UaConfig::default() }, Instant::now());
        let config = BindConfig { udp: Some(bind(0)), tcp: None };
        let driver = Driver::bind(config, &mut ua).await.expect("loopback");
        let mut caller = Side { ua, driver };
        let waiting = caller.account(TransportKind::Udp, silent.local_addr().expect("bound"));
        let account = caller.account(TransportKind::Udp, closed);
        let invite = |account, ua: &mut UserAgent| {
            let invite = Invite {
                target: uri("sip:1@example.test"),
                capabilities: capabilities(),
                ring_timeout: Duration::from_secs(30),
                headers: Vec::new(),
            };
            ua.invite(account, invite, Instant::now()).expect("a call")
        };
        invite(waiting, &mut caller.ua);
        let refused = invite(account, &mut caller.ua);
        let start = Instant::now();
        let ended = async {
            loop {
                match caller.next().await {
                    Event::Ended { call, end } => return (call, end),
                    // The exchange of the refused call is out of reach, as it should be.
                    Event::Trunk { .. } => {}
                    other => panic!("{other:?}"),
                }
            }
        };
        let (call, end) = tokio::time::timeout(Duration::from_secs(5), ended).await.expect("in time");
        assert_eq!((call, end.by), (refused, EndedBy::Timeout));
        // Long before Timer B.
        assert!(start.elapsed() < Duration::from_secs(2));
        assert_eq!(caller.ua.load().2, 1, "the other call still waits");
    }
}

#[tokio::test]
async fn a_name_is_resolved_beside_the_call_path() {
    let mut caller = Side::new(5, TransportKind::Udp).await;
    let mut config = AccountConfig::new("named", uri("sip:100@localhost:5999"));
    config.registrar = Some(uri("sip:localhost:5999"));
    let account = caller.ua.add_account(config);
    caller.driver.resolve(&mut caller.ua, account);
    caller.ua.register(account, Instant::now());
    let found = async {
        while caller.ua.targets(account).is_empty() {
            caller.next().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), found).await.expect("in time");
    assert!(caller.ua.targets(account).iter().all(|target| target.peer.ip().is_loopback()));
}

pub(super) fn capabilities() -> Capabilities {
    Capabilities {
        codecs: vec![CodecSpec::new(CodecName::Pcmu)],
        dtmf: false,
        ..Capabilities::new(SocketAddr::from(([127, 0, 0, 1], 0)).ip(), 20_000)
    }
}

/// The octet that networks look at, as it arrives (RFC 2474 3).
#[tokio::test]
async fn signalling_is_marked_with_the_code_point() {
    use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrIn, recvmsg, setsockopt, sockopt};
    use std::os::fd::AsRawFd as _;

    let ear = std::net::UdpSocket::bind("127.0.0.1:0").expect("loopback");
    ear.set_read_timeout(Some(Duration::from_secs(2))).expect("a socket option");
    setsockopt(&ear, sockopt::IpRecvTos, &true).expect("a socket option");
    let exchange = ear.local_addr().expect("bound");
    let mut side = Side::new(1, TransportKind::Udp).await;
    side.driver.mark(24);
    let account = side.account(TransportKind::Udp, exchange);
    let invite = Invite {
        target: uri(&format!("sip:200@{exchange}")),
        capabilities: Capabilities::new([127, 0, 0, 1].into(), 4000),
        ring_timeout: Duration::from_secs(5),
        headers: Default::default(),
    };
    side.ua.invite(account, invite, Instant::now()).expect("a target");
    side.driver.flush(&mut side.ua);
    let mut bytes = [0; 4096];
    let mut parts = [std::io::IoSliceMut::new(&mut bytes)];
    let mut room = nix::cmsg_space!(u8);
    let message = recvmsg::<SockaddrIn>(ear.as_raw_fd(), &mut parts, Some(&mut room), MsgFlags::empty());
    let message = message.expect("an INVITE");
    let octet = message.cmsgs().expect("whole").find_map(|part| match part {
        ControlMessageOwned::Ipv4Tos(octet) => Some(octet),
        _ => None,
    });
    assert_eq!(octet, Some(0x60));
}
