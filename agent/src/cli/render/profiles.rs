//! Profiles, each with a line of what it is.

use protocol::Lang;
use protocol::result::ProfileRow;

use crate::cli::output::{Closed, Out};
use crate::cli::table::Table;

pub(crate) fn profiles(rows: &[ProfileRow], out: Out) -> Result<(), Closed> {
    let mut table = Table::new(&[
        out.text("プロファイル", "profile"),
        out.text("用途", "for"),
        out.text("1ファイルの行数", "rows a file"),
        out.text("1リストの件数", "leads a list"),
        out.text("規則", "rules"),
    ])
    .right(&[2, 3])
    .whole();
    for row in rows {
        let most = |limit: Option<u64>| limit.map_or_else(|| "-".to_owned(), |most| most.to_string());
        table.row([
            row.name.clone(),
            what(row, out),
            most(row.max_rows),
            most(row.max_leads),
            rules(row, out),
        ]);
    }
    out.table(&table)
}

/// Whose rules they are.
fn what(row: &ProfileRow, out: Out) -> String {
    if let Some(base) = &row.base {
        return match out.lang {
            Lang::Ja => format!("設定ファイルで定義(元は {base})"),
            Lang::En => format!("of the configuration, after {base}"),
        };
    }
    let known = match row.name.as_str() {
        "open" => out.text("製品を問わない(既定)", "no product in particular (the default)"),
        "miitel" => "MiiTel",
        "calltree" => "CALLTREE",
        "zoho" => "Zoho CRM",
        other => other,
    };
    known.to_owned()
}

/// What it asks of a file, in short.
fn rules(row: &ProfileRow, out: Out) -> String {
    let header = |word: &str| match word {
        "required" => out.text("見出し行が必要", "a header needed"),
        "none" => out.text("見出し行なし", "no header"),
        _ => out.text("見出し行は自動判別", "a header is found out"),
    };
    let names = |word: &str| match word {
        "both" => out.text("会社と担当者が必要", "company and person needed"),
        "person" => out.text("担当者が必要", "a person needed"),
        "none" => out.text("番号だけでよい", "the number is enough"),
        _ => out.text("会社か担当者が必要", "a company or a person needed"),
    };
    let both = |of: &dyn Fn(&str) -> &'static str, list: &str, contact: &str| match list == contact {
        true => of(list).to_owned(),
        false => {
            let contacts = out.text("連絡先:", "contacts:");
            format!("{} ({contacts} {})", of(list), of(contact))
        }
    };
    let mut said = vec![
        both(&header, &row.list_header, &row.contact_header),
        both(&names, &row.list_required, &row.contact_required),
    ];
    for (holds, text) in [
        (row.fixed_names, out.text("列名は固定", "fixed names of columns")),
        (row.no_quotes, out.text("引用符なし", "no quotation marks")),
        (row.one_number, out.text("1行に1番号", "one number a row")),
    ] {
        if holds {
            said.push(text.to_owned());
        }
    }
    if let Some(encoding) = &row.encoding {
        said.push(format!("{} {encoding}", out.text("文字コード", "encoding")));
    }
    let delimiter = match row.delimiter.as_str() {
        "comma" => Some(out.text("コンマ区切り", "comma between cells")),
        "tab" => Some(out.text("タブ区切り", "tab between cells")),
        "semicolon" => Some(out.text("セミコロン区切り", "semicolon between cells")),
        _ => None,
    };
    said.extend(delimiter.map(str::to_owned));
    let columns: Vec<&str> = row.columns.iter().map(|column| column.name.as_str()).collect();
    if !columns.is_empty() {
        let between = out.text("・", ", ");
        said.push(format!("{} {}", out.text("独自の列名:", "its columns:"), columns.join(between)));
    }
    said.join(out.text("、", "; "))
}
