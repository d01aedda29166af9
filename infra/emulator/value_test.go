package emulator

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// at follows a path through maps and lists: names whatever their case, numbers,
// [name=value], which is what in a list has that, and *, which is all in a list.
func at(value any, path string) any {
	for i, step := range steps(path) {
		if step == "*" {
			return each(value, strings.Join(steps(path)[i+1:], "/"))
		}
		switch v := unfold(value).(type) {
		case map[string]any:
			value = field(v, step)
		case []any:
			value = inList(v, step)
		default:
			return nil
		}
	}
	return value
}

// each follows the rest of a path from all that a list holds.
func each(value any, path string) any {
	list, is := value.([]any)
	if !is {
		return nil
	}
	out := make([]any, len(list))
	for i, one := range list {
		out[i] = at(one, path)
	}
	return out
}

// steps parts a path; what is in brackets is one step, whatever it holds.
func steps(path string) (out []string) {
	inside, begins := false, 0
	for i, c := range path + "/" {
		switch {
		case c == '[':
			inside = true
		case c == ']':
			inside = false
		case c == '/' && !inside:
			if i > begins {
				out = append(out, path[begins:i])
			}
			begins = i + 1
		}
	}
	return out
}

func field(m map[string]any, name string) any {
	if v, found := m[name]; found {
		return v
	}
	for key, v := range m {
		if strings.EqualFold(key, name) {
			return v
		}
	}
	return nil
}

func inList(list []any, step string) any {
	if i, err := strconv.Atoi(step); err == nil {
		if i < len(list) {
			return list[i]
		}
		return nil
	}
	if !strings.Contains(step, "=") {
		return nil
	}
	for _, one := range list {
		if !slices.ContainsFunc(strings.Split(strings.Trim(step, "[]"), "&"), func(condition string) bool {
			key, want, _ := strings.Cut(condition, "=")
			return fmt.Sprint(at(one, strings.ReplaceAll(key, ".", "/"))) != want
		}) {
			return one
		}
	}
	return nil
}

// differ says where what is read back is not what was said, or "". Names are compared
// whatever their case; what is read back may have more names, and lists another order.
func differ(where string, want, got any) string {
	switch w := want.(type) {
	case map[string]any:
		g, is := unfold(got).(map[string]any)
		if !is {
			return fmt.Sprintf("%s is %v, want %v", where, got, want)
		}
		for name, inner := range w {
			if why := differ(where+"/"+name, inner, field(g, name)); why != "" {
				return why
			}
		}
		return ""
	case []any:
		return differList(where, w, unfold(got))
	}
	if strings.TrimSpace(textOf(want)) != textOf(got) { // XML drops the last newline
		w, g := textOf(want), textOf(got)
		i := 0
		for i < min(len(w), len(g)) && w[i] == g[i] {
			i++
		}
		i = max(0, i-20)
		return fmt.Sprintf("%s is %.200q, want %.200q", where, g[min(i, len(g)):], w[min(i, len(w)):])
	}
	return ""
}

func differList(where string, want []any, got any) string {
	g, is := got.([]any)
	switch {
	case got == "" || got == nil: // an empty element of XML
		g = nil
	case !is && strings.Contains(fmt.Sprint(got), ",") && len(want) > 1: // a list as one text
		for _, one := range strings.Split(fmt.Sprint(got), ",") {
			g = append(g, one)
		}
	case !is:
		g = []any{got} // one element of XML that may be repeated
	}
	if len(g) < len(want) || len(g) > len(want) && !strings.HasSuffix(where, "Tags") { // AWS tags too
		return fmt.Sprintf("%s has %d, want %d: %v, want %v", where, len(g), len(want), g, want)
	}
	taken := map[int]bool{}
	for i, one := range want {
		found := false
		for j, other := range g {
			if !taken[j] && differ("", one, other) == "" {
				taken[j], found = true, true
				break
			}
		}
		if !found {
			return fmt.Sprintf("%s has no %v (%d): %v", where, one, i, g)
		}
	}
	return ""
}

// unfold gives what a text holds, where it is JSON, as it is or as in an address.
func unfold(value any) any {
	t, is := value.(string)
	if !is || t == "" {
		return value
	}
	if plain, err := url.QueryUnescape(t); err == nil && strings.HasPrefix(t, "%7B") {
		t = plain
	}
	if t[0] != '{' && t[0] != '[' {
		return value
	}
	var out any
	if json.Unmarshal([]byte(t), &out) != nil {
		return value
	}
	return out
}

// textOf writes a number or a truth as XML does.
func textOf(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(value)
}
