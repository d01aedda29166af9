package stack

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// mapping gives a mapping of names to nodes, in turn.
func mapping(pairs ...any) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for i := 0; i+1 < len(pairs); i += 2 {
		add(n, pairs[i].(string), "", pairs[i+1].(*yaml.Node))
	}
	return n
}

// add puts value into a mapping, with a comment above unless that is empty; what holds nothing
// is left out, except where it is a name that something else refers to.
func add(n *yaml.Node, name, comment string, value *yaml.Node) {
	if value.Kind == yaml.SequenceNode && len(value.Content) == 0 {
		return
	}
	if value.Kind == yaml.MappingNode && len(value.Content) == 0 && (name == "environment" || name == "depends_on") {
		return
	}
	key := &yaml.Node{Kind: yaml.ScalarNode, Value: name, HeadComment: comment}
	n.Content = append(n.Content, key, value)
}

func scalar(v any) *yaml.Node {
	var n yaml.Node
	n.SetString(fmt.Sprint(v))
	if _, text := v.(string); !text {
		n.Tag = ""
	}
	return &n
}

func list(values []string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for _, v := range values {
		n.Content = append(n.Content, scalar(v))
	}
	return n
}

func reference(to *yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.AliasNode, Value: to.Anchor, Alias: to}
}
