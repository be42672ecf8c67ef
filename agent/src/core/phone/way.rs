//! The way to a desk phone: over which account it is called, what it is offered, and how it learns of another address of ours.

use std::net::{IpAddr, SocketAddr};

use media::types::{Command as MediaCommand, Endpoint, SessionId};
use sip_stack::message::Uri;
use sip_stack::sdp::{Capabilities, CodecName, CodecSpec};
use sip_stack::ua::{AccountId, CallId, HoldError, Invite};

use super::Phone;
use crate::clock::Now;
use crate::core::{Core, SeatIndex, account};

/// An INVITE that is on its way to a phone.
pub(super) struct Called {
    pub(super) sip: CallId,
    pub(super) session: SessionId,
    /// Where our offer says that we receive.
    pub(super) rtp: SocketAddr,
}

impl Core {
    /// Our address towards the exchange of `account` is another one: the phones that are reached over it are told where to
    /// send to now.
    pub(in crate::core) fn move_phones(&mut self, account: AccountId, now: Now) {
        for seat in 0..self.seats.len() {
            if self.phone_account(seat) != Some(account) {
                continue;
            }
            if let Some(phone) = self.seats[seat].phone.as_mut().filter(|phone| phone.ids().is_some()) {
                phone.moving = true;
                self.move_phone(seat, now);
            }
        }
    }

    /// Tells the phone of our other address, if it does not know and no other offer is under way.
    pub(super) fn move_phone(&mut self, seat: SeatIndex, now: Now) {
        let Some(phone) = self.phone(seat).filter(|phone| phone.moving) else { return };
        let (Some((sip, _)), Some(rtp)) = (phone.ids(), phone.rtp) else { return };
        let Some(address) = self.phone_address(seat) else { return };
        let rtp = self.advertised(address, rtp.port());
        let Some(capabilities) = self.phone_offer(seat, rtp) else { return };
        let moved = self.ua.change_media(sip, &capabilities, now.mono);
        let Some(phone) = &mut self.seats[seat].phone else { return };
        match moved {
            Ok(()) => {
                phone.rtp = Some(rtp);
                phone.moving = false;
                tracing::info!(seat = self.seats[seat].name, "our address changed, the phone is told");
            }
            // Another offer is under way, or it still rings: after that.
            Err(HoldError::Pending | HoldError::NotEstablished) => {}
            Err(error) => {
                let seat = &self.seats[seat].name;
                tracing::warn!(seat, %error, "the phone cannot be told of our new address");
            }
        }
    }

    /// Sends the INVITE and opens the session; the text says why neither was done.
    pub(super) fn invite_phone(&mut self, seat: SeatIndex, now: Now) -> Result<Called, String> {
        let (Some(phone), Some(account)) = (self.phone(seat), self.phone_account(seat)) else {
            return Err(String::from("no phone"));
        };
        let target = Uri::parse(&self.phone_uri(seat, phone)).map_err(|_| "its address is no SIP URI")?;
        let ring_timeout = phone.config.ring_timeout;
        let headers = if phone.config.auto_answer {
            // What Asterisk, Polycom, Yealink, Cisco and Grandstream phones each look for; RFC 5373 for the rest.
            let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
            vec![
                header("Call-Info", "<sip:kakeru.invalid>;answer-after=0"),
                header("Alert-Info", "<http://kakeru.invalid>;info=alert-autoanswer"),
                header("Answer-Mode", "Auto"),
            ]
        } else {
            Vec::new()
        };
        let address = self.phone_address(seat).ok_or("its address is not known yet")?;
        let socket = self.rtp_socket(address).map_err(|code| code.as_str().to_owned())?;
        let rtp = self.advertised(address, socket.port());
        let capabilities = self.phone_offer(seat, rtp).ok_or("no phone")?;
        let invite = Invite { target, capabilities, ring_timeout, headers };
        let sip = self.ua.invite(account, invite, now.mono).map_err(|error| error.to_string())?;
        self.next_session += 1;
        let session = SessionId(self.next_session);
        let endpoint = Endpoint::Phone(self.seats[seat].media);
        self.media(MediaCommand::OpenSession { session, socket, endpoint });
        Ok(Called { sip, session, rtp })
    }

    /// The user agent's account over which the phone is called.
    fn phone_account(&self, seat: SeatIndex) -> Option<AccountId> {
        Some(self.phone(seat)?.direct.unwrap_or(self.accounts[self.seats[seat].account].id))
    }

    /// The local address for RTP towards the phone.
    fn phone_address(&self, seat: SeatIndex) -> Option<IpAddr> {
        let Some(direct) = self.phone(seat)?.direct else {
            return self.media_address(self.seats[seat].account);
        };
        let listen = self.config.sip.listen.ip();
        if !listen.is_unspecified() {
            return Some(listen);
        }
        account::local_address(self.ua.trunk(direct).active?.peer)
    }

    fn phone_uri(&self, seat: SeatIndex, phone: &Phone) -> String {
        if phone.direct.is_some() {
            return phone.config.address.clone();
        }
        let of = &self.accounts[self.seats[seat].account].config;
        let host = of
            .registrar
            .as_deref()
            .map_or(of.aor_host(), |registrar| registrar.split_once(':').map_or(registrar, |(_, host)| host));
        format!("{}:{}@{host}", of.scheme(), phone.config.address)
    }

    fn phone_offer(&self, seat: SeatIndex, rtp: SocketAddr) -> Option<Capabilities> {
        let Phone { config, identity, .. } = self.phone(seat)?;
        let codecs = config.codecs.iter().map(|codec| match codec {
            config::Codec::Pcmu => CodecSpec::new(CodecName::Pcmu),
            config::Codec::Pcma => CodecSpec::new(CodecName::Pcma),
            config::Codec::G722 => CodecSpec::new(CodecName::G722),
            config::Codec::Opus => {
                let fmtp = Some(String::from("useinbandfec=1; stereo=0; sprop-stereo=0"));
                CodecSpec { name: CodecName::Opus, payload_type: 111, fmtp }
            }
        });
        let capabilities = Capabilities {
            codecs: codecs.collect(),
            security: account::security(config.srtp, identity.as_ref()),
            rtcp_mux: account::mux(identity.as_ref()),
            ..Capabilities::new(rtp.ip(), rtp.port())
        };
        Some(account::offered(capabilities))
    }
}
