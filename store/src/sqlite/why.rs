//! Why a lead is dialed or not: the claim's own rules, as facts.

use rusqlite::{Connection, params_from_iter};

use super::checks::{self, Dial};
use super::list_edit;
use super::lists::{self, ListHead};
use super::{all, one, typed};
use crate::error::{DialRefusal, Doing, Error, Result};
use crate::id::{LeadId, ListId, UserId};
use crate::model::{DialOrder, LeadState, Origin, Round, WhyAnswer, WhyContext, WhyQuery, WhyReason, WhyRow};
use crate::phone::{Clir, Dialing, Phone};

/// A lead as the explanation needs it.
struct Lead {
    id: LeadId,
    list: ListId,
    position: i64,
    phone: String,
    clir: Option<String>,
    state: LeadState,
    round: u32,
    next_eligible_at: Option<i64>,
    skip_reason: Option<String>,
    excluded: bool,
    excluded_reason: Option<String>,
    claim_seat: Option<String>,
    attempts: u32,
    recall_at: Option<i64>,
    /// Its label.
    last_status: Option<String>,
    company: Option<String>,
    owner: Option<UserId>,
    /// Login of the owner.
    owner_login: Option<String>,
}

pub(super) fn why(db: &Connection, query: &WhyQuery, context: &WhyContext) -> Result<WhyAnswer> {
    let leads = match query {
        WhyQuery::List(list) => return whole_list(db, *list, context),
        WhyQuery::Lead(lead) => {
            let leads = select(db, "id = ?1", [lead.0.to_be_bytes().to_vec()], "position", 1)?;
            found(leads, || lead.to_string())?
        }
        WhyQuery::Position(list, position) => {
            let sql = "list_id = ?1 AND position = CAST(?2 AS INTEGER)";
            let key = [list.0.to_be_bytes().to_vec(), position.to_string().into_bytes()];
            let leads = select(db, sql, key, "position", 1)?;
            found(leads, || format!("number {position}"))?
        }
        WhyQuery::Phone(raw) => {
            let phone = typed::single(raw)?.phone;
            let sql = "(list_id, position) IN (SELECT list_id, position FROM lead_numbers WHERE phone = CAST(?1 AS TEXT))";
            let leads = select(db, sql, [phone.expose().as_bytes().to_vec()], "position", limit(context))?;
            found(leads, || phone.to_string())?
        }
    };
    let rows = leads.iter().map(|lead| explain(db, lead, context)).collect::<Result<_>>()?;
    Ok(WhyAnswer { summary: Vec::new(), rows })
}

fn found(leads: Vec<Lead>, key: impl FnOnce() -> String) -> Result<Vec<Lead>> {
    if leads.is_empty() { Err(Error::NotFound { what: "lead", key: key() }) } else { Ok(leads) }
}

fn whole_list(db: &Connection, list: ListId, context: &WhyContext) -> Result<WhyAnswer> {
    let doing = "explain list";
    let head = lists::head(db, list)?;
    let round = round(&head, context);
    let sql = "SELECT excluded, state, ifnull(skip_reason, ''), round <= ?2, position <= ?3,
                 state = 'waiting' AND next_eligible_at > ?4, assigned_user_id, count(*)
               FROM leads WHERE list_id = ?1 AND deleted_at IS NULL GROUP BY 1, 2, 3, 4, 5, 6, 7";
    let groups: Vec<(WhyReason, Option<UserId>, i64)> =
        all(db, sql, (list, round, head.visible_position, context.now), |r| {
            let (state, skip): (LeadState, String) = (r.get(1)?, r.get(2)?);
            let (excluded, this_round, visible, not_due) = (r.get(0)?, r.get(3)?, r.get(4)?, r.get(5)?);
            let reason = static_reason(&head, excluded, state, &skip, this_round, visible, not_due);
            Ok((reason, r.get(6)?, r.get(7)?))
        })
        .doing(doing)?;
    let mut summary: Vec<(WhyReason, u64)> = Vec::new();
    for (reason, owner, count) in groups {
        let reason = offered_to_nobody(db, reason, &head, (list, owner))?.unwrap_or(reason);
        match summary.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, sum)) => *sum += count.unsigned_abs(),
            None => summary.push((reason, count.unsigned_abs())),
        }
    }
    summary.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    // Those that are blocked have no turn, and somebody may wait for it.
    let sql = "list_id = ?1 AND (state IN ('ready', 'waiting') OR state = 'skipped' AND skip_reason IN ('E-DNC', 'E-PHONE-FORBIDDEN'))
               AND position <= (SELECT visible_position FROM lists WHERE id = ?1)";
    // The turn is the position unless the list has another order, and only positions have an index for all of these.
    let order = if head.order == DialOrder::Position { "position" } else { "turn, position" };
    let leads = select(db, sql, [list.0.to_be_bytes().to_vec()], order, limit(context))?;
    let rows = leads.iter().map(|lead| explain(db, lead, context)).collect::<Result<_>>()?;
    Ok(WhyAnswer { summary, rows })
}

