package account

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"

	"github.com/google/uuid"

	"enishi/internal/errs"
)

// Vault derives every key of an installation from its one secret
// (HKDF-SHA-256, RFC 5869) and uses them. It is safe for concurrent use.
type Vault struct {
	secret []byte
	check  string
	mac    []byte
	seal   cipher.AEAD
}

// SecretBytes is the least length of an installation's secret.
const SecretBytes = 32

// NewVault gives the vault of a secret of at least SecretBytes bytes; a
// shorter one is Invalid.
func NewVault(secret []byte) (*Vault, error) {
	if len(secret) < SecretBytes {
		return nil, errs.AtPointer("", fmt.Sprintf("a secret of %d bytes", len(secret)),
			fmt.Sprintf("at least %d bytes", SecretBytes))
	}
	v := &Vault{secret: secret}
	mac, err := v.derive("email-lookup", 32)
	if err != nil {
		return nil, err
	}
	check, err := v.derive("check", 16)
	if err != nil {
		return nil, err
	}
	v.check = hex.EncodeToString(check)
	key, err := v.derive("seal", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("make the sealing cipher: %w", err)
	}
	v.mac = mac
	v.seal, err = cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("make the sealing cipher: %w", err)
	}
	return v, nil
}

func (v *Vault) derive(purpose string, n int) ([]byte, error) {
	key, err := hkdf.Key(sha256.New, v.secret, nil, purpose, n)
	if err != nil {
		return nil, fmt.Errorf("derive the %s key: %w", purpose, err)
	}
	return key, nil
}

// Key gives a key of 32 bytes for a purpose that is none of the vault's own.
func (v *Vault) Key(purpose string) ([]byte, error) { return v.derive("other:"+purpose, 32) }

// Check gives a text that tells this secret from another and nothing about it,
// to be kept with what the secret protects.
func (v *Vault) Check() string { return v.check }

// EmailHash gives the keyed hash by which an address is found again.
func (v *Vault) EmailHash(email string) []byte {
	h := hmac.New(sha256.New, v.mac)
	h.Write([]byte(email))
	return h.Sum(nil)
}

// Seal encrypts text (AES-256-GCM, a random nonce in front).
func (v *Vault) Seal(text string) []byte {
	nonce := make([]byte, v.seal.NonceSize())
	rand.Read(nonce) // never fails: crypto/rand ends the process instead
	return v.seal.Seal(nonce, nonce, []byte(text), nil)
}

// Open decrypts what Seal gave; what another secret sealed is Invalid.
func (v *Vault) Open(sealed []byte) (string, error) {
	n := v.seal.NonceSize()
	if len(sealed) < n {
		return "", errs.New(errs.Invalid, "sealed text is too short")
	}
	text, err := v.seal.Open(nil, sealed[:n], sealed[n:], nil)
	if err != nil {
		return "", errs.Wrap(errs.Invalid, "sealed text does not open with this secret", err)
	}
	return string(text), nil
}

// Cards turns candidates' ids into the card ids of one company and back:
// AES-128 of the UUID under HKDF(secret, company), so that two companies
// cannot tell that they look at the same person.
type Cards struct{ block cipher.Block }

// Cards gives the cards of a company.
func (v *Vault) Cards(company uuid.UUID) (Cards, error) {
	key, err := v.derive("card:"+company.String(), 16)
	if err != nil {
		return Cards{}, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return Cards{}, fmt.Errorf("make the card cipher: %w", err)
	}
	return Cards{block}, nil
}

// Of gives the card id of a candidate.
func (c Cards) Of(candidate uuid.UUID) string {
	var out [16]byte
	c.block.Encrypt(out[:], candidate[:])
	return hex.EncodeToString(out[:])
}

// Candidate gives back the id of a card's candidate; what is no card id is
// NotFound. Whether the candidate exists is for the caller to see.
func (c Cards) Candidate(card string) (uuid.UUID, error) {
	b, err := hex.DecodeString(card)
	if err != nil || len(b) != 16 {
		return uuid.Nil, errs.New(errs.NotFound, "no such candidate")
	}
	var out uuid.UUID
	c.block.Decrypt(out[:], b)
	return out, nil
}

// NewToken gives a bearer token of 256 random bits and the hash that is stored.
func NewToken() (token string, hash []byte) {
	b := make([]byte, 32)
	rand.Read(b)
	token = base64.RawURLEncoding.EncodeToString(b)
	return token, TokenHash(token)
}

// TokenHash gives the SHA-256 of a token; its 256 random bits need no salt.
func TokenHash(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}
