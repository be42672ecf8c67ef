//! The whole state at a glance, and the trunks' part of it.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use config::{AccountKind, Transport};
use protocol::result::{
    AccountStatus, CallInfo, CallState, CallingHours, DialInfo, DialState, Direction, OutboxStatus,
    QuotaResult, RegistrationState, SeatState, SeatStatus, StatusResult, StoreStatus, StrangersStatus,
    TlsStatus, VoiceStatus,
};
use protocol::{ErrorCode, Event, PROTOCOL_VERSION};
use sip_stack::driver::{TlsState, Verify};
use sip_stack::ua::{AccountId, RegistrationState as SipState, RegistrationStatus, TrunkState, TrunkStatus};
use store::AttemptId;

use super::report::seat_state;
use super::trouble::Trouble;
use super::{Core, SeatIndex};
use crate::clock::Now;
use crate::control::{Audience, Who};

impl Core {
    pub(super) fn status(&self, backlog: u64, dead: u64, now: Now) -> StatusResult {
        let why = self.outbox_trouble.lock().unwrap_or_else(PoisonError::into_inner).clone();
        StatusResult {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            protocol: PROTOCOL_VERSION,
            box_id: self.config.daemon.box_id.clone(),
            pid: std::process::id(),
            started_at: self.started_at,
            up_ms: u64::try_from(now.mono.saturating_duration_since(self.started).as_millis()).ok(),
            now: now.wall,
            seq: self.hub.last_seq(),
            accounts: (0..self.accounts.len()).map(|index| self.account_status(index, now)).collect(),
            seats: (0..self.seats.len()).map(|seat| self.seat_status(seat)).collect(),
            store: StoreStatus {
                ok: self.store_trouble.is_none(),
                trouble: self.store_trouble.as_ref().map(|trouble| trouble.code.clone()),
                detail: self.store_trouble.as_ref().map(|trouble| trouble.detail.en.clone()),
                detail_ja: self
                    .store_trouble
                    .as_ref()
                    .map(|trouble| trouble.detail.ja.clone())
                    .filter(|ja| !ja.is_empty()),
                folder: self.store_trouble.as_ref().and_then(Trouble::recordings),
                pending: u32::try_from(self.unsaved).unwrap_or(u32::MAX),
                begun_empty_at: Some(self.begun_empty.load(Ordering::Relaxed)).filter(|at| *at > 0),
            },
            outbox: OutboxStatus { backlog, dead, why },
            recordings: self.recordings_kept(),
            interrupted: self.interrupted,
            open: 0,
            strangers: self.strangers(now),
            warnings: self.warnings(self.config.daemon.locale),
            warnings_ja: self.warnings(config::Locale::Ja),
            warnings_en: self.warnings(config::Locale::En),
            hours: {
                let window = crate::run::window(&self.config.dialing.window);
                let dialer::window::CallingWindow { from, to, days, closed } = window;
                Some(CallingHours { from, to, days, closed })
            },
        }
    }

    /// Nothing fits where nothing can be written.
    fn recordings_kept(&self) -> Option<QuotaResult> {
        let cannot = self.store_trouble.as_ref().is_some_and(|trouble| trouble.recordings().is_some());
        self.kept.seen().map(|kept| match cannot {
            true => QuotaResult { hours_left: Some(0), days_left: Some(0), ..kept },
            false => kept,
        })
    }

    fn warnings(&self, locale: config::Locale) -> Vec<String> {
        self.config.warnings.iter().map(|warning| warning.in_locale(locale)).collect()
    }

    /// Takes out what is not theirs: who calls sees their own seats, and the accounts of these (section D).
    pub(super) fn narrow(&self, who: &Who, status: &mut StatusResult) {
        let directory = self.people.directory();
        status.seats.retain(|seat| directory.hears(who, &Audience::seat(&seat.name)));
        status.accounts.retain(|account| directory.hears(who, &Audience::account(&account.name)));
        if !directory.hears(who, &Audience::Monitors) {
            status.strangers = StrangersStatus::default();
            for told in [&mut status.warnings, &mut status.warnings_ja, &mut status.warnings_en] {
                told.clear();
            }
        }
    }

