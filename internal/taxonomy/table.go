package taxonomy

import (
	"embed"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

//go:embed tables/*.tsv
var tables embed.FS

// A table's columns, separated by tabs.
const (
	colCode = iota
	colParent
	colJA
	colEN
	colYomi
	colSynonyms // separated by |, each with its reading in [] if it needs one
	columns
)

// record is a line of a table: the item, and the reading of each synonym, ""
// where it has none.
type record struct {
	item     Item
	readings []string
}

func loadAll() (map[Kind]*Classification, error) {
	m := make(map[Kind]*Classification, len(Kinds()))
	for _, kind := range Kinds() {
		name := "tables/" + string(kind) + ".tsv"
		text, err := tables.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		c, err := parse(kind, string(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		m[kind] = c
	}
	return m, nil
}

// parse reads a table. A parent must come before its children, a code only
// once, and the codes of an ordinal kind must be 0, 1, 2 ...
func parse(kind Kind, text string) (*Classification, error) {
	c := &Classification{kind: kind, byCode: map[string]int{}}
	var records []record
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimRight(line, "\r\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		r, err := parseLine(line)
		if err == nil {
			err = c.add(r.item)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		records = append(records, r)
	}
	c.names = sync.OnceValue(func() *names { return namesOf(records) })
	return c, nil
}

func (c *Classification) add(item Item) error {
	if _, ok := c.byCode[item.Code]; ok {
		return fmt.Errorf("code %q a second time", item.Code)
	}
	parent := -1
	if item.Parent != "" {
		p, ok := c.byCode[item.Parent]
		if !ok {
			return fmt.Errorf("parent %q not seen before %q", item.Parent, item.Code)
		}
		parent = p
		c.children[p]++
	}
	if c.kind.Ordinal() {
		if item.Code != strconv.Itoa(len(c.items)) {
			return fmt.Errorf("code %q, want %d", item.Code, len(c.items))
		}
		item.Ordinal = len(c.items)
	}
	c.byCode[item.Code] = len(c.items)
	c.items = append(c.items, item)
	c.parent = append(c.parent, parent)
	c.children = append(c.children, 0)
	return nil
}

var withReading = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^([^\[\]]+)\[([^\[\]]+)\]$`) })

func parseLine(line string) (record, error) {
	f := strings.Split(line, "\t")
	if len(f) != columns {
		return record{}, fmt.Errorf("%d columns, want %d", len(f), columns)
	}
	for i := range f {
		f[i] = strings.TrimSpace(f[i])
	}
	r := record{item: Item{Code: f[colCode], Parent: f[colParent], JA: f[colJA], EN: f[colEN], Yomi: f[colYomi]}}
	if r.item.Code == "" || r.item.JA == "" || r.item.EN == "" {
		return record{}, fmt.Errorf("code, ja and en must be filled: %q", line)
	}
	if f[colSynonyms] == "" {
		return r, nil
	}
	for s := range strings.SplitSeq(f[colSynonyms], "|") {
		sounds := ""
		if m := withReading().FindStringSubmatch(s); m != nil {
			s, sounds = m[1], m[2]
		}
		if s = strings.TrimSpace(s); s == "" {
			return record{}, fmt.Errorf("empty synonym: %q", line)
		}
		r.item.Synonyms = append(r.item.Synonyms, s)
		r.readings = append(r.readings, sounds)
	}
	return r, nil
}
