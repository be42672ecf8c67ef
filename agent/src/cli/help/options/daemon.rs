//! Options of the daemon, its devices and what every command takes.

/// One pair for each text of an option or argument.
pub(super) const OPTIONS: &[(&str, &str)] = &[
    ("Print JSON: one object per result or event", "JSON で表示 (結果・イベントごとに1つ)"),
    (
        "Control socket of the daemon [default: $XDG_RUNTIME_DIR/kakeru/control.sock, system /run/kakeru/control.sock]",
        "デーモンの制御ソケット [既定: $XDG_RUNTIME_DIR/kakeru/control.sock、システムでは /run/kakeru/control.sock]",
    ),
    (
        "Configuration file [default: ~/.config/kakeru/kakeru.toml, system /etc/kakeru/kakeru.toml]",
        "設定ファイル [既定: ~/.config/kakeru/kakeru.toml、システムでは /etc/kakeru/kakeru.toml]",
    ),
    (
        "Seat to act on [default: the seat of your user, else the only seat]",
        "対象の席 [既定: 自分の席、なければ唯一の席]",
    ),
    (
        "Language of texts for people [default: by LC_ALL, LC_MESSAGES, LANG]",
        "表示の言語 [既定: LC_ALL、LC_MESSAGES、LANG による]",
    ),
    ("Shorten ringing and talk: under 30 seconds", "呼出と通話を短くする (30秒未満)"),
    ("Play no sound even where there is a device", "機器があっても音を出さない"),
    (
        "Keep database, recordings and results in this folder [default: a temporary one]",
        "データベース・録音・結果をこのフォルダーに残す [既定: 一時フォルダー]",
    ),
    (
        "Address and port for UDP and TCP; port 0: any free one",
        "UDP と TCP のアドレスとポート (0 は空きポート)",
    ),
    ("The one user who may register", "登録できる唯一のユーザー"),
    ("The user's password", "そのパスワード"),
    (
        "Digest algorithms to offer: many phones know MD5 only and give up at anything else",
        "提示するダイジェスト方式 (MD5 しか知らない電話機が多い)",
    ),
    ("Have the message bodies signed too (qop=auth-int)", "本文も署名させる (qop=auth-int)"),
    (
        "Address and port for TLS; needs --tls-cert and --tls-key",
        "TLS のアドレスとポート (--tls-cert と --tls-key が必要)",
    ),
    ("The exchange's certificate, a PEM file", "交換機の証明書 (PEM)"),
    ("Its private key, a PEM file", "その秘密鍵 (PEM)"),
    ("Shorten ringing and talk", "呼出と通話を短くする"),
    ("on or off", "on または off"),
    ("0-9, *, #, A-D", "0-9、*、#、A-D"),
    (
        "The number, in any form people write [default: whom you consult]",
        "番号 (書き方は自由) [既定: 相談先]",
    ),
    ("End the consultation and take the call back", "相談を終えて通話に戻る"),
    (
        "The call to end, and no other: its id, or the last four characters [default: the one that is up]",
        "この通話だけを切る: 通話の id、またはその末尾4文字 [既定: 続いている通話]",
    ),
    ("Why, such as lunch", "理由 (昼休み、休憩 など)"),
    (
        "A microphone, best first; a part of its name is enough, \"default\" is the system's (may be repeated)",
        "マイク (よい順。名前の一部でよい。\"default\" はシステムの既定。繰り返し可)",
    ),
    ("Headphones, likewise", "ヘッドホン (同様)"),
    ("Where it rings, likewise", "呼出音の機器 (同様)"),
    ("Ring in the headphones", "ヘッドホンで鳴らす"),
    ("Echo cancellation", "エコー除去"),
    ("Noise suppression", "雑音抑制"),
    ("Gain control", "音量の自動調整"),
    ("First go back to what the configuration says", "先に設定ファイルの内容に戻す"),
    ("What you hear of calls, 0 to 100", "通話の音量、0 から 100"),
    ("Your own voice, 0 to 200", "自分の声、0 から 200"),
    ("The ring, 0 to 100", "呼出音、0 から 100"),
    ("End after so many seconds [default: until Ctrl-C]", "この秒数で終わる [既定: Ctrl-C まで]"),
    (
        "Microphone [default: the seat's of the configuration file, else the system's]",
        "マイク [既定: 設定ファイルの席のもの、なければシステムのもの]",
    ),
    ("How long you speak, 1 to 30", "話す秒数、1 から 30"),
    ("Only measure the latency; nobody has to speak", "遅延だけを測る (話さなくてよい)"),
    ("The file [default: as --config]", "ファイル [既定: --config と同じ]"),
    (
        "Print the INVITE that this account would send; nothing is sent",
        "このアカウントが送る INVITE を表示 (送信はしない)",
    ),
    (
        "To this number instead of a made-up one; 184 and 186 may stand before it",
        "架空の番号の代わりにこの番号で (184・186 を前に付けられる)",
    ),
    ("Print the numbers whole", "番号を全桁表示"),
    ("The shell", "シェル"),
];
