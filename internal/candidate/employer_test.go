package candidate_test

import (
	"testing"

	"enishi/internal/candidate"
)

// TestNamesOfEmployers compares names that people type with names of companies.
func TestNamesOfEmployers(t *testing.T) {
	for _, c := range []struct {
		typed, company string
		means, part    bool
	}{
		{"株式会社梢浜機工商会", "株式会社梢浜機工商会", true, true},
		{"梢浜機工商会", "株式会社梢浜機工商会", true, true},
		{"梢浜機工商会", "梢浜機工商会", true, true},
		{"㈱梢浜機工商会", "株式会社梢浜機工商会", true, true},
		{"（株）梢浜機工商会", "株式会社梢浜機工商会", true, true},
		{"梢濱機工商会（株）", "株式会社梢浜機工商会", true, true},
		{"株式会社　梢浜 機工商会", "株式会社梢浜機工商会", true, true},
		{"株式会社梢浜機工商会 大阪支店 営業部", "株式会社梢浜機工商会", true, false},
		{"ｶｶﾞﾐ商事㈱", "株式会社カガミ商事", true, true},
		{"ACME Co., Ltd.", "株式会社Ａｃｍｅ", true, true},
		{"有限会社梢浜機工商会", "株式会社梢浜機工商会", false, false},
		{"社会医療法人青葉会", "医療法人青葉会", true, true},
		{"梢浜", "株式会社梢浜機工商会", false, true},
		{"㈱梢浜", "株式会社梢浜機工商会", false, true},
		{"株式会社梢浜機工商会ホールディングス", "株式会社梢浜機工商会", false, false},
		{"株式会社", "株式会社梢浜機工商会", false, false},
		{"", "株式会社梢浜機工商会", false, false},
		{"", "株式会社", false, false},
	} {
		typed, company := candidate.ParseEmployer(c.typed), candidate.ParseEmployer(c.company)
		if got := typed.Means(company); got != c.means {
			t.Errorf("%q means %q: %v, want %v", c.typed, c.company, got, c.means)
		}
		if got := typed.Part(company); got != c.part {
			t.Errorf("%q stands in %q: %v, want %v", c.typed, c.company, got, c.part)
		}
	}
}
