//! Which test proves which numbered requirement: `docs/requirements.md` read against the tests that cite its numbers.
//!
//! A test cites a number in a doc line (`/// S1.24: …`) or in its name (`s1_24_…`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Folders whose tests are read.
const FOLDERS: [&str; 6] = ["agent", "config", "media", "sip-stack", "store", "tests"];

/// A number such as `S1.24` or `C3`, ordered as in the page.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Number {
    part: String,
    item: u32,
}

impl Number {
    /// The number a word is, if it is one.
    pub fn parse(word: &str) -> Option<Self> {
        let word = word.trim_end_matches('b');
        match word.split_once('.') {
            Some((part, item)) if part.starts_with('S') && digits(&part[1..]) && digits(item) => {
                Some(Self { part: part.to_owned(), item: item.parse().ok()? })
            }
            None if word.starts_with(['C', 'D', 'E', 'F', 'X']) && digits(&word[1..]) => {
                Some(Self { part: word[..1].to_owned(), item: word[1..].parse().ok()? })
            }
            _ => None,
        }
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let dot = if self.part.starts_with('S') { "." } else { "" };
        write!(f, "{}{dot}{}", self.part, self.item)
    }
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.len() < 4 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The state of a row of `docs/requirements.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// A test proves it.
    Done,
    /// A test proves it of the store; no command offers it yet.
    Store,
    /// Owed.
    Open,
    /// Of a part that is not built yet.
    Later,
    /// Binds nobody here.
    NotApplicable,
}

/// The page's rows and what is wrong with them.
#[derive(Debug, Default)]
pub struct Page {
    /// Every number once.
    pub states: BTreeMap<Number, State>,
    /// State of every code (`E-…`, `W-…`) that a row of section E names, in backticks.
    pub codes: BTreeMap<String, State>,
    /// Numbers and codes that stand twice, first cells that are no number, states that are no state.
    pub mistakes: Vec<String>,
}

impl Page {
    /// Reads the tables of the page.
    pub fn parse(text: &str) -> Self {
        let mut page = Self::default();
        for line in text.lines().map(str::trim).filter(|line| line.starts_with('|')) {
            let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
            let first = cells[0];
            if first == "number" || first.starts_with("---") {
                continue;
            }
            let Some(numbers) = numbers(first) else {
                page.mistakes.push(format!("`{first}` is no number"));
                continue;
            };
            let last = cells[1..].last().copied().unwrap_or_default();
            let state = match last.split([':', ' ']).next() {
                Some("done") => State::Done,
                Some("store") => State::Store,
                Some("open") => State::Open,
                Some("later") => State::Later,
                Some("n/a") if last.len() > 5 => State::NotApplicable,
                _ => {
                    page.mistakes.push(format!("{first}: `{last}` is no state"));
                    continue;
                }
            };
            if numbers.iter().all(|number| number.part == "E") {
                page.codes(&cells[1..], state);
            }
            for number in numbers {
                if page.states.insert(number.clone(), state).is_some() {
                    page.mistakes.push(format!("{number} stands twice"));
                }
            }
        }
        page
    }

    fn codes(&mut self, cells: &[&str], state: State) {
        let words = cells.iter().flat_map(|cell| cell.split('`'));
        for code in words.filter(|word| word.starts_with("E-") || word.starts_with("W-")) {
            if self.codes.insert(code.to_owned(), state).is_some() {
                self.mistakes.push(format!("{code} stands twice"));
            }
        }
    }
}

/// The numbers of a first cell: `S3.17, S3.18` or `S2.1–S2.29`; `None` where something else stands there.
fn numbers(cell: &str) -> Option<Vec<Number>> {
    let mut all = Vec::new();
    for part in cell.split(", ") {
        let (from, to) = part.split_once('–').unwrap_or((part, part));
        let (from, to) = (Number::parse(from)?, Number::parse(to)?);
        if from.part != to.part || from.item > to.item {
            return None;
        }
        all.extend((from.item..=to.item).map(|item| Number { part: from.part.clone(), item }));
    }
    Some(all)
}

/// Every test that cites a number, as `folder/file.rs::name`.
///
/// # Errors
/// What the file system says of a source file.
pub fn citations(root: &Path) -> io::Result<BTreeMap<Number, BTreeSet<String>>> {
    let mut files = Vec::new();
    for folder in FOLDERS {
        sources(&root.join(folder), &mut files)?;
    }
    files.sort();
    let mut all: BTreeMap<Number, BTreeSet<String>> = BTreeMap::new();
    for file in files {
        let text = fs::read_to_string(&file)?;
        let shown = file.strip_prefix(root).unwrap_or(&file).display().to_string();
        for (name, cited) in tests_of(&text) {
            for number in cited {
                all.entry(number).or_default().insert(format!("{shown}::{name}"));
            }
        }
    }
    Ok(all)
}

