package candidate

import (
	"iter"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Services on which people have a name of their own, as folded.
var (
	latinServices = strings.Fields("line twitter x instagram insta facebook skype discord github wantedly linkedin telegram whatsapp wechat kakaotalk kakao tiktok youtube bluesky threads mixi")
	kanaServices  = strings.Fields("らいん ついったー いんすたぐらむ いんすた ふぇいすぶっく すかいぷ でぃすこーど かかおとーく かかお")
)

// held is a name behind that of a service. Its groups: a word for an id, what leads to
// the name, the name.
var held = regexp.MustCompile(`^\s*(?:\([^)]{0,12}\)\s*)?(?:の\s*)?((?:id|あかうんと名?|account|user\s?name|ゆーざー名|ゆーざーねーむ|あいでぃー)\s*)?` +
	`(は|が|[:=→/|・]|)\s*[「『"'(<【]?\s*((?:live:\.?|in/|@)?[a-z0-9_][a-z0-9._#-]{2,63})`)

// heldBytes is how far behind a service's name the name on it may end.
const heldBytes = 200

// goods are what is named behind a service when nobody's name is.
var goods = func() map[string]bool {
	out := map[string]bool{}
	for _, word := range strings.Fields("works pay bot bots api apis ads official messaging login liff developers developer business for and shop graph reels marketing learning actions " +
		"pages copilot enterprise desktop studio analytics premium music live sdk app apps web server store mini news stickers recruiter jobs sales the was with has www") {
		out[word] = true
	}
	return out
}()

// handles finds the names that somebody has on services. A name after a sign that leads
// to it is hidden whatever it looks like; with less between, it must look like one.
func handles(text string, add func(from, to int)) {
	for _, name := range latinServices {
		for at := range places(text, name) {
			if last, _ := utf8.DecodeLastRuneInString(text[:at]); !ofWord(last) {
				handleAt(text, at+len(name), false, add)
			}
		}
	}
	for _, name := range kanaServices {
		for at := range places(text, name) {
			if last, _ := utf8.DecodeLastRuneInString(text[:at]); !unicode.Is(unicode.Hiragana, last) && last != 'ー' {
				handleAt(text, at+len(name), true, add)
			}
		}
	}
}

// places gives where a word stands in a text.
func places(text, word string) iter.Seq[int] {
	return func(yield func(int) bool) {
		for at := 0; ; {
			i := strings.Index(text[at:], word)
			if i < 0 || !yield(at+i) {
				return
			}
			at += i + len(word)
		}
	}
}

func ofWord(r rune) bool { return r == '_' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' }

// handleAt looks for somebody's name behind a service's.
func handleAt(text string, end int, kana bool, add func(from, to int)) {
	if end < len(text) && text[end] < utf8.RuneSelf && ofWord(rune(text[end])) {
		return // another word
	}
	m := held.FindStringSubmatchIndex(text[end:min(len(text), end+heldBytes)])
	if m == nil {
		return
	}
	id, lead, name := m[2] >= 0, text[end+m[4]:end+m[5]], text[end+m[6]:end+m[7]]
	var shown bool
	switch {
	case id, lead != "" && strings.Contains(":=→", lead):
		shown = true
	case lead == "は", lead == "が", lead == "" && kana:
		shown = nameLike(name) || !goods[name] && ends(text[end+m[7]:])
	default:
		shown = nameLike(name)
	}
	if shown && strings.ContainsFunc(name, unicode.IsLetter) {
		add(end+m[6], end+m[7])
	}
}

// nameLike says whether a word looks like a name that somebody made up.
func nameLike(word string) bool {
	return strings.HasPrefix(word, "live:") || strings.HasPrefix(word, "in/") || strings.HasPrefix(word, "@") || strings.ContainsAny(word, "_#") ||
		strings.ContainsAny(word, "0123456789") && strings.ContainsFunc(word, unicode.IsLetter)
}

// ends says whether a sentence ends here, or goes on as it does behind a name.
func ends(rest string) bool {
	for _, follows := range []string{"です", "まで", "へ", "に", "で"} {
		if strings.HasPrefix(rest, follows) {
			return true
		}
	}
	r, _ := utf8.DecodeRuneInString(rest)
	return rest == "" || !unicode.IsLetter(r) && !unicode.IsDigit(r)
}
