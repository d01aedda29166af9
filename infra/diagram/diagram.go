// Package diagram draws an environment on AWS from its synthesised templates, as text of
// Mermaid: what stands in which kind of subnet, and who may talk to whom, by rules of
// security groups, listeners, schedules, topics and the policies of roles.
//
// Nothing in it is written by hand but words for types: what the stacks do not say is not
// drawn, and types that it does not know are listed. Everything here is safe for concurrent use.
package diagram

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"enishi/infra/template"
)

// Places in which something stands, in the order in which they are drawn.
const (
	world  = "world"
	edge   = "edge"
	public = "public"
	app    = "app"
	data   = "data"
	region = "region"
)

func places() []string { return []string{world, edge, public, app, data, region} }

// drawing is what has been found so far.
type drawing struct {
	set   *template.Set
	nodes map[string]node
	lines map[line]bool
	of    map[*template.Resource]string // the node that shows it
	shown map[*template.Resource]bool   // also as a line
}

type node struct {
	place string
	words []string // a row each
}

type line struct {
	from, to, says string
	dashed         bool
}

// Draw gives the diagram of the templates, with what goes with it: a table of what roles
// may do, and what is not drawn.
func Draw(set *template.Set) string {
	d := &drawing{
		set: set, nodes: map[string]node{}, lines: map[line]bool{}, of: map[*template.Resource]string{}, shown: map[*template.Resource]bool{},
	}
	d.doors()
	d.things()
	d.rules()
	d.ways()
	d.traffic()
	d.edge()
	d.schedules()
	d.archives()
	d.told()
	d.backups()
	table := d.roles()
	return "```mermaid\n" + d.mermaid() + "```\n\n" + table + "\n" + d.rest()
}

// put adds a node that shows resources.
func (d *drawing) put(id, place string, words []string, shows ...*template.Resource) {
	d.nodes[id] = node{place, words}
	for _, r := range shows {
		d.of[r], d.shown[r] = id, true
	}
}

// connect adds a line between two nodes, or kinds of subnets.
func (d *drawing) connect(from, to, says string) {
	if from != "" && to != "" && from != to {
		d.lines[line{from: from, to: to, says: says}] = true
	}
}

// mermaid writes the nodes by their places, and the lines.
func (d *drawing) mermaid() string {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	for _, place := range places() {
		var inside []string
		for id, n := range d.nodes {
			if n.place == place {
				inside = append(inside, fmt.Sprintf("    %s[\"%s\"]\n", id, strings.Join(n.words, "<br/>")))
			}
		}
		if len(inside) == 0 {
			continue
		}
		slices.Sort(inside)
		fmt.Fprintf(&b, "  subgraph %s[\"%s\"]\n%s  end\n", place, d.title(place), strings.Join(inside, ""))
	}
	for _, l := range slices.SortedFunc(maps.Keys(d.lines), func(a, b line) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to), cmp.Compare(a.says, b.says))
	}) {
		arrow := "-->"
		if l.dashed {
			arrow = "-.->"
		}
		if l.says != "" {
			arrow += "|\"" + l.says + "\"|"
		}
		fmt.Fprintf(&b, "  %s %s %s\n", l.from, arrow, l.to)
	}
	return b.String()
}

// title says what a place is.
func (d *drawing) title(place string) string {
	switch place {
	case world:
		return "outside"
	case edge:
		return "edge"
	case region:
		return "of the region, outside the network"
	}
	zones := map[string]bool{}
	for _, subnet := range d.set.Of("AWS::EC2::Subnet") {
		if kind(subnet) == place {
			zones[subnet.Text("AvailabilityZone")] = true
			d.shown[subnet] = true
		}
	}
	return fmt.Sprintf("subnets %s, in %d zones", place, len(zones))
}

// kind says of which kind a subnet is.
func kind(subnet *template.Resource) string {
	for _, tag := range subnet.List("Tags") {
		if pair, ok := tag.(map[string]any); ok && pair["Key"] == "aws-cdk:subnet-name" {
			return fmt.Sprint(pair["Value"])
		}
	}
	return ""
}

// rest lists the types that nothing above shows, so that nobody takes them for missing.
func (d *drawing) rest() string {
	count := map[string]int{}
	for _, r := range d.set.Resources {
		if !d.shown[r] {
			count[strings.TrimPrefix(r.Type, "AWS::")]++
		}
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(count)) {
		names = append(names, fmt.Sprintf("%s (%d)", name, count[name]))
	}
	return "Not drawn: " + strings.Join(names, ", ") + ".\n"
}
