//! Which target of an account is used: one for REGISTER, OPTIONS and INVITE alike, the best that answers.

use std::time::{Duration, Instant};

use super::UserAgent;
use super::account::Account;
use super::event::{AccountId, Event, RegistrationState};
use super::timer::UaTimer;
use crate::transport::Flow;

/// Whether an account's exchange answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TrunkState {
    /// Nothing was asked yet.
    #[default]
    Unknown,
    /// The active target answered last.
    Reachable,
    /// No target answers, or all asked to be left alone (503 with Retry-After).
    Unreachable,
}

/// Where an account's requests go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TrunkStatus {
    /// Whether anybody answers there.
    pub state: TrunkState,
    /// Since when. `None` while unknown.
    pub since: Option<Instant>,
    /// The target in use; `None` while none is known.
    pub active: Option<Flow>,
    /// False while a better target is down.
    pub preferred: bool,
}

/// The targets of one account, best first, and how they are.
#[derive(Debug, Default)]
pub(crate) struct Trunk {
    flows: Vec<Flow>,
    health: Vec<Health>,
    active: usize,
    status: TrunkStatus,
    /// Where the registrar sent us (3xx); it goes first until it fails.
    redirected: Option<Flow>,
    /// Which target is pinged next.
    pub(crate) round: usize,
}

#[derive(Debug, Default, Clone, Copy)]
struct Health {
    down: Option<Down>,
    /// When it was last taken back into use, and how often it failed soon after.
    back_at: Option<Instant>,
    falls: u32,
    /// Pings answered in a row while down.
    answers: u32,
}

#[derive(Debug, Clone, Copy)]
struct Down {
    /// Not asked before (Retry-After).
    until: Instant,
}

impl Trunk {
    pub(crate) fn flows(&self) -> &[Flow] {
        &self.flows
    }

    pub(crate) fn active(&self) -> Option<Flow> {
        self.flows.get(self.active).copied()
    }

    pub(crate) fn status(&self) -> TrunkStatus {
        self.status
    }

    pub(crate) fn is_unreachable(&self) -> bool {
        self.status.state == TrunkState::Unreachable
    }

    /// A new list. What is known of a target that stays is kept.
    fn set(&mut self, mut flows: Vec<Flow>) {
        if let Some(redirected) = self.redirected {
            flows.retain(|flow| *flow != redirected);
            flows.insert(0, redirected);
        }
        let old: Vec<(Flow, Health)> = self.flows.iter().copied().zip(self.health.iter().copied()).collect();
        let known = |flow: &Flow| old.iter().find(|(old, _)| old == flow).map(|(_, health)| *health);
        self.health = flows.iter().map(|flow| known(flow).unwrap_or_default()).collect();
        self.flows = flows;
        self.active = self.best().unwrap_or(0);
    }

    fn best(&self) -> Option<usize> {
        self.health.iter().position(|health| health.down.is_none())
    }

    fn index(&self, flow: Flow) -> Option<usize> {
        self.flows.iter().position(|known| *known == flow)
    }

    /// A target did not answer, or wants to be left alone for some time.
    fn fail(&mut self, flow: Flow, leave_alone: Duration, now: Instant) {
        let Some(index) = self.index(flow) else { return };
        let health = &mut self.health[index];
        if health.down.is_none() {
            let soon = health.back_at.is_some_and(|back| now.saturating_duration_since(back) < SOON);
            health.falls = if soon { health.falls + 1 } else { 0 };
        }
        health.answers = 0;
        health.down = Some(Down { until: now + leave_alone });
        if self.redirected == Some(flow) && self.flows.len() > 1 {
            self.redirected = None;
            self.flows.remove(index);
            self.health.remove(index);
            self.active = self.best().unwrap_or(0);
            return;
        }
        self.active = match self.best() {
            Some(best) => best,
            None if self.active == index => (index + 1) % self.flows.len(),
            None => self.active,
        };
    }

