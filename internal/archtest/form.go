package archtest

import (
	"go/ast"
	"strings"
)

// checkSize holds the file and its functions to their lengths. Generated files
// are as long as they are.
func (c *checker) checkSize(s *source) {
	if ast.IsGenerated(s.ast) {
		return
	}
	limit := fileLines
	if s.test {
		limit = testFileLines
	}
	if s.lines > limit {
		c.find(s, s.ast.Package, "size", "the file has %d lines, at most %d", s.lines, limit)
	}
	for _, declaration := range s.ast.Decls {
		ast.Inspect(declaration, func(node ast.Node) bool {
			switch f := node.(type) {
			case *ast.FuncDecl:
				c.checkFunction(s, f.Name.Name, f.Doc, f)
				return false
			case *ast.FuncLit: // of a package variable
				c.checkFunction(s, "a function literal", nil, f)
				return false
			}
			return true
		})
	}
}

// checkFunction counts from the line of `func` to that of the last brace.
func (c *checker) checkFunction(s *source, name string, doc *ast.CommentGroup, f ast.Node) {
	c.report.Functions++
	lines := s.fset.Position(f.End()).Line - s.fset.Position(f.Pos()).Line + 1
	if lines <= functionLines || s.test && lines <= testFunctionLines {
		return
	}
	switch explained := isExplained(s.ast, doc, f); {
	case lines > longFunctionLines:
		c.find(s, f.Pos(), "size", "%s has %d lines, at most %d", name, lines, longFunctionLines)
	case !explained:
		c.find(s, f.Pos(), "size", "%s has %d lines, at most %d, or %d with a comment `// long: why`",
			name, lines, functionLines, longFunctionLines)
	}
}

// isExplained reports whether the doc comment or a comment inside f says why
// it is long.
func isExplained(file *ast.File, doc *ast.CommentGroup, f ast.Node) bool {
	for _, group := range file.Comments {
		if group != doc && (group.Pos() < f.Pos() || group.End() > f.End()) {
			continue
		}
		for _, comment := range group.List {
			reason, ok := strings.CutPrefix(comment.Text, "// long:")
			if ok && strings.TrimSpace(reason) != "" {
				return true
			}
		}
	}
	return false
}

// checkForm looks for what is refused whatever its size.
func (c *checker) checkForm(s *source) {
	for _, declaration := range s.ast.Decls {
		f, ok := declaration.(*ast.FuncDecl)
		if ok && f.Recv == nil && f.Name.Name == "init" {
			c.find(s, f.Pos(), "form", "init runs unasked; call a function from where its result is needed")
		}
	}
	for _, group := range s.ast.Comments {
		for _, comment := range group.List {
			directive, ok := strings.CutPrefix(comment.Text, "//nolint")
			if !ok {
				continue
			}
			linters, reason, _ := strings.Cut(directive, "//")
			if !strings.HasPrefix(linters, ":") || strings.TrimSpace(reason) == "" {
				c.find(s, comment.Pos(), "form", "a nolint names its linter and its reason: //nolint:name // why")
			}
		}
	}
}
