package alarm_test

import (
	"slices"
	"time"

	"enishi/internal/alarm/cloudtest"
)

const (
	hour = time.Hour
	day  = 24 * hour
)

// objectives are how a share of what an objective counts goes wrong.
func objectives() map[string]struct {
	figure string
	tenth  bool // ten times as many may go wrong as of requests
	bad    func(share float64) figure
} {
	type objective = struct {
		figure string
		tenth  bool
		bad    func(share float64) figure
	}
	return map[string]objective{
		"Availability": {"failed", false, func(share float64) figure { return visited(counted(requests * share)) }},
		"Latency":      {"took", true, func(share float64) figure { return visited(durations(requests, share, 0.65)) }},
		"SignUp":       {"joined", true, func(share float64) figure { return visited(durations(signUps, share, 3.5)) }},
		"Matching":     {"age", true, ages},
	}
}

// stories gives all of them. Of the four promises 0.1 % of requests may fail in a month, and
// 1 % of everything else may be late. People come from 08:00 to 24:00, and it is 20:00.
func stories() []story {
	list := []story{
		{name: "all is well, by day and by night", moments: []moment{{at: -2 * day}, {at: -12 * hour}, {at: 0}, {at: 7 * hour}, {at: 13 * hour}}},
		{
			name: "the figures of the last minute have not come yet", looksBack: true,
			changes: missing(-time.Minute, 0), moments: []moment{{at: -time.Minute}, {at: 0}},
		},
		{
			name: "nobody tells anything", changes: missing(-11*day+4*hour, 5*day),
			moments: []moment{{
				at: 0, fires: []string{"Unreachable", "ProcessMissing", "EdgeAway", "ArchiveLate"},
				unknown: []string{"StorageForecast", "ConnectionsForecast", "MemoryForecast"}, // an alarm that files a ticket has nothing to say
			}},
		},
	}
	return slices.Concat(append(list, silenced()), spent(), few(), away(), parts(), full(), aws(), copied())
}

// missing takes away every figure for a while.
func missing(from, to time.Duration) (list []change) {
	for name := range wellFigures() {
		list = append(list, change{max(from, -evening*time.Minute), to, name, nil})
	}
	return list
}

// spent gives the stories in which a promise is broken for a while.
func spent() (list []story) {
	for prefix, o := range objectives() {
		times := 1.0
		if o.tenth {
			times = 10
		}
		fast, slow, budget := prefix+"Fast", prefix+"Slow", prefix+"Budget"
		list = append(list, story{
			// The hour has been bad, the six hours and the three days have not been.
			name:    prefix + ": 2 in 100 requests, or 20 in 100 of the rest, go wrong for an hour",
			changes: []change{{-hour, 0, o.figure, o.bad(0.02 * times)}},
			moments: []moment{
				{at: -hour},
				{at: 0, fires: among(whole(fast), []string{slow + "Short", budget + "Short"})},
				{at: 6 * time.Minute, fires: []string{fast + "Long", slow + "Short", budget + "Short"}},
				{at: 2 * hour, fires: []string{budget + "Short"}},
				{at: 7 * hour},
			},
		}, story{
			name:    prefix + ": for six minutes alone",
			changes: []change{{-6 * time.Minute, 0, o.figure, o.bad(0.02 * times)}},
			moments: []moment{{at: -6 * time.Minute}, {at: 0, fires: []string{fast + "Short"}}, {at: 6 * time.Minute}},
		}, story{
			name:    prefix + ": 1 in 100, or 10 in 100, for eight hours",
			changes: []change{{-8 * hour, 0, o.figure, o.bad(0.01 * times)}},
			moments: []moment{
				{at: -8 * hour},
				{at: 0, fires: whole(slow, budget)},
				{at: 31 * time.Minute, fires: among([]string{slow + "Long"}, whole(budget))},
				{at: 7 * hour, fires: []string{budget + "Long"}},
				{at: 4 * day},
			},
		}, story{
			name:    prefix + ": 0.2 in 100, or 2 in 100, for three days",
			changes: []change{{-3 * day, 0, o.figure, o.bad(0.002 * times)}},
			moments: []moment{{at: -3 * day}, {at: 0, fires: whole(budget)}, {at: 7 * hour, fires: []string{budget + "Long"}}, {at: 4 * day}},
		})
		if o.figure == "took" || o.figure == "joined" {
			list = append(list, story{
				name:    prefix + ": everything is late until nobody comes any more",
				changes: []change{{4*hour - 10*time.Minute, 4 * hour, o.figure, o.bad(1)}},
				moments: []moment{
					{at: 4 * hour, fires: among(whole(fast), []string{slow + "Short", budget + "Short"})},
					{at: 4*hour + 20*time.Minute, fires: []string{fast + "Long", slow + "Short", budget + "Short"}},
					{at: 5*hour + 30*time.Minute, fires: []string{budget + "Short"}},
					{at: 15 * hour},
				},
			})
		}
	}
	return list
}

