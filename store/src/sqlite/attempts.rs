//! Attempts from claim to end: one row per INVITE.

use rusqlite::{Connection, OptionalExtension, params};

use super::checks::{self, Dial};
use super::lead_call::CalledLead;
use super::{contacts, dnc, exec, last_call, lead_call, lead_numbers, leads, one, outbox, saves, typed};
use crate::error::{DialRefusal, Doing, Error, Result};
use crate::id::{AttemptId, LeadId, ListId, ProjectId, UserId};
use crate::model::{
    Actor, Arrived, AttemptEnd, AttemptProgress, Claimed, DialRules, Direction, IncomingCall,
    MIN_REPEAT_GAP_MS, ManualCall, Origin, PRACTICE_REQUEUE_MS, SetBy, Target,
};
use crate::phone::{Dialing, Phone};
use crate::time::BusinessDate;

/// A row to insert. What happened later is written by the verbs below.
pub(super) struct NewAttempt<'a> {
    pub(super) id: AttemptId,
    pub(super) box_id: &'a str,
    pub(super) seat: &'a str,
    pub(super) user: Option<UserId>,
    pub(super) project: Option<ProjectId>,
    pub(super) direction: Direction,
    pub(super) origin: Origin,
    pub(super) practice: bool,
    pub(super) parent: Option<AttemptId>,
    pub(super) list: Option<(ListId, &'a str)>,
    pub(super) lead: Option<(LeadId, i64, u32)>,
    pub(super) phone: Option<&'a str>,
    pub(super) peer: Option<&'a str>,
    pub(super) company: Option<&'a str>,
    pub(super) person: Option<&'a str>,
    pub(super) categories: &'a [String],
    pub(super) dial_string: Option<&'a str>,
    pub(super) dial_prefix: &'a str,
    pub(super) caller_id: Option<&'a str>,
    pub(super) account: &'a str,
    pub(super) sip_call_id: Option<&'a str>,
    pub(super) claim_until: Option<i64>,
    pub(super) dialed: bool,
    pub(super) now: i64,
}

pub(super) fn insert(db: &Connection, new: &NewAttempt<'_>) -> rusqlite::Result<()> {
    let sql = "INSERT INTO attempts (id, box_id, seat, user_id, project_id, direction, origin, practice, parent_attempt_id,
                 list_id, list_name, lead_id, position, round, phone, peer, company, person, categories, dial_string,
                 dial_prefix, caller_id, account, sip_call_id, business_day, claimed_at, claim_until, dialed_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
                 ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28)";
    let categories = serde_json::Value::from(new.categories).to_string();
    exec(
        db,
        sql,
        params![
            new.id,
            new.box_id,
            new.seat,
            new.user,
            new.project,
            new.direction,
            new.origin,
            new.practice,
            new.parent,
            new.list.map(|(id, _)| id),
            new.list.map(|(_, name)| name),
            new.lead.map(|(id, _, _)| id),
            new.lead.map(|(_, position, _)| position),
            new.lead.map(|(_, _, round)| round),
            new.phone,
            new.peer,
            new.company,
            new.person,
            categories,
            new.dial_string,
            new.dial_prefix,
            new.caller_id,
            new.account,
            new.sip_call_id,
            BusinessDate::of(new.now),
            new.now,
            new.claim_until,
            new.dialed.then_some(new.now),
        ],
    )
    .map(|_| ())
}

/// What the verbs below need to know of an attempt.
struct Known {
    lead: Option<LeadId>,
    project: Option<ProjectId>,
    origin: Origin,
    practice: bool,
    phone: Option<String>,
    dial_string: Option<String>,
    dial_prefix: String,
    claim_until: Option<i64>,
    dialed: bool,
    ended: bool,
    set_by: Option<SetBy>,
    user: Option<UserId>,
}

fn known(db: &Connection, attempt: AttemptId) -> Result<Option<Known>> {
    let sql = "SELECT lead_id, project_id, origin, practice, phone, dial_string, dial_prefix, claim_until,
                 dialed_at IS NOT NULL, ended_at IS NOT NULL, set_by, user_id FROM attempts WHERE id = ?1";
    one(db, sql, [attempt], |r| {
        Ok(Known {
            lead: r.get(0)?,
            project: r.get(1)?,
            origin: r.get(2)?,
            practice: r.get(3)?,
            phone: r.get(4)?,
            dial_string: r.get(5)?,
            dial_prefix: r.get(6)?,
            claim_until: r.get(7)?,
            dialed: r.get(8)?,
            ended: r.get(9)?,
            set_by: r.get(10)?,
            user: r.get(11)?,
        })
    })
    .doing("read call")
}