    /// A request other than a ping was answered there.
    fn answered(&mut self, flow: Flow, now: Instant) {
        let Some(index) = self.index(flow) else { return };
        if self.health[index].down.is_some() {
            self.take_back(index, now);
        }
        self.active = self.best().unwrap_or(index);
    }

    /// A ping was answered: a target that fell again soon after its return must answer more often in a row.
    fn pong(&mut self, flow: Flow, now: Instant) {
        let Some(index) = self.index(flow) else { return };
        let health = &mut self.health[index];
        if health.down.is_some() {
            health.answers += 1;
            if health.answers < 1 << health.falls.min(MOST_FALLS) {
                return;
            }
            self.take_back(index, now);
        }
        self.active = self.best().unwrap_or(index);
    }

    fn take_back(&mut self, index: usize, now: Instant) {
        let health = &mut self.health[index];
        health.down = None;
        health.answers = 0;
        health.back_at = Some(now);
    }

    /// The next down target whose return would change something, in turn.
    pub(crate) fn ping_candidate(&mut self, now: Instant) -> Option<Flow> {
        let unreachable = self.is_unreachable();
        let count = self.flows.len();
        let wanted = |index: &usize| {
            (unreachable || *index < self.active)
                && self.health[*index].down.is_some_and(|down| down.until <= now)
        };
        let found = (0..count).map(|step| (self.round + step) % count).find(wanted)?;
        self.round = found + 1;
        Some(self.flows[found])
    }

    /// The best target besides `tried`; those that are down last.
    pub(crate) fn next_besides(&self, tried: &[Flow]) -> Option<Flow> {
        let all = || self.flows.iter().zip(&self.health).filter(|(flow, _)| !tried.contains(flow));
        all().find(|(_, health)| health.down.is_none()).or_else(|| all().next()).map(|(flow, _)| *flow)
    }

    /// True when a target besides `tried` is not known to be down. Silence of a few seconds may be a bad network: it is
    /// no reason to leave a target for one that is dead.
    pub(crate) fn has_alternative(&self, tried: &[Flow]) -> bool {
        self.flows
            .iter()
            .zip(&self.health)
            .any(|(flow, health)| health.down.is_none() && !tried.contains(flow))
    }

    fn judge(&mut self, answered: bool, now: Instant) -> bool {
        let before = self.status;
        let all_down = !self.flows.is_empty() && self.best().is_none();
        let state = match before.state {
            _ if all_down => TrunkState::Unreachable,
            TrunkState::Unknown | TrunkState::Unreachable if !answered => before.state,
            _ => TrunkState::Reachable,
        };
        if state != before.state {
            self.status.since = Some(now);
        }
        self.status.state = state;
        self.status.active = self.active();
        self.status.preferred = self.active == 0;
        // The first answer and the first address are as things should be: no news.
        let news = state == TrunkState::Unreachable || before.state == TrunkState::Unreachable;
        (news && state != before.state) || (before.active.is_some() && before.active != self.status.active)
    }
}

impl UserAgent {
    /// The targets of the account's exchange, best first (the result of RFC 3263). A registration that waits for
    /// them starts at the next [`Self::handle_timeout`], which is due at once. An empty list changes nothing: a
    /// failed look-up does not take away what worked.
    pub fn set_targets(&mut self, account: AccountId, targets: Vec<Flow>, now: Instant) {
        let Some(entry) = self.accounts.get_mut(account.0 as usize) else { return };
        if targets.is_empty() {
            return;
        }
        let before = entry.trunk.active();
        entry.trunk.set(targets);
        if let Some(since) = entry.registration.next_attempt
            && entry.registration.state == RegistrationState::Resolving
        {
            self.timers.set(UaTimer::Register(account), since);
        }
        self.trunk_changed(account, before, false, now);
    }

    /// What [`Self::set_targets`] said last; where a registrar sent us elsewhere, that goes first.
    pub fn targets(&self, account: AccountId) -> &[Flow] {
        self.accounts.get(account.0 as usize).map_or(&[], |account| account.trunk.flows())
    }

