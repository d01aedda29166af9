package taxonomy

import (
	"slices"
	"strings"
	"sync"

	"golang.org/x/text/unicode/norm"
)

// searchCore searches for what a query is about, when the query as typed is in
// no key: 看護師 for 看護師さん, 経理 for 経理のお仕事, ピアノ for ピアノの先生.
// It takes off one word at a time until something is found, so that ケーキ屋
// comes before ケーキ, and gives the question that found it, or q.
func (c *Classification) searchCore(query string, q question, found hits) (_ question, best tier, count int) {
	for text := trimmed(query); text != ""; text = trimmed(text) {
		core := newQuestion(text)
		if len(core.written.runes) < core.written.least {
			break // お, left of お仕事, is in every other word
		}
		best, count = c.searchPlain(&core, found)
		if best == noMatch {
			c.searchParts(&core, found)
		}
		if !found.none() {
			return core, best, count
		}
	}
	return q, noMatch, 0
}

// trimmed takes off the last word that says who, how or what for rather than
// what, with the particle before it; if there is none, the polite お or 御 in
// front of a kanji. It gives "" if nothing can be taken off or nothing is left.
func trimmed(query string) string {
	text := []rune(strings.TrimRightFunc(norm.NFKC.String(query), func(r rune) bool { return !wordRune(r) }))
	folded := make([]rune, len(text))
	for i, r := range text {
		folded[i] = foldRune(r)
	}
	for _, ending := range endings() {
		if at := len(text) - len(ending); at > 0 && slices.Equal(folded[at:], ending) {
			if at > 1 && strings.ContainsRune("のをがに", text[at-1]) {
				at--
			}
			return string(text[:at])
		}
	}
	if len(text) > 1 && strings.ContainsRune("お御", text[0]) && scriptOf(text[1]) == kanji {
		return string(text[1:])
	}
	return ""
}

// endings are folded, longer ones before those that they end with. 免許 is not
// among them: in licences it tells 自動車の免許 from 自動車整備士.
var endings = sync.OnceValue(func() [][]rune {
	var all [][]rune
	for ending := range strings.FieldsSeq(`
		おばちゃん おじちゃん おばさん おじさん お姉さん お兄さん おねえさん おにいさん さん ちゃん
		求人 募集 希望 やりたい したい する 作る つくる 売る 教える できる できます 先生 せんせい 人 ひと 方 屋 職
		お仕事 おしごと 仕事 しごと 業務 関係 関連 系 すたっふ ばいと ぱーと 未経験 経験者 経験 資格
		staff workers worker jobs job`) {
		all = append(all, []rune(ending))
	}
	return all
})
