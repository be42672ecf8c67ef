//! The one commit between key press and INVITE: save, seal, claim, check, mark dialed.

use rusqlite::Connection;

use super::attempts::{self, NewAttempt};
use super::checks::{self, Dial};
use super::leads::{self, Candidate};
use super::lists::{self, ListHead};
use super::stepped::{self, LOOK, LOOKED_AT, Stepped, Walk};
use super::turns::last_visible;
use super::{exec, history, list_edit, saves};
use crate::error::{DialRefusal, Doing, Error, ListError, Result};
use crate::id::{LeadId, UserId};
use crate::model::{Advance, Advanced, ClaimSpec, Claimed, Direction, Exhausted, Origin, Round};
use crate::phone::{Clir, ClirRule, Phone};

pub(super) fn advance(
    db: &Connection,
    box_id: &str,
    step: &Advance,
    stepped: &mut Stepped,
) -> Result<Advanced> {
    let mut done = Advanced::default();
    if let Some(save) = &step.save {
        saves::apply(db, save)?;
    }
    if let Some(attempt) = step.seal_attempt {
        done.sealed = Some(saves::seal(db, attempt, step.now)?);
    }
    if let Some(spec) = &step.claim {
        claim(db, box_id, (step, spec), (stepped, true), &mut done)?;
    }
    Ok(done)
}

/// The same in the steps it has, each left out once `urgent` says that somebody waits; the caller rolls back.
pub(super) fn rehearse(
    db: &Connection,
    box_id: &str,
    step: &Advance,
    stepped: &mut Stepped,
    urgent: &dyn Fn() -> bool,
) -> Result<Option<Claimed>> {
    let mut done = Advanced::default();
    if let Some(save) = step.save.as_ref().filter(|_| !urgent()) {
        saves::apply(db, save)?;
    }
    if let Some(attempt) = step.seal_attempt.filter(|_| !urgent()) {
        saves::seal(db, attempt, step.now)?;
    }
    if let Some(spec) = step.claim.as_ref().filter(|_| !urgent()) {
        claim(db, box_id, (step, spec), (stepped, false), &mut done)?;
    }
    Ok(done.claimed)
}

/// `keeps`: what it writes is not taken back.
fn claim(
    db: &Connection,
    box_id: &str,
    (step, spec): (&Advance, &ClaimSpec),
    (stepped, keeps): (&mut Stepped, bool),
    done: &mut Advanced,
) -> Result<()> {
    let doing = "claim";
    if let Some(earlier) = repeated(db, spec)? {
        done.claimed = Some(earlier);
        return Ok(());
    }
    let list = lists::head(db, spec.list)?;
    attempts::expire_claims(db, step.now).doing(doing)?;
    let round = match spec.rules.round {
        Round::Current => list.round,
        Round::UpTo(round) => round,
    };
    if !list_edit::may_use(db, spec.list, step.user).doing(doing)? {
        return Err(ListError::NotGranted { list: list.name }.into());
    }
    let walk = Walk { list: spec.list, user: step.user, round };
    let mut turn = Turn { after: stepped.after(walk), waiting_skipped: 0, user: step.user };
    let mut looks = LOOKED_AT;
    if list.open {
        for _ in 0..MAX_LOOKED_AT {
            let many = done.passed_over.len() >= WRITTEN_FIRST && !stepped.is_full();
            if many || stepped.has(walk) {
                let marks = step_over(db, (step, spec), (&list, walk), &mut turn, &mut looks).doing(doing)?;
                done.passed_over.extend(marks.iter().map(|(lead, refusal)| (*lead, refusal.code())));
                stepped.add(walk, turn.after, marks);
                if looks == 0 {
                    break;
                }
            }
            let Some(lead) = turn.next(db, spec, &list, round, step.now).doing(doing)? else {
                // Nobody waits for a call: what is known of those that were stepped over is written, and then the answer is whole.
                let known = if keeps { stepped.take(Some(walk)) } else { Vec::new() };
                stepped::write(db, &known).doing(doing)?;
                done.exhausted = Some(exhausted(db, spec, round, !known.is_empty()).doing(doing)?);
                return Ok(());
            };
            if spec.skip.contains(&lead.id) {
                turn.leave(&lead);
                continue;
            }
            match take(db, box_id, step, spec, &list, lead)? {
                Taken::Claimed(claimed) => {
                    done.claimed = Some(*claimed);
                    return Ok(());
                }
                Taken::PassedOver(lead, code) => {
                    done.passed_over.push((lead, code));
                    if done.passed_over.len() >= MAX_PASSED_OVER {
                        break;
                    }
                }
            }
        }
    }
    done.exhausted = Some(exhausted(db, spec, round, list.open).doing(doing)?);
    Ok(())
}

