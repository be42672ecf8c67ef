//! Tables on a terminal in which Japanese characters take two columns.

/// Columns a text takes on a terminal: 2 for wide and full-width characters, 0 for combining ones.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

fn char_width(c: char) -> usize {
    match u32::from(c) {
        // Combining marks, zero-width signs, variation selectors, the two kana voicing marks.
        0x0300..=0x036F
        | 0x200B..=0x200F
        | 0x3099..=0x309A
        | 0xFE00..=0xFE0F
        | 0xFEFF
        | 0xE0100..=0xE01EF => 0,
        // Unicode's East Asian Width W and F.
        0x1100..=0x115F
        | 0x2E80..=0x303E
        | 0x3041..=0x33FF
        | 0x3400..=0x4DBF
        | 0x4E00..=0xA4CF
        | 0xA960..=0xA97C
        | 0xAC00..=0xD7A3
        | 0xF900..=0xFAFF
        | 0xFE30..=0xFE6F
        | 0xFF01..=0xFF60
        | 0xFFE0..=0xFFE6
        | 0x1F300..=0x1F64F
        | 0x1F680..=0x1F6FF
        | 0x1F900..=0x1FAFF
        | 0x20000..=0x3FFFD => 2,
        _ => 1,
    }
}

/// A text safe to print in one line: the end of a line in it is shown as `↵`; other control characters, which come from files and from
/// the network, become `?`.
pub(super) fn clean(text: &str) -> String {
    text.replace("\r\n", "\n")
        .chars()
        .map(|c| match c {
            '\n' => '↵',
            '\t' => ' ',
            c if c.is_control() || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}') => '?',
            c => c,
        })
        .collect()
}

/// A text of at most `most` columns, `…` at its end if it was longer.
pub(super) fn shorten(text: &str, most: usize) -> String {
    if width(text) <= most {
        return text.to_owned();
    }
    let mut short = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += char_width(c);
        if used > most {
            break;
        }
        short.push(c);
    }
    short.push('…');
    short
}

/// Rows under a head; columns as wide as their widest cell, separated by two spaces.
#[derive(Debug)]
pub(super) struct Table {
    rows: Vec<Vec<String>>,
    right: Vec<usize>,
    most: usize,
}

impl Table {
    pub(super) fn new(head: &[&str]) -> Self {
        Self {
            rows: vec![head.iter().map(|cell| (*cell).to_owned()).collect()],
            right: Vec::new(),
            most: MOST,
        }
    }

    /// Columns aligned to the right: numbers.
    pub(super) fn right(mut self, columns: &[usize]) -> Self {
        self.right = columns.to_vec();
        self
    }

    /// Cells of any length: texts that say what to do must be whole.
    pub(super) fn whole(mut self) -> Self {
        self.most = usize::MAX;
        self
    }

    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let most = self.most;
        self.rows.push(cells.into_iter().map(|cell| shorten(&clean(&cell), most)).collect());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.len() == 1
    }

    pub(super) fn lines(&self) -> Vec<String> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widest = |column: usize| {
            self.rows.iter().filter_map(|row| row.get(column)).map(|cell| width(cell)).max().unwrap_or(0)
        };
        let widths: Vec<_> = (0..columns).map(widest).collect();
        let line = |row: &Vec<String>| {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                let space = " ".repeat(widths[column] - width(cell));
                if self.right.contains(&column) {
                    line.push_str(&space);
                    line.push_str(cell);
                } else {
                    line.push_str(cell);
                    line.push_str(&space);
                }
                line.push_str("  ");
            }
            line.trim_end().to_owned()
        };
        self.rows.iter().map(line).collect()
    }
}

/// Cells longer than this are shortened; `--json` has the whole text.
const MOST: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn japanese_columns_line_up() {
        let mut table = Table::new(&["会社", "No", "結果"]).right(&[1]);
        table.row(["株式会社サンプル", "7", "不通"].map(str::to_owned));
        table.row(["ABC", "123", "FAX"].map(str::to_owned));
        assert_eq!(
            table.lines(),
            ["会社               No  結果", "株式会社サンプル    7  不通", "ABC               123  FAX"]
        );
    }

    #[test]
    fn widths_of_kana_marks_and_half_width_forms() {
        assert_eq!(width("ｶﾌﾞ"), 3);
        assert_eq!(width("か\u{3099}"), 2);
        assert_eq!(width("㈱髙﨑"), 6);
        assert_eq!(width("𠮷"), 2);
        assert_eq!(shorten("取引先会社名", 7), "取引先…");
        assert_eq!(shorten("abc", 3), "abc");
    }

    #[test]
    fn a_cell_cannot_drive_the_terminal() {
        assert_eq!(clean("a\u{1b}[2Jb\r\nc\u{202e}d"), "a?[2Jb↵c?d");
    }
}
