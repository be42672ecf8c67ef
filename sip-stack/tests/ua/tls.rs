//! TLS on loopback with certificates made for the occasion (RFC 5922, RFC 3261 26.3.1).

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use sip_stack::TransportKind;
use sip_stack::driver::{TlsClient, TlsFailureKind, TlsIdentity, TlsListen, TlsSettings, TlsState, Verify};
use sip_stack::ua::{AccountConfig, AccountId, Event, RegistrationState};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::bench::uri;
use super::drivers::{Side, call_between};

/// A certificate authority with its files.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    folder: TempDir,
    pub(super) file: PathBuf,
}

impl Authority {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, "Practice CA");
        let file = folder.path().join("ca.pem");
        std::fs::write(&file, params.self_signed(&key).unwrap().pem()).unwrap();
        Self { issuer: Issuer::new(params, key), folder, file }
    }

    pub(super) fn issue(&self, name: &str) -> TlsIdentity {
        self.issue_with(name, |_| {})
    }

    fn issue_with(&self, name: &str, adjust: impl FnOnce(&mut CertificateParams)) -> TlsIdentity {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        adjust(&mut params);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let file = |kind: &str| self.folder.path().join(format!("{name}.{kind}"));
        let identity = TlsIdentity { certificate: file("crt"), key: file("key") };
        std::fs::write(&identity.certificate, certificate.pem()).unwrap();
        std::fs::write(&identity.key, key.serialize_pem()).unwrap();
        identity
    }

    pub(super) fn settings(&self) -> TlsSettings {
        TlsSettings { authorities: Some(self.file.clone()), ..TlsSettings::default() }
    }
}

async fn exchange(identity: TlsIdentity, client_authorities: Option<PathBuf>) -> (Side, SocketAddr) {
    let mut side = Side::new(2, TransportKind::Tcp).await;
    let listen = TlsListen { address: SocketAddr::from(([127, 0, 0, 1], 0)), identity, client_authorities };
    side.driver.listen_tls(&listen, &mut side.ua).await.unwrap();
    let address = side.driver.local_tls().unwrap();
    (side, address)
}

/// An account whose exchange is called `name` and stands at `address`.
fn account(side: &mut Side, name: &str, address: SocketAddr, settings: TlsSettings) -> AccountId {
    let mut config = AccountConfig::new("main", uri(&format!("sip:100@{name}")));
    config.registrar = Some(uri(&format!("sip:{name}")));
    config.transport = TransportKind::Tls;
    let account = side.ua.add_account(config);
    side.driver.secure(account, TlsClient::load(settings).unwrap());
    let target = sip_stack::transport::Flow { transport: TransportKind::Tls, peer: address };
    side.ua.set_targets(account, vec![target], Instant::now());
    account
}

/// Registers against `address` and says how the handshake went.
async fn handshake(name: &str, address: SocketAddr, settings: TlsSettings) -> TlsState {
    let mut side = Side::new(1, TransportKind::Tcp).await;
    let account = account(&mut side, name, address, settings);
    register(&mut side, account).await;
    side.driver.tls_state(address).cloned().expect("a handshake was tried")
}

