package api

import (
	"context"
	"net/http"

	"enishi/internal/httpx"
	"enishi/internal/market"
)

// Export is everything that is kept of a candidate.
type Export struct {
	market.Kept
	Wishes overPositions `json:"wishes"`
}

// download is an export that a browser keeps as a file.
type download struct {
	Disposition string `header:"Content-Disposition" doc:"A name for the file."`
	Body        Export
}

func (s *service) addExport() {
	handle(s, operation{
		method: http.MethodGet, path: "/api/v1/me/export", id: "export", class: httpx.Own, tag: tagCandidates, who: candidates,
		summary: "Everything that is kept of you", detail: "Account, profile, wishes, blocks, offers with their terms and messages, who opened your card, sessions. Nothing counts as seen or read by it.",
		answer: exampleExport(),
	}, s.export)
}

func (s *service) export(ctx context.Context, _ *none) (*download, error) {
	out, err := s.market.Export(ctx, actorOf(ctx))
	return &download{`attachment; filename="enishi.json"`, Export{out.Kept, overPositions{out.Wishes}}}, err
}

func exampleExport() Export {
	o := exampleOffer(toCandidate)
	return Export{market.Kept{
		At: o.SentAt, Account: market.KeptAccount{ID: exampleID(2), Email: "hanako@example.jp", Confirmed: true, Language: "ja", CreatedAt: o.SentAt},
		Open: true, Limit: 10, Active: o.ExpiresOn, Since: o.SentAt, Profile: exampleProfile(),
		Blocks: exampleBlocks().Blocks, Employers: exampleBlocks().Employers,
		Offers: []market.KeptOffer{{
			ID: o.ID, Company: o.Company.Name, Kind: o.Kind, Sender: o.Sender, State: o.State, SentAt: o.SentAt, ExpiresOn: o.ExpiresOn,
			Terms: o.Terms, Messages: []market.KeptMessage{{By: exampleMessage().By, Text: exampleMessage().Text, At: exampleMessage().At}},
		}},
		Views:    []market.KeptView{{Company: exampleView().Company.Name, At: exampleView().At}},
		Sessions: []market.KeptSession{{CreatedAt: o.SentAt, ExpiresAt: o.SentAt.AddDate(0, 1, 0)}},
	}, exampleWishes()}
}
