//! Somebody of each role, with a call, a task, a lead and notes of their own, and colleagues' beside them.

use std::collections::HashMap;

use e2e::daemon::{Account, Control, Daemon, Seat, Setup};
use e2e::peer::sipp::{Scenario, Sipp};
use serde_json::{Value, json};

use crate::SOON;

/// Who tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Whom {
    Mgr,
    Sv,
    Op,
    Biz,
    By,
    /// An operator beside them.
    Peer,
}

impl Whom {
    const ALL: [Self; 6] = [Self::Mgr, Self::Sv, Self::Op, Self::Biz, Self::By, Self::Peer];

    fn login(self) -> &'static str {
        match self {
            Self::Mgr => "mgr",
            Self::Sv => "sv",
            Self::Op => "op",
            Self::Biz => "biz",
            Self::By => "by",
            Self::Peer => "peer",
        }
    }

    fn uid(self) -> u32 {
        64_100 + self as u32
    }

    /// Whose rows stand for theirs: who never calls has none.
    fn caller(self) -> Self {
        if matches!(self, Self::Biz | Self::By) { Self::Op } else { self }
    }
}

pub(super) struct World {
    controls: HashMap<Whom, Control>,
    root: Control,
    /// What stays the same.
    known: HashMap<(Whom, &'static str), String>,
    made: u32,
    daemon: Daemon,
    _exchange: Sipp,
}

impl World {
    /// In a site that was set up so.
    pub(super) fn new(site: impl FnOnce(Setup) -> Setup) -> Self {
        let exchange = Scenario::server("exchange").start();
        let account = Account::new("main", exchange.address()).unregistered();
        let mut setup = site(Daemon::builder().account(account));
        for seat in [Whom::Mgr, Whom::Sv, Whom::Op, Whom::Peer] {
            setup = setup.seat(Seat::new(seat.login(), "main").set("uid", &seat.uid().to_string()));
        }
        let daemon = setup.start();
        let controls = Whom::ALL.map(|whom| (whom, daemon.control_as(whom.uid()))).into();
        let (root, known) = (daemon.control(), HashMap::new());
        let mut world = Self { controls, root, known, made: 0, daemon, _exchange: exchange };
        world.people();
        world.lists();
        world.calls();
        world
    }

    pub(super) fn control(&mut self, whom: Whom) -> &mut Control {
        self.controls.get_mut(&whom).expect("everybody is connected")
    }

    fn people(&mut self) {
        for (login, role) in [("mgr", "MGR"), ("sv", "SV")] {
            self.root("user.edit", json!({ "user": login, "role": role }));
        }
        for (whom, role) in [(Whom::Biz, "BIZ"), (Whom::By, "BY")] {
            self.root("user.add", json!({ "login": whom.login(), "role": role, "uid": whom.uid() }));
        }
        self.root("user.add", json!({ "login": "idle", "role": "SV" }));
    }

    /// A list that is open to all, whose leads two operators call, and one that is granted to the one beside.
    fn lists(&mut self) {
        for (project, list, leads) in [
            ("表の案件", "open", [("0312341001", Whom::Op), ("0312342001", Whom::Peer)].as_slice()),
            ("表の案件", "empty", &[]),
            ("他の案件", "closed", &[("0312343001", Whom::Peer)]),
        ] {
            self.root("list.create", json!({ "name": list, "project": project, "create_project": true }));
            for (number, whom) in leads {
                let lead = json!({ "list": list, "number": number, "company": "A社" });
                let lead = text(&self.root("lead.add", lead)["id"]);
                let users = [whom.login()];
                let give = json!({ "list": list, "leads": [lead], "what": "assign", "users": users });
                self.root("lead.change", give);
                let name = match (list, whom) {
                    ("closed", _) => "closed_lead",
                    (_, Whom::Op) => "lead",
                    _ => "other_lead",
                };
                self.keep(name, lead);
            }
        }
        self.root("project.grant", json!({ "project": "他の案件", "users": ["peer"] }));
    }

