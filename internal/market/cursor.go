package market

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"enishi/internal/errs"
)

// SealCursor gives the text under which the key of a row leaves the process as
// a place in a list: one cipher block under a key of the installation and the
// list, always the same for the same place.
func (m *Market) SealCursor(list string, key int64) (string, error) {
	cards, err := m.vault.Cards(cursorScope(list))
	if err != nil {
		return "", err
	}
	var place uuid.UUID
	binary.BigEndian.PutUint64(place[:8], uint64(key))
	return cards.Of(place), nil
}

// OpenCursor gives back the key. What SealCursor did not give for this list is
// Invalid: the second half of the block is zero in its answers alone.
func (m *Market) OpenCursor(list, text string) (int64, error) {
	refused := errs.AtPointer("", strconv.Quote(text), "next_cursor of an earlier answer to the same list")
	if len(text) != hex.EncodedLen(len(uuid.UUID{})) {
		return 0, refused
	}
	cards, err := m.vault.Cards(cursorScope(list))
	if err != nil {
		return 0, err
	}
	place, err := cards.Candidate(text)
	if err != nil || binary.BigEndian.Uint64(place[8:]) != 0 {
		return 0, refused
	}
	return int64(binary.BigEndian.Uint64(place[:8])), nil
}

// cursorScope gives each list an id of its own; no company has an id of this
// version of UUID.
func cursorScope(list string) uuid.UUID { return uuid.NewSHA1(uuid.Nil, []byte("cursor:"+list)) }

// SealText gives a text under which something leaves the process and comes back as it
// was, for a purpose of the caller: nobody else reads it or makes one.
func (m *Market) SealText(purpose, text string) string {
	return base64.RawURLEncoding.EncodeToString(m.vault.Seal(purpose + "\x00" + text))
}

// OpenText gives back the text. What SealText did not give for this purpose is Invalid.
func (m *Market) OpenText(purpose, sealed string) (string, error) {
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil {
		return "", errs.Wrap(errs.Invalid, "no sealed text", err)
	}
	opened, err := m.vault.Open(raw)
	if err != nil {
		return "", err
	}
	text, ok := strings.CutPrefix(opened, purpose+"\x00")
	if !ok {
		return "", errs.New(errs.Invalid, "sealed for something else")
	}
	return text, nil
}
