//! Session timers (RFC 4028): what was agreed for one call, and the headers that say so.

use std::time::{Duration, Instant};

use super::UserAgent;
use super::call::Call;
use super::config::{SessionPolicy, WishedRefresher};
use super::event::{CallId, EndedBy, HangupReason};
use super::timer::UaTimer;
use crate::message::{HeaderName, Headers, Method, Refresher, SessionExpires};

/// The session timer of one call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Session {
    policy: SessionPolicy,
    /// The largest Min-SE that anybody on the way asked for, in seconds.
    min: u32,
    agreed: Option<Agreed>,
    /// How often a 422 made us ask for more.
    raised: u8,
}

/// What the last refresh settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Agreed {
    /// Seconds.
    interval: u32,
    we_refresh: bool,
}

impl Session {
    pub(crate) fn new(policy: SessionPolicy) -> Self {
        Self { policy, min: seconds(policy.min).max(LEAST_MIN_SE), agreed: None, raised: 0 }
    }

    /// Session-Expires and Min-SE of an INVITE or UPDATE of ours (7.1, 7.4). Nothing where no timer is wished for
    /// and none is running.
    pub(crate) fn ask(&self, headers: &mut Headers) {
        let wished = seconds(self.policy.expires);
        let (interval, refresher) = match self.agreed {
            Some(agreed) => {
                let refresher = if agreed.we_refresh { Refresher::Uac } else { Refresher::Uas };
                (agreed.interval, Some(refresher))
            }
            None if wished == 0 => return,
            None => {
                let refresher = match self.policy.refresher {
                    WishedRefresher::Either => None,
                    WishedRefresher::Us => Some(Refresher::Uac),
                    WishedRefresher::Peer => Some(Refresher::Uas),
                };
                (wished, refresher)
            }
        };
        let value = SessionExpires { interval: interval.max(self.min), refresher };
        headers.push(HeaderName::SESSION_EXPIRES, value.to_string());
        // The default need not be said (7.1).
        if self.min > LEAST_MIN_SE {
            headers.push(HeaderName::MIN_SE, self.min.to_string());
        }
    }

    /// Takes the 2xx to a request that [`Self::ask`] wrote (7.2). Without Session-Expires nobody downstream wants a
    /// timer, and the session does not expire.
    pub(crate) fn accepted(&mut self, headers: &Headers) {
        self.agreed = headers.session_expires().map(|said| Agreed {
            interval: said.interval.max(LEAST_INTERVAL),
            // A 2xx must name the refresher; where it does not, refreshing ourselves is safe.
            we_refresh: said.refresher != Some(Refresher::Uas),
        });
    }

    /// Takes the Min-SE of a 422 (7.3). `false`: it asks for nothing more than we offered, or once too often.
    pub(crate) fn too_small(&mut self, headers: &Headers) -> bool {
        let Some(min) = headers.min_se().filter(|min| *min > self.min) else { return false };
        self.min = min;
        self.raised += 1;
        self.raised <= MAX_RAISES
    }

    /// The Min-SE to refuse the peer's request with (422), where its interval is too short for us (9). A caller
    /// that knows no timers has its value from a proxy and could do nothing about a refusal.
    pub(crate) fn objection(&self, headers: &Headers) -> Option<u32> {
        let min = seconds(self.policy.min).max(LEAST_MIN_SE);
        let said = headers.session_expires()?;
        // What was agreed on is refreshed as it is, be it less than we would have asked for.
        let short = said.interval < self.agreed.map_or(min, |agreed| min.min(agreed.interval));
        (short && headers.supports("timer")).then_some(min)
    }

    /// Agrees on the timer of the peer's INVITE or UPDATE and writes it into our 2xx (9, table 2).
    pub(crate) fn answer(&mut self, request: &Headers, response: &mut Headers) {
        let timer = request.supports("timer");
        let asked = request.session_expires();
        let wished = seconds(self.policy.expires);
        let least = request.min_se().unwrap_or(0).max(LEAST_MIN_SE);
        let interval = match (asked, self.agreed) {
            // The answer may be shorter than what was asked, down to Min-SE, never longer.
            (Some(asked), _) if wished > 0 => asked.interval.min(wished.max(least)),
            (Some(asked), _) => asked.interval,
            (None, Some(agreed)) if timer => agreed.interval.max(least),
            // A request of a peer without timers leaves alone what we refresh by ourselves.
            (None, Some(agreed)) if agreed.we_refresh => return,
            (None, _) if timer && wished > 0 => wished.max(least),
            (None, _) => {
                self.agreed = None;
                return;
            }
        };
        let refresher = match asked.and_then(|asked| asked.refresher) {
            _ if !timer => Refresher::Uas,
            Some(refresher) => refresher,
            None => match (self.policy.refresher, self.agreed) {
                (WishedRefresher::Us, _) => Refresher::Uas,
                (WishedRefresher::Either, Some(agreed)) if agreed.we_refresh => Refresher::Uas,
                (WishedRefresher::Either | WishedRefresher::Peer, _) => Refresher::Uac,
            },
        };
        let value = SessionExpires { interval, refresher: Some(refresher) };
        response.push(HeaderName::SESSION_EXPIRES, value.to_string());
        if refresher == Refresher::Uac {
            // Then the caller must know that it has to refresh.
            response.push(HeaderName::REQUIRE, "timer");
        }
        self.agreed =
            Some(Agreed { interval: interval.max(LEAST_INTERVAL), we_refresh: refresher == Refresher::Uas });
    }

