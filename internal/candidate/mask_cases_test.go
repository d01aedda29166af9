package candidate

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// What is written of a person in the ways that people find around a mask. gone must
// not stay readable in what is left of the text; kept must.
func TestMaskFindsItsWayAround(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, employer, text string
		gone, kept           []string
	}{
		// Every number of a sequence.
		{"", "", "連絡先\n090-1111-2222\n03-3333-4444\nよろしく", []string{"2222", "3333", "4444"}, []string{"連絡先", "よろしく"}},
		{"", "", "090-1234-5678 ０９０ー１２３４ー５６７８", []string{"5678", "２３４", "５６７８"}, nil},
		{"", "", "090-1111-2222 / 03-3333-4444", []string{"2222", "4444"}, nil},
		{"", "", "090-1111-2222、080-3333-4444", []string{"2222", "4444"}, nil},
		{"", "", "090\n1234\n5678 / 090.1234.5678 / 09012345678", []string{"1234", "5678"}, nil},
		{"", "", "〒105-0011 / 090一1234一5678", []string{"0011", "1234", "5678"}, nil},
		{"", "", "2010-2015 090-1111-2222", []string{"1111", "2222"}, nil},
		{"", "", "2019-04-01 - 2020-03-31、2019/04 - 2021/03", nil, []string{"2019-04-01 - 2020-03-31、2019/04 - 2021/03"}},
		{"", "", "2019/04/01 080-3333-4444", []string{"3333", "4444"}, []string{"2019/04/01"}},
		{"", "", "売上10,000,000,000円、1,000,000,000,000円、ISO 9001 27001", nil, []string{"売上10,000,000,000円、1,000,000,000,000円、ISO 9001 27001"}},
		{"", "", "090の1234の5678", []string{"1234", "5678"}, nil},
		{"", "", "0 9 0 1 2 3 4 5 6 7 8 です", []string{"1 2 3", "6 7 8"}, []string{"です"}},
		{"", "", "+82 10-1234-5678、81-90-1234-5678、+1 (415) 555-0100", []string{"1234", "5678", "555", "0100"}, nil},
		// Digits of every script, and what is not seen between them.
		{"", "", "०९०१२३४५६७८ ٠٩٠١٢٣٤٥٦٧٨ ⓪⑨⓪①②③④⑤⑥⑦⑧ 𝟎𝟗𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖", []string{"५६७८", "٥٦٧٨", "⑤⑥⑦⑧", "𝟓𝟔𝟕𝟖"}, nil},
		{"", "", "０９０\u200b１２３４\u200b５６７８と090\u20601234\u20605678", []string{"１２３４", "５６７８", "1234", "5678"}, []string{"と"}},
		{"", "", "taro@gmail.\u200bcom ta\u200bro@gmail.com taro\u00ad@gmail.com", []string{"taro", "ta", "ro", "gmail", "com"}, nil},
		// Addresses.
		{"", "", "taro.yamada＠example。comまで", []string{"taro", "yamada", "example", "com"}, []string{"まで"}},
		{"", "", "山田＠例え.日本", []string{"山田", "例え", "日本"}, nil},
		{"", "", "taro.yamada at example dot com", []string{"taro", "yamada", "example"}, nil},
		{"", "", "taro.y＠gmail です", []string{"taro", "gmail"}, []string{"です"}},
		// Handles.
		{"", "", "LINEは hanako123 です", []string{"hanako"}, []string{"LINEは", "です"}},
		{"", "", "LINEはhanakoです", []string{"hanako"}, []string{"です"}},
		{"", "", "カカオ hanako", []string{"hanako"}, []string{"カカオ"}},
		{"", "", "Discord hanako#1234", []string{"hanako", "1234"}, []string{"Discord"}},
		{"", "", "linkedin: in/hanako", []string{"hanako"}, []string{"linkedin"}},
		{"", "", "インスタ hanako.123", []string{"hanako", "123"}, []string{"インスタ"}},
		{"", "", "Skype: live:hanako", []string{"hanako"}, []string{"Skype"}},
		{"", "", "ライン ID hanako、X: hanako_dev", []string{"hanako"}, nil},
		{"", "", "LINE: taro99/twitter: hanako_dev", []string{"taro", "hanako"}, nil},
		{"", "", "LINE WORKSの導入、Twitter API、Instagram広告、LINE/Twitterの運用、GitHub Node.js、Discord bot", nil, []string{"LINE WORKSの導入、Twitter API、Instagram広告、LINE/Twitterの運用、GitHub Node.js、Discord bot"}},
		// Names.
		{"山田太郎", "", "山田です。太郎と呼ばれます", []string{"山田", "太郎"}, []string{"と呼ばれます"}},
		{"高橋一郎", "", "髙橋が担当。", []string{"髙橋"}, []string{"が担当。"}},
		{"佐々木花子", "", "佐々木、花子", []string{"佐々木", "花子"}, nil},
		{"山田光", "", "山田です", []string{"山田"}, nil},
		{"山田さくら", "", "山田です。さくらです。", []string{"山田", "さくら"}, nil},
		{"やまだたろう", "", "やまだです。タロウとも", []string{"やまだ", "タロウ"}, nil},
		{"김철수", "", "철수입니다", []string{"철수"}, nil},
		{"TaroYamada", "", "Yamada, Taro", []string{"Yamada", "Taro"}, nil},
		{"Tarō Ōno", "", "Taro Ono, TARO ONO, Ｔａｒｏ", []string{"Taro", "Ono", "TARO", "ONO", "Ｔａｒｏ"}, nil},
		{"Taro Ono", "", "Tarō Ōno", []string{"Tarō", "Ōno"}, nil},
		{"Søren Müßig", "", "Soren Mussig", []string{"Soren", "Mussig"}, nil},
		{"山\u200b田 太郎", "", "山田です", []string{"山田"}, nil},
		{"山田（太郎）", "", "山田です。太郎です。", []string{"山田", "太郎"}, nil},
		// Employers.
		{"", "日本電気株式会社（NEC）", "NECで、日本電気で、日本電気株式会社で、日本で", []string{"NEC", "日本電気"}, []string{"日本で"}},
		{"", "株式会社カガミ商事（契約社員）", "契約社員としてカガミで", []string{"カガミ"}, []string{"契約社員として"}},
		{"", "三菱UFJ銀行", "ＵＦＪで、三菱UFJで", []string{"ＵＦＪ", "UFJ", "三菱"}, nil},
		{"", "トヨタ自動車株式会社", "トヨタで。ﾄﾖﾀ自動車。", []string{"トヨタ", "ﾄﾖﾀ"}, []string{"で。"}},
		{"", "株式会社日立製作所", "日立の", []string{"日立"}, []string{"の"}},
		{"", "株式会社リクルートホールディングス", "リクルートで", []string{"リクルート"}, nil},
		{"", "ソフトバンク株式会社（旧ボーダフォン）", "ボーダフォンで", []string{"ボーダフォン"}, nil},
		{"", "合同会社アマゾン・ジャパン", "アマゾンで", []string{"アマゾン"}, nil},
		{"", "Toyota Motor Corporation", "At Toyota.", []string{"Toyota"}, nil},
		{"", "東京電力株式会社", "東京で、電力の", nil, []string{"東京で、電力の"}},
		{"", "株式会社ITソリューションズ", "IT業界で", nil, []string{"IT業界で"}},
	} {
		p := profileOf(c.name, c.employer, c.text)
		got := maskedText(p)
		for _, gone := range c.gone {
			if strings.Contains(got, gone) {
				t.Errorf("of %q, %q: %q stays in %q, masked as %q", c.name, c.employer, gone, c.text, got)
			}
		}
		for _, kept := range c.kept {
			if !strings.Contains(got, kept) {
				t.Errorf("of %q, %q: %q is not kept of %q, masked as %q", c.name, c.employer, kept, c.text, got)
			}
		}
	}
}

