//! Files for a product that takes only so much at a time.

use std::fmt::Write as _;

use super::*;
use crate::export::{ExportReport, Part, PartLimits};
use crate::import::Profile;

/// Rows of a sheet; every seventh company would be quoted, run or written otherwise.
fn sheet(rows: usize, long: usize) -> ImportSource {
    let mut text = "会社名,担当者名,電話番号,カテゴリー\r\n".to_owned();
    for row in 0..rows {
        let company = match row % 7 {
            0 => format!("\"=株, {row}\""),
            _ => format!("㈱会社{row}{}", "長い名".repeat(long)),
        };
        let _ = write!(text, "{company},担当{row},03{:08},新規|東京\r\n", 30_000_000 + row);
    }
    ImportSource::Bytes(text.into_bytes())
}

/// The parts as files, each within what the profile takes.
fn cut(path: &Path, report: &ExportReport, limits: PartLimits) -> Vec<Vec<u8>> {
    let whole = std::fs::read(path).unwrap();
    let mut rest = &whole[..];
    let parts = report.parts.iter().map(|Part { rows, bytes }| {
        assert!(*rows <= limits.rows && *bytes <= limits.bytes, "{rows} rows, {bytes} bytes");
        let (part, behind) = rest.split_at(usize::try_from(*bytes).unwrap());
        rest = behind;
        part.to_vec()
    });
    let parts = parts.collect();
    assert!(rest.is_empty());
    parts
}

async fn all(store: &Store, list: ListId) -> Vec<(Option<String>, Option<String>, String, Vec<String>)> {
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let query = ListQuery { list, after, limit: 1000, filter: LeadFilter::default() };
        let leads = store.show_list(query).await.unwrap();
        let Some(last) = leads.last() else { return found };
        after = Some(last.position);
        found.extend(leads.into_iter().map(|lead| (lead.company, lead.person, lead.phone, lead.categories)));
    }
}

/// S0.22, S1.12, S4.26, C4, C5: each part of a list is a file that the product takes, and all of them bring the whole list: into
/// lists of 5,000 for `miitel`, into one for `calltree`.
#[tokio::test]
async fn every_part_of_a_list_is_taken_by_the_product_it_is_for() {
    for (name, rows, long, encoding, expected) in [
        ("miitel", 12_000, 0, ExportEncoding::Utf8Bom, 3),
        // 5,000 rows of these are more than 2 MiB.
        ("miitel", 6_000, 60, ExportEncoding::Cp932, 2),
        ("calltree", 50_010, 0, ExportEncoding::Cp932, 2),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (store, first, second) = store(folder.path()).await;
        import(&store, first, sheet(rows, long), ImportOptions::default()).await.unwrap();
        let profile = Profile::named(name).unwrap();
        let limits = PartLimits::of(profile, true);
        let path = folder.path().join("out.csv");
        let options = ExportOptions {
            path: path.clone(),
            encoding,
            without_results: true,
            split: Some(limits),
            ..ExportOptions::default()
        };
        let report = store.export_list(first, options.for_lists(profile)).await.unwrap();
        assert_eq!((report.rows, report.parts.len()), (rows as u64, expected), "{name}");
        let mut together = Vec::new();
        let project = store.list_by_name(&first.to_string()).await.unwrap().project;
        for (at, part) in cut(&path, &report, limits).into_iter().enumerate() {
            let spec = ListSpec { name: format!("part {at}"), project };
            let of_its_own = store.create_list(spec, Actor::default(), NOW).await.unwrap().id;
            let into = if name == "miitel" { of_its_own } else { second };
            let part = ImportSource::Bytes(part);
            let taken = import(&store, into, part, ImportOptions::for_lists(profile)).await.unwrap();
            assert_eq!(
                (taken.applied, taken.inserted),
                (true, report.parts[at].rows),
                "{:?}",
                taken.problems
            );
            if name == "miitel" {
                together.extend(all(&store, into).await);
            }
        }
        if name == "calltree" {
            together = all(&store, second).await;
        }
        // MiiTel takes no comma.
        let given: Vec<_> = all(&store, first).await;
        let given = given.into_iter().map(|(company, person, phone, categories)| {
            let company = company.map(|name| if profile.no_quotes { name.replace(',', "，") } else { name });
            (company, person, phone, categories)
        });
        assert!(given.eq(together), "{name}");
        store.close().await;
    }
}

/// S0.22: the contact book, 10,000 rows a file and without a header.
#[tokio::test]
async fn every_part_of_the_contact_book_is_taken() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (from, list, _) = store(here.path()).await;
    import(&from, list, sheet(10_500, 0), ImportOptions::default()).await.unwrap();
    let profile = Profile::named("miitel").unwrap();
    let limits = PartLimits::of(profile, false);
    let book = async |store: &Store, path: &Path, split| {
        let options = ExportOptions { path: path.to_owned(), split, ..ExportOptions::default() };
        store.export_contacts(options.for_contacts(profile)).await.unwrap()
    };
    let path = here.path().join("book.csv");
    let report = book(&from, &path, Some(limits)).await;
    assert_eq!(report.parts.iter().map(|part| part.rows).collect::<Vec<_>>(), [10_000, 500]);
    let (into, ..) = store(there.path()).await;
    for part in cut(&path, &report, limits) {
        let part = String::from_utf8(part).unwrap();
        let taken = into_the_book(&into, &part, ImportOptions::for_contacts(profile)).await.unwrap();
        assert!(taken.applied && taken.refused == 0, "{:?}", taken.problems);
    }
    let (one, two) = (here.path().join("one.csv"), there.path().join("two.csv"));
    book(&from, &one, None).await;
    book(&into, &two, None).await;
    let lines = |path: &Path| {
        let text = std::fs::read_to_string(path).unwrap();
        let mut lines: Vec<String> = text.trim_start_matches('\u{FEFF}').lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(lines(&one), lines(&two));
}
