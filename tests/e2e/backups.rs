//! Copies of the database, made and put back, and databases that are refused.

use e2e::daemon::{Account, Daemon, idle};
use serde_json::Value;

use crate::SOON;

/// Section D: a manager who is not the user that runs the daemon has the copy with their own rights, for them only, whole or not at all.
#[test]
fn a_backup_of_another_unix_user_is_theirs() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
    const MANAGER: u32 = 64_021;
    let daemon = idle();
    daemon.import("春", "会社名,電話番号\n海,03-3000-0003\n");
    daemon.cli(&["user", "add", "mgr", "--role", "MGR", "--uid", &MANAGER.to_string()]);
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let own = folder.path().join("own");
    std::fs::create_dir(&own).unwrap();
    chown(&own, Some(MANAGER), None).unwrap();
    let copy = own.join("copy.db");
    let name = copy.to_string_lossy().into_owned();
    let made = daemon.run_as(MANAGER, &["backup", &name]).success();
    assert_eq!((made["path"].as_str(), made["download"].is_null()), (Some(&*name), true), "{made:#}");
    let found = copy.metadata().unwrap();
    assert_eq!(
        (found.uid(), found.mode() & 0o777, made["bytes"].as_u64()),
        (MANAGER, 0o600, Some(found.len()))
    );
    let database = rusqlite::Connection::open(&copy).unwrap();
    let check: String = database.query_row("PRAGMA integrity_check", [], |r| r.get(0)).unwrap();
    let lists: i64 = database.query_row("SELECT count(*) FROM lists", [], |r| r.get(0)).unwrap();
    assert_eq!((check.as_str(), lists), ("ok", 1));
    drop(database);
    daemon.run_as(MANAGER, &["backup", &name]).refused("E-FILE-EXISTS");
    daemon.run_as(MANAGER, &["backup", &name, "--force"]).success();
    // Where they may not write, nothing is written, and nothing is left in the daemon's folder.
    let theirs = folder.path().join("copy.db").to_string_lossy().into_owned();
    daemon.run_as(MANAGER, &["backup", &theirs]).refused("E-FILE");
    assert_eq!(std::fs::read_dir(&own).unwrap().count(), 1);
    let spooled = std::fs::read_dir(daemon.path("state")).unwrap();
    let spooled =
        spooled.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().contains("export"));
    assert_eq!(spooled.count(), 0);
    let log = daemon.cli(&["audit", "--action", "store.backup"])["rows"].take();
    assert_eq!((&log[0]["user"], &log[0]["detail"]["to"]), (&"mgr".into(), &"client".into()), "{log:#}");
    // Who is no manager gets none; the last manager stays one.
    daemon.cli(&["user", "add", "sv", "--role", "SV", "--uid", "64022"]);
    daemon.run_as(64_022, &["backup", &theirs]).refused("E-PERMISSION");
    for words in [&["user", "role", "mgr", "SV"][..], &["user", "delete", "MGR", "--yes"]] {
        daemon.run(words).refused("E-USER-LAST");
        daemon.run_as(MANAGER, words).refused("E-USER-LAST");
    }
    daemon.run(&["user", "add", "SV", "--role", "OP"]).refused("E-USER-DUP");
    let refused = daemon.run_as(64_022, &["project", "create", "夏"]);
    refused.refused("E-PERMISSION");
    assert!(!refused.stdout.contains("席"), "no seat was concerned: {}", refused.stdout);
}

