package api

import (
	"context"
	"net/http"

	"enishi/internal/company"
	"enishi/internal/corpnum"
	"enishi/internal/httpx"
	"enishi/internal/market"
)

// CompanyBody is what an employer gives to register.
type CompanyBody struct {
	Number   corpnum.Number  `json:"corporate_number"`
	Name     string          `json:"name" minLength:"1" maxLength:"100"`
	Head     *corpnum.Number `json:"head,omitempty" doc:"The head of its group; absent: itself."`
	Size     int             `json:"size" minimum:"0" maximum:"6" doc:"A band of GET /api/v1/taxonomy/company_size."`
	Email    string          `json:"email" format:"email" maxLength:"254"`
	Password string          `json:"password,omitempty" minLength:"8" maxLength:"128"`
}

// Founded answers a company's registration.
type Founded struct {
	ID    string `json:"id"`
	Token string `json:"token" doc:"Of its owner, for Authorization: Bearer."`
}

// CompanyStatus is how far an operator has taken a company.
type CompanyStatus struct {
	ID     string `json:"id"`
	Status string `json:"status" enum:"applied,verified,suspended"`
}

// DecisionBody says why an operator decides so.
type DecisionBody struct {
	Reason string `json:"reason,omitempty" maxLength:"500" doc:"Kept with the decision."`
}

// CompanyAnswer is a company as operators see it.
type CompanyAnswer struct {
	ID     string         `json:"id"`
	Number corpnum.Number `json:"corporate_number" doc:"That it registered with."`
	Freed  bool           `json:"number_freed" doc:"An operator has freed the number for another: this company stays suspended."`
	Head   corpnum.Number `json:"head" doc:"Of its group, as it says; its own number if it names none."`
	Name   string         `json:"name"`
	Size   int            `json:"size"`
	Status string         `json:"status" enum:"applied,verified,suspended"`
}

// companyList are the parameters of the operators' list.
type companyList struct {
	Paging
	Status string `query:"status" enum:"applied,verified,suspended" doc:"Only those that stand so."`
	Text   string `query:"q" maxLength:"100" doc:"Only those whose name holds this, or whose number begins with it."`
}

func (s *service) addCompanies() {
	handle(s, operation{
		method: http.MethodGet, path: "/api/v1/operator/companies", id: "companies", class: httpx.Ordinary, tag: tagOperators, who: operators,
		summary: "The companies, in the order in which they registered", answer: page[CompanyAnswer]{Items: []CompanyAnswer{exampleCompanyAnswer()}},
	}, s.companies)
	handleBody(s, operation{
		method: http.MethodPost, path: "/api/v1/companies", id: "found-company", class: httpx.SignUp, tag: tagVisitors, status: http.StatusCreated, limited: true,
		summary: "Register a company; its rules send once an operator has verified it",
		errors:  []int{http.StatusForbidden, http.StatusConflict}, request: exampleCompany(), answer: Founded{exampleID(1), exampleToken},
	}, s.found)
	for _, step := range []struct {
		name, summary string
		status        company.Status
	}{
		{"verify", "Verify a company", company.Verified},
		{"suspend", "Suspend a company; what is not accepted is withdrawn, and an applicant loses the group that it named", company.Suspended},
	} {
		handleBody(s, operation{
			method: http.MethodPost, path: "/api/v1/operator/companies/{id}/" + step.name, id: step.name + "-company", class: httpx.Ordinary,
			tag: tagOperators, who: operators, summary: step.summary, errors: []int{http.StatusConflict}, optional: true,
			request: DecisionBody{"登記情報と一致することを確認しました。"}, answer: CompanyStatus{exampleID(1), string(step.status)},
		}, func(ctx context.Context, in *Identified, b *DecisionBody) (*answered[CompanyStatus], error) {
			id, err := in.uuid("company")
			if err != nil {
				return nil, err
			}
			k, err := s.market.Decide(ctx, actorOf(ctx), id, step.status, b.Reason)
			if err != nil {
				return nil, err
			}
			return &answered[CompanyStatus]{CompanyStatus{k.ID.String(), string(k.Status)}}, nil
		})
	}
}

func (s *service) companies(ctx context.Context, in *companyList) (*answered[page[CompanyAnswer]], error) {
	list := "companies " + in.Status + " " + in.Text
	after, err := in.key(ctx, s, list)
	if err != nil {
		return nil, err
	}
	found, err := s.market.FindCompanies(ctx, actorOf(ctx), in.Text, company.Status(in.Status), after, in.Limit+1)
	if err != nil {
		return nil, err
	}
	found, next := cutPage(found, in.Limit, func(k company.Company) int64 { return k.Key })
	items := make([]CompanyAnswer, len(found))
	for i, k := range found {
		items[i] = companyAnswer(&k)
	}
	out, err := paged(ctx, s, list, items, next)
	return &answered[page[CompanyAnswer]]{out}, err
}

func companyAnswer(k *company.Company) CompanyAnswer {
	return CompanyAnswer{k.ID.String(), k.Number, k.Freed, k.Head, k.Name, k.Size, string(k.Status)}
}

func (s *service) found(ctx context.Context, in *Registration, b *CompanyBody) (*answered[Founded], error) {
	once, err := in.once(ctx)
	if err != nil {
		return nil, err
	}
	give := market.Found{Number: b.Number, Name: b.Name, Size: b.Size, Email: b.Email, Password: b.Password, Trial: in.Trial}
	if b.Head != nil {
		give.Head = *b.Head
	}
	made, err := s.market.Found(ctx, give, once)
	if err != nil {
		return nil, err
	}
	return &answered[Founded]{Founded{made.ID.String(), made.Token}}, nil
}