    /// When to refresh (`None`: the peer does) and when to give up, counted from the last refresh (10).
    pub(crate) fn deadlines(&self) -> Option<(Option<Duration>, Duration)> {
        let agreed = self.agreed?;
        let interval = Duration::from_secs(u64::from(agreed.interval));
        let end = interval - EARLY_END.min(interval / 3);
        Some((agreed.we_refresh.then_some(interval / 2), end))
    }
}

impl UserAgent {
    /// Starts the timers of the session anew: a 2xx to an INVITE or UPDATE was sent or received.
    pub(crate) fn session_refreshed(&mut self, id: CallId, now: Instant) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        self.timers.stop(UaTimer::SessionRefresh(id));
        self.timers.stop(UaTimer::SessionEnd(id));
        if call.ended || call.established().is_none() {
            return;
        }
        let Some((refresh, end)) = call.session.deadlines() else { return };
        self.timers.set(UaTimer::SessionEnd(id), now + end);
        if let Some(refresh) = refresh {
            self.timers.set(UaTimer::SessionRefresh(id), now + refresh);
        }
    }

    /// Half the interval is over: UPDATE where the peer allows it, else a re-INVITE with the description that is in
    /// force (7.4).
    pub(crate) fn refresh_session(&mut self, id: CallId, now: Instant) {
        let Some(call) = self.calls.get_mut(&id).filter(|call| !call.ended) else { return };
        let update = call.peer_allows_update;
        let Some(established) = call.established() else { return };
        if established.own_offer.is_some() || established.unacked.is_some() {
            // What is under way refreshes the session too; if it fails, this comes again.
            self.timers.set(UaTimer::SessionRefresh(id), now + REFRESH_AGAIN);
            return;
        }
        if update {
            self.send_refresh(id, now);
        } else if !self.reoffer(id, now) {
            self.refresh_failed(id, now);
        }
    }

    /// A refresh that was refused for another reason than a dead dialog is tried again until the session expires
    /// (10).
    pub(crate) fn refresh_failed(&mut self, id: CallId, now: Instant) {
        let running = self.calls.get(&id).and_then(|call| call.session.deadlines());
        if let Some((Some(half), _)) = running {
            self.timers.set(UaTimer::SessionRefresh(id), now + (half / 4).max(REFRESH_AGAIN));
        }
    }

    /// Nobody refreshed in time: BYE (10).
    pub(crate) fn session_expired(&mut self, id: CallId, now: Instant) {
        let Some(call) = self.calls.get(&id) else { return };
        let mut end = call.end(EndedBy::Timeout);
        end.reason_text = Some("session expired".to_owned());
        self.leave(id, HangupReason::Timeout, end, now);
    }

    /// The call was as long as a call may be.
    pub(crate) fn call_too_long(&mut self, id: CallId, now: Instant) {
        let Some(call) = self.calls.get(&id) else { return };
        let mut end = call.end(EndedBy::Local);
        end.reason_text = Some("longest call length reached".to_owned());
        self.leave(id, HangupReason::Timeout, end, now);
    }

    /// Starts what watches over an answered call: its session timer and its longest length.
    pub(crate) fn watch_call(&mut self, id: CallId, now: Instant) {
        self.session_refreshed(id, now);
        if let Some(longest) = self.config.max_call_length {
            self.timers.set(UaTimer::LongestCall(id), now + longest);
        }
    }
}

impl Call {
    /// Keeps what an INVITE, UPDATE or 2xx of the peer says about its methods. Without Allow nothing is assumed.
    pub(crate) fn take_allow(&mut self, headers: &Headers) {
        if headers.contains(&HeaderName::ALLOW) {
            self.peer_allows_update = headers.allow().contains(&Method::Update);
        }
    }
}

fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}

