//! Every documented command parses, wrong usage is told.

use clap::CommandFactory as _;
use clap::error::ErrorKind;

use super::*;

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(std::iter::once("kakeru").chain(line.split(' ')))
}

#[test]
fn the_definition_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn every_documented_command_parses() {
    for line in [
        "run",
        "run --config k.toml",
        "demo --fast --mute --dir d --json",
        "exchange --listen 127.0.0.1:0 --fast",
        "status --json",
        "call 03-1234-5678",
        "call --contact 01JD5Y8ZK4T0M9Q2W7R3X6B1CV --label mobile",
        "call --attempt 01JD5Y8ZK4T0M9Q2W7R3X6B1CV",
        "contact import book.csv --profile miitel --partial --report bad.csv",
        "contact import-undo 01JD5Y",
        "contact import-undo 01JD5Y --yes",
        "project grant 夏 sato,suzuki --revoke",
        "call",
        "answer --seat a",
        "hangup",
        "hangup --attempt 6B1CV",
        "hold",
        "resume",
        "mute",
        "mute off",
        "dtmf 1#",
        "transfer 03-1234-5678",
        "transfer",
        "consult 03-1234-5678",
        "consult --cancel",
        "swap",
        "listen a",
        "listen a --seat sv",
        "whisper",
        "barge a --json",
        "untap",
        "save --status 見込 --memo x --next dial",
        "save --recall 2026-11-30T10:00 --next skip",
        "pause lunch",
        "ready",
        "trace",
        "trace last --full --unmasked",
        "trace 7R3X6B1CV --pcap call.pcap --force --json",
        "trace --account main --lang ja",
        "events --since 5 --kind call. --kind dial. --count 3",
        "history --open --limit 5",
        "history --name かぶら --company A --person B --memo 訪問 --project 春",
        "stats --list x",
        "devices",
        "devices list",
        "devices show",
        "devices set --capture Jabra --capture default --playback Jabra --ring Speaker --echo on --noise off",
        "devices set --reset --no-ring --gain on",
        "devices volume 80",
        "devices volume --mic 120 --ring 50",
        "devices level",
        "devices level --seconds 3 --json",
        "devices test --capture Jabra --playback Jabra --seconds 5",
        "devices test --latency --json",
        "config check",
        "config check k.toml",
        "config example",
        "completion bash",
        "list create x --project y --create-project",
        "list import x f.csv --create --project y --create-project --encoding cp932 --partial --report e.csv",
        "list show x --filter worked",
        "list export x",
        "list export x f.csv --encoding cp932",
        "list export x f.csv --profile miitel --without-results",
        "list export x f.csv --profile miitel --split --force",
        "list export x f.csv --split-rows 1000 --split-bytes 1000000",
        "history export f.csv --profile calltree --split",
        "list show x --project y",
        "lead exclude x --project y --all",
        "dial start x --project y",
        "dial why --list x --project y",
        "history --list x --project y",
        "list ls",
        "dial start x",
        "dial pause",
        "dial resume",
        "dial stop",
        "dial skip",
        "dial why 0312345678",
        "dial why --list x",
        "dnc add 0312345678 --reason x",
        "dnc ls --number 0312345678 --cleared",
        "dnc clear 0312345678 --reason x",
        "dnc import f.csv --project y --reason x --clear --partial --dry-run",
        "dnc import - --report bad.csv --profile calltree --partial",
        "dnc import f.csv --preview",
        "dnc import-cancel",
        "dnc imports --limit 5",
        "dnc import-undo 01JD --reason x --yes",
        "dnc export f.csv --cleared --encoding cp932 --raw",
        "contact add --company A --person B --phone 0312345678 --phone mobile=09011112222 --category x --overwrite",
        "contact from-call 01JD5Y8ZK4T0M9Q2W7R3X6B1CV --company A",
        "contact show 0312345678",
        "contact ls さんぷる --category x --trash --limit 5",
        "contact edit 0312345678 --person B --if-version 3",
        "contact delete 0312345678 --yes",
        "contact undo 01JD5Y8ZK4T0M9Q2W7R3X6B1CV",
        "contact export",
        "contact export f.csv --raw",
        "contact export f.csv --profile miitel",
        "contact export f.csv --per-number --encoding cp932",
        "contact hand-over --from a --to b",
        "contact categories",
        "contact categories --delete x --yes",
        "task ls --folder past --all --closed",
        "task done 7 --undo",
        "task reassign 7 bob",
        "task reassign 7 --nobody",
        "task hand-over --from carol --to bob --list first",
        "task hand-over --to bob",
        "task ls --nobody",
        "task due 7 2026-11-30T10:00",
        "task due 7 --no-time",
        "history show 01JD5Y8ZK4T0M9Q2W7R3X6B1CV",
        "history amend 01JD5Y8ZK4T0M9Q2W7R3X6B1CV --status 見込 --reason x",
        "history report 01JD5Y8ZK4T0M9Q2W7R3X6B1CV --off",
        "history export f.csv --manual only --raw",
        "history export f.csv --seat a --open --interrupted --reported --unregistered --blank --list x",
        "history --manual include --blank --reported --unregistered",
        "note add x --number 0312345678",
        "note ls --attempt 01JD5Y8ZK4T0M9Q2W7R3X6B1CV",
        "note edit 01JD5Y8ZK4T0M9Q2W7R3X6B1CV x",
        "note delete 01JD5Y8ZK4T0M9Q2W7R3X6B1CV",
        "note restore 01JD5Y8ZK4T0M9Q2W7R3X6B1CV",
        "disposition ls --archived",
        "disposition add x --lead-next retry --counts-connect no --hotkey f --color #ff8800 --position 1",
        "disposition edit x --label y --keep-recording yes",
        "disposition archive x",
        "disposition restore x",
        "user add carol --role by --uid 1003 --password",
        "user ls --deleted",
        "user rename carol x",
        "user role carol OP",
        "user uid carol",
        "user passwd carol --remove",
        "user delete carol --yes",
        "user delete carol --hand-over bob",
        "user delete carol --release --yes",
        "user holds carol",
        "user me",
        "audit --action user. --limit 5",
        "project ls",
        "profile ls",
        "project create x --caller-id 03-1234-5678",
        "project change x --name y --company-wide-dnc false --pooled false",
        "project delete x --yes",
        "project restore x",
        "list view x --search 山田 --sort last_at --desc --page 3",
        "list view x --second --category a --category b",
        "list view x --excluded",
        "list view x --column 地域=東京 --column 備考~=a=b --company A --person B",
        "lead assign x --column 地域= --owner sato",
        "list change x --order newest --enabled false",
        "list delete x --yes",
        "list restore x",
        "list restore x --at 1795398000000 --name y",
        "list bin x",
        "list round x",
        "list grant x bob,carol --revoke",
        "list imports",
        "list import-undo 01JD --yes",
        "disposition ls --project x",
        "list import-cancel x",
        "list import x f.csv --profile calltree --map 電話番号=TEL --assign a,b --preview",
        "lead show 01JD",
        "lead show 春の案件#12",
        "call --lead 春の案件#12",
        "call --lead 春の案件#12 --label 携帯",
        "lead add x 03-1234-5678 --company y --column 備考=z",
        "lead edit 春の案件#12 --company y --person z --category a --column 備考=b --if-version 2",
        "lead exclude x --lead 01JD --reason y",
        "lead delete x --lead x#3 --lead x#4",
        "note add y --lead x#3",
        "dial why x#3",
        "lead include x --all",
        "lead delete x --status 現アナ --yes",
        "lead restore x --at 1795398000000",
        "lead assign x --all --owner a,b",
        "lead add-number 01JD 090-1234-5678 --label 携帯",
        "lead remove-number 01JD 090-1234-5678",
        "recording ls --held",
        "recording fetch 01JD",
        "recording fetch 01JD call.opus --force",
        "recording delete 01JD --reason x --yes",
        "recording hold 01JD --reason x",
        "recording release 01JD",
        "recording quota",
        "recording pause",
        "recording resume --seat a",
        "recording export --month 2026-11 /mnt/backup --list x",
        "backup /b/k.db",
        "backup /b/k.db --force",
        "restore /b/k.db --database /s/k.db",
        "doctor --full",
        "stats --by operator",
        "stats --by user --user sato",
        "history --user sato",
        "audit --operator sato",
        "stats --verify",
    ] {
        if let Err(error) = parse(line) {
            panic!("{line}: {error}");
        }
    }
}

