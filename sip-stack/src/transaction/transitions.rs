//! Every transition of the four machines as a row: what came before, what the last input sends and tells, the state
//! after it and the timers that run. Times are in `tests.rs`.

use super::Timer::{A, B, C, D, E, F, G, H, I, J, K, L, M};
use super::tests::{Rig, request};
use super::*;
use crate::transport::TransportKind::{Tcp, Udp};

/// What happens to a transaction.
#[derive(Debug, Clone, Copy)]
enum In {
    /// A response: received by a client, given by the user of a server.
    Answer(u16),
    /// The same request once more.
    Again,
    Ack,
    /// Time passes until this timer fires.
    Fire(Timer),
    /// The transport fails.
    Break,
}

use In::{Ack, Again, Answer, Break, Fire};

/// Clause; earlier inputs and the last one; what it sends; what it tells its user; state and timers afterwards.
type Row = (
    &'static str,
    TransportKind,
    &'static [In],
    &'static [&'static str],
    &'static [&'static str],
    &'static str,
    &'static [Timer],
);

const INVITE_CLIENT: &[Row] = &[
    ("17.1.1.2 start", Udp, &[], &["INVITE"], &[], "Calling", &[A, B]),
    ("17.1.1.2 start over a stream", Tcp, &[], &["INVITE"], &[], "Calling", &[B]),
    ("17.1.1.2 timer A", Udp, &[Fire(A)], &["INVITE"], &[], "Calling", &[A, B]),
    ("17.1.1.2 timer B", Udp, &[Fire(B)], &[], &["timeout", "end"], "gone", &[]),
    ("17.1.1.2 timer B over a stream", Tcp, &[Fire(B)], &[], &["timeout", "end"], "gone", &[]),
    ("17.1.1.2 1xx", Udp, &[Answer(100)], &[], &["100"], "Proceeding", &[C]),
    ("17.1.1.2 further 1xx", Udp, &[Answer(100), Answer(183)], &[], &["183"], "Proceeding", &[C]),
    ("16.6 timer C", Udp, &[Answer(180), Fire(C)], &[], &["timeout", "end"], "gone", &[]),
    ("RFC 6026 7.2 2xx", Udp, &[Answer(200)], &[], &["200"], "Accepted", &[M]),
    ("RFC 6026 7.2 2xx after 1xx", Udp, &[Answer(180), Answer(200)], &[], &["200"], "Accepted", &[M]),
    ("RFC 6026 7.2 2xx over a stream", Tcp, &[Answer(200)], &[], &["200"], "Accepted", &[M]),
    ("RFC 6026 7.2 2xx again", Udp, &[Answer(200), Answer(200)], &[], &["200"], "Accepted", &[M]),
    ("RFC 6026 7.2 1xx after 2xx", Udp, &[Answer(200), Answer(180)], &[], &[], "Accepted", &[M]),
    ("RFC 6026 7.2 final after 2xx", Udp, &[Answer(200), Answer(486)], &[], &[], "Accepted", &[M]),
    ("RFC 6026 7.2 timer M", Udp, &[Answer(200), Fire(M)], &[], &["end"], "gone", &[]),
    ("17.1.1.2 300-699", Udp, &[Answer(486)], &["ACK"], &["486"], "Completed", &[D]),
    ("17.1.1.2 300-699 after 1xx", Udp, &[Answer(180), Answer(603)], &["ACK"], &["603"], "Completed", &[D]),
    ("17.1.1.2 300-699 over a stream", Tcp, &[Answer(302)], &["ACK"], &["302", "end"], "gone", &[]),
    ("17.1.1.2 final again", Udp, &[Answer(486), Answer(486)], &["ACK"], &[], "Completed", &[D]),
    ("17.1.1.2 1xx after a final", Udp, &[Answer(486), Answer(180)], &[], &[], "Completed", &[D]),
    ("17.1.1.2 2xx after a final", Udp, &[Answer(486), Answer(200)], &[], &[], "Completed", &[D]),
    ("17.1.1.2 timer D", Udp, &[Answer(486), Fire(D)], &[], &["end"], "gone", &[]),
    ("17.1.4 transport error", Udp, &[Break], &[], &["transport", "end"], "gone", &[]),
    (
        "17.1.4 after 1xx the answer may come otherwise",
        Tcp,
        &[Answer(180), Break],
        &[],
        &[],
        "Proceeding",
        &[C],
    ),
    ("17.1.4 after 2xx", Udp, &[Answer(200), Break], &[], &[], "Accepted", &[M]),
    ("17.1.4 after a final", Udp, &[Answer(486), Break], &[], &[], "Completed", &[D]),
];