/// What the row itself says; do-not-call, forbidden numbers and repeats are looked up for single leads.
fn static_reason(
    head: &ListHead,
    excluded: bool,
    state: LeadState,
    skip_reason: &str,
    this_round: bool,
    visible: bool,
    not_due: bool,
) -> WhyReason {
    if !visible {
        return WhyReason::Importing;
    }
    if excluded {
        return WhyReason::Excluded;
    }
    match state {
        LeadState::Claimed => WhyReason::Claimed,
        LeadState::Task => WhyReason::Task,
        LeadState::Done => WhyReason::Done,
        LeadState::Interrupted => WhyReason::Interrupted,
        LeadState::Skipped => match skip_reason {
            "E-DNC" => WhyReason::DoNotCall,
            "E-EXCLUDED" => WhyReason::Excluded,
            "E-TRUNK-RULE" => WhyReason::TrunkRule,
            "E-TASK" => WhyReason::Task,
            _ => WhyReason::Forbidden,
        },
        LeadState::Ready | LeadState::Waiting => {
            if !head.open {
                WhyReason::ListDisabled
            } else if !this_round {
                WhyReason::LaterRound
            } else if not_due {
                WhyReason::NotDue
            } else {
                WhyReason::Eligible
            }
        }
    }
}

/// Why nobody is offered a lead that would have its turn: its owner may not use the list (X7), or it is nobody's where that is not
/// everybody's (S1.37).
fn offered_to_nobody(
    db: &Connection,
    reason: WhyReason,
    head: &ListHead,
    (list, owner): (ListId, Option<UserId>),
) -> Result<Option<WhyReason>> {
    let has_turn =
        matches!(reason, WhyReason::Eligible | WhyReason::LaterRound | WhyReason::NotDue | WhyReason::Repeat);
    match owner.filter(|_| has_turn) {
        Some(owner) => {
            let shut_out = !list_edit::may_use(db, list, owner).doing("explain lead")?;
            Ok(shut_out.then_some(WhyReason::OwnerGrant))
        }
        None => Ok((has_turn && owner.is_none() && !head.pooled).then_some(WhyReason::Unassigned)),
    }
}

fn explain(db: &Connection, lead: &Lead, context: &WhyContext) -> Result<WhyRow> {
    let head = lists::head(db, lead.list)?;
    let this_round = lead.round <= round(&head, context);
    let not_due =
        lead.state == LeadState::Waiting && lead.next_eligible_at.is_some_and(|at| at > context.now);
    let skip_reason = lead.skip_reason.clone().unwrap_or_default();
    let visible = lead.position <= head.visible_position;
    let mut reason =
        static_reason(&head, lead.excluded, lead.state, &skip_reason, this_round, visible, not_due);
    let mut due_at = if not_due { lead.next_eligible_at } else { None };
    if matches!(reason, WhyReason::Eligible | WhyReason::LaterRound | WhyReason::NotDue) {
        match refusal(db, lead, &head, context)? {
            Some(DialRefusal::DoNotCall) => reason = WhyReason::DoNotCall,
            Some(DialRefusal::Forbidden { .. }) => reason = WhyReason::Forbidden,
            Some(DialRefusal::TrunkRule) => reason = WhyReason::TrunkRule,
            Some(DialRefusal::Excluded) => reason = WhyReason::Excluded,
            Some(DialRefusal::Task) => reason = WhyReason::Task,
            Some(DialRefusal::RepeatGap { until, .. } | DialRefusal::RepeatDay { until, .. }) => {
                if reason == WhyReason::Eligible {
                    reason = WhyReason::Repeat;
                }
                due_at = Some(due_at.map_or(until, |at| at.max(until)));
            }
            // The window is the dialer's: the store asks for it only where a number comes into a running call.
            Some(DialRefusal::Hours) | None => {}
        }
    }
    if let Some(nobody) = offered_to_nobody(db, reason, &head, (lead.list, lead.owner))? {
        (reason, due_at) = (nobody, None);
    }
    let also = also(db, lead, &head, context, reason)?;
    let unjudged = match reason {
        WhyReason::Claimed => {
            let sql = "SELECT a.id FROM leads d JOIN attempts a ON a.id = d.claim_attempt_id
                       WHERE d.id = ?1 AND a.ended_at IS NOT NULL AND a.disposition IS NULL";
            one(db, sql, [lead.id], |r| r.get(0)).doing("explain lead")?
        }
        _ => None,
    };
    Ok(WhyRow {
        lead: lead.id,
        list: lead.list,
        position: lead.position,
        phone: lead.phone.clone(),
        company: lead.company.clone(),
        reason,
        also,
        eligible: reason == WhyReason::Eligible,
        due_at,
        round: lead.round,
        attempts: lead.attempts,
        status: lead.last_status.clone(),
        seat: lead.claim_seat.clone(),
        unjudged,
        recall_at: lead.recall_at,
        excluded_reason: lead.excluded_reason.clone(),
        owner: lead.owner_login.clone(),
    })
}

