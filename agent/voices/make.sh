#!/bin/sh
# Makes the voices of the practice exchange and of the demonstration's operator.
#
#   apt-get install espeak-ng sox && agent/voices/make.sh
#
# Every clip is raw G.711 µ-law, 8 kHz, mono (`.ul`), one byte a sample, so that it can be compiled in and sent as it
# is. Speech is limited to the telephone band and brought to -20 dBm0 active level (pauses not counted). The texts are
# everyday phrases; they are written in kana as they are spoken (は and を as わ and お), since the synthesiser reads no
# kanji.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A sine of 0 dBm0 lies 3.17 dB below µ-law's full scale, and 3.01 dB more as RMS: -20 dBm0 is -26.18 dB RMS.
level=-26.18
part=0

# start NAME: begins a clip.
start() { name=$1; parts=; }

# say VOICE PITCH SPEED TEXT: appends a phrase.
say() {
    part=$((part + 1))
    espeak-ng -v "$1" -p "$2" -s "$3" -w "$work/raw.wav" "$4"
    # Trim the synthesiser's own silence, then the telephone band.
    sox "$work/raw.wav" -r 8000 -b 16 -c 1 "$work/band.wav" \
        gain -6 silence 1 0.01 0.5% reverse silence 1 0.01 0.5% reverse highpass 280 lowpass 3400
    rms=$(sox "$work/band.wav" -n silence -l 1 0.02 1% -1 0.05 1% stats 2>&1 | awk '/^RMS lev dB/ { print $4 }')
    sox -D "$work/band.wav" "$work/$part.wav" gain "$(awk "BEGIN { print $level - ($rms) }")"
    parts="$parts $work/$part.wav"
}

# pause SECONDS: appends silence.
pause() {
    part=$((part + 1))
    sox -n -r 8000 -b 16 -c 1 "$work/$part.wav" trim 0 "$1"
    parts="$parts $work/$part.wav"
}

# finish: writes NAME.ul.
finish() {
    # Word splitting is what joins the parts.
    # shellcheck disable=SC2086
    sox -D $parts -t ul "$name.ul"
    printf '%-18s %5.2f s\n' "$name.ul" "$(awk "BEGIN { print $(wc -c < "$name.ul") / 8000 }")"
}

man=ja+m3
woman=ja+f2
lady=ja+f4
announcer=ja+f3
operator=ja+f5

# はい、山田でございます。 … はい、お世話になっております。 … 今でしたら、少し大丈夫です。どのようなご用件でしょうか。
start human_hello_1
say $man 40 190 'はい、やまだでございます。'; pause 0.9
say $man 40 190 'はい、おせわになっております。'; pause 0.9
say $man 40 195 'いまでしたら、すこしだいじょうぶです。'; pause 0.3
say $man 42 195 'どのようなごようけんでしょうか。'
finish

# お電話ありがとうございます、豊島造船でございます。 … 担当の者は席を外しております。 … 折り返しお電話いたしましょうか。
start human_hello_2
say $woman 60 195 'おでんわありがとうございます。'; pause 0.15
say $woman 60 195 'とよしまぞうせんでございます。'; pause 0.9
say $woman 60 195 'あいにく、たんとうのものわ、せきおはずしております。'; pause 0.4
say $woman 62 195 'おりかえし、おでんわいたしましょうか。'
finish

# もしもし、加藤です。 … ああ、資料は見ました。 … ええ、では見積もりを送ってください。 … よろしくお願いします。
start human_hello_3
say $lady 50 184 'もしもし、かとうです。'; pause 0.9
say $lady 50 190 'ああ、しりょうわみました。'; pause 0.7
say $lady 50 190 'ええ、でわ、みつもりおおくってください。'; pause 0.5
say $lady 52 190 'よろしくおねがいします。'
finish

# はい、どちら様ですか。 … いえ、結構です。もう電話しないでください。失礼します。
start human_refuse
say $man 30 201 'はい。どちらさまですか。'; pause 1.1
say $man 32 213 'いえ、けっこうです。'; pause 0.2
say $man 32 213 'もう、でんわしないでください。'; pause 0.3
say $man 28 213 'しつれいします。'
finish

# おかけになった電話番号は、現在使われておりません。番号をお確かめになって、もう一度おかけ直しください。
start not_in_service
say $announcer 55 178 'おかけになったでんわばんごうわ、げんざい、つかわれておりません。'; pause 0.5
say $announcer 55 178 'ばんごうおおたしかめになって、もういちど、おかけなおしください。'
finish

# おかけになった電話番号は変更になりました。新しい番号は、03-0000-0012です。
start number_changed
say $announcer 55 178 'おかけになったでんわばんごうわ、へんこうになりました。'; pause 0.4
say $announcer 55 172 'あたらしいばんごうわ、'; pause 0.1
say $announcer 55 161 'ぜろさん。ぜろぜろぜろぜろ。ぜろぜろいちにー。'; pause 0.1
say $announcer 55 172 'です。'
finish

# ただいま電話に出ることができません。ピーという発信音の後に、お名前とご用件をお話しください。
# The tone itself (1000 Hz, 0.4 s) is generated, so that its level and length are exact.
start voicemail
say $woman 50 178 'ただいま、でんわにでることができません。'; pause 0.3
say $woman 50 178 'ぴーというはっしんおんのあとに、おなまえとごようけんおおはなしください。'
finish

# お世話になっております。架ける商事の佐藤と申します。 … 新しいサービスのご案内でお電話いたしました。 …
# 今、お時間よろしいでしょうか。
start operator
say $operator 60 195 'おせわになっております。'; pause 0.15
say $operator 60 195 'かけるしょうじの、さとうともうします。'; pause 0.5
say $operator 60 195 'あたらしいさーびすのごあんないで、おでんわいたしました。'; pause 0.3
say $operator 62 195 'いま、おじかんよろしいでしょうか。'
finish

# The sample list of the demonstration, as Excel's "CSV (コンマ区切り)" would save it: CP932 with CRLF.
sed 's/$/\r/' sample-list.csv | iconv -f UTF-8 -t CP932 > ../demo/sample.csv
