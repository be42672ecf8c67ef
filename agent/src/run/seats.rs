//! The seats at start: their users, voices, desk phones and dialers.

use std::sync::Arc;

use config::{AccountKind, Config, RoleName, TapNotice, Voice};
use dialer::outcome::Row;
use dialer::window::CallingWindow;
use dialer::{Dialer, Mode, Policy};
use media::dtls::DtlsIdentity;
use media::engine::Engine;
use media::types::SeatId;
use sip_stack::driver::Driver;
use sip_stack::message::Uri;
use sip_stack::ua::{AccountConfig, UserAgent};
use store::{Role, Store};

use super::RunError;
use crate::clock::now;
use crate::control::{People, SeatBinding};
use crate::core::{AccountRuntime, PHONE_IDLE, Phone, SeatRuntime};
use crate::settings::Settings;
use crate::stream::phone_makes_keys_by_dtls;

pub(super) async fn seats(
    config: &Config,
    store: &Store,
    engine: &Engine,
    accounts: &[AccountRuntime],
    settings: &Settings,
    phones: Vec<Option<Phone>>,
    wall: i64,
) -> Result<Vec<SeatRuntime>, RunError> {
    let mut seats = Vec::with_capacity(config.seats.len());
    for ((index, seat), phone) in config.seats.iter().enumerate().zip(phones) {
        let user = store.ensure_user(&seat.operator, &seat.operator, Role::Operator, wall).await?;
        let account = accounts.iter().position(|a| a.config.name == seat.account).unwrap_or(0);
        let media = SeatId(u32::try_from(index).unwrap_or(u32::MAX));
        let wanted = crate::core::Wanted::new(seat, settings);
        for order in wanted.orders(media, &seat.voice) {
            if engine.send(order).await.is_err() {
                tracing::error!(seat = seat.name, "the voice device could not be asked for");
            }
        }
        let practice = accounts[account].config.kind == AccountKind::Practice;
        let voice_per_call = phone.as_ref().is_some_and(Phone::is_per_call);
        let mut dialer = Dialer::new(policy(&config.dialing, practice, voice_per_call));
        let mut shown = crate::core::Voice::default();
        if phone.is_some() {
            dialer.voice(false, now().into());
            // One that is called for each call need not be up.
            shown.trouble = (!voice_per_call).then(|| PHONE_IDLE.to_owned());
        }
        seats.push(SeatRuntime {
            name: seat.name.clone(),
            operator: seat.operator.clone(),
            uid: seat.uid,
            user,
            account,
            media,
            dialer,
            shown: None,
            last: None,
            before: None,
            list: None,
            passed_over: crate::core::PassedOver::default(),
            consult: None,
            bound: None,
            tap: None,
            tap_asked: false,
            waiting: None,
            save_seq: None,
            since: wall,
            phone,
            voice: shown,
            wanted,
            rings: false,
            finished: None,
        });
    }
    Ok(seats)
}

/// The desk phones of the seats. One that is called directly is an account of its own, at which nothing registers: only
/// the phone may send requests by it.
pub(super) fn desk_phones(
    config: &Config,
    identity: Option<&DtlsIdentity>,
    ua: &mut UserAgent,
    driver: &mut Driver,
) -> Result<Vec<Option<Phone>>, RunError> {
    let mut phones = Vec::with_capacity(config.seats.len());
    for seat in &config.seats {
        let Voice::Phone(phone) = &seat.voice else {
            phones.push(None);
            continue;
        };
        let identity = identity.filter(|_| phone_makes_keys_by_dtls(phone)).cloned();
        let Some((_, host)) = phone.address.strip_prefix("sip:").and_then(|rest| rest.split_once('@')) else {
            phones.push(Some(Phone::new(phone.clone(), None, identity)));
            continue;
        };
        let name = format!("phone-{}", seat.name);
        let uri = |text: String| {
            Uri::parse(&text).map_err(|_| RunError::Uri { account: name.clone(), uri: text.clone() })
        };
        let mut account = AccountConfig::new(&name, uri(format!("sip:kakeru-phone@{host}"))?);
        account.outbound_proxy = Some(uri(format!("sip:{host}"))?);
        account.display_name = Some(String::from("Kakeru"));
        let id = ua.add_account(account);
        driver.resolve(ua, id);
        phones.push(Some(Phone::new(phone.clone(), Some(id), identity)));
    }
    Ok(phones)
}

/// Who is who: users of the store, seats of the configuration.
pub(super) async fn people(
    config: &Config,
    seats: &[SeatRuntime],
    store: &Store,
) -> Result<Arc<People>, RunError> {
    let bindings = seats.iter().zip(&config.seats).map(|(seat, configured)| SeatBinding {
        name: seat.name.clone(),
        account: configured.account.clone(),
        uid: seat.uid,
        user: seat.user,
    });
    let role = |role: &RoleName| match role {
        RoleName::Manager => Role::Manager,
        RoleName::Supervisor => Role::Supervisor,
        RoleName::Operator => Role::Operator,
        RoleName::Business => Role::Business,
        RoleName::BackOffice => Role::BackOffice,
    };
    let masked = config.people.mask_numbers.iter().map(role).collect();
    let people =
        People::new(bindings.collect(), masked, config.contacts.read_only.iter().map(role).collect())
            .quiet_taps(config.people.tap_notice == TapNotice::None);
    people.refresh(store).await?;
    let directory = people.directory();
    for (seat, configured) in seats.iter().zip(&config.seats) {
        // Of another start, or the configuration names somebody of the office.
        if let Some(role) = directory.role(seat.user).filter(|role| !role.calls()) {
            tracing::warn!(
                seat = seat.name,
                operator = configured.operator,
                %role,
                "the operator of this seat is of a role that calls nobody; only a manager can use it"
            );
        }
    }
    Ok(Arc::new(people))
}

/// What the configuration lets a seat's dialer do. Only a practice account has no calling window.
fn policy(dialing: &config::Dialing, practice: bool, voice_per_call: bool) -> Policy {
    let window = window(&dialing.window);
    Policy {
        mode: match dialing.mode {
            config::DialMode::Straight => Mode::Straight,
            config::DialMode::Preview => {
                Mode::Preview { countdown: (!dialing.preview.is_zero()).then_some(dialing.preview) }
            }
        },
        ring_timeout: dialing.ring_timeout,
        wrap_up: dialing.wrap_up,
        auto_disposition: dialing
            .auto_disposition
            .iter()
            .filter_map(|o| Row::from_name(o.as_str()))
            .collect(),
        require_status: dialing.require_status,
        window: (!practice).then_some(window),
        voice_per_call,
    }
    .clamped()
}

/// The configured calling window in the dialer's words.
pub(crate) fn window(window: &config::CallingWindow) -> CallingWindow {
    let day = |date: config::Date| i32::try_from(date.days_since_epoch()).unwrap_or(i32::MAX);
    CallingWindow {
        days: config::Weekday::ALL.map(|weekday| window.days.contains(weekday)),
        from: window.from,
        to: window.to,
        closed: window.closed.iter().map(|closed| (day(closed.from), day(closed.to))).collect(),
    }
    .clamped()
}
