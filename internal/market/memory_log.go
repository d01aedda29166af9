package market

import (
	"errors"
	"slices"
	"time"
)

type memoryLog struct {
	log      []Row // positions go on from trimmed
	trimmed  int64
	settings map[string]string
	replies  map[replyKey]Reply
	leases   map[string]memoryLease
}

// memoryLease has no end: whoever holds it is in this process.
type memoryLease struct {
	holder string
	fence  int64
}

type replyKey struct{ scope, key string }

func newMemoryLog() memoryLog {
	return memoryLog{settings: map[string]string{}, replies: map[replyKey]Reply{}, leases: map[string]memoryLease{}}
}

func (t *memoryTx) Append(rows ...*Row) error {
	if err := t.writing(); err != nil {
		return err
	}
	before := len(t.log)
	for _, r := range rows {
		r.Pos = t.trimmed + int64(len(t.log)) + 1
		r.ID = r.Pos
		kept := *r
		kept.At = stored(r.At)
		t.log = append(t.log, kept)
	}
	t.undo(func() { t.log = t.log[:before] })
	return nil
}

func (t *memoryTx) Head() (int64, error) { return t.trimmed + int64(len(t.log)), t.ready() }

func (t *memoryTx) Rows(after int64, limit int) ([]Row, error) {
	if err := t.ready(); err != nil {
		return nil, err
	}
	from := min(max(0, after-t.trimmed), int64(len(t.log)))
	rows := slices.Clone(t.log[from:min(from+int64(limit), int64(len(t.log)))])
	t.examined += int64(len(rows))
	return rows, nil
}

func (t *memoryTx) NewestRow() (Row, error) { return t.RowOf(t.trimmed + int64(len(t.log))) }

func (t *memoryTx) RowOf(id int64) (Row, error) {
	at := id - t.trimmed - 1
	if err := t.ready(); err != nil || at < 0 || at >= int64(len(t.log)) {
		return Row{}, errors.Join(err, missing("row"))
	}
	return t.log[at], nil
}

func (t *memoryTx) Setting(name string) (string, error) { return t.settings[name], t.ready() }

func (t *memoryTx) SetSetting(name, value string) error {
	if err := t.writing(); err != nil {
		return err
	}
	put(t, t.settings, name, value)
	return nil
}

func (t *memoryTx) FindReply(scope, key string) (Reply, error) {
	if err := t.ready(); err != nil {
		return Reply{}, err
	}
	r, ok := t.replies[replyKey{scope, key}]
	if !ok {
		return Reply{}, missing("reply")
	}
	return r, nil
}

func (t *memoryTx) AddReply(r Reply) error {
	if err := t.writing(); err != nil {
		return err
	}
	k := replyKey{r.Scope, r.Key}
	if _, ok := t.replies[k]; ok {
		return twice("a reply to the same request")
	}
	r.At = stored(r.At)
	put(t, t.replies, k, r)
	return nil
}

func (t *memoryTx) Unnumbered() (int64, error) { return 0, t.ready() }

func (t *memoryTx) Waiting() ([]Row, error) { return nil, t.ready() }

func (t *memoryTx) OldestUnnumbered() (time.Time, error) { return time.Time{}, t.ready() }

func (t *memoryTx) Number(int) (int, error) { return 0, t.writing() }

func (t *memoryTx) LockSetting(name string) (string, error) { return t.settings[name], t.writing() }

func (t *memoryTx) TakeLease(name, holder string, _ time.Duration, force bool) (int64, error) {
	if err := t.writing(); err != nil {
		return 0, err
	}
	l := t.leases[name]
	if l.holder != holder {
		if l.holder != "" && !force {
			return 0, nil
		}
		l = memoryLease{holder, l.fence + 1}
		put(t, t.leases, name, l)
	}
	return l.fence, nil
}

func (t *memoryTx) HoldLease(name string, fence int64) error {
	if err := t.writing(); err != nil {
		return err
	}
	if t.leases[name].fence != fence {
		return stale("lease " + name)
	}
	return nil
}

func (t *memoryTx) Leased(name string) (bool, error) { return t.leases[name].holder != "", t.ready() }

func (t *memoryTx) DropLease(name string, fence int64) error {
	if err := t.writing(); err != nil {
		return err
	}
	if l := t.leases[name]; l.fence == fence {
		put(t, t.leases, name, memoryLease{fence: fence})
	}
	return nil
}
