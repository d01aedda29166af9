package taxonomy

import "strings"

// A query beyond this many letters is a pasted text, not a name. It is cut,
// which bounds the work that a request can cause.
const longestQuery = 60

// question is a query in the forms that keys have.
type question struct {
	written form
	sounds  form // empty if the query holds a kanji
	parts   []question
	finer   []question // parts in smaller words, empty if there are none
}

func newQuestion(query string) question {
	if r := []rune(query); len(r) > longestQuery {
		query = string(r[:longestQuery])
	}
	q := questionOf(fold(query).text)
	words := parts(query)
	q.parts, q.finer = questionsOf(words), questionsOf(finer(words))
	return q
}

func questionsOf(words []string) []question {
	var q []question
	for _, word := range words {
		q = append(q, questionOf(word))
	}
	return q
}

func questionOf(text string) question {
	q := question{written: newForm(text)}
	// qqqqq sounds like one k; such a form would match nearly everything.
	if sound, ok := reading(text); ok && 2*len(sound) >= len(q.written.runes) {
		q.sounds = newForm(sound)
	}
	return q
}

func (q *question) formFor(k *key) *form {
	if k.sounds {
		return &q.sounds
	}
	return &q.written
}

// form is a query as text of one kind, with what is known of it beforehand.
type form struct {
	text   string
	runes  []rune
	has    uint64
	errors int // typing errors that it may hold
	latin  bool
	least  int // letters that make it worth looking for inside words
}

func newForm(text string) form {
	f := form{text: text, runes: []rune(text), has: letterSet(text)}
	ideographs := strings.ContainsFunc(text, func(r rune) bool { return scriptOf(r) == kanji })
	f.errors = allowedErrors(len(f.runes), ideographs)
	switch {
	case ideographs:
		f.least = 1
	case strings.ContainsFunc(text, func(r rune) bool { return scriptOf(r) == kana }):
		f.least = 2
	default:
		f.latin = true
		f.least = 3 // fewer Latin letters are in nearly every word
	}
	return f
}

// match gives the tier up to inside, or noMatch.
func (f *form) match(k *key) tier {
	switch {
	case f.text == "" || !strings.Contains(k.text, f.text):
		return noMatch
	case k.text == f.text:
		return exact
	case f.latin && k.hasWords(f.text):
		return words
	case strings.HasPrefix(k.text, f.text):
		return prefix
	case k.startsWord(f.text):
		return wordPrefix
	case len(f.runes) >= f.least:
		return inside
	default:
		return noMatch
	}
}

// near gives the tier of a match by initials or with typing errors, or of a key
// within the query, or noMatch.
func (f *form) near(k *key, rows *[3][]int) tier {
	if k.initials != "" && k.initials == f.text {
		return initials
	}
	errors := f.typingErrors(k, rows)
	switch {
	case errors <= 1 && errors <= f.errors:
		return oneError
	case f.holds(k):
		return contained
	case errors <= f.errors:
		return twoErrors
	default:
		return noMatch
	}
}

// typingErrors gives the fewest typing errors with which the query starts the
// key or one of its words, or f.errors+1 if it is more than allowed.
func (f *form) typingErrors(k *key, rows *[3][]int) int {
	most := f.errors
	if most == 0 || k.lacking(f.has) > most {
		return most + 1
	}
	least := most + 1
	try := func(word []rune) {
		if len(word) >= len(f.runes)-most {
			least = min(least, distance(f.runes, word, most, rows))
		}
	}
	try([]rune(k.text))
	for _, at := range k.starts {
		try([]rune(k.text[at:]))
	}
	return least
}

// holds says whether the key is a third of the query or more, as 経理 in
// 経理の仕事.
func (f *form) holds(k *key) bool {
	enough := 2
	if k.ascii() {
		enough = 4 // shorter Latin keys are in other words by chance
	}
	return k.letters >= enough && 3*k.letters >= len(f.runes) && strings.Contains(f.text, k.text)
}
