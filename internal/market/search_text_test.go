package market_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"enishi/internal/candidate"
	"enishi/internal/condition"
	"enishi/internal/market"
)

func parsed(w *world, text string) condition.Condition {
	w.Helper()
	c, err := condition.Parse(condition.Profiles, []byte(text), true)
	if err != nil {
		w.Fatalf("parse %s: %v", text, err)
	}
	return c
}

func (w *world) search(f firm, in market.SearchInput) market.SearchResult {
	w.Helper()
	if in.Limit == 0 {
		in.Limit = market.MostHits
	}
	found, err := w.Search(w.Context(), w.actor(f.token), in)
	if err != nil {
		w.Fatalf("search: %v", err)
	}
	return found
}

// A leaf on text counts, fills facets and has its impact as any other leaf has,
// also under any and not, in a history of edits, closings, blocks and erasures;
// what was masked is not found.
func TestSearchByText(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		r := rand.New(rand.NewPCG(3, 1))
		f := w.firm(1, 0)
		words := []string{"Kubernetes", "ｋｕｂｅ運用", "設計", "ガス設備", "がす点検", "C++", "サーバー", "顧客対応", "山田", "カガミ"}
		write := func(p *candidate.Profile) {
			p.Name = "山田 太郎"
			p.Text = strings.Join([]string{words[r.IntN(len(words))], words[r.IntN(len(words))]}, "と")
			p.History = []candidate.Job{{
				Employer: candidate.Employer{Name: "株式会社カガミ"}, From: w.Today().Month() - 20, Role: words[r.IntN(len(words))], Duties: words[r.IntN(len(words))],
			}}
		}
		people := map[int]person{}
		for step := range 60 {
			switch i := r.IntN(25); {
			case people[i].token == "":
				people[i] = w.someone(step, func(in *market.SignUp) { write(&in.Profile) })
			case r.IntN(6) == 0:
				if err := w.Erase(w.Context(), w.actor(people[i].token)); err != nil {
					w.Fatal(err)
				}
				delete(people, i)
			case r.IntN(8) == 0:
				w.block(people[i], f.number)
			default:
				a := w.actor(people[i].token)
				c, err := w.Candidate(w.Context(), a)
				if err != nil {
					w.Fatal(err)
				}
				if r.IntN(3) == 0 {
					_, err = w.SetSettings(w.Context(), a, c.Version, market.Settings{Open: !c.Open, WeeklyLimit: 3, Language: "ja"})
				} else {
					write(&c.Profile)
					_, err = w.SetProfile(w.Context(), a, c.Version, c.Profile)
				}
				if err != nil {
					w.Fatal(err)
				}
			}
			w.compareText(f, people, r, words)
		}
	})
}

// compareText asks for random words and compares with the rows.
func (w *world) compareText(f firm, people map[int]person, r *rand.Rand, words []string) {
	w.Helper()
	leaf := func() string {
		word := []rune(words[r.IntN(len(words))])
		if from := r.IntN(len(word) - 1); len(word) > 2 {
			word = word[from:]
		}
		return fmt.Sprintf(`{"field": "text", "contains": %q}`, string(word))
	}
	c := parsed(w, fmt.Sprintf(`{"all": [%s, {"not": %s}, {"any": [%s, {"all": [%s, {"field": "residence", "in": ["13"]}]}]}]}`, leaf(), leaf(), leaf(), leaf()))
	count, gains := 0, make([]int, len(c.Kids))
	for _, p := range people {
		who, err := w.Candidate(w.Context(), w.actor(p.token))
		if err != nil {
			w.Fatal(err)
		}
		if !who.Open || slices.Contains(who.Blocks, f.number) {
			continue
		}
		record := who.Record(w.Today())
		record.Text = candidate.FoldedText(who.Masked())
		missed := -1
		for i, kid := range c.Kids {
			if !kid.Holds(record) {
				if missed >= 0 {
					missed = len(c.Kids)
					break
				}
				missed = i
			}
		}
		switch {
		case missed < 0:
			count++
		case missed < len(c.Kids):
			gains[missed]++
		}
	}
	found := w.search(f, market.SearchInput{Condition: c, Facets: []string{"residence"}, Near: market.MostHits})
	if found.Count != count || len(found.Items) != count {
		w.Fatalf("%+v: %d found, %d listed, want %d", c, found.Count, len(found.Items), count)
	}
	if count > 0 && (len(found.Facets["residence"]) == 0 || found.Facets["residence"][0].Count != count) {
		w.Errorf("facets are %v, want %d", found.Facets, count)
	}
	near := map[string]int{}
	for _, n := range found.Near {
		near[n.Missed]++
	}
	for i, gain := range gains {
		if found.Impact[i].Gain != gain || near[found.Impact[i].Clause] != gain {
			w.Errorf("clause %d: impact %d, %d near, want %d", i, found.Impact[i].Gain, near[found.Impact[i].Clause], gain)
		}
	}
	for _, item := range found.Items {
		if len(item.Highlights) == 0 {
			w.Errorf("nothing is highlighted of %+v", c)
		}
	}
	for _, hidden := range []string{"山田", "ｶｶﾞﾐ"} {
		if n := w.search(f, market.SearchInput{Condition: parsed(w, fmt.Sprintf(`{"field": "text", "contains": %q}`, hidden))}).Count; n > 0 {
			w.Errorf("%d are found by %q, which is masked", n, hidden)
		}
	}
}

func TestHighlights(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		f := w.firm(1, 0)
		long := strings.Repeat("店舗の運営を担当しました。", 8)
		w.someone(1, func(in *market.SignUp) {
			in.Profile.Text = long + "ＫＵＢＥＲＮＥＴＥＳの運用とｻｰﾊﾞｰの設計。" + long
		})
		found := w.search(f, market.SearchInput{Condition: parsed(w, `{"all": [{"field": "text", "contains": "kubernetes"}, {"field": "text", "contains": "サーバー"}]}`)})
		if len(found.Items) != 1 || len(found.Items[0].Highlights) != 1 {
			w.Fatalf("found %+v", found.Items)
		}
		h := found.Items[0].Highlights[0]
		var marked []string
		for _, r := range h.Ranges {
			marked = append(marked, string([]rune(h.Excerpt)[r.From:r.To]))
		}
		if n := len([]rune(h.Excerpt)); !slices.Equal(marked, []string{"ＫＵＢＥＲＮＥＴＥＳ", "ｻｰﾊﾞｰ"}) || h.Part != "text" || n > 62 || !strings.HasPrefix(h.Excerpt, "…") {
			w.Errorf("highlighted %q in %d letters of %+v", marked, n, h)
		}
	})
}