    fn calls(&mut self) {
        for (list, name) in [("open", "other_call"), ("closed", "closed_call")] {
            let call = self.talk(Whom::Peer, "dial.start", json!({ "list": list }));
            self.keep(name, call);
        }
        let told = self.talk(Whom::Peer, "call.dial", json!({ "number": "0312349001" }));
        for call in [&told, &self.known[&(Whom::Op, "closed_call")].clone()] {
            self.root("history.report", json!({ "attempt": call, "on": true }));
        }
        self.keep("told_call", told);
        for (whom, number) in [(Whom::Mgr, "0312344001"), (Whom::Sv, "0312345001"), (Whom::Op, "0312346001")]
        {
            let call = self.talk(whom, "call.dial", json!({ "number": number }));
            self.known.insert((whom, "call"), call);
        }
        let closed = self.known[&(Whom::Op, "closed_call")].clone();
        self.root("note.add", json!({ "attempt": closed, "text": "閉じた話" }));
        let tasks = self.root("task.ls", json!({ "all": true }));
        let recordings = self.root("recording.ls", json!({}));
        let of = |page: &Value, call: &str| -> String {
            let mut rows = page["rows"].as_array().into_iter().flatten();
            let row = rows.find(|row| row["attempt"] == call);
            row.unwrap_or_else(|| panic!("none of {call}: {page:#}"))["id"].to_string()
        };
        for whom in [Whom::Mgr, Whom::Sv, Whom::Op] {
            let call = &self.known[&(whom, "call")];
            let (task, recording) = (of(&tasks, call), of(&recordings, call));
            self.known.insert((whom, "task"), task);
            self.known.insert((whom, "recording"), recording);
        }
        let other = self.known[&(Whom::Op, "other_call")].clone();
        self.keep("other_task", of(&tasks, &other));
        self.keep("closed_task", of(&tasks, &closed));
        self.keep("other_recording", of(&recordings, &other));
        let next = json!({ "list": "open", "number": "0312342002", "company": "A社" });
        let next = text(&self.root("lead.add", next)["id"]);
        let give = json!({ "list": "open", "leads": [next], "what": "assign", "users": ["peer"] });
        self.root("lead.change", give);
        let lists = ["0312341001", "0312342001", "0312343001"];
        for number in lists.into_iter().chain(["0312344001", "0312345001", "0312346001"]) {
            self.root("dnc.add", json!({ "number": number, "reason": "希望" }));
        }
    }

    /// A call that is talked, recorded, and saved as 見込; returns its row.
    fn talk(&mut self, whom: Whom, method: &str, params: Value) -> String {
        let seat = whom.login();
        self.by(whom, method, params);
        let ours = |status: &Value| -> Value {
            let mut seats = status["seats"].as_array().into_iter().flatten();
            seats.find(|one| one["name"] == seat).cloned().unwrap_or_default()
        };
        let status = self.daemon.wait_status("talk", SOON, |status| ours(status)["state"] == "in_call");
        let call = text(&ours(&status)["call"]["attempt"]);
        if method == "dial.start" {
            self.by(whom, "dial.stop", json!({}));
        }
        self.by(whom, "call.hangup", json!({}));
        self.daemon.wait_status("wrap-up", SOON, |status| ours(status)["state"] == "wrap_up");
        self.by(whom, "call.save", json!({ "status": "見込", "next": "dial" }));
        call
    }

    /// The text with what `$words` stand for; some are made now.
    pub(super) fn fill(&mut self, whom: Whom, text: &str) -> String {
        let mut filled = String::new();
        let mut pieces = text.split('$');
        filled.push_str(pieces.next().unwrap_or_default());
        for piece in pieces {
            let end = piece.find(|c: char| c != '_' && !c.is_ascii_lowercase()).unwrap_or(piece.len());
            let (word, rest) = piece.split_at(end);
            filled.push_str(&self.word(whom, word));
            filled.push_str(rest);
        }
        filled
    }