    fn account_status(&self, index: usize, now: Now) -> AccountStatus {
        let account = &self.accounts[index];
        let status = self.ua.registration(account.id);
        let trunk = trunk(&self.ua.trunk(account.id), now);
        let wall = |at: std::time::Instant| {
            now.wall
                + i64::try_from(at.saturating_duration_since(now.mono).as_millis()).unwrap_or(i64::MAX / 2)
        };
        AccountStatus {
            name: account.config.name.clone(),
            kind: kind(account.config.kind).to_owned(),
            aor: account.config.aor.clone(),
            state: if account.config.registrar.is_some() {
                state(&status)
            } else {
                RegistrationState::Unneeded
            },
            code: status.last_error.as_ref().and_then(|error| error.code),
            why: if account.target_is_lawful(&self.ua) {
                // Below SIP only TLS knows better than "transport failure".
                let silent = status.last_error.as_ref().is_some_and(|error| error.code.is_none());
                let tls = self.tls_failure(index).filter(|_| silent);
                tls.or_else(|| status.last_error.as_ref().map(|error| error.reason.clone()))
            } else {
                Some(ErrorCode::PracticeOnlyLoopback.as_str().to_owned())
            },
            next_attempt_at: status.next_attempt.or_else(|| self.ua.next_look(account.id)).map(wall),
            expires_at: match status.state {
                SipState::Registered { expires_at } => Some(wall(expires_at)),
                _ => None,
            },
            transport: match account.config.transport {
                // What the DNS chose, once it has.
                Transport::Auto => trunk.transport.clone().unwrap_or_else(|| String::from("auto")),
                fixed => fixed.as_str().to_owned(),
            },
            trunk,
            tls: self.tls_status(index),
        }
    }

    /// Why the account's TLS connection did not come about: the code, then what exactly.
    fn tls_failure(&self, index: usize) -> Option<String> {
        let targets = self.ua.targets(self.accounts[index].id);
        targets.iter().find_map(|target| match self.driver.tls_state(target.peer) {
            Some(TlsState::Failed(failure)) => Some(format!("{} {failure}", failure.kind.code())),
            _ => None,
        })
    }

    fn tls_status(&self, index: usize) -> Option<TlsStatus> {
        if !self.accounts[index].config.transport.may_be_tls() {
            return None;
        }
        let targets = self.ua.targets(self.accounts[index].id);
        let info = targets.iter().find_map(|target| match self.driver.tls_state(target.peer) {
            Some(TlsState::Secured(info)) => Some(info),
            _ => None,
        })?;
        let peer = info.peer.clone().unwrap_or_default();
        Some(TlsStatus {
            version: info.version.to_owned(),
            cipher: info.cipher.clone(),
            verified: match info.verify {
                Verify::Full => "full",
                Verify::Authority => "authority",
                Verify::Nothing => "nothing",
            }
            .to_owned(),
            certificate: peer.subject,
            issuer: peer.issuer,
            certificate_expires_at: peer.not_after.map(|seconds| seconds.saturating_mul(1000)),
        })
    }