// A mask of before is made again where its texts are read.
func TestMasksOfBefore(t *testing.T) {
	t.Parallel()
	c := Candidate{Profile: *profileOf("山田太郎", "", "山田です"), Mask: &Mask{}}
	if got := c.Masked()[0].Text; got != "■です" {
		t.Errorf("masked as %q", got)
	}
	if m := NewMask(&c.Profile); !m.Current() || (*Mask)(nil).Current() {
		t.Error("want a mask that is made to be of today's rules, and none not")
	}
}

// Digits are read by their decimal property, whatever their script.
func TestDigitsOfEveryScript(t *testing.T) {
	t.Parallel()
	n := 0
	for _, table := range unicode.Nd.R16 {
		for r := rune(table.Lo); r <= rune(table.Hi); r += 10 {
			n++
			number := string([]rune{r, r + 9, r, r + 1, r + 2, r + 3, r + 4, r + 5, r + 6, r + 7, r + 8})
			if got := maskedText(profileOf("", "", number)); got != Mark {
				t.Errorf("%q is masked as %q", number, got)
			}
		}
	}
	if n < 30 {
		t.Errorf("only %d scripts were looked at", n)
	}
}

// What was masked has nothing left to mask, and does not grow beyond a bound.
func checkMask(t *testing.T, p *Profile) {
	t.Helper()
	for _, part := range NewMask(p).Parts(p) {
		if !utf8.ValidString(part.Text) {
			t.Fatalf("%q is masked as %q", p.Text, part.Text)
		}
		again := profileOf(p.Name, "", part.Text)
		for _, j := range p.History {
			again.History = append(again.History, Job{Employer: j.Employer})
		}
		if twice := maskedText(again); part.Text != "" && twice != part.Text {
			t.Fatalf("of %q, %v: %q is masked as %q, and that as %q", p.Name, p.History, p.Text, part.Text, twice)
		}
	}
	if got := maskedText(p); len(got) > len(p.Text)*len(Mark) {
		t.Fatalf("%q is masked as %q, which is longer than the bound", p.Text, got)
	}
}

func TestMaskIsIdempotent(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine does everything here, in which the race detector finds nothing")
	}
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 29))
	pieces := strings.Split("山田|太郎|森|林|Al|Green|a|b|ab|@|.|com|example|090|1234|5678|0|9|-|ー|一| |\n|、|。|LINE|は|: |id|@taro|dot|at|（|）|株式会社|カガミ商事|NEC|日立|\u200b|\u0301|ﾞ|■|ō|O|+81|2019-04|/|x|X|#", "|")
	text := func(n int) string {
		var b strings.Builder
		for range r.IntN(n) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		return b.String()
	}
	for range 20_000 {
		p := profileOf(text(5), text(5), "x"+text(16))
		checkMask(t, p)
	}
}

// BenchmarkMask masks the worst texts, short and ten times as long: work grows with the
// length of the text alone.
func BenchmarkMask(b *testing.B) {
	for _, worst := range []string{"営業を担当し、Javaで30%の改善。", "0 ", "line: a", "a@", "aa.", "山田", "at a dot ", "(((", "0.a"} {
		for _, n := range []int{10_000, 100_000} {
			b.Run(worst+"/"+strconv.Itoa(n), func(b *testing.B) {
				p := &Profile{Name: "山田太郎", Text: strings.Repeat(worst, n/len(worst)), History: []Job{{Employer: Employer{Name: "aaaaaa電機（山田）"}}}}
				b.SetBytes(int64(len(p.Text)))
				for b.Loop() {
					NewMask(p)
				}
			})
		}
	}
}
