package files

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Snapshots are the images of the populations in a store. Their names tell
// the position of the log and the moment: snapshot-000…042-20261124T010000Z.
type Snapshots struct{ store Store }

// Snapshot is one of them.
type Snapshot struct {
	Name    string
	Applied int64     // position of the log
	Made    time.Time // by the installation's clock, whole seconds
	Bytes   int64
}

const (
	snapshotPrefix = "snapshot-"
	snapshotTime   = "20060102T150405Z"
	// abandonedAfter: writing the largest image takes minutes.
	abandonedAfter = time.Hour
)

// NewSnapshots gives the snapshots in a store.
func NewSnapshots(store Store) *Snapshots { return &Snapshots{store} }

// List gives the snapshots, the newest first. Files of other names are passed
// over.
func (s *Snapshots) List(ctx context.Context) ([]Snapshot, error) {
	found, err := s.store.List(ctx, snapshotPrefix)
	if err != nil {
		return nil, err
	}
	var out []Snapshot
	for _, f := range found {
		if at, ok := parseSnapshot(f.Name); ok {
			at.Bytes = f.Bytes
			out = append(out, at)
		}
	}
	slices.SortFunc(out, func(a, b Snapshot) int {
		return cmp.Or(b.Made.Compare(a.Made), cmp.Compare(b.Applied, a.Applied))
	})
	return out, nil
}

func snapshotName(applied int64, made time.Time) string {
	return fmt.Sprintf("%s%019d-%s", snapshotPrefix, applied, made.UTC().Format(snapshotTime))
}

func parseSnapshot(name string) (Snapshot, bool) {
	number, moment, ok := strings.Cut(strings.TrimPrefix(name, snapshotPrefix), "-")
	if !ok {
		return Snapshot{}, false
	}
	applied, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return Snapshot{}, false
	}
	made, err := time.Parse(snapshotTime, moment)
	if err != nil || snapshotName(applied, made) != name {
		return Snapshot{}, false
	}
	return Snapshot{Name: name, Applied: applied, Made: made}, true
}

// Names gives the names of the snapshots, the newest first.
func (s *Snapshots) Names(ctx context.Context) ([]string, error) {
	list, err := s.List(ctx)
	names := make([]string, len(list))
	for i := range list {
		names[i] = list[i].Name
	}
	return names, err
}

// Open opens a snapshot, as the store's Open does.
func (s *Snapshots) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	return s.store.Open(ctx, name)
}

// Save writes a snapshot, as the store's Create does.
func (s *Snapshots) Save(ctx context.Context, applied int64, made time.Time, image io.WriterTo) (Snapshot, error) {
	out := Snapshot{Name: snapshotName(applied, made), Applied: applied, Made: made.UTC().Truncate(time.Second)}
	err := s.store.Create(ctx, out.Name, func(w io.Writer) error {
		var err error
		out.Bytes, err = image.WriteTo(w)
		return err
	})
	return out, err
}

// Prune removes all snapshots but the newest keep, those of them that were
// made before a moment too, and what processes left behind that died while
// they wrote. It gives how many snapshots it removed.
func (s *Snapshots) Prune(ctx context.Context, keep int, before time.Time) (int, error) {
	list, err := s.List(ctx)
	if err != nil {
		return 0, err
	}
	removed := 0
	for i, at := range list {
		if i < keep && !at.Made.Before(before) {
			continue
		}
		if err := s.store.Remove(ctx, at.Name); err != nil {
			return removed, err
		}
		removed++
	}
	return removed, s.store.Sweep(ctx, time.Now().Add(-abandonedAfter))
}
