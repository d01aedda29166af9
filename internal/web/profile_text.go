package web

import (
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"enishi/internal/condition"
	"enishi/internal/taxonomy"
)

func whole64(n int64) string { return strconv.FormatInt(n, 10) }

// options gives the entries of a short classification.
func options(w words, kind taxonomy.Kind) []option {
	items := taxonomy.Of(kind).Items()
	out := make([]option, len(items))
	for i, item := range items {
		out[i] = option{item.Code, w.Say(item.JA, item.EN)}
	}
	return out
}

// levelLabel is what the levels of a field are called.
func levelLabel(w words, field string) string {
	switch field {
	case "skill", "language":
		return w.Say("レベル", "Level")
	}
	return w.Say("経験年数", "Years")
}

// skillLevels says what the five levels of a skill mean, the same wherever it is asked
// for and wherever it is looked for.
func skillLevels(w words) [5]string {
	return [5]string{
		w.Say("聞いたことがある", "heard of it"), w.Say("教わりながら使える", "uses it with help"), w.Say("ひとりで使える", "works with it alone"),
		w.Say("人を助けられる", "helps others with it"), w.Say("教えられる", "teaches it"),
	}
}

// heldLevels names the levels of a field.
func heldLevels(w words, field string) []option {
	switch field {
	case "skill":
		var out []option
		for i, name := range skillLevels(w) {
			level := strconv.Itoa(i + 1)
			out = append(out, option{level, level + " " + name})
		}
		return out
	case "language":
		return []option{
			{"1", w.Say("A1 あいさつ程度", "A1 greetings")},
			{"2", w.Say("A2 簡単な会話", "A2 simple talk")},
			{"3", w.Say("B1 日常会話", "B1 everyday talk")},
			{"4", w.Say("B2 仕事で使える", "B2 works in it")},
			{"5", w.Say("C1 会議や交渉ができる", "C1 negotiates in it")},
			{"6", w.Say("C2 母語に近い", "C2 like a first language")},
		}
	}
	return yearOptions(w)
}

// cefr names a level of a language.
func cefr(level int) string {
	return [...]string{"", "A1", "A2", "B1", "B2", "C1", "C2"}[level]
}

// bandText says the results of a language test that mean a level.
func bandText(w words, b taxonomy.Band) string {
	switch {
	case b.Grade == "":
		return w.Say(strconv.Itoa(b.From)+"点以上", strconv.Itoa(b.From)+" or more")
	case b.From == 0:
		return w.Say(b.Grade, b.GradeEN())
	}
	return w.Say(b.Grade+"（"+strconv.Itoa(b.From)+"点以上）", b.GradeEN()+", "+strconv.Itoa(b.From)+" or more")
}

// said is what a row says, for those who hear its buttons.
func (f *profileForm) said(row string) string {
	field, _, _ := strings.Cut(row, ".")
	known, _ := condition.FieldOf(condition.Profiles, field)
	if text := f.v.Get(row + typedPart); text != "" {
		return text
	}
	return f.Name(known.Classification, f.v.Get(row))
}

// jobTitle names an entry of the history.
func jobTitle(f *profileForm, i int, name string) string {
	if employer := strings.TrimSpace(f.v.Get(name + ".employer")); employer != "" {
		return employer
	}
	return f.Say("職歴"+strconv.Itoa(i+1), "Job "+strconv.Itoa(i+1))
}

// faultText says how to mend a field of a profile, by the last part of its name.
func faultText(w words, name string) string {
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		name = name[i+1:]
	}
	switch name {
	case "pay", "experience_years", "employers":
		f, _ := condition.FieldOf(condition.Profiles, name)
		return wholeFrom(w, f.Lo, f.Hi)
	case "available_from":
		return w.Say("今日から前後10年以内の日付を、2027-04-01の形で入力してください。", "Please type a date such as 2027-04-01, within ten years of today.")
	case "birth_month":
		return w.Say("15歳以上になる年月を、1990-04の形で入力してください。", "Please type a month such as 1990-04; one must be 15 or older.")
	case "from":
		return w.Say("入社した月を、2019-04の形で入力してください（今月まで）。", "Please type the month you began, such as 2019-04, not after this month.")
	case "to":
		return w.Say("退社した月を、入社した月以降で入力してください（例：2023-09）。", "Please type the month you left, such as 2023-09, not before you began.")
	case "employer":
		return w.Say("会社名か13桁の法人番号を入力してください。", "Please type the employer's name, or its corporate number of 13 digits.")
	case "name":
		return w.Say("氏名は100文字以内の1行で入力してください。", "A name is one line of up to 100 characters.")
	case "role":
		return w.Say("役職・役割は200文字以内の1行で入力してください。", "A role is one line of up to 200 characters.")
	case "text", "duties", "achievements":
		return w.Say("4,000文字以内で入力してください。", "Please keep it within 4,000 characters.")
	case "history", "occupation", "industry", "skill", "language", "certification":
		return w.Say("一覧から選んでください（100件まで）。", "Please choose from the list; 100 at most.")
	}
	return w.Say("一覧から選んでください。", "Please choose from the list.")
}

// present gives the name of a job's employer if the job goes on and no number is given;
// else "".
func (f *profileForm) present(job string) string {
	typed := strings.TrimSpace(f.v.Get(job + ".employer"))
	if strings.TrimSpace(f.v.Get(job+".to")) != "" || strings.Trim(norm.NFKC.String(typed), "0123456789") == "" {
		return ""
	}
	return typed
}

// presents gives the names of the present employers.
func (f *profileForm) presents() []string {
	var out []string
	for _, row := range f.rows("history") {
		if name := f.present("history." + row); name != "" {
			out = append(out, name)
		}
	}
	return out
}

// blockedText says which company the name of a present employer blocks.
func (f *profileForm) blockedText(name string) string {
	switch found := f.known[name]; len(found) {
	case 0:
		return f.Say("この名前の登録企業はありません。法人番号で書くと、あとから登録したときもブロックします。", "No company here has this name. Given by its number, it is blocked also if it joins later.")
	case 1:
		return f.Say("登録企業「"+found[0].Name+"」とそのグループをブロックします。違うときは法人番号で書いてください。", "This blocks "+found[0].Name+", which is here, and its group. If you mean another, give its number.")
	default:
		n := strconv.Itoa(len(found))
		return f.Say("同じ名前の登録企業が"+n+"社あります。選ぶまで、すべてをブロックします。どの企業ですか？", n+" companies here have this name, and all are blocked until you choose. Which one is it?")
	}
}

// savedText says that a profile was saved, and what is to be told of present employers.
func (f *profileForm) savedText() string {
	said := f.Say("保存しました。新しく条件に合ったオファーは、まもなく届きます。", "Saved. Offers that fit now arrive shortly.")
	for _, name := range f.presents() {
		switch found := f.known[name]; {
		case len(found) == 1:
			said += f.Say("いまの勤め先「"+found[0].Name+"」をブロックしています。", " Your present employer, "+found[0].Name+", is blocked.")
		case len(found) > 1:
			said += f.Say("いまの勤め先「"+name+"」と同じ名前の企業が"+strconv.Itoa(len(found))+"社あり、すべてブロックしています。下の職歴で選んでください。",
				" "+strconv.Itoa(len(found))+" companies are called like your present employer, "+name+", and all are blocked. Please choose below, in your history.")
		}
	}
	return said
}
