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
	// Holds, if not 0, is how many times as high the figure counts, cut off at its target. Such a
	// policy never asks for more, and lets a task go only when the rest could bear that much more.
	// Since AWS adds a task when one policy asks for it, and takes one away only when all let it go
	// (Application Auto Scaling's guide, "How target tracking scaling works", several policies), it
	// keeps those apart at which a task goes and comes.
	Holds float64
}

// counts gives what a policy makes of its figure.
func (p Policy) counts(figure float64) float64 {
	if p.Holds == 0 {
		return figure
	}
	return min(p.Holds*figure, p.Target)
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

// What one core answers of the default mix: a web process with one core, its database elsewhere,
// computed 1.2 to 1.5 ms for a request (docs/open-points.md, "Figures").
const (
	perCore = 650. // requests a second
	// filled leaves room for what comes before a new task serves.
	filled = 0.4
	// asked is for how many requests a second of a core another task is asked for, also where they
	// compute less than measured: their answers, connections and places are to be shared then.
	asked = 400.
	// slowly is how soon after a change tasks go: at the height of a day five minutes let one
	// come and go every quarter of an hour.
	slowly = 40 * time.Minute
	// holds is how many times as much the rest has to bear before a task goes. Of a load whose
	// seconds differ by a tenth 1.02 lets a task come back, and 1.03 none (TestDays): real ones may be
	// less even. It keeps one or two tasks in a hundred more over a day.
	holds = 1.05
)

// PerTask gives the requests a second that a task of so many CPU units (1024 a core) answers.
func PerTask(units int) float64 { return perCore * float64(units) / 1024 }

// Web gives the policies of the web service, whose tasks have so many CPU units. A task is
// added by whichever asks for more. Each figure is held as well, since only the one that asked for
// a task says when it comes back.
func Web(units int) []Policy {
	const minute = 60
	cpu := Policy{Name: "cpu", Figure: CPU, Target: 100 * filled, Out: time.Minute, In: slowly}
	requests := Policy{Name: "requests", Figure: Requests, Target: asked * float64(units) / 1024 * minute, Out: time.Minute, In: slowly}
	return []Policy{cpu, requests, cpu.held(), requests.held()}
}

// held gives the policy that holds the tasks which another asks for.
func (p Policy) held() Policy {
	p.Name += "-held"
	p.Holds = holds
	return p
}

// What the worker that leads does of the log: while rows wait, it reads for several at a time and steps
// in their order, so that neither more workers nor larger ones match sooner. scripts/bench-matcher
// measured it (docs/open-points.md, "Figures"); what is said here is of a row that has a person matched anew.
const (
	// rowTakes is the longest that a row took while others waited, with the database beside it and two busy
	// cores for both: 757 rows a second.
	rowTakes = 1320 * time.Microsecond
	// rowAsks are its statements, of which each waits for the one before, and abreast for how many rows at
	// a time (internal/market, readAhead): with 2 ms more for each it was 299 to 353 rows a second.
	rowAsks, abreast = 9, 8
	// roundTrip is how much longer each takes when the database's writer is in another zone: assumed.
	roundTrip = 500 * time.Microsecond
	// surely is the part of it that is counted on: others that want the database, offers that are
	// made, and rows of rules, of which each takes as long as seven of people, have the rest.
	surely = 0.65
	// rowComputes is what the worker itself computes for a row: 0.4 to 0.8 ms.
	rowComputes = 800 * time.Microsecond
	// mailComputes is what it does for a mail, with its connection: assumed.
	mailComputes = 5 * time.Millisecond
)

// Of the default mix of bench http, five requests of a hundred change what somebody wishes and one
// signs somebody up, who is written to: each writes a row that has a person matched. Offers and
// answers write rows as well, which are stepped over.
const (
	rowsEach  = 0.06 // of a request
	mailsEach = 0.01
)

// PerLeader gives the rows a second that the leading worker works off.
func PerLeader() float64 { return surely / (rowTakes + rowAsks*roundTrip/abreast).Seconds() }

// Rows gives the rows a second that have somebody matched anew, of so many requests.
func Rows(requests float64) float64 { return rowsEach * requests }

// Leads gives how a task of so many CPU units leads.
func Leads(units int) *Lead {
	return &Lead{Computes: (rowComputes.Seconds() + mailsEach/rowsEach*mailComputes.Seconds()) * 1024 / float64(units)}
}

// Bears gives the requests a second for each task at which no policy of Web asks for another.
func Bears(units int) float64 { return min(filled*perCore, asked) * float64(units) / 1024 }

// Worker gives those of the workers: one of them leads and matches, all of them send mails.
// When its queue gets old, more of them take mails off the one that leads; beyond that they match
// no sooner.
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

// handing is how long nobody matches when the task that leads goes: the life of its lease, as if
// it had not given it up, and until another asks for it (internal/market, internal/worker).
const handing = 6 * time.Second
