package web

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
)

// edition is what a form of something stored was made from: its version, and a digest
// of each of its fields, so that a stale form can say what was changed elsewhere.
type edition struct {
	version int64
	seen    string
}

// The names of a form's edition.
const (
	versionName = "version"
	seenName    = "seen"
)

func editionOf(v url.Values) edition {
	version, _ := strconv.ParseInt(v.Get(versionName), 10, 64)
	return edition{version, v.Get(seenName)}
}

// editionFrom gives the edition of a stored document.
func editionFrom(version int64, document any) (edition, error) {
	all, err := digests(document)
	if err != nil {
		return edition{}, err
	}
	return edition{version, all.Encode()}, nil
}

// digests gives a short digest of each field of a document that is a JSON object.
func digests(document any) (url.Values, error) {
	b, err := json.Marshal(document)
	if err != nil {
		return nil, fmt.Errorf("write a document: %w", err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(b, &fields); err != nil {
		return nil, fmt.Errorf("read a document: %w", err)
	}
	all := url.Values{}
	for name, text := range fields {
		sum := sha256.Sum256(text)
		all.Set(name, hex.EncodeToString(sum[:4]))
	}
	return all, nil
}

// changed gives the fields that differ between what the form was made from and what
// is stored now.
func (e edition) changed(now any) ([]string, error) {
	stored, err := digests(now)
	if err != nil {
		return nil, err
	}
	seen, _ := url.ParseQuery(e.seen)
	names := map[string]bool{}
	for _, all := range []url.Values{stored, seen} {
		for name := range all {
			if stored.Get(name) != seen.Get(name) {
				names[name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names)), nil
}