    pub(super) fn seat_status(&self, seat: SeatIndex) -> SeatStatus {
        let runtime = &self.seats[seat];
        let (state, pause_code) = seat_state(runtime.dialer.state());
        let waiting = runtime.dialer.waiting().map(|waiting| self.waiting_words(seat, waiting));
        SeatStatus {
            // Of an answer, which is told them on its way.
            recall_at: None,
            recall_opens_at: None,
            warnings: Vec::new(),
            name: runtime.name.clone(),
            operator: runtime.operator.clone(),
            uid: runtime.uid,
            account: self.accounts[runtime.account].config.name.clone(),
            state,
            // That nobody has been ready yet is no pause that somebody asked for.
            pausing: match state {
                SeatState::Paused => None,
                _ => {
                    runtime.dialer.paused().filter(|code| *code != dialer::PAUSED_AT_START).map(str::to_owned)
                }
            },
            pause_code,
            since: runtime.since,
            call: self.current_call(seat),
            dial: runtime.list.as_ref().map(|list| DialInfo {
                list_id: list.id.to_string(),
                list: list.name.clone(),
                state: if runtime.dialer.is_paused() {
                    DialState::Paused
                } else if waiting.is_some() {
                    DialState::Waiting
                } else {
                    DialState::Running
                },
                waiting: waiting.map(|(why, _)| why.to_owned()),
                until: waiting.and_then(|(_, until)| until),
                calls: list.calls,
                started_at: list.started_at,
            }),
            finished: runtime.finished.clone(),
            voice: self.voice_status(seat),
            consult: self.consult_info(seat),
            tap: self.tap_info(seat),
            taps: self.taps_at(seat).filter_map(|by| self.tap_info(by)).collect(),
        }
    }

    /// What is in use of a seat's devices.
    pub(super) fn voice_status(&self, seat: SeatIndex) -> VoiceStatus {
        let voice = &self.seats[seat].voice;
        VoiceStatus {
            ok: voice.trouble.is_none(),
            capture: voice.capture.clone(),
            playback: voice.playback.clone(),
            why: voice.trouble.clone(),
            ring: voice.ring.clone(),
            headset: self.headsets.name(seat),
            headset_trouble: self.headsets.trouble(seat),
            secure: self.seats[seat].phone.as_ref().and_then(super::Phone::secure),
        }
    }

    /// The call that is up, else the lead that is shown, else the last call while its row is open.
    pub(super) fn current_call(&self, seat: SeatIndex) -> Option<CallInfo> {
        let runtime = &self.seats[seat];
        let attempt = runtime.dialer.attempt().map(|attempt| AttemptId(attempt.0));
        if let Some(call) = attempt.and_then(|attempt| self.calls.get(&attempt)) {
            return Some(call.info(runtime.list_name()));
        }
        self.preview_info(seat).or_else(|| runtime.last.as_ref().map(|last| last.info.clone()))
    }

    /// The lead that is shown before it is dialed.
    pub(super) fn preview_info(&self, seat: SeatIndex) -> Option<CallInfo> {
        let runtime = &self.seats[seat];
        if !matches!(runtime.dialer.state(), dialer::SeatState::Previewing) {
            return None;
        }
        let shown = runtime.shown.as_ref()?;
        Some(CallInfo {
            attempt: shown.attempt.to_string(),
            direction: Direction::Outgoing,
            state: CallState::Preview,
            number: shown.phone.national(),
            company: shown.company.clone(),
            person: shown.person.clone(),
            categories: shown.categories.clone(),
            lead: shown.lead.map(|lead| lead.to_string()),
            list: runtime.list_name(),
            position: Some(shown.position),
            attempts_before: shown.attempts_before,
            sip_call_id: None,
            started_at: None,
            ringing_at: None,
            early_media_at: None,
            answered_at: None,
            ended_at: None,
            held: false,
            muted: false,
            codec: None,
            sip_code: None,
            q850: None,
            outcome: None,
            suggestion: None,
            status: None,
            label: None,
            memo: None,
            withheld: None,
            diverted: Vec::new(),
            earlier: Vec::new(),
            transfer: None,
            parent: None,
            secure: None,
            trouble: None,
            silent: false,
            recording: None,
            quality: None,
        })
    }

    /// The registration of an account changed.
    pub(super) fn registration(&mut self, account: AccountId, status: RegistrationStatus, now: Now) {
        let Some(index) = self.accounts.iter().position(|a| a.id == account) else { return };
        let name = &self.accounts[index].config.name;
        match (&status.state, &status.last_error) {
            (SipState::Registered { .. }, _) => tracing::info!(account = name, "registered"),
            (SipState::Failed, Some(error)) => {
                tracing::warn!(account = name, code = error.code, reason = error.reason, "not registered");
            }
            _ => {}
        }
        let news = Some((state(&status), status.last_error.clone()));
        if !self.accounts[index].refreshing(&self.ua) && self.accounts[index].told != news {
            self.accounts[index].told = news;
            let shown = self.account_status(index, now);
            let event = Event::RegistrationChanged {
                account: shown.name,
                state: shown.state,
                code: shown.code,
                why: shown.why,
                next_attempt_at: shown.next_attempt_at,
            };
            self.publish(event, now);
        }
        // A refresh under way must not hide until when the last binding stands.
        if status.state != SipState::Registering {
            self.accounts[index].status = Some(status);
        }
        self.trunk_state(index, now);
        self.tell_service_manager();
    }

