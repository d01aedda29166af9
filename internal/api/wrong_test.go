package api_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"enishi/internal/httpx"
)

// mutation is a body with one thing wrong at a place.
type mutation struct {
	what, pointer, body string
}

// unbounded are texts that may hold anything of any length that matters here.
var unbounded = []string{"/code", "/current", "/candidate", "/candidates/0"}

// wrongs gives every body that has one thing wrong of a right one: another
// type, null, a value out of bounds, a key that is unknown or lacking.
func wrongs(t *testing.T, body string, required []string) []mutation {
	t.Helper()
	var out []mutation
	var root any
	if err := json.Unmarshal([]byte(body), &root); err != nil {
		t.Fatal(err)
	}
	var walk func(at string, node any, put func(any))
	walk = func(at string, node any, put func(any)) {
		for what, wrong := range replacements(node) {
			if strings.HasPrefix(what, "value") && slices.Contains(unbounded, at) {
				continue
			}
			put(wrong)
			out = append(out, mutation{what, at, encoded(t, root)})
		}
		put(node)
		switch n := node.(type) {
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(n)) {
				walk(at+"/"+key, n[key], func(v any) { n[key] = v })
			}
			n["sex"] = "unknown"
			out = append(out, mutation{"unknown key", at + "/sex", encoded(t, root)})
			delete(n, "sex")
		case []any:
			for i := range n {
				walk(at+"/"+strconv.Itoa(i), n[i], func(v any) { n[i] = v })
			}
		}
	}
	walk("", root, func(v any) { root = v })
	for _, key := range required {
		n, _ := root.(map[string]any)
		was := n[key]
		delete(n, key)
		out = append(out, mutation{"lacking", "/" + key, encoded(t, root)})
		n[key] = was
	}
	return out
}

func replacements(node any) map[string]any {
	out := map[string]any{"null": nil}
	all := map[string]any{"text": "５", "number": 5.5, "flag": true, "list": []any{[]any{}}, "object": map[string]any{"": 1}}
	switch n := node.(type) {
	case string:
		delete(all, "text")
		out["value"] = strings.Repeat("あ", 20_000)
	case float64:
		out["value low"], out["value high"] = -1-n, 1e17
	case bool:
		delete(all, "flag")
	case []any:
		delete(all, "list")
	case map[string]any:
		delete(all, "object")
	}
	maps.Copy(out, all)
	return out
}

// related says whether a problem names a place, something in it, or what holds
// it.
func related(p httpx.Problem, at string) bool {
	return slices.ContainsFunc(p.Errors, func(f httpx.Fault) bool {
		return f.Found != "" && f.Allowed != "" && (strings.HasPrefix(f.Pointer, at) || f.Pointer != "" && strings.HasPrefix(at, f.Pointer))
	})
}

func TestEveryWrongBodyIsRefused(t *testing.T) {
	w := newWorld(t)
	doc := w.document()
	tried := 0
	for _, d := range operations(doc) {
		if d.op.RequestBody == nil {
			continue
		}
		t.Run(d.op.OperationID, func(t *testing.T) {
			schema := d.op.RequestBody.Content["application/json"].Schema
			if s := doc.Components.Schemas.SchemaFromRef(schema.Ref); s != nil {
				schema = s
			}
			tag := w.tag(d)
			before := w.head()
			for _, m := range wrongs(t, w.example(d), schema.Required) {
				tried++
				a := w.do(d.op.Method, w.target(d), w.token(d), m.body, "If-Match", tag)
				if d.op.OperationID == "sign-in" && a.status == http.StatusUnauthorized && strings.HasPrefix(m.what, "value") {
					continue
				}
				if a.status != http.StatusUnprocessableEntity {
					t.Errorf("%s at %s = %d %.300s, want 422", m.what, m.pointer, a.status, a.body)
					continue
				}
				if p := into[httpx.Problem](t, a); !related(p, m.pointer) {
					t.Errorf("%s at %s: errors %+v do not name it", m.what, m.pointer, p.Errors)
				}
			}
			if after := w.head(); after != before {
				t.Errorf("refused bodies wrote %d rows", after-before)
			}
		})
	}
	if tried < 500 {
		t.Errorf("only %d bodies were tried", tried)
	}
}