/// Looks at ready leads, `looks` at most, until one may be dialed as far as the trunk and its rest say; returns why the others may not.
/// A number that is refused for another reason as well is so when its rest is over.
fn step_over(
    db: &Connection,
    (step, spec): (&Advance, &ClaimSpec),
    (list, walk): (&ListHead, Walk),
    turn: &mut Turn,
    looks: &mut usize,
) -> rusqlite::Result<Vec<(LeadId, DialRefusal)>> {
    let last = last_visible(list.order, list.visible_position);
    let mut marks = Vec::new();
    *looks = looks.saturating_sub(LOOK);
    while *looks > 0 {
        let leads = stepped::look(db, walk, (turn.after, last), list.pooled)?;
        if leads.is_empty() {
            break;
        }
        for lead in leads {
            if !spec.skip.contains(&lead.id) {
                let Ok(phone) = Phone::from_e164(&lead.phone) else { return Ok(marks) };
                let refusal = match spec.plan.dial(&phone, lead.clir) {
                    Some(_) => checks::repeat(db, phone.expose(), &spec.rules, step.now)?,
                    None => Some(DialRefusal::TrunkRule),
                };
                let Some(refusal) = refusal else { return Ok(marks) };
                marks.push((lead.id, refusal));
            }
            turn.after = lead.turn;
            *looks = looks.saturating_sub(1);
        }
    }
    Ok(marks)
}

/// Walks the list: the ready leads from the top, then those put off that are due.
struct Turn {
    /// Leads of this run's skip list stay ready, so the walk must step over them.
    after: i64,
    waiting_skipped: u32,
    /// Leads of other users are not for this seat.
    user: UserId,
}

impl Turn {
    fn next(
        &self,
        db: &Connection,
        spec: &ClaimSpec,
        list: &ListHead,
        round: u32,
        now: i64,
    ) -> rusqlite::Result<Option<Candidate>> {
        let last = last_visible(list.order, list.visible_position);
        match leads::first_ready(db, spec.list, round, self.after, last, self.user, list.pooled)? {
            Some(lead) => Ok(Some(lead)),
            None => {
                leads::first_waiting(db, spec.list, round, now, self.waiting_skipped, self.user, list.pooled)
            }
        }
    }

    fn leave(&mut self, lead: &Candidate) {
        if lead.waiting {
            self.waiting_skipped += 1;
        } else {
            self.after = lead.turn;
        }
    }
}

