//! Parts of an export that a product takes as files of their own (S0.22).

use crate::import::Profile;

/// How much one part holds at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartLimits {
    /// Rows, without the header; at least 1.
    pub rows: u64,
    /// Bytes in the encoding of the file, its mark and the header included.
    pub bytes: u64,
}

impl PartLimits {
    /// What one file of the product takes. Rows of a list are cut so that each part fits into a list of its own (S1.12).
    #[must_use]
    pub fn of(profile: &Profile, list: bool) -> Self {
        let most = |limit: Option<u64>| limit.unwrap_or(u64::MAX);
        let leads = if list { profile.max_leads } else { None };
        Self { rows: most(profile.max_rows).min(most(leads)), bytes: most(profile.max_bytes) }
    }

    /// With limits that were asked for; the smaller ones hold.
    #[must_use]
    pub fn and(self, rows: Option<u64>, bytes: Option<u64>) -> Self {
        Self {
            rows: self.rows.min(rows.unwrap_or(u64::MAX)).max(1),
            bytes: self.bytes.min(bytes.unwrap_or(u64::MAX)),
        }
    }

    /// Whether it bounds anything.
    #[must_use]
    pub fn bounds(self) -> bool {
        self.rows < u64::MAX || self.bytes < u64::MAX
    }
}

/// One part of an export. Each has the mark and the header of the whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Part {
    /// Rows, without the header.
    pub rows: u64,
    /// Its length.
    pub bytes: u64,
}

/// Why rows cannot be cut into parts as they were to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub enum Misfit {
    /// One row is longer than a part may be.
    Row {
        /// Which, from 1, the header not counted.
        row: u64,
        /// How long a part of it alone is.
        bytes: u64,
    },
    /// There would be more than [`Part::MOST`].
    Parts,
}

impl Part {
    /// Most parts of one export: their names have three digits.
    pub const MOST: usize = 999;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::sheet::Sheet;
    use super::super::{ExportEncoding, ExportOptions, ExportReport};
    use super::*;

    fn cut(texts: &[String], options: &ExportOptions) -> (Vec<u8>, ExportReport) {
        let mut sheet = Sheet::new(Vec::new(), options, ["会社名", "電話番号"]).unwrap();
        for text in texts {
            sheet.text(text).unwrap();
            sheet.cell("03-1234-5678").unwrap();
            sheet.end_row().unwrap();
        }
        sheet.finish().unwrap()
    }

    /// The bytes of each part.
    fn parts<'a>(bytes: &'a [u8], report: &ExportReport) -> Vec<&'a [u8]> {
        let mut rest = bytes;
        let parts = report.parts.iter().map(|part| {
            let (part, behind) = rest.split_at(usize::try_from(part.bytes).unwrap());
            rest = behind;
            part
        });
        let parts = parts.collect();
        assert!(rest.is_empty());
        parts
    }

    proptest! {
        /// S0.22: every part is within the limits in the bytes of its encoding, begins like the whole, ends with a row, and all of
        /// them together are the whole.
        #[test]
        fn parts_are_within_the_limits_and_together_the_whole(
            texts in proptest::collection::vec("[a会①,\"\n=]{0,9}", 0..40),
            encoding in 0..3_usize,
            (no_header, no_quotes) in any::<(bool, bool)>(),
            (rows, bytes) in (1..9_u64, 90..300_u64),
        ) {
            let encoding = [ExportEncoding::Cp932, ExportEncoding::Utf8, ExportEncoding::Utf8Bom][encoding];
            let whole = ExportOptions { encoding, no_header, no_quotes, ..ExportOptions::default() };
            let split = Some(PartLimits { rows, bytes });
            let (written, report) = cut(&texts, &ExportOptions { split, ..whole.clone() });
            prop_assert_eq!(report.misfit, None);
            let (expected, all) = cut(&texts, &whole);
            prop_assert_eq!(&all.parts, &[Part { rows: texts.len() as u64, bytes: expected.len() as u64 }]);
            let head = cut(&[], &whole).0.len();
            let mut together = expected[..head].to_vec();
            for (at, (part, told)) in parts(&written, &report).into_iter().zip(&report.parts).enumerate() {
                prop_assert!(told.rows <= rows && told.bytes <= bytes);
                prop_assert!(told.rows > 0 || (at == 0 && texts.is_empty()));
                prop_assert!(part.starts_with(&expected[..head]));
                prop_assert!(part.len() == head || part.ends_with(b"\r\n"));
                together.extend_from_slice(&part[head..]);
            }
            prop_assert_eq!(together, expected);
            prop_assert_eq!(report.parts.iter().map(|part| part.rows).sum::<u64>(), report.rows);
            // What gave way is told with its part.
            for cell in &report.replaced {
                let part = parts(&written, &report)[cell.part.unwrap() as usize - 1];
                let text = match encoding {
                    ExportEncoding::Cp932 => encoding_rs::SHIFT_JIS.decode(part).0.into_owned(),
                    _ => String::from_utf8(part.to_vec()).unwrap(),
                };
                let line = text.trim_start_matches('\u{FEFF}').split("\r\n").nth(cell.row as usize - 1);
                prop_assert!(line.is_some_and(|line| line.contains(&cell.written)), "{:?} {:?}", cell, text);
            }
        }
    }

    #[test]
    fn a_row_that_no_part_holds_is_named() {
        let texts = ["短い".to_owned(), "長".repeat(100)];
        let split = Some(PartLimits { rows: 5, bytes: 200 });
        let options = ExportOptions { encoding: ExportEncoding::Utf8, split, ..ExportOptions::default() };
        assert_eq!(cut(&texts, &options).1.misfit, Some(Misfit::Row { row: 2, bytes: 24 + 300 + 15 }));
        let split = Some(PartLimits { rows: 1, bytes: u64::MAX });
        let many: Vec<String> = (0..1_000).map(|row| row.to_string()).collect();
        let report = cut(&many, &ExportOptions { split, ..options }).1;
        assert_eq!((report.misfit, report.parts.len()), (Some(Misfit::Parts), Part::MOST));
    }

    #[test]
    fn a_product_s_limits_hold_and_smaller_ones_that_were_asked_for() {
        let miitel = Profile::named("miitel").unwrap();
        assert_eq!(PartLimits::of(miitel, false), PartLimits { rows: 10_000, bytes: 2 * 1024 * 1024 });
        assert_eq!(PartLimits::of(miitel, true).rows, 5_000);
        let asked = PartLimits::of(miitel, false).and(Some(20_000), Some(1_000));
        assert_eq!(asked, PartLimits { rows: 10_000, bytes: 1_000 });
        assert!(!PartLimits::of(Profile::named("open").unwrap(), true).bounds());
        assert!(PartLimits::of(Profile::named("calltree").unwrap(), true).bounds());
    }
}
