//! REGISTER against sipp and kamailio: digest, refusal, absence, refresh, loss.

use std::time::Duration;

use e2e::daemon::{Account, Daemon, account};
use e2e::peer::digest::{self, field};
use e2e::peer::kamailio::{self, Algorithm};
use e2e::peer::sipp::Scenario;
use e2e::peer::trace::Message;
use e2e::{ports, wait};

use crate::SOON;

fn authorization(request: &Message) -> &str {
    request.header("Authorization").expect("the request answers a challenge")
}

/// RFC 3261 22, RFC 7616, RFC 8760: qop=auth, nonce count from 1, and a proof that an independent party can check.
#[test]
fn digest_with_md5_and_sha_256() {
    for (scenario, algorithm) in [("registrar_digest_md5", "MD5"), ("registrar_digest_sha256", "SHA-256")] {
        let registrar = Scenario::server(scenario).start();
        let daemon = Daemon::builder().account(Account::new("main", registrar.address())).start();
        daemon.wait_registered("main", SOON);

        let requests = registrar.wait_received("REGISTER", 2, SOON);
        assert!(requests[0].header("Authorization").is_none());
        let proof = authorization(&requests[1]);
        assert!(digest::verify(&requests[1], "secret"), "{proof}");
        assert_eq!(field(proof, "algorithm").as_deref(), Some(algorithm));
        assert_eq!(field(proof, "qop").as_deref(), Some("auth"));
        assert_eq!(field(proof, "nc").as_deref(), Some("00000001"));
        // RFC 3261 10.2: one Call-ID for all of them, CSeq grows.
        assert_eq!(requests[0].header("Call-ID"), requests[1].header("Call-ID"));
    }
}

/// RFC 8760 and RFC 7616 3.4.3; `auth-int` where the registrar offers nothing else.
#[test]
fn digest_with_sha_512_256_and_with_bodies_signed() {
    for (algorithm, qop) in
        [("SHA-512-256", "auth"), ("SHA-256", "auth-int"), ("SHA-512-256-sess", "auth-int")]
    {
        let registrar = Scenario::server("registrar_digest_sha256")
            .edit("algorithm=SHA-256", &format!("algorithm={algorithm}"))
            .edit("qop=\"auth\"", &format!("qop=\"{qop}\""))
            .start();
        let daemon = Daemon::builder().account(Account::new("main", registrar.address())).start();
        daemon.wait_registered("main", SOON);
        let requests = registrar.wait_received("REGISTER", 2, SOON);
        let proof = authorization(&requests[1]);
        assert!(digest::verify(&requests[1], "secret"), "{proof}");
        assert_eq!(field(proof, "algorithm").as_deref(), Some(algorithm));
        assert_eq!(field(proof, "qop").as_deref(), Some(qop));
    }
}

#[test]
fn kamailio_over_udp_and_tcp() {
    for algorithm in [Algorithm::Md5, Algorithm::Sha256] {
        let exchange = kamailio::Setup::default().user("100", "secret").algorithm(algorithm).start();
        let daemon = Daemon::builder()
            .account(Account::new("udp", exchange.address()))
            .account(Account::new("tcp", exchange.address()).tcp())
            .start();
        daemon.wait_registered("udp", SOON);
        daemon.wait_registered("tcp", SOON);
    }
}

/// The 401 loop ends after one retry with a fresh nonce; the status says why and when it goes on.
#[test]
fn a_wrong_password_is_tried_once_and_reported() {
    let registrar = Scenario::server("registrar_always_401").start();
    let line =
        Account::new("main", registrar.address()).set("retry_min", "\"20s\"").set("retry_max", "\"60s\"");
    let daemon = Daemon::builder().account(line).start();
    let status = daemon.wait_status("failed registration", SOON, |status| {
        account(status, "main").is_some_and(|line| line["state"] == "failed")
    });
    let line = account(&status, "main").unwrap();
    assert_eq!(line["code"], 401);
    assert!(line["why"].as_str().is_some_and(|why| !why.is_empty()), "{line:#}");
    let next = line["next_attempt_at"].as_i64().expect("it says when it tries next");
    assert!(next > status["now"].as_i64().unwrap());

    wait::pass(Duration::from_secs(1));
    assert_eq!(registrar.received("REGISTER").len(), 2);
}

