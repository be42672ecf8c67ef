//! Who may do what (section D): every command of the protocol, tried by everybody over the control socket as the Unix user that
//! is theirs, against a table that is written down from the requirements.

mod table;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use protocol::Command;
use serde_json::Value;

use self::table::{Of, Row, TABLE, Try};
use self::world::{Whom, World};

/// The roles as the columns of the table.
const ROLES: [Whom; 5] = [Whom::Mgr, Whom::Sv, Whom::Op, Whom::Biz, Whom::By];

fn base(verb: &str) -> &str {
    verb.split(' ').next().unwrap_or(verb)
}

/// Whether a word of the table allows it.
fn allows(word: &str, of: Of) -> bool {
    match word {
        "all" => true,
        "granted" => of != Of::Closed,
        "own" => matches!(of, Of::Own | Of::Any),
        "lower" => matches!(of, Of::Lower | Of::Own),
        "reported" => of == Of::Reported,
        // Of whoever owns the machine: root and the daemon's user.
        "owner" | "–" => false,
        _ => panic!("no such word: {word}"),
    }
}

/// How a refusal may read: what is not to be seen is not there, what is another's list says so.
fn refusals(word: &str, of: Of) -> &'static [&'static str] {
    match (word, of) {
        ("–" | "owner", _) => &["E-PERMISSION"],
        (_, Of::Closed) => &["E-LIST-GRANT", "E-NOT-FOUND"],
        _ => &["E-PERMISSION", "E-NOT-FOUND"],
    }
}

/// D1, D2, D3, D4, D5, D6, D7, D8, D9, S3.8, S3.12, S3.23, S4.1, S4.2, S4.3, S4.4, S4.5, S1.36, S1.37, X3, X7: each command, each role, each kind of row. A command that is
/// new has no line in the table and fails here until somebody decides.
#[test]
fn every_role_does_what_the_table_says_and_nothing_else() {
    let tabled: BTreeSet<&str> = TABLE.iter().map(|row| base(row.verb)).collect();
    let known: BTreeSet<&str> = Command::METHODS.iter().copied().collect();
    assert_eq!(tabled, known);
    let mut world = World::new(|site| site);
    let mut wrong = Vec::new();
    for row in TABLE {
        let words: Vec<&str> = row.may.split(' ').collect();
        assert_eq!(words.len(), ROLES.len(), "{}", row.verb);
        // Whoever may least comes first, so that nobody finds done what they were to be refused.
        for (role, word) in ROLES.into_iter().zip(words).rev() {
            for tried in row.tries {
                wrong.extend(try_one(&mut world, row, role, word, *tried));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// What came out otherwise than it was to.
fn try_one(world: &mut World, row: &Row, role: Whom, word: &str, tried: Try) -> Option<String> {
    let (of, params, needle) = match tried {
        Try::Do(of, params) => (of, params, None),
        Try::See(of, params, needle) => (of, params, Some(needle)),
    };
    let params: Value = serde_json::from_str(&world.fill(role, params)).expect("the table has JSON");
    let needle = needle.map(|needle| world.fill(role, needle));
    let answer = world.control(role).call(base(row.verb), &params);
    let may = allows(word, of);
    let told = |what: &str| Some(format!("{} {of:?} {role:?} {params}: {what}", row.verb));
    match (answer, &needle) {
        (Ok(_), None) if may => None,
        (Ok(_), None) => told("was not refused"),
        (Ok(_), Some(_)) if word == "–" => told("was not refused"),
        (Ok(answer), Some(needle)) if answer.to_string().contains(needle.as_str()) != may => {
            told(&format!("{needle} {}", if may { "is not in it" } else { "is in it" }))
        }
        (Ok(_), Some(_)) => None,
        (Err(refused), _) if may => {
            let past = row.past.split(' ').any(|code| code == refused.code);
            if past { None } else { told(&format!("{} {}", refused.code, refused.message)) }
        }
        (Err(refused), _) if refusals(word, of).contains(&refused.code.as_str()) => None,
        (Err(refused), _) => told(&format!("refused otherwise: {} {}", refused.code, refused.message)),
    }
}

/// S3.13, S3.14: who sees no numbers is told none by any command that is theirs, writes none and takes none away in a file.
#[test]
fn who_sees_no_numbers_is_told_none() {
    let mut world = World::new(|site| site.set("people", "mask_numbers", r#"["SV", "OP", "BIZ", "BY"]"#));
    let (mut wrong, mut told) = (Vec::new(), 0);
    for row in TABLE {
        for (role, word) in ROLES.into_iter().zip(row.may.split(' ')).skip(1) {
            for (at, tried) in row.tries.iter().enumerate() {
                let (Try::Do(of, params) | Try::See(of, params, _)) = *tried;
                if !allows(word, of) {
                    continue;
                }
                let params: Value =
                    serde_json::from_str(&world.fill(role, params)).expect("the table has JSON");
                let answer = world.control(role).call(base(row.verb), &params);
                let writes = NUMBERS.contains(&(row.verb, at)) || row.verb.ends_with(".export");
                match answer {
                    Err(refused) if writes && refused.code == "E-FIELD-PERM" => {}
                    answer if writes => wrong.push(format!("{} {role:?} {params}: {answer:?}", row.verb)),
                    Ok(answer) => {
                        let answer = answer.to_string();
                        told += usize::from(answer.contains("****"));
                        let whole = WHOLE.iter().find(|digits| answer.contains(**digits));
                        wrong.extend(whole.map(|digits| format!("{} {role:?} tells {digits}", row.verb)));
                    }
                    Err(_) => {}
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(told > 30, "answers with masked numbers: {told}");
}

/// Tries that write numbers.
const NUMBERS: &[(&str, usize)] =
    &[("contact.edit", 1), ("lead.phone", 0), ("lead.phone", 1), ("lead.phone", 2)];

/// Digits of the numbers of the world, as people and networks write them.
const WHOLE: &[&str] = &[
    "12341001",
    "1234-1001",
    "12342001",
    "1234-2001",
    "12342002",
    "1234-2002",
    "12343001",
    "1234-3001",
    "12344001",
    "1234-4001",
    "12345001",
    "1234-5001",
    "12346001",
    "1234-6001",
    "12349001",
    "1234-9001",
    "0355000",
];

/// What readers are told is what is tried.
#[test]
fn the_table_in_the_documents_is_this_one() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/control-protocol.md");
    let page = std::fs::read_to_string(page).expect("the page is there");
    let lines = page.lines().skip_while(|line| !line.starts_with("| command | MGR | SV | OP | BIZ | BY |"));
    let mut told = BTreeMap::new();
    for line in lines.skip(2).take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let (verbs, may) = cells.split_first().expect("a row has cells");
        for verb in verbs.split('`').skip(1).step_by(2) {
            assert!(told.insert(verb, may.join(" ")).is_none(), "{verb} twice");
        }
    }
    let tried: BTreeMap<&str, String> = TABLE.iter().map(|row| (row.verb, row.may.to_owned())).collect();
    assert_eq!(told, tried);
}