fn existing(db: &Connection, attempt: AttemptId) -> Result<Known> {
    known(db, attempt)?.ok_or_else(|| Error::NotFound { what: "call", key: attempt.to_string() })
}

/// Preview mode's second step. The outer result is storage, the inner one the rules': both are committed.
pub(super) fn mark_dialing(
    db: &Connection,
    attempt: AttemptId,
    rules: &DialRules,
    now: i64,
) -> Result<Result<()>> {
    let doing = "mark dialing";
    let Some(known) = known(db, attempt)? else { return Ok(Err(Error::ClaimLost { attempt })) };
    if known.ended {
        return Ok(Err(Error::State { attempt, is: "ended", needs: "claimed" }));
    }
    if known.dialed {
        return Ok(Ok(()));
    }
    if known.claim_until.is_some_and(|until| until < now) {
        drop_claim(db, attempt, known.lead, 0).doing(doing)?;
        return Ok(Err(Error::ClaimLost { attempt }));
    }
    let (phone, dial_string) = (known.phone.unwrap_or_default(), known.dial_string.unwrap_or_default());
    let dialing = Dialing { string: dial_string, prefix: known.dial_prefix, signalled: None };
    let dial = Dial {
        phone: &phone,
        dialing: &dialing,
        project: known.project,
        origin: known.origin,
        user: known.user,
    };
    let refusal = match excluded(db, known.lead).doing(doing)? {
        true => Some(DialRefusal::Excluded),
        false => checks::refusal(db, &dial, rules, now).doing(doing)?,
    };
    if let Some(refusal) = refusal {
        drop_claim(db, attempt, known.lead, 0).doing(doing)?;
        if let Some(lead) = known.lead {
            pass_over(db, lead, refusal).doing(doing)?;
        }
        let held = match refusal {
            DialRefusal::DoNotCall => dnc::holder(db, &phone, known.project, true).doing(doing)?,
            _ => None,
        };
        return Ok(Err(match held {
            Some(held) => held.refusal(&phone, false),
            None => Error::Refused(refusal),
        }));
    }
    let sql = "UPDATE attempts SET dialed_at = ?2, business_day = ?3, claim_until = NULL, practice = ?4 WHERE id = ?1";
    exec(db, sql, (attempt, now, BusinessDate::of(now), rules.practice)).doing(doing)?;
    if let Some(lead) = known.lead {
        exec(db, "UPDATE leads SET claim_until = NULL WHERE id = ?1", [lead]).doing(doing)?;
    }
    Ok(Ok(()))
}

/// Writes down why a lead is not dialed: for good, or until a time.
pub(super) fn pass_over(db: &Connection, lead: LeadId, refusal: DialRefusal) -> rusqlite::Result<()> {
    match refusal.until() {
        Some(until) => leads::put_off(db, lead, until),
        None => leads::skip(db, lead, refusal.code()),
    }
}

/// Gives a claim back. A claim that is gone is no error: the caller wanted it gone.
pub(super) fn release(db: &Connection, attempt: AttemptId, _now: i64, skip_round: bool) -> Result<()> {
    let Some(known) = known(db, attempt)? else { return Ok(()) };
    if known.dialed {
        return Err(Error::State { attempt, is: "dialed", needs: "claimed" });
    }
    drop_claim(db, attempt, known.lead, u32::from(skip_round)).doing("release")
}

/// Removes the row of a claim that was never dialed and frees its lead.
pub(super) fn drop_claim(
    db: &Connection,
    attempt: AttemptId,
    lead: Option<LeadId>,
    rounds: u32,
) -> rusqlite::Result<()> {
    exec(db, "DELETE FROM attempts WHERE id = ?1 AND dialed_at IS NULL", [attempt])?;
    match lead {
        Some(lead) => leads::give_back(db, lead, rounds),
        None => Ok(()),
    }
}

/// Frees claims whose time is over.
pub(super) fn expire_claims(db: &Connection, now: i64) -> rusqlite::Result<()> {
    let sql = "SELECT claim_attempt_id, id FROM leads WHERE state = 'claimed' AND claim_until < ?1";
    let expired: Vec<(AttemptId, LeadId)> = super::all(db, sql, [now], |r| Ok((r.get(0)?, r.get(1)?)))?;
    for (attempt, lead) in expired {
        drop_claim(db, attempt, Some(lead), 0)?;
    }
    Ok(())
}

