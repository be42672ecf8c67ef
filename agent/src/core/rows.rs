//! The store's rows in the protocol's words.

use std::collections::HashMap;

use protocol::ErrorCode;
use protocol::params::{LeadFilter as Filter, StatsGet};
use protocol::result::{
    DeviceDirection, DeviceRow, Devices, Direction, FurtherNumber, HistoryPage, HistoryRow, LeadRow,
    ListInfo, ListPage, ProfileColumn, ProfileRow, RecordingInfo, StatsResult, StatusCount, Transferred,
    ViewRow, WhyResult, WhyRow,
};
use store::import::{Profile, Profiles};
use store::{AttemptRow, LeadFilter, LeadState, Stats, StatsQuery, Store, WhyAnswer, WhyReason, Worked};

pub(super) fn list(list: &store::ListInfo) -> ListInfo {
    ListInfo {
        id: list.id.to_string(),
        name: list.name.clone(),
        project: list.project_name.clone(),
        enabled: list.enabled,
        order: list.order.as_str().to_owned(),
        round: list.round,
        total: list.total,
        dialable: list.dialable,
        shut_out: list.shut_out,
        unassigned: list.unassigned,
        blocked: list.blocked,
        worked: list.worked,
        created_at: Some(list.created_at),
    }
}

pub(super) fn lead_filter(filter: Option<Filter>) -> LeadFilter {
    let include_excluded = !matches!(filter, Some(Filter::Dialable));
    LeadFilter {
        include_excluded,
        attempts: matches!(filter, Some(Filter::Untouched)).then_some(0),
        state: matches!(filter, Some(Filter::Dialable)).then_some(LeadState::Ready),
        ..LeadFilter::default()
    }
}

pub(super) fn page(
    info: &store::ListInfo,
    leads: &[store::LeadRow],
    limit: u32,
    filter: Option<Filter>,
) -> ListPage {
    let full = u32::try_from(leads.len()).is_ok_and(|count| count == limit);
    let wanted = |lead: &&store::LeadRow| match filter {
        Some(Filter::Excluded) => !lead.dialable,
        Some(Filter::Worked) => lead.attempts > 0,
        Some(Filter::All | Filter::Dialable | Filter::Untouched) | None => true,
    };
    ListPage {
        list: list(info),
        rows: leads.iter().filter(wanted).map(lead).collect(),
        next: leads.last().filter(|_| full).map(|lead| lead.position),
    }
}

fn lead(lead: &store::LeadRow) -> LeadRow {
    LeadRow {
        id: lead.id.to_string(),
        position: lead.position,
        number: national(&lead.phone),
        company: lead.company.clone(),
        person: lead.person.clone(),
        categories: lead.categories.clone(),
        dialable: lead.dialable,
        blocked: lead.blocked().map(str::to_owned),
        attempts: lead.attempts,
        status: lead.last_status.clone(),
        label: lead.last_status_label.clone(),
        last_at: lead.last_at,
        due_at: lead.recall_at.or(lead.next_eligible_at),
    }
}

/// With everything the list view shows (S1.30).
pub(super) fn view_row(lead: &store::LeadRow) -> ViewRow {
    let further = lead.extra_phones.iter().map(|phone| FurtherNumber {
        number: national(&phone.phone),
        label: phone.label.clone(),
        ext: phone.ext.clone(),
        editable: phone.editable,
    });
    ViewRow {
        id: lead.id.to_string(),
        position: lead.position,
        assigned: lead.assigned_name.clone(),
        assigned_login: lead.assigned_login.clone(),
        company: lead.company.clone(),
        person: lead.person.clone(),
        number: national(&lead.phone),
        ext: lead.ext.clone(),
        clir: lead.clir.clone(),
        further: further.collect(),
        categories: lead.categories.clone(),
        columns: lead.attrs.as_object().cloned().unwrap_or_default(),
        last_kind: lead.last_kind.map(|kind| kind.as_str().to_owned()),
        last_user: lead.last_user_name.clone(),
        last_user_login: lead.last_user_login.clone(),
        last_at: lead.last_at,
        status: lead.last_status.clone(),
        label: lead.last_status_label.clone(),
        memo: lead.last_memo.clone(),
        dialable: lead.dialable,
        blocked: lead.blocked().map(str::to_owned),
        excluded_reason: lead.excluded_reason.clone(),
        attempts: lead.attempts,
        state: lead.state.as_str().to_owned(),
        due_at: lead.recall_at.or(lead.next_eligible_at),
        version: lead.version,
    }
}

