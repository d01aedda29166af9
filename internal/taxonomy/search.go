package taxonomy

import "strings"

// key is one text under which an item is found.
type key struct {
	item int
	text string
}

func keysOf(records []record) []key {
	var keys []key
	for i, r := range records {
		for _, s := range append([]string{r.item.JA, r.item.EN, r.item.Yomi}, append(r.item.Synonyms, r.readings...)...) {
			keys = append(keys, key{i, strings.ToLower(s)})
		}
	}
	return keys
}

// Search gives the items that a person who has typed query most likely means,
// best first, at most limit. An empty query gives the items in table order.
func (c *Classification) Search(query string, limit int) []Item {
	var found []Item
	seen := make([]bool, len(c.items))
	for _, k := range c.keys {
		if len(found) < limit && !seen[k.item] && strings.Contains(k.text, strings.ToLower(query)) {
			seen[k.item] = true
			found = append(found, c.items[k.item])
		}
	}
	return found
}
