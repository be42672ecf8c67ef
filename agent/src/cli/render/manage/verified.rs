//! Figures that differ from a recount, and what settles them.

use protocol::result::{Mended, Mismatch};

use crate::cli::output::{Closed, Out};
use crate::cli::render::words;
use crate::cli::table::Table;

/// What was written anew: how many of each, and the first of them.
pub(crate) fn mended(done: &Mended, out: Out) -> Result<(), Closed> {
    let counts = [
        ("last result of lead", done.last_results),
        ("attempts of lead", done.attempts),
        ("due lead", done.due),
        ("blocked lead", done.blocked),
        ("leads with another owner than their number", done.owners),
        ("registered", done.registered),
    ];
    let written: Vec<_> = counts.into_iter().filter(|(_, count)| *count > 0).collect();
    if written.is_empty() {
        return out.line(out.text("書き直すものはありませんでした", "nothing had to be written anew"));
    }
    for (what, count) in written {
        let figure = words::figure(what, out);
        out.line(&format!("{figure}: {count}{}", out.text("件を書き直しました", " written anew")))?;
    }
    let head = [
        out.text("集計", "figure"),
        out.text("対象", "of"),
        out.text("変更前", "before"),
        out.text("変更後", "after"),
    ];
    let mut table = Table::new(&head);
    for row in &done.rows {
        // As `call --lead` takes it.
        let of = row.position.map_or_else(|| row.list.clone(), |position| format!("{}#{position}", row.list));
        let figure = words::figure(&row.what, out).into_owned();
        table.row([figure, of, row.before.clone(), row.after.clone()]);
    }
    if done.rows.is_empty() { Ok(()) } else { out.table(&table) }
}

pub(crate) fn verified(mismatches: &[Mismatch], out: Out) -> Result<(), Closed> {
    if mismatches.is_empty() {
        let text = out.text("すべての集計が通話記録と一致しました", "every figure equals the recount");
        return out.line(text);
    }
    let head = [
        out.text("集計", "figure"),
        out.text("対象", "of"),
        out.text("表示", "shown"),
        out.text("数え直し", "counted"),
    ];
    let mut table = Table::new(&head).right(&[2, 3]);
    for wrong in mismatches {
        table.row([
            words::figure(&wrong.what, out).into_owned(),
            wrong.key.clone(),
            wrong.shown.to_string(),
            wrong.counted.to_string(),
        ]);
    }
    out.table(&table)?;
    if mismatches.iter().any(|wrong| words::is_mended(&wrong.what)) {
        out.line(out.text(
            "保存している数字は kakeru stats --verify --mend で通話から書き直せます",
            "`kakeru stats --verify --mend` writes figures that are kept anew from the calls",
        ))?;
    }
    let settled: Vec<_> =
        mismatches.iter().filter_map(|wrong| words::settles(&wrong.what, &wrong.key)).collect();
    if settled.is_empty() {
        return Ok(());
    }
    let text = out.text("次のコマンドで別の人に渡せます", "these give it to somebody else");
    out.line(&format!("{text}:"))?;
    settled.iter().try_for_each(|command| out.line(&format!("  {command}")))
}
