package taxonomy

import (
	"cmp"
	"slices"
)

// tier says how a key matches a query; a lower one is better, whatever else.
type tier int

const (
	exact      tier = iota
	words           // the query is one or more whole words of a key in Latin letters: nurse is not in nursery
	prefix          // the key starts with the query
	wordPrefix      // a later word of the key does
	inside          // the query is in the key
	allParts        // each part of the query is in some key of the item
	initials        // the query is the first letters of the words of the key: 経企 of 経営企画
	oneError        // a word of the key starts with the query but for one typing error
	contained       // the query holds the key and not much else
	twoErrors
	overlap // query and key have a long run in common; asked only if nothing else is found
	noMatch
)

// With fewer finds than these, all of them beginnings, the query may as well
// mean something else: 経理部 begins 経理部長, and is accounting.
const few = 3

// hit is how well an item matches: its best key's tier and class, and how many
// letters that key has more than the query.
type hit struct {
	tier  tier
	class class
	extra int
}

func (h hit) compare(o hit) int {
	return cmp.Or(cmp.Compare(h.tier, o.tier), cmp.Compare(h.class, o.class), cmp.Compare(h.extra, o.extra))
}

// Search gives the items that a person who has typed query most likely means,
// best first, at most limit. It finds by name, reading, romaji and synonym;
// exact before whole words of Latin letters before prefix before the start of a word before the middle of one. If
// that gives nothing, it leaves out words that say nothing of the thing (さん,
// の仕事). If it gives little, it also finds by parts of the query, by initials
// and in spite of one or two typing errors. Among equals a name goes before a synonym, a
// leaf before a group, the shorter match first, then table order. An empty
// query gives the items in table order.
func (c *Classification) Search(query string, limit int) []Item {
	if limit <= 0 {
		return nil
	}
	q := newQuestion(query)
	if q.written.text == "" {
		return slices.Clone(c.items[:min(limit, len(c.items))])
	}
	found := newHits(len(c.items))
	best, count := c.searchPlain(&q, found)
	if best == noMatch {
		q, best, count = c.searchCore(query, q, found)
	}
	if best > wordPrefix || best > exact && count < few {
		c.searchParts(&q, found)
		c.searchFuzzy(&q, found)
	}
	if found.none() {
		c.searchOverlap(&q, found)
	}
	return c.ranked(found, limit)
}

// hits holds the best hit of each item.
type hits []hit

func newHits(items int) hits {
	h := make(hits, items)
	for i := range h {
		h[i].tier = noMatch
	}
	return h
}

func (h hits) improve(item int, with hit) {
	if with.compare(h[item]) < 0 {
		h[item] = with
	}
}

func (h hits) none() bool {
	return !slices.ContainsFunc(h, func(x hit) bool { return x.tier < noMatch })
}

// searchPlain gives the best tier and the number of items found.
func (c *Classification) searchPlain(q *question, found hits) (best tier, count int) {
	best = noMatch
	keys := c.names().keys
	for i := range keys {
		k := &keys[i]
		f := q.formFor(k)
		if t := f.match(k); t < noMatch {
			if found[k.item].tier == noMatch {
				count++
			}
			found.improve(k.item, hit{t, k.class, k.letters - len(f.runes)})
			best = min(best, t)
		}
	}
	return best, count
}

// searchParts cuts the query finer if no item has all of its parts.
func (c *Classification) searchParts(q *question, found hits) {
	if !c.searchAll(q.parts, found) {
		c.searchAll(q.finer, found)
	}
}

// searchAll finds the items that have all of the parts and says whether there
// are any.
func (c *Classification) searchAll(parts []question, found hits) bool {
	if len(parts) < 2 {
		return false
	}
	all := make(hits, len(c.items))
	for i := range all {
		all[i].tier = allParts
	}
	for p := range parts {
		one := newHits(len(c.items))
		c.searchPlain(&parts[p], one)
		for i, h := range one {
			if h.tier == noMatch {
				all[i].tier = noMatch
			}
			all[i].class = max(all[i].class, h.class)
			all[i].extra += h.extra
		}
		if all.none() {
			return false
		}
	}
	for i, h := range all {
		found.improve(i, h)
	}
	return true
}

func (c *Classification) searchFuzzy(q *question, found hits) {
	names := c.names()
	var rows [3][]int
	for i := range rows {
		rows[i] = make([]int, names.longest+1)
	}
	for i := range names.keys {
		k := &names.keys[i]
		f := q.formFor(k)
		if t := f.near(k, &rows); t < noMatch {
			found.improve(k.item, hit{t, k.class, max(k.letters-len(f.runes), len(f.runes)-k.letters)})
		}
	}
}

func (c *Classification) ranked(found hits, limit int) []Item {
	var order []int
	for i, h := range found {
		if h.tier < noMatch {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int {
		x, y := found[a], found[b]
		return cmp.Or(
			cmp.Compare(x.tier, y.tier),
			cmp.Compare(x.class, y.class),
			cmp.Compare(min(c.children[a], 1), min(c.children[b], 1)),
			cmp.Compare(x.extra, y.extra),
			cmp.Compare(a, b),
		)
	})
	items := make([]Item, 0, min(limit, len(order)))
	for _, i := range order[:min(limit, len(order))] {
		items = append(items, c.items[i])
	}
	return items
}
