//! How much a text is like one that people in Japan write into a list.
//!
//! The same bytes are often text in EUC-JP and in CP932 too: kanji of the one are half-width kana and rare kanji of the other.
//! Which of them somebody wrote is a question of likelihood. A text costs the fewer bits the more usual its characters are
//! where they stand; readings of the same bytes are compared by what they cost.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::words;

/// Adds up what a text costs.
pub(super) struct Plausible {
    /// Half-width kana of this encoding: in EUC-JP they take two bytes and nobody writes them.
    half_kana: u64,
    bits: u64,
    /// Bits of the current word beyond ASCII, and what of it may be a known word.
    word_bits: u64,
    word: String,
    before: char,
}

impl Plausible {
    pub(super) fn new(half_kana_unusual: bool) -> Self {
        let half_kana = if half_kana_unusual { HALF_KANA + 4 } else { HALF_KANA };
        Self { half_kana, bits: 0, word_bits: 0, word: String::new(), before: ' ' }
    }

    /// Bits so far.
    pub(super) fn bits(&self) -> u64 {
        self.bits + self.word_bits
    }

    /// Takes the next characters.
    pub(super) fn take(&mut self, text: &str) {
        if text.is_ascii() {
            self.ascii(text);
            return;
        }
        for c in text.chars() {
            if c.is_ascii() {
                self.end_word();
            } else {
                self.word_bits += self.cost(c);
                if self.word.len() <= LONGEST_WORD {
                    self.word.push(c);
                }
            }
            self.before = c;
        }
    }

    /// Bytes that are no text.
    pub(super) fn bad(&mut self) {
        self.word_bits += BAD;
        self.before = char::REPLACEMENT_CHARACTER;
        // Such a word is none that is known.
        self.word.push(char::REPLACEMENT_CHARACTER);
    }

    fn ascii(&mut self, text: &str) {
        if let Some(last) = text.chars().next_back() {
            self.end_word();
            self.before = last;
        }
    }

    /// Between two ASCII characters stands a word; those that lists are full of are sooner meant than met by chance.
    fn end_word(&mut self) {
        if self.word_bits == 0 {
            return;
        }
        let known = words::is_column_word(&self.word)
            || FORMS.iter().any(|form| self.word.contains(form))
            || is_name(&self.word);
        self.bits += if known { self.word_bits.saturating_sub(KNOWN_WORD) } else { self.word_bits };
        self.word_bits = 0;
        self.word.clear();
    }

    fn cost(&self, c: char) -> u64 {
        let letter = self.before.is_ascii_alphabetic();
        let enters = match (is_half_kana(self.before), is_half_kana(c)) {
            (false, true) if letter => 6,
            (false, true) if self.before.is_ascii() || self.before == '\u{3000}' => 3,
            (false, true) | (true, false) => 6,
            // Words of Latin letters end where Japanese begins, mostly.
            (false, false) if letter && c > '\u{2FFF}' => 2,
            (false, false) | (true, true) => 0,
        };
        enters
            + match c {
                '\u{FF61}'..='\u{FF9F}' => self.half_kana + unusual_kana(self.before, c),
                '\u{3000}' => 6,
                'ー' | '々' | '\u{3001}'..='\u{3002}' | '\u{300C}'..='\u{300F}' | '・' => 8,
                '\u{3041}'..='\u{3096}' | '\u{30A1}'..='\u{30FA}' => 8,
                '\u{FF01}'..='\u{FF5E}' => 9,
                '\u{4E00}'..='\u{9FFF}' => kanji(c),
                '①'..='⑳' | '㈱' | '㈲' | '№' | '﨑' => 12,
                '\u{E000}'..='\u{F8FF}' => 28,
                '\u{80}'..='\u{9F}' => 28,
                // Latin letters with accents stand in words of Latin letters.
                '\u{E0}'..='\u{FF}' if letter => 5,
                '\u{C0}'..='\u{24F}' if letter => 10,
                _ => 17,
            }
    }
}