/// E.164 as people in Japan write it.
pub(super) fn national(e164: &str) -> String {
    e164.strip_prefix("+81").map_or_else(|| e164.to_owned(), |rest| format!("0{rest}"))
}

/// `closed`: the calling window is, and when it opens.
pub(super) async fn why(store: &Store, answer: WhyAnswer, closed: Option<Option<i64>>) -> WhyResult {
    let names: HashMap<_, _> = match store.lists().await {
        Ok(lists) => lists.into_iter().map(|list| (list.id, list.name)).collect(),
        Err(_) => HashMap::new(),
    };
    let rows = answer.rows.into_iter().map(|row| WhyRow {
        lead: row.lead.to_string(),
        list: names.get(&row.list).cloned().unwrap_or_else(|| row.list.to_string()),
        position: row.position,
        number: national(&row.phone),
        company: row.company,
        eligible: row.eligible && closed.is_none(),
        reason: match closed {
            Some(_) if row.eligible => ErrorCode::Hours.as_str().to_owned(),
            _ => row.reason.as_str().to_owned(),
        },
        also: {
            let also = row.also.iter().map(|reason| reason.as_str());
            let shut = closed.is_some() && waits_for_somebody(row.reason);
            also.chain(shut.then_some(ErrorCode::Hours.as_str())).map(str::to_owned).collect()
        },
        due_at: if row.eligible { closed.flatten() } else { row.due_at },
        round: row.round,
        attempts: row.attempts,
        status: row.status,
        seat: row.seat,
        unjudged: row.unjudged.map(|attempt| attempt.to_string()),
        recall_at: row.recall_at,
        excluded_reason: row.excluded_reason,
        owner: row.owner,
    });
    WhyResult { rows: rows.collect() }
}

/// Whether somebody can lift the reason this minute, who would then wait for a call while the window is closed.
fn waits_for_somebody(reason: WhyReason) -> bool {
    match reason {
        WhyReason::DoNotCall
        | WhyReason::Excluded
        | WhyReason::Task
        | WhyReason::TrunkRule
        | WhyReason::OwnerGrant
        | WhyReason::Unassigned
        | WhyReason::ListDisabled => true,
        WhyReason::Eligible
        | WhyReason::LaterRound
        | WhyReason::NotDue
        | WhyReason::Claimed
        | WhyReason::Done
        | WhyReason::Interrupted
        | WhyReason::Forbidden
        | WhyReason::Repeat
        | WhyReason::Importing => false,
    }
}

pub(super) fn history(rows: &[AttemptRow], limit: u32) -> HistoryPage {
    let full = u32::try_from(rows.len()).is_ok_and(|count| count == limit);
    HistoryPage {
        rows: rows.iter().map(attempt).collect(),
        next: rows.last().filter(|_| full).map(|row| row.id.to_string()),
    }
}

