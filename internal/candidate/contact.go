package candidate

import (
	"regexp"
	"strings"

	"enishi/internal/condition"
)

// Ways to reach somebody, in folded text. Where a pattern has a group, that is
// what is hidden, else all of it.
var (
	mailAddress = regexp.MustCompile(`[a-z0-9][a-z0-9._%+-]*\s*(?:@|\(at\)|\[at\]|\{at\}|<at>|あっとまーく|あっと)\s*[a-z0-9-]+(?:\s*(?:\.|\(dot\)|\[dot\]|どっと)\s*[a-z0-9-]+)+`)
	webAddress  = regexp.MustCompile(`(?:[a-z][a-z0-9+.-]{1,9}://|www\.)[!-~]+`)
	// A domain without either has one of the usual ends.
	domain = regexp.MustCompile(`[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*\.(?:(?:com|net|org|jp|info|biz|xyz|site|online|github\.io)\b(?:/[!-~]*)?|(?:me|dev|app|page|ee|ly|gg|link|co|tv|to|be|work|blog)/[!-~]*)`)
	handle = regexp.MustCompile(`(?:^|[^a-z0-9_.])(@\s*[a-z0-9_][a-z0-9_.]+)`)
	// The name of a service, and an id after a word or a sign that says so.
	account = regexp.MustCompile(`(?:\b(?:line|twitter|x|instagram|insta|facebook|skype|discord|github|wantedly|linkedin|telegram|whatsapp|wechat|kakaotalk|kakao|tiktok|youtube|bluesky|threads|mixi)` +
		`|(?:^|[^ぁ-んー])(?:らいん|ついったー|いんすたぐらむ|いんすた|ふぇいすぶっく|すかいぷ|でぃすこーど|かかおとーく|かかお))` +
		`\s*(?:\([^)]{0,12}\))?\s*(?:の)?\s*(?:(?:id|あかうんと名?|account|user\s?name|ゆーざー名|あいでぃー)\s*(?:は|[:=→])?|[:=→])\s*[「『"'(]?\s*([a-z0-9_][a-z0-9._#-]{2,})`)
	anyID = regexp.MustCompile(`(?:\bid|あかうんと|あいでぃー)\s*(?:は|[:=→])\s*[「『"'(]?\s*([a-z0-9][a-z0-9._#-]{2,})`)
	post  = regexp.MustCompile(`〒\s*[0-9]{3}\s*[-‐–—―−ー]?\s*[0-9]{4}`)
	// Digits with what people put between them, from the trunk 0 or the country
	// on; how many there are is counted.
	phone = regexp.MustCompile(`(?:\+\s*8\s*1|[0〇零])(?:[\s()/.・‐–—―−ー_~-]{0,3}[0-9〇零一二三四五六七八九]){8,14}`)
)

// dotted are names of things, not of hosts.
var dotted = map[string]bool{"asp.net": true, "vb.net": true, "ado.net": true, "ml.net": true, "f#.net": true, "c#.net": true, "paint.net": true}

// contacts gives the stretches of a text that say how to reach somebody.
func contacts(text string) []stretch {
	f := condition.Fold(text)
	var out []stretch
	add := func(from, to int) {
		from, to = f.Source(from, to)
		out = append(out, stretch{from, to})
	}
	all := func(p *regexp.Regexp, keep func(found string) bool) {
		for _, at := range p.FindAllStringSubmatchIndex(f.Text, -1) {
			from, to := at[0], at[1]
			if len(at) > 2 && at[2] >= 0 {
				from, to = at[2], at[3]
			}
			if keep == nil || keep(f.Text[from:to]) {
				add(from, to)
			}
		}
	}
	if strings.ContainsAny(f.Text, "@.:(=→[{<あはい") {
		all(mailAddress, nil)
		all(webAddress, nil)
		all(domain, func(found string) bool {
			host, _, _ := strings.Cut(found, "/")
			return !dotted[host]
		})
		all(handle, nil)
		all(account, nil)
		all(anyID, nil)
	} else if strings.Contains(f.Text, "id") {
		all(account, nil)
	}
	if strings.ContainsAny(f.Text, "0〇零+〒") {
		all(post, nil)
		phones(&f, add)
	}
	return out
}

// phones finds numbers of 10 or 11 digits that begin with 0, or with the
// country and have 9 or 10 after it.
func phones(f *condition.Folding, add func(from, to int)) {
	for _, at := range phone.FindAllStringIndex(f.Text, -1) {
		if at[0] > 0 && strings.ContainsRune("0123456789", rune(f.Text[at[0]-1])) {
			continue // the end of a longer number
		}
		digits := 0
		for _, r := range f.Text[at[0]:at[1]] {
			if strings.ContainsRune("0123456789〇零一二三四五六七八九", r) {
				digits++
			}
		}
		if digits >= 10 {
			add(at[0], at[1])
		}
	}
}
