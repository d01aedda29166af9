package web

import "testing"

// TestPay expects thousands to be kept apart wherever pay is said.
func TestPay(t *testing.T) {
	w, low, high := words{}, 980, 1075
	for got, want := range map[string]string{
		w.Pay(high): "1,075万円", w.Pay(low): "980万円", w.PayRange(&low, &high): "980〜1,075万円", w.PayRange(&high, nil): "1,075万円〜",
		words{english: true}.PayRange(&low, &high): "JPY 9.8M–JPY 10.75M",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
