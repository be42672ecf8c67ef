//! The control socket and the command line as integrators meet them.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::time::Duration;

use e2e::daemon::{Account, Daemon, Seat, Setup, binary};
use e2e::peer::sipp::Scenario;
use serde_json::{Value, json};

use crate::SOON;

/// A daemon with a line that needs no exchange.
fn idle() -> Setup {
    Daemon::builder().account(Account::nowhere())
}

/// Runs the program alone: exit code, standard output, standard error.
fn told(arguments: &[&str]) -> (i32, String, String) {
    output(Command::new(binary()).args(arguments))
}

fn output(command: &mut Command) -> (i32, String, String) {
    let output = command.output().expect("the binary can be run");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it writes UTF-8");
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

/// The one object that a refusal is with `--json`.
fn refusal(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("not one JSON object ({error}): {text}"))
}

#[test]
fn exit_codes_say_what_went_wrong() {
    let daemon = idle().start();
    assert_eq!(daemon.run(&["status"]).code, 0);
    daemon.run(&["hangup"]).refused("E-NO-CALL");
    daemon.run(&["dial", "start", "nowhere"]).refused("E-LIST-UNKNOWN");
    assert_eq!(told(&["nonsense"]).0, 2);
    assert_eq!(told(&["status", "--socket", "/nonexistent/control.sock"]).0, 3);
}

/// What cannot be written is told; that nobody reads any more is nothing to tell.
#[test]
fn a_full_standard_output_is_told() {
    let daemon = idle().start();
    let socket = daemon.socket();
    let written = |verb: &[&str], to: std::process::Stdio| {
        let mut command = Command::new(binary());
        let child = command.args(verb).args(["--lang=en", "--socket"]).arg(&socket).stdout(to);
        let output = child.stderr(std::process::Stdio::piped()).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    for verb in [&["status"][..], &["status", "--json"], &["contact", "export", "-"]] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let (code, said) = written(verb, full.into());
        assert!(
            code == Some(1) && said.starts_with("E-FILE ") && said.contains("stdout: "),
            "{code:?} {said}"
        );
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        assert_eq!(written(verb, writer.into()), (Some(0), String::new()));
    }
    // A pipe that stands where the file is to be stays a pipe.
    let pipe = daemon.path("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reader = Command::new("cat").arg(&pipe).stdout(std::process::Stdio::piped()).spawn().unwrap();
    assert_eq!(daemon.run(&["contact", "export", pipe.to_str().unwrap()]).code, 0);
    let read = reader.wait_with_output().unwrap().stdout;
    assert!(String::from_utf8(read).unwrap().contains("電話番号"));
    assert!(!std::fs::metadata(&pipe).unwrap().is_file());
}

/// The daemon listens where its clients are told to ask.
#[test]
fn a_daemon_listens_where_it_is_told_to() {
    let daemon = idle().prepare();
    let socket = daemon.path("elsewhere.sock");
    let mut run = Command::new(binary())
        .args(["run", "--config"])
        .arg(daemon.path("kakeru.toml"))
        .env("KAKERU_SOCKET", &socket)
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    e2e::wait::until_true("the socket to be there", SOON, || socket.exists());
    assert_eq!(told(&["status", "--socket", socket.to_str().unwrap()]).0, 0);
    assert!(!daemon.socket().exists());
    run.kill().unwrap();
    run.wait().unwrap();
}

/// Wrong usage is told in the language of the other texts, and to programs.
#[test]
fn wrong_usage_says_what_is_wrong_and_what_to_do() {
    for (arguments, ja, en) in [
        (&["status", "--jsno"][..], "オプション --jsno はありません", "unexpected argument '--jsno' found"),
        (&["satus"], "コマンド satus はありません", "unrecognized subcommand 'satus'"),
        (&["list", "show"], "必要な引数がありません: <LIST>", "required arguments were not provided: <LIST>"),
        (&["mute", "maybe"], "[STATE] に maybe は指定できません", "invalid value 'maybe' for '[STATE]'"),
        (&[], "kakeru の後にコマンドが必要です", "'kakeru' requires a subcommand but one was not provided"),
        (&["list"], "kakeru list の後にコマンドが必要です", "'kakeru list' requires a subcommand"),
        (&["lead", "exclude", "x"], "--lead か条件で指定", "name leads by --lead"),
    ] {
        let run = |more: &[&str]| told(&[arguments, more].concat());
        let (code, out, err) = run(&["--lang", "ja"]);
        assert!(code == 2 && out.is_empty() && err.starts_with("E-USAGE "), "{code} {out}{err}");
        assert!(err.lines().next().unwrap().contains(ja), "{err}");
        let (code, out, err) = run(&["--lang", "en"]);
        assert!(code == 2 && out.is_empty() && err.starts_with("E-USAGE "), "{code} {out}{err}");
        assert!(err.lines().next().unwrap().contains(en), "{err}");
        let (code, out, err) = run(&["--json"]);
        let data = &refusal(&out)["error"]["data"];
        assert!(code == 2 && err.is_empty() && data["code"] == "E-USAGE", "{code} {out}{err}");
        assert!(data["detail"].as_str().unwrap().contains(en), "{out}");
    }
    let (_, _, err) = told(&["statsu", "--lang", "ja"]);
    assert!(err.lines().any(|line| line.contains("もしかして") && line.contains("status")), "{err}");
    let (code, out, err) = told(&[]);
    assert!(
        code == 2 && out.is_empty() && err.starts_with("E-USAGE ") && err.contains("Usage: kakeru"),
        "{err}"
    );
    let (code, out, _) = told(&["status", "--help", "--json"]);
    assert!(code == 0 && out.contains("Usage: kakeru status"), "help is no refusal: {out}");
}

/// No daemon and a broken connection are told apart, with the socket that was tried.
#[test]
fn a_daemon_that_cannot_be_reached_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("control.sock");
    let path = socket.to_str().unwrap();
    let absent = |code: &str| {
        let (exit, out, _) = told(&["status", "--socket", path, "--json"]);
        let data = &refusal(&out)["error"]["data"];
        assert!(exit == 3 && data["code"] == code, "{exit} {out}");
        assert!(code == "E-DAEMON-LOST" || data["detail"].as_str().unwrap().contains(path), "{out}");
    };
    absent("E-DAEMON-UNREACHABLE");
    // A daemon that was killed leaves its socket behind.
    drop(UnixListener::bind(&socket).unwrap());
    absent("E-DAEMON-UNREACHABLE");
    let (_, _, err) = told(&["status", "--socket", path, "--lang", "ja"]);
    assert!(
        err.starts_with("E-DAEMON-UNREACHABLE デーモンに接続できません (") && err.contains(path),
        "{err}"
    );
    // Root has no service of their own.
    let unit = if std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").unwrap()) == 0 {
        "sudo systemctl status kakeru"
    } else {
        "systemctl --user status kakeru"
    };
    assert!(err.contains(unit) && err.matches("systemctl").count() == 2, "{err}");
    std::fs::remove_file(&socket).unwrap();

    let listener = UnixListener::bind(&socket).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| drop(listener.accept()));
        absent("E-DAEMON-LOST");
    });
    // S4.50: what was begun says how it goes on, and nothing is said twice.
    std::thread::scope(|scope| {
        scope.spawn(|| drop(listener.accept()));
        let copies = folder.path().join("copies");
        let export = ["recording", "export", "--month", "2026-11", copies.to_str().unwrap()];
        let (exit, _, err) = told(&[&export[..], &["--socket", path, "--lang", "ja"]].concat());
        assert!(exit == 3 && err.contains("もう一度実行すると続きから書き出します"), "{err}");
        assert!(err.contains("E-DAEMON-LOST デーモンとの接続が切れました\n"), "{err}");
    });
    std::fs::remove_file(&socket).unwrap();
}

