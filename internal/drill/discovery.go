package drill

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// discovery tells Prometheus what there is, as DNS does in an installation: a
// file for each job has its addresses. One that is lost is gone without a trace.
type discovery struct {
	t   *testing.T
	dir string
	on  map[string][]string // addresses by job
}

func newDiscovery(t *testing.T, on map[string][]string) *discovery {
	t.Helper()
	d := &discovery{t: t, dir: t.TempDir(), on: on}
	for job := range on {
		d.find(job)
	}
	return d
}

// file gives the path of a job's file.
func (d *discovery) file(job string) string { return filepath.Join(d.dir, job+".json") }

// find lets all addresses of a job be found.
func (d *discovery) find(job string) { d.tell(job, d.on[job]) }

// lose lets the last address of a job be found no more.
func (d *discovery) lose(job string) { d.tell(job, d.on[job][:len(d.on[job])-1]) }

// tell puts a whole file in place: it is read as soon as it changes.
func (d *discovery) tell(job string, addresses []string) {
	d.t.Helper()
	text, err := json.Marshal([]map[string][]string{{"targets": addresses}})
	if err != nil {
		d.t.Fatal(err)
	}
	draft := d.file(job) + ".new"
	write(d.t, draft, string(text))
	if err := os.Rename(draft, d.file(job)); err != nil {
		d.t.Fatal(err)
	}
}
