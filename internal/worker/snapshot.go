package worker

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"enishi/internal/files"
	"enishi/internal/market"
)

// Snapshot writes images of the populations, from which processes start. It
// reads no rows but the log's newest: what it does grows with the populations
// only when enough has changed to be worth another image.
type Snapshot struct {
	log    *slog.Logger
	market *market.Market
	files  *files.Snapshots
}

// NewSnapshot gives the job of a market, which must open from these files.
func NewSnapshot(log *slog.Logger, m *market.Market, f *files.Snapshots) *Snapshot {
	return &Snapshot{log, m, f}
}

// Written is what one run did.
type Written struct {
	Name  string // "": the newest image was new enough
	Bytes int64
	Rows  int64 // of the log since the image before
}

const (
	// snapshotRows is how many rows of the log a start may have to follow
	// behind an image: about a second's work.
	snapshotRows = 10_000
	// snapshotEvery is how old an image may become where little is written: it
	// is used for seven days, so one may be missed without harm.
	snapshotEvery = 24 * time.Hour
	// snapshotsKept: one more than is needed, should the newest be damaged.
	snapshotsKept = 2
)

// Run writes an image if there is none that fits, or if the newest is far
// behind, and removes those that are no longer needed. It may be run at any
// time and by several processes at once; each repeat changes nothing more.
func (s *Snapshot) Run(ctx context.Context) (Written, error) {
	out, err := s.write(ctx)
	if err != nil {
		return out, err
	}
	if _, err := s.files.Prune(ctx, snapshotsKept, s.market.Now().Add(-market.ImageLife)); err != nil {
		return out, fmt.Errorf("remove old snapshots: %w", err)
	}
	return out, nil
}

// SnapshotDue says whether Run would write an image, without the populations that it
// is made of; it removes those that are no longer needed.
func SnapshotDue(ctx context.Context, log *slog.Logger, j *market.Jobs, f *files.Snapshots) (bool, error) {
	list, err := f.List(ctx)
	if err != nil {
		return false, err
	}
	head, err := j.Head(ctx)
	if err != nil {
		return false, err
	}
	if len(list) == 0 || !enough(ctx, log, j, list[0], head-list[0].Applied) {
		return true, nil
	}
	if _, err := f.Prune(ctx, snapshotsKept, j.Now().Add(-market.ImageLife)); err != nil {
		return false, fmt.Errorf("remove old snapshots: %w", err)
	}
	return false, nil
}

func (s *Snapshot) write(ctx context.Context) (Written, error) {
	list, err := s.files.List(ctx)
	if err != nil {
		return Written{}, err
	}
	status, err := s.market.Status(ctx)
	if err != nil {
		return Written{}, err
	}
	rows := status.Applied
	if len(list) > 0 {
		if rows -= list[0].Applied; enough(ctx, s.log, s.market, list[0], rows) {
			return Written{Rows: rows}, nil
		}
	}
	image, err := s.market.Image(ctx)
	if err != nil {
		return Written{}, fmt.Errorf("take an image of the populations: %w", err)
	}
	saved, err := s.files.Save(ctx, image.Applied(), image.Made(), image)
	if err != nil {
		return Written{}, fmt.Errorf("write a snapshot: %w", err)
	}
	s.log.InfoContext(ctx, "wrote a snapshot", "name", saved.Name, "bytes", saved.Bytes, "rows", rows)
	return Written{Name: saved.Name, Bytes: saved.Bytes, Rows: rows}, nil
}

// imaged knows which images it would start from.
type imaged interface {
	Now() time.Time
	CheckImage(ctx context.Context, name string) error
}

// enough says whether the newest image, so many rows of the log behind, will do
// for now.
func enough(ctx context.Context, log *slog.Logger, m imaged, newest files.Snapshot, rows int64) bool {
	if rows >= snapshotRows || m.Now().Sub(newest.Made) >= snapshotEvery {
		return false
	}
	if err := m.CheckImage(ctx, newest.Name); err != nil {
		log.WarnContext(ctx, "the newest snapshot does not fit; another is written", "name", newest.Name, "error", err)
		return false
	}
	return true
}
