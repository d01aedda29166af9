package notify

import (
	"strings"
	"unicode/utf8"
)

// What the channels take: a longer text is refused as a whole, so its end is left out.
const (
	slackHeader  = 150
	slackSection = 3000
	slackField   = 2000
	slackFields  = 10
	teamsText    = 5000 // of the 28 KB of a message, in characters of three bytes
	mailSubject  = 200  // more is cut off where it is read
)

// cut gives the beginning of a text that is too long.
func cut(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	const end = "…"
	return string([]rune(text)[:most-1]) + end
}

type object = map[string]any

// mark shows at a glance what kind of message it is.
func (m Message) mark() string {
	switch {
	case m.Over:
		return "✅"
	case m.Urgent:
		return "🚨"
	}
	return "⚠️"
}

// Slack gives what an incoming webhook of Slack takes.
func (m Message) Slack() any {
	p := m.Language.phrases()
	plain := func(text string, most int) object {
		return object{"type": "plain_text", "text": cut(text, most)}
	}
	marked := func(text string, most int) object { return object{"type": "mrkdwn", "text": cut(text, most)} }
	blocks := []object{
		{"type": "header", "text": plain(m.mark()+" "+m.Title, slackHeader)},
	}
	if m.Late != "" {
		blocks = append(blocks, object{"type": "section", "text": plain(m.Late, slackSection)})
	}
	blocks = append(blocks, object{"type": "section", "text": plain(m.Text, slackSection)})
	var fields []object
	for _, f := range m.Facts[:min(len(m.Facts), slackFields)] {
		fields = append(fields, marked("*"+slackText(f.Name)+"*\n"+slackText(f.Value), slackField))
	}
	blocks = append(blocks, object{"type": "section", "fields": fields})
	if m.Raw != "" {
		blocks = append(blocks, object{"type": "section", "text": plain(m.Raw, slackSection)})
	}
	if m.First != "" {
		blocks = append(blocks, object{"type": "section", "text": marked("*"+slackText(p.first)+"*\n"+slackText(m.First), slackSection)})
	}
	var links []string
	for _, one := range m.links() {
		if one.URL == "" {
			links = append(links, slackText(one.Name))
			continue
		}
		links = append(links, "<"+slackText(one.URL)+"|"+slackText(one.Name)+">")
	}
	blocks = append(blocks, object{"type": "section", "text": marked(strings.Join(links, " ・ "), slackSection)})
	return object{"text": cut(m.mark()+" "+m.Title+"\n"+m.Text, slackSection), "blocks": blocks}
}

// slackText takes from a text what Slack would read as a link or as a call to everybody.
func slackText(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}

// links are the runbook by its name, and the alarm in CloudWatch.
func (m Message) links() []Link {
	links := []Link{{m.Language.fact(Fact{m.Language.phrases().runbook, m.Runbook.Name}), m.Runbook.URL}}
	if m.Console.URL != "" {
		links = append(links, m.Console)
	}
	return links
}

// Teams gives what the webhook of a workflow of Teams takes: a message with an Adaptive
// Card. Runs of text, unlike blocks, are shown as they are.
func (m Message) Teams() any {
	p := m.Language.phrases()
	style := "warning"
	switch {
	case m.Over:
		style = "good"
	case m.Urgent:
		style = "attention"
	}
	run := func(text string, more object) object {
		one := object{"type": "TextRun", "text": cut(text, teamsText)}
		for k, v := range more {
			one[k] = v
		}
		return object{"type": "RichTextBlock", "inlines": []object{one}}
	}
	var facts []object
	for _, f := range m.Facts {
		facts = append(facts, object{"title": f.Name, "value": f.Value})
	}
	body := []object{
		{"type": "Container", "style": style, "bleed": true, "items": []object{run(m.mark()+" "+m.Title, object{"weight": "bolder", "size": "large"})}},
	}
	if m.Late != "" {
		body = append(body, run(m.Late, nil))
	}
	body = append(body, run(m.Text, nil), object{"type": "FactSet", "facts": facts})
	if m.Raw != "" {
		body = append(body, run(m.Raw, object{"fontType": "monospace"}))
	}
	if m.First != "" {
		body = append(body, run(p.first, object{"weight": "bolder"}), run(m.First, nil))
	}
	var actions []object
	for _, one := range m.links() {
		if one.URL == "" {
			body = append(body, run(one.Name, nil))
			continue
		}
		actions = append(actions, object{"type": "Action.OpenUrl", "title": one.Name, "url": one.URL})
	}
	card := object{"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4", "msteams": object{"width": "Full"}, "body": body}
	if len(actions) > 0 {
		card["actions"] = actions
	}
	return object{"type": "message", "attachments": []object{{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}}}
}

// Mail is one in plain text.
type Mail struct{ Subject, Text string }

// Mail gives the message as one. Untold are the channels that could not be told: who reads
// the mail knows then that others have not heard.
func (m Message) Mail(untold ...string) Mail {
	p := m.Language.phrases()
	var b strings.Builder
	paragraph := func(lines ...string) {
		if b.Len() > 0 {
			b.WriteString("\n")
		}
		for _, line := range lines {
			b.WriteString(line + "\n")
		}
	}
	if m.Late != "" {
		paragraph(m.Late)
	}
	paragraph(m.Text)
	var facts []string
	for _, f := range m.Facts {
		facts = append(facts, m.Language.fact(f))
	}
	paragraph(facts...)
	if m.Raw != "" {
		paragraph(m.Raw)
	}
	if m.First != "" {
		paragraph(m.Language.fact(Fact{p.first, m.First}))
	}
	for _, one := range m.links() {
		if one.URL == "" {
			paragraph(one.Name)
			continue
		}
		paragraph(one.Name, one.URL)
	}
	if len(untold) > 0 {
		paragraph(p.untold + strings.Join(untold, ", "))
	}
	subject := m.Title
	if m.Raw == "" { // what is not understood has no summary
		subject = m.Language.fact(Fact{m.Title, m.Text})
	}
	subject = strings.Join(strings.Fields(subject), " ")
	return Mail{cut(subject, mailSubject), b.String()}
}
