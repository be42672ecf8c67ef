//! From exec to registered, with digest, at kamailio.

use std::path::Path;
use std::time::{Duration, Instant};

use e2e::daemon::{Account, Control, account_state};
use e2e::peer::kamailio;
use serde_json::json;

use crate::leads;
use crate::table::{Table, quantile};

const LIMIT: Duration = Duration::from_secs(10);

pub(crate) fn measure(table: &mut Table, state: &Path, runs: usize) {
    let registrar = kamailio::Setup::default().user("100", "secret").start();
    let mut daemon = leads::daemon(leads::setup(Account::new("main", registrar.address())), state);
    let socket = daemon.socket();
    let mut times = Vec::new();
    for _ in 0..runs {
        let _ = std::fs::remove_file(&socket);
        let from = Instant::now();
        daemon.launch();
        let mut control = loop {
            match Control::connect(&socket) {
                Ok(control) => break control,
                Err(_) => std::thread::sleep(Duration::from_micros(200)),
            }
            assert!(from.elapsed() < LIMIT, "no control socket: {}", daemon.log());
        };
        loop {
            let status = control.call("status.get", &json!({})).unwrap_or_default();
            if account_state(&status, "main") == Some("registered") {
                break;
            }
            assert!(from.elapsed() < LIMIT, "not registered: {status:#}");
            std::thread::sleep(Duration::from_micros(500));
        }
        times.push(from.elapsed().as_secs_f64() * 1_000.0);
        daemon.stop();
    }
    times.sort_by(f64::total_cmp);
    table.note(
        &format!("start to registered (kamailio, digest), {runs} starts, p50"),
        format!("{:.1} ms", quantile(&times, 0.5)),
    );
    table.at_most("start to registered, p95", quantile(&times, 0.95), 100.0, "ms");
}
