package notify

import (
	"slices"
	"strings"

	"enishi/infra/program"
)

// Place is what messages say of where they come from.
type Place struct {
	Environment string // its name
	Language    Language
	Docs        string // the address below which the project's files are read, with a / at its end
}

// Message is what people are told, whatever they read it in.
type Message struct {
	Language Language
	Kind     string // what kind of message it is, in a word
	Urgent   bool   // a person is to act now
	Over     bool   // nobody has to act
	Title    string // of one line
	Late     string // that it comes late, and since when it waited, "" if it does not
	Text     string // what is the matter
	Facts    []Fact
	First    string // what to do first, "" if nothing
	Runbook  Link
	Console  Link
	Raw      string // what came, if it is not understood
}

// Fact is one figure, moment or place.
type Fact struct{ Name, Value string }

// Link is something to read; without an address it is a name alone.
type Link struct{ Name, URL string }

// Names of the table's rows for what is no alarm of CloudWatch: the costs, a copy of the database, and a
// rehearsal of a restore; and where it is written what to do with any other message.
const (
	budgetNote  = "Budget"
	backupNote  = "BackupFailed"
	restoreNote = "RestoreFailed"
	manual      = "docs/operations.md"
)

// Writer makes messages.
type Writer struct {
	place Place
	notes []program.Alarm
}

// NewWriter gives one for a place, with the table of alarms.
func NewWriter(p Place, notes []program.Alarm) *Writer { return &Writer{p, notes} }

// Message gives what people are told. Reasons are those of the alarms that a composite is
// made of, by name, as far as they are known: they hold its figures.
func (w *Writer) Message(n Notification, reasons map[string]string) Message {
	m := w.message(n, reasons)
	if !n.Waited.IsZero() {
		l, p := w.place.Language, w.place.Language.phrases()
		m.Title, m.Late = l.beside(m.Title, p.late), strings.Replace(p.waited, "%", l.moment(n.Waited), 1)
	}
	return m
}

func (w *Writer) message(n Notification, reasons map[string]string) Message {
	if a, ok := AlarmOf(n); ok {
		return w.alarm(a, n, reasons)
	}
	if said, ok := budgetOf(n); ok {
		return w.budget(said, n)
	}
	if j, ok := jobOf(n); ok {
		return w.job(j, n)
	}
	return w.unknown(n)
}

func (w *Writer) find(name string) (program.Alarm, bool) {
	i := slices.IndexFunc(w.notes, func(a program.Alarm) bool { return a.Name == name })
	if i < 0 {
		return program.Alarm{}, false
	}
	return w.notes[i], true
}

// begun gives a message that says of itself where it comes from.
func (w *Writer) begun(environment, name, kind string) Message {
	if environment == "" {
		environment = w.place.Environment
	}
	return Message{
		Language: w.place.Language, Kind: kind, Title: "[Enishi " + environment + "] " + w.place.Language.fact(Fact{kind, name}),
		Facts: []Fact{{w.place.Language.phrases().environment, environment}},
	}
}

func (w *Writer) alarm(a Alarm, n Notification, reasons map[string]string) Message {
	l, p := w.place.Language, w.place.Language.phrases()
	environment, name := a.named()
	note, known := w.find(name)
	if !known {
		name = a.Name
		note = program.Alarm{Symptom: program.Words{JA: a.What, EN: a.What}, Runbook: manual}
		if strings.Contains(n.Topic, "Page") {
			note.Severity = program.Page
		}
	}
	urgent := note.Severity == program.Page
	kind, before, when := p.ticket, "", p.since
	if urgent {
		kind = p.urgent
	}
	switch {
	case a.New == Well && a.Old == Unknown:
		kind, before, when = p.well, p.isNot, p.wellSince
	case a.New == Well:
		kind, before, when = p.well, p.isWell, p.wellSince
	case a.New != Firing:
		kind, before = p.blind, p.isUnknown
	}
	m := w.begun(environment, name, kind)
	m.Urgent, m.Over = urgent && a.New == Firing, a.New == Well
	m.Text = before + l.of(note.Symptom)
	if m.Text == "" { // of an alarm made elsewhere without a description: Slack takes no empty text
		m.Text = a.Name
	}
	m.Facts[0].Value = l.beside(m.Facts[0].Value, a.Account)
	m.Facts = append(m.Facts, Fact{when, l.moment(a.changed(n.At))})
	if known {
		m.Facts = append(m.Facts, w.figures(a, note, reasons)...)
	} else {
		m.Raw = a.Reason
	}
	if a.New != Well {
		m.First = l.of(note.First)
	}
	m.Runbook = w.page(note.Runbook)
	m.Console = Link{p.console, a.console()}
	return m
}