    /// Where the account's requests go now, and whether anybody answers there.
    pub fn trunk(&self, account: AccountId) -> TrunkStatus {
        self.accounts.get(account.0 as usize).map(|account| account.trunk.status()).unwrap_or_default()
    }

    /// When it is looked again whether somebody answers, where nobody does and no registration would tell.
    pub fn next_look(&self, account: AccountId) -> Option<Instant> {
        let lost = self.accounts.get(account.0 as usize)?.trunk.is_unreachable();
        self.timers.at(UaTimer::Ping(account)).filter(|_| lost)
    }

    /// A target did not answer or refused for a while: requests go to the best other one from now on.
    pub(crate) fn target_failed(
        &mut self,
        account: AccountId,
        flow: Flow,
        leave_alone: Duration,
        now: Instant,
    ) {
        let Some(entry) = self.accounts.get_mut(account.0 as usize) else { return };
        let before = entry.trunk.active();
        entry.trunk.fail(flow, leave_alone.min(LONGEST_REST), now);
        self.trunk_changed(account, before, false, now);
    }

    /// A response came from a target.
    pub(crate) fn target_answered(&mut self, account: AccountId, flow: Flow, now: Instant) {
        let Some(entry) = self.accounts.get_mut(account.0 as usize) else { return };
        let before = entry.trunk.active();
        entry.trunk.answered(flow, now);
        self.trunk_changed(account, before, true, now);
    }

    pub(crate) fn target_ponged(&mut self, account: AccountId, flow: Flow, now: Instant) {
        let Some(entry) = self.accounts.get_mut(account.0 as usize) else { return };
        let before = entry.trunk.active();
        entry.trunk.pong(flow, now);
        let up = entry.trunk.best().is_some();
        self.trunk_changed(account, before, up, now);
    }

    /// The network is another one: nobody is known to be down in it.
    pub(crate) fn forgive_targets(&mut self, account: AccountId, now: Instant) {
        let Some(entry) = self.accounts.get_mut(account.0 as usize) else { return };
        let before = entry.trunk.active();
        entry.trunk.health.fill(Health::default());
        entry.trunk.active = 0;
        self.trunk_changed(account, before, true, now);
    }

    /// The registrar sends us to another target (3xx to a REGISTER): it is used for everything until it fails.
    pub(crate) fn redirect_trunk(&mut self, account: AccountId, flow: Flow, now: Instant) {
        let Some(entry) = self.accounts.get_mut(account.0 as usize) else { return };
        let before = entry.trunk.active();
        let old = entry.trunk.redirected.replace(flow);
        let flows = entry.trunk.flows.iter().copied().filter(|flow| Some(*flow) != old).collect();
        entry.trunk.set(flows);
        self.trunk_changed(account, before, false, now);
    }

    fn trunk_changed(&mut self, account: AccountId, before: Option<Flow>, answered: bool, now: Instant) {
        let Some(entry) = self.accounts.get_mut(account.0 as usize) else { return };
        if entry.trunk.judge(answered, now) {
            let status = entry.trunk.status();
            self.events.push_back(Event::Trunk { account, status });
        }
        self.plan_ping(account, now);
        let Some(entry) = self.accounts.get_mut(account.0 as usize) else { return };
        let moved = before.is_some() && before != entry.trunk.active() && !entry.trunk.is_unreachable();
        let registered = matches!(entry.registration.state, RegistrationState::Registered { .. });
        // The registration goes where the calls go.
        if moved && registered && entry.registration.transaction.is_none() {
            self.send_register(account, now);
        }
    }
}

impl Account {
    /// Where requests of this account go now.
    pub(crate) fn flow(&self) -> Option<Flow> {
        self.trunk.active()
    }
}

/// A target that fails again within this time after its return is mistrusted.
const SOON: Duration = Duration::from_secs(600);
/// 2^3 answers in a row at most are asked of a mistrusted target.
const MOST_FALLS: u32 = 3;
/// The longest Retry-After of a target that is believed.
const LONGEST_REST: Duration = Duration::from_secs(3600);