/// Every mistake at once, each with its line.
#[test]
fn a_bad_configuration_ends_with_78() {
    let mut daemon =
        idle().set("dialing", "ring_timeout", "\"10m\"").set("dialing", "mode", "\"wild\"").prepare();
    daemon.launch();
    assert_eq!(daemon.wait_end(SOON).code(), Some(78));
    let log = daemon.log();
    assert!(log.contains("ring_timeout") && log.contains("mode"), "{log}");
    let file = daemon.path("kakeru.toml");
    let check = Command::new(binary()).args(["config", "check"]).arg(&file).output().unwrap();
    assert_eq!(check.status.code(), Some(78));
    let text = String::from_utf8_lossy(&check.stdout).into_owned() + &String::from_utf8_lossy(&check.stderr);
    assert!(text.contains("ring_timeout") && text.contains("mode"), "{text}");

    // The same in either language and for programs, of the check and of the daemon.
    let file = file.to_str().unwrap();
    for verb in [&["config", "check"][..], &["run"]] {
        let run = |more: &str| told(&[verb, &["--config", file, more]].concat());
        let (code, _, err) = run("--lang=ja");
        assert!(code == 78 && err.contains("dialing.mode: \"wild\" は指定できません"), "{err}");
        assert!(
            err.contains(&format!("{file}:")) && err.contains("E-CONFIG 設定が正しくありません (2件)"),
            "{err}"
        );
        let (_, _, err) = run("--lang=en");
        assert!(err.contains("dialing.mode: \"wild\" is not known") && err.contains("(2 mistakes)"), "{err}");
        let (code, out, err) = run("--json");
        let told = refusal(&out);
        assert!(code == 78 && err.is_empty() && told["error"]["data"]["code"] == "E-CONFIG", "{out}{err}");
        let mut paths: Vec<_> =
            told["errors"].as_array().unwrap().iter().map(|error| &error["path"]).collect();
        paths.sort_by_key(|path| path.to_string());
        assert_eq!(paths, ["dialing.mode", "dialing.ring_timeout"]);
        let lines = told["errors"].as_array().unwrap().iter().all(|error| error["line"].as_u64() > Some(0));
        assert!(lines && told["file"] == file, "{told}");
    }
}

