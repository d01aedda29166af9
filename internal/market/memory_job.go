package market

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"enishi/internal/account"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/rule"
)

type memoryJobs struct {
	checkpoints map[string]string
	runs        table[Run]
	figures     map[figureKey]int64
	counted     map[countedKey]Figure
	news        map[int64]memoryNews // by offer
	mails       table[Mail]
}

type figureKey struct {
	company int64
	day     day.Day
	name    string
}

type countedKey struct {
	kind   Change
	entity int64
}

type memoryNews struct {
	candidate int64
	waiting   bool
}

func newMemoryJobs() memoryJobs {
	return memoryJobs{
		checkpoints: map[string]string{}, figures: map[figureKey]int64{}, counted: map[countedKey]Figure{}, news: map[int64]memoryNews{},
	}
}

// Examined counts what is found by key or by the lists of jobs; other lists of
// this store count as nothing.
func (t *memoryTx) Examined() int64 { return t.examined }

func (t *memoryTx) Checkpoint(job string) (string, error) { return t.checkpoints[job], t.ready() }

func (t *memoryTx) SetCheckpoint(job, at string) error {
	if err := t.writing(); err != nil {
		return err
	}
	put(t, t.checkpoints, job, at)
	return nil
}

func storedRun(r *Run) *Run {
	row := *r
	row.Started, row.Ended = stored(r.Started), stored(r.Ended)
	return &row
}

func (t *memoryTx) AddRun(r *Run) error {
	if err := t.writing(); err != nil {
		return err
	}
	r.Key = t.runs.next()
	t.runs.add(t, storedRun(r))
	return nil
}

func (t *memoryTx) SaveRun(r *Run) error {
	if err := t.writing(); err != nil {
		return err
	}
	before := t.runs.find(r.Key)
	if before == nil {
		return missing("run")
	}
	row := storedRun(r)
	row.Job, row.Started = before.Job, before.Started
	t.runs.put(t, r.Key, row)
	return nil
}

func (t *memoryTx) Runs(job string, limit int) ([]Run, error) {
	var out []Run
	for _, r := range slices.Backward(t.runs.rows) {
		if r != nil && r.Job == job && len(out) < limit {
			out = append(out, *r)
		}
	}
	t.examined += int64(len(out))
	return out, t.ready()
}

func (t *memoryTx) EndingRules(before day.Day, limit int) ([]rule.Rule, error) {
	var out []rule.Rule
	for _, r := range t.rules.rows {
		if r != nil && over(r, before) {
			out = append(out, *r)
		}
	}
	slices.SortFunc(out, func(a, b rule.Rule) int { return cmp.Or(cmp.Compare(a.Expires, b.Expires), cmp.Compare(a.Key, b.Key)) })
	out = out[:min(len(out), limit)]
	t.examined += int64(len(out))
	return out, t.ready()
}

func (t *memoryTx) TrimLog(until int64) (int, error) {
	if err := t.writing(); err != nil {
		return 0, err
	}
	n := max(0, min(until-t.trimmed, int64(len(t.log))))
	log, trimmed := t.log, t.trimmed
	t.log, t.trimmed = slices.Clone(log[n:]), trimmed+n
	t.undo(func() { t.log, t.trimmed = log, trimmed })
	t.examined += n
	return int(n), nil
}

// old is a row that is kept by age, and how it is removed.
type old struct {
	at   time.Time
	drop func()
}