const CLIENT: &[Row] = &[
    ("17.1.2.2 start", Udp, &[], &["OPTIONS"], &[], "Trying", &[E, F]),
    ("17.1.2.2 start over a stream", Tcp, &[], &["OPTIONS"], &[], "Trying", &[F]),
    ("17.1.2.2 timer E", Udp, &[Fire(E)], &["OPTIONS"], &[], "Trying", &[E, F]),
    ("17.1.2.2 timer F", Udp, &[Fire(F)], &[], &["timeout", "end"], "gone", &[]),
    ("17.1.2.2 1xx", Udp, &[Answer(100)], &[], &["100"], "Proceeding", &[E, F]),
    ("17.1.2.2 further 1xx", Udp, &[Answer(100), Answer(100)], &[], &["100"], "Proceeding", &[E, F]),
    ("17.1.2.2 timer E after 1xx", Udp, &[Answer(100), Fire(E)], &["OPTIONS"], &[], "Proceeding", &[E, F]),
    ("17.1.2.2 timer F after 1xx", Udp, &[Answer(100), Fire(F)], &[], &["timeout", "end"], "gone", &[]),
    ("17.1.2.2 final", Udp, &[Answer(200)], &[], &["200"], "Completed", &[K]),
    ("17.1.2.2 final after 1xx", Udp, &[Answer(100), Answer(404)], &[], &["404"], "Completed", &[K]),
    ("17.1.2.2 final over a stream", Tcp, &[Answer(200)], &[], &["200", "end"], "gone", &[]),
    ("17.1.2.2 final again", Udp, &[Answer(200), Answer(200)], &[], &[], "Completed", &[K]),
    ("17.1.2.2 1xx after a final", Udp, &[Answer(200), Answer(100)], &[], &[], "Completed", &[K]),
    ("17.1.2.2 timer K", Udp, &[Answer(200), Fire(K)], &[], &["end"], "gone", &[]),
    ("17.1.4 transport error", Udp, &[Break], &[], &["transport", "end"], "gone", &[]),
    ("17.1.4 after 1xx", Tcp, &[Answer(100), Break], &[], &["transport", "end"], "gone", &[]),
    ("17.1.4 after a final", Udp, &[Answer(200), Break], &[], &[], "Completed", &[K]),
];

const INVITE_SERVER: &[Row] = &[
    ("17.2.1 start", Udp, &[], &[], &[], "Proceeding", &[]),
    ("17.2.1 INVITE again before an answer", Udp, &[Again], &[], &[], "Proceeding", &[]),
    ("17.2.1 1xx", Udp, &[Answer(100)], &["100"], &[], "Proceeding", &[]),
    ("17.2.1 further 1xx", Udp, &[Answer(100), Answer(180)], &["180"], &[], "Proceeding", &[]),
    (
        "17.2.1 INVITE again: last 1xx",
        Udp,
        &[Answer(100), Answer(180), Again],
        &["180"],
        &[],
        "Proceeding",
        &[],
    ),
    ("RFC 6026 7.1 2xx", Udp, &[Answer(200)], &["200"], &[], "Accepted", &[L]),
    ("RFC 6026 7.1 2xx over a stream", Tcp, &[Answer(180), Answer(200)], &["200"], &[], "Accepted", &[L]),
    ("RFC 6026 7.1 2xx again by the user", Udp, &[Answer(200), Answer(200)], &["200"], &[], "Accepted", &[L]),
    ("RFC 6026 7.1 INVITE again", Udp, &[Answer(200), Again], &[], &[], "Accepted", &[L]),
    ("RFC 6026 7.1 ACK goes to the user", Udp, &[Answer(200), Ack], &[], &[], "Accepted", &[L]),
    ("RFC 6026 7.1 final after 2xx", Udp, &[Answer(200), Answer(486)], &[], &[], "Accepted", &[L]),
    ("RFC 6026 7.1 timer L", Udp, &[Answer(200), Fire(L)], &[], &["end"], "gone", &[]),
    ("17.2.1 300-699", Udp, &[Answer(180), Answer(486)], &["486"], &[], "Completed", &[G, H]),
    ("17.2.1 300-699 over a stream", Tcp, &[Answer(486)], &["486"], &[], "Completed", &[H]),
    ("17.2.1 timer G", Udp, &[Answer(486), Fire(G)], &["486"], &[], "Completed", &[G, H]),
    ("17.2.1 timer H", Udp, &[Answer(486), Fire(H)], &[], &["no ack", "end"], "gone", &[]),
    ("17.2.1 timer H over a stream", Tcp, &[Answer(486), Fire(H)], &[], &["no ack", "end"], "gone", &[]),
    ("17.2.1 INVITE again after a final", Udp, &[Answer(486), Again], &["486"], &[], "Completed", &[G, H]),
    ("17.2.1 another final", Udp, &[Answer(486), Answer(200)], &[], &[], "Completed", &[G, H]),
    ("17.2.1 ACK", Udp, &[Answer(486), Ack], &[], &[], "Confirmed", &[I]),
    ("17.2.1 ACK over a stream", Tcp, &[Answer(486), Ack], &[], &["end"], "gone", &[]),
    ("17.2.1 ACK again", Udp, &[Answer(486), Ack, Ack], &[], &[], "Confirmed", &[I]),
    ("17.2.1 INVITE again after ACK", Udp, &[Answer(486), Ack, Again], &[], &[], "Confirmed", &[I]),
    ("17.2.1 final after ACK", Udp, &[Answer(486), Ack, Answer(486)], &[], &[], "Confirmed", &[I]),
    ("17.2.1 timer I", Udp, &[Answer(486), Ack, Fire(I)], &[], &["end"], "gone", &[]),
    ("17.2.4 transport error: timer H decides", Udp, &[Answer(486), Break], &[], &[], "Completed", &[G, H]),
    ("RFC 6026 7.1 transport error", Udp, &[Answer(200), Break], &[], &[], "Accepted", &[L]),
];

