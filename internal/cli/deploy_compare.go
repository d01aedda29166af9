package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"

	"enishi/internal/deploy"
)

// compared has the account compared with the templates: all on which a deployment depends for a plan, and for a
// deployment, in which minutes count, what it would write anew. One that was left half-way is finished at once.
func (c *deployRunCmd) compared(ctx context.Context, o *deploy.Options, plan *deploy.Plan) error {
	depth := deploy.Overwriting
	switch {
	case c.Plan:
		depth = deploy.Whole
	case plan.Left != nil:
		return nil
	}
	var err error
	plan.Compared, err = deploy.Compare(ctx, o, depth)
	return err
}

// printCompared prints what was changed by hand, by resource, and what could not be compared, by the reason.
func printCompared(out io.Writer, c *deploy.Comparison) {
	fmt.Fprintf(out, "Compared with the templates: %d resources, %d changed by hand\n", c.Resources, len(c.Changed))
	for i := range c.Changed {
		one := &c.Changed[i]
		if one.Gone {
			fmt.Fprintf(out, "Deleted by hand: %s\n", called(one.Type, one.Name))
			continue
		}
		fmt.Fprintf(out, "Changed by hand: %s. %s\n", called(one.Type, one.Name), map[bool]string{true: "The next deployment overwrites it", false: "Deployments leave it so"}[one.Overwritten])
		for _, s := range one.Settings {
			fmt.Fprintf(out, "  %s: %s -> %s\n", s.Setting, cmp.Or(s.Template, "nothing"), cmp.Or(s.Account, "nothing"))
		}
	}
	var reasons []string
	names := map[string][]string{}
	for _, u := range c.Unknown {
		if names[u.Why] == nil {
			reasons = append(reasons, u.Why)
		}
		names[u.Why] = append(names[u.Why], u.Name)
	}
	for _, why := range reasons {
		fmt.Fprintf(out, "Not compared: %s (%s)\n", strings.Join(names[why], ", "), why)
	}
}

// called names a resource, such as "ECS Service WebService".
func called(kind, name string) string {
	return strings.ReplaceAll(strings.TrimPrefix(kind, "AWS::"), "::", " ") + " " + name
}
