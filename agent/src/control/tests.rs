//! The server with real clients on a real socket, and a core that is a closure.
#![allow(clippy::disallowed_methods, reason = "the other side is real and needs threads")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use protocol::params::{self, CallMute, ListExport, ListImport, Status};
use protocol::{Command, ErrorCode, Event, RpcError};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::client::{Client, ClientError, Notice};
use super::{EventHub, Incoming, Server};

struct Fixture {
    dir: tempfile::TempDir,
    hub: Arc<EventHub>,
    server: Server,
    core: JoinHandle<usize>,
}

impl Fixture {
    /// A server before a core that answers each command as `core` says; `None` keeps the answer for ever.
    fn new(core: impl Fn(&Incoming) -> Option<Result<Value, RpcError>> + Send + 'static) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let hub = Arc::new(EventHub::new(1));
        let (commands, mut queue) = mpsc::channel::<Incoming>(32);
        let server = Server::start(&dir.path().join("s"), Arc::clone(&hub), commands).unwrap();
        let core = std::thread::spawn(move || {
            let mut kept = Vec::new();
            let mut count = 0;
            while let Some(incoming) = queue.blocking_recv() {
                count += 1;
                match core(&incoming) {
                    Some(answer) => drop(incoming.reply.send(answer)),
                    None => kept.push(incoming),
                }
            }
            count
        });
        Self { dir, hub, server, core }
    }

    fn echo() -> Self {
        Self::new(|incoming| Some(Ok(json!({ "method": incoming.command.method() }))))
    }

    fn client(&self) -> Client {
        let client = Client::connect(&self.dir.path().join("s")).unwrap();
        client.set_timeout(Some(Duration::from_secs(10))).unwrap();
        client
    }

    fn raw(&self) -> (UnixStream, BufReader<UnixStream>) {
        let stream = UnixStream::connect(self.dir.path().join("s")).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        (stream.try_clone().unwrap(), BufReader::new(stream))
    }

    fn publish(&self, count: usize) {
        for _ in 0..count {
            self.hub.publish(Event::StoreRecovered {});
        }
    }

    /// Stops the server; the socket is gone and the core has seen this many commands.
    fn stop(self) -> usize {
        self.server.stop();
        assert!(!self.dir.path().join("s").exists());
        self.core.join().unwrap()
    }
}

fn line(reader: &mut BufReader<UnixStream>) -> Value {
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap()
}

