//! Reads a TOML tree key by key, with the line of every value, and goes on after a mistake: serde would stop at the
//! first one, and a person who fixes a file wants all of them.

use std::collections::BTreeSet;
use std::ops::{Range, RangeInclusive};
use std::str::FromStr;
use std::time::Duration;

use toml::de::{DeTable, DeValue};

use crate::duration;
use crate::error::{ConfigError, ErrorKind, Text, Warning};

/// Where a value stands.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    pub(crate) path: String,
    pub(crate) line: Option<usize>,
}

/// A value and its place.
#[derive(Clone, Debug)]
pub(crate) struct Found<T> {
    pub(crate) value: T,
    pub(crate) at: Place,
}

/// Collects mistakes and warnings of one file.
#[derive(Debug)]
pub(crate) struct Report {
    line_starts: Vec<usize>,
    pub(crate) errors: Vec<ConfigError>,
    pub(crate) warnings: Vec<Warning>,
}

impl Report {
    pub(crate) fn new(text: &str) -> Self {
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { line_starts, errors: Vec::new(), warnings: Vec::new() }
    }

    pub(crate) fn line(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= offset)
    }

    pub(crate) fn error(&mut self, kind: ErrorKind, at: &Place, message: impl Into<Text>) {
        self.errors.push(ConfigError { kind, path: at.path.clone(), line: at.line, message: message.into() });
    }

    pub(crate) fn invalid(&mut self, at: &Place, message: impl Into<Text>) {
        self.error(ErrorKind::Invalid, at, message);
    }

    pub(crate) fn warn(&mut self, at: &Place, message: impl Into<Text>) {
        self.warnings.push(Warning { path: at.path.clone(), line: at.line, message: message.into() });
    }
}

/// One table being read. Every getter remembers its key; [`Table::finish`] reports the keys nobody asked for.
pub(crate) struct Table<'a, 'i> {
    table: &'a DeTable<'i>,
    at: Place,
    asked: BTreeSet<String>,
}

impl<'a, 'i> Table<'a, 'i> {
    pub(crate) fn new(table: &'a DeTable<'i>, at: Place) -> Self {
        Self { table, at, asked: BTreeSet::new() }
    }

    /// The place of the table itself.
    pub(crate) fn at(&self) -> &Place {
        &self.at
    }