func (s *server) head() int64 {
	s.t.Helper()
	now, err := s.market.Status(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return now.LogHead
}

func TestBadInput(t *testing.T) {
	w := newWorld(t)
	before := w.head()
	wishes := func(c string) string {
		return strings.Replace(signUpBody("x@example.jp"), `{"all":[{"field":"pay_max","min":550}]}`, c, 1)
	}
	leaves := strings.TrimSuffix(strings.Repeat(`{"field":"pay_max","min":550},`, 10_000), ",")
	for _, tt := range []struct {
		name, body string
		status     int
		pointer    string
	}{
		{"over 1 MiB", wishes(`"` + strings.Repeat("a", 1<<20) + `"`), http.StatusRequestEntityTooLarge, ""},
		{"10,000 wishes", wishes(`{"any":[` + leaves + `]}`), http.StatusUnprocessableEntity, "/wishes/any/200"},
		{"nested 1,000 deep", wishes(strings.Repeat(`{"not":`, 1000) + `{"all":[]}` + strings.Repeat("}", 1000)), http.StatusUnprocessableEntity, "/wishes" + strings.Repeat("/not", 8)},
		{"nested 200,000 deep", strings.Repeat("[", 200_000), http.StatusBadRequest, ""},
		{"unknown key nested 5,000 deep", `{"x":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`, http.StatusUnprocessableEntity, "/x"},
		{"invalid UTF-8", strings.Replace(signUpBody("x@example.jp"), "山田花子", "\xff\xfe", 1), http.StatusBadRequest, ""},
		{"nothing", "", http.StatusBadRequest, ""},
		{"not JSON", "email=x", http.StatusBadRequest, ""},
		{"half", signUpBody("x@example.jp")[:40], http.StatusBadRequest, ""},
		{"two documents", signUpBody("x@example.jp") + "{}", http.StatusBadRequest, ""},
		{"a key twice", `{"email":"x@example.jp",` + signUpBody("y@example.jp")[1:], http.StatusUnprocessableEntity, "/email"},
		{"a key in another case", `{"EMAIL":"x@example.jp",` + signUpBody("y@example.jp")[1:], http.StatusUnprocessableEntity, "/EMAIL"},
		{"half a character", strings.Replace(signUpBody("x@example.jp"), `山田`, `\ud800`, 1), http.StatusBadRequest, ""},
		{"halves in the wrong order", strings.Replace(signUpBody("x@example.jp"), `山田`, `\\\udc00\ud800`, 1), http.StatusBadRequest, ""},
		{"nearly a whole number", strings.Replace(signUpBody("x@example.jp"), `"pay":520`, `"pay":5.2000000000000000001e2`, 1), http.StatusUnprocessableEntity, "/profile/pay"},
		{"too long an exponent", strings.Replace(signUpBody("x@example.jp"), `"pay":520`, `"pay":1e-999999999`, 1), http.StatusUnprocessableEntity, "/profile/pay"},
		{"a control character", strings.Replace(signUpBody("x@example.jp"), `山田`, `\u0000`, 1), http.StatusUnprocessableEntity, "/profile/name"},
		{"too big a number", strings.Replace(signUpBody("x@example.jp"), `"pay":520`, `"pay":92233720368547758080`, 1), http.StatusUnprocessableEntity, "/profile/pay"},
		{"an endless number", strings.Replace(signUpBody("x@example.jp"), `"pay":520`, `"pay":1e999`, 1), http.StatusUnprocessableEntity, "/profile/pay"},
		{"just over", strings.Replace(signUpBody("x@example.jp"), `"pay":520`, `"pay":100001`, 1), http.StatusUnprocessableEntity, "/profile/pay"},
		{"negative", strings.Replace(signUpBody("x@example.jp"), `"pay":520`, `"pay":-1`, 1), http.StatusUnprocessableEntity, "/profile/pay"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := w.problem(tt.status, w.do("POST", "/api/v1/candidates", "", tt.body))
			if tt.status == http.StatusRequestEntityTooLarge {
				return
			}
			if len(p.Errors) == 0 || p.Errors[0].Pointer != tt.pointer {
				t.Errorf("errors %+v, want one at %q", p.Errors, tt.pointer)
			}
		})
	}
	if after := w.head(); after != before {
		t.Errorf("refused bodies wrote %d rows", after-before)
	}
}