/// The number of a manual call, once every rule has let it pass.
fn passed(db: &Connection, call: &ManualCall) -> Result<(Phone, Dialing, Origin)> {
    let parsed = typed::single(&call.phone)?;
    let phone = parsed.phone;
    let dialing = call.plan.dial(&phone, parsed.clir).ok_or(Error::Refused(DialRefusal::TrunkRule))?;
    let origin = match call.origin {
        Origin::Direct => Origin::Direct,
        Origin::Manual | Origin::List | Origin::Incoming => Origin::Manual,
    };
    let dial = Dial {
        phone: phone.expose(),
        dialing: &dialing,
        project: call.project,
        origin,
        user: Some(call.user),
    };
    if let Some(held) = dnc::holder(db, phone.expose(), call.project, call.named).doing("check number")? {
        // A lead is called in the project of its list, and in no other.
        let may_name = held.project.is_some() && call.second.is_none() && call.lead.is_none();
        return Err(held.refusal(phone.expose(), may_name));
    }
    let refusal = match call.second {
        None => checks::refusal(db, &dial, &call.rules, call.now),
        Some(second) => checks::second_refusal(db, &dial, &call.rules, second.open, call.now),
    };
    match refusal.doing("check number")? {
        Some(refusal) => Err(Error::Refused(refusal)),
        None => Ok((phone, dialing, origin)),
    }
}

/// The lead of a manual call that is one's, and the call as it is in the lead's name.
fn of_lead(db: &Connection, call: &ManualCall) -> Result<(Option<CalledLead>, ManualCall)> {
    let Some(lead) = call.lead else { return Ok((None, call.clone())) };
    let lead = lead_call::find(db, lead, call)?;
    let call =
        ManualCall { phone: lead.phone.clone(), project: Some(lead.project), named: true, ..call.clone() };
    Ok((Some(lead), call))
}

/// The checks of a manual call without the call: somebody else is to dial the number for us, or it is to be known what forbids it.
pub(super) fn check_manual(db: &Connection, call: &ManualCall) -> Result<Target> {
    let (_, call) = of_lead(db, call)?;
    let (phone, dialing, _) = passed(db, &call)?;
    Ok(Target { phone, dial_string: dialing.string, signalled: dialing.signalled })
}

pub(super) fn open_manual(db: &Connection, box_id: &str, call: &ManualCall) -> Result<Claimed> {
    let id = call.attempt.unwrap_or_else(|| AttemptId::generate(call.now));
    let (lead, call) = of_lead(db, call)?;
    let call = &call;
    let (phone, dialing, origin) = passed(db, call)?;
    let doing = "open manual call";
    if let Some(lead) = lead {
        let called = Called {
            lead: Some((lead.id, lead.position, lead.round)),
            list: Some((lead.list, &lead.list_name)),
            company: lead.company.clone(),
            person: lead.person.clone(),
            categories: lead.categories.clone(),
            attempts: lead.attempts,
        };
        let claimed = open_to(db, box_id, call, (id, Origin::List), (phone, dialing), called)?;
        lead_call::hold(db, box_id, &call.seat, &lead, id).doing(doing)?;
        return Ok(claimed);
    }
    let contact = contacts::by_key(db, phone.expose()).doing(doing)?;
    let (company, person, categories) =
        contact.map_or((None, None, Vec::new()), |c| (c.company, c.person, c.categories));
    let sql = "SELECT count(*) FROM attempts WHERE phone = ?1 AND void = 0 AND ended_at IS NOT NULL";
    let attempts = one(db, sql, [phone.expose()], |r| r.get(0)).doing(doing)?.unwrap_or(0);
    let called = Called { lead: None, list: None, company, person, categories, attempts };
    let claimed = open_to(db, box_id, call, (id, origin), (phone, dialing), called)?;
    if call.stub {
        let by = Actor { user: Some(call.user), uid: None };
        let phone = &claimed.phone;
        contacts::stub(db, phone.expose(), &phone.display_national(), by, call.now)?;
    }
    Ok(claimed)
}

/// Whom a call by hand is to, as its row keeps it and the operator sees it.
struct Called<'a> {
    /// With its place and round.
    lead: Option<(LeadId, i64, u32)>,
    list: Option<(ListId, &'a str)>,
    company: Option<String>,
    person: Option<String>,
    categories: Vec<String>,
    /// Calls made before.
    attempts: u32,
}

