package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	"enishi/internal/fleet"
)

// axe gives the text of axe-core, which scripts/browser installs by the lock file.
func (tab *Tab) axe() string {
	tab.t.Helper()
	text, err := os.ReadFile(filepath.Join(fleet.Root(tab.t), "internal", "web", "browser", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		tab.t.Fatalf("axe-core is not installed: run make e2e: %v", err)
	}
	return string(text)
}

// ask runs axe for the rules of WCAG 2.2 up to AA; what it says is a line for each
// element that breaks one.
const ask = `(async () => {
	const found = await axe.run(document, {resultTypes: ["violations"], runOnly: {type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}});
	if (found.passes.length === 0) throw new Error("axe looked at nothing");
	return JSON.stringify(found.violations.flatMap((v) => v.nodes.map((n) => v.id + ": " + n.html.slice(0, 240) + " " + n.failureSummary.replace(/\s+/g, " "))));
})()`

// Barriers gives what axe-core finds on the page that keeps people out.
func (tab *Tab) Barriers() []string {
	tab.t.Helper()
	if tab.Text("typeof axe") != "object" {
		tab.Run(tab.axe())
	}
	var found []string
	if err := json.NewDecoder(strings.NewReader(tab.promised(ask))).Decode(&found); err != nil {
		tab.t.Fatalf("what axe says: %v", err)
	}
	return found
}