/// The copy comes to where it was asked for, also where the daemon has another folder of that name: a service has a `/tmp` of its own.
#[test]
fn a_backup_comes_to_where_it_was_asked_for() {
    let daemon = idle();
    daemon.import("春", "会社名,電話番号\n海,03-3000-0003\n");
    let folder = daemon.path("stick");
    std::fs::create_dir(&folder).unwrap();
    // What is mounted there is seen by this shell and what it starts, and by nobody else.
    let script = "mount -t tmpfs none \"$1\" || exit 77
        \"$2\" --socket \"$3\" --json backup \"$1/copy.db\" && stat -c '%a %s' \"$1/copy.db\"";
    let done = std::process::Command::new("unshare")
        .args(["-m", "sh", "-c", script, "sh"])
        .args([folder.as_path(), &e2e::daemon::binary(), &daemon.socket()])
        .output()
        .expect("unshare is there (util-linux)");
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    if done.status.code() == Some(77) || err.contains("unshare failed") {
        // Whoever is not root has no mounts of their own.
        return;
    }
    assert!(done.status.success(), "{out}{err}");
    let (made, found) = out.trim().rsplit_once('\n').expect("two answers");
    let made: Value = serde_json::from_str(made).expect("JSON");
    assert_eq!(found, format!("600 {}", made["bytes"]), "{out}");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "nothing is where the daemon looks");
}

/// A copy made while the daemon runs is put back while it does not.
#[test]
fn a_backup_is_made_while_it_runs_and_restored_while_it_does_not() {
    let mut daemon = idle();
    daemon.import("春", "会社名,電話番号\n海,03-3000-0003\n");
    let copy = daemon.path("copy.db");
    let copy = copy.to_string_lossy().into_owned();
    assert!(daemon.cli(&["backup", &copy])["bytes"].as_u64().unwrap() > 0);
    daemon.run(&["backup", &copy]).refused("E-FILE-EXISTS");
    daemon.cli(&["backup", &copy, "--force"]);
    // Nothing is written over the database in use, whoever asks.
    for file in ["kakeru.db", "kakeru.db-wal", "kakeru.db.lock"] {
        let own = daemon.path(&format!("state/{file}")).to_string_lossy().into_owned();
        daemon.run(&["backup", &own, "--force"]).refused("E-FILE-DATABASE");
        let asked = serde_json::json!({ "list": "春", "path": own });
        let refusal = daemon.control().call("list.export", &asked).unwrap_err();
        assert_eq!(refusal.code, "E-FILE-DATABASE");
    }
    daemon.cli(&["list", "delete", "春", "--yes"]);
    let check = daemon.cli(&["doctor", "--full"]);
    assert_eq!((&check["database"]["sound"], &check["recordings"]["count"]), (&true.into(), &0.into()));
    let database = daemon.path("state/kakeru.db");
    let database = database.to_string_lossy().into_owned();
    let restore = ["restore", &copy, "--database", &database];
    daemon.run(&restore).refused("E-STORE-IN-USE");
    assert!(daemon.stop().success());
    let kept = daemon.cli(&restore)["kept"].as_str().unwrap().to_owned();
    assert!(std::path::Path::new(&kept).exists());
    daemon.start();
    assert_eq!(daemon.cli(&["list", "view", "春"])["total"], 1);
    let noted = daemon.cli(&["audit", "--action", "store.restore"])["rows"][0].take();
    assert_eq!((&noted["object"], noted["uid"].is_number()), (&copy.as_str().into(), true), "{noted:#}");
    let contacts = daemon.path("contacts.csv");
    daemon.cli(&["contact", "export", &contacts.to_string_lossy(), "--encoding", "utf-8"]);
    let text = std::fs::read_to_string(contacts).unwrap();
    let lines: Vec<&str> = text.split_terminator("\r\n").collect();
    assert_eq!(lines[0], "取引先会社名,取引先担当者名,電話番号,カテゴリー,所有者ID");
    assert!(lines.len() == 2 && lines[1].starts_with("海,,03-3000-0003,,"), "{text}");
}

