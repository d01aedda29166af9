package cli

import (
	"bufio"
	"context"
	"fmt"
	"strings"

	"enishi/internal/errs"
)

// agreed asks a question, and fails unless the answer is yes.
func agreed(ctx context.Context, w World, text string) error {
	said, err := answer(ctx, w, text+"\nGo on? [yes/no] ")
	if err == nil && !strings.EqualFold(said, "yes") {
		err = errs.New(errs.Denied, "nothing was changed: answer yes, or repeat with --yes")
	}
	return err
}

// typed asks for a word to be typed, and fails unless it is.
func typed(ctx context.Context, w World, question, word string) error {
	said, err := answer(ctx, w, question)
	if err == nil && said != word {
		err = errs.New(errs.Conflict, "nothing was done")
	}
	return err
}

// answer asks, and gives what somebody answered; "" if nobody does. Who is told to stop before
// there is an answer, or while it comes, waits for none: that is Busy, whatever was typed.
func answer(ctx context.Context, w World, question string) (string, error) {
	fmt.Fprint(w.Err, question)
	if w.In == nil {
		return "", nil
	}
	said := make(chan string, 1)
	go func() { // a read that has begun ends with what it reads from, or with the process
		line, _ := bufio.NewReader(w.In).ReadString('\n') // what came before the end is the answer
		said <- strings.TrimSpace(line)
	}()
	line := ""
	select {
	case <-ctx.Done():
	case line = <-said:
	}
	if err := ctx.Err(); err != nil {
		fmt.Fprintln(w.Err) // the question's line is not ended by an answer
		return "", errs.Wrap(errs.Busy, "told to stop at the question: nothing was done", err)
	}
	return line, nil
}