/// The least Min-SE, and its default, in seconds (RFC 4028 5).
const LEAST_MIN_SE: u32 = 90;
/// A peer that insists on less than 90 s is obeyed, since it would hang up otherwise, but not to the point of a flood.
const LEAST_INTERVAL: u32 = 8;
/// How long before the end of the session the BYE leaves, at most (10).
const EARLY_END: Duration = Duration::from_secs(32);
/// Between attempts to refresh.
const REFRESH_AGAIN: Duration = Duration::from_secs(2);
/// Proxies on the way that may each ask for a longer interval.
const MAX_RAISES: u8 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    fn session(expires: u64, min: u64, refresher: WishedRefresher) -> Session {
        Session::new(SessionPolicy {
            expires: Duration::from_secs(expires),
            min: Duration::from_secs(min),
            refresher,
        })
    }

    fn headers(fields: &[(&str, &str)]) -> Headers {
        fields.iter().copied().collect()
    }

    /// RFC 4028 9, table 2: who refreshes, by what the caller said.
    #[test]
    fn the_answer_follows_table_2() {
        use WishedRefresher::{Either, Peer, Us};
        let cases = [
            // (caller's headers, our wish, our Session-Expires, Require: timer)
            (&[("Session-Expires", "1000")][..], Either, Some("1000;refresher=uas"), false),
            (&[("Session-Expires", "1000;refresher=uac")], Peer, Some("1000;refresher=uas"), false),
            (
                &[("Supported", "timer"), ("Session-Expires", "1000")],
                Either,
                Some("1000;refresher=uac"),
                true,
            ),
            (&[("Supported", "timer"), ("Session-Expires", "1000")], Us, Some("1000;refresher=uas"), false),
            (
                &[("Supported", "timer"), ("Session-Expires", "1000;refresher=uas")],
                Peer,
                Some("1000;refresher=uas"),
                false,
            ),
            (
                &[("Supported", "timer"), ("Session-Expires", "1000;refresher=uac")],
                Us,
                Some("1000;refresher=uac"),
                true,
            ),
            (&[("Supported", "timer")], Either, Some("1800;refresher=uac"), true),
            (&[("Supported", "timer"), ("Session-Expires", "7200")], Peer, Some("1800;refresher=uac"), true),
            (&[("k", "timer"), ("x", "7200"), ("Min-SE", "3600")], Peer, Some("3600;refresher=uac"), true),
            (&[], Either, None, false),
        ];
        for (request, wish, expires, require) in cases {
            let mut session = session(1800, 90, wish);
            let mut response = Headers::new();
            session.answer(&headers(request), &mut response);
            assert_eq!(response.text(&HeaderName::SESSION_EXPIRES).as_deref(), expires, "{request:?}");
            assert_eq!(response.requires("timer"), require, "{request:?}");
        }
    }

    #[test]
    fn who_wants_no_timer_still_takes_the_peers() {
        let mut session = session(0, 90, WishedRefresher::Either);
        let mut ours = Headers::new();
        session.ask(&mut ours);
        assert!(ours.is_empty());
        let mut response = Headers::new();
        session.answer(&headers(&[("Supported", "timer"), ("Session-Expires", "600")]), &mut response);
        assert_eq!(response.text(&HeaderName::SESSION_EXPIRES).unwrap(), "600;refresher=uac");
        assert_eq!(session.deadlines(), Some((None, Duration::from_secs(568))));
    }

    #[test]
    fn deadlines_are_half_and_the_end_less_32_seconds_or_a_third() {
        let mut session = session(1800, 90, WishedRefresher::Either);
        session.accepted(&headers(&[("Session-Expires", "90;refresher=uac")]));
        assert_eq!(session.deadlines(), Some((Some(Duration::from_secs(45)), Duration::from_secs(60))));
        session.accepted(&headers(&[("Session-Expires", "1800;refresher=uas")]));
        assert_eq!(session.deadlines(), Some((None, Duration::from_secs(1768))));
        session.accepted(&headers(&[("Session-Expires", "0;refresher=uac")]));
        assert_eq!(session.deadlines().unwrap().0, Some(Duration::from_secs(4)));
        session.accepted(&Headers::new());
        assert_eq!(session.deadlines(), None);
    }

    #[test]
    fn a_422_raises_what_we_ask_for_and_stays_in_min_se() {
        let mut session = session(100, 90, WishedRefresher::Us);
        assert!(session.too_small(&headers(&[("Min-SE", "400")])));
        assert!(!session.too_small(&headers(&[("Min-SE", "400")])));
        assert!(!session.too_small(&Headers::new()));
        let mut ours = Headers::new();
        session.ask(&mut ours);
        assert_eq!(ours.text(&HeaderName::SESSION_EXPIRES).unwrap(), "400;refresher=uac");
        assert_eq!(ours.min_se(), Some(400));
    }

    #[test]
    fn short_sessions_are_refused_where_the_caller_understands() {
        let session = session(1800, 120, WishedRefresher::Either);
        assert_eq!(session.objection(&headers(&[("Supported", "timer"), ("x", "100")])), Some(120));
        assert_eq!(session.objection(&headers(&[("Supported", "timer"), ("x", "120")])), None);
        assert_eq!(session.objection(&headers(&[("x", "30")])), None);
    }
}
