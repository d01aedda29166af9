package verify

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// object is a JSON object.
type object map[string]any

func (s *Suite) probes(ctx context.Context) (string, error) {
	for _, path := range []string{"/livez", "/readyz"} {
		status, text, err := s.ask(ctx, http.MethodGet, path, nil, nil)
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("GET %s answers %d instead of 200%s", path, status, detail(text))
		}
		if err != nil {
			return "", err
		}
	}
	return "", nil
}

var sheet = regexp.MustCompile(`href="(/static/[^"]+\.css)"`)

func (s *Suite) landing(ctx context.Context) (string, error) {
	page, err := s.pageOf(ctx, "/", "")
	if err != nil {
		return "", err
	}
	found := sheet.FindStringSubmatch(page)
	if !strings.Contains(page, "Enishi") || found == nil {
		return "", errors.New("GET / is not the landing page: it has no name or no style sheet")
	}
	text, err := s.pageOf(ctx, found[1], "")
	if err == nil && !strings.Contains(text, "{") {
		err = fmt.Errorf("GET %s is no style sheet", found[1])
	}
	return "", err
}

func (s *Suite) document(ctx context.Context) (string, error) {
	var doc struct {
		Info  struct{ Version string }
		Paths map[string]any
	}
	if err := s.call(ctx, http.MethodGet, "/api/v1/openapi.json", "", nil, http.StatusOK, &doc); err != nil {
		return "", err
	}
	if doc.Paths["/api/v1/operator/trials"] == nil {
		return "", errors.New("its program is older than this: its document has no /api/v1/operator/trials")
	}
	return "version " + doc.Info.Version, nil
}

func (s *Suite) insight(ctx context.Context) (string, error) {
	var out struct {
		Reach *object `json:"reach"`
	}
	err := s.call(ctx, http.MethodPost, "/api/v1/insight", "", object{"profile": profile()}, http.StatusOK, &out)
	if err == nil && out.Reach == nil {
		err = errors.New("POST /api/v1/insight says nothing of how many rules are reached")
	}
	return "", err
}

func profile() object {
	return object{
		"name": "動作 検証", "residence": "13", "pay": 500, "occupation": []object{{"code": "0312", "min": 5}},
		"skill": []object{{"code": "go", "min": 4}},
	}
}

// enter signs the operator in, if need be, and asks which installation it is.
func (s *Suite) enter(ctx context.Context) (Installation, error) {
	s.operator = s.o.Token
	if s.operator == "" {
		var session struct{ Token string }
		body := object{"email": s.o.Email, "password": s.o.Password, "kind": "operator"}
		if err := s.call(ctx, http.MethodPost, "/api/v1/sessions", "", body, http.StatusCreated, &session); err != nil {
			return Installation{}, err
		}
		s.operator = session.Token
	}
	var settings struct {
		Mode        string  `json:"matching_mode"`
		Environment *string `json:"environment"`
		DataKind    string  `json:"data_kind"`
	}
	if err := s.call(ctx, http.MethodGet, "/api/v1/operator/settings", s.operator, nil, http.StatusOK, &settings); err != nil {
		return Installation{}, err
	}
	s.mode = settings.Mode
	if s.mode != "auto" && s.mode != "approve" {
		return Installation{}, fmt.Errorf("offers leave by a mode that is not known: %q", s.mode)
	}
	at := Installation{Data: settings.DataKind}
	if settings.Environment != nil {
		at.Name, s.keepsOrders = *settings.Environment, true
	}
	return at, nil
}

// open opens the trial. An installation of a program from before, which does not say its
// name, is not told by whom and why either.
func (s *Suite) open(ctx context.Context) (string, error) {
	var body any
	if s.keepsOrders {
		body = s.ordered
	}
	err := s.call(ctx, http.MethodPost, "/api/v1/operator/trials", s.operator, body, http.StatusCreated, &s.trial)
	if err == nil && (s.trial.ID == "" || s.trial.Key == "" || s.trial.Number == "") {
		err = errors.New("POST /api/v1/operator/trials opened a trial without an id, a key or a number")
	}
	return "", err
}

// address gives an address of somebody of the trial.
func (s *Suite) address() string {
	return strings.Replace(s.o.Address, "*", strings.ToLower(rand.Text()[:12]), 1)
}

const firm = "動作検証用の会社"

func (s *Suite) found(ctx context.Context) (string, error) {
	var founded struct{ ID, Token string }
	body := object{"corporate_number": s.trial.Number, "name": firm, "size": 2, "email": s.address()}
	if err := s.call(ctx, http.MethodPost, "/api/v1/companies", "", body, http.StatusCreated, &founded); err != nil {
		return "", err
	}
	s.company, s.owner = founded.ID, founded.Token
	var decided struct{ Status string }
	err := s.call(ctx, http.MethodPost, "/api/v1/operator/companies/"+s.company+"/verify", s.operator, nil, http.StatusOK, &decided)
	if err == nil && decided.Status != "verified" {
		err = fmt.Errorf("the company is %q after it was verified", decided.Status)
	}
	return "", err
}

