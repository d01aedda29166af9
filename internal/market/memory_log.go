package market

import (
	"slices"
	"time"
)

type memoryLog struct {
	log      []Row
	settings map[string]string
	replies  map[replyKey]Reply
}

type replyKey struct{ scope, key string }

func newMemoryLog() memoryLog {
	return memoryLog{settings: map[string]string{}, replies: map[replyKey]Reply{}}
}

func (t *memoryTx) Append(rows ...*Row) error {
	if err := t.writing(); err != nil {
		return err
	}
	before := len(t.log)
	for _, r := range rows {
		r.Pos = int64(len(t.log)) + 1
		kept := *r
		kept.At = stored(r.At)
		t.log = append(t.log, kept)
	}
	t.undo(func() { t.log = t.log[:before] })
	return nil
}

func (t *memoryTx) Head() (int64, error) { return int64(len(t.log)), t.ready() }

func (t *memoryTx) Rows(after int64, limit int) ([]Row, error) {
	if err := t.ready(); err != nil {
		return nil, err
	}
	from := min(max(0, after), int64(len(t.log)))
	return slices.Clone(t.log[from:min(from+int64(limit), int64(len(t.log)))]), nil
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

func (t *memoryTx) DropReplies(before time.Time) error {
	if err := t.writing(); err != nil {
		return err
	}
	for k, r := range t.replies {
		if r.At.Before(before) {
			drop(t, t.replies, k)
		}
	}
	return nil
}
