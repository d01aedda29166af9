package archtest

import (
	"go/ast"
	"path"
	"slices"
)

// checkCalls looks for the names of restricted functions, called or passed on.
func (c *checker) checkCalls(s *source) {
	imports := importNames(s.ast)
	ast.Inspect(s.ast, func(node ast.Node) bool {
		selector, ok := node.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		// An identifier with an object is declared in this file: a variable
		// that shadows the import.
		of, ok := selector.X.(*ast.Ident)
		if !ok || of.Obj != nil || imports[of.Name] == "" {
			return true
		}
		name := imports[of.Name] + "." + selector.Sel.Name
		for _, r := range c.law.restrictions {
			if slices.Contains(r.names, name) && !r.may(s.dir) && !s.test {
				c.find(s, selector.Pos(), "call", "%s uses %s: %s", s.dir, name, r.reason)
			}
		}
		return true
	})
}

// importNames gives the import path for each name that file imports. The last
// element stands for the name where none is given: true of every package that
// the restrictions name.
func importNames(file *ast.File) map[string]string {
	names := make(map[string]string, len(file.Imports))
	for _, spec := range file.Imports {
		imported := unquote(spec.Path.Value)
		name := path.Base(imported)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = imported
	}
	return names
}