    /// The exchange answers no more, or again, or another of its servers is used.
    pub(super) fn trunk(&mut self, account: AccountId, status: TrunkStatus, now: Now) {
        let Some(index) = self.accounts.iter().position(|a| a.id == account) else { return };
        let name = &self.accounts[index].config.name;
        let target = status.active.map(|flow| flow.peer);
        match status.state {
            TrunkState::Unreachable => tracing::warn!(account = name, "the exchange does not answer"),
            _ if status.preferred => tracing::info!(account = name, ?target, "the exchange answers"),
            _ => tracing::warn!(account = name, ?target, "another server of the exchange is used"),
        }
        let account = name.clone();
        self.publish(Event::TrunkChanged { account, trunk: trunk(&status, now) }, now);
        self.trunk_state(index, now);
        self.tell_service_manager();
    }

    /// Tells the account's seats whether calls may be placed.
    pub(super) fn trunk_state(&mut self, account: usize, now: Now) {
        let up = self.accounts[account].is_up(&self.ua);
        for seat in self.seats.iter_mut().filter(|seat| seat.account == account) {
            seat.dialer.trunk(up, now.into());
        }
    }

    /// A trunk that knows us by address is up as soon as its name is resolved; no registration tells of that.
    pub(super) fn watch_addresses(&mut self, now: Now) {
        for account in 0..self.accounts.len() {
            let runtime = &mut self.accounts[account];
            if runtime.config.registrar.is_none() {
                self.trunk_state(account, now);
            } else if runtime.register_when_lawful
                && !self.ua.targets(runtime.id).is_empty()
                && runtime.target_is_lawful(&self.ua)
            {
                runtime.register_when_lawful = false;
                self.ua.register(runtime.id, now.mono);
            }
        }
    }

    fn tell_service_manager(&self) {
        let up = self.accounts.iter().filter(|account| account.is_up(&self.ua)).count();
        self.notifier.status(&format!("{up} of {} accounts registered", self.accounts.len()));
    }
}

const fn kind(kind: AccountKind) -> &'static str {
    match kind {
        AccountKind::Trunk => "trunk",
        AccountKind::Pbx => "pbx",
        AccountKind::Practice => "practice",
    }
}

fn trunk(status: &TrunkStatus, now: Now) -> protocol::result::TrunkStatus {
    let since = status.since.map(|at| now.mono.saturating_duration_since(at).as_millis());
    protocol::result::TrunkStatus {
        state: match status.state {
            TrunkState::Unknown => protocol::result::TrunkState::Unknown,
            TrunkState::Reachable => protocol::result::TrunkState::Reachable,
            TrunkState::Unreachable => protocol::result::TrunkState::Unreachable,
        },
        since: since.map(|ago| now.wall - i64::try_from(ago).unwrap_or(0)),
        target: status.active.map(|flow| flow.peer.to_string()),
        transport: status.active.map(|flow| flow.transport.via_token().to_ascii_lowercase()),
        preferred: status.preferred,
    }
}

const fn state(status: &RegistrationStatus) -> RegistrationState {
    match status.state {
        SipState::Idle => RegistrationState::Idle,
        SipState::Resolving => RegistrationState::Resolving,
        SipState::Registering => RegistrationState::Registering,
        SipState::Registered { .. } => RegistrationState::Registered,
        SipState::Failed => RegistrationState::Failed,
        SipState::Unregistering => RegistrationState::Unregistering,
    }
}