const SERVER: &[Row] = &[
    ("17.2.2 start", Udp, &[], &[], &[], "Trying", &[]),
    ("17.2.2 request again before an answer", Udp, &[Again], &[], &[], "Trying", &[]),
    ("17.2.2 1xx", Udp, &[Answer(100)], &["100"], &[], "Proceeding", &[]),
    ("17.2.2 further 1xx", Udp, &[Answer(100), Answer(182)], &["182"], &[], "Proceeding", &[]),
    ("17.2.2 request again: last 1xx", Udp, &[Answer(100), Again], &["100"], &[], "Proceeding", &[]),
    ("17.2.2 final", Udp, &[Answer(200)], &["200"], &[], "Completed", &[J]),
    ("17.2.2 final after 1xx", Udp, &[Answer(100), Answer(404)], &["404"], &[], "Completed", &[J]),
    ("17.2.2 final over a stream", Tcp, &[Answer(200)], &["200"], &["end"], "gone", &[]),
    ("17.2.2 request again: the final", Udp, &[Answer(200), Again], &["200"], &[], "Completed", &[J]),
    ("17.2.2 another final", Udp, &[Answer(200), Answer(500)], &[], &[], "Completed", &[J]),
    ("17.2.2 timer J", Udp, &[Answer(200), Fire(J)], &[], &["end"], "gone", &[]),
    ("17.2.4 transport error", Udp, &[Answer(100), Break], &[], &[], "Proceeding", &[]),
];

#[test]
fn invite_client() {
    check(INVITE_CLIENT, true, Method::Invite);
}

#[test]
fn non_invite_client() {
    check(CLIENT, true, Method::Options);
}

#[test]
fn invite_server() {
    check(INVITE_SERVER, false, Method::Invite);
}

#[test]
fn non_invite_server() {
    check(SERVER, false, Method::Options);
}

fn check(rows: &[Row], client: bool, method: Method) {
    for (clause, transport, inputs, sent, told, state, timers) in rows {
        let mut rig = Rig::new(*transport);
        let request = request(method.clone(), "z9hG4bKrow");
        let id = if client {
            rig.layer.request(request.clone(), rig.flow, rig.now)
        } else {
            match rig.layer.receive_request(&request, rig.flow, rig.now) {
                Received::New(id) => id,
                other => panic!("{clause}: {other:?}"),
            }
        };
        for input in *inputs {
            rig.sent_methods();
            rig.events();
            apply(&mut rig, id, &request, client, *input);
        }
        assert_eq!(rig.sent_methods(), *sent, "{clause}: sent");
        assert_eq!(rig.events(), *told, "{clause}: told");
        assert_eq!(state_of(&rig.layer, id), *state, "{clause}: state");
        let running: Vec<Timer> = rig.layer.table.running().into_iter().map(|(_, timer)| timer).collect();
        assert_eq!(running, *timers, "{clause}: timers");
        if *state == "gone" {
            assert!(rig.is_over(), "{clause}: something is left");
        }
    }
}

fn apply(rig: &mut Rig, id: TransactionId, sent: &Request, client: bool, input: In) {
    match input {
        Answer(code) if client => {
            assert!(rig.layer.receive_response(sent.response(code, ""), rig.now).is_none());
        }
        Answer(code) => rig.layer.respond(id, &sent.response(code, ""), rig.now),
        Again => {
            assert_eq!(rig.layer.receive_request(sent, rig.flow, rig.now), Received::Absorbed);
        }
        Ack => {
            let passed = rig.layer.receive_request(&request(Method::Ack, "z9hG4bKrow"), rig.flow, rig.now);
            let accepted = state_of(&rig.layer, id) == "Accepted";
            assert_eq!(passed, if accepted { Received::Ack } else { Received::Absorbed });
        }
        Fire(timer) => loop {
            let (at, name) = rig.layer.poll_timeout().expect("the timer runs");
            rig.now = at;
            rig.sent_methods();
            rig.layer.handle_timeout(at);
            if name == timer.name() {
                break;
            }
        },
        Break => rig.layer.transport_failed(rig.flow.transport, rig.flow.peer, rig.now),
    }
}

/// The name of the state as the machines' own `Debug` prints it; "gone" without a transaction.
fn state_of(layer: &TransactionLayer, id: TransactionId) -> String {
    let client = layer.clients.get(&id).map(|(_, client)| format!("{client:?}"));
    let server = layer.servers.get(&id).map(|(_, server)| format!("{server:?}"));
    let Some(text) = client.or(server) else { return "gone".to_owned() };
    let name = text.split("state: ").nth(1).expect("a state");
    name.chars().take_while(char::is_ascii_alphabetic).collect()
}
