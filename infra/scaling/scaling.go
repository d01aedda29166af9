// Package scaling says when tasks are added and taken away: one table of policies, which
// the stacks hand to AWS and which a simulation replays days against.
//
// It talks to nobody; everything here is safe for concurrent use.
package scaling

import "time"

// Policy holds a figure of a service near a value, by adding and taking away tasks.
type Policy struct {
	Name    string
	Figure  Figure
	Target  float64
	Out, In time.Duration // how soon after a change it adds or takes away again
}

// Figure is what a policy looks at.
type Figure string

// The figures: the share of its cores that a service uses, in percent; requests a minute
// that the load balancer takes, by task; and how old what waits for the matcher is at most, in
// seconds, as the workers themselves tell.
const (
	CPU      Figure = "cpu"
	Requests Figure = "requests"
	QueueAge Figure = "queue age"
)

// oldest is how old what waits for the matcher may be, in seconds: the age at which people
// are told as well (MatchingLate).
const oldest = 10

// What one core answers: 3,000 requests a second of the default mix were answered by a
// process and its load on two cores together (docs/open-points.md, "Figures"), of which a
// third is taken as what one core of a task surely does.
const (
	perCore = 1000. // requests a second
	// filled leaves room for what comes before a new task serves.
	filled = 0.4
	// slowly is how soon after a change tasks go: at the height of a day five minutes let one
	// come and go every quarter of an hour.
	slowly = 40 * time.Minute
)

// PerTask gives the requests a second that a task of so many CPU units (1024 a core) answers.
func PerTask(units int) float64 { return perCore * float64(units) / 1024 }

// Web gives the policies of the web service, whose tasks have so many CPU units. A task is
// added by whichever asks for more.
func Web(units int) []Policy {
	const minute = 60
	return []Policy{
		{Name: "cpu", Figure: CPU, Target: 100 * filled, Out: time.Minute, In: slowly},
		{Name: "requests", Figure: Requests, Target: filled * PerTask(units) * minute, Out: time.Minute, In: slowly},
	}
}

// Worker gives those of the workers: one of them leads and matches, all of them send mails.
// When its queue gets old, more of them take mails off the one that leads; beyond that they match
// no sooner, and its size is what its queue hangs on.
func Worker() []Policy {
	return []Policy{
		{Name: "cpu", Figure: CPU, Target: 60, Out: time.Minute, In: slowly},
		{Name: "queue", Figure: QueueAge, Target: oldest, Out: time.Minute, In: slowly},
	}
}

// How AWS's target tracking decides (Application Auto Scaling's documentation of target
// tracking, and the alarms that it makes): on figures of a minute, after three that are
// too high, and after fifteen below nine tenths of the target.
const (
	period    = time.Minute
	outAfter  = 3
	inAfter   = 15
	inBelow   = 0.9
	figureLag = time.Minute // until a minute's figure can be read
)

// Serving is how long it takes from the decision until a new task takes requests: Fargate's
// own start with its network, the image, the program with a snapshot of the population,
// and two health checks five seconds apart. It is assumed; internal/deploy counts deployments with it, too.
const Serving = 75 * time.Second
