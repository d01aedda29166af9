package cost

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"enishi/infra/environment"
)

// Sizes are those for which the bill is shown.
func Sizes() []int { return []int{Today, 1_000_000, 5_000_000} }

// Rules say what is measured and what is assumed.
func Rules() []string {
	return []string{
		fmt.Sprintf("Requests: %.0f a second in the busiest minute at %s people (`infra/scaling`, its simulated day), in proportion to people; %.0f %% of that on the average of a day. dev and staging: one.", peakToday, number(Today), 100*meanOfPeak),
		"Web tasks: as many as the policies of `infra/scaling` ask for, minute by minute of that day. They start from 650 requests a second of the default mix that a core answers, as measured of a web process on one core (docs/open-points.md, \"Figures\"), and use two fifths of it.",
		"Workers: the least number of the table. One leads and matches. By what was measured it does for 4.7 million people on an ordinary day (docs/open-points.md, \"On AWS, begun\"), so not quite for 5,000,000, and neither more nor larger ones help.",
		fmt.Sprintf("Memory: %.0f B a candidate and %.0f B a rule (docs/open-points.md, \"Figures\") may take half of a task's; beyond that there is no figure but an error.", candidateBytes, ruleBytes),
		fmt.Sprintf("An answer has %.1f kB and its line in the log %.0f B: the mean of 802 requests of the default mix on 20,000 candidates (`bench http`), not compressed.", answerBytes/1000, lineBytes),
		fmt.Sprintf("A task leaves %.1f kB of its own metrics in the log every minute (measured: 2.3 of one that has little to do). In the archive lines are compressed to %.0f %%: assumed.", minuteBytes/1000, 100*packed),
		fmt.Sprintf("Database: %.1f kB a person (measured: `demo load` of 20,000 candidates with their share of companies and rules, 180 days, in MariaDB), times %d for two years: assumed.", bytesToday/1000, years),
		fmt.Sprintf("Its capacity, each instance as large as the writer: the table's least, or %d requests a second for an ACU, or %.0f %% of the data in memory, whichever is most: assumed, nothing of it has been measured on Aurora.", int(perCore*unitCores), 100*hot),
		fmt.Sprintf("One I/O a request; backups of %.0f %% a day; %d mails a person and month of %d kB; each scheduled job a minute, which is Fargate's least: assumed.", 100*changes, mailsEach, mailBytes/1000),
		fmt.Sprintf("Files are images of the populations, %.0f B a person (measured: one of 20,000 candidates of `demo load` with their share of rules), of which %d are kept. One is written for every %s changes, and one a day at least; %.0f %% of people change a day, and %d deployment a day starts every task anew: assumed. A task that starts reads one, and so does the job that writes the next.",
			imageBytes, imagesKept, number(imageRows), 100*changes, deploys),
		"In the bucket what was removed is kept for another day, and reading costs cents. In a file system (`Files: InEFS`) with elastic throughput, what is read and written costs more than what is kept; the targets in the zones cost nothing.",
		fmt.Sprintf("Every request comes through CloudFront and its filter, since the load balancer takes no other; that files, pick-lists and the landing page are kept at the edge is not taken off what is behind it. Two thirds of what the database answers go to another zone. CloudFront's data is counted at its first price after what is free; a larger month pays less. A month has %.0f hours.", hours),
		"In one zone: the same table with one zone, one NAT gateway, one web task and one worker at least, no reader and no replica. Readers also answer; that part is not taken off. Aurora's storage lies in three zones at any price.",
	}
}

// Uncounted says what is left out.
func Uncounted() []string {
	return []string{
		"taxes, support, discounts for commitment (Savings Plans, reserved nodes) and what is free in a first year",
		"hosts of ours (`ec2`), and spare capacity (`fargate_spot`), which is counted at the full price",
		"tasks of one version beside those of the next while a deployment goes on, and one-off tasks",
		"metrics of Container Insights (\"enhanced\"), queries of CloudWatch Logs, lines of the VPC's flow log",
		"requests to KMS, S3, Secrets Manager and Parameter Store; SNS, SQS, Lambda, EventBridge Scheduler, ECR: cents, by their prices",
		"the hours for which a copy of the database lies beside it as a rehearsal of a restore: storage alone, cents",
		"what a file system counts beside whole files: 4 KiB at least for each question of each task that has mounted it",
		"what the filter writes of refusals, certificates and lookups of names (free, since they are aliases), lines of logs in the archive that are not requests' (the network's, the functions')",
		"what attackers ask for, and spikes from the media",
	}
}

