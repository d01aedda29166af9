package candidate

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"

	"enishi/internal/condition"
)

func profileOf(name, employer, text string) *Profile {
	p := &Profile{Name: name, Text: text}
	if employer != "" {
		p.History = []Job{{Employer: Employer{Name: employer}, Role: "担当", Duties: text}}
	}
	return p
}

func maskedText(p *Profile, employers ...string) string {
	return NewMask(p, employers...).Parts(p)[0].Text
}

func TestMaskHides(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, employer, text, want string }{
		{"山田 太郎", "", "山田太郎と申します。", "■と申します。"},
		{"山田 太郎", "", "山 田　太郎です。山田です。", "■です。■です。"},
		{"ヤマダ タロウ", "", "やまだ、ﾔﾏﾀﾞ", "■、■"},
		{"Taro Yamada", "", "I am Taro YAMADA (yamada).", "I am ■ (■)."},
		{"森 太郎", "", "森林の仕事。森です。", "森林の仕事。■です。"},
		{"渡邊 花子", "", "渡辺です", "■です"},
		{"Al Green", "", "also green tea, Al.", "also ■ tea, ■."},
		{"", "株式会社カガミ商事", "カガミ商事で営業。(株)ｶｶﾞﾐ商事、㈱かがみ商事にて", "■で営業。(株)■、㈱■にて"},
		{"", "Kagami Trading Co., Ltd.", "At KAGAMI TRADING and Kagami-Trading", "At ■ and ■"},
		{"", "カガミ商事 大阪支店", "カガミ商事の大阪支店", "■の大阪支店"},
		{"", "", "連絡先は taro.y+job@example.co.jp まで", "連絡先は ■ まで"},
		{"", "", "ｔａｒｏ＠ｅｘａｍｐｌｅ．ｃｏｍへ", "■へ"},
		{"", "", "taro(at)example.com", "■"},
		{"", "", "電話090-1234-5678、０９０ー１２３４ー５６７８、(03) 1234-5678、+81 90 1234 5678", "電話■、■、(■、■"},
		{"", "", "〇九〇一二三四五六七八", "■"},
		{"", "", "詳細は https://example.com/me?x=1 と www.example.jp と github.com/taro へ", "詳細は ■ と ■ と ■ へ"},
		{"", "", "LINE ID: taro_99、LINEのIDはtaro99です", "LINE ID: ■、LINEのIDは■です"},
		{"", "", "Twitter：@taro_dev、インスタ: taro.pic", "Twitter：■、インスタ: ■"},
	} {
		if got := maskedText(profileOf(c.name, c.employer, c.text)); got != c.want {
			t.Errorf("of %q, %q: %q is masked as %q, want %q", c.name, c.employer, c.text, got, c.want)
		}
	}
}

// What says nothing of who somebody is stays.
func TestMaskLeaves(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"ASP.NETとNode.js/TypeScriptで開発。Socket.IOも。", "2010-2015年、売上1,200,000,000円を達成。", "オンライン：研修を企画。パイプライン: 構築",
		"GitHub Actionsで自動化し、工数を30%削減。", "Kubernetesの運用を3年", "ISO27001、0.5mm精度の加工", "on-line and off-line",
	} {
		p := profileOf("林 一", "株式会社カガミ商事", text)
		if got := maskedText(p); got != text {
			t.Errorf("%q is masked as %q", text, got)
		}
	}
}

func TestMaskNamesOfNumbers(t *testing.T) {
	t.Parallel()
	p := profileOf("", "", "縁商事で三年")
	if got := maskedText(p, "株式会社縁商事"); got != "■で三年" {
		t.Errorf("masked as %q", got)
	}
}

