package candidate

import (
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"enishi/internal/condition"
)

// employer adds the names of a company: as it is written, and those that stand in
// brackets beside it, each without its legal form and as people shorten it.
func (w *wanted) employer(name string) {
	inner, rest := apart(forms.Replace(condition.FoldText(name)))
	w.firm(rest)
	for _, one := range inner {
		if core := strings.TrimSpace(withoutForm(one)); !general[core] && !isBranch(core) {
			w.firm(one)
		}
	}
}

// apart gives what stands in brackets of a folded name, and the rest.
func apart(folded string) (inner []string, outer string) {
	var rest strings.Builder
	depth, from := 0, 0
	for at, r := range folded {
		switch {
		case strings.ContainsRune("([{<「『【〔《", r):
			if depth == 0 {
				from = at + utf8.RuneLen(r)
				rest.WriteByte(' ')
			}
			depth++
		case strings.ContainsRune(")]}>」』】〕》", r) && depth > 0:
			if depth--; depth == 0 {
				inner = append(inner, folded[from:at])
			}
		case depth == 0:
			rest.WriteRune(r)
		}
	}
	if depth > 0 {
		inner = append(inner, folded[from:])
	}
	for i, name := range inner {
		for _, before := range []string{"旧社名", "旧", "現", "通称", "略称"} {
			if cut, found := strings.CutPrefix(name, before); found {
				name = strings.TrimLeft(cut, ":： ")
				break
			}
		}
		inner[i] = name
	}
	return inner, rest.String()
}

// firm adds one name of a company, without the branch that may follow it.
func (w *wanted) firm(name string) {
	core := strings.TrimSpace(withoutForm(name))
	if core == "" {
		return
	}
	w.add(core)
	fields := strings.FieldsFunc(core, between)
	for n := len(fields) - 1; n > 0 && isBranch(fields[n]); n-- {
		core = strings.Join(fields[:n], " ")
		w.add(core)
	}
	w.short(core)
	for _, run := range runs(core) {
		run = strings.TrimFunc(run, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		if isLatin(run) && len(run) >= 2 && len(run) < len(core) && !general[run] && strings.IndexFunc(core, isJapanese) >= 0 {
			w.add(run) // UFJ of 三菱UFJ銀行
		}
	}
}

func isJapanese(r rune) bool { return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) }

// mostShort is how many endings a name can have: 三井住友フィナンシャルグループ has two.
const mostShort = 3

// short adds the names that people make of a company's by leaving out its trade:
// トヨタ of トヨタ自動車. What then says only a place or nothing is none.
func (w *wanted) short(core string) {
	for range mostShort {
		cut := core
		for _, end := range trades() {
			if before, found := strings.CutSuffix(core, end); found && !isLatin(end) || found && strings.HasSuffix(before, " ") {
				cut = strings.TrimFunc(before, between)
				break
			}
		}
		if cut == core || utf8.RuneCountInString(cut) < 2 || general[cut] {
			return
		}
		core = cut
		w.add(core)
	}
}

// trades are endings of companies' names that tell what they do, as folded, the
// longest first.
var trades = sync.OnceValue(func() []string {
	list := strings.Fields(`自動車 製作所 工作所 製造所 電機 電気 電器 電工 電子 電力 電鉄 電線 銀行 信託銀行 信用金庫 証券 生命 生命保険 損害保険 損保 保険 海上 海上火災 海上火災保険 火災
		工業 化学 化学工業 化成 製薬 薬品 薬局 薬品工業 建設 建設工業 工務店 組 商事 物産 食品 製菓 製粉 製紙 乳業 飲料 酒造 水産 不動産 住宅 ホーム ハウス 鉄道 旅客鉄道 航空 空輸 運輸 運送 通運 海運 郵船 倉庫 物流 ロジスティクス
		ガス 石油 鉱業 製鉄 製鋼 鉄鋼 金属 精密 精機 精工 機械 機工 機工商会 重工 重工業 造船 産業 興業 実業 商店 商会 商社 百貨店 ストア スーパー 印刷 出版 書店 新聞 新聞社 放送 テレビ 広告 通信 情報 情報システム データ
		システム システムズ ソリューション ソリューションズ サービス ホールディングス ホールディング グループ フィナンシャルグループ コーポレーション カンパニー ジャパン インターナショナル
		病院 クリニック 医院 歯科 薬科大学 大学 学園 高等学校 研究所 総合研究所 総研 事務所 法律事務所 会計事務所 設計 技研 技術 開発 企画 テクノロジー テクノロジーズ テック エンジニアリング コンサルティング パートナーズ
		フーズ ホテル ホテルズ 旅館 観光 交通 バス タクシー 繊維 紡績 硝子 ゴム 窯業 セメント 塗料 製鋼所 製鉄所 アセット マネジメント デザイン メディア エンタテインメント ネットワーク ネットワークス ラボ スタジオ
		motor motors bank electric electronics holdings group systems system technologies technology japan trading industries chemical pharma pharmaceuticals insurance securities
		foods steel engineering consulting solutions services international airlines railway construction partners media`)
	for i, end := range list {
		list[i] = condition.FoldText(end)
	}
	slices.SortFunc(list, func(a, b string) int { return len(b) - len(a) })
	return list
})