// few gives stories of nights in which hardly anybody comes: at 04:00 it is eight hours after the
// evening.
func few() []story {
	night := func(fail float64) []change {
		return []change{
			{7 * hour, 8 * hour, "requests", counted(1. / 3)},
			{7 * hour, 8 * hour, "failed", counted(fail / 60)},
			{7*hour + 59*time.Minute, 8 * hour, "failed", every(1)},
		}
	}
	short := []string{"AvailabilityFastShort", "AvailabilitySlowShort"}
	return []story{
		{name: "8 of 20 requests of an hour fail", changes: night(8), moments: []moment{{at: 7 * hour}, {at: 8 * hour, fires: short}, {at: 15 * hour}}},
		{
			name: "12 of 20 requests of an hour fail", changes: night(12),
			moments: []moment{{at: 7 * hour}, {at: 8 * hour, fires: among(whole("AvailabilityFast"), []string{"AvailabilitySlowShort", "AvailabilityBudgetShort"})}, {at: 9 * hour, fires: []string{"AvailabilityBudgetShort"}}, {at: 15 * hour}},
		},
		{
			name:    "three sign-ups of a night are late, and nobody else comes",
			changes: []change{{7 * hour, 7*hour + 3*time.Minute, "later", every(0.7)}, {7 * hour, 7*hour + 3*time.Minute, "joined", nil}},
			moments: []moment{{at: 7 * hour}, {at: 7*hour + 3*time.Minute, fires: []string{"SignUpFastShort", "SignUpSlowShort"}}, {at: 15 * hour}},
		},
		{
			name:    "every sign-up of ten minutes is left to the matcher",
			changes: []change{{-10 * time.Minute, 0, "later", func(int) []sample { return []sample{{Value: 0.7, Count: signUps}} }}, {-10 * time.Minute, 0, "joined", nil}},
			moments: []moment{{at: -10 * time.Minute}, {at: 0, fires: among(whole("SignUpFast"), []string{"SignUpSlowShort", "SignUpBudgetShort"})}, {at: 6 * time.Minute, fires: []string{"SignUpFastLong", "SignUpSlowShort", "SignUpBudgetShort"}}, {at: 7 * hour}},
		},
		{
			name:    "everything fails until nobody comes any more",
			changes: []change{{4*hour - 10*time.Minute, 4 * hour, "failed", counted(requests)}},
			moments: []moment{
				{at: 4 * hour, fires: among([]string{"DeploymentFails"}, whole("AvailabilityFast", "AvailabilitySlow", "AvailabilityBudget"))},
				{at: 4*hour + 20*time.Minute, fires: among([]string{"AvailabilityFastLong"}, whole("AvailabilitySlow", "AvailabilityBudget"))},
				{at: 5*hour + 30*time.Minute, fires: among([]string{"AvailabilitySlowLong"}, whole("AvailabilityBudget"))},
				{at: 11 * hour, fires: []string{"AvailabilityBudgetLong"}},
			},
		},
	}
}