/// `seq` grows across a crash, and what came before it can be replayed or is said to be gone.
#[test]
fn events_are_numbered_across_restarts() {
    let mut daemon = idle().start();
    let mut client = daemon.control();
    client.subscribe(None).unwrap();
    client.call("seat.pause", &json!({ "code": "lunch" })).unwrap();
    let pause = client.wait_event("pause", SOON, |event| event["params"]["state"] == "paused");
    let before = pause["params"]["seq"].as_u64().expect("a number");

    let mut late = daemon.control();
    late.subscribe(Some(before - 1)).unwrap();
    let replayed = late.wait_event("replayed pause", SOON, |event| event["params"]["state"] == "paused");
    assert_eq!(replayed["params"]["seq"].as_u64(), Some(before));

    daemon.kill9();
    daemon.start();
    let mut client = daemon.control();
    assert_eq!(client.subscribe(Some(before)).unwrap_err().code, "E-EVENTS-GONE");
    client.subscribe(None).unwrap();
    client.call("seat.pause", &json!({ "code": "again" })).unwrap();
    let again = client.wait_event("pause", SOON, |event| event["params"]["state"] == "paused");
    assert!(again["params"]["seq"].as_u64().unwrap() > before);
}

/// A client that asks and never reads holds up nobody.
#[test]
fn a_stalled_client_stalls_nobody() {
    let daemon = idle().start();
    let mut stalled = daemon.control();
    stalled.subscribe(None).unwrap();
    let mut busy = daemon.control();
    for n in 0..2_000 {
        busy.call(if n % 2 == 0 { "seat.pause" } else { "seat.ready" }, &json!({})).unwrap();
    }
    let (_, took) = e2e::wait::timed(|| busy.call("status.get", &json!({})).unwrap());
    assert!(took < Duration::from_millis(500), "{took:?}");
}

/// Lines that are no request are answered as JSON-RPC says, and the connection goes on.
#[test]
fn bad_requests_are_answered() {
    let daemon = idle().start();
    let mut client = daemon.control();
    client.send_raw("this is no JSON\n{\"jsonrpc\":\"2.0\",\"id\":1}\n\n{}\n");
    assert!(client.call("status.get", &json!({ "unknown": 1 })).is_err());
    assert!(client.call("no.such.method", &json!({})).is_err());
    assert!(client.call("status.get", &json!({})).is_ok());
}

/// Two seats in one daemon: a verb needs to say which, and both call at once.
#[test]
fn two_seats_work_side_by_side() {
    let callee = Scenario::server("uas_answer").start();
    let daemon = Daemon::builder()
        .account(Account::new("main", callee.address()).unregistered())
        .seat(Seat::new("a", "main").set("operator", "\"alice\""))
        .seat(Seat::new("b", "main").set("operator", "\"bob\""))
        .start();
    daemon.run(&["call", "0312340001"]).refused("E-SEAT-REQUIRED");
    daemon.run(&["call", "0312340001", "--seat", "c"]).refused("E-SEAT-UNKNOWN");
    daemon.cli(&["call", "0312340001", "--seat", "a"]);
    daemon.cli(&["call", "0312340002", "--seat", "b"]);
    daemon.wait_status("two talks", SOON, |status| {
        status["seats"].as_array().is_some_and(|seats| seats.iter().all(|seat| seat["state"] == "in_call"))
    });
    daemon.cli(&["hangup", "--seat", "b"]);
    daemon.cli(&["hangup", "--seat", "a"]);
    let rows = daemon.wait_history(2, SOON);
    let operators: Vec<_> = rows.iter().map(|row| row["operator"].as_str().unwrap()).collect();
    assert_eq!(operators, ["bob", "alice"]);
}

/// 0660: the group may, others may not, and are told so.
#[test]
fn the_socket_is_for_owner_and_group() {
    let daemon = idle().start();
    let socket = daemon.socket();
    let mode = std::fs::metadata(&socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o660);
    // The build may be closed to everybody else.
    let program = daemon.path("kakeru");
    std::fs::copy(binary(), &program).unwrap();
    std::fs::set_permissions(daemon.path(""), std::fs::Permissions::from_mode(0o711)).unwrap();
    let stranger = |more: &str| {
        let mut command = Command::new(&program);
        command.args(["status", more, "--socket"]).arg(&socket).current_dir("/").uid(65_534).gid(65_534);
        output(&mut command)
    };
    let (exit, out, _) = stranger("--json");
    let data = &refusal(&out)["error"]["data"];
    assert!(exit == 3 && data["code"] == "E-DAEMON-FORBIDDEN", "{exit} {out}");
    assert!(data["detail"].as_str().unwrap().contains(socket.to_str().unwrap()), "{out}");
    let (_, _, err) = stranger("--lang=en");
    assert!(err.starts_with("E-DAEMON-FORBIDDEN You may not open") && err.contains("group"), "{err}");
    let (_, _, err) = stranger("--lang=ja");
    assert!(err.starts_with("E-DAEMON-FORBIDDEN デーモンのソケットを開く権限がありません"), "{err}");
}
