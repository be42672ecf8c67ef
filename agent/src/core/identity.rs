//! What an account's INVITE says of whom it calls and who calls, and what is read of a caller.

use config::{ClirRule, UriForm};
use sip_stack::identity::{AddressForm, Caller, Presentation, Wish};
use sip_stack::message::{Host, Privacy, Uri};
use store::phone::{self, Clir, DialPlan, DialRule, NumberFormat, Phone};

/// How an account's trunk wants numbers.
pub(crate) fn plan(account: &config::Account) -> DialPlan {
    let rules = account.dial.iter().map(|rule| DialRule {
        starts: rule.starts.clone(),
        format: rule.number_format.map(format),
        prefix: rule.prefix.clone(),
        refuse: rule.refuse,
    });
    DialPlan {
        format: format(account.number_format),
        prefix: account.prefix.clone(),
        rules: rules.collect(),
        clir: match account.clir {
            ClirRule::Dialed => phone::ClirRule::Dialed,
            ClirRule::Privacy => phone::ClirRule::Signalled,
            ClirRule::Refused => phone::ClirRule::Refused,
        },
    }
}

/// The URI that a dial string becomes. `None` unless the plan reads `phone` back from it: whatever the file says, no
/// other number is reached than the one that was checked.
pub(crate) fn target(account: &config::Account, dial: &str, phone: &Phone) -> Option<Uri> {
    if plan(account).read(dial).as_ref() != Some(phone) {
        return None;
    }
    let host = account.registrar.as_deref().map_or_else(
        || account.aor_host(),
        |registrar| registrar.split_once(':').map_or(registrar, |(_, host)| host),
    );
    let (host, port) = host_and_port(host)?;
    let mut uri = form(account).uri(dial, &host, port, COUNTRY)?;
    // Who is reached by a SIPS URI calls by one (RFC 3261 26.2.2).
    if let Some(uri) = uri.as_sip_mut() {
        uri.secure = account.scheme() == "sips";
    }
    Some(uri)
}

/// From, P-Asserted-Identity, P-Preferred-Identity and Privacy of a call. `number` is what the row says is shown: the
/// account's own as it is written in the file, a project's as this trunk writes numbers. `None` where it cannot stand
/// in a URI.
pub(crate) fn headers(
    account: &config::Account,
    number: Option<&str>,
    signalled: Option<Clir>,
) -> Option<Vec<(String, String)>> {
    let identity = &account.identity;
    let presentation = Presentation {
        from: identity.from,
        asserted: identity.asserted,
        preferred: identity.preferred,
        privacy: Privacy::new(identity.privacy.iter().map(String::as_str)),
        anonymous_from: identity.anonymous_from,
        form: form(account),
        country: COUNTRY.to_owned(),
    };
    let number = number.map(|number| written(account, number));
    let caller = Caller {
        number: number.as_deref(),
        display: account.display_name.as_deref(),
        wish: match signalled {
            None => Wish::AsUsual,
            Some(Clir::Suppress) => Wish::Withheld,
            Some(Clir::Present) => Wish::Shown,
        },
    };
    let presented = presentation.present(&Uri::parse(&account.aor).ok()?, caller)?;
    let mut headers = presented.headers;
    headers.push((String::from("From"), presented.from.to_string()));
    Some(headers)
}

/// A number to present in the account's format. Prefix and dial rules are for dialing only.
fn written(account: &config::Account, number: &str) -> String {
    if account.caller_id.as_deref() == Some(number) {
        return number.to_owned();
    }
    let plain = DialPlan { format: format(account.number_format), ..DialPlan::default() };
    let phone = Phone::parse(number).ok().map(|parsed| parsed.phone);
    phone
        .and_then(|phone| plain.dial(&phone, None))
        .map_or_else(|| number.to_owned(), |dialing| dialing.string)
}

const fn form(account: &config::Account) -> AddressForm {
    match account.identity.uri {
        UriForm::Sip => AddressForm::Sip,
        UriForm::SipPhone => AddressForm::SipPhone,
        UriForm::Tel => AddressForm::Tel,
    }
}

const fn format(format: config::NumberFormat) -> NumberFormat {
    match format {
        config::NumberFormat::National => NumberFormat::National,
        config::NumberFormat::E164 => NumberFormat::E164,
        config::NumberFormat::E164Plus => NumberFormat::E164Plus,
    }
}

fn host_and_port(text: &str) -> Option<(Host, Option<u16>)> {
    let uri = Uri::parse(&format!("sip:{}", text.split([';', '?']).next().unwrap_or(text))).ok()?;
    Some((uri.host()?.clone(), uri.port()))
}

const COUNTRY: &str = "+81";

#[cfg(test)]
#[path = "identity_tests.rs"]
mod tests;