// silenced gives the story of workers that hang and are then gone, with their figures.
func silenced() story {
	return story{
		name:    "matching is late until nobody tells how late",
		changes: []change{{-20 * time.Minute, 0, "age", ages(1)}, {0, 2 * hour, "age", nil}},
		moments: []moment{
			{at: -20 * time.Minute},
			{at: 0, fires: among(whole("MatchingFast"), []string{"MatchingSlowShort", "MatchingBudgetShort"})},
			{at: 6 * time.Minute, fires: []string{"MatchingFastLong", "MatchingSlowShort", "MatchingBudgetShort"}},
			{at: 2 * hour, fires: []string{"MatchingSlowLong", "MatchingBudgetShort"}}, // of the hours that are known, a larger share
			{at: 7 * hour},
		},
	}
}

// away gives stories in which nobody gets an answer, or a part does not.
func away() []story {
	gone := func(from, to time.Duration, names ...string) (list []change) {
		for _, n := range names {
			list = append(list, change{from, to, n, nil})
		}
		return list
	}
	availability := whole("AvailabilityFast", "AvailabilitySlow", "AvailabilityBudget")
	return []story{
		{
			// Nobody is in either target group, so the load balancer answers.
			name: "all web processes are away for ten minutes",
			changes: with(gone(-10*time.Minute, 0, "requests", "failed", "took", "joined", "blue"), change{-10 * time.Minute, 0, "refused", every(requests)},
				change{-10 * time.Minute, 0, "webRuns", every(0)}, change{-10 * time.Minute, 0, "outside", every(0)}),
			moments: []moment{
				{at: -10 * time.Minute},
				{at: 0, fires: among(availability, []string{"Unreachable", "DeploymentFails", "EdgeAway"})},
				{at: 6 * time.Minute, fires: among([]string{"AvailabilityFastLong"}, whole("AvailabilitySlow", "AvailabilityBudget"))},
			},
		},
		{
			name:    "one minute without a web process that takes requests",
			changes: []change{{-time.Minute, 0, "blue", every(0)}},
			moments: []moment{{at: 0}},
		},
		{
			name:    "nobody comes, and no web process takes requests",
			changes: []change{{7 * hour, 7*hour + 3*time.Minute, "blue", every(0)}},
			moments: []moment{{at: 7 * hour}, {at: 7*hour + 2*time.Minute, fires: []string{"Unreachable"}}, {at: 7*hour + 5*time.Minute}},
		},
		{
			// Both groups for a while, then the other one: no alarm.
			name:    "a deployment",
			changes: with(gone(0, day, "blue"), change{-10 * time.Minute, day, "green", steady(3)}, change{-10 * time.Minute, 0, "webRuns", steady(6)}),
			moments: []moment{{at: -5 * time.Minute}, {at: 0}, {at: 5 * time.Minute}, {at: hour}},
		},
		{
			name:    "a tenth of the traffic goes to a version that fails, until it is taken back",
			changes: []change{{-3 * time.Minute, 0, "failed", every(12)}},
			moments: []moment{
				{at: -3 * time.Minute},
				{at: -2 * time.Minute, fires: []string{"AvailabilityFastShort"}},
				{at: 0, fires: []string{"DeploymentFails", "AvailabilityFastShort", "AvailabilitySlowShort", "AvailabilityBudgetShort"}},
				{at: 2 * time.Minute, fires: []string{"AvailabilityFastShort", "AvailabilitySlowShort", "AvailabilityBudgetShort"}},
				{at: 7 * hour},
			},
		},
		{
			name:    "the world does not reach the service",
			changes: []change{{-3 * time.Minute, 0, "outside", every(0)}},
			moments: []moment{{at: -3 * time.Minute}, {at: 0, fires: []string{"EdgeAway"}}, {at: 3 * time.Minute}},
		},
	}
}

