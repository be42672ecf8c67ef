//! STUN binding, as much as keeping a flow alive takes (RFC 5389 6, 15.2; RFC 5626 3.5.2).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The 96 bits that tie an answer to its request (RFC 5389 6).
pub(crate) type TransactionId = [u8; 12];

/// An answer to a binding request of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BindingResponse {
    pub(crate) id: TransactionId,
    /// Where the peer saw the request come from; `None` for an error answer, which shows life all the same.
    pub(crate) mapped: Option<SocketAddr>,
}

/// Whether a datagram is STUN and not SIP: no SIP message starts with a byte below 64, and the cookie stands at a
/// fixed place (RFC 5626 8.1, RFC 5389 8).
pub(crate) fn is_stun(bytes: &[u8]) -> bool {
    bytes.len() >= HEADER && bytes[0] & 0xc0 == 0 && bytes[4..8] == COOKIE
}

/// A binding request without attributes (RFC 5626 4.4.2).
pub(crate) fn binding_request(id: TransactionId) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER);
    bytes.extend(BINDING_REQUEST.to_be_bytes());
    bytes.extend([0, 0]);
    bytes.extend(COOKIE);
    bytes.extend(id);
    bytes
}

/// Reads a success or error answer; `None` for requests, indications and broken messages.
pub(crate) fn parse_response(bytes: &[u8]) -> Option<BindingResponse> {
    if !is_stun(bytes) {
        return None;
    }
    let kind = u16::from_be_bytes([bytes[0], bytes[1]]);
    let length = usize::from(u16::from_be_bytes([bytes[2], bytes[3]]));
    let id: TransactionId = bytes[8..HEADER].try_into().ok()?;
    // The length says where the message ends, a multiple of four (RFC 5389 6).
    let attributes = bytes.get(HEADER..).filter(|rest| rest.len() == length && length % 4 == 0)?;
    match kind {
        BINDING_SUCCESS => Some(BindingResponse { id, mapped: mapped_address(attributes, &id) }),
        BINDING_ERROR => Some(BindingResponse { id, mapped: None }),
        _ => None,
    }
}

/// XOR-MAPPED-ADDRESS, else the MAPPED-ADDRESS of an RFC 3489 server (RFC 5389 15.1, 15.2).
fn mapped_address(mut attributes: &[u8], id: &TransactionId) -> Option<SocketAddr> {
    let mut plain = None;
    while let [kind_high, kind_low, length_high, length_low, rest @ ..] = attributes {
        let length = usize::from(u16::from_be_bytes([*length_high, *length_low]));
        let value = rest.get(..length)?;
        match u16::from_be_bytes([*kind_high, *kind_low]) {
            XOR_MAPPED_ADDRESS => return address(value, Some(id)),
            MAPPED_ADDRESS => plain = plain.or_else(|| address(value, None)),
            _ => {}
        }
        attributes = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    plain
}

fn address(value: &[u8], xor: Option<&TransactionId>) -> Option<SocketAddr> {
    let [_, family, port_high, port_low, ip @ ..] = value else { return None };
    let mut key = [0; 16];
    if let Some(id) = xor {
        key[..4].copy_from_slice(&COOKIE);
        key[4..].copy_from_slice(id);
    }
    let port = u16::from_be_bytes([port_high ^ key[0], port_low ^ key[1]]);
    let ip = match (*family, ip.len()) {
        (1, 4) => {
            let ip: [u8; 4] = std::array::from_fn(|at| ip[at] ^ key[at]);
            IpAddr::V4(Ipv4Addr::from(ip))
        }
        (2, 16) => {
            let ip: [u8; 16] = std::array::from_fn(|at| ip[at] ^ key[at]);
            IpAddr::V6(Ipv6Addr::from(ip))
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

const HEADER: usize = 20;
const COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
const BINDING_REQUEST: u16 = 0x0001;
const BINDING_SUCCESS: u16 = 0x0101;
const BINDING_ERROR: u16 = 0x0111;
const MAPPED_ADDRESS: u16 = 0x0001;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;

#[cfg(test)]
mod tests {
    use super::*;

    const ID: TransactionId = [0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae];

    fn response(attributes: &[u8]) -> Vec<u8> {
        let mut bytes = vec![1, 1, 0, u8::try_from(attributes.len()).unwrap(), 0x21, 0x12, 0xa4, 0x42];
        bytes.extend(ID);
        bytes.extend(attributes);
        bytes
    }

    /// The addresses of the sample answers in RFC 5769 2.2 and 2.3.
    #[test]
    fn mapped_addresses_of_both_families() {
        let v4 = [0, 0x20, 0, 8, 0, 1, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43];
        let seen = parse_response(&response(&v4)).unwrap();
        assert_eq!(seen, BindingResponse { id: ID, mapped: Some("192.0.2.1:32853".parse().unwrap()) });
        let v6 = [
            0, 0x20, 0, 20, 0, 2, 0xa1, 0x47, 0x01, 0x13, 0xa9, 0xfa, 0xa5, 0xd3, 0xf1, 0x79, 0xbc, 0x25,
            0xf4, 0xb5, 0xbe, 0xd2, 0xb9, 0xd9,
        ];
        let seen = parse_response(&response(&v6)).unwrap();
        assert_eq!(seen.mapped, Some("[2001:db8:1234:5678:11:2233:4455:6677]:32853".parse().unwrap()));
    }

    #[test]
    fn the_plain_address_counts_only_without_the_other() {
        let plain = [0, 1, 0, 8, 0, 1, 0x13, 0xc4, 192, 0, 2, 9];
        let seen = parse_response(&response(&plain)).unwrap();
        assert_eq!(seen.mapped, Some("192.0.2.9:5060".parse().unwrap()));
        let both: Vec<u8> =
            plain.into_iter().chain([0, 0x20, 0, 8, 0, 1, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43]).collect();
        assert_eq!(
            parse_response(&response(&both)).unwrap().mapped,
            Some("192.0.2.1:32853".parse().unwrap())
        );
    }

    #[test]
    fn what_is_broken_is_not_read() {
        let whole = response(&[0, 0x20, 0, 8, 0, 1, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43]);
        for cut in 0..whole.len() {
            assert_eq!(parse_response(&whole[..cut]), None, "cut at {cut}");
        }
        // An attribute that claims more than there is, of an unknown family, too short.
        for attributes in [
            &[0, 0x20, 0, 80, 0, 1, 0, 0][..],
            &[0, 0x20, 0, 8, 0, 9, 0, 0, 1, 2, 3, 4],
            &[0, 0x20, 0, 4, 0, 1, 0, 0],
        ] {
            assert_eq!(parse_response(&response(attributes)).unwrap().mapped, None);
        }
        assert_eq!(parse_response(&binding_request(ID)), None);
        assert!(is_stun(&binding_request(ID)));
        assert!(!is_stun(b"OPTIONS sip:a@b SIP/2.0\r\n"));
    }
}
