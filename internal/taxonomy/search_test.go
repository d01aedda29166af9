package taxonomy_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"enishi/internal/taxonomy"
)

// TestSearch asks what people type and wants the code among the first three.
func TestSearch(t *testing.T) {
	for _, tt := range []struct {
		kind    taxonomy.Kind
		want    string
		queries []string
	}{
		{taxonomy.Occupation, "0312", []string{"SE", "ＳＥ", "プログラマー", "プログラマ", "ﾌﾟﾛｸﾞﾗﾏｰ", "ソフトウェア開発", "ソフトウエア開発", "software", "Software Engineer", "sofware engineer", "puroguramaa", "purogurama-", "sohutowea", "システムエンジニア", "sisutemu enjinia"}},
		{taxonomy.Occupation, "0302", []string{"PM", "プロマネ", "プロジェクトマネージャ", "ぷろじぇくとまねじゃー", "purojekuto", "project manager"}},
		{taxonomy.Occupation, "0905", []string{"看護師", "看護士", "かんごし", "カンゴシ", "kangoshi", "kangosi", "kanngosi", "kangosh", "nurse", "ナース", "正看護師"}},
		{taxonomy.Occupation, "0905", []string{"看護職"}},
		{taxonomy.Occupation, "02", []string{"営業職"}},
		{taxonomy.Occupation, "0906", []string{"准看", "准看護師", "じゅんかんごし", "junkangoshi", "zyunkangosi"}},
		{taxonomy.Occupation, "1401", []string{"ドライバー", "トラック", "運転手", "大型ドライバー", "torakku", "トラック運転手"}},
		{taxonomy.Occupation, "0801", []string{"保育士", "ほいくし", "hoikushi", "保育園", "保育園の先生"}},
		{taxonomy.Occupation, "1201", []string{"施工管理", "せこうかんり", "しこうかんり", "sekoukanri", "sekokanri", "現場監督", "genbakantoku", "gembakantoku"}},
		{taxonomy.Occupation, "1008", []string{"CRA", "cra", "臨床開発モニター", "治験モニター"}},
		{taxonomy.Occupation, "0925", []string{"CRC", "治験コーディネーター", "治験"}},
		{taxonomy.Occupation, "0211", []string{"MR", "医薬情報担当者", "いやくじょうほう"}},
		{taxonomy.Occupation, "0105", []string{"経理", "けいり", "keiri", "経理部", "経理の仕事", "会計", "accounting"}},
		{taxonomy.Occupation, "0103", []string{"人事", "採用", "jinji", "zinzi", "人事部", "HR", "採用担当"}},
		{taxonomy.Occupation, "02", []string{"営業", "えいぎょう", "eigyo", "eigyou", "eigyō", "セールス", "sales"}},
		{taxonomy.Occupation, "0218", []string{"法人営業", "ほうじんえいぎょう", "houjin", "hojin eigyo", "ルート営業", "BtoB"}},
		{taxonomy.Occupation, "1027", []string{"Webデザイナー", "ウェブデザイナー", "ウエブデザイナー", "web desiner", "web design", "webデザイン"}},
		{taxonomy.Occupation, "0703", []string{"ケアマネ", "ケアマネージャ", "介護支援専門員", "keamane"}},
		{taxonomy.Occupation, "0701", []string{"介護士", "介護福祉士", "介護職", "介護スタッフ", "kaigo", "kaigoshi"}},
		{taxonomy.Occupation, "1215", []string{"電気工事士", "電工", "でんきこうじ", "denkikouji", "denkikōji", "electrician"}},
		{taxonomy.Occupation, "0607", []string{"調理師", "ちょうりし", "chourishi", "tyourisi", "キッチン"}},
		{taxonomy.Occupation, "0325", []string{"セキュリティ", "セキュリテイ", "サイバーセキュリティ", "security engineer"}},
		{taxonomy.Occupation, "1124", []string{"プラスチック製品製造工", "ゴム成形工"}},
		{taxonomy.Occupation, "1503", []string{"産業廃棄物収集作業員", "さんぱい"}},
		{taxonomy.Occupation, "0604", []string{"コックさん"}},
		{taxonomy.Occupation, "0905", []string{"看護師さん", "看護婦さん", "看護師のお仕事", "看護師 求人", "正看護師の資格"}},
		{taxonomy.Occupation, "0101", []string{"事務の人", "事務系のお仕事", "一般事務がしたい"}},
		{taxonomy.Occupation, "0814", []string{"ヨガの先生"}},
		{taxonomy.Occupation, "0815", []string{"ピアノの先生", "ぴあののせんせい"}},
		{taxonomy.Occupation, "0401", []string{"経企"}},
		{taxonomy.Occupation, "0115", []string{"生管"}},
		{taxonomy.Certification, "driver-ordinary", []string{"自動車の免許"}},
		{taxonomy.Industry, "83", []string{"病院", "クリニック", "びょういん", "byouin", "byoin", "医療業", "hospital"}},
		{taxonomy.Industry, "39", []string{"IT業界", "SIer", "ソフトウェア", "システム開発"}},
		{taxonomy.Industry, "62", []string{"銀行", "ぎんこう", "ginko", "bank", "メガバンク"}},
		{taxonomy.Prefecture, "13", []string{"東京", "東京都", "とうきょう", "トウキョウ", "tokyo", "Tōkyō", "toukyou", "tokio", "首都圏", "新宿"}},
		{taxonomy.Prefecture, "27", []string{"大阪", "おおさか", "osaka", "oosaka", "ohsaka"}},
		{taxonomy.Prefecture, "10", []string{"群馬", "gumma", "gunma", "ぐんま"}},
		{taxonomy.Prefecture, "r-kinki", []string{"関西", "近畿", "かんさい", "kansai", "kinki"}},
		{taxonomy.Language, "zh", []string{"中国語", "北京語", "chinese", "ちゅうごくご", "tyuugokugo", "mandarin"}},
		{taxonomy.Language, "es", []string{"español", "espanol", "スペイン", "supein"}},
		{taxonomy.EmploymentType, "part", []string{"バイト", "パート", "アルバイト", "part time"}},
		{taxonomy.Education, "1", []string{"高校", "高卒", "こうこう", "high school"}},
	} {
		for _, query := range tt.queries {
			if got := codes(taxonomy.Of(tt.kind).Search(query, 3)); !slices.Contains(got, tt.want) {
				t.Errorf("%s: Search(%q, 3) = %v, want %s among them", tt.kind, query, got, tt.want)
			}
		}
	}
}