fn refusal<T: std::fmt::Debug>(result: Result<T, ClientError>) -> RpcError {
    match result {
        Err(ClientError::Refused(error)) => error,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn commands_reach_the_core_with_their_peer_and_answers_come_back() {
    let fixture = Fixture::new(|incoming| {
        let Command::CallMute(CallMute { seat, on }) = &incoming.command else {
            return Some(Err(ErrorCode::NoCall.into()));
        };
        Some(Ok(json!({ "seat": seat, "on": on, "uid": incoming.peer.uid, "pid": incoming.peer.pid })))
    });
    let mut client = fixture.client();
    let mute = Command::CallMute(CallMute { seat: Some("a".to_owned()), on: true });
    let answer = client.call_json(mute).unwrap();
    let pid = i32::try_from(std::process::id()).unwrap();
    assert_eq!(answer, json!({ "seat": "a", "on": true, "uid": super::auth::own_uid(), "pid": pid }));
    let hangup = client.call_json(Command::CallHangup(params::CallHangup::default()));
    assert_eq!(refusal(hangup).error_code(), Some(ErrorCode::NoCall));
    assert_eq!(fixture.stop(), 2);
}

#[test]
fn many_requests_on_one_line_stream_and_bad_ones_between() {
    let fixture = Fixture::echo();
    let (mut to, mut from) = fixture.raw();
    to.write_all(b"nonsense\n\n{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status.get\"}\n{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"no\"}\n")
        .unwrap();
    assert_eq!(line(&mut from)["error"]["code"], RpcError::PARSE);
    let (one, two) = (line(&mut from), line(&mut from));
    // The refusal needs no core and may overtake the answer.
    let (one, two) = if one["id"] == 1 { (one, two) } else { (two, one) };
    assert_eq!(one["result"]["method"], "status.get");
    assert_eq!(two["error"]["data"]["code"], "E-BAD-REQUEST");
    assert_eq!(fixture.stop(), 1);
}

#[test]
fn a_line_without_end_is_refused_and_closed() {
    let fixture = Fixture::echo();
    let (mut to, mut from) = fixture.raw();
    // The server closes while we still write.
    let _ = to.write_all(&vec![b'x'; protocol::MAX_LINE + 8192]);
    assert_eq!(line(&mut from)["error"]["code"], RpcError::INVALID_REQUEST);
    assert_eq!(from.read_to_end(&mut Vec::new()).unwrap_or(0), 0);
    fixture.stop();
}

#[test]
fn events_stream_from_now_or_from_a_number() {
    let fixture = Fixture::echo();
    fixture.publish(5);
    let (mut live, mut replayed) = (fixture.client(), fixture.client());
    assert_eq!(live.subscribe(None, Vec::new()).unwrap().seq, 5);
    let subscribed = replayed.subscribe(Some(2), Vec::new()).unwrap();
    assert_eq!((subscribed.seq, subscribed.replayed), (5, 3));
    fixture.hub.publish(Event::DaemonStopping {});
    let seq = |client: &mut Client| match client.next_notice().unwrap() {
        Notice::Event(event) => event.seq,
        other => panic!("{other:?}"),
    };
    assert_eq!(seq(&mut live), 6);
    assert_eq!([(); 4].map(|()| seq(&mut replayed)), [3, 4, 5, 6]);
    // Calls work beside the stream, and events that come meanwhile are kept.
    fixture.publish(1);
    live.call_json(Command::Status(Status {})).unwrap();
    assert_eq!(seq(&mut live), 7);
    fixture.stop();
}

#[test]
fn a_filter_passes_only_its_kinds() {
    let fixture = Fixture::echo();
    let mut client = fixture.client();
    client.subscribe(Some(0), vec!["daemon.".to_owned()]).unwrap();
    fixture.publish(300);
    fixture.hub.publish(Event::DaemonStopping {});
    let Notice::Event(event) = client.next_notice().unwrap() else { panic!() };
    assert_eq!((event.seq, event.event), (301, Event::DaemonStopping {}));
    fixture.stop();
}

#[test]
fn events_that_are_gone_are_answered_with_a_snapshot() {
    let fixture = Fixture::echo();
    fixture.publish(5_000);
    let mut client = fixture.client();
    let error = refusal(client.subscribe(Some(17), Vec::new()));
    assert_eq!(error.error_code(), Some(ErrorCode::EventsGone));
    assert_eq!(error.data.unwrap().snapshot, Some(json!({ "method": "status.get" })));
    assert_eq!(client.subscribe(Some(5_000), Vec::new()).unwrap().replayed, 0);
    assert_eq!(fixture.stop(), 1);
}

#[test]
fn a_slow_reader_is_told_what_it_lost_and_stalls_nobody() {
    let fixture = Fixture::echo();
    let mut slow = fixture.client();
    slow.subscribe(None, Vec::new()).unwrap();
    // More than sockets, queue and ring hold together; the publisher never waits.
    fixture.publish(40_000);
    fixture.client().call_json(Command::Status(Status {})).unwrap();
    let mut last = 0;
    let mut missed = 0;
    while last < 40_000 {
        match slow.next_notice().unwrap() {
            Notice::Event(event) => {
                assert_eq!(event.seq, last + 1);
                last = event.seq;
            }
            Notice::Lagged(lagged) => {
                assert_eq!(lagged.since, last);
                missed += lagged.missed;
                last += lagged.missed;
            }
            Notice::Unknown(other) => panic!("{other}"),
        }
    }
    assert!(missed > 0, "the test was too small to lag");
    fixture.stop();
}

#[test]
fn a_core_that_is_too_busy_is_said_so() {
    // A core that takes nothing, and a channel with one place.
    let dir = tempfile::tempdir().unwrap();
    let (commands, queue) = mpsc::channel::<Incoming>(1);
    let server = Server::start(&dir.path().join("s"), Arc::new(EventHub::new(1)), commands).unwrap();
    let stream = UnixStream::connect(dir.path().join("s")).unwrap();
    let mut to = stream.try_clone().unwrap();
    to.write_all(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status.get\"}\n{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"status.get\"}\n")
        .unwrap();
    let reply = line(&mut BufReader::new(stream));
    assert_eq!((&reply["id"], &reply["error"]["data"]["code"]), (&json!(2), &json!("E-BUSY")));
    drop(queue);
    server.stop();
}

#[test]
fn the_sixty_fifth_client_is_turned_away_with_a_reason() {
    let fixture = Fixture::echo();
    let mut clients: Vec<_> = (0..64).map(|_| fixture.client()).collect();
    for client in &mut clients {
        client.call_json(Command::Status(Status {})).unwrap();
    }
    let refused = refusal(fixture.client().call_json(Command::Status(Status {})));
    assert_eq!(refused.error_code(), Some(ErrorCode::Busy));
    drop(clients);
    fixture.stop();
}

#[test]
fn files_travel_both_ways_over_the_socket() {
    let fixture = Fixture::new(|incoming| match &incoming.command {
        Command::ListImport(import) => {
            Some(Ok(json!(import.sent.as_ref().map(|sent| sent.0.metadata().unwrap().len()))))
        }
        Command::ListExport(export) => {
            std::fs::write(export.path.as_ref().unwrap(), "取引先会社名,電話番号\n").unwrap();
            Some(Ok(json!({ "list": "l", "rows": 0, "bytes": 1, "path": export.path, "download": null })))
        }
        _ => None,
    });
    let mut client = fixture.client();
    client.upload("file", &vec![b'a'; 1_500_000]).unwrap();
    let import =
        ListImport { list: "l".to_owned(), upload: Some("file".to_owned()), ..ListImport::default() };
    assert_eq!(client.call_json(Command::ListImport(import.clone())).unwrap(), json!(1_500_000));
    assert_eq!(refusal(client.call(import)).error_code(), Some(ErrorCode::BadRequest), "taken once");
    let export = client.call(ListExport { list: "l".to_owned(), ..ListExport::default() }).unwrap();
    assert_eq!(export.file.path, None);
    let mut fetched = Vec::new();
    client.download(&export.file.download.unwrap(), &mut fetched).unwrap();
    assert_eq!(String::from_utf8(fetched).unwrap(), "取引先会社名,電話番号\n");
    assert_eq!(std::fs::read_dir(fixture.dir.path()).unwrap().count(), 1, "only the socket is left");
    fixture.stop();
}

#[test]
fn stopping_hands_over_the_last_events_and_ends_every_client() {
    let fixture = Fixture::new(|_| None);
    let mut client = fixture.client();
    client.subscribe(None, Vec::new()).unwrap();
    fixture.hub.publish(Event::DaemonStopping {});
    fixture.stop();
    let Notice::Event(last) = client.next_notice().unwrap() else { panic!() };
    assert_eq!(last.event, Event::DaemonStopping {});
    assert!(matches!(client.next_notice(), Err(ClientError::Broken(_))));
}

#[test]
fn a_client_that_only_stops_sending_still_gets_its_answers() {
    let fixture = Fixture::new(|_| {
        std::thread::sleep(Duration::from_millis(300));
        Some(Ok(Value::Null))
    });
    let (mut to, mut from) = fixture.raw();
    to.write_all(b"{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"status.get\"}\n").unwrap();
    to.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(line(&mut from)["id"], 5);
    assert_eq!(from.read_to_end(&mut Vec::new()).unwrap(), 0);
    fixture.stop();
}

/// Long work is to end when nobody waits for its answer: the core sees that the answer has no taker any more.
#[test]
fn a_client_that_is_gone_altogether_waits_for_nothing() {
    let (sender, asked) = std::sync::mpsc::channel();
    let dir = tempfile::tempdir().unwrap();
    let (commands, mut queue) = mpsc::channel::<Incoming>(32);
    let server = Server::start(&dir.path().join("s"), Arc::new(EventHub::new(1)), commands).unwrap();
    let core = std::thread::spawn(move || {
        while let Some(incoming) = queue.blocking_recv() {
            sender.send(incoming).unwrap();
        }
    });
    let ask = || {
        let mut stream = UnixStream::connect(dir.path().join("s")).unwrap();
        stream.write_all(b"{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"status.get\"}\n").unwrap();
        stream
    };
    let gone = ask();
    let mut deserted = asked.recv_timeout(Duration::from_secs(10)).unwrap();
    drop(gone);
    let half = ask();
    let waiting = asked.recv_timeout(Duration::from_secs(10)).unwrap();
    half.shutdown(std::net::Shutdown::Write).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let noticed = runtime.block_on(async {
        tokio::time::timeout(Duration::from_secs(10), deserted.reply.closed()).await.is_ok()
    });
    assert!(noticed);
    // Whoever only sends nothing more still waits, however often it was looked.
    std::thread::sleep(Duration::from_millis(600));
    assert!(!waiting.reply.is_closed());
    waiting.reply.send(Ok(Value::Null)).unwrap();
    let mut answer = BufReader::new(half);
    assert_eq!(line(&mut answer)["id"], 5);
    server.stop();
    core.join().unwrap();
}

/// An event is for whom it is for, live and replayed; nobody without the right hears of anything.
#[test]
fn events_of_work_reach_whoever_asked_for_it() {
    let fixture = Fixture::echo();
    let work = || Event::WorkProgress { work: "export".into(), of: "dnc".into(), done: 1, total: None };
    fixture.hub.publish_to(Some(4_242), work());
    let mut client = fixture.client();
    client.subscribe(Some(0), Vec::new()).unwrap();
    // The daemon's own user monitors, and hears of what others asked for too.
    let Notice::Event(replayed) = client.next_notice().unwrap() else { panic!() };
    assert_eq!(replayed.event, work());
    fixture.hub.publish_to(None, work());
    let Notice::Event(live) = client.next_notice().unwrap() else { panic!() };
    assert_eq!(live.event, work());
    fixture.stop();
}
