use super::*;
use crate::auth::Secret;
use crate::message::{Method, Uri};

fn config() -> AccountConfig {
    let mut config = AccountConfig::new("a", Uri::parse("sip:alice@pbx").unwrap());
    config.password = Secret::new("pw");
    config
}

fn invite() -> Request {
    Request::new(Method::Invite, Uri::parse("sip:bob@pbx").unwrap())
}

fn challenge(code: u16, values: &[&str]) -> Response {
    let mut response = invite().response(code, "");
    let name = if code == 401 { HeaderName::WWW_AUTHENTICATE } else { HeaderName::PROXY_AUTHENTICATE };
    for value in values {
        response.headers.push(name.clone(), *value);
    }
    response
}

/// The credentials of the next request: (server's, proxies').
fn next(cache: &mut AuthCache) -> (Vec<Credentials>, Vec<Credentials>) {
    let mut request = invite();
    cache.authorize(&mut request, &config(), "c1");
    let read = |name| request.headers.credentials(&name);
    (read(HeaderName::AUTHORIZATION), read(HeaderName::PROXY_AUTHORIZATION))
}

/// RFC 3261 22.3: a proxy's challenge, then the registrar's; both credentials stay.
#[test]
fn a_407_then_a_401_are_both_answered_from_then_on() {
    let (mut cache, mut tries) = (AuthCache::default(), AuthTries::default());
    for response in [
        challenge(407, &["Digest realm=\"edge\", nonce=\"p\", qop=\"auth\""]),
        challenge(401, &["Digest realm=\"core\", nonce=\"s\", qop=\"auth\""]),
    ] {
        assert!(tries.may_retry(&response) && cache.learn(&response, &config()));
    }
    let (server, proxy) = next(&mut cache);
    assert_eq!((server[0].realm.as_str(), server[0].nc), ("core", Some(1)));
    assert_eq!((proxy[0].realm.as_str(), proxy[0].nc), ("edge", Some(1)));
    let (server, proxy) = next(&mut cache);
    assert_eq!((server[0].nc, proxy[0].nc), (Some(2), Some(2)));
}

/// RFC 3261 22.3: a forking proxy gathers challenges of several realms, each with several algorithms.
#[test]
fn several_realms_in_one_answer_get_one_answer_each() {
    let mut cache = AuthCache::default();
    let response = challenge(
        407,
        &[
            "Digest realm=\"a\", nonce=\"1\", qop=\"auth\"",
            "Digest realm=\"a\", nonce=\"1\", algorithm=SHA-256, qop=\"auth\"",
            "Digest realm=\"b\", nonce=\"2\", Digest realm=\"c\", nonce=\"3\", algorithm=SHA3, qop=\"auth\"",
        ],
    );
    assert!(cache.learn(&response, &config()));
    let (_, proxy) = next(&mut cache);
    let found: Vec<_> = proxy.iter().map(|c| (c.realm.as_str(), c.algorithm.as_deref())).collect();
    assert_eq!(found, [("a", Some("SHA-256")), ("b", None)]);
}

#[test]
fn a_realm_is_tried_twice_only_where_its_nonce_was_stale() {
    let fresh = challenge(401, &["Digest realm=\"r\", nonce=\"1\""]);
    let stale = challenge(401, &["Digest realm=\"r\", nonce=\"2\", stale=true"]);
    let mut tries = AuthTries::default();
    assert!(tries.may_retry(&fresh) && !tries.may_retry(&fresh));
    let mut tries = AuthTries::default();
    assert!(tries.may_retry(&stale) && tries.may_retry(&stale) && !tries.may_retry(&stale));
    // However many realms a hostile peer invents, the tries end.
    let mut tries = AuthTries::default();
    let count =
        (0..100).filter(|n| tries.may_retry(&challenge(407, &[&format!("Digest realm=\"{n}\"")]))).count();
    assert_eq!(count, 2 * MAX_REALMS);
    assert!(!AuthTries::default().may_retry(&challenge(407, &[])));
}

#[test]
fn without_a_password_nothing_is_answered_and_realms_are_bounded() {
    let mut cache = AuthCache::default();
    let mut open = config();
    open.password = Secret::default();
    let response = challenge(401, &["Digest realm=\"r\", nonce=\"1\""]);
    assert!(!cache.learn(&response, &open));
    for n in 0..10 {
        let value = format!("Digest realm=\"{n}\", nonce=\"1\"");
        assert!(cache.learn(&challenge(407, &[&value]), &config()));
    }
    let (_, proxy) = next(&mut cache);
    let realms: Vec<_> = proxy.iter().map(|c| c.realm.as_str()).collect();
    assert_eq!(realms, ["7", "8", "9"]);
}

fn info(value: &str) -> Response {
    let mut response = invite().response(200, "");
    response.headers.push(HeaderName::AUTHENTICATION_INFO, value);
    response
}

/// RFC 7616 3.5: the next nonce starts a new count and a new cnonce.
#[test]
fn the_next_nonce_is_used_from_then_on() {
    let mut cache = AuthCache::default();
    cache.learn(&challenge(401, &["Digest realm=\"r\", nonce=\"1\", qop=\"auth\""]), &config());
    next(&mut cache);
    next(&mut cache);
    assert!(cache.inform(&info("nextnonce=\"2\""), &config()));
    let (server, _) = next(&mut cache);
    assert_eq!((server[0].nonce.as_str(), server[0].nc), ("2", Some(1)));
}

#[test]
fn a_session_asks_for_a_new_challenge_instead() {
    let mut cache = AuthCache::default();
    let value = "Digest realm=\"r\", nonce=\"1\", algorithm=MD5-sess, qop=\"auth\"";
    cache.learn(&challenge(401, &[value]), &config());
    let (first, _) = next(&mut cache);
    let mut second = invite();
    cache.authorize(&mut second, &config(), "another");
    let second = second.headers.credentials(&HeaderName::AUTHORIZATION);
    assert_eq!(first[0].cnonce, second[0].cnonce, "the session's own");
    assert!(cache.inform(&info("nextnonce=\"2\""), &config()));
    assert!(next(&mut cache).0.is_empty());
}

#[test]
fn a_wrong_proof_is_not_believed() {
    let mut cache = AuthCache::default();
    cache.learn(&challenge(401, &["Digest realm=\"r\", nonce=\"1\", qop=\"auth\""]), &config());
    next(&mut cache);
    let forged =
        "rspauth=\"00000000000000000000000000000000\", qop=auth, cnonce=\"c1\", nc=00000001, nextnonce=\"2\"";
    assert!(!cache.inform(&info(forged), &config()));
    // The proof of another request is no proof, right or wrong.
    let late = forged.replace("nc=00000001", "nc=00000007");
    assert!(cache.inform(&info(&late.replace("nextnonce=\"2\"", "x=y")), &config()));
    let (server, _) = next(&mut cache);
    assert_eq!((server[0].nonce.as_str(), server[0].nc), ("1", Some(2)));
}
