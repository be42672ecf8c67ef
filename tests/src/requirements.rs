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
            None if word.starts_with(['C', 'X']) && digits(&word[1..]) => {
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
    /// Numbers that stand twice, and states that are no state.
    pub mistakes: Vec<String>,
}

impl Page {
    /// Reads the tables of the page.
    pub fn parse(text: &str) -> Self {
        let mut page = Self::default();
        for line in text.lines().filter(|line| line.starts_with("| ")) {
            let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
            let [first, .., last] = cells.as_slice() else { continue };
            let numbers = numbers(first);
            if numbers.is_empty() {
                continue;
            }
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
            for number in numbers {
                if page.states.insert(number.clone(), state).is_some() {
                    page.mistakes.push(format!("{number} stands twice"));
                }
            }
        }
        page
    }
}

/// The numbers of a first cell: `S3.17, S3.18` or `S2.1–S2.29`.
fn numbers(cell: &str) -> Vec<Number> {
    let mut all = Vec::new();
    for part in cell.split(", ") {
        match part.split_once('–') {
            Some((from, to)) => {
                let (Some(from), Some(to)) = (Number::parse(from), Number::parse(to)) else { continue };
                all.extend((from.item..=to.item).map(|item| Number { part: from.part.clone(), item }));
            }
            None => all.extend(Number::parse(part)),
        }
    }
    all
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

/// The tests of a file, with the numbers they cite.
fn tests_of(text: &str) -> Vec<(String, BTreeSet<Number>)> {
    let mut found = Vec::new();
    let mut cited = BTreeSet::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim) {
        if let Some(doc) = line.strip_prefix("///") {
            let words = doc.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '.');
            cited.extend(words.filter_map(|word| Number::parse(word.trim_end_matches('.'))));
        } else if line.starts_with("#[") {
            is_test |= line == "#[test]" || line.starts_with("#[tokio::test");
        } else {
            if is_test && let Some(name) = function_name(line) {
                cited.extend(numbers_in_name(name));
                found.push((name.to_owned(), std::mem::take(&mut cited)));
            }
            cited.clear();
            is_test = false;
        }
    }
    found
}

fn function_name(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("fn ")?;
    rest.split(['(', '<']).next()
}

/// `s1_24_many_owners` cites S1.24.
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
    let unknown = citations
        .iter()
        .filter(|(number, _)| number.part.starts_with('S') && !page.states.contains_key(number));
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

    #[test]
    fn a_number_twice_and_a_number_untested_are_mistakes() {
        let page = Page::parse(
            "| S1.1 | a | done |\n| S1.1 | b | open |\n| C2, X3 | c | done |\n| S1.4–S1.6 | d | perhaps |",
        );
        let citations = BTreeMap::from([(Number::parse("S9.9").unwrap(), BTreeSet::from(["t".to_owned()]))]);
        let found = mistakes(&page, &citations);
        let expected =
            ["S1.1 stands twice", "`perhaps` is no state", "C2 is done", "X3 is done", "S9.9 is cited"];
        for part in expected {
            assert!(found.iter().any(|mistake| mistake.contains(part)), "{part}: {found:?}");
        }
    }

    #[test]
    fn tests_cite_in_doc_lines_and_names() {
        let source = "/// S1.31-S1.33, C3: last call.\n#[test]\nfn last() {}\n/// S1.2\nfn no_test() {}\n\
                      #[tokio::test]\nasync fn s0_27_from_a_call() {}\n";
        let found = tests_of(source);
        let shown: Vec<String> = found
            .iter()
            .map(|(name, cited)| {
                format!("{name} {}", cited.iter().map(Number::to_string).collect::<Vec<_>>().join(" "))
            })
            .collect();
        assert_eq!(shown, ["last C3 S1.31 S1.33", "s0_27_from_a_call S0.27"]);
    }
}