pub(super) fn attempt(row: &AttemptRow) -> HistoryRow {
    HistoryRow {
        attempt: row.id.to_string(),
        box_id: row.box_id.clone(),
        seat: Some(row.seat.clone()),
        operator: row.login.clone(),
        operator_name: row.user_name.clone(),
        direction: match row.direction {
            store::Direction::Out => Direction::Outgoing,
            store::Direction::In => Direction::Incoming,
        },
        origin: row.origin.as_str().to_owned(),
        project: row.project_name.clone(),
        list: row.list_name.clone(),
        lead: row.lead.map(|lead| lead.to_string()),
        number: row.phone.as_deref().map(national).or_else(|| row.peer.clone()).unwrap_or_default(),
        company: row.company.clone(),
        person: row.person.clone(),
        contact: row.contact.as_ref().map(|contact| contact.id.to_string()),
        contact_company: row.contact.as_ref().and_then(|contact| contact.company.clone()),
        contact_person: row.contact.as_ref().and_then(|contact| contact.person.clone()),
        started_at: row.dialed_at.or(Some(row.claimed_at)),
        ringing_at: row.ringing_at,
        answered_at: row.answered_at,
        ended_at: row.ended_at,
        hangup_by: row.hangup_by.map(|by| by.as_str().to_owned()),
        sip_code: row.sip_code,
        q850: row.q850,
        outcome: row.sub.clone(),
        status: row.status.clone(),
        label: row.status_label.clone(),
        set_by: row.set_by.map(|by| by.as_str().to_owned()),
        memo: row.memo.clone(),
        recall_at: row.recall_at,
        reported: row.reported,
        amended: row.amended,
        void: row.void,
        void_reason: row.void_reason.clone(),
        interrupted: row.interrupted,
        sealed_at: row.sealed_at,
        recording: row.recording.as_ref().map(|recording| RecordingInfo {
            state: recording.state.as_str().to_owned(),
            path: Some(recording.path.display().to_string()),
            duration_ms: recording.duration_ms,
            sha256: recording.sha256.clone(),
            gaps_ms: Some(recording.gaps_ms),
            paused: super::pause::spans_of(&row.evidence),
        }),
        transfer: row.transfer.as_ref().map(|transfer| Transferred {
            way: transfer.way.as_str().to_owned(),
            number: national(&transfer.to),
            code: transfer.code,
        }),
        parent: row.parent.map(|parent| parent.to_string()),
        sip_call_id: row.sip_call_id.clone(),
        caller_id: row.caller_id.clone(),
        account: row.account.clone(),
        early_media_at: row.early_media_at,
        codec: row.evidence["codec"].as_str().map(str::to_owned),
        secure: row.evidence["secure"].as_str().map(str::to_owned),
        trouble: row.evidence["trouble"].as_str().map(str::to_owned),
        // Rows of an older version have fewer fields.
        quality: serde_json::from_value(row.evidence["rtp"].clone()).ok(),
    }
}

pub(super) fn stats(
    (stats, counts): (Stats, Vec<store::StatusCount>),
    worked: Worked,
    query: &StatsQuery,
    asked: &StatsGet,
) -> StatsResult {
    let by_status = counts.into_iter().map(|row| StatusCount {
        code: row.code,
        label: row.label,
        count: row.count,
        counts_call: row.counts_call,
    });
    StatsResult {
        from: asked.from.or_else(|| query.from.map(store::time::BusinessDate::start)),
        to: asked.to,
        works: stats.works,
        calls: stats.calls,
        connects: stats.connects,
        connect_rate: stats.connect_rate(),
        total: worked.registered,
        worked: worked.worked,
        progress: worked.share(),
        blank: stats.blank,
        void: stats.void,
        talk_ms: stats.talk_ms,
        by_status: by_status.collect(),
    }
}

pub(super) fn devices(devices: Vec<media::device::DeviceInfo>) -> Devices {
    let rows = devices.into_iter().map(|device| DeviceRow {
        name: device.name,
        id: device.id,
        direction: match device.direction {
            media::device::Direction::Capture => DeviceDirection::Capture,
            media::device::Direction::Playback => DeviceDirection::Playback,
        },
        default: device.default,
        host: device.host,
    });
    Devices { devices: rows.collect() }
}

/// The profiles of this site.
pub(super) fn profiles(profiles: &Profiles) -> protocol::result::Profiles {
    protocol::result::Profiles { profiles: profiles.iter().map(profile).collect() }
}

fn profile(profile: &Profile) -> ProfileRow {
    let columns = profile.columns.iter();
    let columns =
        columns.map(|(name, holds)| ProfileColumn { name: name.clone(), holds: holds.as_str().into() });
    ProfileRow {
        name: profile.name.clone(),
        base: profile.base.clone(),
        encoding: profile.encoding.map(|encoding| encoding.as_str().to_owned()),
        delimiter: profile.delimiter.as_str().to_owned(),
        list_header: profile.list_header.as_str().to_owned(),
        contact_header: profile.contact_header.as_str().to_owned(),
        list_required: profile.list_required.as_str().to_owned(),
        contact_required: profile.contact_required.as_str().to_owned(),
        fixed_names: profile.fixed_names,
        no_quotes: profile.no_quotes,
        one_number: profile.one_number,
        max_rows: profile.max_rows,
        max_bytes: profile.max_bytes,
        max_leads: profile.max_leads,
        warn_leads: profile.warn_leads,
        max_contacts: profile.max_contacts,
        max_categories: profile.max_categories.and_then(|most| u64::try_from(most).ok()),
        columns: columns.collect(),
    }
}