/// Drives until the registration was answered or failed.
async fn register(side: &mut Side, account: AccountId) {
    side.ua.register(account, Instant::now());
    let done = async {
        loop {
            if let Event::Registration { status, .. } = side.next().await
                && status.state == RegistrationState::Failed
            {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), done).await.expect("in time");
}

/// The exchange refuses every REGISTER with 405, which is answer enough.
async fn handshake_with(identity: TlsIdentity, name: &str, settings: TlsSettings) -> TlsState {
    let (mut server, address) = exchange(identity, None).await;
    tokio::select! {
        event = server.next() => panic!("{event:?}"),
        state = handshake(name, address, settings) => state,
    }
}

fn failure(state: TlsState) -> (TlsFailureKind, String) {
    match state {
        TlsState::Failed(failure) => (failure.kind.clone(), failure.to_string()),
        TlsState::Secured(info) => panic!("{info:?}"),
    }
}

#[tokio::test]
async fn a_call_over_tls() {
    let authority = Authority::new();
    let (callee, address) = exchange(authority.issue("127.0.0.1"), None).await;
    let mut caller = Side::new(1, TransportKind::Tcp).await;
    let account = account(&mut caller, &address.to_string(), address, authority.settings());
    call_between(caller, account, callee, &format!("sips:200@{address}")).await;
}

#[tokio::test]
async fn the_right_name_is_accepted_and_the_certificate_shown() {
    let authority = Authority::new();
    let identity = authority.issue_with("pbx.example", |params| {
        params.not_after = rcgen::date_time_ymd(2099, 1, 1);
    });
    let TlsState::Secured(info) = handshake_with(identity, "pbx.example", authority.settings()).await else {
        panic!("refused")
    };
    assert_eq!(info.version, "TLS 1.3");
    assert!(info.cipher.starts_with("TLS13_"), "{}", info.cipher);
    assert_eq!(info.verify, Verify::Full);
    let peer = info.peer.unwrap();
    assert_eq!(peer.subject.as_deref(), Some("pbx.example"));
    assert_eq!(peer.issuer.as_deref(), Some("Practice CA"));
    assert_eq!(peer.not_after, Some(4_070_908_800));
}

/// RFC 5922 7.3: what DNS says is no identity; only the name that was asked for is.
#[tokio::test]
async fn the_wrong_name_is_refused_and_both_are_told() {
    let authority = Authority::new();
    let identity = authority.issue("other.example");
    let (kind, text) = failure(handshake_with(identity, "pbx.example", authority.settings()).await);
    let TlsFailureKind::WrongName { expected, presented } = kind else { panic!("{kind:?}") };
    assert_eq!(expected, ["pbx.example"]);
    assert_eq!(presented, ["other.example"]);
    assert!(text.contains("Practice CA"), "{text}");
    // The name can be set, and the name alone can be let off; both are explicit.
    let named = TlsSettings { name: Some("other.example".to_owned()), ..authority.settings() };
    let state = handshake_with(authority.issue("other.example"), "pbx.example", named).await;
    assert!(matches!(state, TlsState::Secured(_)), "{state:?}");
    let lenient = TlsSettings { verify: Verify::Authority, ..authority.settings() };
    let state = handshake_with(authority.issue("other.example"), "pbx.example", lenient).await;
    assert!(matches!(state, TlsState::Secured(_)), "{state:?}");
}

#[tokio::test]
async fn an_unknown_authority_is_refused() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let (kind, _) =
        failure(handshake_with(theirs.issue("pbx.example"), "pbx.example", ours.settings()).await);
    assert_eq!(kind, TlsFailureKind::UnknownAuthority);
    // Not even a lenient account takes it; only one that asked for nothing at all.
    let lenient = TlsSettings { verify: Verify::Authority, ..ours.settings() };
    let (kind, _) = failure(handshake_with(theirs.issue("pbx.example"), "pbx.example", lenient).await);
    assert_eq!(kind, TlsFailureKind::UnknownAuthority);
    let open = TlsSettings { verify: Verify::Nothing, ..ours.settings() };
    let state = handshake_with(theirs.issue("pbx.example"), "pbx.example", open).await;
    assert!(matches!(state, TlsState::Secured(info) if info.verify == Verify::Nothing));
}

#[tokio::test]
async fn a_certificate_out_of_its_time_is_refused() {
    let authority = Authority::new();
    for (from, to, expected) in
        [(2001, 2002, TlsFailureKind::Expired), (2098, 2099, TlsFailureKind::NotYetValid)]
    {
        let identity = authority.issue_with("pbx.example", |params| {
            params.not_before = rcgen::date_time_ymd(from, 1, 1);
            params.not_after = rcgen::date_time_ymd(to, 1, 1);
        });
        // Leniency about names is none about time.
        let settings = TlsSettings { verify: Verify::Authority, ..authority.settings() };
        let (kind, text) = failure(handshake_with(identity, "pbx.example", settings).await);
        assert_eq!(kind, expected);
        assert!(text.contains("certificate pbx.example of issuer Practice CA"), "{text}");
    }
}

#[tokio::test]
async fn a_client_certificate_is_shown_where_one_is_wanted() {
    let authority = Authority::new();
    let identity = authority.issue("pbx.example");
    let (mut server, address) = exchange(identity, Some(authority.file.clone())).await;
    let with = TlsSettings { identity: Some(authority.issue("desk")), ..authority.settings() };
    let both = async {
        let without = handshake("pbx.example", address, authority.settings()).await;
        (without, handshake("pbx.example", address, with).await)
    };
    let (without, with) = tokio::select! {
        event = server.next() => panic!("{event:?}"),
        both = both => both,
    };
    // TLS 1.3 tells of it only after our side of the handshake is done.
    let (kind, _) = failure(without);
    assert!(matches!(kind, TlsFailureKind::ClientCertificate(_)), "{kind:?}");
    assert!(matches!(with, TlsState::Secured(_)), "{with:?}");
}

/// A server hello that chooses TLS 1.1, and a peer that does not speak TLS at all.
#[tokio::test]
async fn tls_1_1_and_plain_text_are_refused() {
    let hello: Vec<u8> = [&[22, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2][..], &[7; 32], &[0, 0xc0, 0x14, 0]].concat();
    for (answer, expected) in [
        (hello, TlsFailureKind::TooOld),
        (b"SIP/2.0 400 Bad Request\r\n\r\n".to_vec(), TlsFailureKind::NotTls),
        // The alert protocol_version.
        (vec![21, 3, 1, 0, 2, 2, 70], TlsFailureKind::TooOld),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 4096]).await;
            stream.write_all(&answer).await.unwrap();
            let _ = stream.read(&mut [0; 4096]).await;
            drop(stream);
            std::future::pending::<()>().await
        };
        let authority = Authority::new();
        let state = tokio::select! {
            () = server => unreachable!(),
            state = handshake("pbx.example", address, authority.settings()) => state,
        };
        assert_eq!(failure(state).0, expected);
    }
}

