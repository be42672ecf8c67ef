//! Streams on loopback: framing, keep-alives, limits (RFC 3261 18.3, RFC 5626 3.5.1).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sip_stack::TransportKind;
use sip_stack::driver::TlsListen;
use sip_stack::transport::KeepAliveMethod;
use sip_stack::ua::{AccountConfig, Event, RegistrationState, Trust, UaConfig};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};

use super::bench::uri;
use super::drivers::Side;
use super::tls::Authority;

const OPTIONS: &str = "OPTIONS sip:b@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1;branch=z9hG4bK1;rport\r\n\
    From: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\nContent-Length: 4\r\n\r\nbody";

async fn listener(transport: TransportKind, authority: &Authority) -> (Side, SocketAddr) {
    let mut side = Side::new(2, TransportKind::Tcp).await;
    if transport == TransportKind::Tcp {
        let address = side.driver.local_tcp().unwrap();
        return (side, address);
    }
    let listen = TlsListen {
        address: SocketAddr::from(([127, 0, 0, 1], 0)),
        identity: authority.issue("127.0.0.1"),
        client_authorities: None,
    };
    side.driver.listen_tls(&listen, &mut side.ua).await.unwrap();
    let address = side.driver.local_tls().unwrap();
    (side, address)
}

async fn secured(address: SocketAddr, authority: &Authority) -> tokio_rustls::client::TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&authority.file).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let name = ServerName::from(address.ip());
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
}

/// Sends two messages cut in two at `at`, and a ping, and reads two answers and the pong.
async fn cut<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, at: usize) {
    let branches = [format!("z9hG4bKa{at}"), format!("z9hG4bKb{at}")];
    let whole: String = branches.iter().map(|branch| OPTIONS.replace("z9hG4bK1", branch)).collect();
    let whole = format!("{whole}\r\n\r\n");
    let (head, tail) = whole.as_bytes().split_at(at % whole.len());
    stream.write_all(head).await.unwrap();
    stream.flush().await.unwrap();
    tokio::task::yield_now().await;
    stream.write_all(tail).await.unwrap();
    stream.flush().await.unwrap();
    let mut seen = String::new();
    let mut buffer = [0; 4096];
    let complete = |seen: &str| {
        // The pong overtakes the answers, which take the way through the core.
        branches.iter().all(|branch| seen.contains(branch.as_str()))
            && seen.matches("SIP/2.0 200 OK").count() == 2
            && (seen.starts_with("\r\n") || seen.contains("\r\n\r\n\r\n"))
    };
    while !complete(&seen) {
        let length = stream.read(&mut buffer).await.unwrap();
        assert!(length > 0, "cut at {at}: {seen}");
        seen.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
    }
}

#[tokio::test]
async fn messages_over_tls_come_out_wherever_they_are_cut() {
    let authority = Authority::new();
    let (mut side, address) = listener(TransportKind::Tls, &authority).await;
    let client = async {
        let mut stream = secured(address, &authority).await;
        for at in 1..OPTIONS.len() * 2 {
            cut(&mut stream, at).await;
        }
    };
    tokio::select! {
        event = side.next() => panic!("{event:?}"),
        done = tokio::time::timeout(Duration::from_secs(60), client) => done.expect("in time"),
    }
    assert_eq!(side.ua.counters().malformed, 0);
}

/// A connection that says nothing, or half a message, is closed; time runs by itself here.
#[tokio::test(start_paused = true)]
async fn who_dribbles_is_closed_after_ten_seconds() {
    let authority = Authority::new();
    for (first, then) in [("", ""), ("OPTIONS sip:", ""), (OPTIONS, "OPTIONS sip:")] {
        let (mut side, address) = listener(TransportKind::Tcp, &authority).await;
        let client = async {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let start = tokio::time::Instant::now();
            stream.write_all(first.as_bytes()).await.unwrap();
            stream.write_all(then.as_bytes()).await.unwrap();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await.unwrap();
            (start.elapsed(), answer)
        };
        let (time, answer) = tokio::select! {
            event = side.next() => panic!("{event:?}"),
            ended = client => ended,
        };
        assert!((Duration::from_secs(10)..Duration::from_secs(11)).contains(&time), "{time:?}");
        assert_eq!(answer.is_empty(), first != OPTIONS);
    }
}

#[tokio::test]
async fn one_source_gets_64_connections() {
    let authority = Authority::new();
    let (mut side, address) = listener(TransportKind::Tcp, &authority).await;
    let client = async {
        let mut streams = Vec::new();
        for at in 0..66 {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(b"\r\n\r\n").await.unwrap();
            let mut pong = [0; 2];
            let served = stream.read_exact(&mut pong).await.is_ok();
            assert_eq!(served, at < 64, "connection {at}");
            streams.push(stream);
        }
    };
    tokio::select! {
        event = side.next() => panic!("{event:?}"),
        () = client => {}
    }
}