    fn word(&mut self, whom: Whom, word: &str) -> String {
        match word {
            "me" => whom.login().to_owned(),
            "path" => self.daemon.path("copy.db").display().to_string(),
            "new" => self.new_name(),
            "number" => self.new_number(),
            "task" | "other_task" => {
                let task = self.known(whom, word);
                let open = format!(r#"{{"task":{task},"undo":true}}"#);
                // It may be open still.
                let _ = self.root.call("task.done", &serde_json::from_str(&open).expect("JSON"));
                task
            }
            "upload" => {
                let upload = self.new_name();
                // Whoever may send nothing is refused the import too.
                let _ = self.control(whom).call("list.upload", &json!({ "upload": upload, "data": FILE }));
                upload
            }
            "list" | "binned_list" => {
                let name = self.new_name();
                self.root("list.create", json!({ "name": name }));
                if word == "binned_list" {
                    self.root("list.delete", json!({ "list": name }));
                }
                name
            }
            "project" | "binned_project" => {
                let name = self.new_name();
                self.root("project.create", json!({ "name": name }));
                if word == "binned_project" {
                    self.root("project.delete", json!({ "project": name }));
                }
                name
            }
            "contact" | "binned_contact" | "category" => {
                let name = self.new_name();
                let contact = self.contact(Whom::Peer, &name);
                match word {
                    "category" => name,
                    "binned_contact" => {
                        self.root("contact.delete", json!({ "contacts": [contact] }));
                        contact
                    }
                    _ => contact,
                }
            }
            "own_contact" => {
                let name = self.new_name();
                let whom = if whom == Whom::Biz { Whom::Peer } else { whom };
                self.contact(whom, &name)
            }
            "status" => {
                let label = self.new_name();
                text_of(&self.root("disposition.add", json!({ "label": label })), "code")
            }
            "user" => {
                let login = self.new_name();
                self.root("user.add", json!({ "login": login, "role": "OP" }));
                login
            }
            "dnc" => {
                let number = self.new_number();
                self.root("dnc.add", json!({ "number": number, "reason": "希望" }));
                number
            }
            "note" | "other_note" => {
                let theirs = if word == "note" && whom != Whom::Biz { whom } else { Whom::Peer };
                let about = json!({ "attempt": self.known(whom, "other_call"), "text": "伝言" });
                text_of(&self.by(theirs, "note.add", about), "note")
            }
            _ => self.known(whom, word),
        }
    }

    fn contact(&mut self, whom: Whom, category: &str) -> String {
        let numbers = json!([{ "number": self.new_number(), "label": null }]);
        let made = json!({ "company": "A社", "numbers": numbers, "categories": [category] });
        text(&self.by(whom, "contact.add", made)["contact"]["id"])
    }

    fn known(&self, whom: Whom, word: &str) -> String {
        let mut all = self.known.iter();
        let found = all.find(|((of, known), _)| *of == whom.caller() && *known == word);
        found.unwrap_or_else(|| panic!("${word} of {whom:?} is nothing")).1.clone()
    }

    /// The same for whoever tries.
    fn keep(&mut self, word: &'static str, what: String) {
        for whom in [Whom::Mgr, Whom::Sv, Whom::Op] {
            self.known.insert((whom, word), what.clone());
        }
    }

    fn new_name(&mut self) -> String {
        self.made += 1;
        format!("new{}", self.made)
    }

    fn new_number(&mut self) -> String {
        self.made += 1;
        format!("0355{:06}", self.made)
    }

    #[track_caller]
    fn root(&mut self, method: &str, params: Value) -> Value {
        self.root.call(method, &params).unwrap_or_else(|refused| panic!("{method} {params}: {refused:?}"))
    }

    #[track_caller]
    fn by(&mut self, whom: Whom, method: &str, params: Value) -> Value {
        let answer = self.control(whom).call(method, &params);
        answer.unwrap_or_else(|refused| panic!("{method} {params} by {whom:?}: {refused:?}"))
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn text_of(value: &Value, name: &str) -> String {
    text(&value[name])
}

/// Base64 of `電話番号,会社名,理由` and `0355999901,A社,名簿`.
const FILE: &str = "6Zu76Kmx55Wq5Y+3LOS8muekvuWQjSznkIbnlLEKMDM1NTk5OTkwMSxB56S+LOWQjeewvwo=";