/// Our listener answers a client hello of TLS 1.1 with the alert protocol_version.
#[tokio::test]
async fn a_client_of_tls_1_1_is_refused() {
    let authority = Authority::new();
    let (mut server, address) = exchange(authority.issue("pbx.example"), None).await;
    // With groups and signature algorithms, so that nothing but the version is wrong.
    let extensions = [0, 10, 0, 4, 0, 2, 0, 23, 0, 13, 0, 4, 0, 2, 4, 3];
    let tail = [&[0, 0, 2, 0xc0, 0x2b, 1, 0, 0, 16][..], &extensions].concat();
    let body = [&[3, 2][..], &[7; 32], &tail].concat();
    let length = u8::try_from(body.len()).unwrap();
    let hello = [&[22, 3, 1, 0, length + 4, 1, 0, 0, length][..], &body].concat();
    let client = async {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.write_all(&hello).await.unwrap();
        let mut answer = [0; 7];
        stream.read_exact(&mut answer).await.unwrap();
        answer
    };
    let answer = tokio::select! {
        event = server.next() => panic!("{event:?}"),
        answer = client => answer,
    };
    assert_eq!((answer[0], answer[6]), (21, 70), "{answer:?}");
}

#[tokio::test]
async fn a_second_connection_resumes_the_session() {
    let authority = Authority::new();
    let (mut server, address) = exchange(authority.issue("pbx.example"), None).await;
    let mut side = Side::new(1, TransportKind::Tcp).await;
    let account = account(&mut side, "pbx.example", address, authority.settings());
    let client = async {
        register(&mut side, account).await;
        let first = side.driver.tls_state(address).cloned();
        side.driver.hang_up(TransportKind::Tls, address);
        register(&mut side, account).await;
        (first, side.driver.tls_state(address).cloned())
    };
    let (first, second) = tokio::select! {
        event = server.next() => panic!("{event:?}"),
        states = client => states,
    };
    assert!(matches!(first, Some(TlsState::Secured(info)) if !info.resumed));
    assert!(matches!(second, Some(TlsState::Secured(info)) if info.resumed));
}

/// Two accounts at one address share a connection only where the certificate is good for both.
#[tokio::test]
async fn one_connection_serves_two_accounts_only_with_both_names() {
    let authority = Authority::new();
    for (second, fits) in [("b.example", true), ("c.example", false)] {
        let identity = authority.issue_with("a.example", |params| {
            params.subject_alt_names.push(rcgen::SanType::DnsName("b.example".try_into().unwrap()));
        });
        let (mut server, address) = exchange(identity, None).await;
        let mut side = Side::new(1, TransportKind::Tcp).await;
        let a = account(&mut side, "a.example", address, authority.settings());
        account(&mut side, second, address, authority.settings());
        tokio::select! {
            event = server.next() => panic!("{event:?}"),
            () = register(&mut side, a) => {}
        }
        let state = side.driver.tls_state(address).cloned().unwrap();
        assert_eq!(matches!(state, TlsState::Secured(_)), fits, "{second}: {state:?}");
    }
}

#[tokio::test]
async fn accounts_with_different_settings_at_one_address_are_refused() {
    let authority = Authority::new();
    let (mut server, address) = exchange(authority.issue("a.example"), None).await;
    let mut side = Side::new(1, TransportKind::Tcp).await;
    let a = account(&mut side, "a.example", address, authority.settings());
    let open = TlsSettings { verify: Verify::Nothing, ..TlsSettings::default() };
    account(&mut side, "a.example", address, open);
    tokio::select! {
        event = server.next() => panic!("{event:?}"),
        () = register(&mut side, a) => {}
    }
    assert_eq!(failure(side.driver.tls_state(address).cloned().unwrap()).0, TlsFailureKind::Conflict);
    assert_eq!(side.ua.registration(a).state, RegistrationState::Failed);
}

#[test]
fn material_that_cannot_be_used_is_told_by_file() {
    let authority = Authority::new();
    let mut identity = authority.issue("desk");
    identity.key = authority.issue("other").key;
    let settings = TlsSettings { identity: Some(identity), ..authority.settings() };
    let text = TlsClient::load(settings).unwrap_err().to_string();
    assert!(text.contains("other.key"), "{text}");
    let missing = TlsSettings { authorities: Some("/nowhere/ca.pem".into()), ..TlsSettings::default() };
    assert!(TlsClient::load(missing).unwrap_err().to_string().contains("/nowhere/ca.pem"));
    let key = authority.issue("desk").key;
    let no_certificate = TlsSettings { authorities: Some(key), ..TlsSettings::default() };
    assert!(TlsClient::load(no_certificate).unwrap_err().to_string().contains("desk.key"));
}
