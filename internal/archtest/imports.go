package archtest

import (
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"
)

// checkPackage holds the package of s to what concerns it as a whole.
func (c *checker) checkPackage(s *source) {
	at := s.ast.Package
	if _, ok := c.law.floors[s.dir]; !ok {
		c.find(s, at, "floor", "package %s has no floor; give it one in internal/archtest/law.go, by a decision", s.dir)
	}
	if name := path.Base(s.dir); slices.Contains(c.law.vague, name) {
		c.find(s, at, "form", "package %s: the name does not say what it gives", s.dir)
	}
}

// checkForeign keeps other modules in the tree away from this one. They are named by
// their folder below it, and import what is in that.
func (c *checker) checkForeign(s *source) {
	own, _, _ := strings.Cut(s.dir, "/")
	for _, spec := range s.ast.Imports {
		if imported := unquote(spec.Path.Value); within(imported, module) && !within(imported, path.Join(module, own)) {
			c.find(s, spec.Pos(), "direction", "%s is of another module and imports %s", s.dir, imported)
		}
	}
}

func (c *checker) checkImports(s *source) {
	for _, spec := range s.ast.Imports {
		c.report.Imports++
		imported, at := unquote(spec.Path.Value), spec.Pos()
		first, _, _ := strings.Cut(imported, "/")
		if spec.Name != nil && spec.Name.Name == "." {
			c.find(s, at, "form", "the dot import of %s hides where names come from", imported)
		}
		switch {
		case within(imported, module):
			c.checkOwn(s, at, strings.TrimPrefix(imported, module+"/"))
		case strings.Contains(first, "."):
			c.checkLibrary(s, at, imported)
		default:
			c.checkStandard(s, at, imported)
		}
	}
}

// checkOwn checks the import of the project's package to.
func (c *checker) checkOwn(s *source, at token.Pos, to string) {
	if to == s.dir { // an external test of its own package
		return
	}
	from, ok := c.law.floors[s.dir]
	if !ok {
		return // said once for the package
	}
	floor, ok := c.law.floors[to]
	if !ok {
		c.find(s, at, "floor", "%s imports %s, which has no floor", s.dir, to)
		return
	}
	support := slices.Contains(c.law.testSupport, to)
	if support && !s.test && !s.support {
		c.find(s, at, "support", "%s imports %s, which is for tests", s.dir, to)
		return
	}
	allowed, isNarrow := c.law.narrow[s.dir]
	switch {
	case s.test && (slices.Contains(c.law.testsAlso[s.dir], to) || support && floor <= from):
	case isNarrow && !s.test && !slices.Contains(allowed, to):
		c.find(s, at, "direction", "%s imports %s; it may import %s alone", s.dir, to, strings.Join(allowed, ", "))
	case floor > from:
		c.find(s, at, "direction", "%s (floor %d) imports %s (floor %d): imports go down", s.dir, from, to, floor)
	case floor == from && !slices.Contains(c.law.sameFloor[s.dir], to):
		c.find(s, at, "direction", "%s imports %s on its own floor %d, and the list does not have the pair", s.dir, to, floor)
	}
}

// checkLibrary checks the import of another's package.
func (c *checker) checkLibrary(s *source, at token.Pos, imported string) {
	in := func(library string) bool { return within(imported, library) }
	if (s.test || s.support) && slices.ContainsFunc(c.law.testLibraries, in) {
		return
	}
	for library, users := range c.law.libraries {
		if in(library) && slices.Contains(users, s.dir) {
			return
		}
	}
	c.find(s, at, "library", "%s may not import %s", s.dir, imported)
}

// checkStandard checks the import of a package of the standard library.
func (c *checker) checkStandard(s *source, at token.Pos, imported string) {
	if imported == "testing" && !s.test && !s.support {
		c.find(s, at, "support", "%s imports testing outside a test", s.dir)
	}
	if s.test || s.support || !slices.Contains(c.law.pure, s.dir) {
		return
	}
	for _, banned := range c.law.impure {
		if within(imported, banned) {
			c.find(s, at, "purity", "%s is domain or engine and imports %s", s.dir, imported)
		}
	}
}

// within reports whether the import path is root or lies below it.
func within(imported, root string) bool {
	rest, ok := strings.CutPrefix(imported, root)
	return ok && (rest == "" || rest[0] == '/')
}

func unquote(literal string) string {
	s, err := strconv.Unquote(literal)
	if err != nil {
		return literal
	}
	return s
}