async fn connect_from(source: [u8; 4], address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((source, 0))).unwrap();
    socket.connect(address).await.unwrap()
}

/// Strangers have 64 connections together, and lose one when they ask for more than they are answered; the exchange
/// connects all the same.
#[tokio::test]
async fn strangers_take_no_connections_from_the_exchange() {
    let trust = UaConfig { seed: 3, trust: Trust::KnownSources, ..UaConfig::default() };
    let mut side = Side::with(trust, TransportKind::Tcp).await;
    let address = side.driver.local_tcp().unwrap();
    side.account(TransportKind::Tcp, SocketAddr::from(([127, 0, 0, 9], 5060)));
    let client = async {
        let mut strangers = Vec::new();
        for at in 0..70_u8 {
            let mut stream = connect_from([127, 0, 0, 2 + at % 2], address).await;
            stream.write_all(b"\r\n\r\n").await.unwrap();
            let mut pong = [0; 2];
            let served = stream.read_exact(&mut pong).await.is_ok();
            assert_eq!(served, at < 64, "connection {at}");
            strangers.push(stream);
        }
        for stream in &mut strangers[..1] {
            let mut answers = Vec::new();
            for n in 0..9 {
                let options = OPTIONS.replace("z9hG4bK1", &format!("z9hG4bK{n}"));
                stream.write_all(options.as_bytes()).await.unwrap();
            }
            stream.read_to_end(&mut answers).await.unwrap();
            let answers = String::from_utf8(answers).unwrap();
            assert_eq!(answers.matches("SIP/2.0 403 Forbidden\r\n").count(), 8, "{answers}");
        }
        let mut exchange = connect_from([127, 0, 0, 9], address).await;
        exchange.write_all(OPTIONS.as_bytes()).await.unwrap();
        let mut answer = [0; 15];
        exchange.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"SIP/2.0 200 OK\r");
    };
    let events = async {
        loop {
            let event = side.next().await;
            assert!(matches!(event, Event::Stranger { .. }), "{event:?}");
        }
    };
    let within = tokio::time::timeout(Duration::from_secs(20), client);
    tokio::select! {
        () = events => {}
        done = within => done.expect("in time"),
    }
}

/// An exchange as far as REGISTER goes: reads one message, answers 200 with what keeps flows alive.
async fn answer(stream: &mut TcpStream, headers: &str) {
    let mut seen = String::new();
    let mut buffer = [0; 4096];
    while !seen.contains("\r\n\r\n") || !seen.contains("REGISTER") {
        let length = stream.read(&mut buffer).await.unwrap();
        assert!(length > 0, "{seen}");
        seen.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
    }
    let copied: String = seen
        .lines()
        .filter(|line| {
            ["Via:", "From:", "To:", "Call-ID:", "CSeq:", "Contact:"]
                .iter()
                .any(|name| line.starts_with(name))
        })
        .map(|line| format!("{line}\r\n"))
        .collect();
    let answer = format!("SIP/2.0 200 OK\r\n{copied}{headers}Content-Length: 0\r\n\r\n");
    stream.write_all(answer.as_bytes()).await.unwrap();
}

/// Pings go out, pongs come in; a connection that breaks is replaced by one with a new REGISTER.
#[tokio::test]
async fn a_registered_connection_is_kept_and_replaced() {
    let exchange = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = exchange.local_addr().unwrap();
    let mut side = Side::new(1, TransportKind::Tcp).await;
    let mut config = AccountConfig::new("main", uri(&format!("sip:100@{address}")));
    config.registrar = Some(uri(&format!("sip:{address}")));
    config.transport = TransportKind::Tcp;
    config.keep_alive.method = KeepAliveMethod::Crlf;
    config.keep_alive.interval = Some(Duration::from_millis(500));
    let account = side.ua.add_account(config);
    side.driver.resolve(&mut side.ua, account);
    side.ua.register(account, Instant::now());
    let server = async {
        let (mut stream, _) = exchange.accept().await.unwrap();
        answer(&mut stream, "Flow-Timer: 1\r\n").await;
        for _ in 0..2 {
            let mut ping = [0; 4];
            stream.read_exact(&mut ping).await.unwrap();
            assert_eq!(&ping, b"\r\n\r\n");
            stream.write_all(b"\r\n").await.unwrap();
        }
        drop(stream);
        let (mut stream, _) = exchange.accept().await.unwrap();
        answer(&mut stream, "Flow-Timer: 1\r\n").await;
        stream
    };
    let mut registered = 0;
    let client = async {
        loop {
            if let Event::Registration { status, .. } = side.next().await
                && matches!(status.state, RegistrationState::Registered { .. })
            {
                registered += 1;
                if registered == 2 {
                    return;
                }
            }
        }
    };
    let both = async { tokio::join!(server, client) };
    tokio::time::timeout(Duration::from_secs(10), both).await.expect("in time");
}
