package api

import (
	"context"
	"net/http"
	"time"

	"enishi/internal/httpx"
	"enishi/internal/market"
)

// Message is what one side of an offer wrote to the other.
type Message struct {
	ID     string    `json:"id"`
	By     string    `json:"by" enum:"candidate,company"`
	Text   string    `json:"text"`
	Erased bool      `json:"erased,omitempty" doc:"The text is gone, as its writer is."`
	At     time.Time `json:"at"`
}

// MessageBody is a message to be sent.
type MessageBody struct {
	Text string `json:"text" minLength:"1" maxLength:"4000"`
}

// threadPage are the parameters of a thread.
type threadPage struct {
	Identified
	Paging
}

// newMessage are the parameters of a message.
type newMessage struct {
	Identified
	Creation
}

func messageOf(m *market.Message) Message {
	return Message{m.ID.String(), string(m.Side), m.Text, m.Erased, m.At.UTC()}
}

func (s *service) addThreads() {
	handle(s, operation{
		method: http.MethodGet, path: "/api/v1/threads/{id}/messages", id: "messages", class: httpx.Own, tag: tagThreads, who: signedIn,
		summary: "What was written about an accepted offer, newest first; being read, it counts as read", answer: page[Message]{Items: []Message{exampleMessage()}},
		errors: []int{http.StatusForbidden},
	}, s.messages)
	handleBody(s, operation{
		method: http.MethodPost, path: "/api/v1/threads/{id}/messages", id: "write-message", class: httpx.Answers, tag: tagThreads, who: signedIn,
		status: http.StatusCreated, summary: "Write to the other side of an accepted offer",
		detail: "While the offer runs, and for 30 days after a talk was held or somebody was hired.", request: MessageBody{exampleMessage().Text},
		answer: exampleMessage(), errors: []int{http.StatusForbidden, http.StatusConflict},
	}, s.writeMessage)
}

func (s *service) messages(ctx context.Context, in *threadPage) (*answered[page[Message]], error) {
	id, err := in.uuid("thread")
	if err != nil {
		return nil, err
	}
	list := "thread " + in.ID
	before, err := in.key(ctx, s, list)
	if err != nil {
		return nil, err
	}
	found, next, err := s.market.Thread(ctx, actorOf(ctx), id, before, in.Limit)
	if err != nil {
		return nil, err
	}
	items := make([]Message, len(found))
	for i := range found {
		items[i] = messageOf(&found[i])
	}
	out, err := paged(ctx, s, list, items, next)
	return &answered[page[Message]]{out}, err
}

func (s *service) writeMessage(ctx context.Context, in *newMessage, b *MessageBody) (*answered[Message], error) {
	id, err := in.uuid("thread")
	if err != nil {
		return nil, err
	}
	once, err := in.once(ctx)
	if err != nil {
		return nil, err
	}
	made, err := s.market.Say(ctx, actorOf(ctx), id, b.Text, once)
	if err != nil {
		return nil, err
	}
	return &answered[Message]{messageOf(&made)}, nil
}
