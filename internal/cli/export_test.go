package cli

import (
	"strings"

	"github.com/alecthomas/kong"
)

// Leaf is a command that can be run, and its flags.
type Leaf struct {
	Path  string // "job run"
	Flags []string
}

// Leaves gives every command, also the hidden ones.
func Leaves() ([]Leaf, error) {
	parser, err := kong.New(new(commands), kong.Name("enishi"))
	if err != nil {
		return nil, err
	}
	var out []Leaf
	for _, n := range parser.Model.Leaves(false) {
		leaf := Leaf{Path: strings.TrimPrefix(n.FullPath(), "enishi ")}
		for _, f := range n.Flags {
			leaf.Flags = append(leaf.Flags, f.Name)
			leaf.Flags = append(leaf.Flags, f.Aliases...)
		}
		out = append(out, leaf)
	}
	return out, nil
}

// Pack, Unpack and Leave are for tests of what is handed over.
var (
	Pack       = pack
	Unpack     = unpack
	Leave      = leave
	PackedName = packedName
)

// PrintStack is for tests of what a plan says.
var PrintStack = printStack