enum Taken {
    Claimed(Box<Claimed>),
    PassedOver(LeadId, &'static str),
}

/// Checks a lead on its final dial string and takes it, or writes down why not.
fn take(
    db: &Connection,
    box_id: &str,
    step: &Advance,
    spec: &ClaimSpec,
    list: &ListHead,
    lead: Candidate,
) -> Result<Taken> {
    let doing = "claim";
    let Ok(phone) = Phone::from_e164(&lead.phone) else {
        // The importer lets no such row in; a hand-edited file might.
        leads::skip(db, lead.id, "E-PHONE-INVALID").doing(doing)?;
        return Ok(Taken::PassedOver(lead.id, "E-PHONE-INVALID"));
    };
    let Some(dialing) = spec.plan.dial(&phone, lead.clir) else {
        attempts::pass_over(db, lead.id, DialRefusal::TrunkRule).doing(doing)?;
        return Ok(Taken::PassedOver(lead.id, DialRefusal::TrunkRule.code()));
    };
    let dial = Dial {
        phone: phone.expose(),
        dialing: &dialing,
        project: Some(list.project),
        origin: Origin::List,
        user: Some(step.user),
    };
    if let Some(refusal) = checks::refusal(db, &dial, &spec.rules, step.now).doing(doing)? {
        attempts::pass_over(db, lead.id, refusal).doing(doing)?;
        return Ok(Taken::PassedOver(lead.id, refusal.code()));
    }
    let categories = leads::categories(db, lead.id).doing(doing)?;
    // Left behind by rounds that were opened since, it is called once all the same, in the round the list has reached: what it comes
    // to counts from there.
    let round = lead.round.max(list.round);
    let caller_id = list.caller_id.clone().or_else(|| spec.caller_id.clone());
    let claim_until = (!spec.dial_now).then_some(spec.claim_until);
    let new = NewAttempt {
        id: spec.attempt,
        box_id,
        seat: &step.seat,
        user: Some(step.user),
        project: Some(list.project),
        direction: Direction::Out,
        origin: Origin::List,
        practice: spec.rules.practice,
        parent: None,
        list: Some((spec.list, &list.name)),
        lead: Some((lead.id, lead.position, round)),
        phone: Some(phone.expose()),
        peer: None,
        company: lead.company.as_deref(),
        person: lead.person.as_deref(),
        categories: &categories,
        dial_string: Some(&dialing.string),
        dial_prefix: &dialing.prefix,
        caller_id: caller_id.as_deref(),
        account: &spec.account,
        sip_call_id: None,
        claim_until,
        dialed: spec.dial_now,
        now: step.now,
    };
    attempts::insert(db, &new).doing(doing)?;
    let sql =
        "UPDATE leads SET state = 'claimed', next_eligible_at = NULL, claim_attempt_id = ?2, claim_seat = ?3,
                 claim_box = ?4, claim_until = ?5 WHERE id = ?1";
    exec(db, sql, (lead.id, spec.attempt, &step.seat, box_id, claim_until)).doing(doing)?;
    Ok(Taken::Claimed(Box::new(Claimed {
        attempt: spec.attempt,
        lead: Some(lead.id),
        list: Some(spec.list),
        position: lead.position,
        phone,
        dial_string: dialing.string,
        signalled: dialing.signalled,
        company: lead.company,
        person: lead.person,
        categories,
        attempts_before: lead.attempts,
        round,
        caller_id,
        dialed: spec.dial_now,
    })))
}

/// The claim of an earlier try whose answer was lost.
fn repeated(db: &Connection, spec: &ClaimSpec) -> Result<Option<Claimed>> {
    let Some(row) = history::find(db, spec.attempt)? else { return Ok(None) };
    let stale = Error::State { attempt: spec.attempt, is: "used", needs: "new" };
    if row.ended_at.is_some() {
        return Err(stale);
    }
    let (Some(lead), Some(phone), Some(dial_string)) = (row.lead, row.phone, row.dial_string) else {
        return Err(stale);
    };
    let sql = "SELECT attempts, clir FROM leads WHERE id = ?1";
    let known: Option<(u32, Option<String>)> =
        super::one(db, sql, [lead], |r| Ok((r.get(0)?, r.get(1)?))).doing("claim")?;
    let (attempts_before, clir) = known.unwrap_or_default();
    let clir = clir.as_deref().and_then(Clir::of_digits);
    let signalled = clir.filter(|_| spec.plan.clir == ClirRule::Signalled);
    Ok(Some(Claimed {
        attempt: row.id,
        lead: Some(lead),
        list: row.list,
        position: row.position.unwrap_or(0),
        phone: Phone::from_e164(&phone).map_err(Error::Phone)?,
        dial_string,
        signalled,
        company: row.company,
        person: row.person,
        categories: row.categories,
        attempts_before,
        round: row.round.unwrap_or(0),
        caller_id: row.caller_id,
        dialed: row.dialed_at.is_some(),
    }))
}

fn exhausted(db: &Connection, spec: &ClaimSpec, round: u32, more: bool) -> rusqlite::Result<Exhausted> {
    if more {
        return Ok(Exhausted { remaining_not_due: 0, next_due: None, held: 0, more });
    }
    let (remaining_not_due, next_due) = leads::waiting(db, spec.list, round)?;
    Ok(Exhausted { remaining_not_due, next_due, held: leads::held(db, spec.list)?, more })
}

/// Leads passed over and written down before the next is looked at; of more in a row see [`stepped`].
const WRITTEN_FIRST: usize = 8;
/// Leads passed over in one commit; a list full of blocked numbers is walked in several.
const MAX_PASSED_OVER: usize = 200;
/// Leads looked at in one commit, the run's skip list included.
const MAX_LOOKED_AT: usize = 10_000;