// oldRows gives the rows of a kind that are from before a moment, oldest first.
func (t *memoryTx) oldRows(kind Aged, before time.Time) (out []old, err error) {
	add := func(at time.Time, remove func()) {
		if at.Before(before) {
			out = append(out, old{at, remove})
		}
	}
	switch kind {
	case AgedReplies:
		for k, r := range t.replies {
			add(r.At, func() { drop(t, t.replies, k) })
		}
	case AgedSessions:
		for token, s := range t.sessions {
			add(s.ExpiresAt, func() { t.dropSession(token, s) })
		}
	case AgedViews:
		for _, v := range t.views.rows {
			if v != nil {
				add(v.At, func() {
					t.views.put(t, v.Key, nil)
					t.viewsOf.remove(t, v.Candidate, v.Key)
				})
			}
		}
	case AgedMails:
		for _, m := range t.mails.rows {
			if m != nil {
				add(m.CreatedAt, func() { t.mails.put(t, m.Key, nil) })
			}
		}
	case AgedRuns:
		for _, r := range t.runs.rows {
			if r != nil {
				add(r.Started, func() { t.runs.put(t, r.Key, nil) })
			}
		}
	case AgedPreviews:
		for p := range t.previews {
			if p.on < day.Of(before) {
				out = append(out, old{p.on.At(0), func() { t.dropPreview(p) }})
			}
		}
	case AgedResets:
		for token, r := range t.resets {
			add(r.ExpiresAt, func() { drop(t, t.resets, token) })
		}
	case AgedInvited:
		for _, i := range t.invitations.rows {
			if i != nil {
				add(i.ExpiresAt, func() { t.invitations.put(t, i.Key, nil) })
			}
		}
	default:
		return nil, errs.New(errs.Internal, "no rows are kept by age as "+string(kind))
	}
	slices.SortFunc(out, func(a, b old) int { return a.at.Compare(b.at) })
	return out, t.ready()
}

func (t *memoryTx) dropSession(token string, s account.Session) {
	drop(t, t.sessions, token)
	put(t, t.tokens, s.Account, slices.DeleteFunc(slices.Clone(t.tokens[s.Account]), func(other string) bool { return other == token }))
}

func (t *memoryTx) dropPreview(p previewed) {
	drop(t, t.previews, p)
	put(t, t.previewCounts, p.previewDay, t.previewCounts[p.previewDay]-1)
}

func (t *memoryTx) DropOld(kind Aged, before time.Time, limit int) (int, error) {
	if err := t.writing(); err != nil {
		return 0, err
	}
	rows, err := t.oldRows(kind, before)
	n := 0
	for ; n < len(rows) && (n < limit || rows[n].at.Equal(rows[limit-1].at)); n++ {
		rows[n].drop()
	}
	t.examined += int64(n)
	return n, err
}

func (t *memoryTx) CountOld(kind Aged, before time.Time) (int64, error) {
	rows, err := t.oldRows(kind, before)
	return int64(len(rows)), err
}

func (t *memoryTx) AddFigure(f Figure) error {
	if err := t.writing(); err != nil {
		return err
	}
	k := figureKey{f.Company, f.Day, f.Name}
	put(t, t.figures, k, t.figures[k]+f.N)
	return nil
}

func (t *memoryTx) Figures(company int64, from, until day.Day) ([]Figure, error) {
	var out []Figure
	for k, n := range t.figures {
		if k.company == company && from <= k.day && k.day <= until && n != 0 {
			out = append(out, Figure{company, k.day, k.name, n})
		}
	}
	slices.SortFunc(out, func(a, b Figure) int { return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Name, b.Name)) })
	return out, t.ready()
}

func (t *memoryTx) Counted(kind Change, entity int64) (Figure, error) {
	return t.counted[countedKey{kind, entity}], t.ready()
}

func (t *memoryTx) SetCounted(kind Change, entity int64, as Figure) error {
	if err := t.writing(); err != nil {
		return err
	}
	if as.N == 0 {
		drop(t, t.counted, countedKey{kind, entity})
		return nil
	}
	as.N = 1
	put(t, t.counted, countedKey{kind, entity}, as)
	return nil
}

func (t *memoryTx) AddNews(offer, candidate int64) (bool, error) {
	if err := t.writing(); err != nil {
		return false, err
	}
	if _, ok := t.news[offer]; ok {
		return false, nil
	}
	put(t, t.news, offer, memoryNews{candidate, true})
	return true, nil
}

func (t *memoryTx) DropNews(offer int64) (bool, error) {
	if err := t.writing(); err != nil {
		return false, err
	}
	_, ok := t.news[offer]
	drop(t, t.news, offer)
	return ok, nil
}

func (t *memoryTx) NewsFor(limit int) ([]int64, error) {
	set := map[int64]bool{}
	for _, n := range t.news {
		if n.waiting {
			set[n.candidate] = true
		}
	}
	keys := slices.Sorted(maps.Keys(set))
	return keys[:min(len(keys), limit)], t.ready()
}

