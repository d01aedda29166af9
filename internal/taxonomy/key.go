package taxonomy

import (
	"math/bits"
	"slices"
	"strings"
	"unicode/utf8"
)

// key is one form of one name of an item: as written, or as it sounds.
type key struct {
	item    int
	text    string
	starts  []int // where further words start, as in folded
	letters int   // runes in text
	class   class
	sounds  bool   // text is a reading
	has     uint64 // the letters in text, each as one of 64 bits

	initials string // of words of two kanji each (経企 of 経営企画), else ""
}

// class orders keys that match a query equally well.
type class int

const (
	itsName class = iota
	itsSynonym
	nameSounds
	synonymSounds
	classes = iota
)

// names are all that a classification is searched by.
type names struct {
	keys    []key
	longest int // letters of the longest key
}

// namesOf gives all keys of a table. A name in kanji has no sounding key of its
// own; its reading in the table has.
func namesOf(records []record) *names {
	var keys []key
	for i, r := range records {
		for _, name := range []string{r.item.JA, r.item.EN, r.item.Yomi} {
			keys = appendKeys(keys, i, name, itsName, nameSounds)
		}
		for _, name := range r.item.Synonyms {
			keys = appendKeys(keys, i, name, itsSynonym, synonymSounds)
		}
		for _, name := range r.readings {
			keys = appendKeys(keys, i, name, itsSynonym, synonymSounds)
		}
	}
	all := &names{keys: keys}
	for i := range keys {
		all.longest = max(all.longest, keys[i].letters)
	}
	return all
}

func appendKeys(keys []key, item int, name string, written, sounding class) []key {
	f := fold(name)
	if f.text == "" {
		return keys
	}
	keys = append(keys, key{
		item: item, text: f.text, starts: f.starts, class: written,
		letters: utf8.RuneCountInString(f.text), has: letterSet(f.text), initials: initialsOf(f.text),
	})
	if strings.IndexFunc(f.text, func(r rune) bool { return scriptOf(r) == kana }) < 0 {
		return keys
	}
	if sound, ok := reading(f.text); ok {
		keys = append(keys, key{
			item: item, text: sound, class: sounding, sounds: true,
			letters: len(sound), has: letterSet(sound),
		})
	}
	return keys
}

// startsWord says whether a word of the key other than the first starts with s.
func (k *key) startsWord(s string) bool {
	for _, at := range k.starts {
		if strings.HasPrefix(k.text[at:], s) {
			return true
		}
	}
	return false
}

// hasWords says whether s is one or more whole words of a key as it is written.
func (k *key) hasWords(s string) bool {
	if k.sounds {
		return false
	}
	ends := func(at int) bool {
		return strings.HasPrefix(k.text[at:], s) && (at+len(s) == len(k.text) || slices.Contains(k.starts, at+len(s)))
	}
	return ends(0) || slices.ContainsFunc(k.starts, ends)
}

func letterSet(s string) uint64 {
	var set uint64
	for _, r := range s {
		set |= 1 << (uint(r) % 64)
	}
	return set
}

// lacking gives at least how many of the letters in set the key does not have;
// an error in typing explains one of them.
func (k *key) lacking(set uint64) int { return bits.OnesCount64(set &^ k.has) }

func (k *key) ascii() bool { return k.letters == len(k.text) }

// initialsOf gives every other letter of a text of 4 or 6 kanji. Most such names
// are words of two kanji, and people and companies shorten them so.
func initialsOf(text string) string {
	letters := []rune(text)
	if len(letters) != 4 && len(letters) != 6 {
		return ""
	}
	var first []rune
	for i, r := range letters {
		if scriptOf(r) != kanji {
			return ""
		}
		if i%2 == 0 {
			first = append(first, r)
		}
	}
	return string(first)
}