// general are words that name no company by themselves, as folded.
var general = func() map[string]bool {
	out := map[string]bool{}
	for _, word := range strings.Fields(`日本 全日本 新日本 東日本 西日本 東京 大阪 京都 名古屋 横浜 神戸 福岡 札幌 仙台 広島 千葉 埼玉 神奈川 愛知 静岡 兵庫 新潟 長野 岐阜 三重 群馬 栃木 茨城 沖縄 熊本 鹿児島 岡山
		契約社員 正社員 派遣 派遣社員 あるばいと ぱーと 現職 前職 出向 退職 在職中 休職 業務委託 兼業 副業
		関東 関西 東海 東北 北陸 中部 近畿 中国 四国 九州 北海道 国際 全国 中央 第一 総合 地方 都市 国立 県立 市立 世界 海外 国内 首都 首都圏 情報 環境 生活 医療 福祉 教育 経営 人材 技術 開発 営業 事務
		日立市 ジャパン グローバル システム サービス ソリューション インターネット ネット モバイル デジタル クラウド ビジネス マーケティング
		it ai hr dx pc ec si ui ux pr ir qa pm ar vr tv go no or and the web app api iot erp crm sns ict sier ses saas tech global japan group system systems service services solution solutions
		holdings consulting design partners media lab labs studio works net data cloud digital business online shop store`) {
		out[condition.FoldText(word)] = true
	}
	return out
}()

// forms are legal forms, as folded; they say nothing of who a company is.
var forms = strings.NewReplacer(pairsTo(" ",
	"特定非営利活動法人", "国立研究開発法人", "地方独立行政法人", "独立行政法人", "国立大学法人", "公立大学法人",
	"一般社団法人", "一般財団法人", "公益社団法人", "公益財団法人", "社会福祉法人", "社会医療法人", "医療法人社団", "医療法人財団", "医療法人", "学校法人",
	"宗教法人", "税理士法人", "弁護士法人", "司法書士法人", "行政書士法人", "社会保険労務士法人", "監査法人", "社団法人", "財団法人", "npo法人",
	"株式会社", "有限会社", "合同会社", "合資会社", "合名会社", "相互会社", "(株)", "(有)", "(同)", "(資)", "(名)", "(医)", "(社)", "(財)", "(福)", "(学)",
)...)

func pairsTo(to string, from ...string) []string {
	out := make([]string, 0, 2*len(from))
	for _, f := range from {
		out = append(out, condition.FoldText(f), to)
	}
	return out
}

// endings are legal forms in English, each a word at the end of a name.
var endings = map[string]bool{
	"inc": true, "incorporated": true, "co": true, "ltd": true, "limited": true, "llc": true, "llp": true, "corp": true, "corporation": true,
	"company": true, "kk": true, "k.k": true, "gk": true, "g.k": true, "gmbh": true, "ag": true, "plc": true, "sa": true, "s.a": true, "bv": true, "b.v": true,
}

// withoutForm takes the legal form out of a folded name.
func withoutForm(folded string) string {
	fields := strings.FieldsFunc(forms.Replace(folded), func(r rune) bool { return unicode.IsSpace(r) || r == ',' })
	for n := len(fields); n > 1 && endings[strings.Trim(fields[n-1], ".&")]; n-- {
		fields = fields[:n-1]
	}
	return strings.Join(fields, " ")
}

// isBranch says whether a word names a part of a company, not the company.
func isBranch(folded string) bool {
	for _, end := range []string{
		"支店", "支社", "本社", "本店", "営業所", "事業所", "工場", "研究所", "こうじょう", "事業部", "本部", "部", "課", "店", "せんたー", "おふぃす", "branch", "office",
	} {
		if strings.HasSuffix(folded, end) {
			return true
		}
	}
	return false
}
