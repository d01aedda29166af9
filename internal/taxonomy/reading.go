package taxonomy

import (
	"strings"
	"sync"
)

// reading gives how a folded text of kana and Latin letters sounds, in one
// spelling for all of Hepburn, Kunrei and what people type: shi = si, tsu = tu,
// long vowels and doubled consonants once (ō = ou = oo = o), m before b and p
// as n. It is for comparing, not for reading. ok is false if a kanji is in the
// text, whose sound cannot be known.
func reading(text string) (_ string, ok bool) {
	var b []byte
	for _, r := range text {
		switch {
		case r < 0x80:
			b = append(b, byte(r))
		case r == 'ー' || r == 'っ' || r == 'ゎ':
		case strings.ContainsRune("ゃゅょ", r):
			b = append(cutVowel(b), 'y', sound()[r][0])
		case strings.ContainsRune("ぁぃぅぇぉ", r):
			b = appendSmallVowel(b, sound()[r][0])
		default:
			s, known := sound()[r]
			if !known {
				return "", false
			}
			b = append(b, s...)
		}
	}
	return squeeze(spellings().Replace(string(b))), true
}

// appendSmallVowel writes a syllable such as ふぁ (ha), しぇ (sye) or うぇ (ue)
// of which b holds the first sign.
func appendSmallVowel(b []byte, vowel byte) []byte {
	alone := len(b) == 0 || len(b) == 1 || isVowel(b[len(b)-2])
	switch {
	case alone:
		return append(b, vowel)
	case b[len(b)-1] == 'i':
		return append(b[:len(b)-1], 'y', vowel)
	default:
		return append(cutVowel(b), vowel)
	}
}

func cutVowel(b []byte) []byte {
	if len(b) > 0 && isVowel(b[len(b)-1]) {
		return b[:len(b)-1]
	}
	return b
}

func isVowel(c byte) bool { return strings.IndexByte("aiueo", c) >= 0 }

// squeeze writes long vowels and double consonants once, and drops the start
// of a syllable that is still being typed (the h of "kangosh").
func squeeze(s string) string {
	out := make([]byte, 0, len(s))
	for i := range len(s) {
		c := s[i]
		var last byte
		if len(out) > 0 {
			last = out[len(out)-1]
		}
		long := last == 'o' && c == 'u' || last == 'e' && c == 'i' ||
			last == 'o' && c == 'h' && (i+1 == len(s) || !isVowel(s[i+1]) && s[i+1] != 'y')
		if c != last && !long {
			out = append(out, c)
		}
	}
	return strings.TrimRight(string(out), "y")
}

// spellings maps Hepburn and other ways of typing to Kunrei.
var spellings = sync.OnceValue(func() *strings.Replacer {
	return strings.NewReplacer(
		"tchi", "ti", "tch", "ty", "cchi", "ti", "cch", "ty", "chi", "ti", "ch", "ty", "cy", "ty", "tyi", "ti",
		"shi", "si", "sh", "sy", "syi", "si", "tsu", "tu", "ts", "t", "thi", "ti", "dhi", "di",
		"ji", "zi", "jy", "zy", "j", "zy", "dzu", "zu", "dz", "z", "du", "zu",
		"f", "h", "v", "b", "l", "r", "q", "k",
		"mb", "nb", "mp", "np", "mm", "nm",
		"we", "ue", "wi", "ui", "wo", "o", "kwo", "ko", "kwa", "ka",
	)
})

// sound maps hiragana to Kunrei; small ones to their vowel.
var sound = sync.OnceValue(func() map[rune]string {
	const table = `あa いi うu えe おo かka きki くku けke こko さsa しsi すsu せse そso たta ちti つtu てte とto
なna にni ぬnu ねne のno はha ひhi ふhu へhe ほho まma みmi むmu めme もmo やya ゆyu よyo らra りri るru れre ろro
わwa ゐi ゑe をo んn がga ぎgi ぐgu げge ごgo ざza じzi ずzu ぜze ぞzo だda ぢzi づzu でde どdo
ばba びbi ぶbu べbe ぼbo ぱpa ぴpi ぷpu ぺpe ぽpo ゔbu ぁa ぃi ぅu ぇe ぉo ゃa ゅu ょo`
	m := make(map[rune]string)
	for syllable := range strings.FieldsSeq(table) {
		r := []rune(syllable)
		m[r[0]] = string(r[1:])
	}
	return m
})
