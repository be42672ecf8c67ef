//! `trusted_sources`: who may talk to an account besides its exchange.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::reader::{Report, Table};
use crate::types::AccountKind;

pub(super) fn trusted(table: &mut Table<'_, '_>, kind: AccountKind, report: &mut Report) -> Vec<IpNet> {
    let mut networks = Vec::new();
    for source in table.strings("trusted_sources", report).map(|found| found.value).unwrap_or_default() {
        match network(&source.value) {
            Ok(network) if kind == AccountKind::Practice && !network.addr().is_loopback() => {
                report.invalid(
                    &source.at,
                    (
                        "練習用アカウントの相手はこのPCだけです。ループバックアドレスを書いてください",
                        "a practice account talks to this machine alone; write a loopback address",
                    ),
                );
            }
            Ok(network) if networks.contains(&network) => {}
            Ok(network) => networks.push(network),
            Err((ja, en)) => {
                let text = &source.value;
                report.invalid(&source.at, (format!("{text:?}: {ja}"), format!("{text:?}: {en}")));
            }
        }
    }
    networks
}

/// An address alone is a network of one. What is wrong is said in Japanese and English.
fn network(text: &str) -> Result<IpNet, (String, String)> {
    let say = |ja: &str, en: &str| (ja.to_owned(), en.to_owned());
    let alone = |_| text.parse::<IpAddr>().map(IpNet::from);
    let network = text.parse::<IpNet>().or_else(alone).map_err(|_| {
        say(
            "アドレスでもネットワークでもありません。\"203.0.113.5\"、\"203.0.113.0/24\"、\"2001:db8::/32\" のように書いてください",
            "no address and no network; write such as \"203.0.113.5\", \"203.0.113.0/24\" or \"2001:db8::/32\"",
        )
    })?;
    if network.addr().to_canonical() != network.addr() {
        return Err(say(
            "IPv6 アドレスの中に IPv4 アドレスがあります。IPv4 アドレスだけを書いてください",
            "an IPv4 address inside an IPv6 address; write the IPv4 address alone",
        ));
    }
    if network.trunc() != network {
        let network = network.trunc();
        return Err((
            format!("プレフィックスの長さより先の桁があります。\"{network}\" と書いてください"),
            format!("more address than the prefix covers; write \"{network}\""),
        ));
    }
    if network.prefix_len() == 0 {
        return Err(say(
            "すべての相手になってしまいます。通信事業者から知らされたアドレスを書いてください",
            "that is everybody; write the addresses that your carrier names",
        ));
    }
    Ok(network)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_networks_of_both_families() {
        for (text, printed) in [
            ("203.0.113.5", "203.0.113.5/32"),
            ("203.0.113.0/24", "203.0.113.0/24"),
            ("2001:db8::5", "2001:db8::5/128"),
            ("2001:db8::/32", "2001:db8::/32"),
        ] {
            assert_eq!(network(text).unwrap().to_string(), printed);
        }
    }

    #[test]
    fn what_is_refused_says_what_to_write() {
        for (text, advice) in [
            ("sip.example.jp", "\"203.0.113.5\""),
            ("203.0.113.5:5060", "\"203.0.113.5\""),
            ("203.0.113.0/33", "\"203.0.113.5\""),
            ("203.0.113.5/24", "\"203.0.113.0/24\""),
            ("2001:db8::1/64", "\"2001:db8::/64\""),
            ("::ffff:203.0.113.5", "IPv4 address alone"),
            ("0.0.0.0/0", "everybody"),
            ("::/0", "everybody"),
        ] {
            let (_, told) = network(text).unwrap_err();
            assert!(told.contains(advice), "{text}: {told}");
        }
    }
}