// Text gives the tables of docs/aws.md.
func Text(counts Counts) (string, error) {
	e, err := environment.Find("prod")
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if err := sizes(&b, e); err != nil {
		return "", err
	}
	if err := bills(&b, e, counts); err != nil {
		return "", err
	}
	if err := places(&b, e, counts); err != nil {
		return "", err
	}
	if err := budgets(&b, counts); err != nil {
		return "", err
	}
	b.WriteString("\nBy these rules (`infra/cost`):\n\n")
	for _, rule := range Rules() {
		b.WriteString("- " + rule + "\n")
	}
	b.WriteString("\nNot counted:\n\n")
	for _, what := range Uncounted() {
		b.WriteString("- " + what + "\n")
	}
	fmt.Fprintf(&b, "\nList prices of ap-northeast-1 in USD, put together on %s. None was read on AWS's page: every one is a list price, to be looked at again there. \"From memory\" was read nowhere.\n\n", Looked)
	b.WriteString("| what | USD | per | AWS's page | where it was read |\n|---|---|---|---|---|\n")
	for _, p := range Prices() {
		seen := "from memory"
		if p.Seen != "" {
			seen = "<" + p.Seen + ">"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | <%s> | %s |\n", p.Name, strconv.FormatFloat(p.USD, 'f', -1, 64), p.Unit, p.Page, seen)
	}
	return b.String(), nil
}

// row writes a line of a table with a value for each size.
func row(b *strings.Builder, name string, values ...string) {
	fmt.Fprintf(b, "| %s | %s |\n", name, strings.Join(values, " | "))
}

func head(b *strings.Builder, first string) {
	var names []string
	for _, people := range Sizes() {
		names = append(names, number(people)+" people")
	}
	row(b, first, names...)
	b.WriteString("|---" + strings.Repeat("|--:", len(names)) + "|\n")
}

func sizes(b *strings.Builder, e environment.Environment) error {
	var needs []Size
	for _, people := range Sizes() {
		s, err := Needs(e, people)
		if err != nil {
			return err
		}
		needs = append(needs, s)
	}
	head(b, "what prod becomes")
	each := func(name string, value func(Size) string) {
		var values []string
		for _, s := range needs {
			values = append(values, value(s))
		}
		row(b, name, values...)
	}
	each("requests a second, mean / busiest minute", func(s Size) string { return whole(s.Mean) + " / " + whole(s.Peak) })
	each("requests a month, millions", func(s Size) string { return whole(s.Requests) })
	each("web tasks, mean / most", func(s Size) string { return fmt.Sprintf("%.1f / %d", s.Tasks, s.TasksMost) })
	each("ACUs of one of the database's instances, mean / most", func(s Size) string { return fmt.Sprintf("%.1f / %.1f", s.Units, s.UnitsMost) })
	each("GB in the database", func(s Size) string { return whole(s.DatabaseGB) })
	return nil
}

func bills(b *strings.Builder, e environment.Environment, counts Counts) error {
	var here, alone [][]Item
	for _, people := range Sizes() {
		items, err := Month(e, people, counts)
		if err != nil {
			return err
		}
		one, err := Month(Alone(e), people, counts)
		if err != nil {
			return err
		}
		here, alone = append(here, items), append(alone, one)
	}
	b.WriteString("\n")
	head(b, "USD a month")
	all := func(name string, value func(i int) string) {
		var values []string
		for i := range here {
			values = append(values, value(i))
		}
		row(b, name, values...)
	}
	for at, item := range here[0] {
		all(item.Name, func(i int) string { return whole(here[i][at].USD) })
	}
	all("**all of it**", func(i int) string { return "**" + whole(Total(here[i])) + "**" })
	all("in one zone, one of each", func(i int) string { return whole(Total(alone[i])) })
	all("share of more than one zone", func(i int) string {
		return fmt.Sprintf("%.0f %%", 100*(1-Total(alone[i])/Total(here[i])))
	})
	all("a thousand people", func(i int) string { return fmt.Sprintf("%.2f", Total(here[i])/float64(Sizes()[i])*1000) })
	return nil
}

// places writes what files cost in the bucket, and in a file system.
func places(b *strings.Builder, e environment.Environment, counts Counts) error {
	b.WriteString("\n")
	head(b, "USD a month, by where files are (`Files`)")
	for _, place := range []struct {
		files environment.Files
		name  string
	}{{environment.InS3, "in the bucket"}, {environment.InEFS, "in a file system"}} {
		e.Files = place.files
		var of, all []string
		for _, people := range Sizes() {
			items, err := Month(e, people, counts)
			if err != nil {
				return err
			}
			for _, item := range items {
				if item.Name == Files {
					of = append(of, fmt.Sprintf("%.2f", item.USD))
				}
			}
			all = append(all, whole(Total(items)))
		}
		row(b, "files "+place.name, of...)
		row(b, "all of it, files "+place.name, all...)
	}
	return nil
}

func budgets(b *strings.Builder, counts Counts) error {
	b.WriteString("\n| environment | people | USD a month | its budget (`infra/environment`) | tells from |\n|---|--:|--:|--:|--:|\n")
	for _, e := range environment.All() {
		people := Demo
		if e.Real {
			people = Today
		}
		items, err := Month(e, people, counts)
		if err != nil {
			return err
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", e.Name, number(people), whole(Total(items)), number(e.Budget), number(e.Budget*8/10))
	}
	return nil
}

// whole writes a figure without what is behind its point.
func whole(v float64) string { return number(int(math.Round(v))) }

// number writes thousands apart.
func number(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