fn sources(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "target") {
                sources(&path, files)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

/// The tests of a file that are run, with the numbers they cite.
fn tests_of(text: &str) -> Vec<(String, BTreeSet<Number>)> {
    let mut found = Vec::new();
    let mut cited = BTreeSet::new();
    let mut is_test = false;
    let mut is_ignored = false;
    for line in text.lines().map(str::trim) {
        if let Some(doc) = line.strip_prefix("///") {
            let words = doc.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '.');
            cited.extend(words.filter_map(|word| Number::parse(word.trim_end_matches('.'))));
        } else if line.starts_with("#[") {
            is_test |= line == "#[test]" || line.starts_with("#[tokio::test");
            is_ignored |= line.starts_with("#[ignore");
        } else {
            if is_test
                && !is_ignored
                && let Some(name) = function_name(line)
            {
                cited.extend(numbers_in_name(name));
                found.push((name.to_owned(), std::mem::take(&mut cited)));
            }
            cited.clear();
            (is_test, is_ignored) = (false, false);
        }
    }
    found
}

fn function_name(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("fn ")?;
    rest.split(['(', '<']).next()
}

/// `s1_24_many_owners` cites S1.24. The other parts are cited in doc lines only: `e1` in a name may be anything.
fn numbers_in_name(name: &str) -> Vec<Number> {
    let parts: Vec<&str> = name.split('_').collect();
    let pairs = parts.windows(2);
    pairs.filter_map(|pair| Number::parse(&format!("{}.{}", pair[0].to_uppercase(), pair[1]))).collect()
}

/// The text of `docs/requirements-coverage.md`.
pub fn coverage(page: &Page, citations: &BTreeMap<Number, BTreeSet<String>>) -> String {
    let mut text = String::from(
        "# Which test proves which requirement\n\nGenerated by `./x requirements` from the numbers that tests cite; \
         not to be edited. [The requirements](requirements.md).\n\n| number | state | tests |\n|---|---|---|\n",
    );
    for (number, state) in &page.states {
        let tests = citations.get(number);
        if matches!(state, State::Later | State::NotApplicable) && tests.is_none() {
            continue;
        }
        let tests: Vec<String> = tests.into_iter().flatten().map(|test| format!("`{test}`")).collect();
        let state = match state {
            State::Done => "done",
            State::Store => "store",
            State::Open => "open",
            State::Later => "later",
            State::NotApplicable => "n/a",
        };
        let _ = writeln!(text, "| {number} | {state} | {} |", tests.join("<br>"));
    }
    text
}