/// What stands beside the reason: whoever closes the task of a number on the do-not-call list would wait in vain.
fn also(
    db: &Connection,
    lead: &Lead,
    head: &ListHead,
    context: &WhyContext,
    reason: WhyReason,
) -> Result<Vec<WhyReason>> {
    let refusals = match dialing(lead, context) {
        Ok((phone, dialing)) => {
            let dial = Dial {
                phone: phone.expose(),
                dialing: &dialing,
                project: Some(head.project),
                origin: Origin::List,
                user: context.user,
            };
            checks::all_of_number(db, &dial).doing("explain lead")?
        }
        Err(refusal) => vec![refusal],
    };
    let of_number = refusals.into_iter().filter_map(|refusal| match refusal {
        DialRefusal::DoNotCall => Some(WhyReason::DoNotCall),
        DialRefusal::Forbidden { .. } => Some(WhyReason::Forbidden),
        DialRefusal::TrunkRule => Some(WhyReason::TrunkRule),
        DialRefusal::Task => Some(WhyReason::Task),
        DialRefusal::Excluded
        | DialRefusal::RepeatGap { .. }
        | DialRefusal::RepeatDay { .. }
        | DialRefusal::Hours => None,
    });
    let excluded = lead.excluded.then_some(WhyReason::Excluded);
    Ok(of_number.chain(excluded).filter(|also| *also != reason).collect())
}

/// The number and how it would be dialed.
fn dialing(lead: &Lead, context: &WhyContext) -> std::result::Result<(Phone, Dialing), DialRefusal> {
    let phone = Phone::from_e164(&lead.phone).map_err(|_| DialRefusal::Forbidden { special: None })?;
    let clir = lead.clir.as_deref().and_then(Clir::of_digits);
    let dialing = context.plan.dial(&phone, clir).ok_or(DialRefusal::TrunkRule)?;
    Ok((phone, dialing))
}

fn refusal(
    db: &Connection,
    lead: &Lead,
    head: &ListHead,
    context: &WhyContext,
) -> Result<Option<DialRefusal>> {
    let (phone, dialing) = match dialing(lead, context) {
        Ok(dialing) => dialing,
        Err(refusal) => return Ok(Some(refusal)),
    };
    let dial = Dial {
        phone: phone.expose(),
        dialing: &dialing,
        project: Some(head.project),
        origin: Origin::List,
        user: context.user,
    };
    checks::refusal(db, &dial, &context.rules, context.now).doing("explain lead")
}

fn round(head: &ListHead, context: &WhyContext) -> u32 {
    match context.rules.round {
        Round::Current => head.round,
        Round::UpTo(round) => round,
    }
}

fn limit(context: &WhyContext) -> u32 {
    match context.limit {
        0 => 20,
        limit => limit.min(1000),
    }
}

/// Leads by a condition of ours; values travel as blobs and are cast there.
fn select<const N: usize>(
    db: &Connection,
    condition: &str,
    values: [Vec<u8>; N],
    order: &str,
    limit: u32,
) -> Result<Vec<Lead>> {
    let sql = format!(
        "SELECT id, list_id, position, phone, clir, state, round, next_eligible_at, skip_reason, excluded,
           excluded_reason, claim_seat, attempts, recall_at,
           (SELECT label FROM dispositions WHERE code = last_disposition), company, assigned_user_id,
           (SELECT login FROM users WHERE id = assigned_user_id)
         FROM leads WHERE {condition} AND deleted_at IS NULL ORDER BY list_id, {order} LIMIT {limit}"
    );
    all(db, &sql, params_from_iter(values), |r| {
        Ok(Lead {
            id: r.get(0)?,
            list: r.get(1)?,
            position: r.get(2)?,
            phone: r.get(3)?,
            clir: r.get(4)?,
            state: r.get(5)?,
            round: r.get(6)?,
            next_eligible_at: r.get(7)?,
            skip_reason: r.get(8)?,
            excluded: r.get(9)?,
            excluded_reason: r.get(10)?,
            claim_seat: r.get(11)?,
            attempts: r.get(12)?,
            recall_at: r.get(13)?,
            last_status: r.get(14)?,
            company: r.get(15)?,
            owner: r.get(16)?,
            owner_login: r.get(17)?,
        })
    })
    .doing("explain lead")
}
