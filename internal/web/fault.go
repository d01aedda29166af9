package web

import (
	"errors"
	"strconv"
	"strings"

	"enishi/internal/account"
	"enishi/internal/condition"
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
			text = w.Say("メールアドレスの形をご確認ください（例：taro@example.jp）。", "Please look at the address; it looks like taro@example.jp.")
		case "password":
			text = passwordFault(w)
		case "pay", "floor":
			text = payFault(w)
		default:
			text = w.Say("一覧から選んでください。", "Please choose from the list.")
		}
		all[name] = text
	}
	return all
}

func passwordFault(w words) string {
	least, most := strconv.Itoa(account.LeastPassword), strconv.Itoa(account.MostPassword)
	return w.Say("パスワードは"+least+"文字以上、"+most+"文字以内にしてください。", "The password needs "+least+" to "+most+" characters.")
}

// payFault says what a field of annual pay takes.
func payFault(w words) string {
	f, _ := condition.FieldOf(condition.Profiles, "pay")
	from, to := grouped(f.Lo), grouped(f.Hi)
	return w.Say("年収は、"+from+"〜"+to+"の整数（万円）で入力してください（例：480）。", "Annual pay is a whole number of 10,000 yen from "+from+" to "+to+", such as 480.")
}

// fieldOf gives the field of a form that a pointer is about.
func fieldOf(pointer string) string {
	for _, name := range []string{"occupation", "years", "residence", "willing_prefecture", "floor", "pay", "skill", "language", "certification", "willing", "places", "remote", "email", "password"} {
		if strings.Contains(pointer, "/"+name) {
			if name == "residence" || name == "willing_prefecture" {
				return "prefecture"
			}
			return name
		}
	}
	return pointer
}
