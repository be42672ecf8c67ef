//! sipp and kamailio among themselves.

use std::time::Duration;

use e2e::peer::baresip;
use e2e::peer::digest;
use e2e::peer::kamailio::{Algorithm, Setup};
use e2e::peer::sipp::Scenario;
use e2e::peer::sipvicious;

const SOON: Duration = Duration::from_secs(15);

#[test]
fn sipp_answers_sipp_and_counts_invites() {
    let callee = Scenario::server("uas_answer").start();
    Scenario::client("uac_call", callee.address(), "0312340001").start().succeed(SOON);
    Scenario::client("uac_call", callee.address(), "0312340002").calls(2).start().succeed(SOON);
    let counts = callee.calls_by_number();
    assert_eq!((counts["0312340001"], counts["0312340002"]), (1, 2));
    assert_eq!(callee.received("BYE").len(), 3);
}

#[test]
fn sipp_over_tcp() {
    let callee = Scenario::server("uas_bye_first").tcp().start();
    let call = Scenario::client("uac_call_bye_by_callee", callee.address(), "0312340001").tcp().start();
    call.succeed(SOON);
    assert_eq!(callee.received("INVITE").len(), 1);
}

/// Each refusal, in a scenario of its own and by number of the exchange, ends the same way.
#[test]
fn refusals_of_every_kind() {
    for (scenario, number, code) in
        [("uas_busy_486", "02", "486"), ("uas_404_q850", "03", "404"), ("uas_503", "07", "503")]
    {
        for server in [scenario, "exchange"] {
            let callee = Scenario::server(server).start();
            let caller = Scenario::client("uac_call", callee.address(), &format!("03123400{number}"))
                .edit("<recv response=\"200\" rrs=\"true\"/>\n  <send>", &format!("{}\n  <send>", recv(code)))
                .start();
            callee.wait_received("ACK", 1, SOON);
            let refusal = callee.messages().into_iter().find(|m| m.verb() == code).expect("it refuses");
            if code == "404" {
                assert_eq!(refusal.header("Reason").unwrap().split(';').nth(1), Some("cause=1"));
                assert!(callee.messages().iter().any(|m| m.verb() == "183" && m.body().contains("m=audio")));
            }
            drop(caller);
        }
    }
}

fn recv(code: &str) -> String {
    format!("<recv response=\"{code}\" next=\"refused\"/>\n  <label id=\"refused\"/>")
}

#[test]
fn a_caller_gives_up_while_it_rings() {
    for server in ["uas_no_answer", "exchange"] {
        let callee = Scenario::server(server).start();
        Scenario::client("uac_call_cancelled", callee.address(), "0312340004").start().succeed(SOON);
        assert_eq!(callee.received("CANCEL").len(), 1);
        assert!(callee.messages().iter().any(|m| m.verb() == "487"));
    }
}

#[test]
fn a_callee_hangs_up_first() {
    for server in ["uas_bye_first", "exchange"] {
        let callee = Scenario::server(server).start();
        let caller = Scenario::client("uac_call_bye_by_callee", callee.address(), "0312340006");
        caller.start().succeed(SOON);
    }
}

#[test]
fn an_exchange_registers_sipp_with_md5() {
    let registrar = Scenario::server("registrar_digest_md5").start();
    let client = Scenario::client("uac_register", registrar.address(), "100").credentials("100", "secret");
    client.start().succeed(SOON);
    let proofs = registrar.received("REGISTER");
    assert!(proofs[0].header("Authorization").is_none());
    assert!(digest::verify(&proofs[1], "secret"));
    assert!(!digest::verify(&proofs[1], "wrong"));

    let stranger = Scenario::client("uac_register", registrar.address(), "100").credentials("100", "wrong");
    let stranger = stranger.edit("<recv response=\"200\"/>", "<recv response=\"403\"/>");
    stranger.start().succeed(SOON);
}

#[test]
fn kamailio_registers_sipp_with_digest() {
    let kamailio = Setup::default().user("100", "secret").start();
    for tcp in [false, true] {
        let client = Scenario::client("uac_register", kamailio.address(), "100").credentials("100", "secret");
        if tcp { client.tcp() } else { client }.start().succeed(SOON);
    }
    let wrong = Scenario::client("uac_register", kamailio.address(), "100").credentials("100", "wrong");
    wrong.edit("<recv response=\"200\"/>", "<recv response=\"401\"/>").start().succeed(SOON);
}

#[test]
fn kamailio_challenges_with_sha_256() {
    let kamailio = Setup::default().user("100", "secret").algorithm(Algorithm::Sha256).start();
    // sipp cannot answer SHA-256; that the challenge asks for it is what the kit needs to know.
    let client = Scenario::client("uac_register", kamailio.address(), "100");
    let client = client
        .edit("<recv response=\"401\" auth=\"true\"/>", "<recv response=\"401\"/>\n  <nop next=\"end\"/>");
    let client = client.edit("</scenario>", "<label id=\"end\"/>\n<nop/>\n</scenario>").start();
    let challenge = e2e::wait::until("the challenge", SOON, || {
        client.messages().iter().find_map(|m| m.header("WWW-Authenticate").map(str::to_owned))
    });
    assert_eq!(digest::field(&challenge, "algorithm").as_deref(), Some("SHA-256"));
}

/// What each part of the scanner finds where something is to be found.
#[test]
fn sipvicious_finds_a_phone_a_user_and_a_weak_password() {
    let phone = baresip::Phone::new("100").start();
    let devices = sipvicious::svmap(phone.address(), &[]);
    assert_eq!(devices.rows.len(), 1, "{devices:?}");
    assert!(devices.rows[0][1].contains("baresip"), "{devices:?}");
    let kamailio = Setup::default().user("100", "105").start();
    let domain = kamailio.address().to_string();
    let users = sipvicious::svwar(kamailio.address(), &["-m", "INVITE", "-e", "98-102", "--domain", &domain]);
    assert_eq!(users.rows, [["100", "reqauth"]], "{users:?}");
    let passwords =
        sipvicious::svcrack(kamailio.address(), &["-u", "100", "-r", "100-110", "--domain", &domain]);
    assert_eq!(passwords.rows, [["100", "105"]], "{passwords:?}");
}

/// A call by way of the proxy to the telephone network, with Record-Route.
#[test]
fn kamailio_relays_to_its_gateway() {
    let callee = Scenario::server("uas_answer").start();
    let kamailio = Setup::default().gateway(callee.address()).start();
    Scenario::client("uac_call", kamailio.address(), "0312340001").start().succeed(SOON);
    assert_eq!(callee.calls_by_number()["0312340001"], 1);
    let bye = &callee.received("BYE")[0];
    assert_eq!(bye.header("Via").map(|via| via.contains(&kamailio.address().to_string())), Some(true));
}