/// Section E: what an operator is told to type can be typed.
#[test]
fn advice_names_commands_and_options_that_exist() {
    fn options(command: &clap::Command, known: &mut Vec<String>) {
        known.extend(command.get_arguments().filter_map(|arg| arg.get_long()).map(str::to_owned));
        command.get_subcommands().for_each(|command| options(command, known));
    }
    let mut cli = Cli::command();
    // With --help and --version.
    cli.build();
    let mut known = Vec::new();
    options(&cli, &mut known);
    let ends = |c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_');
    for code in protocol::ErrorCode::ALL {
        let (text, hint) = (code.text(), code.hint());
        for advice in [text.ja, text.en, hint.ja, hint.en] {
            for option in advice.split("--").skip(1) {
                let option = option.split(ends).next().unwrap_or_default();
                assert!(known.iter().any(|known| known == option), "{code}: --{option}");
            }
        }
        // English has prose about kakeru beside what is to be typed.
        let quoted =
            |text: &'static str| text.split('`').skip(1).step_by(2).filter_map(|t| t.strip_prefix("kakeru "));
        let japanese = text.ja.split("kakeru ").skip(1).chain(hint.ja.split("kakeru ").skip(1));
        for typed in japanese.chain(quoted(text.en)).chain(quoted(hint.en)) {
            let mut at = &cli;
            let words = typed.split(' ').map(|word| word.split(ends).next().unwrap_or_default());
            for word in words.take_while(|word| word.starts_with(|c: char| c.is_ascii_lowercase())) {
                if !at.has_subcommands() {
                    break;
                }
                at = at.find_subcommand(word).unwrap_or_else(|| panic!("{code}: {word} of {typed}"));
            }
        }
    }
}

/// One set of options for both; what `--category` means differs.
#[test]
fn a_lead_is_added_and_corrected_with_the_same_options() {
    let mut cli = Cli::command();
    cli.build();
    let lead = cli.find_subcommand("lead").unwrap();
    let help = |verb: &str| -> Vec<(String, String)> {
        let arguments =
            lead.find_subcommand(verb).unwrap().get_arguments().filter(|arg| !arg.is_global_set());
        let shown = |arg: &clap::Arg| {
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            Some((arg.get_long()?.to_owned(), help))
        };
        let mut all: Vec<_> = arguments
            .filter_map(shown)
            // Which version was looked at is asked of an edit only, and what is dialed before its number, which a new lead has in it; the
            // list's project of a lead that is not there yet.
            .filter(|(long, _)| {
                !["help", "version", "if-version", "clir", "project"].contains(&long.as_str())
            })
            .collect();
        all.sort();
        all
    };
    let (add, edit) = (help("add"), help("edit"));
    let differ: Vec<_> = add.iter().zip(&edit).filter(|(add, edit)| add != edit).collect();
    assert_eq!(
        add.iter().map(|(long, _)| long.as_str()).collect::<Vec<_>>(),
        ["category", "column", "company", "person"]
    );
    assert_eq!(differ.len(), 1, "{differ:?}");
    assert_eq!(differ[0].1.1, "All its categories from now on (may be repeated)");
}

#[test]
fn global_options_stand_anywhere() {
    let cli = parse("save --next dial --seat b --json --lang ja").unwrap();
    assert_eq!(
        (cli.global.seat.as_deref(), cli.global.json, cli.global.lang),
        (Some("b"), true, Some(LangArg::Ja))
    );
    let cli = parse("--socket /s list ls").unwrap();
    assert_eq!(cli.global.socket, Some(PathBuf::from("/s")));
}

#[test]
fn wrong_usage_exits_with_2() {
    for line in [
        "nonsense",
        "save --next later",
        "dial why",
        "list import x",
        "mute maybe",
        "devices set",
        "devices volume",
        "devices volume 101",
        "devices volume --mic 201",
        "devices set --ring a --no-ring",
        "devices test --seconds 0",
        "recording export --month 2026-13",
        "recording delete 01JD --yes",
        "list view x --excluded --dialable true",
        "list show x --limit 0",
        "call 1 2",
        "trace x --account main",
        "trace --force",
        "transfer 1 2",
        "consult",
        "listen a b",
        "untap a",
        "consult 1 --cancel",
        "note add x",
        "note ls --lead a --number b",
        "user add x",
        "user role x BOSS",
        "task due 7",
        "task reassign 7",
        "task reassign 7 bob --nobody",
        "task due 7 15:30 --no-time",
        "dnc clear 0312345678",
        "dnc import f.csv --clear",
        "dnc import-undo 01JD",
        "contact add --company x",
        "disposition add x --counts-call maybe",
    ] {
        assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
    }
    let help = parse("--help").unwrap_err();
    assert_eq!((help.kind(), help.exit_code()), (ErrorKind::DisplayHelp, 0));
}
