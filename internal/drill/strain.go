package drill

import (
	"testing"
	"time"

	"github.com/prometheus/procfs"
)

// strain tells how busy the machine was: an installation that waits for processors is
// slow, whoever has them.
type strain struct {
	t      *testing.T
	fs     procfs.FS
	begun  time.Time
	waited time.Duration
	stolen float64 // seconds
}

// newStrain begins to measure.
func newStrain(t *testing.T) *strain {
	t.Helper()
	fs, err := procfs.NewDefaultFS()
	if err != nil {
		t.Fatal(err)
	}
	s := &strain{t: t, fs: fs, begun: time.Now()}
	s.waited, s.stolen = s.read()
	return s
}

// read gives for how long something has waited for a processor since the machine
// started, as the kernel counts it (PSI, 0 where it does not), and for how many
// seconds a host of virtual machines has kept a processor to itself.
func (s *strain) read() (waited time.Duration, stolen float64) {
	s.t.Helper()
	if psi, err := s.fs.PSIStatsForResource("cpu"); err == nil && psi.Some != nil {
		waited = time.Duration(psi.Some.Total) * time.Microsecond
	}
	stat, err := s.fs.Stat()
	if err != nil {
		s.t.Fatal(err)
	}
	return waited, stat.CPUTotal.Steal
}

// share gives which part of the time since the beginning something waited for a
// processor, from 0.
func (s *strain) share() float64 {
	waited, stolen := s.read()
	return ((waited - s.waited).Seconds() + stolen - s.stolen) / time.Since(s.begun).Seconds()
}