/// A large database is not looked through before the start, but after it: nobody is called any more, and it is told everywhere.
#[test]
fn a_large_database_that_is_damaged_stops_dialing_and_says_so() {
    use std::os::unix::fs::FileExt as _;

    let mut daemon =
        Daemon::builder().account(Account::nowhere()).allow_errors("the database is damaged").start();
    let rows = (0..20_000).map(|n| format!("株式会社{n:05},0312{n:05}0\n"));
    let rows: String = rows.collect();
    daemon.import("春", format!("会社名,電話番号\n{rows}"));
    assert!(daemon.stop().success());
    let database = daemon.path("state/kakeru.db");
    let file = std::fs::OpenOptions::new().write(true).open(&database).unwrap();
    let bytes = file.metadata().unwrap().len();
    assert!(bytes > 5 << 20, "{bytes} bytes would be looked at before the start");
    file.write_all_at(&[0x5a; 4096 * 32], bytes / 2 / 4096 * 4096).unwrap();
    drop(file);
    daemon.start();
    let mut control = daemon.control();
    control.subscribe(None).unwrap();
    let trouble = control.wait_event("trouble", SOON, |event| event["params"]["kind"] == "store.trouble");
    assert_eq!(trouble["params"]["code"], "E-STORE-CORRUPT", "{trouble:#}");
    let store = &daemon.cli(&["status"])["store"];
    assert_eq!((&store["ok"], &store["trouble"]), (&false.into(), &"E-STORE-CORRUPT".into()), "{store:#}");
    for (lang, expected) in [("ja", "バックアップから復元してください"), ("en", "restore a backup")]
    {
        let text = daemon.text(&["status", "--lang", lang]);
        assert!(text.contains("E-STORE-CORRUPT") && text.contains(expected), "{text}");
    }
    daemon.run(&["call", "0312349902"]).refused("E-STORE-CORRUPT");
    assert!(!daemon.run(&["doctor"]).stdout.contains("\"sound\":true"));
    assert_eq!(daemon.log().matches("the database is damaged: dialing stops").count(), 1);
}

/// Killed at every step, a restore leaves the old database or the restored one, whole, and the next start goes on with it; also on
/// a file system on which no file has a second name.
#[test]
fn a_restore_that_is_killed_leaves_one_database_or_the_other() {
    let mut daemon = idle();
    daemon.import("新", "会社名,電話番号\n海,03-3000-0003\n");
    let copy = daemon.path("copy.db").to_string_lossy().into_owned();
    daemon.cli(&["backup", &copy]);
    daemon.cli(&["contact", "add", "--company", "後の会社", "--phone", "0330000008"]);
    daemon.cli(&["dnc", "add", "0330000009", "--reason", "希望"]);
    // Rows that only the log has.
    daemon.kill9();
    copy_folder(&daemon.path("state"), &daemon.path("template"));
    for links in [true, false] {
        restore_until_it_ends(&mut daemon, &copy, links);
    }
    let points = e2e::boundary::points(&daemon.path("points"));
    assert!(points.iter().any(|point| point.what == "link"), "no second name was asked for: {points:#?}");
}

fn restore_until_it_ends(daemon: &mut Daemon, copy: &str, links: bool) {
    let (state, template) = (daemon.path("state"), daemon.path("template"));
    let database = state.join("kakeru.db");
    let mut outcomes = std::collections::BTreeMap::new();
    for kill_at in 1.. {
        std::fs::remove_dir_all(&state).expect("the folder is ours");
        copy_folder(&template, &state);
        let mut restore = std::process::Command::new(e2e::daemon::binary());
        restore.args(["restore", copy, "--database"]).arg(&database);
        restore.envs(e2e::boundary::environment(kill_at, &daemon.path("points")));
        if !links {
            restore.env("BOUNDARY_NO_LINKS", "1");
        }
        let ended = restore.output().expect("the binary can be run").status;
        assert!(database.exists(), "no database after step {kill_at}, links: {links}");
        daemon.start();
        let later = daemon.cli(&["contact", "ls", "後の会社"])["rows"].as_array().map_or(0, Vec::len);
        // D16: who asked since the copy never to be called again is called by neither.
        let blocked = daemon.cli(&["dnc", "ls"])["rows"].as_array().map_or(0, Vec::len);
        assert_eq!(blocked, 1, "step {kill_at}");
        assert_eq!(daemon.cli(&["list", "view", "新"])["total"], 1, "step {kill_at}");
        assert_eq!(daemon.cli(&["doctor", "--full"])["database"]["sound"], true, "step {kill_at}");
        assert!(daemon.stop().success());
        *outcomes.entry(later).or_insert(0) += 1;
        if ended.success() {
            assert_eq!(later, 0, "the copy was made before");
            let names = std::fs::read_dir(&state)
                .expect("the folder is there")
                .flatten()
                .map(|file| file.file_name());
            let names: Vec<_> = names.map(|name| name.to_string_lossy().into_owned()).collect();
            let kept = names.iter().filter(|name| name.contains(".before-") && !name.ends_with("-shm"));
            // With its log, and nothing unfinished.
            assert_eq!(kept.clone().count(), 2, "links: {links}: {names:?}");
            // Of which moment, as people of Japan read it: 2026-11-30_10-00-05.
            let stamp = |name: &String| name.split_once(".before-").map(|(_, stamp)| stamp[..19].to_owned());
            let digits = |stamp: String| stamp.replace(|c: char| c.is_ascii_digit(), "0");
            let stamps: Vec<_> = kept.filter_map(stamp).map(digits).collect();
            assert_eq!(stamps, ["0000-00-00_00-00-00"; 2], "{names:?}");
            assert!(!names.iter().any(|name| name.contains(".restore")), "{names:?}");
            break;
        }
        assert!(kill_at < 50, "it never ends");
    }
    // 1: as it was. 0: restored.
    assert!(outcomes[&1] >= 1 && outcomes[&0] >= 3, "links: {links}: {outcomes:?}");
}

