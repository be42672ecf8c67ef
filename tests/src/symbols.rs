//! The functions of a program, and the linker script that names some of them (ADR 0007).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use crate::process;

/// The linker script.
pub const LIST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../agent/hot.ld");

/// The program's functions and their sizes in bytes.
#[derive(Debug)]
pub struct Symbols {
    sizes: BTreeMap<String, u64>,
    /// How many functions have the same name but for the compiler's hash.
    alike: HashMap<String, usize>,
}

impl Symbols {
    /// Those of a program that was not stripped.
    ///
    /// # Panics
    /// When `nm` cannot read it.
    pub fn of(binary: &Path) -> Self {
        let mut command = Command::new(process::program("nm", "binutils"));
        let text = process::output_of(command.args(["-S", "--defined-only"]).arg(binary));
        let sizes: BTreeMap<String, u64> = text
            .lines()
            .filter_map(|line| {
                let mut fields = line.split_whitespace();
                let (_, size, kind, name) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
                let code = kind.eq_ignore_ascii_case("t");
                code.then_some((name.to_owned(), u64::from_str_radix(size, 16).ok()?))
            })
            .collect();
        let mut alike = HashMap::new();
        for name in sizes.keys() {
            *alike.entry(pattern(name)).or_default() += 1;
        }
        Self { sizes, alike }
    }

    /// Names for the linker. The hash in a name changes with the compiler, so a `*` stands for it, but where that
    /// would draw in many functions of generic code that did not run.
    pub fn patterns(&self, run: &BTreeSet<String>) -> Vec<String> {
        let mut of = HashMap::<String, usize>::new();
        let ours = || run.iter().filter(|name| self.sizes.contains_key(*name));
        for name in ours() {
            *of.entry(pattern(name)).or_default() += 1;
        }
        let names: BTreeSet<String> = ours()
            .map(|name| {
                let short = pattern(name);
                let (ran, all) = (of[&short], self.alike.get(&short).copied().unwrap_or_default());
                if all > 2 * ran && all > 4 { name.clone() } else { short }
            })
            .collect();
        names.into_iter().collect()
    }

    /// Whether the program has a function of this name or pattern, or one whose name differs in what the compiler
    /// draws.
    pub fn have(&self, name: &str) -> bool {
        let alike = |name: &str| self.alike.contains_key(name);
        self.sizes.contains_key(name) || alike(name) || alike(&pattern(name))
    }

    /// Bytes of code that these names stand for.
    pub fn bytes(&self, names: &[String]) -> u64 {
        let names: BTreeSet<&String> = names.iter().collect();
        let taken =
            self.sizes.iter().filter(|(name, _)| names.contains(name) || names.contains(&pattern(name)));
        taken.map(|(_, size)| size).sum()
    }
}

/// The name with a `*` for what the compiler draws: `…17h` and sixteen digits, or the `Cs…_` of a crate.
fn pattern(name: &str) -> String {
    if let Some(at) = name.rfind("17h").filter(|_| name.starts_with("_ZN")) {
        return format!("{}17h*", &name[..at]);
    }
    if !name.starts_with("_R") {
        return name.to_owned();
    }
    let mut parts = name.split("Cs");
    let mut short = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let drawn = part.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(0);
        let _ = write!(short, "Cs*{}", &part[drawn..]);
    }
    short
}

/// The linker script for these functions.
pub fn script(names: &[String]) -> String {
    let mut text = String::from(
        "/* What runs in every call, side by side (ADR 0007). Written by `./x order`. */\n\
         SECTIONS\n{\n  .text.hot :\n  {\n",
    );
    for name in names {
        let _ = writeln!(text, "    *(.text.{name})");
    }
    text.push_str("  }\n}\nINSERT BEFORE .text;\n");
    text
}

/// The names in the linker script.
pub fn listed(script: &str) -> impl Iterator<Item = &str> {
    script.lines().filter_map(|line| line.trim().strip_prefix("*(.text.")?.strip_suffix(')'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_compiler_draws_is_no_part_of_a_name() {
        let name = "_ZN5store6handle5Store4save17h0123456789abcdefE";
        assert_eq!(pattern(name), "_ZN5store6handle5Store4save17h*");
        assert_eq!(pattern("_RNvCs1a2B_7___rustc12___rust_alloc"), "_RNvCs*_7___rustc12___rust_alloc");
        assert_eq!(pattern("sqlite3VdbeExec"), "sqlite3VdbeExec");
        // A pattern stands for itself.
        assert_eq!(pattern(&pattern(name)), pattern(name));
    }

    #[test]
    fn the_script_lists_what_it_was_written_for() {
        let names = ["main".to_owned(), "_ZN5store4open17h*".to_owned()];
        assert!(listed(&script(&names)).eq(names.iter().map(String::as_str)));
    }
}