/// Writes the row of a call by hand, once every rule has let it pass.
fn open_to(
    db: &Connection,
    box_id: &str,
    call: &ManualCall,
    (id, origin): (AttemptId, Origin),
    (phone, dialing): (Phone, Dialing),
    called: Called<'_>,
) -> Result<Claimed> {
    let doing = "open manual call";
    let caller_id = caller_of(db, call).doing(doing)?;
    let new = NewAttempt {
        id,
        box_id,
        seat: &call.seat,
        user: Some(call.user),
        project: call.project,
        direction: Direction::Out,
        origin,
        practice: call.rules.practice,
        parent: call.second.map(|second| second.parent),
        list: called.list,
        lead: called.lead,
        phone: Some(phone.expose()),
        peer: None,
        company: called.company.as_deref(),
        person: called.person.as_deref(),
        categories: &called.categories,
        dial_string: Some(&dialing.string),
        dial_prefix: &dialing.prefix,
        caller_id: caller_id.as_deref(),
        account: &call.account,
        sip_call_id: None,
        claim_until: None,
        dialed: true,
        now: call.now,
    };
    insert(db, &new).doing(doing)?;
    Ok(Claimed {
        attempt: id,
        lead: called.lead.map(|(lead, _, _)| lead),
        list: called.list.map(|(list, _)| list),
        position: called.lead.map_or(0, |(_, position, _)| position),
        phone,
        dial_string: dialing.string,
        signalled: dialing.signalled,
        company: called.company,
        person: called.person,
        categories: called.categories,
        attempts_before: called.attempts,
        round: called.lead.map_or(0, |(_, _, round)| round),
        caller_id,
        dialed: true,
    })
}

/// The number that a call by hand shows: the project's, else the account's.
fn caller_of(db: &Connection, call: &ManualCall) -> rusqlite::Result<Option<String>> {
    let of_project: Option<String> = match call.project {
        Some(project) => {
            one(db, "SELECT caller_id FROM projects WHERE id = ?1", [project], |r| r.get(0))?.flatten()
        }
        None => None,
    };
    Ok(of_project.or_else(|| call.caller_id.clone()))
}

pub(super) fn open_incoming(db: &Connection, box_id: &str, call: &IncomingCall) -> Result<Arrived> {
    let doing = "open incoming call";
    let id = call.attempt.unwrap_or_else(|| AttemptId::generate(call.now));
    let phone = call.caller.as_deref().and_then(|raw| Phone::parse(raw).ok()).map(|parsed| parsed.phone);
    let contact = match &phone {
        Some(phone) => contacts::by_key(db, phone.expose()).doing(doing)?,
        None => None,
    };
    let known = contact.as_ref();
    let new = NewAttempt {
        id,
        box_id,
        seat: &call.seat,
        user: call.user,
        project: call.project,
        direction: Direction::In,
        origin: Origin::Incoming,
        practice: false,
        parent: None,
        list: None,
        lead: None,
        phone: phone.as_ref().map(Phone::expose),
        peer: call.caller.as_deref(),
        company: known.and_then(|contact| contact.company.as_deref()),
        person: known.and_then(|contact| contact.person.as_deref()),
        categories: known.map_or(&[], |contact| &contact.categories),
        dial_string: None,
        dial_prefix: "",
        caller_id: call.called.as_deref(),
        account: &call.account,
        sip_call_id: call.sip_call_id.as_deref(),
        claim_until: None,
        dialed: true,
        now: call.now,
    };
    insert(db, &new).doing(doing)?;
    let mut contact = contact;
    if let (Some(phone), Some(name)) = (&phone, &call.stub) {
        let by = Actor { user: call.user, uid: None };
        if contacts::stub(db, phone.expose(), name, by, call.now)?.is_some() {
            contact = contacts::by_key(db, phone.expose()).doing(doing)?;
        }
    }
    Ok(Arrived { attempt: id, contact })
}

pub(super) fn progress(db: &Connection, facts: &AttemptProgress) -> Result<()> {
    let sql = "UPDATE attempts SET ringing_at = ifnull(ringing_at, ?2), early_media_at = ifnull(early_media_at, ?3),
                 answered_at = ifnull(answered_at, ?4), sip_call_id = ifnull(sip_call_id, ?5),
                 evidence = json_patch(evidence, ?6) WHERE id = ?1";
    let values = (
        facts.attempt,
        facts.ringing_at,
        facts.early_media_at,
        facts.answered_at,
        &facts.sip_call_id,
        patch(&facts.evidence),
    );
    match exec(db, sql, values).doing("write call progress")? {
        0 => Err(Error::NotFound { what: "call", key: facts.attempt.to_string() }),
        _ => Ok(()),
    }
}

