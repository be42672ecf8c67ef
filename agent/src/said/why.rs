//! Why something does not work, as the stack and the devices say it in English, for people who read Japanese.

/// Why a registration, a call or a transfer came to nothing, where the stack says it itself. The words of the exchange (the reason
/// phrase behind its code) are told as they came.
pub(crate) fn sip_ja(why: &str) -> Option<&'static str> {
    Some(match why {
        "no answer" => "応答がありません",
        "transport failure" => "接続できません",
        "binding not kept" => "交換機が登録を保持しませんでした",
        "the call ended" => "通話が終了しました",
        _ => return None,
    })
}

/// Why a desk phone is not up, in Japanese.
pub(crate) fn phone_ja(why: &str) -> Option<&'static str> {
    Some(match why {
        "the phone is called when the operator is ready" => "待機にすると電話機を呼び出します",
        "the phone rings" => "電話機を呼び出しています",
        "the phone is busy" => "電話機が話し中です",
        "the phone was declined" => "電話機で拒否されました",
        "the phone was not answered" => "電話機が応答しませんでした",
        "the phone does not answer" => "電話機に接続できません",
        "no voice comes from the phone" => "電話機から音声が届きません",
        "hung up; `kakeru ready` calls it again" => "切られました。`kakeru ready` で呼び直します",
        "the daemon stops" => "停止中です",
        _ => return None,
    })
}

/// Why a seat has no voice, in Japanese: of its desk phone, or of each of its devices. What an audio system says itself stays behind it
/// as it is.
pub(crate) fn voice_ja(why: &str) -> String {
    if let Some(phone) = phone_ja(why) {
        return phone.to_owned();
    }
    let mut said: Vec<String> = Vec::new();
    for why in why.split("; ").map(device_ja) {
        // Microphone and headphones mostly fail for one reason.
        if !said.contains(&why) {
            said.push(why);
        }
    }
    said.join("、")
}

fn device_ja(why: &str) -> String {
    for (side, ja) in [("capture: ", "マイク"), ("playback: ", "ヘッドホン"), ("ring: ", "着信音")]
    {
        if let Some(rest) = why.strip_prefix(side) {
            return format!("{ja}: {}", device_ja(rest));
        }
    }
    let (what, cause) = why.split_once(": ").map_or((why, None), |(what, cause)| (what, Some(cause)));
    let known = match what {
        "no audio system answers" => "サウンドサーバーに接続できません",
        "no capture device by default" => "既定のマイクがありません",
        "no playback device by default" => "既定のヘッドホンがありません",
        "the audio system hangs while opening a capture device" => {
            "マイクを開けません(サウンドサーバーが応答しません)"
        }
        "the audio system hangs while opening a playback device" => {
            "ヘッドホンを開けません(サウンドサーバーが応答しません)"
        }
        "cannot use the voice file" => "音声ファイルを使えません",
        "cannot start an audio thread" => "音声の処理を開始できません",
        "the device is gone" => "デバイスが外されました",
        "another device is the default now" => "既定のデバイスが変わりました",
        "the audio server is gone" => "サウンドサーバーが停止しました",
        "the audio system ended the stream" => "サウンドサーバーが音声を終了しました",
        "the stream failed" => "音声が途切れました",
        _ => "",
    };
    let known = match known {
        "" => named_ja(what),
        known => Some(known.to_owned()),
    };
    match (known, cause) {
        (None, _) => why.to_owned(),
        (Some(known), None) => known,
        (Some(known), Some(cause)) => format!("{known}: {cause}"),
    }
}

/// What has the name of a device in it, or a number.
fn named_ja(why: &str) -> Option<String> {
    let or = |names: &str| names.replace(" or ", "、");
    if let Some(names) = why.strip_prefix("no capture device named ") {
        return Some(format!("マイク {} がありません", or(names)));
    }
    if let Some(names) = why.strip_prefix("no playback device named ") {
        return Some(format!("ヘッドホン {} がありません", or(names)));
    }
    if let Some(name) = why.strip_prefix("device ").and_then(|rest| rest.strip_suffix(" cannot be used")) {
        return Some(format!("{name} を使えません"));
    }
    let still = why.strip_prefix("the device has been still for ")?.strip_suffix(" ms")?;
    Some(format!("デバイスが {still} ミリ秒止まっています"))
}

#[cfg(test)]
mod tests {
    use media::device::{DeviceError, Direction, Fault};

    use super::*;
    use crate::said::has_english;

    /// Whatever a device may say of itself has its words in Japanese.
    #[test]
    fn what_devices_say_is_said_in_japanese() {
        let mut said: Vec<String> = [Fault::DeviceGone, Fault::ServerGone, Fault::Invalidated, Fault::Failed]
            .iter()
            .map(ToString::to_string)
            .collect();
        for direction in [Direction::Capture, Direction::Playback] {
            for names in [vec![], vec!["USB".to_owned()], vec!["USB".to_owned(), "BT".to_owned()]] {
                said.push(DeviceError::NotFound { direction, names }.to_string());
            }
            said.push(DeviceError::Hangs { direction }.to_string());
        }
        said.push(DeviceError::NoHost(None).to_string());
        said.push(DeviceError::Refused { name: "USB".to_owned(), source: None }.to_string());
        said.push(DeviceError::Thread(std::io::Error::from_raw_os_error(11)).to_string());
        said.extend(
            ["another device is the default now", "the device has been still for 700 ms"].map(str::to_owned),
        );
        for why in &said {
            let ja = voice_ja(why);
            assert!(!has_english(&ja), "{why}: {ja}");
        }
        let two = voice_ja("capture: the device is gone; no playback device named A or B");
        assert_eq!(two, "マイク: デバイスが外されました、ヘッドホン A、B がありません");
        assert_eq!(voice_ja("the phone is busy"), "電話機が話し中です");
        let both = "no audio system answers; no audio system answers";
        assert_eq!(voice_ja(both), "サウンドサーバーに接続できません", "said once");
        assert_eq!(
            voice_ja("device USB cannot be used: busy"),
            "USB を使えません: busy",
            "what the system says stays"
        );
    }
}
