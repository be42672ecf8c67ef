//! Writes `docs/requirements-coverage.md`; exits 1 when a requirement is done without a test.

use std::path::Path;
use std::process::ExitCode;
use std::{fs, io};

use e2e::requirements::{Page, citations, coverage, mistakes};

fn main() -> io::Result<ExitCode> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = Page::parse(&fs::read_to_string(root.join("docs/requirements.md"))?);
    let citations = citations(&root)?;
    fs::write(root.join("docs/requirements-coverage.md"), coverage(&page, &citations))?;
    let found = mistakes(&page, &citations);
    for mistake in &found {
        io::Write::write_all(&mut io::stderr(), format!("{mistake}\n").as_bytes())?;
    }
    Ok(if found.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
