//! Where the refused rows and the doubts of a file are written.

use super::{idle, lists};

/// The file itself is not written over by a report of it, whatever it is called there: of a good one nothing would be left.
#[test]
fn a_report_never_takes_the_place_of_its_file() {
    let daemon = idle();
    let text = "会社名,電話番号\nA社,03-1234-0001\nB社,110\n";
    std::fs::write(daemon.path("leads.csv"), text).expect("ours");
    std::os::unix::fs::symlink(daemon.path("leads.csv"), daemon.path("link.csv")).expect("ours");
    for (report, file) in [
        ("leads.csv", "leads.csv"),
        ("./leads.csv", "leads.csv"),
        ("link.csv", "leads.csv"),
        ("leads.csv", "link.csv"),
    ] {
        for option in ["--report", "--report-warnings"] {
            for import in
                [&["list", "import", "春", "--create"][..], &["contact", "import"], &["dnc", "import"]]
            {
                let arguments = [import, &[file, "--partial", option, report]].concat();
                let refused = daemon.run(&arguments);
                assert!(refused.code == 2 && refused.stdout.contains("E-USAGE"), "{refused:#?}");
                assert_eq!(std::fs::read_to_string(daemon.path("leads.csv")).expect("it is there"), text);
            }
        }
    }
    assert!(lists(&daemon).iter().all(|list| !list.ends_with("/春")));
    let done =
        daemon.cli(&["list", "import", "春", "leads.csv", "--create", "--partial", "--report", "bad.csv"]);
    assert_eq!(done["inserted"], 1);
}
