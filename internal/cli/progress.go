package cli

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress shows how far long work has come: a bar on a terminal, otherwise a
// plain line when a stage begins and every few seconds.
type progress struct {
	world World
	stage string
	bar   *progressbar.ProgressBar
	said  time.Time
}

// between is the time between plain lines: often enough to see that it lives.
const between = 5 * time.Second

// step notes that a stage has done so many of a total; a total of 0 is unknown.
func (p *progress) step(stage string, done, total int) {
	if p.world.Terminal {
		p.draw(stage, done, total)
		return
	}
	now := p.world.Now()
	fresh := stage != p.stage
	if !fresh && now.Sub(p.said) < between && done != total {
		return
	}
	p.stage, p.said = stage, now
	if total > 0 {
		fmt.Fprintf(p.world.Err, "%s: %d of %d\n", stage, done, total)
	} else {
		fmt.Fprintf(p.world.Err, "%s: %d\n", stage, done)
	}
}

func (p *progress) draw(stage string, done, total int) {
	if stage != p.stage || p.bar == nil {
		p.end()
		p.stage = stage
		most := int64(total)
		if total <= 0 {
			most = -1
		}
		p.bar = progressbar.NewOptions64(most,
			progressbar.OptionSetWriter(p.world.Err), progressbar.OptionSetDescription(stage),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionShowCount(),
			progressbar.OptionOnCompletion(func() { _, _ = io.WriteString(p.world.Err, "\n") }))
	}
	_ = p.bar.Set(done) // a bar that cannot be drawn is not worth failing for
}

func (p *progress) end() {
	if p.bar != nil && !p.bar.IsFinished() {
		_ = p.bar.Finish()
	}
	p.bar = nil
}
