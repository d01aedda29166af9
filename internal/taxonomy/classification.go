package taxonomy

import "slices"

// Classification is a forest of items. It never changes; use it from as many
// goroutines as you like.
type Classification struct {
	kind     Kind
	items    []Item
	byCode   map[string]int
	parent   []int         // index of the parent, -1 at the top
	children []int         // number of direct children
	names    func() *names // made at the first search: most processes' first need is codes
}

// Kind gives what the classification classifies.
func (c *Classification) Kind() Kind { return c.kind }

// Items gives all items in table order, parents before children. The slice is
// the caller's; the synonyms in it are shared and must not be written to.
func (c *Classification) Items() []Item { return slices.Clone(c.items) }

// Find gives the item with this code.
func (c *Classification) Find(code string) (Item, bool) {
	i, ok := c.byCode[code]
	if !ok {
		return Item{}, false
	}
	return c.items[i], true
}

// Index gives the position of the code in Items. It is dense, and holds for
// this build of the program only: never store it.
func (c *Classification) Index(code string) (int, bool) {
	i, ok := c.byCode[code]
	return i, ok
}

// Leaf says whether the code is known and has nothing below it.
func (c *Classification) Leaf(code string) bool {
	i, ok := c.byCode[code]
	return ok && c.children[i] == 0
}

// Within says whether code is ancestor or stands below it. An unknown code is
// within nothing.
func (c *Classification) Within(code, ancestor string) bool {
	i, ok := c.byCode[code]
	if !ok {
		return false
	}
	a, ok := c.byCode[ancestor]
	if !ok {
		return false
	}
	return c.below(i, a)
}

// Leaves gives the codes of the leaves at or below code, in table order; none
// for an unknown code.
func (c *Classification) Leaves(code string) []string {
	a, ok := c.byCode[code]
	if !ok {
		return nil
	}
	var codes []string
	for i := a; i < len(c.items); i++ {
		if c.children[i] == 0 && c.below(i, a) {
			codes = append(codes, c.items[i].Code)
		}
	}
	return codes
}

// Name gives the item's name in the language, "ja" or "en"; any other language
// gets English, and an unknown code comes back as it is.
func (c *Classification) Name(code, lang string) string {
	i, ok := c.byCode[code]
	switch {
	case !ok:
		return code
	case lang == "ja":
		return c.items[i].JA
	default:
		return c.items[i].EN
	}
}

func (c *Classification) below(i, ancestor int) bool {
	for ; i >= 0; i = c.parent[i] {
		if i == ancestor {
			return true
		}
	}
	return false
}
