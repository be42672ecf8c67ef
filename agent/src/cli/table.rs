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

/// A text in lines of at most `most` columns, which end between words where there are some, and begin with no sign that closes something
/// (行頭禁則).
pub(super) fn fold(text: &str, most: usize) -> Vec<String> {
    let (mut lines, mut line, mut used) = (Vec::new(), String::new(), 0);
    for c in text.chars() {
        let wide = char_width(c);
        if used + wide > most && !line.is_empty() {
            let at_space = line.rfind(' ').filter(|at| c != ' ' && *at > 0 && is_word(&line[at + 1..], c));
            let before_it = || line.char_indices().next_back().map(|(at, _)| at).filter(|at| *at > 0);
            let end = at_space.map(|at| at + 1).or_else(|| before_it().filter(|_| CLOSING.contains(c)));
            let rest = end.map(|end| line.split_off(end)).unwrap_or_default();
            lines.push(std::mem::replace(&mut line, rest).trim_end().to_owned());
            used = width(&line);
        }
        if line.is_empty() && c == ' ' && !lines.is_empty() {
            continue;
        }
        line.push(c);
        used += wide;
    }
    lines.push(line.trim_end().to_owned());
    lines
}

/// Whether a space before it is the place to break: Japanese is broken anywhere, a word or a command is not.
fn is_word(begun: &str, next: char) -> bool {
    begun.chars().chain([next]).all(|c| char_width(c) < 2)
}

/// Signs with which no line begins.
const CLOSING: &str = "、。，．）」』】〉》）,.;:)]}ー";

/// Rows under a head; columns as wide as their widest cell, separated by two spaces.
#[derive(Debug)]
pub(super) struct Table {
    rows: Vec<Vec<String>>,
    right: Vec<usize>,
    most: usize,
    /// What a line may take; the last column goes on below itself.
    within: Option<usize>,
}

impl Table {
    pub(super) fn new(head: &[&str]) -> Self {
        Self {
            rows: vec![head.iter().map(|cell| (*cell).to_owned()).collect()],
            right: Vec::new(),
            most: MOST,
            within: None,
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

    /// Lines of at most so many columns, where the terminal has them: the last column goes on below itself. `None`: as long as they are.
    pub(super) fn within(mut self, columns: Option<usize>) -> Self {
        self.within = columns;
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
        let before: usize =
            widths.iter().take(columns.saturating_sub(1)).map(|width| width + GAP.len()).sum();
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
                line.push_str(GAP);
            }
            line.trim_end().to_owned()
        };
        let Some(within) = self.within.filter(|within| before + widths.last().unwrap_or(&0) > *within) else {
            return self.rows.iter().map(line).collect();
        };
        // However narrow it is, words are read in a column and not letter by letter.
        let room = within.saturating_sub(before).max(NARROWEST);
        let folded = |row: &Vec<String>| {
            let mut cells = row.clone();
            let mut last = cells.get(columns - 1).map_or_else(Vec::new, |cell| fold(cell, room)).into_iter();
            if let Some(cell) = cells.get_mut(columns - 1) {
                *cell = last.next().unwrap_or_default();
            }
            let below = last.map(|text| format!("{}{text}", " ".repeat(before)));
            [line(&cells)].into_iter().chain(below).collect::<Vec<_>>()
        };
        self.rows.iter().flat_map(folded).collect()
    }
}

/// Cells longer than this are shortened; `--json` has the whole text.
const MOST: usize = 40;
/// Between columns.
const GAP: &str = "  ";
/// A column that goes on below itself is not made narrower.
const NARROWEST: usize = 24;

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
    fn a_line_ends_where_the_terminal_does() {
        assert_eq!(fold("番号を外すか、削除してください", 12), ["番号を外す", "か、削除して", "ください"]);
        assert_eq!(fold("Choose another one.", 9), ["Choose", "another", "one."]);
        assert_eq!(fold("`kakeru list` で確認", 10), ["`kakeru", "list` で確", "認"]);
        assert_eq!(fold("", 5), [""]);
        let mut table = Table::new(&["行", "コード", "内容"]).right(&[0]).whole();
        table.row(["12", "E-X", "電話番号ではありません。番号を直してください"].map(str::to_owned));
        let wide = table.lines();
        assert_eq!(table.within(Some(200)).lines(), wide);
        let mut table = Table::new(&["行", "コード", "内容"]).right(&[0]).whole().within(Some(40));
        table.row(["12", "E-X", "電話番号ではありません。番号を直してください"].map(str::to_owned));
        let lines = table.lines();
        assert_eq!(lines[1..], ["12  E-X     電話番号ではありません。番号", "            を直してください"]);
        assert!(lines.iter().all(|line| width(line) <= 40), "{lines:?}");
    }

    #[test]
    fn a_cell_cannot_drive_the_terminal() {
        assert_eq!(clean("a\u{1b}[2Jb\r\nc\u{202e}d"), "a?[2Jb↵c?d");
    }
}
