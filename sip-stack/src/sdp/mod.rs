//! Session descriptions (RFC 8866) and the offer/answer machine (RFC 3264).
//!
//! [`parse`] reads what real peers write, [`SessionDescription`] prints what every peer reads. A [`Negotiator`] follows
//! one dialog: it makes offers and answers from [`Capabilities`] and turns the peer's into [`Negotiated`].

mod base64;
mod capabilities;
mod choice;
mod codec;
mod direction;
mod dtls;
mod error;
mod lines;
mod negotiated;
mod negotiator;
mod parse;
mod print;
mod sdes;
mod secure;
mod session;

pub use {
    capabilities::{Capabilities, DtlsIdentity, RtcpMux, SdesKey, Security, SecurityPolicy},
    codec::{CodecName, CodecSpec},
    direction::Direction,
    dtls::{DtlsRole, Fingerprint, HashFunction, Setup},
    error::NegotiationError,
    negotiated::{MediaSecurity, Negotiated},
    negotiator::{Negotiator, NegotiatorState},
    parse::{SdpError, parse},
    sdes::{CryptoAttribute, CryptoSuite, KeyMaterial, MasterKey, Mki},
    session::{Encoding, Format, MediaDescription, MediaKind, SessionDescription},
};
