//! Messages and descriptions as exchanges spell them: valid, and unlike our own (RFC 3261 7.3, RFC 8866).

use e2e::daemon::Daemon;
use e2e::peer::sipp::Scenario;

use crate::SOON;
use crate::line::{called, registered, wait_state};

/// Text of the scenario, and what stands there instead.
type Edits = &'static [(&'static str, &'static str)];

const CONTACT: &str = "      Contact: <sip:sipp@[local_ip]:[local_port];transport=[transport]>\n";
const CONNECTION: &str =
    "      c=IN IP[media_ip_type] [media_ip]\n      t=0 0\n      m=audio [media_port] RTP/AVP 0 101\n";
const LINE_FIRST: &str =
    "      t=0 0\n      m=audio [media_port] RTP/AVP 0 101\n      c=IN IP[media_ip_type] [media_ip]\n";

const CALLERS: [(&str, Edits); 9] = [
    (
        "compact names",
        &[
            ("Via:", "v:"),
            ("From:", "f:"),
            ("To:", "t:"),
            ("Call-ID:", "i:"),
            ("Contact:", "m:"),
            ("Content-Type:", "c:"),
            ("Content-Length:", "l:"),
        ],
    ),
    ("small letters", &[("From:", "from:"), ("CSeq:", "cseq:"), ("Max-Forwards:", "max-forwards:")]),
    ("no length in a datagram", &[("      Content-Length: [len]\n", "")]),
    (
        "headers that nobody knows",
        &[("Max-Forwards: 70", "Max-Forwards: 70\n      X-Tenant: 株式会社\n      P-Charge-Info: <tel:1>")],
    ),
    ("a name in UTF-8", &[("\"Caller\"", "\"発信者\"")]),
    ("a connection in the line only", &[(CONNECTION, LINE_FIRST)]),
    (
        "static payload types without rtpmap",
        &[("      a=rtpmap:0 PCMU/8000\n", ""), ("      a=ptime:20\n", "")],
    ),
    (
        "two parts in a body",
        &[
            (
                "Content-Type: application/sdp",
                "MIME-Version: 1.0\n      Content-Type: multipart/mixed; boundary=\"x\"",
            ),
            ("      v=0\n", "      --x\n      Content-Type: application/sdp\n\n      v=0\n"),
            (
                "      a=ptime:20\n",
                "      a=ptime:20\n      --x\n      Content-Type: text/plain\n\n      hello\n      --x--\n",
            ),
        ],
    ),
    ("a number as tel", &[("<sip:0398765432@[local_ip]:[local_port]>;tag", "<tel:+81-3-9876-5432>;tag")]),
];

const CALLEES: [(&str, Edits); 6] = [
    ("no Contact", &[(CONTACT, "")]),
    ("compact names", &[("Contact:", "m:"), ("Content-Type:", "c:"), ("Content-Length:", "l:")]),
    ("a type with capitals and parameters", &[("application/sdp", "Application/SDP; charset=utf-8")]),
    ("an answer in Japanese", &[("200 OK", "200 はい"), ("180 Ringing", "180 呼び出し中")]),
    ("a connection in the line only", &[(CONNECTION, LINE_FIRST)]),
    (
        "no rtpmap, no events",
        &[
            ("RTP/AVP 0 101", "RTP/AVP 0"),
            ("      a=rtpmap:0 PCMU/8000\n", ""),
            ("a=rtpmap:101 telephone-event/8000\n      a=fmtp:101 0-15\n      ", ""),
        ],
    ),
];

fn edited(scenario: Scenario, edits: Edits) -> Scenario {
    edits.iter().fold(scenario, |scenario, (from, to)| scenario.edit(from, to))
}

#[test]
fn callers_in_every_spelling_are_answered() {
    let (_registrar, daemon) = registered(Daemon::builder());
    for (spelling, edits) in CALLERS {
        let caller = edited(Scenario::client("uac_call", daemon.sip_address(), "100"), edits);
        let caller = caller.edit("\"1000\"", "\"200\"").start();
        let seat = wait_state(&daemon, "ringing");
        assert_eq!(seat["call"]["number"], "0398765432", "{spelling}");
        daemon.cli(&["answer"]);
        caller.succeed(SOON);
        wait_state(&daemon, "wrap_up");
        daemon.cli(&["save", "--status", "見込", "--next", "dial"]);
        wait_state(&daemon, "ready");
    }
}

#[test]
fn callees_in_every_spelling_are_talked_to() {
    for (_, edits) in CALLEES {
        called(edited(Scenario::server("uas_answer"), edits), |_, daemon| {
            assert_eq!(wait_state(daemon, "in_call")["call"]["codec"], "PCMU");
        });
    }
}
