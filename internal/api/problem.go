package api

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"enishi/internal/httpx"
)

// problems turns huma's own errors, about parameters, into problem documents.
func problems(_ huma.Context, _ string, v any) (any, error) {
	m, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	p := httpx.NewProblem(m.Status, m.Detail)
	if m.Status == http.StatusUnprocessableEntity {
		p.Detail = "the input is not valid"
	}
	for _, e := range m.Errors {
		_, name, _ := strings.Cut(e.Location, ".") // query.limit, header.If-Match
		allows := e.Message
		if name == "limit" {
			allows = "a whole number from 1 to 100"
		}
		p.Errors = append(p.Errors, httpx.Fault{Pointer: "/" + name, Found: found(e.Value), Allowed: allows})
	}
	return p, nil
}

func found(v any) string {
	const most = 80
	b, err := json.Marshal(v)
	switch {
	case err != nil || v == nil || v == "":
		return "nothing"
	case len(b) > most:
		return string([]rune(string(b))[:most/4]) + "…"
	}
	return string(b)
}

// failureExample gives an example of a failure's body.
func failureExample(status int) *httpx.Problem {
	switch status {
	case http.StatusBadRequest:
		return httpx.NewProblem(status, "the body is not JSON",
			httpx.Fault{Pointer: "", Found: "unexpected end of JSON input, at byte 12", Allowed: "one JSON object in UTF-8"})
	case http.StatusUnauthorized:
		return httpx.NewProblem(status, "the token is unknown or has expired: sign in again")
	case http.StatusForbidden:
		return httpx.NewProblem(status, "this needs the token of a candidate, and yours is of a company's member")
	case http.StatusNotFound:
		return httpx.NewProblem(status, "no such offer")
	case http.StatusConflict:
		return httpx.NewProblem(status, "an offer that is declined cannot take the step accept")
	case http.StatusPreconditionFailed:
		return httpx.NewProblem(status, "this was changed since you read it: read it again and repeat the change")
	case http.StatusPreconditionRequired:
		return httpx.NewProblem(status, "send If-Match with the ETag that you read, so that nobody's edit is lost")
	case http.StatusRequestEntityTooLarge:
		return httpx.NewProblem(status, "the body is larger than 1048576 bytes")
	case http.StatusUnsupportedMediaType:
		return httpx.NewProblem(status, `send the body as application/json in UTF-8, not as "text/plain"`)
	case http.StatusUnprocessableEntity:
		return httpx.NewProblem(status, "the input is not valid",
			httpx.Fault{Pointer: "/profile/skill/0/min", Found: "9", Allowed: "one of 1, 2, 3, 4, 5"})
	case http.StatusTooManyRequests:
		return httpx.NewProblem(status, "too many requests from this address")
	case http.StatusServiceUnavailable:
		return httpx.NewProblem(status, "this took too long; try again")
	}
	return httpx.NewProblem(http.StatusInternalServerError, "something went wrong here; it has been noted")
}