func TestSearchOrder(t *testing.T) {
	c := taxonomy.Of(taxonomy.Occupation)
	for _, tt := range []struct {
		query string
		want  []string
	}{
		{"営業", []string{"02", "0218"}},    // a name before a synonym, though a group
		{"CRA", []string{"1008"}},         // exact before what holds it
		{"看護", []string{"0905", "09"}},    // both by synonym: the leaf first
		{"PM", []string{"0302", "0304"}},  // both by synonym: table order
		{"経理部", []string{"0126", "0105"}}, // the start of 経理部長 before 経理 and one letter
	} {
		if got := codes(c.Search(tt.query, len(tt.want))); !slices.Equal(got, tt.want) {
			t.Errorf("Search(%q) = %v, want %v", tt.query, got, tt.want)
		}
	}
}

func TestSearchWithoutQuery(t *testing.T) {
	c := taxonomy.Of(taxonomy.Prefecture)
	for _, query := range []string{"", "  ", "・", "🙂", "\x80\xff"} {
		if diff := cmp.Diff(codes(c.Items()[:4]), codes(c.Search(query, 4))); diff != "" {
			t.Errorf("Search(%q) (-want +got):\n%s", query, diff)
		}
	}
	if got := len(c.Search("", 1000)); got != len(c.Items()) {
		t.Errorf("Search(\"\", 1000) gives %d items, want all %d", got, len(c.Items()))
	}
	for _, limit := range []int{0, -1} {
		if got := c.Search("", limit); len(got) != 0 {
			t.Errorf("Search(\"\", %d) gives %d items, want none", limit, len(got))
		}
	}
}

func TestSearchFindsNothing(t *testing.T) {
	for _, query := range []string{"qqqqqqqq", "鬱", "ーー", "ぬぬぬぬぬぬ", "お仕事", "未経験"} {
		if got := codes(taxonomy.Of(taxonomy.Occupation).Search(query, 3)); len(got) > 0 {
			t.Errorf("Search(%q) = %v, want nothing", query, got)
		}
	}
}

// TestSearchFindsEveryName wants each entry first or near it by its own names.
func TestSearchFindsEveryName(t *testing.T) {
	for _, kind := range taxonomy.Kinds() {
		c := taxonomy.Of(kind)
		for _, item := range c.Items() {
			for _, name := range []string{item.JA, item.EN, item.Yomi} {
				if got := codes(c.Search(name, 3)); !slices.Contains(got, item.Code) {
					t.Errorf("%s: Search(%q, 3) = %v, want %s among them", kind, name, got, item.Code)
				}
			}
		}
	}
}

func FuzzSearch(f *testing.F) {
	for _, seed := range []string{"SE", "かんごし", "経理の仕事", "web desiner", "ー", "ぁ", "っっ", "\xe3", "C++"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		for _, kind := range []taxonomy.Kind{taxonomy.Occupation, taxonomy.Language} {
			got := codes(taxonomy.Of(kind).Search(query, 5))
			slices.Sort(got)
			if len(got) > 5 || len(slices.Compact(slices.Clone(got))) != len(got) {
				t.Errorf("Search(%q, 5) = %v, want at most 5 and none twice", query, got)
			}
		}
	})
}

func BenchmarkSearch(b *testing.B) {
	for name, query := range map[string]string{
		"exact": "看護師", "prefix": "か", "romaji": "eigyo", "typo": "sofware enginer", "nothing": "zzzzzzzzzzzzzzzzzzzz",
		"core":    "看護師さんのお仕事",
		"overlap": "一二三四五六七八九十産業廃棄物収集その他の作業員",
	} {
		for _, kind := range []taxonomy.Kind{taxonomy.Occupation, taxonomy.Skill} {
			c := taxonomy.Of(kind)
			b.Run(string(kind)+"/"+name, func(b *testing.B) {
				for b.Loop() {
					c.Search(query, 10)
				}
			})
		}
	}
}

func codes(items []taxonomy.Item) []string {
	got := make([]string, 0, len(items))
	for _, item := range items {
		got = append(got, item.Code)
	}
	return got
}

// TestAWordIsNoOtherWord expects what has a Latin word before what only begins with its
// letters.
func TestAWordIsNoOtherWord(t *testing.T) {
	items := taxonomy.Of(taxonomy.Occupation).Search("nurse", 8)
	at := func(code string) int {
		return slices.IndexFunc(items, func(i taxonomy.Item) bool { return i.Code == code })
	}
	if first, nurse, nursery := items[0].Code, at("0906"), at("0801"); first != "0905" || nurse < 0 || nursery >= 0 && nursery < nurse {
		t.Errorf("nurse finds %v, want 0905 first, and 0906 before 0801", items)
	}
}
