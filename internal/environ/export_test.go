package environ

import "slices"

// Unasked are the types of resources in templates of which no right is asked for beforehand.
func Unasked(w *Wanted) []string {
	var out []string
	for _, t := range w.Templates {
		for _, r := range t.resources {
			if len(firsts(r.Type)) == 0 {
				out = append(out, r.Type)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
