//! Digest (RFC 7616) computed apart from the daemon's own code, to judge its `Authorization` headers.

use md5::Md5;
use sha2::{Digest, Sha256, Sha512_256};

use super::trace::Message;
use crate::sum::hex;

/// Whether a request's `Authorization` and `Proxy-Authorization`, those that it has, prove that the sender knows
/// `password`.
pub fn verify(request: &Message, password: &str) -> bool {
    let headers = ["Authorization", "Proxy-Authorization"].iter().filter_map(|name| request.header(name));
    let headers: Vec<&str> = headers.collect();
    !headers.is_empty() && headers.iter().all(|header| proves(request, header, password))
}

fn proves(request: &Message, header: &str, password: &str) -> bool {
    let Some(header) = header.strip_prefix("Digest ") else { return false };
    let field = |name: &str| field(header, name).unwrap_or_default();
    let algorithm = field("algorithm");
    let hash: fn(&str) -> String = match algorithm.trim_end_matches("-sess") {
        "SHA-256" => |text| hex(&Sha256::digest(text)),
        "SHA-512-256" => |text| hex(&Sha512_256::digest(text)),
        _ => |text| hex(&Md5::digest(text)),
    };
    let mut one = hash(&format!("{}:{}:{password}", field("username"), field("realm")));
    if algorithm.ends_with("-sess") {
        one = hash(&format!("{one}:{}:{}", field("nonce"), field("cnonce")));
    }
    let mut two = format!("{}:{}", request.verb(), field("uri"));
    if field("qop") == "auth-int" {
        // The trace keeps neither CR nor the number of line ends behind the last line; our SDP has one.
        let body = request.body().trim_end_matches('\n');
        let body = if body.is_empty() { String::new() } else { format!("{body}\n").replace('\n', "\r\n") };
        two = format!("{two}:{}", hash(&body));
    }
    let two = hash(&two);
    let expected = match field("qop").as_str() {
        "" => hash(&format!("{one}:{}:{two}", field("nonce"))),
        qop => {
            let middle = [field("nonce"), field("nc"), field("cnonce"), qop.to_owned()].join(":");
            hash(&format!("{one}:{middle}:{two}"))
        }
    };
    expected == field("response")
}

/// One field of a digest header, without its quotes.
pub fn field(header: &str, name: &str) -> Option<String> {
    let header = header.strip_prefix("Digest ").unwrap_or(header);
    let fields = header.split(',').filter_map(|part| part.split_once('='));
    let mut wanted = fields.filter(|(key, _)| key.trim().eq_ignore_ascii_case(name));
    wanted.next().map(|(_, value)| value.trim().trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7616 3.9.1, the example with both algorithms.
    fn request(algorithm: &str, response: &str) -> Message {
        let text = format!(
            "GET /dir/index.html HTTP/1.1\nAuthorization: Digest username=\"Mufasa\", \
             realm=\"http-auth@example.org\", uri=\"/dir/index.html\", algorithm={algorithm}, \
             nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, \
             cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, response=\"{response}\"\n\n"
        );
        Message { received: true, at: String::new(), text }
    }

    #[test]
    fn the_examples_of_the_rfc_hold() {
        let md5 = request("MD5", "8ca523f5e9506fed4657c9700eebdbec");
        let sha = request("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
        assert!(verify(&md5, "Circle of Life"));
        assert!(verify(&sha, "Circle of Life"));
        assert!(!verify(&sha, "wrong"));
    }
}