/// What stands nowhere in kana as people write them costs more.
fn unusual_kana(before: char, c: char) -> u64 {
    let follows = is_half_kana(before);
    let unusual = match c {
        'ﾞ' => !matches!(before, 'ｳ' | 'ｶ'..='ﾄ' | 'ﾊ'..='ﾎ'),
        'ﾟ' => !matches!(before, 'ﾊ'..='ﾎ'),
        'ｬ'..='ｮ' => !matches!(before, 'ｷ' | 'ｼ' | 'ﾁ' | 'ﾆ' | 'ﾋ' | 'ﾐ' | 'ﾘ' | 'ﾞ' | 'ﾟ' | 'ﾃ' | 'ﾌ'),
        'ｧ'..='ｫ' => !matches!(before, 'ﾌ' | 'ｳ' | 'ﾃ' | 'ﾁ' | 'ｼ' | 'ﾞ' | 'ﾟ' | 'ﾂ'),
        'ｯ' | 'ｰ' | 'ﾝ' => !follows || matches!(before, 'ｯ'),
        '｡' | '｢' | '｣' | '､' | 'ｦ' => true,
        '･' => !follows,
        _ => false,
    };
    if unusual { UNUSUAL } else { 0 }
}

/// A family name that many have, alone or before a given name.
fn is_name(word: &str) -> bool {
    let after = |name: &str| word.strip_prefix(name).is_some_and(|given| given.chars().count() <= GIVEN_NAME);
    FAMILY.split_whitespace().any(after)
}

fn is_half_kana(c: char) -> bool {
    matches!(c, '\u{FF61}'..='\u{FF9F}')
}

/// Common ones of lists, then the first level of JIS X 0208, then the second, then what CP932 has besides.
fn kanji(c: char) -> u64 {
    if COMMON.contains(&c) {
        return 9;
    }
    let mut bytes = [0; 4];
    let (euc, _, none) = encoding_rs::EUC_JP.encode(c.encode_utf8(&mut bytes));
    match euc.first() {
        Some(0xB0..=0xCF) if !none => 14,
        Some(0xD0..=0xF4) if !none => 19,
        _ => 22,
    }
}

const HALF_KANA: u64 = 5;
const UNUSUAL: u64 = 8;
/// Of bytes that are no text.
const BAD: u64 = 24;
/// What a known word is sooner met by.
const KNOWN_WORD: u64 = 12;
/// Bytes of the longest word that is looked for.
const LONGEST_WORD: usize = 90;

/// Forms of companies.
const FORMS: [&str; 8] =
    ["株式会社", "有限会社", "合同会社", "ｶﾌﾞｼｷｶﾞｲｼｬ", "ﾕｳｹﾞﾝｶﾞｲｼｬ", "製作所", "工務店", "事務所"];

/// Characters of a given name, a space between the two included.
const GIVEN_NAME: usize = 4;

/// The commonest family names of two kanji and more. The bytes of none of them in EUC-JP are a name in half-width kana: 山田 is ｻｳﾅﾄ
/// there.
const FAMILY: &str = "\
佐藤 鈴木 高橋 田中 伊藤 渡辺 山本 中村 小林 加藤 吉田 山田 佐々木 山口 松本 井上 木村 斎藤 清水 山崎 池田 橋本 阿部 石川 \
山下 中島 石井 小川 前田 岡田 長谷川 藤田 後藤 近藤 村上 遠藤 青木 坂本 斉藤 福田 太田 西村 藤井 金子 岡本 藤原 中野 三浦 \
原田 中川 松田 竹内 小野 田村 中山 和田 石田 森田 上田 柴田 酒井 工藤 横山 宮崎 宮本 内田 高木 安藤 谷口 大野 丸山 今井 \
高田 藤本 武田 村田 上野 杉山 増田 平野 大塚 久保 松井 小島 岩崎 桜井 野口 松尾 木下 菊地 野村 新井 菅原 佐野 大西 浜田 \
市川 小松 水野 吉川 島田 菊池 西田 西川 北村 安田 川口 平田 関口 本田 川崎 飯田 川村 樋口 永井 岩田 土屋 松岡 秋山 田口 \
荒木 大橋 吉村 成田 矢野 河野 浅野 小池 大谷 松浦 片山 熊谷 石原 栗原 黒田 須藤 高野 尾崎 吉岡 永田 神田 森本 早川 西山 \
平井 本間 岡村 小山 大島 久保田 松下 堀内 松村 田辺 岩本 富田 桑原 須田";

static COMMON: LazyLock<HashSet<char>> = LazyLock::new(|| KANJI.chars().collect());