func TestEdgesAreKept(t *testing.T) {
	s := newServer(t)
	// A family emoji, a flag, か with a combining dakuten, a surrogate pair by
	// escapes, and a character beyond the basic plane.
	const name = "👨‍👩‍👧‍👦🇯🇵か\u3099𠮷"
	body := strings.NewReplacer("山田花子", name+`\ud842\udfb7`, `"pay":520`, `"pay":100000,"text":"e\u0301 😀"`).Replace(signUpBody("edge@example.jp"))
	token := into[signedUp](t, s.must(http.StatusCreated, "POST", "/api/v1/candidates", "", body)).Token
	got := into[map[string]any](t, s.must(http.StatusOK, "GET", "/api/v1/me/profile", token, ""))
	want := map[string]any{"name": name + "𠮷", "text": "e\u0301 😀", "pay": 100000.0}
	for key, v := range want {
		if got[key] != v {
			t.Errorf("%s = %q, want %q", key, got[key], v)
		}
	}
	s.must(http.StatusCreated, "POST", "/api/v1/candidates", "", strings.Replace(signUpBody("zero@example.jp"), `"pay":520`, `"pay":0`, 1))
	s.must(http.StatusCreated, "POST", "/api/v1/candidates", "", strings.Replace(signUpBody("whole@example.jp"), `"pay":520`, `"pay":5.2e2`, 1))
}

// TestSchemasRefuseTheSame holds the document to what the service does: a body
// that it refuses for its form does not follow its schema.
func TestSchemasRefuseTheSame(t *testing.T) {
	w := newWorld(t)
	doc := w.document()
	for _, s := range doc.Components.Schemas.Map() {
		s.PrecomputeMessages()
	}
	for _, d := range operations(doc) {
		if d.op.RequestBody == nil {
			continue
		}
		schema := d.op.RequestBody.Content["application/json"].Schema
		for _, m := range wrongs(t, w.example(d), nil) {
			if strings.HasPrefix(m.what, "value") || m.what == "text" || m.what == "null" {
				continue // not all bounds are in the schemas, and huma takes null for absent
			}
			var v any
			if err := json.Unmarshal([]byte(m.body), &v); err != nil {
				t.Fatal(err)
			}
			res := &huma.ValidateResult{}
			huma.Validate(doc.Components.Schemas, schema, huma.NewPathBuffer(nil, 0), huma.ModeWriteToServer, v, res)
			if len(res.Errors) == 0 {
				t.Errorf("%s: the schema allows %s at %s", d.op.OperationID, m.what, m.pointer)
			}
		}
	}
}

// All that is wrong with a sign-up is said at once.
func TestEveryFaultOfASignUpIsNamed(t *testing.T) {
	s := newServer(t)
	p := s.problem(http.StatusUnprocessableEntity, s.do("POST", "/api/v1/candidates", "",
		`{"email":"nobody","password":"short","profile":{"residence":"99"}}`))
	var at []string
	for _, e := range p.Errors {
		at = append(at, e.Pointer)
	}
	slices.Sort(at)
	if want := []string{"/email", "/password", "/profile/residence"}; !slices.Equal(at, want) {
		t.Errorf("faults at %q, want %q", at, want)
	}
}