    /// The place a key has or would have.
    pub(crate) fn place(&self, key: &str) -> Place {
        let path = if self.at.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.at.path) };
        Place { path, line: self.at.line }
    }

    fn get(&mut self, key: &'static str, report: &Report) -> Option<Found<&'a DeValue<'i>>> {
        self.asked.insert(key.to_owned());
        let value = self.table.get(key)?;
        let mut at = self.place(key);
        at.line = Some(report.line(value.span().start));
        Some(Found { value: value.get_ref(), at })
    }

    /// The value as it stands, for keys with several shapes.
    pub(crate) fn any(&mut self, key: &'static str, report: &Report) -> Option<Found<&'a DeValue<'i>>> {
        self.get(key, report)
    }

    pub(crate) fn string(&mut self, key: &'static str, report: &mut Report) -> Option<Found<String>> {
        let found = self.get(key, report)?;
        if let Some(text) = found.value.as_str() {
            return Some(Found { value: text.to_owned(), at: found.at });
        }
        wrong_type(report, &found.at, found.value, TEXT);
        None
    }

    pub(crate) fn boolean(&mut self, key: &'static str, report: &mut Report) -> Option<Found<bool>> {
        let found = self.get(key, report)?;
        if let Some(value) = found.value.as_bool() {
            return Some(Found { value, at: found.at });
        }
        wrong_type(report, &found.at, found.value, ("true か false ", "true or false"));
        None
    }

    /// A whole number that fits `range`.
    pub(crate) fn integer(
        &mut self,
        key: &'static str,
        range: Range<u32>,
        report: &mut Report,
    ) -> Option<Found<u32>> {
        let found = self.get(key, report)?;
        let Some(number) = found.value.as_integer() else {
            wrong_type(report, &found.at, found.value, ("整数", "a whole number"));
            return None;
        };
        let value =
            i64::from_str_radix(number.as_str(), number.radix()).ok().and_then(|n| u32::try_from(n).ok());
        let value = value.filter(|n| range.contains(n));
        if value.is_none() {
            let (least, most) = (range.start, range.end - 1);
            report.invalid(
                &found.at,
                (
                    format!("{least} から {most} までの数を書いてください"),
                    format!("write a number from {least} to {most}"),
                ),
            );
        }
        Some(Found { value: value?, at: found.at })
    }

    /// A number from 0 to `most`, with or without a decimal point.
    pub(crate) fn decimal(
        &mut self,
        key: &'static str,
        most: u32,
        report: &mut Report,
    ) -> Option<Found<f64>> {
        let found = self.get(key, report)?;
        let value = match (found.value.as_integer(), found.value.as_float()) {
            (Some(number), _) => i64::from_str_radix(number.as_str(), number.radix())
                .ok()
                .map(|n| u32::try_from(n).map_or(-1.0, f64::from)),
            (None, Some(number)) => number.as_str().parse::<f64>().ok(),
            (None, None) => {
                wrong_type(report, &found.at, found.value, ("数", "a number"));
                return None;
            }
        };
        // Neither `nan` nor `inf`.
        let value = value.filter(|n| (0.0..=f64::from(most)).contains(n));
        if value.is_none() {
            let told = (
                format!("0 から {most} までの数を書いてください"),
                format!("write a number from 0 to {most}"),
            );
            report.invalid(&found.at, told);
        }
        Some(Found { value: value?, at: found.at })
    }

    /// A level in dBm0 that fits `range`, a whole number.
    pub(crate) fn level(
        &mut self,
        key: &'static str,
        range: RangeInclusive<i8>,
        report: &mut Report,
    ) -> Option<Found<i8>> {
        let found = self.get(key, report)?;
        let Some(number) = found.value.as_integer() else {
            wrong_type(report, &found.at, found.value, ("dBm0 の整数", "a whole number of dBm0"));
            return None;
        };
        let value =
            i64::from_str_radix(number.as_str(), number.radix()).ok().and_then(|n| i8::try_from(n).ok());
        let value = value.filter(|n| range.contains(n));
        if value.is_none() {
            let (least, most) = range.into_inner();
            report.invalid(
                &found.at,
                (
                    format!("{least} から {most} dBm0 までの値を書いてください"),
                    format!("write a level from {least} to {most} dBm0"),
                ),
            );
        }
        Some(Found { value: value?, at: found.at })
    }

    /// A duration such as `"30s"` from `min` to `max`.
    pub(crate) fn duration(
        &mut self,
        key: &'static str,
        min: Duration,
        max: Duration,
        report: &mut Report,
    ) -> Option<Found<Duration>> {
        let found = self.get(key, report)?;
        let Some(text) = found.value.as_str() else {
            wrong_type(
                report,
                &found.at,
                found.value,
                (
                    "引用符で囲んだ時間(\"30s\"、\"2m\"、\"500ms\" など)",
                    "a duration in quotes such as \"30s\", \"2m\" or \"500ms\"",
                ),
            );
            return None;
        };
        let Some(value) = duration::parse(text) else {
            report.invalid(
                &found.at,
                (
                    format!("{text:?} は時間ではありません。数字に ms、s、m、h、d を付けて \"30s\" のように書いてください"),
                    format!("{text:?} is not a duration; write a number with ms, s, m, h or d, such as \"30s\""),
                ),
            );
            return None;
        };
        if value < min || value > max {
            let (min, max) = (duration::format(min), duration::format(max));
            report.invalid(
                &found.at,
                (
                    format!("{text:?} は範囲外です。{min} から {max} までの時間を書いてください"),
                    format!("{text:?} is out of range; write a duration from {min} to {max}"),
                ),
            );
            return None;
        }
        Some(Found { value, at: found.at })
    }

    /// A text that `T` parses; `expected` completes "…を書いてください" and "write …".
    pub(crate) fn parsed<T: FromStr>(
        &mut self,
        key: &'static str,
        (ja, en): (&str, &str),
        report: &mut Report,
    ) -> Option<Found<T>> {
        let found = self.string(key, report)?;
        let Ok(value) = found.value.trim().parse() else {
            let text = found.value;
            report.invalid(
                &found.at,
                (
                    format!("{text:?} を読み取れません。{ja}を書いてください"),
                    format!("{text:?} is not understood; write {en}"),
                ),
            );
            return None;
        };
        Some(Found { value, at: found.at })
    }

    /// One word of a fixed set.
    pub(crate) fn choice<T: Copy>(
        &mut self,
        key: &'static str,
        choices: &[(&str, T)],
        report: &mut Report,
    ) -> Option<Found<T>> {
        let found = self.string(key, report)?;
        let Some((_, value)) = choices.iter().find(|(word, _)| *word == found.value) else {
            let words: Vec<_> = choices.iter().map(|(word, _)| format!("{word:?}")).collect();
            let (text, words) = (found.value, words.join(", "));
            report.invalid(
                &found.at,
                (
                    format!("{text:?} は指定できません。次のいずれかを書いてください: {words}"),
                    format!("{text:?} is not known; write one of {words}"),
                ),
            );
            return None;
        };
        Some(Found { value: *value, at: found.at })
    }

    /// A list of texts, each with its place; other element types are reported and left out. TOML's own dates count as
    /// their text.
    pub(crate) fn strings(
        &mut self,
        key: &'static str,
        report: &mut Report,
    ) -> Option<Found<Vec<Found<String>>>> {
        let found = self.get(key, report)?;
        let Some(items) = found.value.as_array() else {
            let list = ("[\"…\", \"…\"] のような並び", "a list such as [\"…\", \"…\"]");
            wrong_type(report, &found.at, found.value, list);
            return None;
        };
        let mut texts = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let at = Place {
                path: format!("{}[{index}]", found.at.path),
                line: Some(report.line(item.span().start)),
            };
            match item.get_ref() {
                DeValue::String(text) => texts.push(Found { value: text.to_string(), at }),
                DeValue::Datetime(date) => texts.push(Found { value: date.to_string(), at }),
                other => wrong_type(report, &at, other, TEXT),
            }
        }
        Some(Found { value: texts, at: found.at })
    }

    /// A sub-table, from `[key]` or `key = { … }`.
    pub(crate) fn table(&mut self, key: &'static str, report: &mut Report) -> Option<Self> {
        let found = self.get(key, report)?;
        if let Some(table) = found.value.as_table() {
            return Some(Self::new(table, found.at));
        }
        let path = &found.at.path;
        let expected = (&*format!("[{path}] の節"), &*format!("a section [{path}]"));
        wrong_type(report, &found.at, found.value, expected);
        None
    }

    /// The sub-tables under names that the file chose: those that nobody asked for so far.
    pub(crate) fn others(&mut self, report: &Report) -> Vec<(String, Self)> {
        let mut others = Vec::new();
        for (key, value) in self.table.iter() {
            let name = key.get_ref().as_ref();
            let Some(table) = value.get_ref().as_table().filter(|_| !self.asked.contains(name)) else {
                continue;
            };
            let mut at = self.place(name);
            at.line = Some(report.line(key.span().start));
            others.push((name.to_owned(), Self::new(table, at)));
        }
        self.asked.extend(others.iter().map(|(name, _)| name.clone()));
        others
    }

    /// The elements of `[[key]]`.
    pub(crate) fn tables(&mut self, key: &'static str, report: &mut Report) -> Vec<Self> {
        let Some(found) = self.get(key, report) else { return Vec::new() };
        let path = &found.at.path;
        let (ja, en) =
            (format!("[[{path}]] の節(かっこは2つ)"), format!("sections [[{path}]], with two brackets"));
        let Some(items) = found.value.as_array() else {
            wrong_type(report, &found.at, found.value, (&ja, &en));
            return Vec::new();
        };
        let mut tables = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let at = Place {
                path: format!("{}[{index}]", found.at.path),
                line: Some(report.line(item.span().start)),
            };
            match item.get_ref().as_table() {
                Some(table) => tables.push(Self::new(table, at)),
                None => wrong_type(report, &at, item.get_ref(), (&ja, &en)),
            }
        }
        tables
    }

    /// Reports every key that no getter asked for.
    pub(crate) fn finish(self, report: &mut Report) {
        for (key, _) in self.table.iter() {
            let name = key.get_ref().as_ref();
            if self.asked.contains(name) {
                continue;
            }
            let mut at = self.place(name);
            at.line = Some(report.line(key.span().start));
            let known = self.asked.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            report.error(
                ErrorKind::UnknownKey,
                &at,
                (
                    format!("このようなキーはありません。削除するか、名前を直してください(ここで使えるキー: {known})"),
                    format!("unknown key; remove it or correct its name (known here: {known})"),
                ),
            );
        }
    }
}

const TEXT: (&str, &str) = ("引用符で囲んだ文字列", "a text in quotes");

/// `expected` completes "…を書いてください" and "write …".
pub(crate) fn wrong_type(report: &mut Report, at: &Place, value: &DeValue<'_>, (ja, en): (&str, &str)) {
    let type_ja = match value {
        DeValue::String(_) => "文字列",
        DeValue::Integer(_) => "整数",
        DeValue::Float(_) => "小数",
        DeValue::Boolean(_) => "真偽値",
        DeValue::Datetime(_) => "日時",
        DeValue::Array(_) => "配列",
        DeValue::Table(_) => "テーブル",
    };
    report.error(
        ErrorKind::WrongType,
        at,
        (
            format!("TOML の{type_ja}になっています。{ja}を書いてください"),
            format!("this is a TOML {}; write {en}", value.type_str()),
        ),
    );
}