func (t *memoryTx) News(candidate int64) ([]int64, error) {
	var out []int64
	for offer, n := range t.news {
		if n.waiting && n.candidate == candidate {
			out = append(out, offer)
		}
	}
	slices.Sort(out)
	return out, t.ready()
}

func (t *memoryTx) ToldNews(candidate int64) error {
	if err := t.writing(); err != nil {
		return err
	}
	list, err := t.News(candidate)
	for _, offer := range list {
		put(t, t.news, offer, memoryNews{candidate, false})
	}
	return err
}

func storedMail(m *Mail) *Mail {
	row := *m
	row.CreatedAt, row.DueAt, row.SentAt, row.FailedAt = stored(m.CreatedAt), stored(m.DueAt), stored(m.SentAt), stored(m.FailedAt)
	return &row
}

func (t *memoryTx) AddMail(m *Mail) error {
	if err := t.writing(); err != nil {
		return err
	}
	m.Key = t.mails.next()
	t.mails.add(t, storedMail(m))
	return nil
}

func (t *memoryTx) ClaimMail(m *Mail) error {
	if err := t.writing(); err != nil {
		return err
	}
	if before := t.mails.find(m.Key); before != nil {
		row := *before
		row.DueAt, row.Tries = stored(m.DueAt), m.Tries
		t.mails.put(t, m.Key, &row)
	}
	return nil
}

func (t *memoryTx) SaveMail(m *Mail) error {
	if err := t.writing(); err != nil {
		return err
	}
	if before := t.mails.find(m.Key); before != nil && before.Tries == m.Tries {
		row := *before
		row.DueAt, row.SentAt, row.FailedAt, row.Failure = stored(m.DueAt), stored(m.SentAt), stored(m.FailedAt), m.Failure
		t.mails.put(t, m.Key, &row)
	}
	return nil
}

func (t *memoryTx) DueMails(now time.Time, limit int) ([]Mail, error) {
	if err := t.writing(); err != nil {
		return nil, err
	}
	var out []Mail
	for _, m := range t.mails.rows {
		if m != nil && !m.DueAt.IsZero() && !m.DueAt.After(now) {
			out = append(out, *m)
		}
	}
	slices.SortStableFunc(out, func(a, b Mail) int { return a.DueAt.Compare(b.DueAt) })
	return out[:min(len(out), limit)], nil
}

func (t *memoryTx) WaitingMails() (n int, oldest time.Time, err error) {
	for _, m := range t.mails.rows {
		if m != nil && !m.DueAt.IsZero() {
			if n++; n == 1 || m.CreatedAt.Before(oldest) {
				oldest = m.CreatedAt
			}
		}
	}
	return n, oldest, t.ready()
}

func (t *memoryTx) Mails(limit int) ([]Mail, error) {
	var out []Mail
	for _, m := range slices.Backward(t.mails.rows) {
		if m != nil && len(out) < limit {
			out = append(out, *m)
		}
	}
	return out, t.ready()
}

func (t *memoryTx) MailsOf(account int64, limit int) ([]Mail, error) {
	var out []Mail
	for _, m := range slices.Backward(t.mails.rows) {
		if m != nil && m.Account == account && len(out) < limit {
			out = append(out, *m)
		}
	}
	return out, t.ready()
}

func (t *memoryTx) EndedMails(since time.Time) (sent, refused int, err error) {
	for _, m := range t.mails.rows {
		switch {
		case m == nil || !m.CreatedAt.After(since):
		case !m.SentAt.IsZero():
			sent++
		case m.DueAt.IsZero():
			refused++
		}
	}
	return sent, refused, t.ready()
}

func (t *memoryTx) MailsTo(account int64, after time.Time) (n int, err error) {
	for _, m := range t.mails.rows {
		if m != nil && m.Account == account && m.CreatedAt.After(after) {
			n++
		}
	}
	return n, t.ready()
}

// deleteMails removes the mails to an account.
func (t *memoryTx) deleteMails(account int64) {
	for _, m := range t.mails.rows {
		if m != nil && m.Account == account {
			t.mails.put(t, m.Key, nil)
		}
	}
}
