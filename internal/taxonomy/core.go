package taxonomy

import (
	"strings"
	"sync"
	"unicode/utf8"
)

// searchCore searches for what a query is about, when the query as typed is in
// no key: 看護師 for 看護師さん, 経理 for 経理のお仕事, ピアノ for ピアノの先生.
// It takes off one word at a time until something is found, so that ケーキ屋
// comes before ケーキ, and gives the question that found it, or q.
func (c *Classification) searchCore(q question, found hits) (_ question, best tier, count int) {
	for text := trimmed(q.written.text); text != ""; text = trimmed(text) {
		core := questionOf(text)
		for _, part := range parts(text) {
			core.parts = append(core.parts, questionOf(part))
		}
		best, count = c.searchPlain(&core, found)
		if best == noMatch {
			c.searchParts(core.parts, found)
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
func trimmed(text string) string {
	for _, ending := range endings() {
		if rest, ok := strings.CutSuffix(text, ending); ok && rest != "" {
			if at := strings.LastIndexAny(rest, "のをがに"); at > 0 && at == len(rest)-len("の") {
				rest = rest[:at]
			}
			return rest
		}
	}
	for _, polite := range []string{"お", "御"} {
		rest, ok := strings.CutPrefix(text, polite)
		if first, _ := utf8.DecodeRuneInString(rest); ok && scriptOf(first) == kanji {
			return rest
		}
	}
	return ""
}

// endings are folded, longer ones before those that they end with. 免許 is not
// among them: in licences it tells 自動車の免許 from 自動車整備士.
var endings = sync.OnceValue(func() []string {
	return strings.Fields(`
		おばちゃん おじちゃん おばさん おじさん お姉さん お兄さん おねえさん おにいさん さん ちゃん
		求人 募集 希望 やりたい したい 先生 せんせい 人 ひと 方 屋
		お仕事 おしごと 仕事 しごと 業務 関係 関連 系 すたっふ ばいと ぱーと 未経験 経験者 経験 資格
		staff workers worker jobs job`)
})