/// Kanji that names of companies, people and places, and heads of columns, are mostly made of.
const KANJI: &str = "\
一二三四五六七八九十百千万上下左右中内外前後東西南北春夏秋冬朝夕夜今年月日時分秒曜週\
大小高低長短新旧古今多少広太細強弱早明暗安正直平和良好美善吉福幸寿栄光輝照晴清純真誠信義仁愛恵\
山川田野村町市区郡県府道都州島岡森林木本松竹梅桜杉柳桃花草葉根原沢池沼湖海浜浦津港岸崎坂谷峰岩石砂土\
水火金銀銅鉄玉宝空風雨雪雲星天地陽\
人男女子父母兄弟姉妹親夫妻友王主君氏名姓様者私自他員長社会株式有限合同資法団体組協連盟財公益\
電話番号携帯住所郵便備考担当部署課係役職代表取締執行支店本営業所室局院校園館堂亭庵荘邸寺神宮\
先客顧企産工場製造作建設築築施設備機械器具材料部品車輸送運倉庫流通販売買商品店卸小売貿易輸入出\
不動産住宅家屋土木装塗管理保守険証券銀行金融信用組税務会計士法律司書医療病院歯科眼外内整形骨薬局介護福祉看\
学教育塾研究開発術技能情報通信印刷出版広告放送映画写真音楽芸能服衣料繊維食酒米麦茶肉魚菜果豆油塩糖味\
農林漁水畜牧鉱石油炭気力熱光量計測定検査試験分析化成樹脂紙包装\
藤鈴佐伊加斎斉渡辺邊吉橋近遠後工武安内丸阿清宮河井関坂柴荒福沼菅岩熊須矢秋浜永岡塚増桑久保飯黒白青赤緑紫藍\
横浅片香服望若滝平野大久石小杉江尾比奈良嘉奥亀鶴鳥羽馬牛犬猫虎龍竜鹿熊鷹鳩\
郎太一二三朗雄夫男彦介助輔郁司史志士之也哉治次実孝浩弘博洋裕祐雅昌政正勝利則徳典憲健賢謙達哲智知恭敬敏俊秀英\
栄隆貴崇茂繁豊登昇進勇剛毅克勉努力翔翼駿隼颯蓮陸海空優悠遥涼凛碧楓結愛莉菜奈那乃香織里理恵絵美咲幸由紀希沙紗\
彩綾麻亜衣依伊紀子代世江枝枝代和江菊千鶴節静貞文友朋佳夏夢未来心萌花桃陽葵芽唯舞早百合瑞穂\
京阪神奈川埼玉千葉茨城栃木群馬青岩手宮城秋形福島潟富石井梨長岐阜静愛知重滋賀庫歌鳥取根岡広口徳香媛高佐賀\
崎熊分鹿児沖縄札幌仙台横浜名古屋戸港渋谷新宿豊品目黒世田杉並板橋練足立葛飾江墨荒北中央丁目番階棟号\
関東西近畿九州四国北陸海道甲信越北東\
回数最終結果通時刻記録内容件済再見込断留守線未対応別状況確認要希望連絡備種類業態規模従員額価格値\
式性齢生歳誕登録更新削除追加変更始終期間限定\
事務仕興物産資源亮修拓敷船覇瑛樹航柊晃慎淳昭潤徹篤聡綱柏葛尼堺泉塗研磨鋼鍛鋳鉄溶接型枠架配管空調整備清掃警備派遣求職探偵葬祭仏具畳襖庭園墓碑髙濵德瀨";

#[cfg(test)]
mod tests {
    use super::*;

    fn bits(text: &str) -> u64 {
        let mut text_of = Plausible::new(false);
        text_of.take(text);
        text_of.take("\n");
        text_of.bits()
    }

    #[test]
    fn what_people_write_costs_less_than_what_chance_makes() {
        for (usual, chance) in [
            ("田中,", "腆鞳,"),
            ("ﾔﾏﾀﾞ,", "ﾀｬﾝｶ,"),
            ("ﾔﾏﾀﾞ ﾊﾅｺ,", "ﾝﾏﾊﾞ ｦﾅｺ,"),
            ("会社名,", "会杜佐,"),
            ("山田ﾊﾅｺ,", "山ﾀ田ﾊ,"),
            ("﨑山,", "\u{E001}山,"),
        ] {
            assert!(bits(usual) < bits(chance), "{usual} {} {chance} {}", bits(usual), bits(chance));
        }
        assert_eq!(bits("abc,0312345678"), 0, "ASCII is the same in all");
    }

    #[test]
    fn a_text_costs_the_same_in_pieces() {
        let text = "会社名,電話番号\n株式会社ﾔﾏﾀﾞ,0312345678\nCafé,㈱髙﨑\n";
        let mut pieces = Plausible::new(false);
        for c in text.chars() {
            pieces.take(c.encode_utf8(&mut [0; 4]));
        }
        assert_eq!(pieces.bits(), bits(text));
    }
}