#[test]
fn kamailio_refuses_a_wrong_password() {
    let exchange = kamailio::Setup::default().user("100", "secret").start();
    let daemon =
        Daemon::builder().account(Account::new("main", exchange.address()).user("100", "wrong")).start();
    daemon.wait_status("failed registration", SOON, |status| {
        account(status, "main").is_some_and(|line| line["state"] == "failed" && line["code"] == 401)
    });
}

#[test]
fn an_exchange_away_at_start_is_waited_for() {
    let port = ports::free();
    let address: std::net::SocketAddr = ([127, 0, 0, 1], port).into();
    let daemon =
        Daemon::builder().account(Account::new("main", address)).set("sip", "t1", "\"20ms\"").start();
    let status = daemon.wait_status("failed registration", SOON, |status| {
        account(status, "main").is_some_and(|line| line["state"] == "failed")
    });
    let line = account(&status, "main").unwrap();
    assert!(line["why"].as_str().is_some_and(|why| !why.is_empty()), "{line:#}");
    assert!(line["next_attempt_at"].is_i64(), "{line:#}");

    let _exchange = kamailio::Setup::default().user("100", "secret").port(port).start();
    daemon.wait_registered("main", SOON);
}

#[test]
fn retry_after_of_a_busy_exchange_is_honoured() {
    let registrar =
        Scenario::server("registrar_retry_after_503").edit("Retry-After: 2", "Retry-After: 3").start();
    let daemon = Daemon::builder().account(Account::new("main", registrar.address())).start();
    registrar.wait_received("REGISTER", 1, SOON);
    wait::pass(Duration::from_secs(2));
    assert_eq!(registrar.received("REGISTER").len(), 1, "no REGISTER before the time is over");
    daemon.wait_registered("main", SOON);
}

/// RFC 7616 3.3: a stale nonce is no wrong password.
#[test]
fn a_stale_nonce_is_replaced() {
    let registrar = Scenario::server("registrar_stale").start();
    let daemon = Daemon::builder().account(Account::new("main", registrar.address())).start();
    daemon.wait_registered("main", SOON);
    let requests = registrar.received("REGISTER");
    assert_eq!(requests.len(), 3);
    assert_ne!(field(authorization(&requests[1]), "nonce"), field(authorization(&requests[2]), "nonce"));
}

/// RFC 3261 10.2.8.
#[test]
fn an_interval_too_brief_is_lengthened() {
    let registrar = Scenario::server("registrar_423").start();
    let daemon = Daemon::builder().account(Account::new("main", registrar.address())).start();
    daemon.wait_registered("main", SOON);
    assert_eq!(registrar.errors(), "");
}

/// Refreshed before it expires, with the known nonce and the next count; unregistered at the end.
#[test]
fn a_registration_is_refreshed_and_given_up_in_order() {
    let registrar = Scenario::server("registrar_digest_md5").edit("Expires: 60", "Expires: 7").start();
    let line = Account::new("main", registrar.address()).set("expires", "\"7s\"");
    let mut daemon = Daemon::builder().account(line).start();
    daemon.wait_registered("main", SOON);
    let requests = registrar.wait_received("REGISTER", 4, Duration::from_secs(20));
    for (request, count) in requests[1..].iter().zip(1_u32..) {
        assert!(digest::verify(request, "secret"));
        assert_eq!(field(authorization(request), "nc"), Some(format!("{count:08x}")));
    }
    assert!(daemon.stop().success());
    let last = registrar.received("REGISTER").pop().unwrap();
    let zero = last.header("Expires") == Some("0") || last.header("Contact").unwrap().contains("expires=0");
    assert!(zero, "{}", last.text);
}

