package e2e_test

import (
	"encoding/json"

	"enishi/internal/corpnum"
	"enishi/internal/e2e"
)

// offersArrive opens an inbox and has a company send an offer: it is there without a
// reload, and said. A tab that was hidden, or whose line was cut, catches up.
func offersArrive(s *stage) {
	tab := s.tab(e2e.View{Width: e2e.Phone})
	stranger(tab)
	tab.Has("body[data-listening]")
	const top = `String(Math.round(window.first.getBoundingClientRect().top))`
	tab.Run(`window.same = true; window.first = document.querySelector("#inbox article")`)
	was := tab.Text(top)
	s.sendsOffers("ライブ配信の会社", "届いたばかりの求人")
	tab.Says("新しいオファーが届きました。", "届いたばかりの求人")
	if is := tab.Text(top); is != was || tab.Text(`String(document.querySelector("#inbox article") === window.first)`) != "false" {
		s.Errorf("an offer came in above, and the card that was first moved from %s to %s", was, is)
	}
	if tab.Text("window.same") != "true" {
		s.Error("the page was loaded again")
	}
	tab.Unbarred()

	tab.Expect("ERR_INTERNET_DISCONNECTED")
	tab.Offline(true)
	tab.Run(`window.dispatchEvent(new Event("pagehide"))`)
	s.sendsOffers("圏外の会社", "圏外に届いた求人")
	tab.Offline(false)
	tab.Run(`document.dispatchEvent(new Event("visibilitychange"))`)
	tab.Says("圏外に届いた求人")
	tab.Expect()
}

// sendsOffers registers a company that offers a position to all who write software,
// and gives the address of its owner.
func (s *stage) sendsOffers(company, title string) (email string) {
	s.Helper()
	email = address("live")
	counter.Lock()
	counter.n++
	number := corpnum.From(800_000_000_000 + int64(counter.n))
	counter.Unlock()
	var founded struct{ Token string }
	s.ask("POST", "/api/v1/companies", "", map[string]any{
		"corporate_number": number, "name": company, "size": 2, "email": email, "password": e2e.Password,
	}, &founded)
	legal := map[string]string{}
	for _, item := range []string{
		"work", "work_change", "place", "place_change", "contract_term", "renewal_limit", "trial_period", "hours", "overtime", "holidays", "pay", "fixed_overtime_pay", "insurance", "smoking",
	} {
		legal[item] = "記載のとおり"
	}
	var made struct{ ID string }
	s.ask("POST", "/api/v1/positions", founded.Token, map[string]any{
		"title": title, "occupation": "0312", "prefecture": []string{"13"}, "employment_type": "seishain", "pay_min": 600, "pay_max": 800, "legal": legal,
	}, &made)
	s.ask("POST", "/api/v1/positions/"+made.ID+"/publish", founded.Token, nil, nil)
	s.ask("POST", "/api/v1/rules", founded.Token, map[string]any{
		"position": made.ID, "kind": "interview", "must": map[string]any{"field": "occupation", "in": []string{"0312"}}, "daily_budget": 500, "total_budget": 500,
	}, &made)
	s.ask("POST", "/api/v1/rules/"+made.ID+"/activate", founded.Token, nil, nil)
	return email
}

// ask asks the API as whom a token is of, which must do it, and reads the answer.
func (s *stage) ask(method, path, token string, body, into any) {
	s.Helper()
	text := s.server.Ask(method, path, token, body)
	if into == nil {
		return
	}
	if err := json.Unmarshal(text, into); err != nil {
		s.Fatalf("%s %s: %v", method, path, err)
	}
}
