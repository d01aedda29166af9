package web_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"enishi/internal/account"
	"enishi/internal/market"
	"enishi/internal/offer"
)

// TestABreachIsSetAside lets a company withdraw from what it promised, and an
// operator look at it.
func TestABreachIsSetAside(t *testing.T) {
	s := newSite(t)
	s.offer(1, 600)
	inbox := s.post("/signup", chosen("email", "taro@example.jp", "password", firstWords))
	link := regexp.MustCompile(`href="(/offers/[0-9a-f-]{36})"`).FindStringSubmatch(inbox.body)
	s.post(link[1]+"/accept", nil)
	s.operatorIn()
	s.holds(s.get("/operator/breaches"), http.StatusOK, "有効な違反はありません", "約束はすべて守られています")

	ctx := t.Context()
	list, err := s.market.Companies(ctx, market.Actor{Kind: account.Operator}, "", 0, 9)
	s.must(err)
	firm := market.Actor{Account: 1, Kind: account.Member, Company: list[0].Key, CompanyID: list[0].ID, Role: account.Owner}
	sent, _, err := s.market.OffersBy(ctx, firm, nil, 0, 9)
	s.must(err)
	_, err = s.market.Proceed(ctx, firm, sent[0].ID, offer.Withdraw)
	s.must(err)

	operator := s.browser
	s.ownerOf("k1@example.jp")
	s.holds(s.get("/company"), http.StatusOK, "<h1>約束の不履行 1件が、送信数に響いています</h1>")
	s.browser = operator
	page := s.get("/operator/breaches")
	s.holds(page, http.StatusOK, "有効な違反は 1件です", "会社1", "承諾されたあとに取り下げた", "11月24日(火)")
	action := regexp.MustCompile(`action="(/operator/breaches/[0-9a-f-]{36}/set-aside)"`).FindStringSubmatch(page.body)
	s.holds(s.post(action[1], form("reason", strings.Repeat("あ", 501))), http.StatusUnprocessableEntity, "理由を、500文字までの1行で", strings.Repeat("あ", 501))
	s.holds(s.post(action[1], form("reason", "双方の合意による。")), http.StatusOK, "有効な違反はありません", "双方の合意による。", "数えないことにしました")
	s.holds(s.get("/operator/audit?what=breach.set-aside"), http.StatusOK, "オファー …")
}