// parts gives stories of mails, Redis and processes.
func parts() []story {
	const late = 20 * time.Minute
	return []story{
		{
			name:    "no mail leaves for 15 minutes",
			changes: []change{{-late, 0, "mailed", every(0)}, {-late, 0, "unsent", every(1)}},
			moments: []moment{{at: -late}, {at: -late + 10*time.Minute}, {at: 0, fires: []string{"MailStuck"}}, {at: 2 * time.Minute}},
		},
		{
			name:    "one address takes nothing",
			changes: []change{{-late, 0, "unsent", every(1)}},
			moments: []moment{{at: 0}},
		},
		{
			name:    "two mails fail, and no other is tried",
			changes: []change{{-late, 0, "mailed", every(0)}, {-2 * time.Minute, 0, "unsent", every(1)}},
			moments: []moment{{at: 0}},
		},
		{
			name:    "one process of four does without Redis",
			changes: []change{{-late, 0, "redis", func(int) []sample { return []sample{{Value: 1, Count: 12}, {Value: 0, Count: 4}} }}},
			moments: []moment{{at: -late}, {at: -late + 9*time.Minute}, {at: 0, fires: []string{"RedisAway"}}, {at: 2 * time.Minute}},
		},
		{
			name:    "no job begins for an hour and a half",
			changes: []change{{-90 * time.Minute, 0, "jobs", growing(60, 60*24*60, -90*time.Minute)}},
			moments: []moment{{at: -90 * time.Minute}, {at: -31 * time.Minute}, {at: -30 * time.Minute, fires: []string{"JobsLate"}}, {at: 0, fires: []string{"JobsLate"}}, {at: 2 * time.Minute}},
		},
		{
			name:    "a job is late by a minute or two each time",
			changes: []change{{-3 * hour, 0, "jobs", func(minute int) []sample { return []sample{{Value: float64(max(minute%5-3, 0)) * 60, Count: 4}} }}},
			moments: []moment{{at: -3 * hour}, {at: -hour}, {at: 0}},
		},
		{
			name:    "a worker does not start",
			changes: []change{{-late, 0, "workerRuns", every(1)}},
			moments: []moment{{at: -late}, {at: -late + 14*time.Minute}, {at: 0, fires: []string{"ProcessMissing"}}, {at: 2 * time.Minute}},
		},
		{
			name:    "a web process does not start",
			changes: []change{{-late, 0, "webRuns", every(2)}},
			moments: []moment{{at: -late}, {at: 0, fires: []string{"ProcessMissing"}}, {at: 2 * time.Minute}},
		},
		{
			name:    "there is no service of workers any more",
			changes: []change{{-late, 0, "workerRuns", nil}, {-late, 0, "workerWanted", nil}},
			moments: []moment{{at: -late}, {at: 0, fires: []string{"ProcessMissing"}}, {at: 2 * time.Minute}},
		},
		{
			name:    "there is no service of web processes any more",
			changes: []change{{-late, 0, "webRuns", nil}, {-late, 0, "webWanted", nil}},
			moments: []moment{{at: -late}, {at: 0, fires: []string{"ProcessMissing"}}, {at: 2 * time.Minute}},
		},
	}
}

// full gives stories of what fills up by a share of all there is, day by day.
func full() []story {
	grows := func(days int, percent float64) []change {
		from := -time.Duration(days) * day
		return []change{
			{-9 * day, from, "used", hourly(every(0.4 * volume))},
			{-9 * day, from, "left", hourly(every(0.6 * volume))},
			{from, 0, "used", hourly(growing(0.4*volume, percent/100*volume, from))},
			{from, 0, "left", hourly(growing(0.6*volume, -percent/100*volume, from))},
			{0, 5 * day, "used", hourly(every((0.4 + percent/100*float64(days)) * volume))},
			{0, 5 * day, "left", hourly(every((0.6 - percent/100*float64(days)) * volume))},
			{-9 * day, from, "open", every(400)},
			{from, 0, "open", growing(400, 10*percent, from)},
			{0, 5 * day, "open", every(400 + 10*percent*float64(days))},
			{-9 * day, from, "workerMemory", every(40)},
			{from, 0, "workerMemory", growing(40, percent, from)},
			{0, 5 * day, "workerMemory", every(40 + percent*float64(days))},
			{-9 * day, 5 * day, "webMemory", every(30)},
		}
	}
	all := []string{"StorageForecast", "ConnectionsForecast", "MemoryForecast"}
	return []story{
		{name: "40 % in use, and 3 % more each day for four days", changes: grows(4, 3), moments: []moment{{at: -4 * day}, {at: 0, fires: all}, {at: 2*day + hour}, {at: 4 * day}}},
		{name: "1 % more each day", changes: grows(4, 1), moments: []moment{{at: -4 * day}, {at: 0}, {at: 2 * day}}},
		{name: "3 % more each day for a day and a half", changes: grows(2, 3), moments: []moment{{at: -12 * hour}}},
		{
			name:    "the leak is in the web processes",
			changes: []change{{-5 * day, 0, "webMemory", growing(45, 5, -5*day)}},
			moments: []moment{{at: -5 * day}, {at: 0, fires: []string{"MemoryForecast"}}, {at: 3 * day}},
		},
		{
			name:    "a system of two days",
			changes: missing(-11*day, -2*day),
			moments: []moment{{at: 0}},
		},
	}
}

