//! Dialogs (RFC 3261 12): identity, route set, remote target, sequence numbers.

mod table;

use std::net::{IpAddr, SocketAddr};

pub(crate) use self::table::DialogTable;
use crate::message::{CSeq, HeaderName, Headers, Method, NameAddr, Request, Response, Uri};
use crate::transport::{Flow, TransportKind};

/// What identifies a dialog at one end (RFC 3261 12).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DialogId {
    /// The Call-ID.
    pub call_id: String,
    /// Our tag.
    pub local_tag: String,
    /// The peer's tag; empty for a peer of RFC 2543.
    pub remote_tag: String,
}

/// Which side created the dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// We sent the request.
    Uac,
    /// We answered it.
    Uas,
}

/// One dialog, early or confirmed. It builds requests but sends none.
#[derive(Debug, Clone)]
pub struct Dialog {
    /// Its identity.
    pub id: DialogId,
    /// Who created it.
    pub role: Role,
    local: NameAddr,
    remote: NameAddr,
    target: Uri,
    routes: Vec<NameAddr>,
    local_cseq: u32,
    remote_cseq: Option<u32>,
    // Where the peer's message came from: the next hop when a route or the target names a host that is no address.
    flow: Flow,
}

impl Dialog {
    /// The dialog that `response` to our `request` makes (12.1.2). `None` without a From, To or Contact to go by.
    pub fn from_response(request: &Request, response: &Response, flow: Flow) -> Option<Self> {
        let local = request.headers.from().ok()?;
        let remote = response.headers.to().ok()?;
        // A peer without a Contact can still be reached by the URI it was called with.
        let target = contact_uri(&response.headers).unwrap_or_else(|| request.uri.clone());
        let mut routes = record_routes(&response.headers);
        routes.reverse();
        Some(Self {
            id: DialogId {
                call_id: request.headers.call_id()?.to_string(),
                local_tag: local.tag().unwrap_or_default().to_owned(),
                remote_tag: remote.tag().unwrap_or_default().to_owned(),
            },
            role: Role::Uac,
            local,
            remote,
            target,
            routes,
            local_cseq: request.headers.cseq().ok()?.seq,
            remote_cseq: None,
            flow,
        })
    }

    /// The dialog that we make by answering `request` with `local_tag` (12.1.1).
    pub fn from_request(request: &Request, local_tag: &str, first_cseq: u32, flow: Flow) -> Option<Self> {
        let remote = request.headers.from().ok()?;
        let mut local = request.headers.to().ok()?;
        local.set_tag(local_tag);
        Some(Self {
            id: DialogId {
                call_id: request.headers.call_id()?.to_string(),
                local_tag: local_tag.to_owned(),
                remote_tag: remote.tag().unwrap_or_default().to_owned(),
            },
            role: Role::Uas,
            target: contact_uri(&request.headers).unwrap_or_else(|| remote.uri.clone()),
            local,
            remote,
            routes: record_routes(&request.headers),
            local_cseq: first_cseq,
            remote_cseq: Some(request.headers.cseq().ok()?.seq),
            flow,
        })
    }

    /// The peer's Contact: where requests of this dialog go in the end.
    pub fn target(&self) -> &Uri {
        &self.target
    }

    /// Where the message that made the dialog came from or went to.
    pub fn flow(&self) -> Flow {
        self.flow
    }

    /// Our last sequence number.
    pub fn local_cseq(&self) -> u32 {
        self.local_cseq
    }

    /// Goes on counting where the early dialog of the same identity stopped. Route set and target stay those of the
    /// 2xx, which replace the early ones (13.2.2.4).
    pub fn continue_early(&mut self, early: &Self) {
        self.local_cseq = self.local_cseq.max(early.local_cseq);
        self.remote_cseq = self.remote_cseq.max(early.remote_cseq);
    }

    /// Leaves out `gap` sequence numbers of ours.
    pub fn skip_cseq(&mut self, gap: u32) {
        self.local_cseq = self.local_cseq.saturating_add(gap);
    }

    /// Target refresh by a re-INVITE or UPDATE, or the 2xx to ours (12.2).
    pub fn refresh_target(&mut self, headers: &Headers) {
        if let Some(target) = contact_uri(headers) {
            self.target = target;
        }
    }

    /// Checks a received sequence number (12.2.2) and keeps it. `false`: out of order, answer 500.
    pub fn take_remote_cseq(&mut self, number: u32) -> bool {
        if self.remote_cseq.is_some_and(|last| number <= last) {
            return false;
        }
        self.remote_cseq = Some(number);
        true
    }

