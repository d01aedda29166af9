package market

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	"enishi/internal/errs"
)

// Once is the idempotency key of a create: whose it is, what it says, and the
// digest of the request it came with. The zero value is no key.
type Once struct {
	Scope  string
	Key    string
	Digest []byte
}

// ReplyScope is the scope of the keys of an account.
func ReplyScope(account int64) string { return "account:" + strconv.FormatInt(account, 10) }

// MostKeyBytes is the longest idempotency key.
const MostKeyBytes = 200

// recall fills result with the answer of an earlier request of the same key
// and says whether there was one. The same key with another request is a
// Conflict.
func (m *Market) recall(tx Tx, once Once, result any) (bool, error) {
	if once.Key == "" {
		return false, nil
	}
	reply, err := tx.FindReply(once.Scope, once.Key)
	if errs.Is(err, errs.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look up an idempotency key: %w", err)
	}
	if !bytes.Equal(reply.Digest, once.Digest) {
		return false, errs.AtPointer("/Idempotency-Key", "a key that came with another request", "a new key for a new request")
	}
	text, err := m.vault.Open(reply.Body)
	if err != nil {
		return false, fmt.Errorf("open a stored reply: %w", err)
	}
	if err := json.Unmarshal([]byte(text), result); err != nil {
		return false, fmt.Errorf("read a stored reply: %w", err)
	}
	return true, nil
}

// remember stores the result under the key, in the transaction that made it.
func (m *Market) remember(tx Tx, once Once, result any) error {
	if once.Key == "" {
		return nil
	}
	body, err := json.Marshal(result)
	if err != nil {
		return fmt.Errorf("write a reply: %w", err)
	}
	return tx.AddReply(Reply{
		Scope: once.Scope, Key: once.Key, Digest: once.Digest,
		Body: m.vault.Seal(string(body)), At: m.Now(),
	})
}