/// Whether the machine's disposition was kept.
pub(super) fn end(db: &Connection, end: &AttemptEnd) -> Result<bool> {
    let doing = "end call";
    let known = existing(db, end.attempt)?;
    if !known.dialed {
        return Err(Error::State { attempt: end.attempt, is: "claimed", needs: "dialed" });
    }
    if known.ended {
        return Ok(known.set_by == Some(SetBy::Auto));
    }
    // A result that a person saved is never voided away.
    let void = end.void.as_deref().filter(|_| known.set_by != Some(SetBy::Operator));
    let sql = "UPDATE attempts SET ended_at = max(?2, dialed_at), hangup_by = ?3, sip_code = ?4, q850 = ?5,
                 reason_text = ?6, ringing_at = ifnull(ringing_at, ?7), early_media_at = ifnull(early_media_at, ?8),
                 answered_at = ifnull(answered_at, ?9), sip_call_id = ifnull(sip_call_id, ?10), suggestion = ?11,
                 sub = ?12, evidence = json_patch(evidence, ?13), void = ?14, void_reason = ?15,
                 disposition = CASE ?14 WHEN 0 THEN disposition END, set_by = CASE ?14 WHEN 0 THEN set_by END,
                 sealed_at = CASE ?14 WHEN 1 THEN max(?2, dialed_at) END,
                 transfer = ?16, transferred_to = ?17, transfer_code = ?18
               WHERE id = ?1";
    exec(
        db,
        sql,
        params![
            end.attempt,
            end.ended_at,
            end.hangup_by,
            end.sip_code,
            end.q850,
            end.reason_text,
            end.ringing_at,
            end.early_media_at,
            end.answered_at,
            end.sip_call_id,
            end.suggestion,
            end.sub,
            patch(&end.evidence),
            void.is_some(),
            void,
            end.transfer.as_ref().map(|transfer| transfer.way),
            end.transfer.as_ref().map(|transfer| &transfer.to),
            end.transfer.as_ref().and_then(|transfer| transfer.code),
        ],
    )
    .doing(doing)?;
    if void.is_some() {
        // Not the callee's doing: the lead goes behind the others of its round.
        if let Some(lead) = held_lead(db, known.lead, end.attempt).doing(doing)?
            && !lead_call::put_back(db, lead, end.attempt).doing(doing)?
        {
            let gap = if known.practice { PRACTICE_REQUEUE_MS } else { MIN_REPEAT_GAP_MS };
            leads::put_off(db, lead, end.ended_at + gap).doing(doing)?;
        }
        // What was saved while it ran shows no more.
        if let Some(phone) = &known.phone {
            last_call::renew(db, phone).doing(doing)?;
            last_call::renew_lead_of(db, end.attempt).doing(doing)?;
            lead_numbers::touched_by(db, end.attempt).doing(doing)?;
        }
        // Sealed here and now, so it leaves the box here and now: nothing that was dialed is hidden from the centre.
        let row = super::history::load(db, end.attempt)?;
        outbox::push(db, &row, end.ended_at).doing(doing)?;
        return Ok(false);
    }
    count(db, known.lead).doing(doing)?;
    if let Some(save) = &end.auto
        && saves::apply(db, save)?.applied
    {
        return Ok(true);
    }
    saves::touch_last(db, end.attempt).doing(doing)?;
    Ok(false)
}

/// One more call made to the lead.
pub(super) fn count(db: &Connection, lead: Option<LeadId>) -> rusqlite::Result<()> {
    match lead {
        Some(lead) => exec(db, "UPDATE leads SET attempts = attempts + 1 WHERE id = ?1", [lead]).map(|_| ()),
        None => Ok(()),
    }
}

/// The lead, if this attempt still holds it.
fn held_lead(db: &Connection, lead: Option<LeadId>, attempt: AttemptId) -> rusqlite::Result<Option<LeadId>> {
    let sql = "SELECT id FROM leads WHERE id = ?1 AND claim_attempt_id = ?2";
    one(db, sql, (lead, attempt), |r| r.get(0))
}

/// Excluded, deleted, or on a list that is closed.
fn excluded(db: &Connection, lead: Option<LeadId>) -> rusqlite::Result<bool> {
    let Some(lead) = lead else { return Ok(false) };
    let sql = "SELECT d.excluded OR d.deleted_at IS NOT NULL OR NOT l.enabled OR l.deleted_at IS NOT NULL
               FROM leads d JOIN lists l ON l.id = d.list_id WHERE d.id = ?1";
    Ok(db.prepare_cached(sql)?.query_row([lead], |r| r.get(0)).optional()?.unwrap_or(true))
}

/// Evidence as a merge patch; anything but an object changes nothing.
fn patch(evidence: &serde_json::Value) -> String {
    if evidence.is_object() { evidence.to_string() } else { "{}".to_owned() }
}