// No name, employer or way to reach the person stays in a masked text, however
// it is written.
func TestNothingOfThePersonStays(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine does everything here, in which the race detector finds nothing")
	}
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 23))
	pick := func(list []string) string { return list[r.IntN(len(list))] }
	surnames := []string{"山田", "佐々木", "渡邊", "髙橋", "ヤマモト", "すずき", "Yamada", "O'Brien", "ガルシア"}
	given := []string{"太郎", "花子", "ジュン", "さくら", "Hanako", "Zoë"}
	firms := []string{"カガミ商事", "ガーデン食品", "Kagami Systems", "丸井製作所", "日本パイプ", "アクメ・ラボ"}
	formats := []string{"株式会社%s", "%s株式会社", "(株)%s", "㈱%s", "%s", "有限会社%s", "%s Co., Ltd."}
	contact := []string{
		"taro.yamada@example.co.jp", "090-1234-5678", "0312345678", "+81-90-1234-5678", "https://example.com/taro", "www.example.jp", "@taro_y123", "LINE ID: taro_y123", "taro@example.com",
	}
	filler := []string{"の営業を担当。", "で、", "、開発チームを率い", "（現職）", " was here ", "\n", "と申します。", "3年以上の経験。"}
	for range 3000 {
		surname, name, firm := pick(surnames), pick(given), pick(firms)
		reach := pick(contact)
		p := &Profile{Name: surname + " " + name, History: []Job{{Employer: Employer{Name: fmt.Sprintf(pick(formats), firm)}}}}
		var b strings.Builder
		for _, datum := range []string{surname + name, surname, surname + "　" + name, firm, fmt.Sprintf(pick(formats), firm), reach} {
			b.WriteString(pick(filler) + " " + variant(r, datum) + " ")
		}
		p.Text = b.String()
		p.History[0].Duties = p.Text
		for _, part := range NewMask(p).Parts(p) {
			got := tighten(part.Text).text
			for _, datum := range []string{surname, firm, reach, strings.TrimPrefix(reach, "LINE ID: ")} {
				if want := tighten(datum).text; strings.Contains(got, want) {
					t.Fatalf("%q stays in %q, masked as %q", datum, p.Text, part.Text)
				}
			}
		}
	}
}

// variant writes a text in another form that folds to the same.
func variant(r *rand.Rand, s string) string {
	switch r.IntN(7) {
	case 0:
		return width.Widen.String(s)
	case 1:
		return width.Narrow.String(s)
	case 2:
		return strings.ToUpper(s)
	case 3:
		return norm.NFD.String(s)
	case 4:
		return strings.Map(func(c rune) rune {
			if c >= 'ァ' && c <= 'ヶ' {
				return c - 'ァ' + 'ぁ'
			}
			return c
		}, s)
	case 5:
		return strings.Map(func(c rune) rune {
			if c >= 'ぁ' && c <= 'ゖ' {
				return c - 'ぁ' + 'ァ'
			}
			return c
		}, s)
	}
	return s
}

// A mask never cuts a letter, and what it leaves is what was there.
func FuzzMask(f *testing.F) {
	f.Add("山田 太郎", "株式会社カガミ商事", "山田です。カガミ商事、090-1234-5678")
	f.Add("a b", "ﾞ", "\u3099ﾞ@a.jp")
	f.Fuzz(func(t *testing.T, name, employer, text string) {
		p := profileOf(name, employer, strings.ToValidUTF8(text, ""))
		if p.Text == "" {
			return
		}
		m := NewMask(p)
		got := m.Parts(p)[0].Text
		if strings.ToValidUTF8(got, "") != got {
			t.Fatalf("%q is masked as %q", text, got)
		}
		rest := p.Text
		for i, kept := range strings.Split(got, Mark) {
			at := strings.Index(rest, kept)
			if at < 0 {
				t.Fatalf("%q is masked as %q: part %d was not there", text, got, i)
			}
			rest = rest[at+len(kept):]
		}
		if word := tighten(name).text; len([]rune(word)) > 4 && strings.IndexFunc(word, unicode.IsLetter) >= 0 && strings.Contains(tighten(got).text, word) {
			t.Fatalf("%q stays in %q", name, got)
		}
		checkMask(t, p)
		if FoldedText(m.Parts(p)) == "" && condition.FoldText(got) != "" {
			t.Fatal("the folded text is empty")
		}
	})
}
