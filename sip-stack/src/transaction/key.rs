//! Matching messages to transactions (RFC 3261 17.1.3, 17.2.3).

use crate::message::{Method, Request, Response, Via};

/// Identity of a client transaction: the branch of the top Via and the method of the CSeq.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ClientKey {
    branch: String,
    method: Method,
}

impl ClientKey {
    pub(crate) fn of_request(request: &Request) -> Self {
        let branch = request.headers.via().ok().and_then(|via| via.branch().map(str::to_owned));
        Self { branch: branch.unwrap_or_default(), method: request.method.clone() }
    }

    pub(crate) fn of_response(response: &Response) -> Option<Self> {
        let branch = response.headers.via().ok()?.branch()?.to_owned();
        Some(Self { branch, method: response.headers.cseq().ok()?.method })
    }
}

/// Identity of a server transaction.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum ServerKey {
    /// A branch with the magic cookie, and who made it. ACK counts as INVITE.
    Rfc3261 { branch: String, sent_by: String, method: Method },
    /// A peer of RFC 2543: no branch that means anything. The To tag stays out, since the ACK has one and the
    /// INVITE has none; the rest of the list of 17.2.3 is there.
    Rfc2543 { uri: String, from_tag: String, call_id: String, cseq: u32, via: String, method: Method },
}

impl ServerKey {
    pub(crate) fn of_request(request: &Request) -> Self {
        let method = match &request.method {
            Method::Ack => Method::Invite,
            other => other.clone(),
        };
        Self::with_method(request, method)
    }

    /// The INVITE transaction that a CANCEL means (9.2).
    pub(crate) fn of_cancelled_invite(cancel: &Request) -> Self {
        Self::with_method(cancel, Method::Invite)
    }

    fn with_method(request: &Request, method: Method) -> Self {
        let via = request.headers.via().ok();
        if let Some(via) = &via
            && let Some(branch) = via.branch()
            && branch.len() > MAGIC_COOKIE.len()
            && branch.starts_with(MAGIC_COOKIE)
        {
            return Self::Rfc3261 { branch: branch.to_owned(), sent_by: sent_by(via), method };
        }
        let from_tag = request.headers.from().ok().and_then(|from| from.tag().map(str::to_owned));
        Self::Rfc2543 {
            uri: request.uri.to_string(),
            from_tag: from_tag.unwrap_or_default(),
            call_id: request.headers.call_id().unwrap_or_default().to_string(),
            cseq: request.headers.cseq().map_or(0, |cseq| cseq.seq),
            via: via.as_ref().map_or_else(String::new, sent_by),
            method,
        }
    }
}

fn sent_by(via: &Via) -> String {
    match via.port {
        Some(port) => format!("{}:{port}", via.host).to_ascii_lowercase(),
        None => via.host.to_string().to_ascii_lowercase(),
    }
}

/// What every branch of RFC 3261 starts with (8.1.1.7).
const MAGIC_COOKIE: &str = "z9hG4bK";
