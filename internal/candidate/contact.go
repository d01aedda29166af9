package candidate

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"enishi/internal/condition"
)

// Ways to reach somebody, in a text as contactView writes it. Where a pattern has a
// group, that is what is hidden, else all of it.
var (
	mailAddress = regexp.MustCompile(`[a-z0-9][a-z0-9._%+-]*\s*(?:@|\(at\)|\[at\]|\{at\}|<at>|あっとまーく|あっと)\s*[a-z0-9-]+(?:(?:\s*(?:\.|\(dot\)|\[dot\]|どっと)\s*|。)[a-z0-9-]+)+`)
	mailHost    = regexp.MustCompile(`[a-z0-9][a-z0-9._%+-]+@[a-z][a-z0-9-]+`)
	mailInWords = regexp.MustCompile(`(?:[a-z0-9_-]+\s+dot\s+)*[a-z0-9][a-z0-9._%+-]*\s+at\s+[a-z0-9-]+(?:\s+dot\s+[a-z0-9-]+)+`)
	// An address in letters of another script; hidden if there are any beside its sign.
	mailAbroad = regexp.MustCompile(`[\p{L}\p{N}][\p{L}\p{N}._%+-]*@[\p{L}\p{N}][\p{L}\p{N}-]*(?:\.[\p{L}\p{N}-]+)*\.\p{L}{2,}`)
	webAddress = regexp.MustCompile(`(?:[a-z][a-z0-9+.-]{1,9}://|www\.)[!-~]+`)
	// A domain without either has one of the usual ends.
	domain = regexp.MustCompile(`[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*\.(?:(?:com|net|org|jp|info|biz|xyz|site|online|github\.io)\b(?:/[!-~]*)?|(?:me|dev|app|page|ee|ly|gg|link|co|tv|to|be|work|blog)/[!-~]*)`)
	handle = regexp.MustCompile(`(?:^|[^a-z0-9_.])(@\s*[a-z0-9_][a-z0-9_.]+)`)
	anyID  = regexp.MustCompile(`(?:\bid|あかうんと|あいでぃー)\s*(?:は|[:=→])\s*[「『"'(]?\s*([a-z0-9][a-z0-9._#-]{2,})`)
	post   = regexp.MustCompile(`〒\s*[0-9]{3}\s*[-‐–—―−ー]?\s*[0-9]{4}`)
)

// dotted are names of things, not of hosts.
var dotted = map[string]bool{"asp.net": true, "vb.net": true, "ado.net": true, "ml.net": true, "f#.net": true, "c#.net": true, "paint.net": true}

// contacts gives the stretches of a text that say how to reach somebody.
func contacts(text string, f *condition.Folding) []stretch {
	v := contactView(text, f)
	var out []stretch
	add := func(from, to int) { out = append(out, v.sourceOf(from, to)) }
	all := func(p *regexp.Regexp, keep func(found string) bool) {
		for _, at := range p.FindAllStringSubmatchIndex(v.text, -1) {
			from, to := at[0], at[1]
			if len(at) > 2 && at[2] >= 0 {
				from, to = at[2], at[3]
			}
			if keep == nil || keep(v.text[from:to]) {
				add(from, to)
			}
		}
	}
	if strings.Contains(v.text, "@") {
		all(mailHost, nil)
		all(mailAbroad, abroad)
		all(handle, nil)
	}
	if strings.ContainsAny(v.text, "@([{<あ") {
		all(mailAddress, nil)
	}
	if strings.Contains(v.text, "dot") {
		all(mailInWords, nil)
	}
	if strings.Contains(v.text, ".") || strings.Contains(v.text, "://") {
		all(webAddress, nil)
		all(domain, func(found string) bool {
			host, _, _ := strings.Cut(found, "/")
			return !dotted[host]
		})
	}
	if strings.ContainsAny(v.text, ":=→は") {
		all(anyID, nil)
	}
	if strings.Contains(v.text, "〒") {
		all(post, nil)
	}
	handles(v.text, add)
	phones(v.text, add)
	return out
}

// abroad says whether an address has letters beside its sign that no address had of old.
func abroad(found string) bool {
	local, host, _ := strings.Cut(found, "@")
	last, _ := utf8.DecodeLastRuneInString(local)
	first, _ := utf8.DecodeRuneInString(host)
	return last > unicode.MaxASCII || first > unicode.MaxASCII
}
