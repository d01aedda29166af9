package web

import (
	"errors"
	"strings"

	"enishi/internal/errs"
)

// faults are what is wrong with a form, by the name of the field.
type faults map[string]string

// ofAnswers says whether what a visitor chose is at fault, not how they register.
func (f faults) ofAnswers() bool {
	for name := range f {
		if name != "email" && name != "password" {
			return true
		}
	}
	return false
}

// faultsOf says what is wrong with the fields of a form.
func faultsOf(w words, err error) faults {
	var e *errs.Error
	if !errors.As(err, &e) {
		return nil
	}
	all := faults{}
	for _, p := range e.Problems {
		name := fieldOf(p.Pointer)
		var text string
		switch name {
		case "email":
			text = w.Say("メールアドレスの形をご確認ください（例: taro@example.jp）。", "Please look at the address; it looks like taro@example.jp.")
		case "password":
			text = w.Say("パスワードは8文字以上にしてください。", "The password needs 8 characters or more.")
		case "pay", "floor":
			text = w.Say("年収は万円単位の整数で入力してください（例: 480）。", "Pay is a whole number of 10,000 yen, such as 480.")
		default:
			text = w.Say("一覧から選んでください。", "Please choose from the list.")
		}
		all[name] = text
	}
	return all
}

// fieldOf gives the field of a form that a pointer is about.
func fieldOf(pointer string) string {
	for _, name := range []string{"occupation", "years", "residence", "willing_prefecture", "floor", "pay", "skill", "language", "certification", "email", "password"} {
		if strings.Contains(pointer, "/"+name) {
			if name == "residence" || name == "willing_prefecture" {
				return "prefecture"
			}
			return name
		}
	}
	return pointer
}
