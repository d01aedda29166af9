package jm1

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
)

// exporter writes the market and the checked answers as lines of JSON:
//
//	candidates.jsonl  {id, doc, cond}       a profile and the candidate's wishes
//	rules.jsonl       {id, doc, cond}       a position and the rule over profiles
//	questions.jsonl   {id, op, cond|doc, k}
//	answers.jsonl     {id, count, ids|facets|top|impact}
//
// where op is search (of the candidates by cond; the wishes play no part),
// match (the rules that hold on doc; positions play no part) or mutual (the
// rules that hold on doc and whose position satisfies cond). Codes are decimal
// strings. Answers are the oracle's, not the engine's. A nil exporter writes
// nothing.
type exporter struct {
	folder string
	files  map[string]*bufio.Writer
	open   []*os.File
	next   int
}

func newExporter(folder string) (*exporter, error) {
	if folder == "" {
		return nil, nil //nolint:nilnil // a nil exporter is one that writes nothing
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, fmt.Errorf("make the folder to export to: %w", err)
	}
	return &exporter{folder: folder, files: map[string]*bufio.Writer{}}, nil
}

type object map[string]any

func (e *exporter) line(file string, o object) error {
	w, ok := e.files[file]
	if !ok {
		f, err := os.Create(filepath.Join(e.folder, file))
		if err != nil {
			return fmt.Errorf("export: %w", err)
		}
		w = bufio.NewWriterSize(f, 1<<16)
		e.files[file], e.open = w, append(e.open, f)
	}
	text, err := json.Marshal(o)
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	_, err = w.Write(append(text, '\n'))
	return err
}

// close writes what is left; the error is the first of any file's.
func (e *exporter) close() error {
	if e == nil {
		return nil
	}
	var list []error
	for _, w := range e.files {
		list = append(list, w.Flush())
	}
	for _, f := range e.open {
		list = append(list, f.Close())
	}
	return errors.Join(list...)
}

func code(v int32) string { return strconv.Itoa(int(v)) }

// document gives a record in the form that profiles have in JSON.
func (s schema) document(r *Record) object {
	doc := object{}
	for f := range s {
		switch {
		case s[f].values == 0:
			doc[s[f].name] = r.Nums[f-s.firstNumber()]
		case len(r.Tags[f]) == 0:
		case s[f].single:
			doc[s[f].name] = code(r.Tags[f][0].Value)
		default:
			var list []any
			for _, t := range r.Tags[f] {
				if s[f].levels > 1 {
					list = append(list, object{"code": code(t.Value), "min": t.Level})
				} else {
					list = append(list, code(t.Value))
				}
			}
			doc[s[f].name] = list
		}
	}
	return doc
}

// condition gives clauses in the language of conditions.
func (s schema) condition(clauses []Clause) object {
	list := []object{}
	for _, c := range clauses {
		leaf := object{"field": s[c.Field].name}
		if s[c.Field].values == 0 {
			if c.Lo > math.MinInt32 {
				leaf["min"] = c.Lo
			}
			if c.Hi < math.MaxInt32 {
				leaf["max"] = c.Hi
			}
		} else {
			var codes []string
			for _, v := range c.Values {
				codes = append(codes, code(v))
			}
			leaf["in"] = codes
			if c.Level > 1 {
				leaf["min"] = c.Level
			}
		}
		if c.Not {
			leaf = object{"not": leaf}
		}
		list = append(list, leaf)
	}
	return object{"all": list}
}

func (s schema) ruleCondition(r Rule) object {
	if len(r) == 1 {
		return s.condition(r[0])
	}
	var list []object
	for _, clauses := range r {
		list = append(list, s.condition(clauses))
	}
	return object{"any": list}
}

// data writes the market.
func (e *exporter) data(r *run, rules []Rule, positions []Record, wishes [][]Clause) error {
	if e == nil {
		return nil
	}
	for i := range r.candidates {
		err := e.line("candidates.jsonl", object{
			"id": i, "doc": r.profile.document(&r.candidates[i]), "cond": r.job.condition(wishes[i]),
		})
		if err != nil {
			return err
		}
	}
	for i := range rules {
		err := e.line("rules.jsonl", object{
			"id": i, "doc": r.job.document(&positions[i]), "cond": r.profile.ruleCondition(rules[i]),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// asked writes a question and its answer under one number.
func (e *exporter) asked(question, answer object) error {
	question["id"], answer["id"] = e.next, e.next
	e.next++
	if err := e.line("questions.jsonl", question); err != nil {
		return err
	}
	return e.line("answers.jsonl", answer)
}

// match writes one of the first questions about rules.
func (e *exporter) match(profile schema, c *Record, ids []int64) error {
	if e == nil {
		return nil
	}
	return e.asked(object{"op": "match", "doc": profile.document(c)}, object{"count": len(ids), "ids": listed(ids)})
}

func (e *exporter) mutual(r *run, c *Record, wishes []Clause, ids []int64) error {
	if e == nil {
		return nil
	}
	return e.asked(
		object{"op": "mutual", "doc": r.profile.document(c), "cond": r.job.condition(wishes)},
		object{"count": len(ids), "ids": listed(ids)})
}

// listed gives ids that are written as a list even if there are none.
func listed(ids []int64) []int64 { return append([]int64{}, ids...) }

func (e *exporter) search(profile schema, rule Rule, a *answer) error {
	if e == nil {
		return nil
	}
	facets := object{}
	for f := range a.facets {
		counts := []object{}
		for _, v := range ranked(a.facets[f]) {
			counts = append(counts, object{"code": code(v.Value), "count": v.Count})
		}
		facets[profile[f].name] = counts
	}
	impact := []object{}
	for i, gain := range a.gains {
		clause := ""
		if len(rule) == 1 {
			clause = "/all/" + strconv.Itoa(i)
		}
		impact = append(impact, object{"clause": clause, "gain": gain})
	}
	return e.asked(
		object{"op": "search", "cond": profile.ruleCondition(rule), "k": topHits},
		object{"count": a.count, "facets": facets, "top": listed(a.top), "impact": impact})
}
