// Package taxonomy gives the classifications that profiles, positions and
// conditions choose their codes from, and finds an entry by what a person
// types: kanji, kana, romaji, English, an abbreviation, a slip of the finger.
//
// A code is for ever: it is stored in documents and conditions, so an entry
// may be added or renamed, but a code never comes to mean something else.
// Documents hold leaves only. Hence each group whose official children are not
// exhaustive has an "other" entry, and in occupations that is group + "99".
//
// Why the tables are as they are:
//   - Occupations follow the pick list that Hello Work shows to job seekers,
//     not the classification behind it, whose 371 groups are made for
//     statistics. There an entry may stand under several groups; here each has
//     one home and the other places find it by a synonym, since two codes for
//     one job would split every count. IT, sales and planning are finer than
//     in the pick list: there direct recruiting happens most.
//   - Industries are the divisions and major groups of JSIC, unchanged, so that
//     official figures apply.
//   - A region has no code in JIS X 0401, so its code is a word. Hokkaido is a
//     region and a prefecture, that every prefecture may have a region.
//   - Employment types are those of an employment contract; work under a
//     service contract has other legal duties and is not offered here.
//     Dispatched work is an entry of its own so that wishes can leave it out.
//   - Weekly days off are banded as the General Survey on Working Conditions
//     bands them, because "two days a week" in an advertisement says too little.
//
// Synonyms are what people type, outdated titles that imply a sex among them.
// They are for finding, never for showing.
//
// Everything here is immutable and may be used by many goroutines at once.
package taxonomy

import "sync"

// Kind names a classification. It is also the field name in documents and
// conditions, except that residence and willing_prefecture share Prefecture.
type Kind string

// The classifications.
const (
	Occupation       Kind = "occupation"
	Industry         Kind = "industry"
	Prefecture       Kind = "prefecture"
	Skill            Kind = "skill"
	Language         Kind = "language"
	Certification    Kind = "certification"
	Education        Kind = "education"
	Management       Kind = "management"
	EmploymentStatus Kind = "employment_status"
	EmploymentType   Kind = "employment_type"
	OfferKind        Kind = "kind"
	Remote           Kind = "remote"
	CompanySize      Kind = "company_size"
	WeeklyDaysOff    Kind = "weekly_days_off"
)

// Kinds gives every kind, in a fixed order.
func Kinds() []Kind {
	return []Kind{
		Occupation, Industry, Prefecture, Skill, Language, Certification, Education,
		Management, EmploymentStatus, EmploymentType, OfferKind, Remote, CompanySize, WeeklyDaysOff,
	}
}

// Ordinal says whether the codes of the kind are the numbers 0, 1, 2 ... and
// their order has a meaning.
func (k Kind) Ordinal() bool {
	switch k {
	case Education, Management, Remote, CompanySize, WeeklyDaysOff:
		return true
	default:
		return false
	}
}

// Item is one entry of a classification.
type Item struct {
	Code     string
	Parent   string // code of the group; "" at the top
	JA, EN   string
	Ordinal  int      // the code as a number for ordinal kinds, else 0
	Synonyms []string // for finding, not for showing
	Yomi     string   // reading of JA in hiragana
}

// Of gives the classification of a kind, or nil if there is none.
func Of(kind Kind) *Classification { return all()[kind] }

// all reads the tables once, at first use. They are part of the program, so a
// faulty one is a fault of the program: the tests read them too, and none that
// fails here can pass them.
var all = sync.OnceValue(func() map[Kind]*Classification {
	m, err := loadAll()
	if err != nil {
		panic(err)
	}
	return m
})