/// What is wrong: numbers twice, done without a test, cited without standing in the page.
pub fn mistakes(page: &Page, citations: &BTreeMap<Number, BTreeSet<String>>) -> Vec<String> {
    let mut all = page.mistakes.clone();
    let done = page
        .states
        .iter()
        .filter(|(_, state)| matches!(state, State::Done | State::Store))
        .map(|(number, _)| number);
    all.extend(
        done.filter(|n| !citations.contains_key(n)).map(|n| format!("{n} is done and no test cites it")),
    );
    let unknown = citations.iter().filter(|(number, _)| !page.states.contains_key(number));
    all.extend(unknown.map(|(number, tests)| format!("{number} is cited by {tests:?} and stands nowhere")));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
    }

    #[test]
    fn every_requirement_that_is_done_has_its_test() {
        let page = Page::parse(&fs::read_to_string(root().join("docs/requirements.md")).unwrap());
        assert!(page.states.len() > 150, "the page was not understood: {} rows", page.states.len());
        let citations = citations(&root()).unwrap();
        assert_eq!(mistakes(&page, &citations), Vec::<String>::new());
        let written = fs::read_to_string(root().join("docs/requirements-coverage.md")).unwrap();
        assert!(
            written == coverage(&page, &citations),
            "docs/requirements-coverage.md is old: ./x requirements"
        );
    }

    fn cited(numbers: &[&str]) -> BTreeMap<Number, BTreeSet<String>> {
        let test = || BTreeSet::from(["file.rs::test".to_owned()]);
        numbers.iter().map(|number| (Number::parse(number).unwrap(), test())).collect()
    }

    /// What is wrong with a page of these rows when tests cite these numbers.
    fn wrong(page: &str, numbers: &[&str]) -> Vec<String> {
        mistakes(&Page::parse(page), &cited(numbers))
    }

    #[test]
    fn each_mistake_is_found_and_nothing_else() {
        let head = "| number | what must hold | state |\n|---|---|---|\n";
        for (rows, numbers, expected) in [
            ("| S1.1 | a | done |", &["S1.1"][..], None),
            ("| C2, X3 | a | done |", &["C2", "X3"], None),
            ("| S1.1–S1.3 | a | later |", &[], None),
            ("| D1 | a | open |", &[], None),
            ("| E1 | `E-DNC`: a | later: why |", &[], None),
            ("| X10 | a | n/a: why |", &[], None),
            ("| S1.1 | a | done |", &[], Some("S1.1 is done and no test cites it")),
            ("| D1 | a | store |", &[], Some("D1 is done and no test cites it")),
            ("| C2, X3 | a | done |", &["C2"], Some("X3 is done and no test cites it")),
            ("| S1.1–S1.3 | a | done |", &["S1.1", "S1.3"], Some("S1.2 is done and no test cites it")),
            ("| S1.1 | a | done |\n| S1.1 | b | open |", &["S1.1"], Some("S1.1 stands twice")),
            ("| S1.1 | a | done |\n| S1.1 | b | done |", &["S1.1"], Some("S1.1 stands twice")),
            ("| S1.1–S1.3 | a | later |\n| S1.2 | b | open |", &[], Some("S1.2 stands twice")),
            ("| E1 | `E-DNC` | later |\n| E2 | `E-DNC` | later |", &[], Some("E-DNC stands twice")),
            ("| S1.1 | a | perhaps |", &[], Some("S1.1: `perhaps` is no state")),
            ("| S1.1 | a |", &[], Some("S1.1: `a` is no state")),
            ("| S1.1 |", &[], Some("S1.1: `` is no state")),
            ("|S1.1 | a | |", &[], Some("S1.1: `` is no state")),
            ("| S1.1 | a | n/a |", &[], Some("S1.1: `n/a` is no state")),
            ("| S1.x | a | open |", &[], Some("`S1.x` is no number")),
            ("| S1.1–C3 | a | open |", &[], Some("`S1.1–C3` is no number")),
            ("| S1.3–S1.1 | a | open |", &[], Some("`S1.3–S1.1` is no number")),
        ] {
            let expected: Vec<&str> = expected.into_iter().collect();
            assert_eq!(wrong(&format!("{head}{rows}"), numbers), expected, "{rows} {numbers:?}");
        }
    }

    #[test]
    fn a_number_that_stands_nowhere_may_not_be_cited() {
        for number in ["S9.9", "C99", "D99", "E99", "F99", "X99"] {
            let found = wrong("| S1.1 | a | open |", &[number]);
            let expected = format!("{number} is cited by {{\"file.rs::test\"}} and stands nowhere");
            assert_eq!(found, [expected]);
        }
    }

    #[test]
    fn the_codes_of_section_e_have_the_state_of_their_row() {
        let page =
            Page::parse("| E1 | `E-DNC` and `W-LONG`, not E-HOURS | done |\n| S1.1 | `E-STALE` | done |");
        let codes: Vec<_> = page.codes.iter().map(|(code, state)| (code.as_str(), *state)).collect();
        assert_eq!(codes, [("E-DNC", State::Done), ("W-LONG", State::Done)]);
    }

    #[test]
    fn tests_cite_in_doc_lines_and_names() {
        let source = "/// S1.31-S1.33, C3: last call.\n#[test]\nfn last() {}\n/// S1.2\nfn no_test() {}\n\
                      #[tokio::test]\nasync fn s0_27_from_a_call() {}\n\
                      /// S1.3\n#[test]\n#[ignore = \"slow\"]\nfn never_run() {}\n\
                      /// D1, E12, F2, X10. U+00E9, 0xE3, E1a, Ex, É1, C1000, E-DNC are none.\n#[test]\nfn others() {}\n";
        let found = tests_of(source);
        let shown: Vec<String> = found
            .iter()
            .map(|(name, cited)| {
                format!("{name} {}", cited.iter().map(Number::to_string).collect::<Vec<_>>().join(" "))
            })
            .collect();
        assert_eq!(shown, ["last C3 S1.31 S1.33", "s0_27_from_a_call S0.27", "others D1 E12 F2 X10"]);
    }
}