// aws gives the stories of the alarms that AWS's own parts have.
func aws() []story {
	return []story{
		{
			name:    "an alarm could be told to nobody, and is tried again until it is told: between tries it is not seen",
			changes: []change{{-hour, -hour + time.Minute, "untold", every(1)}, {-hour + time.Minute, 0, "retried", every(1)}},
			moments: []moment{
				{at: -hour},
				{at: -hour + time.Minute, fires: []string{"Untold"}},
				{at: -hour + 20*time.Minute, fires: []string{"Untold"}},
				{at: 0, fires: []string{"Untold"}},
				{at: 4 * time.Minute, fires: []string{"Untold"}},
				{at: 8 * time.Minute},
			},
		},
		{
			name:    "AWS counts a message that waits in neither number for some minutes",
			changes: []change{{-hour, 0, "retried", every(1)}, {-30 * time.Minute, -27 * time.Minute, "retried", nil}},
			moments: []moment{{at: -hour}, {at: -28 * time.Minute, fires: []string{"Untold"}}, {at: -27 * time.Minute, fires: []string{"Untold"}}, {at: 8 * time.Minute}},
		},
		{
			name:    "no log group hands its lines over",
			changes: []change{{-2 * hour, 0, "archived", nil}, {-2 * hour, 0, "waits", nil}},
			moments: []moment{{at: -2 * hour}, {at: 0, fires: []string{"ArchiveLate"}}, {at: hour}},
		},
		{
			name:    "lines come, and cannot be written to the bucket",
			changes: []change{{-2 * hour, 0, "waits", growing(300, 86400, -2*hour)}},
			moments: []moment{{at: -2 * hour}, {at: 0, fires: []string{"ArchiveLate"}}, {at: hour + time.Minute}},
		},
	}
}

// copied gives the stories of the daily copy of the database, which is ready at 05:25 in Tokyo: 25 minutes after a
// story's evening.
func copied() []story {
	return []story{
		{
			name:    "no copy of the database is made for two nights, by no job at all",
			changes: []change{{-2 * day, 0, "copied", nil}},
			moments: []moment{{at: -2 * day}, {at: -43 * hour}, {at: -42 * hour}, {at: -41 * hour, fires: []string{"BackupLate"}}, {at: 0, fires: []string{"BackupLate"}}, {at: hour}, {at: day}},
		},
		{
			name:    "a copy begins five hours late",
			changes: []change{{-day, -12 * hour, "copied", nightly(5*hour + 25*time.Minute)}},
			moments: []moment{{at: -day}, {at: -19 * hour}, {at: -18 * hour}, {at: 0}, {at: day}},
		},
		{
			name:    "a database of twenty hours, whose copies are switched off from the first day on",
			changes: []change{{-evening * time.Minute, -20 * hour, "database", nil}, {-evening * time.Minute, 5 * day, "copied", nil}},
			moments: []moment{{at: -19 * hour}, {at: 0}, {at: 9 * hour}, {at: 11 * hour, fires: []string{"BackupLate"}}, {at: 4 * day, fires: []string{"BackupLate"}}},
		},
		{
			name:    "a database of twenty hours, of which the first copy comes with its first night",
			changes: []change{{-evening * time.Minute, -20 * hour, "database", nil}, {-evening * time.Minute, 0, "copied", nil}},
			moments: []moment{{at: -19 * hour}, {at: 0}, {at: hour}, {at: 11 * hour}, {at: day}},
		},
	}
}

type sample = cloudtest.Sample

// with adds changes to others.
func with(list []change, more ...change) []change { return append(list, more...) }
