package account_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/errs"
)

func TestRoles(t *testing.T) {
	t.Parallel()
	all := []account.Role{account.Owner, account.Recruiter, account.Viewer}
	for action, most := range map[account.Action]int{ // how many of the roles may, from the owner on
		account.ReadOffers: 3, account.SearchPeople: 3,
		account.OpenCard: 2, account.EditPosition: 2, account.EditRule: 2, account.ActivateRule: 2, account.AnswerOffer: 2, account.Scout: 2,
		account.ManageMembers: 1, account.ManageWebhooks: 1,
	} {
		for i, role := range all {
			err := role.May(action)
			if (i < most) != (err == nil) || err != nil && !errs.Is(err, errs.Denied) {
				t.Errorf("a %s may %s: %v", role, action, err)
			}
		}
		if err := account.Role("").May(action); !errs.Is(err, errs.Denied) {
			t.Errorf("without a role one may %s", action)
		}
	}
	if err := account.Owner.May("sell the company"); !errs.Is(err, errs.Denied) {
		t.Error("an owner may do what is no action")
	}
}

func newVault(t *testing.T, b byte) *account.Vault {
	t.Helper()
	v, err := account.NewVault(bytes.Repeat([]byte{b}, account.SecretBytes))
	if err != nil {
		t.Fatalf("make a vault: %v", err)
	}
	return v
}

func TestVault(t *testing.T) {
	t.Parallel()
	v, same, other := newVault(t, 1), newVault(t, 1), newVault(t, 2)
	for _, text := range []string{"", "taro@example.jp", "縁🙂", strings.Repeat("長", 10_000)} {
		sealed := v.Seal(text)
		if got, err := same.Open(sealed); err != nil || got != text {
			t.Errorf("Open(Seal(%.20q)) = %.20q, %v", text, got, err)
		}
		if text != "" && bytes.Contains(sealed, []byte(text)) {
			t.Errorf("the sealed text holds %.20q", text)
		}
		if bytes.Equal(sealed, v.Seal(text)) {
			t.Errorf("two seals of %.20q are equal", text)
		}
		if _, err := other.Open(sealed); !errs.Is(err, errs.Invalid) {
			t.Errorf("another secret opens %.20q: %v", text, err)
		}
		sealed[len(sealed)-1] ^= 1
		if _, err := v.Open(sealed); !errs.Is(err, errs.Invalid) {
			t.Errorf("a changed seal of %.20q opens: %v", text, err)
		}
	}
	for n := range 12 {
		if _, err := v.Open(make([]byte, n)); !errs.Is(err, errs.Invalid) {
			t.Errorf("%d bytes open: %v", n, err)
		}
	}
	hash := v.EmailHash("taro@example.jp")
	if !bytes.Equal(hash, same.EmailHash("taro@example.jp")) {
		t.Error("an address is not found again")
	}
	if bytes.Equal(hash, other.EmailHash("taro@example.jp")) || bytes.Equal(hash, v.EmailHash("jiro@example.jp")) {
		t.Error("the look-up hash does not depend on the secret and the address")
	}
	if _, err := account.NewVault(make([]byte, account.SecretBytes-1)); !errs.Is(err, errs.Invalid) {
		t.Errorf("a short secret: %v", err)
	}
}

func TestCards(t *testing.T) {
	t.Parallel()
	v := newVault(t, 1)
	company, rival := uuid.Max, uuid.Must(uuid.NewV7())
	ours, err := v.Cards(company)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := v.Cards(rival)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for range 100 {
		who := uuid.Must(uuid.NewV7())
		card := ours.Of(who)
		if seen[card] || card == theirs.Of(who) || strings.Contains(card, strings.ReplaceAll(who.String(), "-", "")[:12]) {
			t.Fatalf("card %s of %s", card, who)
		}
		seen[card] = true
		if got, err := ours.Candidate(card); err != nil || got != who {
			t.Errorf("Candidate(Of(%s)) = %s, %v", who, got, err)
		}
		if got, err := theirs.Candidate(card); err != nil || got == who {
			t.Errorf("another company's card leads to the candidate: %v", err)
		}
	}
	for _, card := range []string{"", "0", "zz", strings.Repeat("0", 30), strings.Repeat("0", 34), strings.Repeat("g", 32)} {
		if _, err := ours.Candidate(card); !errs.Is(err, errs.NotFound) {
			t.Errorf("Candidate(%q): %v", card, err)
		}
	}
}

func TestParseEmail(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"taro@example.jp":         "taro@example.jp",
		"Taro.Yamada@Example.JP":  "taro.yamada@example.jp",
		"taro+enishi@example.com": "taro+enishi@example.com",
		"ｘ@example.jp":            "x@example.jp",
		"ＴＡＲＯ＿１＠ｅｘａｍｐｌｅ．ｊｐ": "taro_1@example.jp",
	} {
		if got, err := account.ParseEmail(in); err != nil || got != want {
			t.Errorf("ParseEmail(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{
		"", "taro", "taro@localhost", "@example.jp", "taro@", "太郎 <taro@example.jp>", " taro@example.jp", "taro@example.jp,jiro@example.jp",
		"　taro@example.jp", "taro@example。jp", "taro＠＠example.jp", "太郎　＜taro@example.jp＞",
		"taro@exam\xffple.jp", strings.Repeat("a", 250) + "@example.jp",
	} {
		if got, err := account.ParseEmail(in); !errs.Is(err, errs.Invalid) {
			t.Errorf("ParseEmail(%q) = %q, %v", in, got, err)
		}
	}
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	p := account.NewPasswords()
	hash, err := p.Hash(t.Context(), "正しい馬の電池")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(hash, "$argon2id$") || strings.Contains(hash, "正しい") {
		t.Errorf("hash %q", hash)
	}
	for password, want := range map[string]bool{"正しい馬の電池": true, "正しい馬の電地": false, "": false} {
		if got, err := p.Fits(t.Context(), password, hash); err != nil || got != want {
			t.Errorf("Fits(%q) = %v, %v", password, got, err)
		}
	}
	for password, ok := range map[string]bool{
		"1234567": false, "12345678": true, "八文字の合言葉だ": true, strings.Repeat("長", 128): true, strings.Repeat("長", 129): false, "1234567\xff8": false,
	} {
		if err := p.Check(password); (err == nil) != ok || err != nil && !errs.Is(err, errs.Invalid) {
			t.Errorf("Check(%q): %v", password, err)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	for range 100 { // a free core may be taken all the same
		if _, err := p.Hash(ctx, "12345678"); errs.Is(err, errs.Busy) {
			return
		}
	}
	t.Error("a request that has ended is never refused")
}
