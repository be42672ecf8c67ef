//! Whose calls somebody gives a result, and whose they look into.

use e2e::daemon::{Account, Daemon, Seat};
use e2e::peer::sipp::Scenario;

use crate::SOON;

const OPERATOR: u32 = 64_041;
const COLLEAGUE: u32 = 64_042;
const SUPERVISOR: u32 = 64_043;

/// X2, D7: what a crash left without a result gets it from whoever called, or from a manager; the row of a colleague is named by nobody else.
/// X7: a call by hand of a project that is granted to others is theirs, as a list's is.
#[test]
fn nobody_saves_or_reads_a_call_of_others() {
    let exchange = Scenario::server("exchange").start();
    let mut daemon = Daemon::builder()
        .account(Account::new("main", exchange.address()).unregistered())
        .seat(Seat::new("a", "main").set("uid", &OPERATOR.to_string()))
        .seat(Seat::new("b", "main").set("uid", &COLLEAGUE.to_string()))
        .seat(Seat::new("c", "main").set("uid", &SUPERVISOR.to_string()))
        .start();
    daemon.cli(&["user", "role", "c", "SV"]);
    daemon.cli(&["project", "create", "他の案件"]);
    daemon.cli(&["project", "grant", "他の案件", "b"]);
    for number in ["0312345601", "0612345701"] {
        daemon.run_as(COLLEAGUE, &["call", number, "--project", "他の案件"]).success();
        daemon.wait_status("talk", SOON, |status| status["seats"][1]["state"] == "in_call");
        daemon.kill9();
        daemon.start();
    }
    let open = daemon.cli(&["history", "--open"])["rows"].take();
    let [second, first] = [0, 1].map(|at| open[at]["attempt"].as_str().expect("a call").to_owned());
    let save = |uid, attempt: &str| {
        daemon.run_as(uid, &["save", "--attempt", attempt, "--status", "クレーム", "--memo", "苦情"])
    };
    let row = |attempt: &str| daemon.cli(&["history", "show", attempt])["call"].take();
    for stranger in [OPERATOR, SUPERVISOR] {
        save(stranger, &first).refused("E-PERMISSION");
    }
    assert!(row(&first)["status"].is_null() && row(&first)["memo"].is_null(), "{:#}", row(&first));
    assert_eq!(daemon.cli(&["dnc", "ls"])["rows"].as_array().map(Vec::len), Some(0));
    save(COLLEAGUE, &first).success();
    // Whoever runs the daemon is a manager, at a seat that they name.
    daemon.cli(&["save", "--seat", "a", "--attempt", &second, "--status", "見込"]);
    assert_eq!(
        (&row(&first)["status"], &row(&second)["status"]),
        (&"do_not_call".into(), &"prospect".into())
    );

    let named = daemon.run_as(OPERATOR, &["dnc", "ls"]).success();
    assert_eq!(named["rows"][0]["attempt"], first.as_str(), "its evidence is no secret, what was said is");
    for command in [
        &["history", "show", &first][..],
        &["note", "add", "伝言", "--attempt", &first],
        &["contact", "from-call", &first, "--company", "A社"],
    ] {
        daemon.run_as(OPERATOR, command).refused("E-LIST-GRANT");
        daemon.run_as(COLLEAGUE, command).success();
    }
    let tasks = |uid| daemon.run_as(uid, &["task", "ls", "--all"]).success()["rows"].take();
    assert_eq!(tasks(COLLEAGUE).as_array().map(Vec::len), Some(1));
    assert_eq!(tasks(OPERATOR).as_array().map(Vec::len), Some(0));
}
