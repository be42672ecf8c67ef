//! What most scenarios have in common, so that a new one reads like the story that it tells.
//!
//! A line of its own between at signs stands for several:
//!
//! | line | what |
//! |---|---|
//! | `@invite [BRANCH]@` | a caller's INVITE up to its Contact |
//! | `@ack BRANCH@` | its ACK of a refusal of that INVITE |
//! | `@within METHOD N [BRANCH]@` | a caller's request inside the dialog, with sequence number N, up to its CSeq |
//! | `@called@` | receives an INVITE and keeps what the lines below need |
//! | `@back METHOD N [BRANCH]@` | a callee's request inside the dialog, up to its CSeq |
//! | `@answer CODE REASON@` | a callee's answer to the INVITE that came last, up to its Contact |
//! | `@late CODE REASON@` | the same after other messages came; not by way of a proxy, of whose Via only one is kept |
//! | `@reply CODE REASON@` | an answer to the request received last, which was one inside the dialog |
//! | `@contact@` | a Contact |
//! | `@sdp N [DIRECTION [ADDRESS]]@` | the rest of a message with audio: version N, direction, and the address for it |
//! | `@end@` | the rest of a message without body |

use std::fmt::Write as _;

/// Writes out the lines that stand for several.
///
/// # Panics
/// At a line that is none of the above.
pub fn written_out(scenario: &str) -> String {
    let mut text = String::new();
    for line in scenario.lines() {
        let inner = line.trim().strip_prefix('@').and_then(|rest| rest.strip_suffix('@'));
        match inner {
            Some(part) => text.push_str(&lines(part)),
            None => text.push_str(line),
        }
        text.push('\n');
    }
    text
}

fn lines(part: &str) -> String {
    let (name, rest) = part.split_once(' ').unwrap_or((part, ""));
    let (first, second) = rest.split_once(' ').unwrap_or((rest, ""));
    match name {
        "invite" => {
            let via = via(if rest.is_empty() { NEW_BRANCH } else { rest });
            format!(
                "INVITE {TARGET};transport=[transport] SIP/2.0\n{via}\nMax-Forwards: 70\n{CALLER}\nTo: <{TARGET}>\n\
                 Call-ID: [call_id]\nCSeq: 1 INVITE\n{CALLER_CONTACT}"
            )
        }
        "ack" => format!(
            "ACK {TARGET};transport=[transport] SIP/2.0\n{}\nMax-Forwards: 70\n{CALLER}\n\
             To: <{TARGET}>[peer_tag_param]\nCall-ID: [call_id]\nCSeq: 1 ACK\nContent-Length: 0\n",
            via(rest)
        ),
        "within" => {
            let (number, branch) = second.split_once(' ').unwrap_or((second, NEW_BRANCH));
            format!(
                "{first} [next_url] SIP/2.0\n{}\n[routes]\nMax-Forwards: 70\n{CALLER}\n\
                 To: <{TARGET}>[peer_tag_param]\nCall-ID: [call_id]\nCSeq: {number} {first}",
                via(branch)
            )
        }
        "called" => CALLED.to_owned(),
        "back" => {
            let (number, branch) = second.split_once(' ').unwrap_or((second, NEW_BRANCH));
            format!(
                "{first} [$target] SIP/2.0\n{}\n[routes]\nMax-Forwards: 70\n\
                 From: [$callee];tag=[pid]S[call_number]\nTo: [$caller]\nCall-ID: [call_id]\nCSeq: {number} {first}",
                via(branch)
            )
        }
        "answer" => format!(
            "SIP/2.0 {rest}\n[last_Via:]\n[last_Record-Route:]\n[last_From:]\n[last_To:];tag=[pid]S[call_number]\n\
             [last_Call-ID:]\n[last_CSeq:]\n{CONTACT}"
        ),
        "late" => format!(
            "SIP/2.0 {rest}\nVia: [$via]\nFrom: [$caller]\nTo: [$callee];tag=[pid]S[call_number]\n\
             Call-ID: [call_id]\nCSeq: [$cseq] INVITE\n{CONTACT}"
        ),
        "reply" => {
            format!("SIP/2.0 {rest}\n[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]")
        }
        "contact" => CONTACT.to_owned(),
        "sdp" => {
            let (direction, address) = second.split_once(' ').unwrap_or((second, "[media_ip]"));
            let mut text = format!(
                "Content-Type: application/sdp\nContent-Length: [len]\n\nv=0\n\
                 o=sipp 53655765 {first} IN IP[media_ip_type] [media_ip]\ns=-\nc=IN IP[media_ip_type] {address}\n\
                 t=0 0\nm=audio [media_port] RTP/AVP 0 101\na=rtpmap:0 PCMU/8000\na=rtpmap:101 telephone-event/8000\n\
                 a=fmtp:101 0-15\na=ptime:20"
            );
            if !direction.is_empty() {
                let _ = write!(text, "\na={direction}");
            }
            text
        }
        "end" => "Content-Length: 0\n".to_owned(),
        _ => panic!("no such part of a scenario: @{part}@"),
    }
}

fn via(branch: &str) -> String {
    format!("Via: SIP/2.0/[transport] [local_ip]:[local_port];branch={branch}")
}

const NEW_BRANCH: &str = "[branch]";
const TARGET: &str = "sip:[service]@[remote_ip]:[remote_port]";
const CALLER: &str = "From: \"Caller\" <sip:0398765432@[local_ip]:[local_port]>;tag=[pid]C[call_number]";
const CALLER_CONTACT: &str = "Contact: <sip:0398765432@[local_ip]:[local_port];transport=[transport]>";
const CONTACT: &str = "Contact: <sip:sipp@[local_ip]:[local_port];transport=[transport]>";
/// sipp wants every variable to be used, hence the last line.
const CALLED: &str = r#"<recv request="INVITE" rrs="true">
  <action>
    <ereg regexp="sip:[^&gt;]*" search_in="hdr" header="Contact:" check_it="true" assign_to="target"/>
    <ereg regexp="[^ ].*" search_in="hdr" header="From:" check_it="true" assign_to="caller"/>
    <ereg regexp="[^ ].*" search_in="hdr" header="To:" check_it="true" assign_to="callee"/>
    <ereg regexp="[^ ].*" search_in="hdr" header="Via:" check_it="true" assign_to="via"/>
    <ereg regexp="[0-9]+" search_in="hdr" header="CSeq:" check_it="true" assign_to="cseq"/>
  </action>
</recv>
<Reference variables="target,caller,callee,via,cseq"/>"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_between_at_signs_are_written_out_and_others_kept() {
        let text =
            written_out("  <send>\n    @reply 486 Busy Here@\n    @end@\n  sip:[service]@[remote_ip]\n");
        assert!(text.starts_with("  <send>\nSIP/2.0 486 Busy Here\n[last_Via:]\n"), "{text}");
        assert!(text.ends_with("[last_CSeq:]\nContent-Length: 0\n\n  sip:[service]@[remote_ip]\n"), "{text}");
        assert!(written_out("@sdp 2 sendonly@").contains("o=sipp 53655765 2 IN"));
        assert!(written_out("@sdp 2 sendonly@").ends_with("a=ptime:20\na=sendonly\n"));
    }
}