    /// Whether a request of the peer with this tag and number has made the dialog, or come inside it.
    pub(crate) fn has_seen(&self, remote_tag: &str, number: u32) -> bool {
        self.id.remote_tag == remote_tag && self.remote_cseq.is_some_and(|last| number <= last)
    }

    /// A request inside the dialog with the next sequence number (12.2.1.1), without Via, Contact and body.
    pub fn request(&mut self, method: Method) -> Request {
        self.local_cseq += 1;
        let number = self.local_cseq;
        self.numbered_request(method, number)
    }

    /// The same with a given number: ACK repeats the INVITE's.
    pub fn numbered_request(&self, method: Method, number: u32) -> Request {
        let mut headers = Headers::new();
        headers.push(HeaderName::MAX_FORWARDS, "70");
        headers.push(HeaderName::FROM, self.local.to_string());
        headers.push(HeaderName::TO, self.remote.to_string());
        headers.push(HeaderName::CALL_ID, self.id.call_id.clone());
        headers.push(HeaderName::CSEQ, CSeq::new(number, method.clone()).to_string());
        let mut uri = self.target.clone();
        // A first route without `lr` is a strict router of RFC 2543: it wants its own URI as Request-URI and the
        // target at the end of the route set (12.2.1.1).
        match self.routes.split_first() {
            Some((first, rest)) if !first.uri.is_loose_route() => {
                for route in rest {
                    headers.push(HeaderName::ROUTE, route.to_string());
                }
                headers.push(HeaderName::ROUTE, format!("<{}>", self.target));
                uri = first.uri.clone();
            }
            _ => {
                for route in &self.routes {
                    headers.push(HeaderName::ROUTE, route.to_string());
                }
            }
        }
        Request { method, uri, headers, body: Vec::new() }
    }

    /// Whether the peer's requests may come from this address: the dialog came by it, or its way leads through it. A hop
    /// that is a name may have any address; of such a dialog its tags, which nobody else knows, are the only proof.
    pub(crate) fn may_come_from(&self, ip: IpAddr) -> bool {
        self.passes(ip) || self.hops().any(|hop| uri_ip(hop).is_none())
    }

    /// The same by addresses alone.
    pub(crate) fn passes(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        self.flow.peer.ip().to_canonical() == ip
            || self.hops().filter_map(uri_ip).any(|hop| hop.to_canonical() == ip)
    }

    fn hops(&self) -> impl Iterator<Item = &Uri> {
        self.routes.iter().map(|route| &route.uri).chain([&self.target])
    }

    /// Where the next request goes: the first route, else the target. A name instead of an address falls back to
    /// the flow that the dialog came by, since the core resolves no names.
    pub fn next_hop(&self) -> Flow {
        let hop = self.routes.first().map_or(&self.target, |route| &route.uri);
        let transport = uri_transport(hop).unwrap_or(self.flow.transport);
        let Some(ip) = uri_ip(hop) else {
            return self.flow;
        };
        let peer = SocketAddr::new(ip, hop.port().unwrap_or(transport.default_port()));
        // A peer behind the connection it opened listens nowhere else: the connection is reused.
        if transport.is_reliable() && self.flow.transport == transport && self.flow.peer.ip() == ip {
            return self.flow;
        }
        Flow { transport, peer }
    }
}

/// The URI of the first Contact.
pub(crate) fn contact_uri(headers: &Headers) -> Option<Uri> {
    headers.contact().map(|contact| contact.uri)
}

/// The host of a URI, or the `maddr` that takes its place (RFC 3261 19.1.1), where it is an address.
pub(crate) fn uri_ip(uri: &Uri) -> Option<IpAddr> {
    if let Some(maddr) = uri.params().and_then(|params| params.get("maddr")) {
        return maddr.trim_matches(['[', ']']).parse().ok();
    }
    uri.host()?.ip()
}

/// The transport that a URI asks for, where it is one of ours: TLS for `sips:` whatever else it says
/// (RFC 3261 26.2.2), so that `sips:h;transport=tcp` is not sent in the clear.
pub(crate) fn uri_transport(uri: &Uri) -> Option<TransportKind> {
    if uri.is_sips() {
        return Some(TransportKind::Tls);
    }
    TransportKind::from_token(uri.params()?.get("transport")?)
}

fn record_routes(headers: &Headers) -> Vec<NameAddr> {
    headers.record_routes().unwrap_or_default()
}

/// The port of `sip:` without one (RFC 3261 19.1.2).
pub(crate) const DEFAULT_PORT: u16 = 5060;
