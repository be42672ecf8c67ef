//! What every message of ours carries: Via, Contact, agent, lists of what we can do.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Instant;

use super::UserAgent;
use super::call::ClientUse;
use super::config::ReferPolicy;
use super::event::{AccountId, Rejection};
use crate::message::{HeaderName, Headers, Host, Request, Response, SipUri, Uri, Via};
use crate::sdp::NegotiationError;
use crate::transaction::TransactionId;
use crate::transport::{Flow, MAX_DATAGRAM_REQUEST, TransportKind};

/// The methods we answer (RFC 3261 20.5).
pub(crate) const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, NOTIFY";
/// The same where the owner is asked about transfers.
const ALLOW_WITH_REFER: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, NOTIFY, REFER";
/// The extensions we support: reliable provisionals (RFC 3262), session timers (RFC 4028), being told that a fork
/// ended (RFC 6228), one call in another's place (RFC 3891), and a REFER without a subscription (RFC 4488).
pub(crate) const SUPPORTED: &str = "100rel, timer, 199, replaces, norefersub";
pub(crate) const SDP: &str = "application/sdp";

impl UserAgent {
    /// The methods we answer. REFER is among them only where somebody may accept it: a peer that reads it there gives up
    /// its own ways to transfer a call.
    pub(crate) fn allow(&self) -> &'static str {
        match self.config.refers {
            ReferPolicy::Refuse => ALLOW,
            ReferPolicy::Ask => ALLOW_WITH_REFER,
        }
    }

    /// Our address on the way to `flow`.
    pub(crate) fn local_addr(&self, flow: Flow) -> SocketAddr {
        let bound = match flow.transport {
            TransportKind::Udp => self.local_udp.or(self.local_tcp),
            TransportKind::Tcp => self.local_tcp.or(self.local_udp),
            TransportKind::Tls => self.local_tls.or(self.local_tcp).or(self.local_udp),
        };
        let bound = bound.unwrap_or(SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), DEFAULT_PORT));
        if !bound.ip().is_unspecified() {
            return bound;
        }
        let peer = flow.peer.ip();
        let ip = self.local_routes.get(&peer).copied().unwrap_or_else(|| match peer {
            IpAddr::V4(ip) if ip.is_loopback() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_loopback() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            // What faces our exchange is a better guess than no address at all.
            _ => self.own_addresses().find(|ip| ip.is_ipv4() == peer.is_ipv4()).unwrap_or(bound.ip()),
        });
        SocketAddr::new(ip, bound.port())
    }

    /// Our Contact towards `flow`: the address the exchange sees us at, where it told us (RFC 3581).
    pub(crate) fn contact(&self, account: Option<AccountId>, user: Option<&str>, flow: Flow) -> String {
        let account = account.and_then(|id| self.accounts.get(id.0 as usize));
        let address = account.and_then(|account| account.learned).unwrap_or_else(|| self.local_addr(flow));
        let mut uri = SipUri::new(Host::from(address.ip()));
        // What was asked for as `sips:` is answered as `sips:` (RFC 3261 8.1.1.8), without a transport (RFC 5630 3.1.3).
        uri.secure = account.is_some_and(|account| account.config.aor.is_sips());
        uri.user = account.and_then(|account| account.config.contact_user()).or(user).map(str::to_owned);
        uri.port = Some(address.port());
        match flow.transport {
            TransportKind::Udp => {}
            TransportKind::Tls if uri.secure => {}
            TransportKind::Tcp => uri.params.set("transport", Some("tcp")),
            TransportKind::Tls => uri.params.set("transport", Some("tls")),
        }
        format!("<{}>", Uri::Sip(uri))
    }

    /// Sends a request in a transaction of its own: Via, User-Agent, and TCP instead of UDP where it is too long
    /// for a datagram (RFC 3261 18.1.1). Gives back the flow really used.
    pub(crate) fn send_request(
        &mut self,
        request: Request,
        flow: Flow,
        purpose: ClientUse,
        now: Instant,
    ) -> (TransactionId, Flow) {
        self.send_sized(request, flow, true, purpose, now)
    }

    /// The same; `may_switch` false keeps a long request on UDP (the fall-back of 18.1.1).
    pub(crate) fn send_sized(
        &mut self,
        mut request: Request,
        flow: Flow,
        may_switch: bool,
        purpose: ClientUse,
        now: Instant,
    ) -> (TransactionId, Flow) {
        let flow = self.finish_request(&mut request, flow, may_switch);
        let id = self.layer.request(request, flow, now);
        self.uses.insert(id, purpose);
        (id, flow)
    }

    /// Adds what every request carries, and chooses the transport by its size.
    pub(crate) fn finish_request(&mut self, request: &mut Request, mut flow: Flow, may_switch: bool) -> Flow {
        request.headers.push(HeaderName::USER_AGENT, self.config.user_agent.clone());
        let branch = self.random.branch();
        let via = Via::new(flow.transport.via_token(), self.local_addr(flow), &branch);
        request.headers.push_front(HeaderName::VIA, via.to_string());
        let may_switch = may_switch && flow.transport == TransportKind::Udp && self.local_tcp.is_some();
        if may_switch && request.to_bytes().len() > MAX_DATAGRAM_REQUEST {
            flow.transport = TransportKind::Tcp;
            let via = Via::new(flow.transport.via_token(), self.local_addr(flow), &branch);
            request.headers.replace_top_via(&via);
        }
        flow
    }

    /// The option tags a request requires and we do not know (RFC 3261 8.2.2.3).
    pub(crate) fn unsupported(&self, request: &Request) -> Vec<String> {
        let mut tags = request.headers.require();
        tags.retain(|tag| {
            let reliable = tag.eq_ignore_ascii_case("100rel");
            let off = reliable && self.config.reliable == super::config::ReliablePolicy::Never;
            off || !SUPPORTED.split(", ").any(|known| known.eq_ignore_ascii_case(tag))
        });
        tags
    }

    /// A response with our Server header and To tag.
    pub(crate) fn response(&mut self, request: &Request, code: u16, reason: &str) -> Response {
        let mut response = request.response(code, reason);
        if code > 100 {
            let tag = self.random.tag();
            response.headers.set_to_tag(&tag);
        }
        response.headers.push(HeaderName::SERVER, self.config.user_agent.clone());
        response
    }

    /// Why a description is refused (RFC 3261 20.43).
    pub(crate) fn warning(&self, error: NegotiationError) -> Option<(String, String)> {
        let (code, text) = error.warning()?;
        let agent = self.config.user_agent.split(['/', ' ']).next().filter(|name| !name.is_empty());
        let value = format!("{code} {} \"{text}\"", agent.unwrap_or("unknown"));
        Some((HeaderName::WARNING.as_str().to_owned(), value))
    }

    /// The refusal of a call whose description does not fit ours.
    pub(crate) fn not_acceptable(&self, error: NegotiationError) -> Rejection {
        Rejection { headers: self.warning(error).into_iter().collect(), ..Rejection::new(488) }
    }

    /// Answers a server transaction with a bare status.
    pub(crate) fn refuse(&mut self, id: TransactionId, request: &Request, code: u16, now: Instant) {
        let mut response = self.response(request, code, "");
        match code {
            405 | 501 => response.headers.push(HeaderName::ALLOW, self.allow()),
            420 => {
                let tags = self.unsupported(request).join(", ");
                response.headers.push(HeaderName::UNSUPPORTED, tags);
            }
            _ => {}
        }
        if code >= 400 {
            self.counters.refused += 1;
        }
        self.layer.respond(id, &response, now);
    }
}

/// Copies the caller's own headers, but for those that the stack writes.
pub(crate) fn add_headers(to: &mut Headers, extra: &[(String, String)]) {
    for (name, value) in extra {
        let name = HeaderName::new(name);
        if !OWN_HEADERS.contains(&name) {
            to.push(name, value.clone());
        }
    }
}

const OWN_HEADERS: [HeaderName; 14] = [
    HeaderName::VIA,
    HeaderName::FROM,
    HeaderName::TO,
    HeaderName::CALL_ID,
    HeaderName::CSEQ,
    HeaderName::CONTENT_LENGTH,
    HeaderName::ROUTE,
    HeaderName::RECORD_ROUTE,
    HeaderName::MAX_FORWARDS,
    HeaderName::RACK,
    HeaderName::RSEQ,
    HeaderName::TIMESTAMP,
    HeaderName::SESSION_EXPIRES,
    HeaderName::MIN_SE,
];

const DEFAULT_PORT: u16 = 5060;
