//! Turns: the order in which a list is dialed.
//!
//! A lead's turn is its position unless its list has another order; then the turns are written anew, slice by slice, when
//! the order is chosen and after imports. Until that is done, new leads come behind all others ([`APPENDED`]), those of
//! an import that is not committed behind the list's visible end, where no claim looks.

use rusqlite::Connection;

use super::{all, exec};
use crate::id::ListId;
use crate::model::DialOrder;

/// The turn of a lead that is put on a list at `position`.
pub(super) fn turn_of_new(order: DialOrder, position: i64) -> i64 {
    if order == DialOrder::Position { position } else { APPENDED + position }
}

/// The last turn a claim may look at: leads behind it belong to an import that is not committed.
pub(super) fn last_visible(order: DialOrder, visible_position: i64) -> i64 {
    turn_of_new(order, visible_position)
}

/// Writes the turns of at most `most` leads behind `after` by the list's order; returns the last position, `None` when
/// nothing is left.
pub(super) fn reorder(
    db: &Connection,
    list: ListId,
    order: DialOrder,
    after: i64,
    most: usize,
) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT rowid, position, turn, round,
                 (SELECT k.name_rank FROM lead_categories m JOIN (
                    SELECT id, row_number() OVER (ORDER BY name_key) AS name_rank FROM categories) k
                  ON k.id = m.category_id WHERE m.lead_id = leads.id AND m.position = 1)
               FROM leads WHERE list_id = ?1 AND position > ?2 AND position <= (
                 SELECT visible_position FROM lists WHERE id = ?1) ORDER BY position LIMIT ?3";
    // Ranks are looked up for the one order that needs them only.
    let plain = "SELECT rowid, position, turn, round, NULL FROM leads WHERE list_id = ?1 AND position > ?2
                   AND position <= (SELECT visible_position FROM lists WHERE id = ?1) ORDER BY position LIMIT ?3";
    let sql = if order == DialOrder::Category { sql } else { plain };
    let leads: Vec<(i64, i64, i64, Option<i64>)> =
        all(db, sql, (list, after, most as i64), |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(4)?)))?;
    for (row, position, turn, rank) in &leads {
        let wanted = turn_by(order, list, *position, *rank);
        if wanted != *turn {
            exec(db, "UPDATE leads SET turn = ?2 WHERE rowid = ?1", (row, wanted))?;
        }
    }
    Ok(leads.last().map(|(_, position, ..)| *position))
}

/// Below [`APPENDED`] in every order.
fn turn_by(order: DialOrder, list: ListId, position: i64, category: Option<i64>) -> i64 {
    match order {
        DialOrder::Position => position,
        DialOrder::Newest => -position,
        DialOrder::Category => (category.unwrap_or(NO_CATEGORY) << POSITION_BITS) | position,
        DialOrder::Random => shuffled(list, position),
    }
}

/// The same for the same lead whenever it is asked, so that a round goes on where it was after a stop. SplitMix64.
fn shuffled(list: ListId, position: i64) -> i64 {
    // The low bits of an identifier are random.
    let mut x = (list.0 as u64) ^ position.cast_unsigned().wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((x ^ (x >> 31)) >> 12).cast_signed()
}

/// Above every turn that an order gives.
const APPENDED: i64 = 1 << 56;
/// A list may have so many positions, and the system so many categories, that both fit under [`APPENDED`].
const POSITION_BITS: u32 = 34;
/// Behind all categories.
const NO_CATEGORY: i64 = (1 << 21) - 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_stays_below_what_is_appended() {
        for order in [DialOrder::Position, DialOrder::Newest, DialOrder::Category, DialOrder::Random] {
            for position in [1, 200_000, (1 << POSITION_BITS) - 1] {
                assert!(turn_by(order, ListId(7), position, None) < APPENDED, "{order} {position}");
                assert!(turn_by(order, ListId(7), position, Some(9)) < turn_of_new(DialOrder::Random, 1));
            }
        }
    }

    #[test]
    fn a_shuffle_is_the_same_tomorrow_and_another_for_another_list() {
        let of = |list: u128| -> Vec<i64> {
            let mut positions: Vec<i64> = (1..=1000).collect();
            positions.sort_by_key(|position| shuffled(ListId(list), *position));
            positions
        };
        assert_eq!(of(5), of(5));
        assert_ne!(of(5), of(6));
        let kept = of(5).iter().enumerate().filter(|(at, position)| *at as i64 + 1 == **position).count();
        assert!(kept < 20, "{kept} leads kept their place");
    }
}
