//! The summary is worth what the disk says: everything is counted and read again after the daemon has stopped.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use protocol::result::StatsResult;
use sha2::{Digest as _, Sha256};
use store::{AttemptRow, HistoryQuery, ListQuery, OpenOptions, RecordingState, StatsQuery, Store};

use super::setup::{self, Setup};
use super::{DemoError, block_on};
use crate::exchange::Behaviour;

/// What reading back found.
#[derive(Debug, Default)]
pub(super) struct Checked {
    pub(super) recordings: usize,
    pub(super) wrong: Vec<String>,
}

pub(super) fn check(setup: &Setup, stats: &StatsResult) -> Result<Checked, DemoError> {
    let mut checked = Checked::default();
    let read = block_on(read(setup)).map_err(|error| DemoError::Wrong(vec![error.to_string()]))?;
    let counted =
        (read.stats.works, read.stats.calls, read.stats.connects, read.stats.void, read.stats.registered);
    let told = (stats.works, stats.calls, stats.connects, stats.void, stats.total);
    if counted != told {
        checked.wrong.push(format!("the counters say {told:?}, a recount of the rows {counted:?}"));
    }
    for lead in &read.leads {
        let should = expected(Behaviour::of_number(&lead.phone));
        if lead.last_status.as_deref() != Some(should) {
            let is = lead.last_status.as_deref().unwrap_or("no status");
            checked.wrong.push(format!("row {}: {is} instead of {should}", lead.position));
        }
    }
    let delivered = match delivered(&setup.config.outbox.drop_dir) {
        Ok(delivered) => delivered,
        Err(error) => {
            checked.wrong.push(format!("the written-back CSV cannot be read: {error}"));
            return Ok(checked);
        }
    };
    for attempt in &read.attempts {
        check_attempt(attempt, &delivered, &mut checked);
    }
    Ok(checked)
}

/// The status that a row of the sample list must end with.
const fn expected(behaviour: Behaviour) -> &'static str {
    match behaviour {
        Behaviour::Human | Behaviour::Echo | Behaviour::Congested => "prospect",
        Behaviour::NoAnswer | Behaviour::Busy | Behaviour::Voicemail => "no_contact",
        Behaviour::NotInService => "not_in_service",
        Behaviour::Fax => "fax",
        Behaviour::HangUp => "callback",
        Behaviour::Refuse => "do_not_call",
    }
}

struct Read {
    stats: store::Stats,
    leads: Vec<store::LeadRow>,
    attempts: Vec<AttemptRow>,
}

async fn read(setup: &Setup) -> Result<Read, Box<dyn std::error::Error + Send + Sync>> {
    let options = OpenOptions {
        box_id: String::from("demo"),
        recordings: Some(setup.config.daemon.recordings_dir.clone()),
        ..OpenOptions::default()
    };
    let store = Store::open(&setup.config.daemon.database, options)?;
    let list = store.list_by_name(setup::LIST).await?.id;
    let stats = store.stats_recount(StatsQuery { list: Some(list), ..StatsQuery::default() }).await?;
    let query = ListQuery { list, after: None, limit: 1_000, filter: store::LeadFilter::default() };
    let leads = store.show_list(query).await?;
    let query =
        HistoryQuery { list: Some(list), include_void: true, limit: 1_000, ..HistoryQuery::default() };
    let attempts = store.history(query).await?;
    store.close().await;
    Ok(Read { stats, leads, attempts })
}

fn check_attempt(attempt: &AttemptRow, delivered: &HashMap<String, Delivered>, checked: &mut Checked) {
    let id = attempt.id.to_string();
    let Some(row) = delivered.get(&id) else {
        return checked.wrong.push(format!("attempt {id} is missing in the written-back CSV"));
    };
    if row.status != attempt.status.clone().unwrap_or_default() {
        checked.wrong.push(format!("attempt {id} left with the status {:?}", row.status));
    }
    let Some(recording) = &attempt.recording else { return };
    match recording.state {
        RecordingState::Final => match sound(&recording.path) {
            Ok((_, false)) if !is_mute(attempt) => {
                checked.wrong.push(format!("the callee cannot be heard on the recording of {id}"));
            }
            Ok((sha256, _)) if Some(&sha256) == recording.sha256.as_ref() && sha256 == row.sha256 => {
                checked.recordings += 1;
            }
            Ok(_) => checked.wrong.push(format!("the recording of {id} has another checksum")),
            Err(error) => checked.wrong.push(format!("the recording of {id} cannot be read: {error}")),
        },
        RecordingState::Discarded if recording.path.exists() => {
            checked
                .wrong
                .push(format!("the recording of {id} was to be discarded (S4.8) and is still there"));
        }
        RecordingState::Open | RecordingState::Failed => {
            checked.wrong.push(format!("the recording of {id} is {}", recording.state));
        }
        RecordingState::Discarded | RecordingState::Expired | RecordingState::Exported => {}
    }
}

/// Whether the callee says nothing by nature.
fn is_mute(attempt: &AttemptRow) -> bool {
    attempt.phone.as_deref().is_some_and(|phone| Behaviour::of_number(phone) == Behaviour::HangUp)
}

/// Reads a whole recording: stereo, not empty. Returns its checksum, and whether the callee (right) is on it.
fn sound(path: &Path) -> Result<(String, bool), Box<dyn std::error::Error>> {
    let mut reader = hound::WavReader::open(path)?;
    let (channels, length) = (reader.spec().channels, reader.duration());
    if channels != 2 || length == 0 {
        return Err(format!("{channels} channels, {length} samples").into());
    }
    let mut callee = false;
    for (index, sample) in reader.samples::<i16>().enumerate() {
        callee |= sample? != 0 && index % 2 == 1;
    }
    let digest = Sha256::digest(fs::read(path)?);
    Ok((store::hex(&digest), callee))
}

/// A row of the written-back CSV.
struct Delivered {
    status: String,
    sha256: String,
}

fn delivered(folder: &Path) -> Result<HashMap<String, Delivered>, Box<dyn std::error::Error>> {
    let mut rows = HashMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "csv") {
            continue;
        }
        let bytes = fs::read(&path)?;
        let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
        let mut reader = csv::Reader::from_reader(text);
        let headers = reader.headers()?.clone();
        let column = |name: &str| headers.iter().position(|header| header == name).ok_or(name.to_owned());
        let (id, status, sha256) = (column("id")?, column("status")?, column("recording_sha256")?);
        for record in reader.records() {
            let record = record?;
            let cell = |index: usize| record.get(index).unwrap_or_default().to_owned();
            rows.insert(cell(id), Delivered { status: cell(status), sha256: cell(sha256) });
        }
    }
    Ok(rows)
}
