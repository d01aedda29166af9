package e2e_test

import (
	"strings"
	"testing"
	"time"

	"enishi/internal/e2e"
	"enishi/internal/fleet"
)

// TestTheWatch does what no page may do, and expects that it is noticed.
func TestTheWatch(t *testing.T) {
	s := newStage(t)
	tab := s.tab(e2e.View{})
	for what, script := range map[string]string{
		"console error":     `console.error("seen")`,
		"exception":         `setTimeout(() => { throw new Error("seen") })`,
		"another host":      `fetch("http://127.0.0.2:1/").catch(() => {})`,
		"inline style":      `{ const e = document.createElement("p"); e.setAttribute("style", "color: red"); document.body.append(e) }`,
		"inline script":     `{ const e = document.createElement("script"); e.textContent = "1"; document.body.append(e) }`,
		"what is not there": `fetch("/static/nothing")`,
	} {
		tab.Open("/")
		tab.Faults()
		tab.Run(script + "; 0")
		for begun := time.Now(); ; fleet.Wait(t, 20*time.Millisecond) {
			if found := tab.Faults(); len(found) > 0 {
				t.Logf("%s: %s", what, strings.Join(found, "; "))
				break
			}
			if time.Since(begun) > 5*time.Second {
				t.Errorf("%s: nobody noticed", what)
				break
			}
		}
		fleet.Wait(t, 50*time.Millisecond)
		tab.Faults()
	}
	tab.Open("/")
	tab.Run(`document.querySelector("main").append(document.createElement("img"))`)
	if found := tab.Barriers(); len(found) != 1 || !strings.Contains(found[0], "image-alt") {
		t.Errorf("axe says of an image without a text: %q", found)
	}
	if shift := tab.Shift(); shift.Score != 0 {
		t.Errorf("the landing page moves: %+v", shift)
	}
	tab.Run(`{ const e = document.createElement("p"); e.textContent = "late"; document.querySelector("main").prepend(e) }`)
	if shift := tab.Shift(); shift.Score < mostShift || len(shift.Moved) == 0 {
		t.Errorf("a paragraph that comes late moves the page by %+v", shift)
	}
}
