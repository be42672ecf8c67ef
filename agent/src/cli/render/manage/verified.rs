//! Figures that differ from a recount, and what settles them.

use protocol::result::Mismatch;

use crate::cli::output::{Closed, Out};
use crate::cli::render::words;
use crate::cli::table::Table;

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
    let settled: Vec<_> =
        mismatches.iter().filter_map(|wrong| words::settles(&wrong.what, &wrong.key)).collect();
    if settled.is_empty() {
        return Ok(());
    }
    let text = out.text("次のコマンドで別の人に渡せます", "these give it to somebody else");
    out.line(&format!("{text}:"))?;
    settled.iter().try_for_each(|command| out.line(&format!("  {command}")))
}
