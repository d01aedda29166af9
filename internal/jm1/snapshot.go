package jm1

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"enishi/internal/engine"
)

// reloaded is a population made of a snapshot file, and what that took.
type reloaded struct {
	*engine.Population
	write, load time.Duration
	bytes       int64
}

// buffered is the size of the buffer between a file and a snapshot.
const buffered = 1 << 20

// reload writes a population to a file that is removed again, and loads it
// from there: what is asked afterwards is asked of what was loaded.
func (b *bench) reload(p *engine.Population, docs, conds engine.Schema) (out reloaded, err error) {
	f, err := os.CreateTemp("", "enishi-bench-*.snapshot")
	if err != nil {
		return out, fmt.Errorf("make a file for the snapshot: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	start := b.o.Now()
	w := bufio.NewWriterSize(f, buffered)
	if out.bytes, err = p.View().WriteTo(w); err == nil {
		err = errors.Join(w.Flush(), f.Sync())
	}
	if err != nil {
		return out, err
	}
	written := b.o.Now()
	out.write = written.Sub(start)
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return out, fmt.Errorf("go back to the snapshot's beginning: %w", err)
	}
	out.Population, err = engine.Read(bufio.NewReaderSize(f, buffered), docs, conds)
	out.load = b.o.Now().Sub(written)
	return out, err
}

// reloadCandidates reloads the population of all candidates and notes what it
// took.
func (b *bench) reloadCandidates(p *engine.Population, docs engine.Schema) (*engine.Population, error) {
	b.o.Progress("loading a snapshot", 0, b.o.Candidates)
	from, err := b.reload(p, docs, engine.Schema{})
	if err != nil {
		return nil, fmt.Errorf("load candidates from a snapshot: %w", err)
	}
	start := &b.report.Start
	start.Snapshot, start.SnapshotWrite, start.SnapshotBytes = from.load.Seconds(), from.write.Seconds(), from.bytes
	return from.Population, nil
}

// reloadMutual is reloadCandidates for those with wishes.
func (b *bench) reloadMutual(p *engine.Population, docs, conds engine.Schema) (*engine.Population, error) {
	from, err := b.reload(p, docs, conds)
	if err != nil {
		return nil, fmt.Errorf("load candidates with wishes from a snapshot: %w", err)
	}
	b.report.Start.MutualSnapshot, b.report.Start.MutualSnapshotBytes = from.load.Seconds(), from.bytes
	return from.Population, nil
}
