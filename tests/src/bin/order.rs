//! Writes `agent/hot.ld`: the functions that run between a save and its INVITE, then those of calls and of the idle
//! daemon, as callgrind sees them in the release binary (ADR 0007).
//!
//! `./x order` builds that binary and calls this. A minute; loopback only.
#![expect(clippy::print_stdout, reason = "the figures are this program's output")]
#![expect(clippy::disallowed_methods, reason = "calls are watched by the wall clock")]

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use e2e::daemon::{Account, Daemon, Operator};
use e2e::peer::sipp::Scenario;
use e2e::process;
use e2e::symbols::{LIST, Symbols, script};

const SAVES: u32 = 8;
const LATE: &str = "<pause milliseconds=\"3000\"/>";
const TALK: Duration = Duration::from_secs(1);

fn main() {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(binary), Some(folder)) = (arguments.next(), arguments.next()) else {
        panic!(
            "usage: order BINARY FOLDER; KAKERU_BIN starts it under callgrind, which writes PID.out to the folder"
        );
    };
    let (save, rest) = watch(&folder);
    let symbols = Symbols::of(&binary);
    let mut names = symbols.patterns(&save);
    let count = names.len();
    for name in symbols.patterns(&rest.difference(&save).cloned().collect()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    fs::write(LIST, script(&names)).unwrap_or_else(|error| panic!("{LIST}: {error}"));
    println!("{} entries, {count} of them for a save, {} bytes of code", names.len(), symbols.bytes(&names));
}

/// The names of the functions that ran in saves, and in whole calls and idle seconds.
fn watch(folder: &Path) -> (BTreeSet<String>, BTreeSet<String>) {
    // So late that a save and its INVITE are over by then.
    let exchange = Scenario::server("exchange").edit("<pause milliseconds=\"200\"/>", LATE).start();
    let setup = Daemon::builder()
        .account(Account::new("main", exchange.address()).unregistered())
        .set("log", "level", "\"info\"");
    let mut daemon = setup.start();
    daemon.import("leads", sheet());
    let id = daemon.process().pid();
    let callgrind = |arguments: &[&str]| {
        let mut control = Command::new(process::program("callgrind_control", "valgrind"));
        process::output_of(control.args(arguments).arg(id.to_string()));
    };
    let dump = |part: u32| read(&folder.join(format!("{id}.out.{part}")));

    let mut operator = Operator::begin(&daemon.socket(), None, "leads");
    for call in 0..SAVES {
        hang_up(&mut operator);
        // What the last call left to do is done by then.
        std::thread::sleep(Duration::from_secs(1));
        callgrind(&["--instr=on"]);
        operator.save(&format!("call {call}"), "dial");
        callgrind(&["--instr=off"]);
    }
    callgrind(&["--dump"]);
    let saves = dump(1);
    callgrind(&["--instr=on"]);
    for call in 0..2 {
        hang_up(&mut operator);
        operator.save(&format!("call {call}"), "dial");
    }
    hang_up(&mut operator);
    // What an idle daemon does every second.
    std::thread::sleep(Duration::from_secs(5));
    callgrind(&["--dump"]);
    let rest = dump(2);
    daemon.stop();
    (saves, rest)
}

/// Ends the call that was begun once somebody has answered it.
fn hang_up(operator: &mut Operator) {
    operator.wait_state("in_call");
    std::thread::sleep(TALK);
    operator.hang_up();
    operator.wait_state("wrap_up");
}

fn sheet() -> String {
    (0..2_000).fold(String::from("取引先会社名,電話番号\r\n"), |mut text, row| {
        let _ = write!(text, "株式会社見本{row},03-{:04}-{:02}01\r\n", 3_000 + row / 100, row % 100);
        text
    })
}

/// The functions of a file of callgrind: `fn=(12) name`, later only `fn=(12)`.
fn read(path: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut names = HashMap::new();
    let mut run = BTreeSet::new();
    for line in text.lines() {
        let Some(function) = line.strip_prefix("fn=(").or_else(|| line.strip_prefix("cfn=(")) else {
            continue;
        };
        let Some((id, name)) = function.split_once(')') else { continue };
        let name = name.trim();
        if !name.is_empty() {
            names.insert(id, name);
        }
        run.extend(names.get(id).map(|&name| name.to_owned()));
    }
    run
}