func terms() object {
	return object{
		"title": "動作検証用の求人", "occupation": "0312", "industry": "39", "prefecture": []string{"13"}, "employment_type": "seishain",
		"pay_min": 600, "pay_max": 900, "remote": 1,
		"legal": object{
			"work": "開発", "work_change": "会社の定める業務", "place": "東京", "place_change": "会社の定める場所", "contract_term": "期間の定めなし",
			"renewal_limit": "該当なし", "trial_period": "3か月", "hours": "10:00〜19:00", "overtime": "月15時間", "holidays": "土日祝",
			"pay": "月給50万円", "fixed_overtime_pay": "なし", "insurance": "社会保険完備", "smoking": "屋内禁煙",
		},
	}
}

func (s *Suite) ruleBody() object {
	return object{
		"position": s.position, "kind": "interview", "must": object{"field": "skill", "in": []string{"go"}, "min": 3},
		"daily_budget": 5, "total_budget": 5,
	}
}

func (s *Suite) order(ctx context.Context) (string, error) {
	var made struct{ ID string }
	if err := s.call(ctx, http.MethodPost, "/api/v1/positions", s.owner, terms(), http.StatusCreated, &made); err != nil {
		return "", err
	}
	s.position = made.ID
	if err := s.call(ctx, http.MethodPost, "/api/v1/positions/"+s.position+"/publish", s.owner, nil, http.StatusOK, nil); err != nil {
		return "", err
	}
	if err := s.call(ctx, http.MethodPost, "/api/v1/rules", s.owner, s.ruleBody(), http.StatusCreated, &made); err != nil {
		return "", err
	}
	s.rule = made.ID
	return "", s.call(ctx, http.MethodPost, "/api/v1/rules/"+s.rule+"/activate", s.owner, nil, http.StatusAccepted, nil)
}

func (s *Suite) signUp(ctx context.Context) (string, error) {
	var made struct {
		Token  string
		Offers []offered
		Asked  int
	}
	s.email = s.address()
	began := s.o.Now()
	body := object{"email": s.email, "profile": profile(), "wishes": object{"all": []object{{"field": "pay_max", "min": 550}}}}
	if err := s.call(ctx, http.MethodPost, "/api/v1/candidates", "", body, http.StatusCreated, &made); err != nil {
		return "", err
	}
	took := s.o.Now().Sub(began).Round(time.Millisecond)
	s.candidate = made.Token
	for _, o := range made.Offers {
		if o.Company.Name != firm {
			return "", fmt.Errorf("the trial's candidate is offered something by %q, which is not of the trial", o.Company.Name)
		}
	}
	if s.mode == "approve" {
		if made.Asked != 1 {
			return "", fmt.Errorf("%d companies are asked at once, want the trial's", made.Asked)
		}
		return fmt.Sprintf("the company is asked after %s", took), nil
	}
	if len(made.Offers) != 1 {
		return "", fmt.Errorf("the answer holds %d offers, want the trial's", len(made.Offers))
	}
	return fmt.Sprintf("offered after %s", took), nil
}

// offered is an offer.
type offered struct {
	ID       string
	State    string
	Thread   string
	Position string
	Company  struct{ Name string }
	Slots    []struct{ ID string }
	Date     *struct{ ID string }
}

var code = regexp.MustCompile(`(?m)Code.*?([0-9]{8})\s*$`)

func (s *Suite) confirm(ctx context.Context) (string, error) {
	var digits string
	began := s.o.Now()
	err := s.eventually(ctx, func() error {
		var mails struct {
			Items []struct{ To, Text, State string }
		}
		if err := s.call(ctx, http.MethodGet, "/api/v1/operator/trials/"+s.trial.ID+"/mails", s.operator, nil, http.StatusOK, &mails); err != nil {
			return err
		}
		for _, m := range mails.Items {
			found := code.FindStringSubmatch(m.Text)
			switch {
			case !strings.EqualFold(m.To, s.email):
			case found == nil:
				return errors.New("the mail that confirms the address has no code")
			case m.State != "sent":
				return fmt.Errorf("the mail that confirms the address is %q, not sent: look at the worker's log", m.State)
			default:
				digits = found[1]
				return nil
			}
		}
		return errors.New("no mail was written that confirms the address")
	})
	if err != nil {
		return "", err
	}
	took := s.o.Now().Sub(began).Round(time.Millisecond)
	return fmt.Sprintf("sent after %s", took), s.call(ctx, http.MethodPost, "/api/v1/me/confirm", s.candidate, object{"code": digits}, http.StatusNoContent, nil)
}
