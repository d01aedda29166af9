// Package archtest holds the rules of the source tree and finds what breaks
// them: which package may import which, who may touch the clock, the
// environment and the process, and how long a file may grow. law.go states
// them all; everything that it does not allow is refused.
//
// It reads source text alone, so it sees files of every platform and build
// tag, and needs no tool chain. Check is safe for concurrent use.
package archtest

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Finding is one breach of a rule.
type Finding struct {
	File string // from the root of the tree
	Line int
	Rule string // floor, direction, support, purity, call, library, size or form
	Text string // what was found and what is allowed
}

func (f Finding) String() string {
	return fmt.Sprintf("%s:%d: %s: %s", f.File, f.Line, f.Rule, f.Text)
}

// Report is what Check looked at and what it found there.
type Report struct {
	Findings                            []Finding // by file and line
	Packages, Files, Imports, Functions int
	Waiting                             []string // packages that have a floor and do not exist
}

// source is one parsed file.
type source struct {
	path    string // from the root of the tree
	dir     string // its package
	test    bool
	support bool // its package is test support
	foreign bool // it belongs to another module inside the tree
	lines   int
	fset    *token.FileSet
	ast     *ast.File
}

// checker gathers a Report.
type checker struct {
	law    law
	report Report
}

// Check reads every Go file of tree, whose root holds the module, and applies
// the rules. It leaves out testdata and folders whose names begin with a dot
// or an underscore. Its error says that a file could not be read or parsed, or
// that there is no package at all.
func Check(tree fs.FS) (Report, error) {
	c := &checker{law: newLaw()}
	sources, err := load(tree)
	if err != nil {
		return Report{}, err
	}
	packages := make(map[string]bool)
	for _, s := range sources {
		s.support = slices.Contains(c.law.testSupport, s.dir)
		c.report.Files++
		if s.foreign {
			c.checkForeign(s)
			continue
		}
		if !packages[s.dir] {
			packages[s.dir] = true
			c.checkPackage(s)
		}
		c.checkImports(s)
		c.checkCalls(s)
		c.checkSize(s)
		c.checkForm(s)
	}
	if len(packages) == 0 {
		return Report{}, fmt.Errorf("no Go package in the tree")
	}
	c.report.Packages = len(packages)
	for dir := range c.law.floors {
		if !packages[dir] {
			c.report.Waiting = append(c.report.Waiting, dir)
		}
	}
	slices.Sort(c.report.Waiting)
	slices.SortFunc(c.report.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Text, b.Text))
	})
	return c.report, nil
}

// load parses the Go files of tree, in the order of their paths.
func load(tree fs.FS) ([]*source, error) {
	var sources []*source
	foreign := make(map[string]bool) // folders of other modules
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			if name != "." && skipped(entry.Name()) {
				return fs.SkipDir
			}
			_, err := fs.Stat(tree, path.Join(name, "go.mod"))
			foreign[name] = name != "." && (err == nil || foreign[path.Dir(name)])
			return nil
		case path.Ext(name) != ".go":
			return nil
		}
		s, err := parse(tree, name)
		if err != nil {
			return err
		}
		s.foreign = foreign[s.dir]
		sources = append(sources, s)
		return nil
	})
	return sources, err
}

func skipped(folder string) bool {
	return folder == "testdata" || strings.HasPrefix(folder, ".") || strings.HasPrefix(folder, "_")
}

func parse(tree fs.FS, name string) (*source, error) {
	text, err := fs.ReadFile(tree, name)
	if err != nil {
		return nil, err
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, text, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	return &source{
		path:  name,
		dir:   path.Dir(name),
		test:  strings.HasSuffix(name, "_test.go"),
		lines: fset.File(file.FileStart).LineCount(),
		fset:  fset,
		ast:   file,
	}, nil
}

// find records a breach at a place of s.
func (c *checker) find(s *source, at token.Pos, rule, format string, args ...any) {
	c.report.Findings = append(c.report.Findings, Finding{
		File: s.path, Line: s.fset.Position(at).Line, Rule: rule, Text: fmt.Sprintf(format, args...),
	})
}
