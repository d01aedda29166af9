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
	last  string // the line that was due and not said, in plain form
}

// between is the time between plain lines: often enough to see that it lives.
const between = 5 * time.Second

// step notes that a stage has done so many of a total; a total of 0 is unknown.
func (p *progress) step(stage string, done, total int) {
	if p.world.Terminal {
		p.draw(stage, done, total)
		return
	}
	line := fmt.Sprintf("%s: %d", stage, done)
	if total > 0 {
		line = fmt.Sprintf("%s: %d of %d", stage, done, total)
	}
	now := p.world.Now()
	fresh := stage != p.stage
	if fresh {
		p.end() // how far the stage before came
	}
	if !fresh && now.Sub(p.said) < between && done != total {
		p.last = line
		return
	}
	p.stage, p.said, p.last = stage, now, ""
	fmt.Fprintln(p.world.Err, line)
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

// end says how far the last stage came.
func (p *progress) end() {
	if p.last != "" {
		fmt.Fprintln(p.world.Err, p.last)
		p.last = ""
	}
	if p.bar != nil && !p.bar.IsFinished() {
		_ = p.bar.Finish()
	}
	p.bar = nil
}
