package position_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"enishi/internal/position"
)

func TestWordings(t *testing.T) {
	for _, tt := range []struct {
		text string
		want []position.Wording
	}{
		{"女性歓迎の職場です。", []position.Wording{{"/text", "女性歓迎", position.AboutSex}}},
		{"男性スタッフ募集", []position.Wording{{"/text", "男性スタッフ募集", position.AboutSex}}},
		{"主婦の方歓迎", []position.Wording{{"/text", "主婦の方歓迎", position.AboutSex}}},
		{"ウェイトレスと営業マンを探しています", []position.Wording{{"/text", "ウェイトレス", position.AboutSex}, {"/text", "営業マン", position.AboutSex}}},
		{"３５歳以下の方", []position.Wording{{"/text", "35歳以下", position.AboutAge}}},
		{"25歳〜35歳", []position.Wording{{"/text", "25歳〜35歳", position.AboutAge}}},
		{"20代活躍中、若い力を求めます", []position.Wording{{"/text", "20代活躍中", position.AboutAge}, {"/text", "若い力", position.AboutAge}}},
		{"面接で家族構成と愛読書を伺います", []position.Wording{{"/text", "家族構成", position.AboutPrivate}, {"/text", "愛読書", position.AboutPrivate}}},

		{"体力のある男性を求めます", []position.Wording{{"/text", "体力のある男性", position.AboutSex}}},
		{"Female preferred, under 35 years", []position.Wording{{"/text", "Female preferred", position.AboutSex}, {"/text", "under 35 years", position.AboutAge}}},
		{"Tell us your marital status", []position.Wording{{"/text", "marital status", position.AboutPrivate}}},

		{"男女を問いません。男女歓迎。", nil},
		{"男性も女性も活躍中です", nil},
		{"宗教法人の事務です", nil},
		{"創業35年、20代続く老舗の酒蔵です", nil},
		{"若手の育成を任せます", nil},
		{"女性の活躍を推進し、男性の育児休業も取れています", nil},
		{"A young company with up to 5 days of remote work", nil},
		{"思いやりのあるチームです", nil},
	} {
		got := (&position.Terms{Text: tt.text}).Wordings()
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("Wordings of %q (-want +got):\n%s", tt.text, d)
		}
		for _, w := range got {
			if w.Explain("ja") == "" || w.Explain("en") == "" || w.Explain("ja") == w.Explain("en") {
				t.Errorf("%q is not explained in both languages", w.Found)
			}
		}
	}
}

// Every text is looked at, and the place is named.
func TestWordingsNameThePlace(t *testing.T) {
	terms := position.Terms{Title: "営業マン", Legal: position.Legal{Work: "女性のみの部署", TrialPeriod: "30歳以上は6か月"}}
	want := []position.Wording{
		{"/title", "営業マン", position.AboutSex},
		{"/legal/work", "女性のみ", position.AboutSex},
		{"/legal/trial_period", "30歳以上", position.AboutAge},
	}
	if d := cmp.Diff(want, terms.Wordings()); d != "" {
		t.Errorf("Wordings (-want +got):\n%s", d)
	}
}