// figures are what was measured, each against its threshold: one, or one for each window
// of a composite alarm.
func (w *Writer) figures(a Alarm, note program.Alarm, reasons map[string]string) []Fact {
	l := w.place.Language
	name := l.of(note.Figure.Words)
	if len(note.Parts) == 0 {
		if note.Figure.Unit == "" || a.Trigger.Threshold == nil {
			return nil
		}
		return []Fact{{name, w.measured(a.Reason, note.Figure.Unit, a.Trigger.Operator, *a.Trigger.Threshold)}}
	}
	var facts []Fact
	for _, part := range note.Parts {
		reason := ""
		for full, text := range reasons {
			if strings.HasSuffix(full, "-"+part.Name) {
				reason = text
			}
		}
		facts = append(facts, Fact{l.beside(name, l.span(part.Minutes)), w.measured(reason, note.Figure.Unit, "GreaterThanThreshold", part.Threshold)})
	}
	return facts
}

// measured writes a figure against its threshold; without a reason nobody was asked.
func (w *Writer) measured(reason, unit, operator string, threshold float64) string {
	l := w.place.Language
	bound := l.beyond(operator, l.figure(threshold, unit))
	v, known := figureIn(reason)
	switch {
	case known:
		return l.beside(l.figure(v, unit), bound)
	case reason != "":
		return l.beside(l.phrases().noFigure, bound)
	}
	return bound
}

// page gives a link to a file of the project.
func (w *Writer) page(file string) Link {
	name := strings.TrimSuffix(file[strings.LastIndex(file, "/")+1:], ".md")
	if w.place.Docs == "" {
		return Link{file, ""}
	}
	return Link{name, w.place.Docs + file}
}

func (w *Writer) budget(said map[string]string, n Notification) Message {
	l, p := w.place.Language, w.place.Language.phrases()
	note, _ := w.find(budgetNote)
	m := w.begun(strings.TrimPrefix(said["Budget Name"], "enishi-"), budgetNote, p.ticket)
	m.Text, m.First, m.Runbook = l.of(note.Symptom), l.of(note.First), w.page(note.Runbook)
	m.Facts = append(m.Facts, Fact{p.at, l.moment(n.At)})
	for _, line := range [][2]string{{"Budgeted Amount", p.budget}, {"Alert Threshold", p.limit}, {"ACTUAL Amount", p.spent}, {"FORECASTED Amount", p.foreseen}} {
		if value := said[line[0]]; value != "" {
			m.Facts = append(m.Facts, Fact{line[1], strings.TrimPrefix(value, "> ")})
		}
	}
	return m
}

func (w *Writer) job(j job, n Notification) Message {
	l, p := w.place.Language, w.place.Language.phrases()
	note, _ := w.find(j.note)
	m := w.begun("", j.note, p.ticket)
	m.Text, m.First, m.Runbook = l.of(note.Symptom), l.of(note.First), w.page(note.Runbook)
	at := n.At
	if !j.at.IsZero() {
		at = j.at
	}
	m.Facts[0].Value = l.beside(m.Facts[0].Value, j.account)
	m.Facts = append(m.Facts, Fact{p.at, l.moment(at)}, Fact{p.job, l.beside(j.id, j.ended)})
	if j.says != "" {
		m.Facts = append(m.Facts, Fact{p.says, j.says})
	}
	return m
}

// unknown loses nothing of what came.
func (w *Writer) unknown(n Notification) Message {
	p := w.place.Language.phrases()
	subject := strings.Join(strings.Fields(n.Subject), " ")
	if subject == "" {
		subject = n.Topic[strings.LastIndex(n.Topic, ":")+1:]
	}
	m := w.begun("", subject, p.notice)
	m.Urgent = strings.Contains(n.Topic, "Page")
	m.Text, m.Raw, m.Runbook = p.unread, strings.TrimRight(n.Text, "\r\n"), w.page(manual)
	m.Facts = append(m.Facts, Fact{p.at, w.place.Language.moment(n.At)})
	return m
}