fn copy_folder(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).expect("the folder is made");
    for file in std::fs::read_dir(from).expect("the folder is there") {
        let file = file.expect("the folder is read");
        if file.file_type().is_ok_and(|kind| kind.is_file()) {
            std::fs::copy(file.path(), to.join(file.file_name())).expect("the file is copied");
        }
    }
}

/// A daemon that cannot use its database says why as every command does.
#[test]
fn a_database_that_is_refused_is_told_by_its_code() {
    let mut daemon = idle();
    assert!(daemon.stop().success());
    let (database, config) = (daemon.path("state/kakeru.db"), daemon.path("kakeru.toml"));
    let run = |extra: &[&str]| {
        let mut run = std::process::Command::new(e2e::daemon::binary());
        run.args(["run", "--config"]).arg(&config).args(extra).output().unwrap()
    };
    rusqlite::Connection::open(&database).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let newer = run(&["--json"]);
    let told: Value = serde_json::from_slice(&newer.stdout).unwrap();
    assert_eq!(
        (newer.status.code(), &told["error"]["data"]["code"]),
        (Some(1), &"E-STORE-NEWER".into()),
        "{told:#}"
    );
    // A copy of such a one leaves the database as it is, and says so.
    let copy = daemon.path("newer.db");
    std::fs::copy(&database, &copy).unwrap();
    let (copy, place) = (copy.to_string_lossy().into_owned(), daemon.path("other.db"));
    for (lang, said) in
        [("ja", "今のデータベースはそのままです"), ("en", "the present database is as it was")]
    {
        let place = place.to_string_lossy();
        let told = daemon.run_plain(&["restore", &copy, "--database", &place, "--lang", lang]).stderr;
        assert!(told.contains("E-STORE-NEWER") && told.contains(said), "{told}");
    }
    std::fs::write(&database, "これはデータベースではありません".repeat(100)).unwrap();
    for (lang, what, hint) in [
        ("ja", "データベースが壊れています", "バックアップから復元してください"),
        ("en", "The database is damaged", "restore a backup"),
    ] {
        let refused = run(&["--lang", lang]);
        let said = String::from_utf8_lossy(&refused.stderr);
        assert_eq!(refused.status.code(), Some(1));
        assert!(said.contains("E-STORE-CORRUPT") && said.contains(what) && said.contains(hint), "{said}");
    }
    // A copy that is none says nothing of the database.
    let bad = database.to_string_lossy().into_owned();
    let place = daemon.path("elsewhere.db").to_string_lossy().into_owned();
    let refused = daemon.run(&["restore", &bad, "--database", &place]);
    refused.refused("E-BACKUP-CORRUPT");
    assert!(!refused.stdout.contains("-wal"), "{}", refused.stdout);
    daemon.run(&["restore", "/nowhere/copy.db", "--database", &place]).refused("E-FILE");
}