/// A restarted exchange has forgotten everybody; the refresh brings us back without help.
#[test]
fn a_restarted_exchange_gets_us_back() {
    let exchange = kamailio::Setup::default().user("100", "secret").start();
    let port = exchange.address().port();
    let line = Account::new("main", exchange.address()).set("expires", "\"7s\"");
    let daemon = Daemon::builder().account(line).set("sip", "t1", "\"20ms\"").start();
    daemon.wait_registered("main", SOON);
    drop(exchange);
    daemon.wait_status("lost registration", Duration::from_secs(20), |status| {
        account(status, "main").is_some_and(|line| line["state"] != "registered" && !line["why"].is_null())
    });
    let _again = kamailio::Setup::default().user("100", "secret").port(port).start();
    daemon.wait_registered("main", SOON);
}

/// RFC 5626 4.1: the name of the box outlives a crash, and stays away where the account says so.
#[test]
fn the_box_keeps_its_name_over_a_crash() {
    let registrar = Scenario::server("registrar_open").start();
    let silent = Scenario::server("registrar_open").start();
    let mut daemon = Daemon::builder()
        .account(Account::new("main", registrar.address()))
        .account(Account::new("plain", silent.address()).set("outbound", "false"))
        .start();
    daemon.wait_registered("main", SOON);
    daemon.wait_registered("plain", SOON);
    let instance = |message: &Message| {
        let contact = message.header("Contact").unwrap();
        let (_, rest) = contact.split_once(";+sip.instance=\"<urn:uuid:").expect("an instance");
        assert!(contact.contains(";reg-id=1"), "{contact}");
        rest.split_once('>').unwrap().0.to_owned()
    };
    let before = instance(&registrar.received("REGISTER")[0]);
    daemon.kill9();
    let seen = registrar.received("REGISTER").len();
    daemon.start();
    let after = registrar.wait_received("REGISTER", seen + 1, SOON);
    assert_eq!(instance(&after[seen]), before);
    let plain = silent.received("REGISTER");
    let contact = plain[0].header("Contact").unwrap();
    assert!(!contact.contains("instance") && !contact.contains("reg-id"), "{contact}");
}

/// RFC 8760 2.4: of several algorithms the strongest that we know, though MD5 was named first.
#[test]
fn of_several_challenges_the_strongest_is_answered() {
    let registrar = Scenario::server("registrar_two_algorithms").start();
    let daemon = Daemon::builder().account(Account::new("main", registrar.address())).start();
    daemon.wait_registered("main", SOON);
    let requests = registrar.received("REGISTER");
    assert_eq!(field(authorization(&requests[1]), "algorithm").as_deref(), Some("SHA-256"));
    assert!(digest::verify(&requests[1], "secret"), "{}", requests[1].text);
}

/// RFC 3261 22.3: proxy and registrar each get their proof, in one request.
#[test]
fn a_proxy_and_a_registrar_that_both_challenge() {
    let registrar = Scenario::server("registrar_behind_proxy").start();
    let daemon = Daemon::builder().account(Account::new("main", registrar.address())).start();
    daemon.wait_registered("main", SOON);
    let last = registrar.received("REGISTER").remove(2);
    assert!(last.header("Authorization").is_some() && last.header("Proxy-Authorization").is_some());
    assert!(digest::verify(&last, "secret"), "{}", last.text);
}

#[test]
fn a_registrar_that_moved_is_followed() {
    let there = Scenario::server("registrar_open").start();
    let here =
        Scenario::server("registrar_moved").edit("127.0.0.1:5060", &there.address().to_string()).start();
    let daemon = Daemon::builder().account(Account::new("main", here.address())).start();
    daemon.wait_registered("main", SOON);
    assert_eq!((here.received("REGISTER").len(), there.received("REGISTER").len()), (1, 1));
}

/// RFC 3261 10.2.4: our own entry says how long we have, 7 s here, not the hour of the other phone.
#[test]
fn of_several_bindings_ours_is_kept_alive() {
    let registrar = Scenario::server("registrar_others_too").start();
    let daemon = Daemon::builder().account(Account::new("main", registrar.address())).start();
    daemon.wait_registered("main", SOON);
    registrar.wait_received("REGISTER", 2, SOON);
    assert!(daemon.cli(&["status"]).to_string().contains("registered"));
}
