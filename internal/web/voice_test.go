package web_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// TestWordsOfOthersSayTheirLanguage opens an offer with Japanese terms in English: each
// text of the company says that it is Japanese, the page says it once, and a page in
// Japanese says neither.
func TestWordsOfOthersSayTheirLanguage(t *testing.T) {
	s := newSite(t)
	s.offer(1, 600)
	inbox := s.post("/signup", chosen("email", "taro@example.jp", "password", firstWords))
	link := regexp.MustCompile(`href="(/offers/[0-9a-f-]{36})"`).FindStringSubmatch(inbox.body)
	const once = "in the company&#39;s own words"
	page := s.get(link[1], "Accept-Language", "en")
	s.holds(page, http.StatusOK, once)
	if n := strings.Count(page.body, once); n != 1 {
		t.Errorf("the page says %d times whose words they are, want once", n)
	}
	marked := regexp.MustCompile(`<(\w+)[^>]* lang="ja"[^>]*>[^<]*</`).ReplaceAllString(main(page.body), "")
	page.body = `<main id="main">` + marked
	s.english(page)
	if p := s.get(link[1], "Accept-Language", "ja"); strings.Contains(main(p.body), "lang=") {
		t.Error("a Japanese page marks Japanese words")
	}
}
